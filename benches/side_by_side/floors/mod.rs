//! The floors: each the fewest lines of plain Rust that give the figures of one workload.
//!
//! What several need stands here: draws, idle environments, and what is recorded of an invocation. Times are whole nanoseconds.

pub mod asynchronous;
pub mod backlog;
pub mod many_functions;
pub mod queue;
pub mod stream;
pub mod synchronous;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::figures::{Figures, Histogram};

pub const MILLISECOND: u64 = 1_000_000;
pub const SECOND: u64 = 1_000_000_000;
/// A cold start adds this.
const INIT: u64 = 500 * MILLISECOND;
/// An environment is kept idle for this long.
const KEEP_ALIVE: u64 = 600 * SECOND;

/// A heap with the earliest on top.
type Earliest<T> = BinaryHeap<Reverse<T>>;

/// Random draws.
struct Draws(Xoshiro256PlusPlus);

impl Draws {
    fn new() -> Draws {
        Draws::of(1)
    }

    fn of(seed: u64) -> Draws {
        Draws(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    fn exponential(&mut self, mean: f64) -> u64 {
        let draw: f64 = Exp1.sample(&mut self.0);
        (mean * draw) as u64
    }

    fn lognormal(&mut self, median: f64, sigma: f64) -> u64 {
        let draw: f64 = StandardNormal.sample(&mut self.0);
        (median * (sigma * draw).exp()) as u64
    }

    fn chance(&mut self, probability: f64) -> bool {
        (self.0.next_u64() as f64) < probability * u64::MAX as f64
    }

    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }
}

/// Idle environments by the instant at which they fell idle: the last is taken first, the first expires first.
#[derive(Clone, Default)]
struct Pool(VecDeque<u64>);

impl Pool {
    /// The cold start of an invocation that starts now.
    fn take(&mut self, now: u64) -> u64 {
        while self.0.front().is_some_and(|since| since + KEEP_ALIVE < now) {
            self.0.pop_front();
        }
        if self.0.pop_back().is_some() { 0 } else { INIT }
    }

    fn release(&mut self, now: u64) {
        self.0.push_back(now);
    }
}

/// What is recorded of a run whose events occur before `until`.
struct Recorder {
    until: u64,
    events: u64,
    invocations: u64,
    throttles: u64,
    latency: Histogram,
    /// Time of all invocations before `until`.
    busy: u64,
}

impl Recorder {
    fn new(until: u64) -> Recorder {
        Recorder { until, events: 0, invocations: 0, throttles: 0, latency: Histogram::new(10), busy: 0 }
    }

    fn invocation(&mut self, start: u64, end: u64) {
        self.invocations += 1;
        self.busy += end.min(self.until).saturating_sub(start);
    }

    fn figures(self) -> Figures {
        Figures {
            events: self.events,
            invocations: self.invocations,
            throttles: self.throttles,
            latencies: vec![self.latency],
            concurrency: self.busy as f64 / self.until as f64,
        }
    }
}
