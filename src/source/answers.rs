//! How a push source's calls end: answers, tries again, and the fates of events.

use std::cmp::Reverse;

use crate::engine::{Answer, Call, Events, Fact, Fate, FunctionId, InvocationType, Part, Parts, Settle};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::plan::Waiter;
use super::push::{Push, Request, handler_of};

/// Purpose of the draws of a client's or a sender's waits.
const BACKOFF: &str = "backoff";

impl Push {
    #[inline(always)]
    fn way_back(&self, event: u64, attempt: u32) -> SimDuration {
        self.answer.constant().unwrap_or_else(|| {
            self.answer.sample(&mut self.key.numbered(event).named("answer").numbered(u64::from(attempt)).draws())
        })
    }

    /// The call is over; a client of a closed loop has its answer at `answered`.
    #[inline(always)]
    fn forget(&mut self, event: u64, answered: SimTime) {
        if self.remembers {
            self.forget_remembered(event, answered);
        }
    }

    fn forget_remembered(&mut self, event: u64, answered: SimTime) {
        let call = self.calls.remove(&event);
        if let Some(clients) = &mut self.clients {
            clients.think(call.map(|call| call.request.emitted), answered);
        }
    }

    /// A dry run passed: no invocation, so no latency, but an answer.
    pub(super) fn passed(&mut self, settle: &Settle, ctx: &mut Context<'_>) {
        self.settled(settle.event, settle.function, settle.emitted, Fate::Processed, None, None, settle.attempt, ctx);
        self.answered(settle, ctx);
    }

    #[inline(always)]
    pub(super) fn processed(
        &mut self,
        settle: &Settle,
        invocation: u64,
        started: SimTime,
        init: SimDuration,
        ctx: &mut Context<'_>,
    ) {
        // Where nothing is remembered, the map lies in a line of the cache that need not be waited for.
        let call = if self.remembers { self.calls.get(&settle.event) } else { None };
        let (first_throttle, first_failure) =
            call.map_or((SimTime::NEVER, SimTime::NEVER), |call| (call.first_throttle, call.first_failure));
        let first_failure = first_failure.min(started);
        let first_throttle = first_throttle.min(first_failure);
        let parts = Parts::of(&[
            (Part::Delivery, first_throttle.since(settle.emitted)),
            (Part::Throttled, first_failure.since(first_throttle)),
            (Part::Retry, started.since(first_failure)),
            (Part::Init, init),
            (Part::Handler, ctx.now.since(started).saturating_sub(init)),
        ]);
        self.settled(
            settle.event,
            settle.function,
            settle.emitted,
            Fate::Processed,
            Some(parts),
            Some(invocation),
            settle.attempt,
            ctx,
        );
        self.answered(settle, ctx);
    }

    /// The caller gets the answer that it waited for.
    #[inline(always)]
    pub(super) fn answered(&mut self, settle: &Settle, ctx: &mut Context<'_>) {
        let way_back = self.way_back(settle.event, settle.attempt);
        ctx.tell(Fact::Answered {
            source: self.id,
            emitted: settle.emitted,
            waited: ctx.now.since(settle.emitted) + way_back,
            answer: Answer::Done,
        });
        self.forget(settle.event, ctx.now + way_back);
    }

    /// Lambda's answer to a try was not a success.
    pub(super) fn refused(&mut self, settle: &Settle, trouble: Answer, ctx: &mut Context<'_>) {
        let request = self.calls.get(&settle.event).map_or(
            Request {
                event: settle.event,
                emitted: settle.emitted,
                attempt: settle.attempt,
                deliveries: 0,
                function: settle.function,
                handler: handler_of(settle.handle),
            },
            |call| call.request,
        );
        self.give_up_or_retry(request, trouble, ctx);
    }

    /// A remembered call got no answer in time.
    pub(super) fn unanswered(&mut self, event: u64, ctx: &mut Context<'_>) {
        let Some(call) = self.calls.get_mut(&event) else { return };
        call.request.deliveries += 1;
        call.first_failure = call.first_failure.min(call.handed);
        let request = call.request;
        self.give_up_or_retry(request, Answer::Timeout, ctx);
    }

    pub(super) fn give_up_or_retry(&mut self, request: Request, trouble: Answer, ctx: &mut Context<'_>) {
        let way_back = self.way_back(request.event, request.attempt);
        let may_retry = match trouble {
            Answer::Done | Answer::Refused => false,
            Answer::FunctionError => self.plan.errors_are_5xx,
            Answer::Throttled | Answer::Limited | Answer::Unavailable | Answer::Timeout => true,
        };
        if matches!(trouble, Answer::Throttled | Answer::Limited)
            && let Some(call) = self.calls.get_mut(&request.event)
        {
            call.first_throttle = call.first_throttle.min(ctx.now);
        }
        if let Some(retry) =
            self.plan.client_retry.as_ref().filter(|retry| may_retry && request.attempt < retry.attempts)
        {
            // Exponential back-off with full jitter, as AWS's SDKs do it in standard mode.
            let longest = retry.base.doubled(request.attempt - 1, retry.cap);
            let draw = self.key.numbered(request.event).named(BACKOFF).numbered(u64::from(request.attempt)).unit();
            let wait = SimDuration::from_nanos_f64(draw * longest.nanos() as f64);
            self.retries.insert((ctx.now + way_back + wait, request.event));
            // From here on the next try counts: an answer that comes while the client waits is too late.
            if let Some(call) = self.calls.get_mut(&request.event) {
                call.request.attempt += 1;
            }
            let events = Events::one(request.event);
            ctx.mention(|| Fact::RetryScheduled(self.call(&request, &events)));
            return;
        }
        if trouble == Answer::Unavailable && self.sends_again(request, ctx) {
            return;
        }
        // Nobody waits for the answer of an asynchronous call, unless a client stands behind it.
        let asynchronous = self.invocation_type == InvocationType::Event;
        let fate = match self.dead_letter_queue {
            Some(_) => Fate::DeadLettered,
            None if asynchronous && self.waiter != Waiter::Acceptance => Fate::Dropped,
            None => Fate::Rejected,
        };
        self.settled(request.event, request.function, request.emitted, fate, None, None, request.attempt, ctx);
        if let Some(destination) = self.dead_letter_queue {
            let events = Events::one(request.event);
            ctx.send(destination, self.call(&request, &events), None, 0, 1);
        }
        match self.waiter {
            Waiter::Caller if asynchronous => {}
            // Who may not call knows it at once; otherwise nobody answers, and the wait is over when patience is.
            Waiter::Outcome(patience) if trouble != Answer::Refused => {
                let (source, emitted, answer) = (self.id, request.emitted, trouble);
                ctx.tell(Fact::Answered { source, emitted, waited: patience, answer });
            }
            _ => ctx.tell(Fact::Answered {
                source: self.id,
                emitted: request.emitted,
                waited: ctx.now.since(request.emitted) + way_back,
                answer: trouble,
            }),
        }
        self.forget(request.event, ctx.now + way_back);
    }

    /// Whether the sender of an asynchronous event that Lambda did not accept tries again. Such a try skips the way from the event to
    /// Lambda: the waits that a service documents lie between its calls.
    fn sends_again(&mut self, request: Request, ctx: &mut Context<'_>) -> bool {
        let Some(sender) = &self.plan.sender else { return false };
        let key = self.key.numbered(request.event).named(BACKOFF);
        let age = ctx.now.since(request.emitted);
        let Some(wait) = sender.wait(request.attempt, age, |retry| key.numbered(u64::from(retry)).unit()) else {
            return false;
        };
        let events = Events::one(request.event);
        ctx.mention(|| Fact::RetryScheduled(self.call(&request, &events)));
        self.on_the_way.push(Reverse((ctx.now + wait, Request { attempt: request.attempt + 1, ..request })));
        true
    }

    fn call<'a>(&self, request: &Request, events: &'a Events) -> Call<'a> {
        Call { source: self.id, function: request.function, events, attempt: request.attempt }
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of one fact")]
    #[inline(always)]
    fn settled(
        &self,
        event: u64,
        function: FunctionId,
        emitted: SimTime,
        fate: Fate,
        parts: Option<Parts>,
        invocation: Option<u64>,
        attempt: u32,
        ctx: &mut Context<'_>,
    ) {
        ctx.tell(Fact::Settled {
            source: self.id,
            function: Some(function),
            event,
            emitted,
            fate,
            parts,
            invocation,
            attempt,
            condition: None,
            invoke_count: 0,
        });
    }
}
