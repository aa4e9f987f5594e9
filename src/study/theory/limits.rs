//! Limits that a law knows nothing of, so that calls must stay far below them.

use crate::distribution::DistributionSpec;
use crate::engine::InvocationType;
use crate::platform::{REQUESTS_PER_CONCURRENCY, SCALING_PERIOD};
use crate::profile::Scaling;
use crate::source::Shape;

use super::system::{Rate, System};

/// A limit that refuses a smaller share than e^-20, one call in 500 million, might as well not be there.
const HARDLY_ANY: f64 = 20.0;

/// A Poisson number with mean `mean` is hardly ever above this.
pub(super) fn most(mean: f64) -> f64 {
    mean + 6.0 * mean.sqrt() + 6.0
}

/// Whether independent calls, `rate` a second, hardly ever find a bucket empty that holds `burst` tokens and gets `refill` a second:
/// they do with probability (rate / refill)^burst at most (F. Lundberg's bound of ruin, 1903; its exponent r, of rate (e^r - 1) =
/// refill r, is at least the logarithm of refill / rate).
fn is_far_below(rate: f64, refill: f64, burst: f64) -> bool {
    burst * libm::log(refill / rate) >= HARDLY_ANY
}

impl System<'_> {
    /// Whether the quotas of requests hardly ever refuse one of a function's synchronous calls, of which `rate` come a second. Who is
    /// refused for want of a server uses up no quota, and so many `servers` take in no more than `served` a second, and once themselves.
    pub(super) fn is_below_quotas(&self, function: usize, rate: f64, servers: u64, served: f64) -> bool {
        let (rate, servers) = (rate.min(served), servers as f64);
        let is_below = |rate: f64, together: f64, concurrency: Option<u64>| {
            concurrency.is_none_or(|concurrency| {
                // A second's worth may come at one instant.
                let quota = REQUESTS_PER_CONCURRENCY * concurrency as f64;
                is_far_below(rate, quota, quota - together)
            })
        };
        let own = self.scenario.functions[function].1.reserved_concurrent_executions;
        let account = self.scenario.account.concurrent_executions.count();
        // All that is not asynchronous counts against the account's quota.
        let others = self
            .scenario
            .sources
            .iter()
            .filter(|source| source.target as usize != function)
            .filter(|source| source.definition.invocation_type() != InvocationType::Event)
            .map(|source| self.rate(source).filter(|_| self.shape(source) != Shape::Other))
            .sum::<Option<Rate>>();
        is_below(rate, servers, own)
            && (account.is_none()
                || others.is_some_and(|others| is_below(rate + others.per_s, servers + others.together, account)))
    }

    /// Whether new environments of a function with so many `servers` and `rate` calls a second come as they are needed.
    pub(super) fn gets_environments(&self, function: usize, servers: u64, rate: f64) -> bool {
        let (scenario, spec) = (self.scenario, &self.scenario.functions[function].1);
        let (refill, burst, is_shared) = match (spec.scaling_rate, scenario.profile.rules().scaling) {
            (Some(own), _) => match own.count() {
                Some(own) => (own as f64 / SCALING_PERIOD, own, false),
                None => return true,
            },
            (None, Scaling::Function { environments }) => (environments as f64 / SCALING_PERIOD, environments, false),
            (None, Scaling::Region { burst, per_minute }) => {
                (per_minute / 60.0, scenario.account.burst_concurrency.unwrap_or(burst), scenario.functions.len() > 1)
            }
        };
        // Each is there for as long as it is kept, and there are never more than servers: in t seconds, servers x (1 + t / kept) come.
        let kept = match spec.keep_alive {
            DistributionSpec::Constant(kept) if spec.max_lifetime.is_none() => kept.as_secs_f64(),
            _ => 0.0,
        };
        let is_enough = servers <= burst && servers as f64 <= refill * kept;
        // No call needs more than one. What other functions take of a Region's is not known.
        !is_shared && (is_enough || is_far_below(rate, refill, burst as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_far_below_a_limit_or_not() {
        for (rate, refill, want) in [(0.5, 10.0, true), (2.0, 10.0, false), (80.0, 100.0, true), (90.0, 100.0, false)] {
            assert_eq!(is_far_below(rate, refill, refill), want, "{rate} of {refill}");
        }
        assert!(!is_far_below(120.0, 100.0, 100.0));
    }
}
