//! How an invocation ends, and who hears of it.

use crate::engine::{Call, Concurrency, Events, Fact, Settle, Verdict};
use crate::recording::{After, Completion, Context};
use crate::time::{SimDuration, SimTime};

use super::Shared;
use super::account::Account;
use super::environments::Environment;
use super::function::{Function, Invocation, Start};
use super::soonest::Timed;
use super::waiting::Role;

/// What the end of an invocation means to the source of its events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It, or the function's own queue, hears of it.
    IsHeard,
    /// It is a success of which nobody hears: it only counts.
    Counts,
    /// So it is, and the source, which keeps nothing of the call, has one fewer under way.
    CountsForSource,
}

impl Function {
    /// How long its invocations have run at `now` that still do, in nanoseconds together.
    pub(super) fn time_running(&self, now: SimTime) -> u128 {
        let running = self.running.iter().filter_map(|timed| self.invocations[timed.slot() as usize].as_ref());
        running.map(|invocation| u128::from(now.since(invocation.started).nanos())).sum()
    }

    /// Ends the invocation whose time has come.
    #[inline(always)]
    pub(super) fn complete(&mut self, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        let Some(next) = self.running.pop() else { return };
        match &self.invocations[next.slot() as usize] {
            Some(invocation) if invocation.end != End::IsHeard => self.count(next.slot(), account, shared, ctx),
            _ => self.conclude(next, account, shared, ctx),
        }
    }

    /// What the end of an invocation means that succeeds.
    #[inline(always)]
    pub(super) fn end_of(&self, start: &Start<'_>, ctx: &Context<'_>) -> End {
        if ctx.watched {
            return End::IsHeard;
        }
        match start.queued {
            Some(event) if event.role == Role::Untold && self.destinations.on_success.is_none() => End::Counts,
            Some(_) => End::IsHeard,
            None => match ctx.recorder.after(start.source) {
                Some(After::Answer(_)) => End::Counts,
                Some(After::Deletion) if start.forgotten => End::CountsForSource,
                Some(After::Deletion) | None => End::IsHeard,
            },
        }
    }

    /// Ends an invocation whose end only counts.
    #[inline(always)]
    fn count(&mut self, slot: u32, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        let Some(invocation) = &self.invocations[slot as usize] else { return };
        let Invocation { source, started, init, concurrency, end, .. } = *invocation;
        let handler = ctx.now.since(started).saturating_sub(init);
        let (mut first_try, mut first_failure) = (started, started);
        if invocation.is_queued {
            let event = &self.tried[slot as usize];
            (first_try, first_failure) = (event.first_try, event.first_failure.min(started));
            self.queue.forget(event);
        }
        let environment = Environment { slot, number: invocation.environment };
        ctx.recorder.complete(&Completion {
            source,
            function: self.id,
            emitted: invocation.emitted,
            first_try,
            first_failure,
            started,
            init,
            ended: ctx.now,
            billed_ms: shared.billed_ms(self.init.billed(init) + handler),
            concurrency,
        });
        if end == End::CountsForSource {
            ctx.end_call(source);
        }
        shared.running -= 1;
        self.admission.leave(account, concurrency);
        self.release(environment, concurrency, ctx);
    }

    /// Ends an invocation from whose end something follows.
    #[inline(never)]
    fn conclude(&mut self, end: Timed, account: &mut Account, shared: &mut Shared, ctx: &mut Context<'_>) {
        let (number, slot) = (end.number(), end.slot());
        let Some(invocation) = &self.invocations[slot as usize] else { return };
        let environment = Environment { slot, number: invocation.environment };
        let Invocation { source, attempt, emitted, started, init, concurrency, ending, is_queued, handle, .. } =
            *invocation;
        // Only a reader needs them.
        let runs = if ctx.watched { self.runs.get_mut(slot as usize).and_then(Option::take) } else { None };
        let events = Events { first: invocation.first, count: invocation.count, runs };
        let handler = ctx.now.since(started).saturating_sub(init);
        let billed_ms = shared.billed_ms(self.init.billed(init) + handler);
        shared.running -= 1;
        self.admission.leave(account, concurrency);
        ctx.tell(Fact::Ended {
            call: Call { source, function: self.id, events: &events, attempt },
            invocation: number,
            environment: environment.number,
            started,
            init,
            handler,
            billed: SimDuration::from_nanos(billed_ms.saturating_mul(1_000_000)),
            concurrency,
            ending,
        });
        self.release(environment, concurrency, ctx);
        if is_queued {
            let event = self.tried[slot as usize];
            self.settle_queued(event, number, started, init, handler, ending, ctx);
            return;
        }
        let verdict = Verdict::Ended { invocation: number, started, init, ending };
        ctx.settle(Settle { source, function: self.id, handle, event: events.first, emitted, attempt, verdict });
    }

    /// An invocation has left its environment.
    #[inline(always)]
    fn release(&mut self, environment: Environment, concurrency: Concurrency, ctx: &mut Context<'_>) {
        match &mut self.provisioned {
            Some(provisioned) if concurrency == Concurrency::Provisioned => provisioned.release(environment),
            _ => {
                if let Some(environment) = self.environments.release(environment, ctx.now) {
                    ctx.tell(Fact::Reclaimed { function: self.id, environment });
                }
            }
        }
    }
}
