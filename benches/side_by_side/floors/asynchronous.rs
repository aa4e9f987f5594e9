//! The floor of asynchronous events: each is on its way to its first try for a moment, and one that fails is tried again after
//! one minute, then two.

use super::{Draws, Earliest, MILLISECOND, Pool, Recorder, SECOND};
use crate::figures::Figures;
use std::cmp::Reverse;

/// Median and sigma of the way to the first try: 110 ms at the 99th percentile.
pub const QUEUE_DELAY: (f64, f64) = (40.0 * MILLISECOND as f64, 0.434_846);
const RETRY_DELAYS: [u64; 2] = [60 * SECOND, 120 * SECOND];

/// `rate` events a second until `until`, each of `mean` nanoseconds, of which a share fails.
pub fn run(rate: f64, mean: f64, error_rate: f64, until: u64) -> Figures {
    let gap = SECOND as f64 / rate;
    let (mut draws, mut pool, mut recorder) = (Draws::new(), Pool::default(), Recorder::new(until));
    let mut ends = Earliest::new();
    // (When it is tried, when it occurred, tries that failed): the few that failed apart from the others.
    let (mut fresh, mut failed) = (Earliest::<(u64, u64)>::new(), Earliest::<(u64, u64, usize)>::new());
    let mut arrival = draws.exponential(gap);
    loop {
        let first = fresh.peek().map_or(u64::MAX, |Reverse((due, _))| *due);
        let again = failed.peek().map_or(u64::MAX, |Reverse((due, ..))| *due);
        let now = first.min(again);
        if arrival < until.min(now) {
            fresh.push(Reverse((arrival + draws.lognormal(QUEUE_DELAY.0, QUEUE_DELAY.1), arrival)));
            recorder.events += 1;
            arrival += draws.exponential(gap);
            continue;
        }
        let tried = if first <= again {
            fresh.pop().map(|Reverse((_, emitted))| (emitted, 0))
        } else {
            failed.pop().map(|Reverse((_, emitted, errors))| (emitted, errors))
        };
        let Some((emitted, errors)) = tried else { return recorder.figures() };
        while let Some(Reverse(end)) = ends.peek().copied().filter(|Reverse(end)| *end <= now) {
            ends.pop();
            pool.release(end);
        }
        let end = now + pool.take(now) + draws.exponential(mean);
        ends.push(Reverse(end));
        recorder.invocation(now, end);
        if !draws.chance(error_rate) {
            recorder.latency.record(end - emitted);
        } else if let Some(delay) = RETRY_DELAYS.get(errors) {
            failed.push(Reverse((end + delay, emitted, errors + 1)));
        }
    }
}
