//! The floor of a throttled asynchronous queue: an event that finds no free environment waits for one second, then two, four and
//! so on; each of these delays is a queue that is sorted by itself.

use super::asynchronous::QUEUE_DELAY;
use super::{Draws, Earliest, Pool, Recorder, SECOND};
use crate::figures::Figures;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// 1, 2, 4 ... 256 s; none waits longer here.
const DELAYS: usize = 9;

/// `rate` events a second until `until`, each of `mean` nanoseconds, to a function that runs `reserved` at once; it is looked at
/// until `horizon`.
pub fn run(rate: f64, mean: f64, reserved: usize, until: u64, horizon: u64) -> Figures {
    let gap = SECOND as f64 / rate;
    let (mut draws, mut pool, mut recorder) = (Draws::new(), Pool::default(), Recorder::new(until));
    let mut ends = Earliest::new();
    // (When it is tried, when it occurred): on the way to the first try, then after each number of throttles.
    let mut fresh = Earliest::<(u64, u64)>::new();
    let mut throttled: [VecDeque<(u64, u64)>; DELAYS] = Default::default();
    let mut arrival = draws.exponential(gap);
    loop {
        let first = fresh.peek().map_or(u64::MAX, |Reverse((due, _))| *due);
        let (mut now, mut throttles) = (first, 0);
        for (place, queue) in throttled.iter().enumerate() {
            if let Some((due, _)) = queue.front().filter(|(due, _)| *due < now) {
                (now, throttles) = (*due, place + 1);
            }
        }
        if arrival < until.min(now) {
            fresh.push(Reverse((arrival + draws.lognormal(QUEUE_DELAY.0, QUEUE_DELAY.1), arrival)));
            recorder.events += 1;
            arrival += draws.exponential(gap);
            continue;
        }
        if now > horizon {
            return recorder.figures();
        }
        let tried = match throttles {
            0 => fresh.pop().map(|Reverse(event)| event),
            _ => throttled[throttles - 1].pop_front(),
        };
        let Some((_, emitted)) = tried else { return recorder.figures() };
        while let Some(Reverse(end)) = ends.peek().copied().filter(|Reverse(end)| *end <= now) {
            ends.pop();
            pool.release(end);
        }
        if ends.len() == reserved {
            recorder.throttles += 1;
            throttled[throttles].push_back((now + (SECOND << throttles), emitted));
            continue;
        }
        let end = now + pool.take(now) + draws.exponential(mean);
        ends.push(Reverse(end));
        recorder.invocation(now, end);
        if end <= horizon {
            recorder.latency.record(end - emitted);
        }
    }
}
