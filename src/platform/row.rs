//! Calls in a row: a function takes those that a source makes one after the other, and acts by itself between them.
//!
//! What happens is what would happen if each were a message of its own. But nobody has to ask who acts next, and that nothing sets one
//! call apart from another is known before the first.

use crate::engine::{Call, Calls, Class, Events, Fact, InvocationType, Reason, Settle, SourceId, Verdict, Wake};
use crate::recording::Context;
use crate::time::SimTime;

use super::account::Account;
use super::async_queue::Extra;
use super::first_tries::Fresh;
use super::function::{Function, Start};
use super::waiting::Role;
use super::{Ranks, Shared};

impl Function {
    /// Takes these calls, as long as all is before `end` and nothing is said to anybody. Gives back how many were taken, and when the
    /// function next acts. Where functions run `APART`, whose turn it is is entered in the account's ledger.
    pub(super) fn invoke_each<const APART: bool>(
        &mut self,
        calls: &Calls<'_>,
        end: Wake,
        ranks: Ranks,
        account: &mut Account,
        shared: &mut Shared,
        ctx: &mut Context<'_>,
    ) -> (usize, Wake) {
        let mut next = self.next_wake();
        if !shared.service_outages.is_empty() {
            return (0, next);
        }
        for (taken, at) in calls.instants.iter().enumerate() {
            let call = Wake::new(*at, Class::Arrival);
            while next < call {
                if next >= end {
                    return (taken, next);
                }
                ctx.now = next.at();
                if APART {
                    account.ledger.turn(next, ranks.function);
                }
                self.wake(next, account, shared, ctx);
                next = self.next_wake();
                if ctx.has_replies() {
                    return (taken, next);
                }
            }
            if call >= end {
                return (taken, next);
            }
            ctx.now = *at;
            if APART {
                account.ledger.turn(call, ranks.source);
            }
            self.take(calls, taken as u64, *at, account, shared, ctx);
            next = self.next_wake();
            if ctx.has_replies() {
                return (taken + 1, next);
            }
        }
        (calls.instants.len(), next)
    }

    /// Takes one of these calls, which nobody reads of.
    #[inline(always)]
    fn take(
        &mut self,
        calls: &Calls<'_>,
        place: u64,
        at: SimTime,
        account: &mut Account,
        shared: &mut Shared,
        ctx: &mut Context<'_>,
    ) {
        let (source, event) = (calls.source, calls.first + place);
        if calls.invocation_type == InvocationType::Event {
            ctx.recorder.queued(at, source, self.id);
            let event = Fresh { accepted: at, event, emitted: at, source, hops: 0, role: Role::Untold };
            return self.enqueue(event, Extra::default(), shared);
        }
        let (first, step) = calls.handles;
        let handle = first + step * place;
        match self.admit(account, true, at) {
            Ok(concurrency) => {
                let start = Start {
                    source,
                    first: event,
                    count: 1,
                    runs: None,
                    emitted: at,
                    attempt: 1,
                    deliveries: 0,
                    handler: None,
                    poisoned: 0,
                    handle,
                    queued: None,
                    forgotten: true,
                };
                self.start(&start, concurrency, account, shared, ctx);
            }
            Err(reason) => self.refuse(source, event, handle, reason, ctx),
        }
    }

    #[inline(never)]
    fn refuse(&self, source: SourceId, event: u64, handle: u64, reason: Reason, ctx: &mut Context<'_>) {
        let events = Events::one(event);
        let call = Call { source, function: self.id, events: &events, attempt: 1 };
        ctx.tell(Fact::Throttled(call, reason));
        let (emitted, verdict) = (ctx.now, Verdict::Throttled(reason));
        ctx.settle(Settle { source, function: self.id, handle, event, emitted, attempt: 1, verdict });
    }
}
