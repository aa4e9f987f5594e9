//! The queue machine: pollers receive messages, gather them into batches, call the function and delete what succeeded.
//!
//! A batch is with the function, or waits to be sent again because Lambda throttled it; the messages of a failed batch stay hidden
//! until their visibility timeout, counted from their receive, is over.

use std::collections::BTreeSet;

use crate::arrivals::{Arrivals, ArrivalsSpec};
use crate::distribution::{Distribution, DistributionSpec};
use crate::engine::{
    BatchItemFailures, Call, Calls, Class, DestinationId, Ending, Events, Fact, Fate, FunctionId, InvocationType,
    Invoke, MappingCount, Settle, SourceId, Verdict, Wake,
};
use crate::inputs::InputError;
use crate::random::Key;
use crate::recording::{After, Context};
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::common::Common;
use super::fresh_batch::FreshBatches;
use super::mapping::{Backlog, Backoff, PartitionKeys};
use super::message::MessageId;
use super::message_fates::events;
use super::messages::{Messages, Receipt};
use super::partition::FewKeys;
use super::passing::Passing;
use super::poison::Poison;
use super::pollers::Pollers;
use super::queue_batch::{Batch, BatchMessages};
use super::slab::Slab;
use super::sqs::MOST_RECEIVED;
use super::{EventSource, Site};

/// "Each 64 KB chunk of a payload is billed as 1 request" (Amazon SQS pricing), of what is received, too.
const REQUEST_PAYLOAD: u64 = 64 * 1024;
/// Largest payload of a batch: that of a synchronous call, 6 MB (AWS Lambda Developer Guide, "How Lambda processes records from
/// stream and queue-based event sources").
const BATCH_PAYLOAD: u64 = 6 * 1024 * 1024;
/// "If you don't use batching, FIFO queues support up to 300 transactions (API calls) per second, per API method" (SQS Developer
/// Guide, "Amazon SQS message quotas").
const FIFO_CALLS_PER_SECOND: f64 = 300.0;
/// Purpose of the draw that filters an event out.
const FILTER: &str = "filter";

/// What the keys of a queue say.
pub(super) struct Plan {
    pub fifo: bool,
    /// Whether the queue limits the calls that receive from it.
    pub limited: bool,
    pub message_groups: Option<PartitionKeys>,
    /// Messages that are in flight at most.
    pub most_in_flight: u64,
    pub visibility: SimDuration,
    pub max_receive_count: Option<u32>,
    pub delay: SimDuration,
    pub retention: SimDuration,
    pub batch_size: u32,
    pub window: SimDuration,
    /// What the handler answers, where partial responses are asked for.
    pub answer: Option<BatchItemFailures>,
    pub filter_pass_rate: f64,
    pub backlog: Backlog,
    /// When the queue is first polled.
    pub begins: SimTime,
    /// Waits of a throttled batch.
    pub backoff: Backoff,
    pub pollers: Pollers,
}

/// A running mapping on a queue.
pub(super) struct Queue {
    pub(super) id: SourceId,
    pub(super) target: FunctionId,
    permission: bool,
    pub(super) key: Key,
    /// That of the messages' ways until they are visible.
    pub(super) propagation_key: Key,
    poison: Poison,
    pub(super) dead_letter_queue: Option<DestinationId>,
    fifo: bool,
    pub(super) most_in_flight: u64,
    pub(super) visibility: SimDuration,
    max_receive_count: Option<u32>,
    window: SimDuration,
    answer: Option<BatchItemFailures>,
    filter_pass_rate: f64,
    pub(super) duplicate_rate: f64,
    /// Most messages in a batch.
    pub(super) most: usize,
    payload: u64,
    pub(super) delay: SimDuration,
    /// Waits of a throttled batch.
    backoff: Backoff,
    pub(super) propagation: Distribution,
    pub(super) arrivals: Arrivals,
    pub(super) backlog: u64,
    pub(super) emitted: u64,
    pub(super) messages: Messages,
    pub(super) begins: SimTime,
    pub(super) pollers: Pollers,
    /// The queue's own limit of receives.
    quota: Option<TokenBucket>,
    gathered: Gathered,
    /// Batches with the function or waiting to be sent again: their places are the handles of their calls.
    pub(super) batches: Slab<Batch>,
    /// When throttled batches are sent again or given up, with their numbers and places.
    retries: BTreeSet<(SimTime, u64, u32)>,
    /// Batches so far.
    pub(super) dispatched: u64,
    /// Empty lists, for the next batches.
    pub(super) lists: Vec<Vec<MessageId>>,
    /// Messages in flight of which nothing else is kept.
    pub(super) passing: Passing,
    /// Batches with the function of whose messages only the instants are kept.
    pub(super) fresh: FreshBatches,
    /// Whether all messages are alike, and become visible, can be received and are deleted at once.
    pub(super) is_plain: bool,
    /// When the pollers may call the queue again, if their throughput or the queue's limit holds them up; else never.
    next_call: SimTime,
}

/// Received messages that are to become a batch, if there are any.
struct Gathered {
    receipt: Receipt,
    /// When their window opened: as the first of them was received.
    opened: SimTime,
    /// When their window ends; never, where they wait for none.
    until: SimTime,
}

impl Queue {
    pub(super) fn new(
        plan: Plan,
        common: &Common,
        propagation: &DistributionSpec,
        site: Site<'_>,
    ) -> Result<Queue, InputError> {
        let none = ArrivalsSpec::At(vec![]);
        let spec = common.arrivals.as_ref().unwrap_or(&none);
        let until = site.until.unwrap_or(SimTime::NEVER);
        let payload = common.payload_bytes();
        let groups = plan.message_groups.map(|groups| FewKeys::new(groups, site.key.named("message_group")));
        let mut queue = Queue {
            id: site.id,
            target: site.target,
            permission: common.permission,
            key: site.key,
            propagation_key: site.key.named("propagation"),
            poison: Poison::new(common, site.key),
            dead_letter_queue: (site.destination)("dead_letter_queue"),
            fifo: plan.fifo,
            most_in_flight: plan.most_in_flight,
            visibility: plan.visibility,
            max_receive_count: plan.max_receive_count,
            window: plan.window,
            answer: plan.answer,
            filter_pass_rate: plan.filter_pass_rate,
            duplicate_rate: common.duplicate_rate,
            most: u64::from(plan.batch_size).min((BATCH_PAYLOAD / payload).max(1)) as usize,
            payload,
            delay: plan.delay,
            backoff: plan.backoff,
            propagation: (site.sampler)(propagation),
            arrivals: Arrivals::new(spec, until, site.key.named("arrivals"), site.inputs, site.functions)?,
            backlog: plan.backlog.events,
            emitted: 0,
            messages: Messages::new(groups, plan.retention, (plan.backlog.events, plan.backlog.age)),
            begins: plan.begins,
            pollers: plan.pollers,
            quota: plan.limited.then(|| TokenBucket::new(FIFO_CALLS_PER_SECOND, FIFO_CALLS_PER_SECOND)),
            gathered: Gathered { receipt: Receipt::default(), opened: SimTime::ZERO, until: SimTime::NEVER },
            batches: Slab::default(),
            retries: BTreeSet::new(),
            dispatched: 0,
            lists: Vec::new(),
            next_call: SimTime::NEVER,
            passing: Passing::default(),
            fresh: FreshBatches::default(),
            is_plain: false,
        };
        queue.is_plain = queue.is_plain();
        Ok(queue)
    }
}

impl EventSource for Queue {
    fn next_wake(&self) -> Wake {
        self.next_but_arrival().min(Wake::new(self.next_arrival(), Class::Arrival))
    }

    fn wake(&mut self, wake: Wake, ctx: &mut Context<'_>) -> Wake {
        self.count_ended(ctx);
        match wake.class() {
            Class::Retry => {
                self.try_again(ctx);
                for id in self.messages.surface(ctx.now) {
                    self.lose(id, Fate::Expired, ctx);
                }
            }
            Class::Arrival if self.emit_behind(ctx) => return self.next_wake(),
            Class::Arrival => self.emit(ctx),
            Class::Poll => self.pollers.count_waiting(ctx.now),
            Class::Window => self.dispatch(ctx),
            Class::Expiry => {
                while let Some(id) = self.messages.next_expired(ctx.now) {
                    self.lose(id, Fate::Expired, ctx);
                }
            }
            Class::Completion => {}
        }
        self.poll(ctx);
        self.emit_waiting(ctx);
        self.next_wake()
    }

    fn settle(&mut self, settle: &Settle, ctx: &mut Context<'_>) -> Option<Wake> {
        self.count_ended(ctx);
        match settle.verdict {
            Verdict::Ended { .. } if self.is_fresh_and_processed(settle, ctx) => {}
            Verdict::Ended { invocation, started, init, ending } => {
                let place = self.place_of(settle, ctx.now);
                let mut batch = self.batches.remove(place)?;
                let returned = batch.split_returned(ending, self.answer, self.fifo);
                self.processed(&batch, invocation, started, init, ctx);
                // "When you activate ReportBatchItemFailures, Lambda doesn't scale down message polling when function invocations
                // fail" (AWS Lambda Developer Guide, "Handling errors for an SQS event source").
                if ending != Ending::Success && self.answer.is_none() {
                    self.pollers.back_off(ctx.now);
                }
                self.give_back(&returned, batch.attempt, started, ctx);
                self.reuse(batch.messages);
            }
            Verdict::Throttled(_) | Verdict::Unavailable | Verdict::Denied => {
                let place = self.place_of(settle, ctx.now);
                self.refused(place, ctx);
            }
            // Told only where they are asked for.
            Verdict::Accepted | Verdict::Passed | Verdict::Concluded { .. } => return None,
        }
        self.poll(ctx);
        Some(self.next_wake())
    }

    fn calls(&self, ctx: &Context<'_>) -> Option<Calls<'_>> {
        self.calls_of_passing(ctx)
    }

    fn called(&mut self, calls: usize, ctx: &mut Context<'_>) -> Wake {
        self.let_pass(calls as u64, ctx);
        self.next_wake()
    }

    fn after(&self) -> Option<After> {
        self.is_plain.then_some(After::Deletion)
    }

    fn over(&mut self, ctx: &mut Context<'_>) -> Wake {
        self.count_ended(ctx);
        self.poll(ctx);
        self.next_wake()
    }

    fn is_exhausted(&self) -> bool {
        self.next_arrival() == SimTime::NEVER
    }
}

impl Queue {
    fn is_plain(&self) -> bool {
        self.permission
            && !self.fifo
            && self.window.is_zero()
            && self.are_visible_at_once()
            && self.filter_pass_rate >= 1.0
            && self.duplicate_rate == 0.0
            && !self.poison.any()
            && self.answer != Some(BatchItemFailures::Malformed)
            && self.quota.is_none()
            && !self.pollers.have_throughput()
    }

    /// When it next does something else than to let a message occur.
    pub(super) fn next_but_arrival(&self) -> Wake {
        let retry = self.retries.first().map_or(SimTime::NEVER, |(at, ..)| *at);
        Wake::new(self.messages.next_visible().min(retry), Class::Retry)
            .min(Wake::new(self.next_call.min(self.pollers.next_step()), Class::Poll))
            .min(Wake::new(self.gathered.until, Class::Window))
            .min(Wake::new(self.messages.next_expiry(), Class::Expiry))
    }

    /// Lets free pollers receive what they can.
    fn poll(&mut self, ctx: &mut Context<'_>) {
        self.next_call = SimTime::NEVER;
        if ctx.now < self.begins {
            self.next_call = self.begins;
            return;
        }
        let mut can_receive = self.can_receive();
        if can_receive {
            self.pollers.meet_messages(ctx.now);
        }
        while can_receive {
            if self.gathered.receipt.messages.is_empty() && self.free_pollers() == 0 {
                break;
            }
            let answered = self.quota.as_ref().map_or(ctx.now, |quota| quota.next(ctx.now));
            let ready = self.pollers.next_call(ctx.now).max(answered);
            if ready > ctx.now {
                self.next_call = ready;
                break;
            }
            self.receive(ctx);
            can_receive = self.can_receive();
        }
        self.watch_waiting(can_receive, ctx);
        self.await_ends(ctx);
    }

    /// Lets pollers be added while messages wait for one that they can have.
    #[inline]
    pub(super) fn watch_waiting(&mut self, can_receive: bool, ctx: &Context<'_>) {
        // More pollers would not help while the function throttles those that there are.
        let waiting = can_receive && self.retries.is_empty();
        self.pollers.observe(ctx.now, waiting, self.is_quiet());
    }

    /// Whether the queue would hand out a message.
    fn can_receive(&self) -> bool {
        self.messages.any_receivable() && self.in_flight() < self.most_in_flight
    }

    /// Messages in flight.
    pub(super) fn in_flight(&self) -> u64 {
        self.messages.in_flight() + self.fresh.messages + self.passing.messages
    }

    /// Whether nothing is visible and nothing in flight.
    pub(super) fn is_quiet(&self) -> bool {
        self.messages.is_quiet() && self.fresh.messages == 0 && self.passing.messages == 0
    }

    /// How many more batches may be under way.
    pub(super) fn free_pollers(&self) -> u64 {
        self.pollers.limit().saturating_sub(self.remembered() + self.passing.messages)
    }

    /// Batches under way of which something is kept.
    pub(super) fn remembered(&self) -> u64 {
        (self.batches.len() + self.fresh.batches.len()) as u64
    }

    /// One call to the queue: what it brings becomes a batch, or part of the one that is gathered.
    fn receive(&mut self, ctx: &mut Context<'_>) {
        if self.is_plain && !ctx.watched && self.receive_fresh(ctx) {
            return;
        }
        let Gathered { receipt, opened, .. } = &mut self.gathered;
        let before = receipt.messages.len();
        if before == 0 {
            *opened = ctx.now;
        }
        if let Some(quota) = &mut self.quota {
            quota.take(ctx.now);
        }
        let most = (self.most - before).min(MOST_RECEIVED as usize);
        self.messages.receive(receipt, most, self.max_receive_count, ctx.now);
        let events = (receipt.messages.len() - before) as u64;
        self.tell_received(events, ctx);
        self.pollers.count_call(events * self.payload);
        if !self.gathered.receipt.redriven.is_empty() {
            for id in std::mem::take(&mut self.gathered.receipt.redriven) {
                self.redrive(id, ctx);
            }
        }
        if self.filter_pass_rate < 1.0 {
            self.filter(before, ctx);
        }
        match self.gathered.receipt.messages.len() {
            0 => self.gathered.receipt.tries = 0,
            gathered if gathered >= self.most || self.window.is_zero() => self.dispatch(ctx),
            _ => self.gathered.until = self.gathered.opened + self.window,
        }
    }

    /// Tells a call that received so many messages.
    pub(super) fn tell_received(&self, messages: u64, ctx: &mut Context<'_>) {
        ctx.tell(Fact::Requests { source: self.id, count: self.requests_to_receive(messages) });
        ctx.tell(Fact::Mapping { source: self.id, what: MappingCount::Polled, events: messages });
    }

    /// As how many requests a call is billed that received so many messages.
    pub(super) fn requests_to_receive(&self, messages: u64) -> u64 {
        (messages * self.payload).div_ceil(REQUEST_PAYLOAD).max(1)
    }

    /// Deletes those of the gathered messages after the first `before` that the filter leaves out.
    fn filter(&mut self, before: usize, ctx: &mut Context<'_>) {
        let received = self.gathered.receipt.messages.split_off(before);
        let (passing, left_out): (Vec<_>, Vec<_>) =
            received.into_iter().partition(|id| self.key.numbered(id.number).chance(FILTER, self.filter_pass_rate));
        self.gathered.receipt.messages.extend(passing);
        for id in &left_out {
            self.lose(*id, Fate::Filtered, ctx);
        }
        self.tell_deleted(left_out.len() as u64, ctx);
    }

    /// Makes a batch of the gathered messages and sends it.
    fn dispatch(&mut self, ctx: &mut Context<'_>) {
        let Gathered { receipt: Receipt { messages, tries, .. }, opened, until } = &mut self.gathered;
        let messages = if let [only] = messages[..] {
            messages.clear();
            BatchMessages::One(only)
        } else {
            messages.sort_unstable_by_key(|id| id.number);
            BatchMessages::Many(std::mem::replace(messages, self.lists.pop().unwrap_or_default()))
        };
        *until = SimTime::NEVER;
        let batch = self.batches.insert(Batch {
            number: self.dispatched,
            messages,
            poisoned: Box::default(),
            attempt: 1 + std::mem::take(tries),
            refusals: 0,
            hidden_until: *opened + self.visibility,
        });
        self.dispatched += 1;
        self.send(batch, ctx);
    }

    /// Sends a batch, as if it were accepted: what is refused is taken back at the same instant.
    fn send(&mut self, place: u32, ctx: &mut Context<'_>) {
        let Some(batch) = self.batches.get_mut(place) else { return };
        if self.poison.any() {
            let Queue { messages, poison, .. } = self;
            let fails = |id: &&MessageId| poison.failing_deliveries(id.number) > messages.get(**id).deliveries;
            batch.poisoned = batch.messages.iter().filter(fails).map(|id| id.number).collect();
        }
        let (mut first, mut handler) = (None, None);
        for id in &*batch.messages {
            let message = self.messages.get_mut(*id);
            first.get_or_insert((message.emitted, message.deliveries));
            message.tries = batch.attempt;
            message.deliveries += 1;
            message.sent = message.sent.min(ctx.now);
            if let Some(own) = message.handler {
                handler = Some(handler.unwrap_or(SimDuration::ZERO) + own);
            }
        }
        let (emitted, deliveries) = first.unwrap_or((ctx.now, 0));
        ctx.tell(Fact::Waiting { source: self.id, change: -(batch.messages.len() as i64) });
        let attempt = batch.attempt;
        let poisoned = if batch.raises(self.answer) { u32::MAX } else { 0 };
        let events = events(&batch.messages, ctx.watched);
        let usual = self.call(u64::from(place), events, emitted);
        ctx.invoke(Invoke { attempt, deliveries, handler, poisoned, ..usual });
    }

    /// The first call for messages that were never delivered, the first of which occurred at `emitted`.
    #[inline(always)]
    pub(super) fn call(&self, handle: u64, events: Events, emitted: SimTime) -> Invoke {
        Invoke {
            source: self.id,
            function: self.target,
            invocation_type: InvocationType::RequestResponse,
            handle,
            events,
            emitted,
            attempt: 1,
            deliveries: 0,
            handler: None,
            poisoned: 0,
            permission: self.permission,
            receipt: false,
            hops: 0,
            forgotten: false,
        }
    }

    /// A batch was not accepted: it waits, and is sent again.
    fn refused(&mut self, place: u32, ctx: &mut Context<'_>) {
        let Some(batch) = self.batches.get_mut(place) else { return };
        let again = batch.next_try(&self.backoff, ctx.now);
        ctx.tell(Fact::Waiting { source: self.id, change: batch.messages.len() as i64 });
        for id in &*batch.messages {
            self.messages.get_mut(*id).deliveries -= 1;
        }
        let events = events(&batch.messages, ctx.watched);
        let attempt = batch.attempt;
        ctx.mention(|| Fact::RetryScheduled(Call { source: self.id, function: self.target, events: &events, attempt }));
        self.retries.insert((again, batch.number, place));
        self.pollers.back_off(ctx.now);
    }

    /// Sends throttled batches again whose wait is over; where the visibility timeout is over, too, they are given up.
    fn try_again(&mut self, ctx: &mut Context<'_>) {
        while let Some((.., place)) = self.retries.first().copied().filter(|(at, ..)| *at <= ctx.now) {
            self.retries.pop_first();
            let Some(batch) = self.batches.get_mut(place) else { continue };
            if batch.hidden_until > ctx.now {
                batch.attempt += 1;
                self.send(place, ctx);
            } else if let Some(batch) = self.batches.remove(place) {
                self.put_back(&batch.messages, ctx.now);
                self.reuse(batch.messages);
            }
        }
    }
}
