//! The platform: what stands between a source and a handler.
//!
//! It takes [`Invoke`] messages and answers with [`Settle`](crate::engine::Settle): admission against
//! the account's and the function's limits, execution environments, the asynchronous queue with its retries, destinations.
//! It never knows which service a source models.

mod account;
mod admission;
mod assumptions;
mod async_queue;
mod calendar;
mod caller;
mod config;
mod ending;
mod environments;
mod first_tries;
mod function;
mod handler;
mod init;
mod ladder;
mod ledger;
mod provisioned;
mod queued;
mod row;
mod runtime;
mod soonest;
mod waiting;

pub use account::REQUESTS_PER_CONCURRENCY;
pub use admission::SCALING_PERIOD;
pub use assumptions::assumptions;
pub use async_queue::ERROR_DELAYS;
pub use caller::Origin;
pub use config::{
    AccountSpec, Architecture, DEFAULT_INIT, DEFAULT_QUEUE_DELAY, DEFAULT_RESTORE, EventInvokeConfig, FunctionSpec,
    LEAST_STORAGE, Limit, Outage, RecursiveLoop, Reuse, ServiceOutage,
};
pub use init::LONGEST_RESTORE;
pub use ledger::{LONGEST, MOST_ACTORS, Running};
pub use runtime::{PackageType, Runtime};

use crate::distribution::DistributionSpec;
use crate::engine::{Calls, Destination, DestinationId, DestinationKind, FunctionId, Invoke, Wake};
use crate::profile::{Rules, Scaling};
use crate::random::Key;
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};
use account::Account;
use caller::Caller;
use function::Function;

/// All functions of a run and the account they share.
pub struct Platform {
    functions: Vec<Function>,
    account: Account,
    shared: Shared,
}

/// Who takes part in calls in a row, as ranks among all actors by name.
#[derive(Clone, Copy)]
pub struct Ranks {
    /// That of the source.
    pub source: u32,
    /// That of the function.
    pub function: u32,
}

/// What all functions number or draw from together.
struct Shared {
    /// The next invocation's number.
    invocations: u64,
    /// Invocations that run now.
    running: u64,
    callers: Vec<Caller>,
    /// Milliseconds to which durations are rounded up for billing.
    billing_step: u64,
    service_outages: Vec<ServiceOutage>,
    recursive_loop_limit: u8,
}

impl Platform {
    /// The platform of `functions`, which come in order of name, under `rules`; `sources` are where calls come from,
    /// `sampler` makes distributions ready.
    pub fn new(
        account: &AccountSpec,
        functions: &[(String, FunctionSpec)],
        rules: Rules,
        sources: Vec<Origin>,
        root: Key,
        sampler: &mut dyn FnMut(&DistributionSpec) -> crate::distribution::Distribution,
    ) -> Platform {
        let claimed: u64 = functions.iter().map(|(_, function)| function.claim().held()).sum();
        let scaling = match (rules.scaling, account.burst_concurrency) {
            (Scaling::Region { per_minute, .. }, Some(burst)) => Scaling::Region { burst, per_minute },
            (scaling, _) => scaling,
        };
        let service_outages = account.service_outages.clone();
        let recursive_loop_limit = account.recursive_loop_limit;
        let account = Account::new(account.concurrent_executions, claimed, scaling);
        let known = Self::destinations(functions);
        let id = |function: &str, of: &str| {
            let name = format!("{function}.{of}");
            known.iter().position(|destination| destination.name == name).map(|place| DestinationId(place as u32))
        };
        let functions = functions
            .iter()
            .enumerate()
            .map(|(place, (name, spec))| {
                let destinations = function::Destinations {
                    on_failure: id(name, "on_failure"),
                    on_success: id(name, "on_success"),
                    dead_letter_queue: id(name, "dead_letter_queue"),
                    on_failure_calls: spec
                        .event_invoke_config
                        .as_ref()
                        .is_some_and(|config| matches!(config.on_failure, Some(DestinationKind::Lambda(_)))),
                };
                let key = root.named("function").named(name);
                Function::new(FunctionId(place as u32), spec, &rules, destinations, key, sampler)
            })
            .collect();
        let callers = sources.into_iter().map(Caller::new).collect();
        let billing_step = rules.billing_increment.nanos() / 1_000_000;
        let shared =
            Shared { invocations: 0, running: 0, callers, billing_step, service_outages, recursive_loop_limit };
        Platform { functions, account, shared }
    }

    /// The destinations of `functions`, in the order of their ids.
    pub fn destinations(functions: &[(String, FunctionSpec)]) -> Vec<Destination> {
        let mut destinations = Vec::new();
        for (name, spec) in functions {
            let Some(config) = &spec.event_invoke_config else { continue };
            let set = [
                ("dead_letter_queue", &config.dead_letter_queue),
                ("on_failure", &config.on_failure),
                ("on_success", &config.on_success),
            ];
            destinations.extend(
                set.into_iter().filter_map(|(of, kind)| {
                    kind.clone().map(|kind| Destination { name: format!("{name}.{of}"), kind })
                }),
            );
        }
        destinations
    }

    /// When function `id` next acts.
    pub fn next_wake(&self, id: FunctionId) -> Wake {
        self.functions[id.0 as usize].next_wake()
    }

    /// Lets function `id` act, as it wanted to; gives back when it next acts.
    pub fn wake(&mut self, id: FunctionId, wake: Wake, ctx: &mut Context<'_>) -> Wake {
        let function = &mut self.functions[id.0 as usize];
        function.wake(wake, &mut self.account, &mut self.shared, ctx);
        function.next_wake()
    }

    /// Takes a call; gives back when the function next acts.
    pub fn invoke(&mut self, invoke: &Invoke, ctx: &mut Context<'_>) -> Wake {
        let function = &mut self.functions[invoke.function.0 as usize];
        function.invoke(invoke, &mut self.account, &mut self.shared, ctx);
        function.next_wake()
    }

    /// Takes calls in a row, and lets their function act between them, as long as all is before `end` and nothing is said to anybody.
    /// Gives back how many were taken, and when the function next acts.
    pub fn invoke_each(&mut self, calls: &Calls<'_>, end: Wake, ranks: Ranks, ctx: &mut Context<'_>) -> (usize, Wake) {
        let function = &mut self.functions[calls.function.0 as usize];
        // Two ways, so that whether they run apart is not asked at each step.
        if self.account.is_apart() {
            function.invoke_each::<true>(calls, end, ranks, &mut self.account, &mut self.shared, ctx)
        } else {
            function.invoke_each::<false>(calls, end, ranks, &mut self.account, &mut self.shared, ctx)
        }
    }

    /// Every event has met its fate: forgets the copies that still wait in the asynchronous queues. The ids are those of functions
    /// that had such copies.
    pub fn forget_copies(&mut self) -> Vec<FunctionId> {
        self.functions.iter_mut().filter_map(|function| function.queue.clear().then_some(function.id)).collect()
    }

    /// From now on functions that never hear of each other run apart, each to some instant before the next, as if the account had no
    /// limits. False, and nothing changes, where so much is taken already that a limit might be met.
    pub fn part(&mut self, now: SimTime) -> bool {
        self.account.part(self.shared.running, now)
    }

    /// While they run apart: those that act next hear of each other, and of nobody else.
    pub fn begin_scene(&mut self) {
        self.account.ledger.begin_scene();
    }

    /// While they run apart: what these do from now on is of the part of the time with this number.
    pub fn begin_part(&mut self, part: usize) {
        self.account.ledger.turn_to(part);
    }

    /// While they run apart: the actor of this rank by name is woken up.
    pub fn turn(&mut self, wake: Wake, rank: u32) {
        self.account.ledger.turn(wake, rank);
    }

    /// While they run apart: how many invocations began or ended since.
    pub fn changes_apart(&self) -> usize {
        self.account.ledger.changes()
    }

    /// All have got to the last of these ends of parts of the time: the most invocations at once in each. None where a limit of the
    /// account would have been met, so that what they did is void.
    pub fn join(&mut self, ends: &[SimTime]) -> Option<Vec<Running>> {
        self.account.join(ends)
    }

    /// How long those invocations have run at `now` that still do, in nanoseconds together.
    pub fn time_running(&self, now: SimTime) -> u128 {
        self.functions.iter().map(|function| function.time_running(now)).sum()
    }

    /// How many invocations run now.
    pub fn running(&self) -> u64 {
        self.shared.running
    }
}

impl Shared {
    /// "Duration is calculated from the time your code begins executing until it returns or otherwise terminates, rounded up to the
    /// nearest 1 ms" (AWS Lambda pricing); the rules of the time say to how many.
    fn billed_ms(&self, length: SimDuration) -> u64 {
        // Whole milliseconds first: dividing by a constant is quick, and the usual step is one of them.
        let millis = length.nanos().div_ceil(1_000_000);
        let step = self.billing_step;
        if step == 1 { millis } else { millis.div_ceil(step) * step }
    }

    /// Whether Lambda's own service is out of order.
    fn is_out_of_order(&self, now: SimTime) -> bool {
        let now = now.since(SimTime::ZERO);
        self.service_outages.iter().any(|outage| (outage.from..outage.to).contains(&now))
    }
}
