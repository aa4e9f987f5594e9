//! The floor of calls that each start an invocation at once: a heap of ends, idle environments, a histogram.

use super::{Draws, Earliest, Pool, Recorder, SECOND};
use crate::figures::Figures;
use std::cmp::Reverse;

/// `rate` calls a second until `until`, each of `mean` nanoseconds.
pub fn run(rate: f64, mean: f64, until: u64) -> Figures {
    let gap = SECOND as f64 / rate;
    let (mut draws, mut pool, mut recorder) = (Draws::new(), Pool::default(), Recorder::new(until));
    let mut ends = Earliest::new();
    let mut now = draws.exponential(gap);
    while now < until {
        while let Some(Reverse(end)) = ends.peek().copied().filter(|Reverse(end)| *end <= now) {
            ends.pop();
            pool.release(end);
        }
        let latency = pool.take(now) + draws.exponential(mean);
        ends.push(Reverse(now + latency));
        recorder.events += 1;
        recorder.invocation(now, now + latency);
        recorder.latency.record(latency);
        now += draws.exponential(gap);
    }
    recorder.figures()
}
