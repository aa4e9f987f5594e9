//! Theory beside simulation: what closed forms say of a scenario, where they apply, and which queues can only grow.
//!
//! A closed form applies where its premises are those of the scenario: Poisson arrivals, no retries, limits that are not met. What
//! keeps it from applying is the rule, so most scenarios have a few lines only. A disagreement is flagged where the interval of the
//! simulated figure, at a stricter level, does not hold the theoretical one.

mod cut_off;
mod growth;
mod laws;
mod limits;
mod system;

use crate::metrics::{Confidence, Overload, Theory};
use crate::scenario::Scenario;

use super::confidence::confidence;
use super::replications::Replications;
use super::workers::{Figures, Subject};

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
    /// What theory says. It may take for given what a run shows of another figure (the mean batch, the share of cold starts).
    theory: OfRun,
    /// The same, simulated.
    simulated: OfRun,
    /// What may be between them without a disagreement, as a share: what the edges of the window make of it, and rounding.
    edge: f64,
}

/// Nothing but the rounding to whole nanoseconds.
const ROUNDING: f64 = 1e-6;

/// A figure made of those of one run, which are found by metric.
type OfRun = Box<dyn Fn(&dyn Fn(&str) -> Option<f64>) -> Option<f64>>;

/// What theory says of the scenario beside its replications, at confidence `level`.
pub fn theory(subject: Subject<'_>, runs: &Replications, level: f64) -> Vec<Theory> {
    let mean = |metric: &str| runs.place(metric).and_then(|place| confidence(runs.values(place), level).mean);
    let strict = 1.0 - (1.0 - level) / STRICTER;
    let told = |law: Law| {
        let of_runs = |figure: &OfRun| -> Vec<Option<f64>> {
            let run = |figures: &Figures| figure(&|metric| runs.place(metric).and_then(|place| figures[place]));
            runs.runs.iter().map(run).collect()
        };
        let (theory, simulated) = (of_runs(&law.theory), of_runs(&law.simulated));
        let differences = theory.iter().zip(&simulated).map(|(theory, simulated)| Some((*simulated)? - (*theory)?));
        let value = confidence(theory.iter().copied(), level).mean?;
        Some(Theory {
            law: law.name,
            of: law.of,
            unit: law.unit,
            theory: value,
            agrees: agrees(value * law.edge, &confidence(differences, strict)),
            simulated: confidence(simulated, level),
        })
    };
    System::new(subject).laws(&mean).into_iter().filter_map(told).collect()
}

/// Queues of the scenario that can only grow.
pub fn overloads(subject: Subject<'_>) -> Vec<Overload> {
    if is_within_reach(subject.scenario) { growth::overloads(subject) } else { vec![] }
}

/// Whether the interval of what is between simulation and theory comes as near to nothing as `edge`; none without an interval.
fn agrees(edge: f64, difference: &Confidence) -> Option<bool> {
    let (low, high) = (difference.low?, difference.high?);
    Some((low - edge.abs()..=high + edge.abs()).contains(&0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_explains_what_it_holds() {
        let between = |low: f64, high: f64| confidence([Some(low), Some((low + high) / 2.0), Some(high)], 0.95);
        assert_eq!(agrees(0.0, &between(-0.1, 0.3)), Some(true));
        assert_eq!(agrees(0.0, &between(1.0, 1.2)), Some(false));
        assert_eq!(agrees(1.1, &between(1.0, 1.2)), Some(true), "what the window's edges cut off is no disagreement");
        assert_eq!(agrees(0.0, &confidence([Some(2.0)], 0.95)), None, "one run has no interval");
    }
}
