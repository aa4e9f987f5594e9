//! One function: its running invocations, and what holds them together with environments, limits and the queue.
//!
//! One actor for all its invocations: they lie in an order of their own, and the function's next wake-up is the earliest of a
//! completion, a try from the queue, the end of an idle environment and the readiness of provisioned ones.

use crate::distribution::{Distribution, DistributionSpec};
use crate::engine::{
    Call, Class, Concurrency, DestinationId, Ending, Events, Fact, FunctionId, InvocationType, Invoke, Reason, Run,
    Settle, SourceId, Verdict, Wake,
};
use crate::profile::Rules;
use crate::random::Key;
use crate::recording::{Context, Started};
use crate::time::{SimDuration, SimTime};

use super::account::Account;
use super::admission::Admission;
use super::async_queue::{AsyncQueue, Extra};
use super::caller::Caller;
use super::ending::End;
use super::environments::{Environment, Environments};
use super::first_tries::Fresh;
use super::handler::Handler;
use super::init::{Init, Preparation};
use super::provisioned::Provisioned;
use super::soonest::{Soonest, Timed};
use super::waiting::{Role, Waiting};
use super::{DEFAULT_QUEUE_DELAY, FunctionSpec, RecursiveLoop, Shared};

/// The draw of the way through the asynchronous queue, below the event's key beside its deliveries.
const QUEUE_DELAY: &str = "queue_delay";
/// Whether the queue holds an event twice, below the event's key; and the key of all draws of a source's copies.
pub(super) const DUPLICATE: &str = "duplicate";

/// Where a function's messages go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Destinations {
    pub on_failure: Option<DestinationId>,
    pub on_success: Option<DestinationId>,
    pub dead_letter_queue: Option<DestinationId>,
    /// Whether `on_failure` is a function.
    pub on_failure_calls: bool,
}

/// One function of a run.
// In this order, and from the beginning of a line of the cache: what each invocation touches lies together, so that thousands of
// sources and functions find room in the caches.
#[repr(C, align(64))]
pub(super) struct Function {
    pub(super) id: FunctionId,
    pub(super) admission: Admission,
    pub(super) provisioned: Option<Box<Provisioned>>,
    pub(super) environments: Environments,
    /// When each running invocation ends, with its number and its environment's slot.
    pub(super) running: Soonest,
    pub(super) queue: AsyncQueue,
    /// The invocation of each busy environment, by slot; that of an idle one is over.
    pub(super) invocations: Vec<Option<Invocation>>,
    pub(super) init: Box<Init>,
    /// The runs of events of each of them, where there are any; by slot, too. They lie apart so that an invocation owns nothing, and is
    /// written where it lies.
    pub(super) runs: Vec<Option<Box<[Run]>>>,
    /// The event from that queue that each invocation tries, where it is one of those; by slot, too.
    pub(super) tried: Vec<Waiting>,
    handler: Handler,
    queue_delay: Distribution,
    pub(super) destinations: Destinations,
    pub(super) recursive_loop: RecursiveLoop,
}

/// A running invocation, in one line of the cache. Its number, its environment's slot and its end are known from [`Timed`].
#[repr(align(64))]
pub(super) struct Invocation {
    /// Its environment's number.
    pub environment: u64,
    pub source: SourceId,
    pub attempt: u32,
    /// The first event, and how many there are.
    pub first: u64,
    pub count: u32,
    pub emitted: SimTime,
    pub started: SimTime,
    pub init: SimDuration,
    pub concurrency: Concurrency,
    pub ending: Ending,
    /// Whether what its end comes to depends on earlier tries from the function's own queue, or the queue wants the answer; else the
    /// source does, unless it only counts.
    pub is_queued: bool,
    /// What its end means to its source.
    pub end: End,
    /// The source's own number for the call.
    pub handle: u64,
}

/// What is needed to start an invocation.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub source: SourceId,
    /// The first event, and how many there are.
    pub first: u64,
    pub count: u32,
    /// The runs of the events, where they are kept.
    pub runs: Option<&'a [Run]>,
    pub emitted: SimTime,
    pub attempt: u32,
    pub deliveries: u32,
    pub handler: Option<SimDuration>,
    pub poisoned: u32,
    /// The source's own number for the call.
    pub handle: u64,
    /// The event of the function's own queue that is tried, if it is one.
    pub queued: Option<Waiting>,
    /// Whether the source keeps nothing of the call but that it is under way.
    pub forgotten: bool,
}

/// Where an invocation runs.
struct Place {
    concurrency: Concurrency,
    environment: Environment,
    /// Whether the environment is new.
    cold: bool,
}

impl Function {
    pub(super) fn new(
        id: FunctionId,
        spec: &FunctionSpec,
        rules: &Rules,
        destinations: Destinations,
        key: Key,
        sampler: &mut dyn FnMut(&DistributionSpec) -> Distribution,
    ) -> Function {
        let config = spec.event_invoke_config.clone().unwrap_or_default();
        let provisioned = spec.provisioned_concurrent_executions;
        Function {
            id,
            handler: Handler::new(spec, sampler),
            init: Init::new(spec, rules, key, sampler).into(),
            admission: Admission::new(spec, rules),
            environments: Environments::new(
                spec.reuse,
                sampler(&spec.keep_alive),
                spec.max_lifetime.as_ref().map(&mut *sampler),
                key,
            ),
            provisioned: provisioned.map(|count| Provisioned::new(count, spec.provisioned_allocation).into()),
            running: Soonest::new(),
            invocations: Vec::new(),
            runs: Vec::new(),
            tried: Vec::new(),
            queue: AsyncQueue::new(&config),
            queue_delay: sampler(config.queue_delay.as_ref().unwrap_or(&DEFAULT_QUEUE_DELAY)),
            destinations,
            recursive_loop: spec.recursive_loop,
        }
    }

    pub(super) fn next_wake(&self) -> Wake {
        let completion = Wake::new(self.running.next_at(), Class::Completion);
        let retry = Wake::new(self.queue.next_due(), Class::Retry);
        let expiry = Wake::new(self.environments.next_expiry(), Class::Expiry);
        completion.min(retry).min(expiry).min(self.next_ready())
    }

    /// Provisioned environments that are ready at an instant serve the calls of that instant.
    fn next_ready(&self) -> Wake {
        let ready = self.provisioned.as_ref().map_or(SimTime::NEVER, |provisioned| provisioned.next_ready());
        Wake::new(ready, Class::Completion)
    }

    #[inline(always)]
    pub(super) fn wake(&mut self, wake: Wake, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        if wake.is(Class::Completion) && self.provisioned.is_none() {
            self.complete(account, shared, ctx);
        } else {
            self.wake_otherwise(wake, account, shared, ctx);
        }
    }

    #[inline(never)]
    fn wake_otherwise(&mut self, wake: Wake, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        match wake.class() {
            Class::Completion if wake == self.next_ready() => self.begin_provisioned(ctx),
            Class::Completion => self.complete(account, shared, ctx),
            Class::Retry => self.try_queued(account, shared, ctx),
            _ => self.reclaim(ctx),
        }
    }

    /// An idle environment is shut down.
    #[inline(never)]
    fn reclaim(&mut self, ctx: &mut Context<'_>) {
        if let Some(environment) = self.environments.reclaim() {
            ctx.tell(Fact::Reclaimed { function: self.id, environment });
        }
    }

    /// All provisioned environments are ready.
    #[inline(never)]
    fn begin_provisioned(&mut self, ctx: &mut Context<'_>) {
        if let Some(provisioned) = &mut self.provisioned {
            let environments = provisioned.count();
            provisioned.begin((0..environments).map(|_| self.environments.create(ctx.now)).collect());
            ctx.tell(Fact::Provisioned { function: self.id, environments });
        }
    }

    /// Takes a call from a source.
    pub(super) fn invoke(
        &mut self,
        invoke: &Invoke,
        account: &mut Account,
        shared: &mut Shared,
        ctx: &mut Context<'_>,
    ) {
        let id = self.id;
        let call = || Call { source: invoke.source, function: id, events: &invoke.events, attempt: invoke.attempt };
        let answer = |verdict| Settle {
            source: invoke.source,
            function: invoke.function,
            handle: invoke.handle,
            event: invoke.events.first,
            emitted: invoke.emitted,
            attempt: invoke.attempt,
            verdict,
        };
        if !invoke.permission {
            ctx.mention(|| Fact::Denied(call()));
            ctx.settle(answer(Verdict::Denied));
            return;
        }
        if shared.is_out_of_order(ctx.now) {
            ctx.mention(|| Fact::Unavailable(call()));
            ctx.settle(answer(Verdict::Unavailable));
            return;
        }
        match invoke.invocation_type {
            InvocationType::DryRun => {
                ctx.mention(|| Fact::Accepted { call: call(), invocation: None, queued: false });
                ctx.settle(answer(Verdict::Passed));
            }
            InvocationType::Event => {
                ctx.tell(Fact::Accepted { call: call(), invocation: None, queued: true });
                if invoke.receipt {
                    ctx.settle(answer(Verdict::Accepted));
                }
                let event = Fresh {
                    accepted: ctx.now,
                    event: invoke.events.first,
                    emitted: invoke.emitted,
                    source: invoke.source,
                    hops: invoke.hops,
                    role: if invoke.receipt { Role::Told } else { Role::Untold },
                };
                self.enqueue(event, Extra { handler: invoke.handler, poisoned: invoke.poisoned }, shared);
            }
            InvocationType::RequestResponse => match self.admit(account, true, ctx.now) {
                Err(reason) => {
                    ctx.tell(Fact::Throttled(call(), reason));
                    ctx.settle(answer(Verdict::Throttled(reason)));
                }
                Ok(concurrency) => {
                    ctx.mention(|| Fact::Accepted {
                        call: call(),
                        invocation: Some(shared.invocations),
                        queued: false,
                    });
                    if invoke.receipt {
                        ctx.settle(answer(Verdict::Accepted));
                    }
                    let start = Start {
                        source: invoke.source,
                        emitted: invoke.emitted,
                        attempt: invoke.attempt,
                        deliveries: invoke.deliveries,
                        handler: invoke.handler,
                        poisoned: invoke.poisoned,
                        handle: invoke.handle,
                        first: invoke.events.first,
                        count: invoke.events.count,
                        runs: invoke.events.runs.as_deref(),
                        queued: None,
                        forgotten: invoke.forgotten,
                    };
                    self.start(&start, concurrency, account, shared, ctx);
                }
            },
        }
    }

    /// Takes an event into the queue, and perhaps a copy of it.
    #[inline(always)]
    pub(super) fn enqueue(&mut self, event: Fresh, extra: Extra, shared: &mut Shared) {
        let law = &self.queue_delay;
        let caller = &mut shared.callers[event.source.0 as usize];
        let Caller { key, duplicate_rate, .. } = *caller;
        let delay = caller.queue_delays.of(
            self.id,
            key,
            event.event,
            #[inline(always)]
            |keys: &mut [Key], delays: &mut [SimDuration]| {
                Key::name_each(keys, QUEUE_DELAY);
                law.sample_each(keys, delays);
            },
        );
        let copy = key.numbered(event.event).chance(DUPLICATE, duplicate_rate).then(|| {
            let copy = key.named(DUPLICATE).numbered(event.event);
            law.sample(&mut copy.named(QUEUE_DELAY).draws())
        });
        self.enter_queue(event, extra, delay);
        if let Some(delay) = copy {
            self.enter_queue(Fresh { role: Role::Copy, ..event }, extra, delay);
        }
    }

    /// Lets an event, or the copy of one, enter the queue; its way to the first try takes `delay`.
    fn enter_queue(&mut self, event: Fresh, extra: Extra, delay: SimDuration) {
        // A stopped function's events go straight to their destination.
        let delay = if self.admission.is_stopped() { SimDuration::ZERO } else { delay };
        self.queue.enter(event, event.accepted + delay, extra);
    }

    /// Whether one more invocation may run now, and on which concurrency.
    #[inline(always)]
    pub(super) fn admit(
        &mut self,
        account: &mut Account,
        synchronous: bool,
        now: SimTime,
    ) -> Result<Concurrency, Reason> {
        let idle = self.environments.any_idle();
        self.admission.admit(account, self.provisioned.as_deref_mut(), idle, synchronous, now)
    }

    /// An environment for an admitted invocation, and what the invocation has to wait for in it.
    fn environment(&mut self, concurrency: Concurrency, now: SimTime) -> (Environment, bool, Preparation) {
        let warm = match (concurrency, &mut self.provisioned) {
            (Concurrency::Provisioned, Some(provisioned)) => provisioned.take(),
            _ => self.environments.take(),
        };
        let Some(environment) = warm else {
            let environment = self.environments.create(now);
            return (environment, true, self.init.cold(environment.number));
        };
        let preparation = match self.environments.take_reset(environment) {
            Some(resets) => self.init.suppressed(environment.number, resets),
            None => Preparation::default(),
        };
        (environment, false, preparation)
    }

    /// Starts an admitted invocation.
    #[inline(always)]
    pub(super) fn start(
        &mut self,
        start: &Start<'_>,
        concurrency: Concurrency,
        account: &mut Account,
        shared: &mut Shared,
        ctx: &mut Context<'_>,
    ) {
        // Mostly an environment is warm, and nothing has to be done in it.
        if concurrency == Concurrency::OnDemand
            && !self.environments.any_reset()
            && let Some(environment) = self.environments.take()
        {
            let place = Place { concurrency: Concurrency::OnDemand, environment, cold: false };
            self.begin(start, place, Preparation::default(), account, shared, ctx);
        } else {
            // A copy, so that what is usual need not lie in memory.
            let start = *start;
            self.start_otherwise(&start, concurrency, account, shared, ctx);
        }
    }

    #[inline(never)]
    fn start_otherwise(
        &mut self,
        start: &Start<'_>,
        concurrency: Concurrency,
        account: &mut Account,
        shared: &mut Shared,
        ctx: &mut Context<'_>,
    ) {
        let (environment, cold, preparation) = self.environment(concurrency, ctx.now);
        self.begin(start, Place { concurrency, environment, cold }, preparation, account, shared, ctx);
    }

    /// An admitted invocation begins at a place that was found for it.
    #[inline(always)]
    fn begin(
        &mut self,
        start: &Start<'_>,
        place: Place,
        preparation: Preparation,
        account: &mut Account,
        shared: &mut Shared,
        ctx: &mut Context<'_>,
    ) {
        let Place { concurrency, environment, cold } = place;
        let number = shared.invocations;
        shared.invocations += 1;
        shared.running += 1;
        self.admission.enter(account, concurrency);
        let caller = &mut shared.callers[start.source.0 as usize];
        let run = self.handler.run(start, self.id, preparation.inside, caller, ctx.now);
        if run.resets {
            self.environments.reset(environment);
        }
        let (init, handler) = (preparation.cold, run.length);
        let queued_since = start.queued.map(|event| event.accepted);
        let (source, function, records) = (start.source, self.id, start.count);
        if ctx.watched {
            let (start, started) = (*start, Started { source, function, records, cold, concurrency, queued_since });
            self.tell_start(&start, number, environment, &started, ctx);
        } else {
            ctx.recorder.started(ctx.now, Started { source, function, records, cold, concurrency, queued_since });
        }
        self.running.push(Timed::new(ctx.now + (init + handler), number, environment.slot));
        let slot = environment.slot as usize;
        let end = if run.ending == Ending::Success { self.end_of(start, ctx) } else { End::IsHeard };
        // Where nothing came before and nothing comes after, it is as if the event had never been in the queue.
        let is_alone = |event: &Waiting| end == End::Counts && event.is_tried_once();
        let is_queued = match &start.queued {
            Some(event) if is_alone(event) => {
                self.queue.forget(event);
                false
            }
            Some(event) => {
                match self.tried.get_mut(slot) {
                    Some(tried) => *tried = *event,
                    None => self.tried.resize(slot + 1, *event),
                }
                true
            }
            None => false,
        };
        let invocation = Invocation {
            environment: environment.number,
            source: start.source,
            attempt: start.attempt,
            first: start.first,
            count: start.count,
            emitted: start.emitted,
            started: ctx.now,
            init,
            concurrency,
            ending: run.ending,
            is_queued,
            end,
            handle: start.handle,
        };
        if self.invocations.len() <= slot {
            self.invocations.resize_with(slot + 1, || None);
        }
        self.invocations[slot] = Some(invocation);
    }

    /// Tells a start to those who read facts.
    #[cold]
    #[inline(never)]
    fn tell_start(
        &mut self,
        start: &Start<'_>,
        invocation: u64,
        environment: Environment,
        started: &Started,
        ctx: &mut Context<'_>,
    ) {
        let runs: Option<Box<[Run]>> = start.runs.map(Box::from);
        if runs.is_some() {
            let slot = environment.slot as usize;
            self.runs.resize(self.runs.len().max(slot + 1), None);
            self.runs[slot].clone_from(&runs);
        }
        let events = Events { first: start.first, count: start.count, runs };
        let Started { source, function, cold, concurrency, queued_since, .. } = *started;
        let call = Call { source, function, events: &events, attempt: start.attempt };
        let environment = environment.number;
        ctx.tell(Fact::Started { call, invocation, environment, cold, concurrency, queued_since });
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// Nothing is wrong where this fails, but thousands of functions are slower.
    #[test]
    fn what_an_invocation_touches_lies_in_few_lines() {
        assert_eq!(size_of::<Option<Invocation>>(), 64);
        let parts = [offset_of!(Function, environments), offset_of!(Function, running), offset_of!(Function, handler)];
        assert!(parts.iter().all(|offset| offset % 64 == 0), "{parts:?}");
    }
}
