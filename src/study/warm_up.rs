//! Where the beginning of a run ends: MSER-5 on the level of work in the system.
//!
//! Of all beginnings that could be left out, the rule takes the one after which the mean is known best: it weighs the spread of
//! what is left against how much is left, in batches of five observations (K. P. White, M. J. Cobb, S. C. Spratt, "A comparison
//! of five steady-state truncation heuristics for simulation", Winter Simulation Conference 2000).

use crate::metrics::{Outcome, WarmUpFound};
use crate::time::SimDuration;

use super::replications::seed_of;
use super::workers::{Subject, Workers};

/// Observations in a batch.
const BATCH: usize = 5;
/// With fewer batches there is nothing to tell.
const FEWEST_BATCHES: usize = 10;
/// Pilot runs whose levels are averaged: one alone is noisy.
const PILOTS: usize = 5;

/// How many of the first observations MSER-5 leaves out; none where the series is too short to tell, since it still changes in
/// its second half.
pub fn mser5(series: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    if batches.len() < FEWEST_BATCHES {
        return None;
    }
    let best = (0..=batches.len() - BATCH)
        .map(|left_out| (spread(&batches[left_out..]), left_out))
        // The first of equals leaves out least.
        .fold(
            None,
            |best: Option<(f64, usize)>, one| if best.is_none_or(|best| one.0 < best.0) { Some(one) } else { best },
        );
    best.map(|(_, left_out)| left_out).filter(|left_out| 2 * left_out <= batches.len()).map(|left_out| left_out * BATCH)
}

/// The squared standard error of the mean of `rest`, were its values independent.
fn spread(rest: &[f64]) -> f64 {
    let n = rest.len() as f64;
    let mean = rest.iter().sum::<f64>() / n;
    rest.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n * n)
}

/// What runs of `subject` leave out under `warm_up = "auto"`, and how that was found.
pub fn find_warm_up(subject: Subject<'_>, seed: u64, workers: &Workers<'_>) -> (SimDuration, WarmUpFound) {
    let pilots = workers.map((0..PILOTS).collect(), |pilot| level_of_work(&subject.run(seed_of(seed, pilot)).0));
    let (width, series) = mean_of(pilots);
    let is_idle = series.iter().all(|level| *level == 0.0);
    let left_out = mser5(&series).filter(|_| !is_idle);
    let found = left_out.map(|left_out| SimDuration::from_nanos(width * left_out as u64));
    let note = found.is_none().then(|| {
        let batches = series.len() / BATCH;
        if is_idle {
            "too short to tell: nothing ran or waited".to_owned()
        } else if batches < FEWEST_BATCHES {
            format!("too short to tell: {batches} batches of {BATCH} intervals, and {FEWEST_BATCHES} are needed")
        } else {
            "too short to tell: the level of work still changes in the second half of the run".to_owned()
        }
    });
    let told = WarmUpFound { rule: "MSER-5", pilot_runs: PILOTS, found_s: found.map(SimDuration::as_secs_f64), note };
    (found.unwrap_or_default(), told)
}

/// A series of means over intervals of one width in nanoseconds.
type Series = (u64, Vec<f64>);

/// Invocations that run and events that wait, over the time of emission.
fn level_of_work(outcome: &Outcome) -> Series {
    let width = outcome.timeline.width();
    let whole = outcome.window.1.nanos() / width;
    let mut series = outcome.timeline.level_of_work();
    series.truncate(whole as usize);
    (width, series)
}

/// The mean of several series. One with wider intervals makes the others' as wide; widths differ by powers of two.
fn mean_of(mut series: Vec<Series>) -> Series {
    let width = series.iter().map(|(width, _)| *width).max().unwrap_or(1);
    for (narrow, values) in &mut series {
        let join = (width / *narrow) as usize;
        *values = values.chunks_exact(join).map(|some| some.iter().sum::<f64>() / join as f64).collect();
    }
    let length = series.iter().map(|(_, values)| values.len()).min().unwrap_or(0);
    let count = series.len() as f64;
    (width, (0..length).map(|place| series.iter().map(|(_, values)| values[place]).sum::<f64>() / count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Key, unit};

    /// `length` observations around 10 with noise, the first `transient` of which begin at 0 and rise.
    fn rising(transient: usize, length: usize, noise: f64) -> Vec<f64> {
        let mut draws = Key::root(7).named("noise").sequence();
        let level = |at: usize| 10.0 * (at as f64 / transient.max(1) as f64).min(1.0);
        (0..length).map(|at| level(at) + noise * (unit(&mut draws) - 0.5)).collect()
    }

    #[test]
    fn a_known_transient_is_found_within_its_batch() {
        for (transient, length) in [(0, 200), (20, 200), (50, 300), (100, 500)] {
            // A step has an end that can be told; the last batch of it may be left in or out.
            let mut series = rising(0, length, 1.0);
            series[..transient].iter_mut().for_each(|value| *value -= 8.0);
            let found = mser5(&series).unwrap();
            assert!(found.abs_diff(transient) <= BATCH, "{transient} of {length}: {found}");
        }
    }

    #[test]
    fn a_slow_rise_is_left_out_nearly_to_its_end() {
        let found = mser5(&rising(60, 300, 0.5)).unwrap();
        assert!((50..=65).contains(&found), "{found}");
    }

    #[test]
    fn a_run_too_short_says_so() {
        assert_eq!(mser5(&rising(0, 45, 1.0)), None, "nine batches");
        let growing: Vec<f64> = (0..300).map(f64::from).collect();
        assert_eq!(mser5(&growing), None, "a level that only grows never settles");
        assert_eq!(mser5(&[4.0; 50]), Some(0));
    }

    #[test]
    fn series_of_several_widths_are_averaged() {
        assert_eq!(mean_of(vec![(10, vec![1.0, 3.0, 5.0]), (20, vec![4.0])]), (20, vec![3.0]));
    }
}
