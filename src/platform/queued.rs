//! What becomes of the events in a function's asynchronous queue: tries, retries, messages, and their end.

use crate::engine::{Call, Condition, Ending, Events, Fact, Fate, Part, Parts, Reason, Settle, Verdict};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::account::Account;
use super::async_queue::{Extra, Next};
use super::function::{Function, Start};
use super::waiting::{Role, Waiting};
use super::{RecursiveLoop, Shared};

impl Function {
    /// Tries the queued event that is due.
    #[inline(always)]
    pub(super) fn try_queued(&mut self, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        // Mostly it was never tried before: what is known of it then need not lie in memory.
        if let Some(event) = self.queue.pop_fresh() {
            self.try_event(event, account, shared, ctx);
        } else if let Some(event) = self.queue.pop() {
            self.try_again(event, account, shared, ctx);
        }
    }

    #[inline(never)]
    fn try_again(&mut self, event: Waiting, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        self.try_event(event, account, shared, ctx);
    }

    #[inline(always)]
    fn try_event(&mut self, mut event: Waiting, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        event.first_try = event.first_try.min(ctx.now);
        // "Lambda stops the next invocation" of an event "if your function is invoked approximately 16 times in the same chain of
        // requests" (AWS Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops").
        let loops = event.hops >= shared.recursive_loop_limit && self.recursive_loop == RecursiveLoop::Terminate;
        // A chain ends, too, where a stopped function is its own destination.
        let hopeless = if loops {
            Some(Condition::RecursiveInvocation)
        } else if self.admission.is_stopped() {
            Some(Condition::ZeroReservedConcurrency)
        } else {
            // "Events might age out of the queue before they're ever tried", where the way to the first try is long.
            self.queue.is_too_old(&event, ctx.now).then_some(Condition::EventAgeExceeded)
        };
        if let Some(condition) = hopeless {
            Self::waits(&event, -1, ctx);
            return self.give_up(event, condition, None, ctx);
        }
        // "For throttling errors (429) and system errors (500-series)", the event goes back to the queue.
        let admitted =
            if shared.is_out_of_order(ctx.now) { Err(None) } else { self.admit(account, false, ctx.now).map_err(Some) };
        match admitted {
            Ok(concurrency) => {
                Self::waits(&event, -1, ctx);
                let Extra { handler, poisoned } = self.queue.extra(&event);
                let start = Start {
                    forgotten: false,
                    source: event.source,
                    emitted: event.emitted,
                    attempt: event.attempt(),
                    deliveries: u32::from(event.errors),
                    handler,
                    poisoned,
                    handle: 0,
                    queued: Some(event),
                    first: event.event,
                    count: 1,
                    runs: None,
                };
                self.start(&start, concurrency, account, shared, ctx);
            }
            Err(reason) => self.refuse_queued(event, reason, ctx),
        }
    }

    /// A queued event may not be tried now: it was throttled for a reason, or else the service is out of order.
    #[inline(never)]
    fn refuse_queued(&mut self, mut event: Waiting, reason: Option<Reason>, ctx: &mut Context<'_>) {
        let events = Events::one(event.event);
        let call = Call { source: event.source, function: self.id, events: &events, attempt: event.attempt() };
        ctx.tell(reason.map_or(Fact::Unavailable(call), |reason| Fact::Throttled(call, reason)));
        match self.queue.throttled(event, ctx.now) {
            Next::Retry => ctx.mention(|| Fact::RetryScheduled(call)),
            Next::GiveUp(condition) => {
                event.throttles += 1;
                Self::waits(&event, -1, ctx);
                self.give_up(event, condition, None, ctx);
            }
        }
    }

    /// An event begins (1) or ceases (-1) to wait in the queue; a copy counts for nothing.
    #[inline(always)]
    fn waits(event: &Waiting, change: i64, ctx: &mut Context<'_>) {
        if !event.is_copy() {
            ctx.tell(Fact::Waiting { source: event.source, change });
        }
    }

    /// Decides what follows from a queued event's invocation.
    #[expect(clippy::too_many_arguments, reason = "the parts of an invocation, taken apart by the caller")]
    pub(super) fn settle_queued(
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
            self.queue.forget(&event);
            if event.is_copy() {
                return;
            }
            let first_failure = event.first_failure.min(started);
            let parts = Parts::of(&[
                (Part::Delivery, event.first_try.since(event.emitted)),
                (Part::Throttled, first_failure.since(event.first_try)),
                (Part::Retry, started.since(first_failure)),
                (Part::Init, init),
                (Part::Handler, handler),
            ]);
            let invoke_count = u32::from(event.errors) + 1;
            ctx.tell(Fact::Settled {
                source: event.source,
                function: Some(self.id),
                event: event.event,
                emitted: event.emitted,
                fate: Fate::Processed,
                parts: Some(parts),
                invocation: Some(invocation),
                attempt: call.attempt,
                condition: Some(Condition::Success),
                invoke_count,
            });
            if let Some(destination) = self.destinations.on_success {
                ctx.send(destination, call, Condition::Success, invoke_count, event.hops.saturating_add(1));
            }
            self.answer(&event, true, ctx);
            return;
        }
        event.first_failure = event.first_failure.min(started);
        match self.queue.failed(event, ctx.now) {
            Next::Retry => {
                Self::waits(&event, 1, ctx);
                ctx.mention(|| Fact::RetryScheduled(call));
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
        self.queue.forget(&event);
        if event.is_copy() {
            return;
        }
        // Calling a function would be one more step of the chain that was stopped.
        let stopped = condition == Condition::RecursiveInvocation && self.destinations.on_failure_calls;
        let on_failure = self.destinations.on_failure.filter(|_| !stopped);
        let destinations: Vec<_> = [self.destinations.dead_letter_queue, on_failure].into_iter().flatten().collect();
        // The tries that there were.
        let attempt = event.attempt() - 1;
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
            invoke_count: u32::from(event.errors),
        });
        let events = Events::one(event.event);
        let call = Call { source: event.source, function: self.id, events: &events, attempt };
        for destination in destinations {
            ctx.send(destination, call, condition, u32::from(event.errors), event.hops.saturating_add(1));
        }
        self.answer(&event, false, ctx);
    }

    fn answer(&self, event: &Waiting, processed: bool, ctx: &mut Context<'_>) {
        if event.role == Role::Told {
            let attempt = event.attempt() - u32::from(!processed);
            let verdict = Verdict::Concluded { processed };
            ctx.settle(Settle {
                source: event.source,
                function: self.id,
                handle: 0,
                event: event.event,
                emitted: event.emitted,
                attempt,
                verdict,
            });
        }
    }
}
