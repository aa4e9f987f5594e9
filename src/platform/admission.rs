//! Whether one more invocation of a function may run now: concurrency, environments, requests per second.
//!
//! All that a call needs is looked at first and taken only where everything is there, so that a refused call uses up nothing.

use crate::engine::{Concurrency, Reason};
use crate::profile::{Rules, Scaling};
use crate::time::SimTime;
use crate::token_bucket::TokenBucket;

use super::account::{Account, requests_per_second};
use super::provisioned::Provisioned;
use super::{FunctionSpec, Limit};

/// Seconds over which the scaling rate is stated.
pub const SCALING_PERIOD: f64 = 10.0;

/// The limits of one function.
pub(super) struct Admission {
    reserved: Option<u64>,
    /// Requests per second of the reserved share.
    requests: Option<Box<TokenBucket>>,
    /// New environments.
    scaling: Option<Box<TokenBucket>>,
    /// Whether a rate of its own is set, instead of the account's share.
    scales_alone: bool,
    in_use: u64,
}

impl Admission {
    pub(super) fn new(spec: &FunctionSpec, rules: &Rules) -> Admission {
        let own = spec.scaling_rate.map(Limit::count);
        let scaling = own.unwrap_or(match rules.scaling {
            Scaling::Function { environments } => Some(environments),
            Scaling::Region { .. } => None,
        });
        Admission {
            reserved: spec.reserved_concurrent_executions,
            requests: spec
                .reserved_concurrent_executions
                .filter(|limit| *limit > 0)
                .map(|limit| requests_per_second(limit).into()),
            scaling: scaling.map(|most| TokenBucket::new(most as f64 / SCALING_PERIOD, most as f64).into()),
            scales_alone: own.is_some(),
            in_use: 0,
        }
    }

    /// Whether the function is stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.reserved == Some(0)
    }

    /// Whether one more invocation may run now, and on which concurrency; `idle`: an environment on demand waits for it.
    #[inline(always)]
    pub(super) fn admit(
        &mut self,
        account: &mut Account,
        provisioned: Option<&mut Provisioned>,
        idle: bool,
        synchronous: bool,
        now: SimTime,
    ) -> Result<Concurrency, Reason> {
        // Mostly there is nothing to ask but the account.
        if idle && self.reserved.is_none() && provisioned.is_none() {
            account.has_concurrency()?;
            if synchronous {
                account.try_request(now)?;
            }
            return Ok(Concurrency::OnDemand);
        }
        // A reserve is the ceiling of a function's provisioned and other concurrency together (AWS Lambda Developer Guide,
        // "Understanding Lambda function scaling").
        if self.reserved.is_some_and(|limit| self.in_use >= limit) {
            return Err(Reason::ReservedFunctionConcurrentInvocationLimitExceeded);
        }
        let concurrency =
            provisioned.as_ref().map_or(Concurrency::OnDemand, |provisioned| provisioned.offer(synchronous, now));
        let on_demand = concurrency != Concurrency::Provisioned;
        let new = on_demand && !idle;
        let shares_scaling = new && !self.scales_alone;
        if on_demand && self.reserved.is_none() {
            account.has_concurrency()?;
        }
        if new && self.scaling.as_ref().is_some_and(|bucket| !bucket.has(now)) {
            return Err(Reason::FunctionInvocationRateLimitExceeded);
        }
        if shares_scaling {
            account.has_environment(now)?;
        }
        if synchronous {
            if self.requests.as_ref().is_some_and(|bucket| !bucket.has(now)) {
                return Err(Reason::ReservedFunctionInvocationRateLimitExceeded);
            }
            // The last that may refuse the call.
            account.try_request(now)?;
            if let Some(bucket) = &mut self.requests {
                bucket.take(now);
            }
        }
        if let Some(bucket) = self.scaling.as_mut().filter(|_| new) {
            bucket.take(now);
        }
        if shares_scaling {
            account.take_environment(now);
        }
        if let Some(provisioned) = provisioned.filter(|_| !on_demand && synchronous) {
            provisioned.take_request(now);
        }
        Ok(concurrency)
    }

    /// An admitted invocation begins.
    #[inline(always)]
    pub(super) fn enter(&mut self, account: &mut Account, concurrency: Concurrency) {
        self.in_use += 1;
        account.enter(self.shares(concurrency));
    }

    /// It ends.
    #[inline(always)]
    pub(super) fn leave(&mut self, account: &mut Account, concurrency: Concurrency) {
        self.in_use -= 1;
        account.leave(self.shares(concurrency));
    }

    /// Whether an invocation takes of what the functions of the account share.
    fn shares(&self, concurrency: Concurrency) -> bool {
        self.reserved.is_none() && concurrency != Concurrency::Provisioned
    }
}
