//! The highest load, or the smallest setting, that still meets all requirements: bisection on common random numbers.
//!
//! A value meets them where every interval lies within; what is not clear counts as a miss, so that the value found is safe. The
//! search takes for granted that what lies beyond a miss misses, too.

use crate::inputs::Inputs;
use crate::metrics::Confidence;
use crate::scenario::Scenario;

use super::replications::{Replications, replicate_all};
use super::requirement::{Holds, Requirement};
use super::workers::{Subject, Workers};

/// Steps, each a doubling or a halving, before the search gives up: inwards, where runs are short, and outwards, where each takes
/// twice as long as the one before.
const MOST_INWARDS: usize = 40;
const MOST_OUTWARDS: usize = 10;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// All of these.
    pub requirements: Vec<Requirement>,
    /// Where the search begins, above 0.
    pub start: f64,
    /// Whether the highest value is wanted, or the lowest.
    pub highest: bool,
    /// Whether values are whole numbers.
    pub whole: bool,
    /// How near the answer is to be, as a share of it; whole numbers are found exactly.
    pub tolerance: f64,
    /// Runs of each value.
    pub replications: usize,
    /// Confidence level, between 0 and 1.
    pub level: f64,
}

/// A value that was tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The value.
    pub value: f64,
    /// Its runs.
    pub replications: Replications,
    /// Of each requirement's metric, and what it says.
    pub verdicts: Vec<(Confidence, Holds)>,
}

impl Trial {
    /// Whether all requirements are met with confidence.
    pub fn meets(&self) -> bool {
        self.verdicts.iter().all(|(_, holds)| *holds == Holds::Yes)
    }
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Found {
    /// The value furthest out that meets everything; none where none was found.
    pub value: Option<f64>,
    /// The nearest value beyond it that was tried and misses; none where the scenario allows no value beyond.
    pub beyond: Option<f64>,
    /// All values tried, in order.
    pub trials: Vec<Trial>,
}

/// Searches; `scenario` makes the scenario of a value, and says none where the key does not allow it.
pub fn find(
    search: &Search,
    seed: u64,
    workers: &Workers<'_>,
    inputs: &dyn Inputs,
    scenario: &mut dyn FnMut(f64) -> Option<Scenario>,
) -> Found {
    let mut trials: Vec<Trial> = Vec::new();
    let mut attempt = |value: f64| -> Option<bool> {
        let scenario = scenario(value)?;
        let subject = Subject { scenario: &scenario, inputs };
        let mut runs = replicate_all(&[subject], seed, search.replications, workers, &());
        let replications = runs.pop()?;
        let verdict = |requirement: &Requirement| {
            let place = replications.place(&requirement.metric)?;
            let interval = replications.confidence(place, search.level);
            Some((interval, requirement.holds(&interval)))
        };
        let verdicts = search.requirements.iter().filter_map(verdict).collect();
        trials.push(Trial { value, replications, verdicts });
        trials.last().map(Trial::meets)
    };
    // Outwards is where it gets harder: up for the highest value, down for the lowest.
    let outwards = |value: f64| search.rounded(if search.highest { value * 2.0 } else { value / 2.0 });
    let inwards = |value: f64| search.rounded(if search.highest { value / 2.0 } else { value * 2.0 });
    let (mut good, mut bad) = (None, None);
    let mut value = search.rounded(search.start);
    for step in 0..MOST_INWARDS {
        match attempt(value) {
            Some(true) => good = Some(value),
            Some(false) => bad = Some(value),
            // A value that the key does not allow ends the way out, and may leave room before it.
            None if good.is_some() => bad = Some(value),
            None => break,
        }
        let next = if bad.is_none() { outwards(value) } else { inwards(value) };
        let is_far = bad.is_none() && step == MOST_OUTWARDS;
        if is_far || good.is_some() && bad.is_some() || next == value || !next.is_finite() || next <= 0.0 {
            break;
        }
        value = next;
    }
    while let (Some(inner), Some(outer)) = (good, bad) {
        let middle = search.middle(inner, outer);
        if middle == inner || middle == outer {
            break;
        }
        match attempt(middle) {
            Some(true) => good = Some(middle),
            _ => bad = Some(middle),
        }
    }
    let beyond = bad.filter(|bad| trials.iter().any(|trial| trial.value == *bad));
    Found { value: good, beyond, trials }
}

impl Search {
    /// Whole, or to as many digits as the tolerance makes sense of, so that values read well.
    fn rounded(&self, value: f64) -> f64 {
        if self.whole {
            return value.round().max(1.0);
        }
        let digits = (2.0 - self.tolerance.log10()).clamp(3.0, 15.0) as usize;
        format!("{value:.digits$e}").parse().unwrap_or(value)
    }

    /// A value between two; one of them where they are near enough.
    fn middle(&self, inner: f64, outer: f64) -> f64 {
        if self.whole {
            // Towards the value that meets: the last step tries what lies between.
            let middle = (inner + outer) / 2.0;
            return if outer > inner { middle.floor() } else { middle.ceil() };
        }
        let near = (outer - inner).abs() <= self.tolerance * inner;
        if near { inner } else { self.rounded((inner * outer).sqrt()) }
    }
}
