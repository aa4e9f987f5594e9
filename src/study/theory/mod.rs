//! Theory beside simulation: what closed forms say of a scenario, where they apply, and which queues can only grow.
//!
//! A closed form applies where its premises are those of the scenario: Poisson arrivals, no retries, limits that are not met. What
//! keeps it from applying is the rule, so most scenarios have a few lines only. A disagreement is flagged where the interval of the
//! simulated figure, at a stricter level, does not hold the theoretical one.

mod growth;
mod laws;
mod system;

use crate::metrics::{Confidence, Overload, Theory};
use crate::scenario::Scenario;

use super::confidence::confidence;
use super::replications::Replications;
use super::workers::Subject;

pub use laws::{erlang_b, erlang_c, pollaczek_khinchine};
use system::System;

/// Disagreements are judged with so many times less risk of a false alarm than the intervals shown.
const STRICTER: f64 = 50.0;

/// Functions and sources of a scenario that is held against theory: of thousands nobody reads the table.
const MOST_OWNERS: usize = 200;

/// Whether the scenario is small enough to be held against theory.
pub fn is_within_reach(scenario: &Scenario) -> bool {
    scenario.functions.len() + scenario.sources.len() <= MOST_OWNERS
}

/// What a closed form says of one figure, and which figures of a run that is.
struct Law {
    name: &'static str,
    of: String,
    unit: &'static str,
    /// What theory says, of the figures of one run, by metric.
    value: f64,
    /// The same, simulated.
    simulated: Box<dyn Fn(&dyn Fn(&str) -> Option<f64>) -> Option<f64>>,
}

/// What theory says of the scenario beside its replications, at confidence `level`.
pub fn theory(subject: Subject<'_>, runs: &Replications, level: f64) -> Vec<Theory> {
    let mean = |metric: &str| runs.place(metric).and_then(|place| confidence(runs.values(place), level).mean);
    let laws = System::new(subject).laws(&mean);
    laws.into_iter()
        .map(|law| {
            let values: Vec<Option<f64>> = runs
                .runs
                .iter()
                .map(|figures| (law.simulated)(&|metric| runs.place(metric).and_then(|place| figures[place])))
                .collect();
            let simulated = confidence(values.iter().copied(), level);
            let strict = confidence(values, 1.0 - (1.0 - level) / STRICTER);
            Theory {
                law: law.name,
                of: law.of,
                unit: law.unit,
                theory: law.value,
                agrees: agrees(law.value, &strict),
                simulated,
            }
        })
        .collect()
}

/// Queues of the scenario that can only grow.
pub fn overloads(subject: Subject<'_>) -> Vec<Overload> {
    if is_within_reach(subject.scenario) { growth::overloads(subject) } else { vec![] }
}

/// Whether the interval explains what is between theory and simulation; none without an interval.
fn agrees(theory: f64, interval: &Confidence) -> Option<bool> {
    let (low, high) = (interval.low?, interval.high?);
    // Where nothing varies, rounding to whole nanoseconds remains.
    let rounding = 1e-6 * theory.abs();
    Some((low - rounding..=high + rounding).contains(&theory))
}
