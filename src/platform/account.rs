//! The account's limits in its Region: concurrency that unreserved functions share, and requests per second.

use crate::engine::Reason;
use crate::profile::Scaling;
use crate::time::SimTime;
use crate::token_bucket::TokenBucket;

use super::Limit;
use super::ledger::{Ledger, Running};

/// Requests per second that each unit of concurrency allows to synchronous calls.
/// AWS Lambda Developer Guide, "Understanding Lambda function scaling": "the requests per second limit is equal to 10 times
/// your account concurrency".
pub const REQUESTS_PER_CONCURRENCY: f64 = 10.0;

/// What functions share.
pub(super) struct Account {
    limits: Limits,
    in_use: u64,
    /// Whether functions run apart, so that what they take is entered in the ledger, and held against the limits later.
    is_apart: bool,
    pub(super) ledger: Box<Ledger>,
}

/// The shared limits; none: unlimited.
#[derive(Default)]
pub(super) struct Limits {
    /// Concurrency left to functions without a reserve, outside provisioned concurrency.
    pub(super) unreserved: Option<u64>,
    pub(super) requests: Option<TokenBucket>,
    /// New environments of all functions in the Region, under older rules.
    pub(super) scaling: Option<TokenBucket>,
}

impl Account {
    /// The account of which functions hold `claimed`, by reserve or provisioned.
    pub(super) fn new(limit: Limit, claimed: u64, scaling: Scaling) -> Account {
        let limit = limit.count();
        let limits = Limits {
            unreserved: limit.map(|limit| limit.saturating_sub(claimed)),
            requests: limit.map(requests_per_second),
            scaling: match scaling {
                Scaling::Region { burst, per_minute } => Some(TokenBucket::new(per_minute / 60.0, burst as f64)),
                Scaling::Function { .. } => None,
            },
        };
        Account { limits, in_use: 0, is_apart: false, ledger: Box::default() }
    }

    /// Whether a function without a reserve may run one more.
    pub(super) fn has_concurrency(&self) -> Result<(), Reason> {
        match self.limits.unreserved {
            Some(limit) if self.in_use >= limit => Err(Reason::ConcurrentInvocationLimitExceeded),
            _ => Ok(()),
        }
    }

    /// Takes one more synchronous request, if it fits this second.
    #[inline]
    pub(super) fn try_request(&mut self, now: SimTime) -> Result<(), Reason> {
        if self.is_apart {
            self.ledger.request();
        }
        let fits = self.limits.requests.as_mut().is_none_or(|bucket| bucket.try_take(now));
        if fits { Ok(()) } else { Err(Reason::FunctionInvocationRateLimitExceeded) }
    }

    /// Whether the Region gives one more environment now.
    pub(super) fn has_environment(&self, now: SimTime) -> Result<(), Reason> {
        match &self.limits.scaling {
            Some(bucket) if !bucket.has(now) => Err(Reason::FunctionInvocationRateLimitExceeded),
            _ => Ok(()),
        }
    }

    pub(super) fn take_environment(&mut self, now: SimTime) {
        if self.is_apart {
            self.ledger.environment();
        }
        if let Some(bucket) = &mut self.limits.scaling {
            bucket.take(now);
        }
    }

    /// An invocation begins, on concurrency that functions share or not.
    #[inline(always)]
    pub(super) fn enter(&mut self, shared: bool) {
        self.in_use += u64::from(shared);
        if self.is_apart {
            self.ledger.change(true, shared);
        }
    }

    /// It ends.
    #[inline(always)]
    pub(super) fn leave(&mut self, shared: bool) {
        self.in_use -= u64::from(shared);
        if self.is_apart {
            self.ledger.change(false, shared);
        }
    }

    /// From `now` on functions run apart, each to some instant before the next, as if there were no limits; `running` invocations are
    /// there at the beginning. False, and nothing changes, where so much is taken already that a limit might be met.
    pub(super) fn part(&mut self, running: u64, now: SimTime) -> bool {
        let has_room = |bucket: &Option<TokenBucket>| bucket.as_ref().is_none_or(|bucket| bucket.is_half_full(now));
        let has_room = self.limits.unreserved.is_none_or(|limit| 2 * self.in_use < limit)
            && has_room(&self.limits.requests)
            && has_room(&self.limits.scaling);
        if has_room {
            self.is_apart = true;
            let running = Running { all: running, shared: self.in_use };
            self.ledger.open(std::mem::take(&mut self.limits), running, now);
        }
        has_room
    }

    /// Whether functions run apart.
    pub(super) fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// All have got to the last of these ends of parts of the time; gives back the most invocations at once in each. None where a limit
    /// would have been met, so that what they did is void.
    pub(super) fn join(&mut self, ends: &[SimTime]) -> Option<Vec<Running>> {
        self.is_apart = false;
        let (limits, most) = self.ledger.close(ends)?;
        self.limits = limits;
        Some(most)
    }
}

/// The bucket of requests per second that goes with a concurrency of `limit`; it holds one second's worth.
pub(super) fn requests_per_second(limit: u64) -> TokenBucket {
    let rate = limit as f64 * REQUESTS_PER_CONCURRENCY;
    TokenBucket::new(rate, rate)
}
