//! The floor of many functions: the calls of all are one Poisson process whose events fall to the functions evenly, and each
//! function has a heap, environments and a histogram of its own.

use super::{Draws, Earliest, Pool, SECOND};
use crate::figures::{Figures, Histogram};
use std::cmp::Reverse;

/// `rate` calls a second until `until` to so many functions in all, each of `mean` nanoseconds.
pub fn run(functions: usize, rate: f64, mean: f64, until: u64) -> Figures {
    let gap = SECOND as f64 / rate;
    let mut draws = Draws::new();
    let mut pools = vec![(Earliest::new(), Pool::default()); functions];
    // Two significant digits are enough for so many.
    let mut latencies = vec![Histogram::new(7); functions];
    let (mut invocations, mut busy) = (0, 0);
    let mut now = draws.exponential(gap);
    while now < until {
        let place = draws.below(functions);
        let (ends, pool) = &mut pools[place];
        while let Some(Reverse(end)) = ends.peek().copied().filter(|Reverse(end)| *end <= now) {
            ends.pop();
            pool.release(end);
        }
        let latency = pool.take(now) + draws.exponential(mean);
        ends.push(Reverse(now + latency));
        latencies[place].record(latency);
        invocations += 1;
        busy += latency.min(until - now);
        now += draws.exponential(gap);
    }
    let concurrency = busy as f64 / until as f64;
    Figures { events: invocations, invocations, throttles: 0, latencies, concurrency }
}
