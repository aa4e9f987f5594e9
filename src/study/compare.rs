//! Which of two scenarios is better: paired differences over common random numbers.
//!
//! Both sides run with the same seeds. What belongs to an event is drawn by its source, number and purpose, so that both see the
//! same arrivals and handler times; what chance does to both alike cancels out in the difference.

use std::collections::BTreeMap;

use crate::metrics::{Better, Confidence, better};

use super::confidence::{confidence, mean_and_error};
use super::replications::Replications;

/// What the difference of a metric tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The second side is better.
    Better,
    /// The second side is worse.
    Worse,
    /// The second side's figure is higher, of a metric that has no better.
    Higher,
    /// The second side's figure is lower, of a metric that has no better.
    Lower,
    /// In every replication both figures are the same.
    Equal,
    /// The interval of the difference holds 0, or there is none.
    None,
}

impl Evidence {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Evidence::Better => "better",
            Evidence::Worse => "worse",
            Evidence::Higher => "higher",
            Evidence::Lower => "lower",
            Evidence::Equal => "equal",
            Evidence::None => "no evidence",
        }
    }
}

/// A metric on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The metric.
    pub metric: String,
    /// On the first side.
    pub a: Confidence,
    /// On the second side.
    pub b: Confidence,
    /// Of the second side less the first, replication by replication.
    pub difference: Confidence,
    /// Half-width of the difference's interval, were the replications of both sides independent of each other (Welch).
    pub unpaired: Option<f64>,
    /// How far both sides rise and fall together over the replications, -1 to 1; none where one of them has no spread.
    pub correlation: Option<f64>,
    /// What it tells.
    pub evidence: Evidence,
}

impl Difference {
    /// How many times narrower the interval is for pairing; none where there is no spread.
    pub fn narrower(&self) -> Option<f64> {
        let paired = (self.difference.high? - self.difference.low?) / 2.0;
        (paired > 0.0).then_some(self.unpaired? / paired)
    }
}

/// The metrics that both sides have, in the order of the first.
pub fn compare(a: &Replications, b: &Replications, level: f64) -> Vec<Difference> {
    let places: BTreeMap<&str, usize> =
        b.metrics.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let both = a.metrics.iter().enumerate();
    let both = both.filter_map(|(place, metric)| Some((metric, place, *places.get(metric.as_str())?)));
    both.map(|(metric, at_a, at_b)| {
        let paired = a.values(at_a).zip(b.values(at_b)).map(|(a, b)| Some(b? - a?));
        let difference = confidence(paired, level);
        let is_equal = a.values(at_a).eq(b.values(at_b));
        Difference {
            metric: metric.clone(),
            a: a.confidence(at_a, level),
            b: b.confidence(at_b, level),
            unpaired: welch(a.values(at_a), b.values(at_b), level),
            correlation: correlation(a.values(at_a).zip(b.values(at_b))),
            evidence: if is_equal { Evidence::Equal } else { evidence(metric, &difference) },
            difference,
        }
    })
    .collect()
}

fn evidence(metric: &str, difference: &Confidence) -> Evidence {
    let rises = match (difference.low, difference.high) {
        (Some(low), _) if low > 0.0 => true,
        (_, Some(high)) if high < 0.0 => false,
        _ => return Evidence::None,
    };
    match (better(metric), rises) {
        (Some(Better::Higher), true) | (Some(Better::Lower), false) => Evidence::Better,
        (Some(_), _) => Evidence::Worse,
        (None, true) => Evidence::Higher,
        (None, false) => Evidence::Lower,
    }
}

/// The correlation of pairs, as far as both figures exist.
fn correlation(pairs: impl Iterator<Item = (Option<f64>, Option<f64>)>) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = pairs.filter_map(|(a, b)| Some((a?, b?))).collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = pairs.iter().fold((0.0, 0.0), |(a, b), pair| (a + pair.0 / n, b + pair.1 / n));
    let sum =
        |product: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(a, b)| product(a - mean_a, b - mean_b)).sum::<f64>();
    let (of_a, of_b) = (sum(&|a, _| a * a), sum(&|_, b| b * b));
    (of_a > 0.0 && of_b > 0.0).then(|| sum(&|a, b| a * b) / (of_a * of_b).sqrt())
}

/// Half-width of the interval of a difference of two independent means.
fn welch(a: impl Iterator<Item = Option<f64>>, b: impl Iterator<Item = Option<f64>>, level: f64) -> Option<f64> {
    let (a, b): (Vec<f64>, Vec<f64>) = (a.flatten().collect(), b.flatten().collect());
    let (one, other) = (mean_and_error(&a)?.1?.powi(2), mean_and_error(&b)?.1?.powi(2));
    let variance = one + other;
    if variance == 0.0 {
        return Some(0.0);
    }
    let freedom = variance * variance / (one * one / (a.len() - 1) as f64 + other * other / (b.len() - 1) as f64);
    Some(super::confidence::t_of_freedom(level, freedom)? * variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(values: &[f64]) -> Replications {
        let metrics = vec!["sources.a.latency_ms.mean".to_owned()];
        Replications { metrics, seed: 1, runs: values.iter().map(|value| vec![Some(*value)]).collect() }
    }

    #[test]
    fn what_both_sides_share_cancels_out() {
        let a = side(&[100.0, 120.0, 90.0, 110.0]);
        let b = side(&[98.0, 119.0, 88.0, 109.0]);
        let got = &compare(&a, &b, 0.95)[0];
        assert_eq!((got.difference.mean, got.evidence), (Some(-1.5), Evidence::Better));
        assert!(got.narrower().unwrap() > 15.0, "{:?}", got.narrower());
        assert!(got.correlation.unwrap() > 0.99, "{:?}", got.correlation);
        let worse = &compare(&b, &a, 0.95)[0];
        assert_eq!(worse.evidence, Evidence::Worse);
    }

    #[test]
    fn without_a_difference_there_is_no_evidence() {
        let a = side(&[1.0, 2.0, 3.0]);
        assert_eq!(compare(&a, &a, 0.95)[0].evidence, Evidence::Equal);
        assert_eq!(compare(&a, &side(&[2.0, 1.0, 3.5]), 0.95)[0].evidence, Evidence::None);
        assert_eq!(compare(&side(&[1.0]), &side(&[2.0]), 0.95)[0].evidence, Evidence::None, "one pair tells nothing");
    }

    /// Welch's interval by hand: variances of the means 1/3 and 4/3, freedom (5/3)^2 / (1/18 + 16/18) = 2.941.
    #[test]
    fn independent_sides_have_welchs_interval() {
        let got = compare(&side(&[1.0, 2.0, 3.0]), &side(&[2.0, 4.0, 6.0]), 0.95)[0].unpaired.unwrap();
        assert!((got - 3.2208 * (5.0_f64 / 3.0).sqrt()).abs() < 0.01, "{got}");
    }
}
