//! One function: admission, running invocations, environments, asynchronous queue.
//!
//! One actor for all its invocations: they lie in a heap of their own, and the function's next wake-up is the earliest of a
//! completion, a try from the queue and the end of an idle environment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::distribution::{Distribution, DistributionSpec};
use crate::engine::{
    Call, Class, Concurrency, Condition, Context, DestinationId, Ending, Events, Fact, Fate, FunctionId,
    InvocationType, Invoke, Part, Parts, Reason, Settle, SourceId, Verdict, Wake,
};
use crate::profile::{Rules, Scaling};
use crate::random::Key;
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::account::{Account, requests_per_second};
use super::async_queue::{AsyncQueue, Next, Waiting};
use super::environments::{Environment, Environments};
use super::{DEFAULT_INIT, DEFAULT_QUEUE_DELAY, FunctionSpec, Limit, Outage, Shared};

/// Purposes of an event's draws, below the key of the event and the number of its delivery.
const HANDLER: u64 = 0;
const ERROR: u64 = 1;
const ERROR_DURATION: u64 = 2;
/// The draw of the way through the asynchronous queue, below the event's key beside its deliveries.
const QUEUE_DELAY: &str = "queue_delay";

/// Seconds over which the scaling rate is stated.
const SCALING_PERIOD: f64 = 10.0;

/// "Lambda stops the next invocation" of an event "if your function is invoked approximately 16 times in the same chain of requests"
/// (AWS Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops").
/// Assumption: exactly 16, and all functions of the chain count together.
pub(super) const MOST_HOPS: u32 = 16;

/// Where a function's messages go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Destinations {
    pub on_failure: Option<DestinationId>,
    pub on_success: Option<DestinationId>,
    pub dead_letter_queue: Option<DestinationId>,
}

/// One function of a run.
pub(super) struct Function {
    id: FunctionId,
    handler: Handler,
    reserved: Option<u64>,
    /// Requests per second of the reserved share.
    requests: Option<TokenBucket>,
    /// New environments.
    scaling: Option<TokenBucket>,
    /// Whether a rate of its own is set, instead of the account's share.
    scales_alone: bool,
    in_use: u64,
    environments: Environments,
    running: BinaryHeap<Reverse<Running>>,
    /// The invocation of each busy environment, by slot.
    invocations: Vec<Option<Invocation>>,
    queue: AsyncQueue,
    queue_delay: Distribution,
    destinations: Destinations,
    key: Key,
}

/// How the handler behaves.
struct Handler {
    duration: Distribution,
    duration_per_record: SimDuration,
    error_duration: Option<Distribution>,
    init_duration: Distribution,
    timeout: SimDuration,
    error_rate: f64,
    outages: Vec<Outage>,
}

/// When a running invocation ends, its number and its environment's slot, packed so that one comparison orders them: first
/// by time, then first come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Running(u128);

/// Bits of a slot, below those of the number: 16 million busy environments, a million million invocations.
const SLOT_BITS: u32 = 24;

impl Running {
    fn new(ends: SimTime, number: u64, slot: u32) -> Running {
        assert!(slot < 1 << SLOT_BITS && number < 1 << (64 - SLOT_BITS), "more invocations than a run can number");
        Running((u128::from(ends.nanos()) << 64) | (u128::from(number) << SLOT_BITS) | u128::from(slot))
    }

    fn ends(self) -> SimTime {
        SimTime::from_nanos((self.0 >> 64) as u64)
    }

    fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }
}

/// A running invocation.
struct Invocation {
    number: u64,
    environment: Environment,
    source: SourceId,
    events: Events,
    emitted: SimTime,
    attempt: u32,
    started: SimTime,
    init: SimDuration,
    handler: SimDuration,
    billed: SimDuration,
    concurrency: Concurrency,
    ending: Ending,
    caller: Caller,
}

/// Who wants the answer of an invocation.
enum Caller {
    /// The source, under its own number.
    Source { handle: u64 },
    /// The function's own queue; boxed, so that synchronous invocations stay small.
    Queue(Box<Waiting>),
}

/// What is needed to start an invocation.
struct Start {
    source: SourceId,
    events: Events,
    emitted: SimTime,
    attempt: u32,
    deliveries: u32,
    handler: Option<SimDuration>,
    poisoned: u32,
    caller: Caller,
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
        let own = spec.scaling_rate.map(Limit::count);
        let scaling = own.unwrap_or(match rules.scaling {
            Scaling::Function { environments } => Some(environments),
            Scaling::Region { .. } => None,
        });
        let scaling = scaling.map(|most| TokenBucket::new(most as f64 / SCALING_PERIOD, most as f64));
        Function {
            id,
            handler: Handler {
                duration: sampler(&spec.duration),
                duration_per_record: spec.duration_per_record,
                error_duration: spec.error_duration.as_ref().map(&mut *sampler),
                init_duration: sampler(spec.init_duration.as_ref().unwrap_or(&DEFAULT_INIT)),
                timeout: spec.timeout,
                error_rate: spec.error_rate,
                outages: spec.outages.clone(),
            },
            reserved: spec.reserved_concurrent_executions,
            requests: spec.reserved_concurrent_executions.filter(|limit| *limit > 0).map(requests_per_second),
            scaling,
            scales_alone: own.is_some(),
            in_use: 0,
            environments: Environments::new(
                spec.reuse,
                sampler(&spec.keep_alive),
                spec.max_lifetime.as_ref().map(&mut *sampler),
                key,
            ),
            running: BinaryHeap::new(),
            invocations: Vec::new(),
            queue: AsyncQueue::new(&config),
            queue_delay: sampler(config.queue_delay.as_ref().unwrap_or(&DEFAULT_QUEUE_DELAY)),
            destinations,
            key,
        }
    }

    pub(super) fn next_wake(&self) -> Option<Wake> {
        let completion = self.running.peek().map(|Reverse(next)| Wake::new(next.ends(), Class::Completion));
        let retry = self.queue.next_due().map(|at| Wake::new(at, Class::Retry));
        let expiry = self.environments.next_expiry().map(|at| Wake::new(at, Class::Expiry));
        Wake::earlier(Wake::earlier(completion, retry), expiry)
    }

    pub(super) fn wake(&mut self, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        match self.next_wake().map(|wake| wake.class) {
            Some(Class::Completion) => self.complete(account, shared, ctx),
            Some(Class::Retry) => self.try_queued(account, shared, ctx),
            Some(Class::Expiry) => {
                if let Some(environment) = self.environments.reclaim() {
                    ctx.tell(Fact::Reclaimed { function: self.id, environment });
                }
            }
            _ => {}
        }
    }

    /// Takes a call from a source.
    pub(super) fn invoke(&mut self, invoke: Invoke, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        let call = Call { source: invoke.source, function: self.id, events: &invoke.events, attempt: invoke.attempt };
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
            ctx.tell(Fact::Denied(call));
            ctx.settle(answer(Verdict::Denied));
            return;
        }
        if shared.is_out_of_order(ctx.now) {
            ctx.tell(Fact::Unavailable(call));
            ctx.settle(answer(Verdict::Unavailable));
            return;
        }
        match invoke.invocation_type {
            InvocationType::DryRun => {
                ctx.tell(Fact::Accepted { call, invocation: None, queued: false });
                ctx.settle(answer(Verdict::Passed));
            }
            InvocationType::Event => {
                ctx.tell(Fact::Accepted { call, invocation: None, queued: true });
                ctx.tell(Fact::Waiting { source: invoke.source, change: 1 });
                if invoke.receipt {
                    ctx.settle(answer(Verdict::Accepted));
                }
                self.enqueue(&invoke, shared, ctx.now);
            }
            InvocationType::RequestResponse => match self.admit(account, true, ctx.now) {
                Err(reason) => {
                    ctx.tell(Fact::Throttled(call, reason));
                    ctx.settle(answer(Verdict::Throttled(reason)));
                }
                Ok(()) => {
                    ctx.tell(Fact::Accepted { call, invocation: Some(shared.invocations), queued: false });
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
                        caller: Caller::Source { handle: invoke.handle },
                        events: invoke.events,
                    };
                    self.start(start, account, shared, ctx);
                }
            },
        }
    }

    fn enqueue(&mut self, invoke: &Invoke, shared: &Shared, now: SimTime) {
        let key = shared.sources[invoke.source.0 as usize].numbered(invoke.events.first).named(QUEUE_DELAY);
        // A stopped function's events go straight to their destination.
        let delay =
            if self.reserved == Some(0) { SimDuration::ZERO } else { self.queue_delay.sample(&mut key.draws()) };
        self.queue.enter(Waiting {
            due: now + delay,
            accepted: now,
            source: invoke.source,
            event: invoke.events.first,
            emitted: invoke.emitted,
            first_try: SimTime::NEVER,
            first_failure: SimTime::NEVER,
            handler: invoke.handler,
            poisoned: invoke.poisoned,
            hops: invoke.hops,
            throttles: 0,
            errors: 0,
            receipt: invoke.receipt.then_some(invoke.handle),
        });
    }

    /// Whether one more invocation may run now; takes the tokens that it needs only where all are there.
    fn admit(&mut self, account: &mut Account, synchronous: bool, now: SimTime) -> Result<(), Reason> {
        match self.reserved {
            Some(limit) if self.in_use >= limit => {
                return Err(Reason::ReservedFunctionConcurrentInvocationLimitExceeded);
            }
            Some(_) => {}
            None => account.has_concurrency()?,
        }
        let new = !self.environments.any_idle();
        if new && self.scaling.as_ref().is_some_and(|bucket| !bucket.has(now)) {
            return Err(Reason::FunctionInvocationRateLimitExceeded);
        }
        let shares_scaling = new && !self.scales_alone;
        if shares_scaling {
            account.has_environment(now)?;
        }
        if synchronous {
            if self.requests.as_ref().is_some_and(|bucket| !bucket.has(now)) {
                return Err(Reason::ReservedFunctionInvocationRateLimitExceeded);
            }
            account.has_request(now)?;
            account.take_request(now);
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
        Ok(())
    }

    /// Starts an admitted invocation on an idle environment, or on a new one.
    fn start(&mut self, start: Start, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        let number = shared.invocations;
        shared.invocations += 1;
        shared.running += 1;
        self.in_use += 1;
        if self.reserved.is_none() {
            account.enter();
        }
        let warm = self.environments.take();
        let cold = warm.is_none();
        let environment = warm.unwrap_or_else(|| self.environments.create(ctx.now));
        let init = if cold {
            self.handler.init_duration.sample(&mut self.key.numbered(environment.number).draws())
        } else {
            SimDuration::ZERO
        };
        let (handler, ending) = self.handler.run(&start, shared.sources[start.source.0 as usize], ctx.now);
        let queued_since = match &start.caller {
            Caller::Queue(event) => Some(event.accepted),
            Caller::Source { .. } => None,
        };
        let call = Call { source: start.source, function: self.id, events: &start.events, attempt: start.attempt };
        let concurrency = Concurrency::OnDemand;
        ctx.tell(Fact::Started {
            call,
            invocation: number,
            environment: environment.number,
            cold,
            concurrency,
            queued_since,
        });
        self.running.push(Reverse(Running::new(ctx.now + init + handler, number, environment.slot)));
        if self.invocations.len() <= environment.slot as usize {
            self.invocations.resize_with(environment.slot as usize + 1, || None);
        }
        self.invocations[environment.slot as usize] = Some(Invocation {
            number,
            environment,
            source: start.source,
            events: start.events,
            emitted: start.emitted,
            attempt: start.attempt,
            started: ctx.now,
            init,
            handler,
            billed: shared.billed(init, handler),
            concurrency,
            ending,
            caller: start.caller,
        });
    }

    /// Ends the invocation whose time has come.
    fn complete(&mut self, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        let Some(Reverse(next)) = self.running.pop() else { return };
        let slot = next.slot();
        let Some(invocation) = self.invocations[slot as usize].take() else { return };
        shared.running -= 1;
        self.in_use -= 1;
        if self.reserved.is_none() {
            account.leave();
        }
        let Invocation {
            number,
            environment,
            source,
            events,
            emitted,
            attempt,
            started,
            init,
            handler,
            billed,
            concurrency,
            ending,
            caller,
        } = invocation;
        ctx.tell(Fact::Ended {
            call: Call { source, function: self.id, events: &events, attempt },
            invocation: number,
            environment: environment.number,
            started,
            init,
            handler,
            billed,
            concurrency,
            ending,
        });
        if let Some(environment) = self.environments.release(environment, ctx.now) {
            ctx.tell(Fact::Reclaimed { function: self.id, environment });
        }
        match caller {
            Caller::Source { handle } => {
                let verdict = Verdict::Ended { invocation: number, started, init, ending };
                ctx.settle(Settle {
                    source,
                    function: self.id,
                    handle,
                    event: events.first,
                    emitted,
                    attempt,
                    verdict,
                });
            }
            Caller::Queue(event) => self.settle_queued(*event, number, started, init, handler, ending, ctx),
        }
    }

    /// Tries the queued event that is due.
    fn try_queued(&mut self, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        let Some(mut event) = self.queue.pop() else { return };
        event.first_try = event.first_try.min(ctx.now);
        let hopeless = if self.reserved == Some(0) {
            Some(Condition::ZeroReservedConcurrency)
        } else if event.hops >= MOST_HOPS {
            Some(Condition::RecursiveInvocation)
        } else {
            // "Events might age out of the queue before they're ever tried", where the way to the first try is long.
            self.queue.is_too_old(&event, ctx.now).then_some(Condition::EventAgeExceeded)
        };
        if let Some(condition) = hopeless {
            ctx.tell(Fact::Waiting { source: event.source, change: -1 });
            return self.give_up(event, condition, None, ctx);
        }
        let events = Events::one(event.event);
        let call = Call { source: event.source, function: self.id, events: &events, attempt: event.attempt() };
        // "For throttling errors (429) and system errors (500-series)", the event goes back to the queue.
        let admitted =
            if shared.is_out_of_order(ctx.now) { Err(None) } else { self.admit(account, false, ctx.now).map_err(Some) };
        match admitted {
            Ok(()) => {
                ctx.tell(Fact::Waiting { source: event.source, change: -1 });
                let start = Start {
                    source: event.source,
                    emitted: event.emitted,
                    attempt: event.attempt(),
                    deliveries: event.errors,
                    handler: event.handler,
                    poisoned: event.poisoned,
                    caller: Caller::Queue(Box::new(event)),
                    events,
                };
                self.start(start, account, shared, ctx);
            }
            Err(reason) => {
                ctx.tell(reason.map_or(Fact::Unavailable(call), |reason| Fact::Throttled(call, reason)));
                match self.queue.throttled(event, ctx.now) {
                    Next::Retry => ctx.tell(Fact::RetryScheduled(call)),
                    Next::GiveUp(condition) => {
                        event.throttles += 1;
                        ctx.tell(Fact::Waiting { source: event.source, change: -1 });
                        self.give_up(event, condition, None, ctx);
                    }
                }
            }
        }
    }

    /// Decides what follows from a queued event's invocation.
    #[expect(clippy::too_many_arguments, reason = "the parts of an invocation, taken apart by the caller")]
    fn settle_queued(
        &mut self,
        mut event: Waiting,
        invocation: u64,
        started: SimTime,
        init: SimDuration,
        handler: SimDuration,
        ending: Ending,
        ctx: &mut Context<'_>,
    ) {
        let events = Events::one(event.event);
        let call = Call { source: event.source, function: self.id, events: &events, attempt: event.attempt() };
        if ending == Ending::Success {
            let first_failure = event.first_failure.min(started);
            let parts = Parts::of(&[
                (Part::Delivery, event.first_try.since(event.emitted)),
                (Part::Throttled, first_failure.since(event.first_try)),
                (Part::Retry, started.since(first_failure)),
                (Part::Init, init),
                (Part::Handler, handler),
            ]);
            let invoke_count = event.errors + 1;
            ctx.tell(Fact::Settled {
                source: event.source,
                function: Some(self.id),
                event: event.event,
                emitted: event.emitted,
                fate: Fate::Processed,
                parts: Some(&parts),
                invocation: Some(invocation),
                attempt: call.attempt,
                condition: Some(Condition::Success),
                invoke_count,
            });
            if let Some(destination) = self.destinations.on_success {
                ctx.send(destination, call, Condition::Success, invoke_count, event.hops + 1);
            }
            self.conclude(&event, true, ctx);
            return;
        }
        event.first_failure = event.first_failure.min(started);
        match self.queue.failed(event, ctx.now) {
            Next::Retry => {
                ctx.tell(Fact::Waiting { source: event.source, change: 1 });
                ctx.tell(Fact::RetryScheduled(call));
            }
            Next::GiveUp(condition) => {
                event.errors += 1;
                self.give_up(event, condition, Some(invocation), ctx);
            }
        }
    }

    /// Ends an event, which waits no longer, without success: "Lambda sends a record of the event to the dead-letter queue or on-failure
    /// destination" before it drops it (AWS Lambda Developer Guide, "Error handling for asynchronous invocation").
    fn give_up(&mut self, event: Waiting, condition: Condition, invocation: Option<u64>, ctx: &mut Context<'_>) {
        let destinations: Vec<_> =
            [self.destinations.dead_letter_queue, self.destinations.on_failure].into_iter().flatten().collect();
        let attempt = event.throttles + event.errors;
        let fate = match condition {
            _ if !destinations.is_empty() => Fate::DeadLettered,
            Condition::EventAgeExceeded => Fate::Expired,
            _ => Fate::Dropped,
        };
        ctx.tell(Fact::Settled {
            source: event.source,
            function: Some(self.id),
            event: event.event,
            emitted: event.emitted,
            fate,
            parts: None,
            invocation,
            attempt,
            condition: Some(condition),
            invoke_count: event.errors,
        });
        let events = Events::one(event.event);
        let call = Call { source: event.source, function: self.id, events: &events, attempt };
        for destination in destinations {
            ctx.send(destination, call, condition, event.errors, event.hops + 1);
        }
        self.conclude(&event, false, ctx);
    }

    fn conclude(&self, event: &Waiting, processed: bool, ctx: &mut Context<'_>) {
        if let Some(handle) = event.receipt {
            let attempt = event.throttles + event.errors + u32::from(processed);
            let verdict = Verdict::Concluded { processed };
            ctx.settle(Settle {
                source: event.source,
                function: self.id,
                handle,
                event: event.event,
                emitted: event.emitted,
                attempt,
                verdict,
            });
        }
    }
}

impl Shared {
    /// "Duration is calculated from the time your code begins executing until it returns or otherwise terminates, rounded up to the
    /// nearest 1 ms" (AWS Lambda pricing); the rules of the time say to how many, and whether the cold start belongs to it.
    fn billed(&self, init: SimDuration, handler: SimDuration) -> SimDuration {
        let length = if self.rules.init_is_billed { init + handler } else { handler };
        let step = self.rules.billing_increment;
        step.saturating_mul(length.nanos().div_ceil(step.nanos()))
    }

    /// Whether Lambda's own service is out of order.
    fn is_out_of_order(&self, now: SimTime) -> bool {
        let now = now.since(SimTime::ZERO);
        self.service_outages.iter().any(|outage| (outage.from..outage.to).contains(&now))
    }
}

impl Handler {
    /// How long the handler takes for this start, and how it ends.
    fn run(&self, start: &Start, source: Key, now: SimTime) -> (SimDuration, Ending) {
        let key = source.numbered(start.events.first).numbered(u64::from(start.deliveries));
        let error_rate = self
            .outages
            .iter()
            .find(|outage| (outage.from..outage.to).contains(&now.since(SimTime::ZERO)))
            .map_or(self.error_rate, |outage| outage.error_rate);
        let fails = start.deliveries < start.poisoned || (error_rate > 0.0 && key.numbered(ERROR).unit() < error_rate);
        let records = self.duration_per_record.saturating_mul(u64::from(start.events.count));
        let handler = match &self.error_duration {
            Some(error_duration) if fails => error_duration.sample(&mut key.numbered(ERROR_DURATION).draws()),
            _ => start.handler.unwrap_or_else(|| self.duration.sample(&mut key.numbered(HANDLER).draws())) + records,
        };
        // "The amount of time that Lambda allows a function to run before stopping it" (API reference, Timeout).
        if handler > self.timeout {
            (self.timeout, Ending::Timeout)
        } else if fails {
            (handler, Ending::Error)
        } else {
            (handler, Ending::Success)
        }
    }
}
