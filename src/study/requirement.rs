//! What a user requires of a figure, and what an interval says of it.

use crate::metrics::{Confidence, unit};
use crate::scenario::Want;

use super::confidence::most_unseen;
use super::replications::known_metric;

/// A metric and what it is to be: `sources.logs.latency_ms.p99<500`.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The metric.
    pub metric: String,
    /// What it is to be.
    pub want: Want,
}

/// Whether a requirement is met, as far as an interval tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// The whole interval is as required.
    Yes,
    /// Nothing of it is, or the figure does not exist.
    No,
    /// Some of it is, or there is no interval.
    Unclear,
}

impl Holds {
    /// In a word.
    pub fn text(self) -> &'static str {
        match self {
            Holds::Yes => "yes",
            Holds::No => "no",
            Holds::Unclear => "unclear",
        }
    }
}

impl Requirement {
    /// Reads `METRIC<VALUE`, also with `<=`, `>`, `>=` or `=`, of a scenario that has the metrics `known`.
    ///
    /// # Errors
    /// What is wrong, and what is allowed.
    pub fn parse(text: &str, known: &[String]) -> Result<Requirement, String> {
        let form = || {
            format!(
                "`{text}`: expected METRIC<VALUE, such as 'sources.logs.latency_ms.p99<500' (also <=, >, >= and =; times are in \
                 milliseconds)"
            )
        };
        let sign = text.find(['<', '>', '=']).ok_or_else(form)?;
        let (metric, want) = text.split_at(sign);
        // A single = is how a plain number is wanted.
        let plain = want.strip_prefix("==").or_else(|| want.strip_prefix('='));
        let want = match plain {
            Some(rest) if rest.trim_start().starts_with(['<', '>', '=']) => None,
            Some(rest) => Want::parse(rest),
            None => Want::parse(want),
        };
        let want = want.ok_or_else(form)?;
        Ok(Requirement { metric: known_metric(metric.trim(), known)?, want })
    }

    /// What `interval` says of it.
    pub fn holds(&self, interval: &Confidence) -> Holds {
        if interval.mean.is_none() {
            return Holds::No;
        }
        let (Some(low), Some(high)) = (interval.low, interval.high) else { return Holds::Unclear };
        let outside = match self.want {
            Want::Equal(value) => value < low || value > high,
            Want::Below(limit) => low >= limit,
            Want::AtMost(limit) => low > limit,
            Want::Above(limit) => high <= limit,
            Want::AtLeast(limit) => high < limit,
            Want::Between(least, most) => high < least || low > most,
        };
        match (self.want.holds(low) && self.want.holds(high), outside) {
            (true, _) => Holds::Yes,
            (false, true) => Holds::No,
            (false, false) => Holds::Unclear,
        }
    }

    /// Whether `interval` only says yes because none of its runs saw a count above 0, which may still be above what is required: how
    /// much a run at most.
    pub fn unseen(&self, interval: &Confidence) -> Option<f64> {
        let nothing = unit(&self.metric) == "count" && (interval.mean, interval.high) == (Some(0.0), Some(0.0));
        let most = most_unseen(interval.level, interval.n);
        (nothing && self.want.holds(0.0) && !self.want.holds(most)).then_some(most)
    }

    /// The bounds that it sets.
    pub fn limits(&self) -> Vec<f64> {
        match self.want {
            Want::Equal(limit)
            | Want::Below(limit)
            | Want::AtMost(limit)
            | Want::Above(limit)
            | Want::AtLeast(limit) => {
                vec![limit]
            }
            Want::Between(least, most) => vec![least, most],
        }
    }

    /// How far `value` misses, as a share of what is required; at most 0 where it does not. Without a value: infinitely far.
    pub fn miss(&self, value: Option<f64>) -> f64 {
        let Some(value) = value else { return f64::INFINITY };
        let over = |limit: f64| (value - limit) / limit.abs().max(f64::MIN_POSITIVE);
        let under = |limit: f64| (limit - value) / limit.abs().max(f64::MIN_POSITIVE);
        let miss = match self.want {
            Want::Below(limit) | Want::AtMost(limit) => over(limit),
            Want::Above(limit) | Want::AtLeast(limit) => under(limit),
            Want::Equal(limit) => over(limit).abs(),
            Want::Between(least, most) => over(most).max(under(least)),
        };
        // Of a limit of 0 everything is infinitely far; then the value itself says how far.
        if miss.abs() > 1e300 { value.abs() * miss.signum() } else { miss }
    }
}

/// As a user writes it.
impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.want {
            Want::Equal(value) => write!(f, "{} = {value}", self.metric),
            want => write!(f, "{} {want}", self.metric),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_or_refused() {
        let known = ["functions.f.throttles".to_owned()];
        for (text, want) in [
            ("functions.f.throttles<=0", Want::AtMost(0.0)),
            ("functions.f.throttles < 5", Want::Below(5.0)),
            ("functions.f.throttles=0", Want::Equal(0.0)),
            ("functions.f.throttles==0", Want::Equal(0.0)),
            ("functions.f.throttles>1e3", Want::Above(1000.0)),
        ] {
            assert_eq!(Requirement::parse(text, &known).map(|one| one.want), Ok(want), "{text}");
        }
        for (text, says) in [
            ("functions.f.throttle<=0", "did you mean `functions.f.throttles`"),
            ("functions.f.throttles", "expected METRIC<VALUE"),
            ("functions.f.throttles<", "expected METRIC<VALUE"),
            ("functions.f.throttles<many", "expected METRIC<VALUE"),
            ("functions.f.throttles<NaN", "expected METRIC<VALUE"),
            ("functions.f.throttles=>3", "expected METRIC<VALUE"),
            ("<3", "no metric ``"),
        ] {
            let error = Requirement::parse(text, &known).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn an_interval_says_yes_no_or_nothing() {
        use Holds::{No, Unclear, Yes};
        let interval = |low: f64, high: f64| Confidence {
            mean: Some((low + high) / 2.0),
            low: Some(low),
            high: Some(high),
            level: 0.95,
            n: 10,
        };
        for (want, below, across, above) in [
            (Want::Below(5.0), Yes, Unclear, No),
            (Want::AtMost(5.0), Yes, Unclear, No),
            (Want::Above(5.0), No, Unclear, Yes),
            (Want::AtLeast(5.0), No, Unclear, Yes),
            (Want::Equal(5.0), No, Unclear, No),
            (Want::Between(4.5, 5.5), No, Unclear, No),
            (Want::Between(0.0, 9.0), Yes, Yes, Yes),
        ] {
            let requirement = Requirement { metric: "m".into(), want };
            let got = [(3.0, 4.0), (4.0, 6.0), (6.0, 7.0)].map(|(low, high)| requirement.holds(&interval(low, high)));
            assert_eq!(got, [below, across, above], "{want}");
        }
        let never = Requirement { metric: "m".into(), want: Want::AtMost(0.0) };
        assert_eq!(never.holds(&interval(0.0, 0.0)), Yes);
        let nothing = Confidence { mean: None, low: None, high: None, level: 0.95, n: 0 };
        assert_eq!(never.holds(&nothing), No, "what does not exist meets nothing");
        assert_eq!(never.holds(&Confidence { mean: Some(0.0), n: 1, ..nothing }), Unclear);
    }

    #[test]
    fn a_count_that_no_run_saw_may_still_be_above_0() {
        let zeros = |n| Confidence { mean: Some(0.0), low: Some(0.0), high: Some(0.0), level: 0.95, n };
        let unseen = |metric: &str, want, n| Requirement { metric: metric.into(), want }.unseen(&zeros(n));
        let most = unseen("functions.f.throttles", Want::AtMost(0.0), 10).unwrap();
        assert!((most - 0.2996).abs() < 1e-4, "{most}");
        assert_eq!(unseen("functions.f.throttles", Want::Below(1.0), 10), None, "0.3 is below 1, too");
        assert_eq!(unseen("functions.f.throttles", Want::AtLeast(1.0), 10), None);
        assert_eq!(unseen("sources.s.latency_ms.p99", Want::AtMost(0.0), 10), None, "no count");
    }

    #[test]
    fn misses_are_shares_of_the_limit() {
        let miss = |want, value| Requirement { metric: "m".into(), want }.miss(Some(value));
        assert_eq!(miss(Want::Below(100.0), 150.0), 0.5);
        assert_eq!(miss(Want::AtLeast(100.0), 80.0), 0.2);
        assert_eq!(miss(Want::AtMost(0.0), 7.0), 7.0);
        assert!(miss(Want::Below(100.0), 50.0) <= 0.0);
    }
}
