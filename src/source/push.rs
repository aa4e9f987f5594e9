//! The push machine: a service that calls Lambda itself, one event at a time.
//!
//! What differs between services is in their [`Plan`]: how the function is called, the way from the event to Lambda and back,
//! how long a caller waits, a rate limit before Lambda, and whether the client tries again.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::arrivals::{Arrivals, ArrivalsSpec};
use crate::distribution::{Distribution, DistributionSpec};
use crate::engine::{
    Answer, Calls, Class, DestinationId, DestinationKind, Ending, Events, Fact, FunctionId, InvocationType, Invoke,
    Settle, SourceId, Verdict, Wake,
};
use crate::inputs::InputError;
use crate::profile::{Feature, Rules};
use crate::random::Key;
use crate::recording::{After, Context};
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;
use crate::units::Size;

use super::common::Common;
use super::plan::{Plan, Schedule, Waiter, cron_moments};
use super::poison::Poison;
use super::sender::DEAD_LETTER_QUEUE;
use super::{Definition, EventSource, Figures, KeyProblem, Kind, Mode, Shape, Site, first_at, merged};

/// Largest request of a synchronous call: "6 MB (synchronous)" (AWS Lambda Developer Guide, "Lambda quotas").
pub(super) const SYNCHRONOUS_PAYLOAD: u64 = 6 * 1024 * 1024;

/// The keys of a push service.
pub(super) trait PushService:
    std::fmt::Debug + Send + Sync + JsonSchema + for<'de> Deserialize<'de> + 'static
{
    /// How it calls Lambda.
    fn plan(&self) -> Plan;
    /// The distributions among its keys.
    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        vec![]
    }
    /// What no single key can show to be wrong.
    fn problems(&self, _common: &Common) -> Vec<KeyProblem> {
        vec![]
    }
    /// What it takes for granted.
    fn assumptions(&self) -> Vec<String> {
        vec![]
    }
    /// What it uses that AWS did not always have.
    fn features(&self) -> Vec<Feature> {
        vec![]
    }
    /// The HTTP status of each answer that its callers can get, where it speaks HTTP.
    fn statuses(&self, _common: &Common) -> Vec<(Answer, u16)> {
        vec![]
    }
}

/// The kind of a push service.
pub(super) const fn kind<T: PushService>(name: &'static str, about: &'static str) -> Kind {
    Kind {
        name,
        mode: Mode::Push,
        about,
        schema: |generator| merged(vec![Common::json_schema(generator), T::json_schema(generator)]),
        read: |table| {
            let common: Common =
                table.clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
            let service: T = table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
            let plan = service.plan();
            Ok(Box::new(PushDefinition { common, service, plan }))
        },
    }
}

#[derive(Debug)]
struct PushDefinition<T> {
    common: Common,
    service: T,
    plan: Plan,
}

impl<T> PushDefinition<T> {
    /// Bytes of the largest event that Lambda takes.
    fn most_payload(&self, rules: &Rules) -> u64 {
        match self.plan.invocation_type {
            InvocationType::Event => rules.asynchronous_payload,
            _ => SYNCHRONOUS_PAYLOAD,
        }
    }
}

impl<T: PushService> Definition for PushDefinition<T> {
    fn common(&self) -> &Common {
        &self.common
    }

    fn invocation_type(&self) -> InvocationType {
        self.plan.invocation_type
    }

    fn figures(&self) -> Figures {
        let asynchronous = self.plan.invocation_type == InvocationType::Event;
        Figures {
            response: !asynchronous || self.plan.waiter != Waiter::Caller,
            backlog: asynchronous,
            iterator_age: false,
            latency: true,
        }
    }

    fn is_endless(&self) -> bool {
        self.plan.schedule.is_some() || self.common.arrivals.as_ref().is_some_and(ArrivalsSpec::is_endless)
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        self.service.distributions()
    }

    fn features(&self) -> Vec<Feature> {
        self.service.features()
    }

    fn advice(&self, _: SimDuration, _: Option<u64>, rules: &Rules) -> Vec<String> {
        let (payload, most) = (Size(self.common.payload_bytes()), Size(self.most_payload(rules)));
        let kind = if self.plan.invocation_type == InvocationType::Event { "an asynchronous" } else { "a synchronous" };
        let profile = rules.profile.name();
        let refused = || {
            format!(
                "an event holds {payload}, and Lambda takes at most {most} in {kind} call under profile {profile}: it refuses every one"
            )
        };
        (payload > most).then(refused).into_iter().collect()
    }

    fn statuses(&self) -> Vec<(Answer, u16)> {
        self.service.statuses(&self.common)
    }

    fn shape(&self) -> Shape {
        let Plan { invocation_type, throttle, client_retry, schedule, .. } = &self.plan;
        let is_plain = throttle.is_none() && client_retry.is_none() && schedule.is_none();
        if is_plain && *invocation_type != InvocationType::DryRun { Shape::Calls } else { Shape::Other }
    }

    fn problems(&self) -> Vec<KeyProblem> {
        let mut problems = self.service.problems(&self.common);
        if self.common.arrivals.is_none() && self.plan.schedule.is_none() && problems.is_empty() {
            problems.push((vec![], "this source has no `arrivals`: when do its events occur?".into()));
        }
        if matches!(self.common.arrivals, Some(ArrivalsSpec::Clients { .. }))
            && self.plan.invocation_type == InvocationType::Event
        {
            problems.push((
                vec!["arrivals", "clients"],
                "a closed loop of clients needs answers to wait for: synchronous sources only".into(),
            ));
        }
        problems
    }

    fn destinations(&self) -> Vec<(&'static str, &DestinationKind)> {
        let keeps = self.plan.sender.is_some_and(|sender| sender.dead_letter_queue);
        if keeps { vec![("dead_letter_queue", &DEAD_LETTER_QUEUE)] } else { vec![] }
    }

    fn assumptions_in_outages(&self) -> Vec<String> {
        self.plan.sender.map(|sender| sender.assumptions()).unwrap_or_default()
    }

    fn assumptions(&self) -> Vec<String> {
        let mut assumptions = self.service.assumptions();
        if let Some(ArrivalsSpec::Clients { least_round, .. }) = &self.common.arrivals {
            assumptions
                .push(format!("a client that is answered in no time sends again {least_round} later at the earliest"));
        }
        assumptions
    }

    fn build(&self, site: Site<'_>) -> Result<Box<dyn EventSource>, InputError> {
        let until = site.until.unwrap_or(SimTime::NEVER);
        let key = site.key.named("arrivals");
        let arrivals = match (&self.plan.schedule, &self.common.arrivals) {
            (Some(Schedule::Cron(cron)), _) => Arrivals::calendar(cron_moments(cron, site.start), site.start, until),
            (Some(Schedule::Rate(period)), _) => {
                Arrivals::new(&ArrivalsSpec::Every(*period), until, key, site.inputs, site.functions)?
            }
            (None, Some(spec)) => Arrivals::new(spec, until, key, site.inputs, site.functions)?,
            (None, None) => Arrivals::new(&ArrivalsSpec::At(vec![]), until, key, site.inputs, site.functions)?,
        };
        let clients = match &self.common.arrivals {
            Some(ArrivalsSpec::Clients { count, think_time, least_round }) => {
                let mut clients = Clients {
                    think_time: (site.sampler)(think_time),
                    least_round: *least_round,
                    sends: BTreeSet::new(),
                    thoughts: 0,
                    key,
                    until,
                };
                (0..*count).for_each(|_| clients.think(None, SimTime::ZERO));
                Some(Box::new(clients))
            }
            _ => None,
        };
        let takes_payload = self.common.payload_bytes() <= self.most_payload(&site.rules);
        let permission = self.common.permission && takes_payload;
        let poison = Some(Poison::new(&self.common, site.key)).filter(Poison::any).map(Box::new);
        let delivery = (site.sampler)(&self.plan.delivery);
        let remembers = self.plan.patience.is_some() || self.plan.client_retry.is_some() || clients.is_some();
        let calls_at_once = permission
            && self.plan.invocation_type != InvocationType::DryRun
            && delivery.constant() == Some(SimDuration::ZERO)
            && self.plan.waiter == Waiter::Caller
            && self.plan.throttle.is_none()
            && poison.is_none()
            && !remembers;
        Ok(Box::new(Push {
            id: site.id,
            key: site.key,
            target: site.target,
            dead_letter_queue: (site.destination)("dead_letter_queue"),
            invocation_type: self.plan.invocation_type,
            waiter: self.plan.waiter,
            permission,
            poison,
            delivery,
            answer: (site.sampler)(&self.plan.answer),
            bucket: self.plan.throttle.map(|(rate, burst)| TokenBucket::new(rate, burst).into()),
            remembers,
            calls_at_once,
            plan: self.plan.clone().into(),
            arrivals,
            clients,
            emitted: 0,
            on_the_way: BinaryHeap::new(),
            calls: FxHashMap::default(),
            deadlines: BTreeSet::new(),
            retries: BTreeSet::new(),
        }))
    }
}

/// A closed loop: when each client sends next.
pub(super) struct Clients {
    think_time: Distribution,
    /// From a request that is answered at once to the next, at least.
    least_round: SimDuration,
    sends: BTreeSet<(SimTime, u64)>,
    thoughts: u64,
    key: Key,
    until: SimTime,
}

impl Clients {
    /// A client that sent at `sent` and has its answer at `answered` thinks, and will then send.
    pub(super) fn think(&mut self, sent: Option<SimTime>, answered: SimTime) {
        let mut at = answered + self.think_time.sample(&mut self.key.numbered(self.thoughts).draws());
        if sent == Some(answered) {
            at = at.max(answered + self.least_round);
        }
        if at < self.until {
            self.sends.insert((at, self.thoughts));
        }
        self.thoughts += 1;
    }
}

/// A request on its way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) event: u64,
    pub(super) emitted: SimTime,
    pub(super) attempt: u32,
    pub(super) deliveries: u32,
    pub(super) function: FunctionId,
    pub(super) handler: Option<SimDuration>,
}

/// What is remembered of a call whose caller may run out of patience or try again.
pub(super) struct Remembered {
    pub(super) request: Request,
    /// When Lambda got the last try.
    pub(super) handed: SimTime,
    /// The first 429; never, before it.
    pub(super) first_throttle: SimTime,
    /// The start of the first try that failed otherwise; never, before it.
    pub(super) first_failure: SimTime,
}

/// A running push source.
// In this order, and from the beginning of a line of the cache: what each event touches lies together, so that thousands of sources
// and functions find room in the caches.
#[repr(C, align(64))]
pub(super) struct Push {
    pub(super) id: SourceId,
    target: FunctionId,
    pub(super) key: Key,
    emitted: u64,
    /// Whether calls are remembered.
    pub(super) remembers: bool,
    permission: bool,
    /// Whether an event is a call at once, and no two events differ but by their numbers and instants.
    calls_at_once: bool,
    /// As the plan says, which lies apart.
    pub(super) invocation_type: InvocationType,
    pub(super) waiter: Waiter,
    bucket: Option<Box<TokenBucket>>,
    poison: Option<Box<Poison>>,
    pub(super) on_the_way: BinaryHeap<Reverse<(SimTime, Request)>>,
    delivery: Distribution,
    arrivals: Arrivals,
    pub(super) answer: Distribution,
    pub(super) calls: FxHashMap<u64, Remembered>,
    /// Where its own dead letters go.
    pub(super) dead_letter_queue: Option<DestinationId>,
    pub(super) plan: Box<Plan>,
    pub(super) clients: Option<Box<Clients>>,
    deadlines: BTreeSet<(SimTime, u64)>,
    pub(super) retries: BTreeSet<(SimTime, u64)>,
}

impl EventSource for Push {
    fn next_wake(&self) -> Wake {
        let arrival = Wake::new(self.arrivals.next(), Class::Arrival);
        if self.on_the_way.is_empty() && !self.remembers {
            return arrival;
        }
        let client = self.clients.as_ref().map_or(SimTime::NEVER, |clients| first_at(&clients.sends));
        let hop = self.on_the_way.peek().map_or(SimTime::NEVER, |Reverse((at, _))| *at);
        arrival
            .min(Wake::new(client, Class::Arrival))
            .min(Wake::new(hop.min(first_at(&self.retries)), Class::Retry))
            .min(Wake::new(first_at(&self.deadlines), Class::Expiry))
    }

    fn wake(&mut self, wake: Wake, ctx: &mut Context<'_>) -> Wake {
        self.act(wake.class(), ctx);
        self.next_wake()
    }

    fn settle(&mut self, settle: &Settle, ctx: &mut Context<'_>) -> Option<Wake> {
        self.hear(settle, ctx);
        // Nothing follows from the end of a call that is not remembered.
        let is_over = !self.remembers && matches!(settle.verdict, Verdict::Ended { .. });
        (!is_over).then(|| self.next_wake())
    }

    #[inline]
    fn calls(&self, _ctx: &Context<'_>) -> Option<Calls<'_>> {
        let instants = if self.calls_at_once { self.arrivals.instants() } else { &[] };
        (!instants.is_empty()).then_some(Calls {
            source: self.id,
            function: self.target,
            invocation_type: self.invocation_type,
            first: self.emitted,
            handles: (handle_of(None), 0),
            instants,
        })
    }

    #[inline]
    fn called(&mut self, calls: usize, ctx: &mut Context<'_>) -> Wake {
        self.emitted += calls as u64;
        self.arrivals.take(calls);
        ctx.recorder.emitted_together(ctx.now, self.id, calls as u64);
        Wake::new(self.arrivals.next(), Class::Arrival)
    }

    fn after(&self) -> Option<After> {
        let forgets = self.invocation_type == InvocationType::RequestResponse && !self.remembers;
        self.answer.constant().filter(|_| forgets).map(After::Answer)
    }

    fn is_exhausted(&self) -> bool {
        self.arrivals.next() == SimTime::NEVER
            && self.clients.as_ref().is_none_or(|clients| clients.sends.is_empty() && self.calls.is_empty())
    }
}

impl Push {
    #[inline(always)]
    fn act(&mut self, class: Class, ctx: &mut Context<'_>) {
        match class {
            Class::Arrival => self.emit(ctx),
            Class::Retry => {
                if self.retries.first().is_some_and(|(at, _)| *at <= ctx.now) {
                    let Some((_, event)) = self.retries.pop_first() else { return };
                    if let Some(request) = self.calls.get(&event).map(|call| call.request) {
                        self.send(request, ctx);
                    }
                } else if let Some(Reverse((_, request))) = self.on_the_way.pop() {
                    self.hand_over(request, ctx);
                }
            }
            Class::Expiry => {
                if let Some((_, event)) = self.deadlines.pop_first() {
                    self.unanswered(event, ctx);
                }
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn hear(&mut self, settle: &Settle, ctx: &mut Context<'_>) {
        if self.remembers {
            // A try is waited for until its deadline, which is taken out with the answer or when it is over.
            let awaited = self.calls.get(&settle.event).is_some_and(|call| {
                call.request.attempt == settle.attempt
                    && self
                        .plan
                        .patience
                        .is_none_or(|patience| self.deadlines.remove(&(call.handed + patience, settle.event)))
            });
            // An answer to a try that the caller has given up changes nothing.
            if !awaited && matches!(settle.verdict, Verdict::Ended { .. }) {
                return;
            }
        }
        match settle.verdict {
            // Lambda's 202 is the answer.
            Verdict::Accepted if self.waiter == Waiter::Acceptance => self.answered(settle, ctx),
            Verdict::Accepted => {}
            Verdict::Unavailable => self.refused(settle, Answer::Unavailable, ctx),
            Verdict::Denied => self.refused(settle, Answer::Refused, ctx),
            Verdict::Throttled(_) => self.refused(settle, Answer::Throttled, ctx),
            Verdict::Passed => self.passed(settle, ctx),
            Verdict::Ended { invocation, started, init, ending: Ending::Success } => {
                self.processed(settle, invocation, started, init, ctx);
            }
            Verdict::Ended { started, .. } => {
                if let Some(call) = self.calls.get_mut(&settle.event) {
                    call.request.deliveries += 1;
                    call.first_failure = call.first_failure.min(started);
                }
                self.refused(settle, Answer::FunctionError, ctx);
            }
            Verdict::Concluded { processed } => {
                if let Waiter::Outcome(patience) = self.waiter {
                    let waited = if processed { ctx.now.since(settle.emitted).min(patience) } else { patience };
                    let answer = if processed { Answer::Done } else { Answer::Timeout };
                    ctx.tell(Fact::Answered { source: self.id, emitted: settle.emitted, waited, answer });
                }
            }
        }
    }

    /// The next event occurs.
    fn emit(&mut self, ctx: &mut Context<'_>) {
        let (handler, function) = if self.arrivals.next() == ctx.now {
            let arrival = self.arrivals.pop();
            arrival.map_or((None, None), |arrival| (arrival.handler, arrival.function))
        } else {
            self.clients.as_mut().map(|clients| clients.sends.pop_first());
            (None, None)
        };
        let event = self.emitted;
        self.emitted += 1;
        ctx.tell(Fact::Emitted { source: self.id, event, waits: false });
        let function = function.map_or(self.target, FunctionId);
        let request = Request { event, emitted: ctx.now, attempt: 1, deliveries: 0, function, handler };
        if self.remembers {
            let call =
                Remembered { request, handed: ctx.now, first_throttle: SimTime::NEVER, first_failure: SimTime::NEVER };
            self.calls.insert(event, call);
        }
        self.send(request, ctx);
    }

    /// A request sets out, past the rate limit that stands before Lambda.
    #[inline(always)]
    fn send(&mut self, request: Request, ctx: &mut Context<'_>) {
        if let Some(bucket) = &mut self.bucket {
            if !bucket.try_take(ctx.now) {
                return self.give_up_or_retry(request, Answer::Limited, ctx);
            }
            // A service with a limit of its own charges for what passes it.
            ctx.tell(Fact::Requests { source: self.id, count: 1 });
        }
        let delay = self.delivery.constant().unwrap_or_else(|| {
            self.delivery.sample(
                &mut self.key.numbered(request.event).named("delivery").numbered(u64::from(request.attempt)).draws(),
            )
        });
        if delay.is_zero() {
            self.hand_over(request, ctx);
        } else {
            self.on_the_way.push(Reverse((ctx.now + delay, request)));
        }
    }

    /// Lambda gets a request.
    #[inline(always)]
    fn hand_over(&mut self, request: Request, ctx: &mut Context<'_>) {
        if self.remembers
            && let Some(call) = self.calls.get_mut(&request.event)
        {
            call.handed = ctx.now;
            if let Some(patience) = self.plan.patience {
                self.deadlines.insert((ctx.now + patience, request.event));
            }
        }
        ctx.invoke(Invoke {
            source: self.id,
            function: request.function,
            invocation_type: self.invocation_type,
            handle: handle_of(request.handler),
            events: Events::one(request.event),
            emitted: request.emitted,
            attempt: request.attempt,
            deliveries: request.deliveries,
            handler: request.handler,
            poisoned: self.poison.as_ref().map_or(0, |poison| poison.failing_deliveries(request.event)),
            permission: self.permission,
            receipt: self.waiter != Waiter::Caller,
            hops: 0,
            forgotten: false,
        });
    }
}

/// The handle of a call: the handler time that its event brings with it, since a call that nobody remembers may have to be made
/// again when Lambda does not accept it. 0: none.
fn handle_of(handler: Option<SimDuration>) -> u64 {
    handler.map_or(0, |handler| handler.nanos().saturating_add(1))
}

/// The handler time behind a handle.
pub(super) fn handler_of(handle: u64) -> Option<SimDuration> {
    handle.checked_sub(1).map(SimDuration::from_nanos)
}
