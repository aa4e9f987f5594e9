//! A workload: a scenario, and the floor that gives the same figures.

use pushpull::inputs::MemoryInputs;
use pushpull::metrics::Outcome;
use pushpull::scenario::Scenario;

use crate::figures::Figures;
use crate::measure::{Timing, side_by_side};

const SEED: u64 = 1;

/// A scenario and its floor.
pub struct Workload {
    pub scenario: Scenario,
    pub floor: Box<dyn Fn() -> Figures>,
}

/// What is counted.
#[derive(Clone, Copy)]
pub enum Unit {
    /// Events, which are records or messages as well.
    Event,
    /// Invocations.
    Invocation,
    /// Invocations, and calls that were throttled.
    Attempt,
}

impl Workload {
    pub fn new(scenario: &str, floor: impl Fn() -> Figures + 'static) -> Workload {
        Workload { scenario: read(scenario), floor: Box::new(floor) }
    }

    /// A default run: all fates, histograms, series and what the cost is made of.
    pub fn simulate(&self) -> Outcome {
        pushpull::simulate(&self.scenario, SEED, &MemoryInputs::new(), &mut ())
    }

    /// Times both, and asserts that they give the same figures.
    pub fn time(&self, repeats: usize, unit: Unit) -> Timing {
        let floor = || {
            let figures = (self.floor)();
            let units = match unit {
                Unit::Event => figures.events,
                Unit::Invocation => figures.invocations,
                Unit::Attempt => figures.invocations + figures.throttles,
            };
            (units, figures)
        };
        let pushpull = || {
            let outcome = self.simulate();
            let units = match unit {
                Unit::Event => outcome.sources.iter().map(|source| source.events).sum(),
                Unit::Invocation => outcome.functions.iter().map(|function| function.invocations).sum(),
                Unit::Attempt => {
                    outcome.functions.iter().map(|function| function.invocations + function.throttles).sum()
                }
            };
            (units, outcome)
        };
        let (timing, figures, outcome) = side_by_side(repeats, floor, pushpull);
        figures.assert_same(&outcome);
        timing
    }
}

/// Reads a scenario that is valid.
pub fn read(text: &str) -> Scenario {
    pushpull::read("bench.toml", text, &[], &MemoryInputs::new()).unwrap_or_else(|report| panic!("{report}"))
}
