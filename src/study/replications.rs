//! Independent replications: the same scenario with seeds of their own.
//!
//! Replication k has the scenario's seed plus k, so that any of them can be looked at by `--seed`. How many there are is fixed,
//! or they go on until figures are known as precisely as asked; that decision is made after whole rounds, so that it does not
//! depend on which thread was first.

use std::collections::BTreeMap;

use crate::metrics::{Confidence, Outcome, PrecisionReached, is_share, names, nearest_metric};

use super::confidence::confidence;
use super::workers::{Figures, Subject, Workers};

/// The seed of a replication, counted from 0.
pub fn seed_of(first: u64, replication: usize) -> u64 {
    first.wrapping_add(replication as u64)
}

/// What the replications of one scenario came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Replications {
    /// The names of the figures.
    pub metrics: Vec<String>,
    /// The seed of the first.
    pub seed: u64,
    /// By replication.
    pub runs: Vec<Figures>,
}

impl Replications {
    /// None yet.
    pub fn new(subject: Subject<'_>, seed: u64) -> Replications {
        Replications { metrics: names(subject.scenario), seed, runs: vec![] }
    }

    /// The one run that gave `outcome`.
    pub fn of_one(subject: Subject<'_>, seed: u64, outcome: &Outcome) -> Replications {
        Replications { runs: vec![subject.figures(seed, outcome)], ..Replications::new(subject, seed) }
    }

    /// The place of a metric.
    pub fn place(&self, metric: &str) -> Option<usize> {
        self.metrics.iter().position(|name| name == metric)
    }

    /// A metric in each replication.
    pub fn values(&self, place: usize) -> impl Iterator<Item = Option<f64>> + '_ {
        self.runs.iter().map(move |figures| figures[place])
    }

    /// The interval of one metric, as far as its values are possible: none is below 0, and no share above 1.
    pub fn confidence(&self, place: usize, level: f64) -> Confidence {
        let interval = confidence(self.values(place), level);
        let most = if is_share(&self.metrics[place]) { 1.0 } else { f64::INFINITY };
        Confidence {
            low: interval.low.map(|low| low.max(0.0)),
            high: interval.high.map(|high| high.min(most)),
            ..interval
        }
    }

    /// The interval of every metric.
    pub fn all(&self, level: f64) -> BTreeMap<String, Confidence> {
        let each = self.metrics.iter().enumerate();
        each.map(|(place, name)| (name.clone(), self.confidence(place, level))).collect()
    }
}

/// A wish to know a metric's mean to within a share of it: `METRIC=2%`.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// The metric.
    pub metric: String,
    /// Half-width of the interval over the mean, above 0.
    pub relative: f64,
}

impl Precision {
    /// Reads `METRIC=2%` or `METRIC=0.02`, of a scenario that has the metrics `known`.
    ///
    /// # Errors
    /// What is wrong, and what is allowed.
    pub fn parse(text: &str, known: &[String]) -> Result<Precision, String> {
        let form = || format!("`{text}`: expected METRIC=SHARE, such as sources.logs.latency_ms.p99=2%");
        let (metric, share) = text.rsplit_once('=').ok_or_else(form)?;
        let metric = known_metric(metric.trim(), known)?;
        let share = share.trim();
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        let relative = match share.strip_suffix('%') {
            Some(percent) => number(percent).map(|percent| percent / 100.0),
            None => number(share),
        };
        match relative.ok_or_else(form)? {
            relative if relative > 0.0 && relative < 1.0 => Ok(Precision { metric, relative }),
            _ => Err(format!("`{text}`: a precision lies above 0% and below 100% of the mean, and this is {share}")),
        }
    }
}

/// `metric`, if it is among `known`.
///
/// # Errors
/// That it is not, and the nearest that is.
pub fn known_metric(metric: &str, known: &[String]) -> Result<String, String> {
    if known.iter().any(|name| name == metric) {
        return Ok(metric.to_owned());
    }
    Err(match nearest_metric(metric, known) {
        Some(near) => format!("no metric `{metric}` in this scenario; did you mean `{near}`?"),
        None => {
            format!("no metric `{metric}` in this scenario; a metric's name is its path in the summary: see `--json`")
        }
    })
}

/// When there are enough replications.
#[derive(Clone, Debug, PartialEq)]
pub struct Enough {
    /// So many at least, and where no precision is asked, at most.
    pub replications: usize,
    /// With a precision: so many at most.
    pub most: usize,
    /// Confidence level of the intervals, between 0 and 1.
    pub level: f64,
    /// What is to be known how well.
    pub precision: Vec<Precision>,
}

impl Enough {
    /// Whether a single run is asked, which tells nothing of how sure its figures are.
    pub fn is_one(&self) -> bool {
        self.replications == 1 && self.precision.is_empty()
    }

    /// How far each asked precision has been reached.
    pub fn reached(&self, of: &Replications) -> Vec<PrecisionReached> {
        let verdict = |wish: &Precision| {
            let interval = of.place(&wish.metric).map(|place| confidence(of.values(place), self.level));
            let reached = interval.and_then(|interval| relative_half_width(&interval));
            let met = reached.is_some_and(|reached| reached <= wish.relative);
            PrecisionReached { metric: wish.metric.clone(), wanted: wish.relative, reached, met }
        };
        self.precision.iter().map(verdict).collect()
    }

    /// How many replications there should be after those of `so_far`: as many as its own spread lets one expect, but at most
    /// twice as many, since that spread is an estimate. The same number: these are enough.
    fn next(&self, so_far: &Replications) -> usize {
        let n = so_far.runs.len();
        let verdicts = self.reached(so_far);
        if verdicts.iter().all(|verdict| verdict.met) {
            return n;
        }
        let needed = |verdict: &PrecisionReached| match verdict.reached {
            // The half-width falls with the root of the number.
            Some(reached) => (n as f64 * (reached / verdict.wanted).powi(2)).ceil() as usize,
            None => 2 * n,
        };
        let wanted = verdicts.iter().filter(|verdict| !verdict.met).map(needed).max().unwrap_or(n);
        wanted.clamp(n + 1, 2 * n).min(self.most.max(n))
    }
}

fn relative_half_width(interval: &Confidence) -> Option<f64> {
    let (mean, low, high) = (interval.mean?, interval.low?, interval.high?);
    let half = (high - low) / 2.0;
    match (half == 0.0, mean == 0.0) {
        // What no run saw may be anything, as a share of what it is.
        (_, true) => None,
        (true, false) => Some(0.0),
        (false, false) => Some(half / mean.abs()),
    }
}

/// Runs `subject` until there are enough replications; gives the outcome of the first, too, for charts.
pub fn replicate(subject: Subject<'_>, seed: u64, enough: &Enough, workers: &Workers<'_>) -> (Replications, Outcome) {
    let mut all = Replications::new(subject, seed);
    let mut first = None;
    let mut wanted = if enough.precision.is_empty() { enough.replications } else { enough.replications.max(2) };
    while all.runs.len() < wanted {
        let runs = workers.map((all.runs.len()..wanted).collect(), |replication| {
            let (outcome, figures) = subject.run(seed_of(seed, replication));
            ((replication == 0).then_some(outcome), figures)
        });
        for (outcome, figures) in runs {
            first = first.or(outcome);
            all.runs.push(figures);
        }
        wanted = enough.next(&all);
    }
    (all, first.expect("there is at least one replication"))
}

/// Remembers finished runs of a study beyond its end, so that one that was stopped goes on where it was.
pub trait Journal: Sync {
    /// The figures of a run, where it is known.
    fn recall(&self, subject: usize, replication: usize) -> Option<Figures>;
    /// A run has ended.
    fn keep(&self, subject: usize, replication: usize, figures: &Figures);
}

impl Journal for () {
    fn recall(&self, _: usize, _: usize) -> Option<Figures> {
        None
    }
    fn keep(&self, _: usize, _: usize, _: &Figures) {}
}

/// Runs each of `subjects` with the same seeds, all side by side.
pub fn replicate_all(
    subjects: &[Subject<'_>],
    seed: u64,
    replications: usize,
    workers: &Workers<'_>,
    journal: &dyn Journal,
) -> Vec<Replications> {
    let mut all: Vec<Replications> = subjects.iter().map(|subject| Replications::new(*subject, seed)).collect();
    let everyone: Vec<usize> = (0..subjects.len()).collect();
    extend(subjects, &mut all, &everyone, replications, workers, journal);
    all
}

/// Runs those of `subjects` that `which` names, until each has so many replications.
pub(super) fn replicate_more(
    subjects: &[Subject<'_>],
    all: &mut [Replications],
    which: &[usize],
    replications: usize,
    workers: &Workers<'_>,
) {
    extend(subjects, all, which, replications, workers, &());
}

fn extend(
    subjects: &[Subject<'_>],
    all: &mut [Replications],
    which: &[usize],
    replications: usize,
    workers: &Workers<'_>,
    journal: &dyn Journal,
) {
    let missing = |place: usize| (all[place].runs.len()..replications).map(move |replication| (place, replication));
    let (mut known, mut unknown) = (BTreeMap::new(), Vec::new());
    for (place, replication) in which.iter().flat_map(|place| missing(*place)) {
        match journal.recall(place, replication) {
            // What another version of the scenario left behind has other figures.
            Some(figures) if figures.len() == all[place].metrics.len() => {
                known.insert((place, replication), figures);
            }
            _ => unknown.push((place, replication, all[place].seed)),
        }
    }
    let figures = workers.map(unknown, |(place, replication, seed)| {
        let figures = subjects[place].run(seed_of(seed, replication)).1;
        journal.keep(place, replication, &figures);
        ((place, replication), figures)
    });
    known.extend(figures);
    // In order of subject and replication.
    for ((place, _), figures) in known {
        all[place].runs.push(figures);
    }
}

/// Runs both of `subjects` with the same seeds; gives the outcome of the first run of each, too, for charts.
pub fn replicate_pair(
    subjects: [Subject<'_>; 2],
    seed: u64,
    replications: usize,
    workers: &Workers<'_>,
) -> [(Replications, Outcome); 2] {
    let runs = (0..2 * replications).map(|run| (run % 2, run / 2)).collect();
    let runs = workers.map(runs, |(side, replication)| {
        let (outcome, figures) = subjects[side].run(seed_of(seed, replication));
        (side, (replication == 0).then_some(outcome), figures)
    });
    let mut pair = subjects.map(|subject| (Replications::new(subject, seed), None));
    for (side, outcome, figures) in runs {
        let (all, first) = &mut pair[side];
        *first = first.take().or(outcome);
        all.runs.push(figures);
    }
    pair.map(|(all, first)| (all, first.expect("there is at least one replication")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_is_read_or_refused() {
        let known = ["sources.a.latency_ms.p99".to_owned()];
        for text in ["sources.a.latency_ms.p99=2%", "sources.a.latency_ms.p99 = 0.02"] {
            let want = Precision { metric: known[0].clone(), relative: 0.02 };
            assert_eq!(Precision::parse(text, &known), Ok(want), "{text}");
        }
        for (text, says) in [
            ("sources.a.latency_ms.p9=2%", "did you mean `sources.a.latency_ms.p99`"),
            ("sources.a.latency_ms.p99", "expected METRIC=SHARE"),
            ("sources.a.latency_ms.p99=", "expected METRIC=SHARE"),
            ("sources.a.latency_ms.p99=NaN", "expected METRIC=SHARE"),
            ("sources.a.latency_ms.p99=0%", "above 0%"),
            ("sources.a.latency_ms.p99=-1%", "above 0%"),
            ("sources.a.latency_ms.p99=200%", "above 0%"),
        ] {
            let error = Precision::parse(text, &known).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    /// Replications of a made-up metric.
    fn figures(values: &[f64]) -> Replications {
        let runs = values.iter().map(|value| vec![Some(*value)]).collect();
        Replications { metrics: vec!["m".into()], seed: 1, runs }
    }

    #[test]
    fn replications_go_on_until_they_are_precise_enough() {
        let enough = |relative, most| Enough {
            replications: 2,
            most,
            level: 0.95,
            precision: vec![Precision { metric: "m".into(), relative }],
        };
        // Mean 10, half-width t(0.975; 3) x standard error = 3.182 x 0.707 = 2.25: 22.5 %, so 0.22 needs 4 x (0.225 / 0.22)^2.
        let spread = figures(&[9.0, 10.0, 9.0, 12.0]);
        assert_eq!(enough(0.5, 100).next(&spread), 4);
        assert_eq!(enough(0.22, 100).next(&spread), 5);
        assert_eq!(enough(0.01, 100).next(&spread), 8, "no more than twice as many");
        assert_eq!(enough(0.01, 6).next(&spread), 6);
        assert_eq!(enough(0.01, 100).next(&figures(&[3.0, 3.0])), 2, "equal figures are known exactly");
        assert_eq!(enough(0.01, 100).next(&figures(&[0.0, 0.0])), 4, "what was never seen is not");
    }
}
