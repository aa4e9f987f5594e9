//! The options of every verb that runs scenarios more than once.

use clap::Args;

use crate::metrics::WarmUpFound;
use crate::scenario::{Scenario, WarmUp};
use crate::study::{Progress, Subject, Workers, find_warm_up};

use super::files::Files;
use super::{Failure, complain};

/// Most replications and threads that can be asked for.
const MOST: u64 = 1_000_000;
const MOST_THREADS: u64 = 4_096;

#[derive(Args)]
pub(super) struct Replicating {
    /// Seed of all random draws, instead of the scenario's; replication k has this seed plus k
    #[arg(long, value_parser = whole(0, u64::MAX))]
    seed: Option<u64>,
    /// Independent runs of each scenario
    #[arg(long, value_name = "N", value_parser = whole(1, MOST))]
    replications: Option<u64>,
    /// Runs side by side [default: as many as the machine has processors]; the results are the same for any number
    #[arg(long, value_name = "N", value_parser = whole(1, MOST_THREADS))]
    threads: Option<u64>,
    /// Confidence level of all intervals, such as 0.95 or 95%
    #[arg(long, default_value = "0.95", value_parser = level)]
    pub level: f64,
}

impl Replicating {
    /// The seed of the first replication.
    pub(super) fn seed(&self, scenario: &Scenario) -> u64 {
        self.seed.unwrap_or(scenario.seed)
    }

    /// Whether a seed was asked for.
    pub(super) fn has_seed(&self) -> bool {
        self.seed.is_some()
    }

    /// How many replications were asked for, else `default`.
    pub(super) fn replications(&self, default: usize) -> usize {
        self.replications.map_or(default, |count| count as usize)
    }

    /// The threads.
    pub(super) fn workers<'a>(&self, progress: &'a dyn Progress) -> Result<Workers<'a>, Failure> {
        let threads = self.threads.map(|threads| threads as usize);
        Workers::new(threads, progress).map_err(|error| Failure::Unfinished(format!("no threads: {error}")))
    }

    /// Finds the warm-up where the scenario leaves it to us, and says so under the name `of` where nothing can be found.
    pub(super) fn settle(
        &self,
        scenario: &mut Scenario,
        of: &str,
        files: &Files,
        workers: &Workers<'_>,
    ) -> Option<WarmUpFound> {
        if scenario.warm_up != WarmUp::Auto {
            return None;
        }
        let seed = self.seed(scenario);
        let (length, found) = find_warm_up(Subject { scenario, inputs: files }, seed, workers);
        scenario.warm_up = WarmUp::Fixed(length);
        if let Some(note) = &found.note {
            complain(&format!("warning: {of}: warm_up = \"auto\": {note}; nothing is left out"));
        }
        Some(found)
    }
}

/// Reads a whole number within bounds.
pub(super) fn whole(least: u64, most: u64) -> impl Fn(&str) -> Result<u64, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// A confidence level: a share, or percent.
fn level(text: &str) -> Result<f64, String> {
    match share(text) {
        Some(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("expected a share above 0 and below 1, such as 0.95 or 95%".into()),
    }
}

/// A share, or percent.
pub(super) fn share(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
        None => text.trim().parse::<f64>().ok(),
    }
}
