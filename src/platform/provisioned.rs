//! Provisioned concurrency: environments that are initialised ahead of calls, and kept.
//!
//! They come online after a minute or two of preparation, then 6,000 a minute, and none serves a call before all are ready; calls
//! that find none of them idle, or their requests of the second used up, spill over to environments on demand (AWS Lambda
//! Developer Guide, "Configuring provisioned concurrency").

use crate::engine::Concurrency;
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::account::requests_per_second;
use super::environments::Environment;

/// Assumption: one minute of preparation, of "a minute or two".
const PREPARATION: SimDuration = SimDuration::from_secs(60);
/// 6,000 environments a minute for each function (same page).
const ENVIRONMENTS_PER_MINUTE: u64 = 6_000;

/// The provisioned environments of one function.
pub(super) struct Provisioned {
    count: u64,
    /// When all of them are ready; none once they are.
    ready_at: Option<SimTime>,
    /// The idle ones; the one used last is used next.
    idle: Vec<Environment>,
    /// Synchronous requests that they take: ten a second each.
    requests: TokenBucket,
}

impl Provisioned {
    /// `count` environments, asked for at instant 0, ready after `allocation` or, without it, as fast as AWS says.
    pub(super) fn new(count: u64, allocation: Option<SimDuration>) -> Provisioned {
        let making =
            SimDuration::from_nanos(SimDuration::from_secs(60).saturating_mul(count).nanos() / ENVIRONMENTS_PER_MINUTE);
        Provisioned {
            count,
            ready_at: Some(SimTime::ZERO + allocation.unwrap_or(PREPARATION + making)),
            idle: Vec::new(),
            requests: requests_per_second(count),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// When all of them are ready; never, where they are already.
    pub(super) fn next_ready(&self) -> SimTime {
        self.ready_at.unwrap_or(SimTime::NEVER)
    }

    /// All of them are ready.
    pub(super) fn begin(&mut self, environments: Vec<Environment>) {
        self.ready_at = None;
        self.idle = environments;
        self.idle.reverse();
    }

    /// Which concurrency one more call gets.
    pub(super) fn offer(&self, synchronous: bool, now: SimTime) -> Concurrency {
        match self.ready_at {
            Some(_) => Concurrency::OnDemand,
            None if !self.idle.is_empty() && (!synchronous || self.requests.has(now)) => Concurrency::Provisioned,
            None => Concurrency::Spillover,
        }
    }

    pub(super) fn take_request(&mut self, now: SimTime) {
        self.requests.take(now);
    }

    pub(super) fn take(&mut self) -> Option<Environment> {
        self.idle.pop()
    }

    pub(super) fn release(&mut self, environment: Environment) {
        self.idle.push(environment);
    }
}
