//! The floor of an SQS queue: a free poller takes up to ten messages at once, and there are 50 more pollers after each ten
//! seconds in which messages waited.

use super::{Draws, Earliest, Pool, Recorder, SECOND};
use crate::figures::Figures;
use std::cmp::Reverse;
use std::collections::VecDeque;

const BATCH_SIZE: usize = 10;
const POLLERS: usize = 5;
const MORE_POLLERS: usize = 50;
const STEP: u64 = 10 * SECOND;

/// `rate` messages a second until `until`; a batch takes `mean` nanoseconds.
pub fn run(rate: f64, mean: f64, until: u64) -> Figures {
    let gap = SECOND as f64 / rate;
    let (mut draws, mut pool, mut recorder) = (Draws::new(), Pool::default(), Recorder::new(until));
    let mut messages: VecDeque<u64> = VecDeque::new();
    let mut ends = Earliest::new();
    let (mut pollers, mut waited, mut last) = (POLLERS, 0, 0);
    let mut arrival = draws.exponential(gap);
    loop {
        let end = ends.peek().map_or(u64::MAX, |Reverse(end)| *end);
        let step = if messages.is_empty() { u64::MAX } else { last + STEP - waited };
        let now = arrival.min(end).min(step);
        if now == u64::MAX {
            return recorder.figures();
        }
        if !messages.is_empty() {
            waited += now - last;
        }
        last = now;
        if now == end {
            ends.pop();
            pool.release(now);
        } else if now == arrival {
            messages.push_back(now);
            recorder.events += 1;
            arrival += draws.exponential(gap);
            if arrival >= until {
                arrival = u64::MAX;
            }
        }
        if waited == STEP {
            (pollers, waited) = (pollers + MORE_POLLERS, 0);
        }
        while ends.len() < pollers && !messages.is_empty() {
            let end = now + pool.take(now) + draws.exponential(mean);
            for emitted in messages.drain(..messages.len().min(BATCH_SIZE)) {
                recorder.latency.record(end - emitted);
            }
            recorder.invocation(now, end);
            ends.push(Reverse(end));
        }
    }
}
