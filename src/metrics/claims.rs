//! Concurrency by where it comes from: the pool that functions without a reserve share, reserves, and what is provisioned.

use crate::engine::{Concurrency, FunctionId};
use crate::platform::FunctionSpec;
use crate::time::SimTime;

use super::Level;

/// Kept of a run in which a function has a reserve or provisioned concurrency; without any, all concurrency is unreserved.
pub(super) struct Claims {
    /// Invocations on unreserved concurrency.
    pub(super) unreserved: Level,
    /// What all functions have for themselves.
    pub(super) claimed: u64,
    functions: Vec<Claim>,
}

/// What one function has for itself.
pub(super) struct Claim {
    has_reserve: bool,
    /// Its provisioned concurrency.
    provisioned: u64,
    /// Invocations on it.
    in_use: Level,
}

impl Claims {
    /// None where no function has any.
    pub(super) fn new(functions: &[(String, FunctionSpec)]) -> Option<Box<Claims>> {
        let claims = functions.iter().map(|(_, function)| Claim {
            has_reserve: function.reserved_concurrent_executions.is_some(),
            provisioned: function.provisioned_concurrent_executions.unwrap_or(0),
            in_use: Level::default(),
        });
        let functions_claim = functions.iter().map(|(_, function)| function.claimed_concurrency());
        let claims =
            Claims { unreserved: Level::default(), claimed: functions_claim.sum(), functions: claims.collect() };
        let any = claims.functions.iter().any(|claim| claim.has_reserve || claim.provisioned > 0);
        any.then(|| Box::new(claims))
    }

    /// An invocation on such concurrency starts, or with `change` of -1 ends.
    pub(super) fn change(&mut self, at: SimTime, function: FunctionId, concurrency: Concurrency, change: i64) {
        let claim = &mut self.functions[function.0 as usize];
        match concurrency {
            Concurrency::Provisioned => claim.in_use.change(at, change),
            Concurrency::OnDemand | Concurrency::Spillover if claim.has_reserve => {}
            Concurrency::OnDemand | Concurrency::Spillover => self.unreserved.change(at, change),
        }
    }

    /// The claim of the function at `place`.
    pub(super) fn of(&mut self, place: usize) -> &mut Claim {
        &mut self.functions[place]
    }
}

impl Claim {
    /// The most invocations at once on provisioned concurrency since this was last asked, and their share of it.
    pub(super) fn take_use(&mut self) -> (f64, f64) {
        let most = self.in_use.take_max() as f64;
        (most, if self.provisioned == 0 { 0.0 } else { most / self.provisioned as f64 })
    }
}
