//! Concurrency by where it comes from: the pool that functions without a reserve share, reserves, and what is provisioned.

use crate::engine::{Concurrency, FunctionId};
use crate::time::SimTime;

use super::Level;

/// Kept of a run in which a function has a reserve or provisioned concurrency; without any, all concurrency is unreserved.
pub(super) struct Claims {
    /// Invocations on unreserved concurrency.
    pub(super) unreserved: Level,
    /// What all functions have for themselves.
    pub(super) claimed: u64,
    functions: Vec<Use>,
}

/// What one function has for itself.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Its reserved concurrency, where it has a reserve.
    pub reserved: Option<u64>,
    /// Its provisioned concurrency.
    pub provisioned: Option<u64>,
}

impl Claim {
    /// What the function takes of the account's concurrency for itself: its reserve, or else what is provisioned.
    pub fn held(&self) -> u64 {
        self.reserved.or(self.provisioned).unwrap_or(0)
    }
}

/// How much of what it has a function uses.
pub(super) struct Use {
    claim: Claim,
    /// Invocations on its provisioned concurrency.
    provisioned: Level,
}

impl Claims {
    /// None where no function has any.
    pub(super) fn new(claims: &[Claim]) -> Option<Box<Claims>> {
        let any =
            claims.iter().any(|claim| claim.reserved.is_some() || claim.provisioned.is_some_and(|count| count > 0));
        let uses = claims.iter().map(|claim| Use { claim: *claim, provisioned: Level::default() });
        let claimed = claims.iter().map(Claim::held).sum();
        any.then(|| Claims { unreserved: Level::default(), claimed, functions: uses.collect() }.into())
    }

    /// An invocation on such concurrency starts, or with `change` of -1 ends.
    pub(super) fn change(&mut self, at: SimTime, function: FunctionId, concurrency: Concurrency, change: i64) {
        let function = &mut self.functions[function.0 as usize];
        match concurrency {
            Concurrency::Provisioned => function.provisioned.change(at, change),
            Concurrency::OnDemand | Concurrency::Spillover if function.claim.reserved.is_some() => {}
            Concurrency::OnDemand | Concurrency::Spillover => self.unreserved.change(at, change),
        }
    }

    /// What the function at `place` uses.
    pub(super) fn of(&mut self, place: usize) -> &mut Use {
        &mut self.functions[place]
    }
}

impl Use {
    /// The most invocations at once on provisioned concurrency since this was last asked, and their share of it.
    pub(super) fn take(&mut self) -> (f64, f64) {
        let most = self.provisioned.take_max() as f64;
        let of = self.claim.provisioned.filter(|count| *count > 0);
        (most, of.map_or(0.0, |count| most / count as f64))
    }
}
