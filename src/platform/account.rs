//! The account's limits in its Region: concurrency that unreserved functions share, and requests per second.

use crate::engine::Reason;
use crate::profile::Scaling;
use crate::time::SimTime;
use crate::token_bucket::TokenBucket;

use super::Limit;

/// Requests per second that each unit of concurrency allows to synchronous calls.
/// AWS Lambda Developer Guide, "Understanding Lambda function scaling": "the requests per second limit is equal to 10 times
/// your account concurrency".
pub(super) const REQUESTS_PER_CONCURRENCY: f64 = 10.0;

/// The shared limits.
pub(super) struct Account {
    /// Concurrency left to functions without a reserve, outside provisioned concurrency; none: unlimited.
    unreserved: Option<u64>,
    in_use: u64,
    requests: Option<TokenBucket>,
    /// New environments of all functions in the Region, under older rules.
    scaling: Option<TokenBucket>,
}

impl Account {
    /// The account of which functions hold `claimed`, by reserve or provisioned.
    pub(super) fn new(limit: Limit, claimed: u64, scaling: Scaling) -> Account {
        let limit = limit.count();
        Account {
            unreserved: limit.map(|limit| limit.saturating_sub(claimed)),
            in_use: 0,
            requests: limit.map(requests_per_second),
            scaling: match scaling {
                Scaling::Region { burst, per_minute } => Some(TokenBucket::new(per_minute / 60.0, burst as f64)),
                Scaling::Function { .. } => None,
            },
        }
    }

    /// Whether a function without a reserve may run one more.
    pub(super) fn has_concurrency(&self) -> Result<(), Reason> {
        match self.unreserved {
            Some(limit) if self.in_use >= limit => Err(Reason::ConcurrentInvocationLimitExceeded),
            _ => Ok(()),
        }
    }

    /// Takes one more synchronous request, if it fits this second.
    #[inline]
    pub(super) fn try_request(&mut self, now: SimTime) -> Result<(), Reason> {
        let fits = self.requests.as_mut().is_none_or(|bucket| bucket.try_take(now));
        if fits { Ok(()) } else { Err(Reason::FunctionInvocationRateLimitExceeded) }
    }

    /// Whether the Region gives one more environment now.
    pub(super) fn has_environment(&self, now: SimTime) -> Result<(), Reason> {
        match &self.scaling {
            Some(bucket) if !bucket.has(now) => Err(Reason::FunctionInvocationRateLimitExceeded),
            _ => Ok(()),
        }
    }

    pub(super) fn take_environment(&mut self, now: SimTime) {
        if let Some(bucket) = &mut self.scaling {
            bucket.take(now);
        }
    }

    pub(super) fn enter(&mut self) {
        self.in_use += 1;
    }

    pub(super) fn leave(&mut self) {
        self.in_use -= 1;
    }
}

/// The bucket of requests per second that goes with a concurrency of `limit`; it holds one second's worth.
pub(super) fn requests_per_second(limit: u64) -> TokenBucket {
    let rate = limit as f64 * REQUESTS_PER_CONCURRENCY;
    TokenBucket::new(rate, rate)
}
