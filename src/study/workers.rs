//! Threads that run simulations side by side. What comes out does not depend on how many they are: each run is a pure function
//! of its scenario and seed, and results come back in the order of the runs.

use rayon::prelude::*;

use crate::inputs::Inputs;
use crate::metrics::{Outcome, Summary, metrics};
use crate::scenario::Scenario;
use crate::simulate;

/// Hears how far a study has come.
pub trait Progress: Sync {
    /// So many more runs are to come.
    fn expect(&self, _runs: usize) {}
    /// A run has ended.
    fn done(&self) {}
}

impl Progress for () {}

/// A scenario under study, and where it reads its files.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its files.
    pub inputs: &'a dyn Inputs,
}

/// The figures of one run, in the order of its scenario's metrics; none where a figure cannot exist.
pub type Figures = Vec<Option<f64>>;

impl Subject<'_> {
    /// One run, and its figures.
    pub fn run(&self, seed: u64) -> (Outcome, Figures) {
        let outcome = simulate(self.scenario, seed, self.inputs, &mut ());
        let figures = self.figures(seed, &outcome);
        (outcome, figures)
    }

    /// The figures of a run.
    pub(super) fn figures(&self, seed: u64, outcome: &Outcome) -> Figures {
        let mut figures = Vec::new();
        metrics(&Summary::new(self.scenario, seed, outcome), |_, figure| figures.push(figure));
        figures
    }
}

/// The threads of a study.
pub struct Workers<'a> {
    pool: rayon::ThreadPool,
    progress: &'a dyn Progress,
}

impl<'a> Workers<'a> {
    /// So many threads; `None`: as many as the machine runs at once.
    ///
    /// # Errors
    /// What the operating system says where it gives no threads.
    pub fn new(threads: Option<usize>, progress: &'a dyn Progress) -> Result<Workers<'a>, String> {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
        builder.build().map(|pool| Workers { pool, progress }).map_err(|error| error.to_string())
    }

    /// Does `run` for each of `items`; the results are in their order.
    pub fn map<T: Send, R: Send>(&self, items: Vec<T>, run: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
        self.progress.expect(items.len());
        let work = |item| {
            let result = run(item);
            self.progress.done();
            result
        };
        // Runs are long and uneven: each is handed out by itself.
        self.pool.install(|| items.into_par_iter().with_max_len(1).map(work).collect())
    }
}
