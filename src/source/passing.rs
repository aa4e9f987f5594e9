//! Messages that pass: each is a batch of its own as it is received for the first time.
//!
//! While the function works on such a message there is nothing to be kept of it but that it is in flight. Only where its call is not
//! accepted, or fails, it becomes a message like all others. Those that free pollers receive as they occur are taken in a row.

use crate::engine::{Calls, InvocationType, Settle, Verdict};
use crate::recording::{Context, Ended};
use crate::time::SimTime;

use super::queue::Queue;
use super::queue_batch::{Batch, BatchMessages};

/// The calls of messages that pass have handles from here on, in which the numbers of their batches follow.
pub(super) const FIRST_HANDLE: u64 = 1 << 63;

/// The messages that pass.
#[derive(Default)]
pub(super) struct Passing {
    /// How many are in flight, as far as is known.
    pub messages: u64,
    /// When the queue last acted.
    acted: SimTime,
}

impl Queue {
    /// The calls of the next messages, as far as these pass as they occur.
    #[inline]
    pub(super) fn calls_of_passing(&self, ctx: &Context<'_>) -> Option<Calls<'_>> {
        if self.messages.any_receivable() || !self.is_plain || self.emitted < self.backlog {
            return None;
        }
        let ended = ctx.ended[self.id.0 as usize].calls;
        let batches = self.remembered() + self.passing.messages - ended;
        let room = self.pollers.limit().saturating_sub(batches);
        let room = room.min((self.most_in_flight + ended).saturating_sub(self.in_flight()));
        let instants = self.arrivals.instants();
        if room == 0 || instants.first().is_none_or(|first| *first < self.begins) {
            return None;
        }
        let end = self.next_but_arrival().at().min(self.pollers.next_reset(self.passing.acted));
        // Of one instant are all messages that a poller receives together, so that something must be known of the next.
        let follows = |pair: &&[SimTime]| pair[0] < pair[1] && pair[0] < end;
        let most = usize::try_from(room).unwrap_or(usize::MAX);
        let mut count = instants.windows(2).take(most).take_while(follows).count();
        if count < most && count + 1 == instants.len() && instants[count] < end && self.arrivals.is_followed_later() {
            count += 1;
        }
        (count > 0).then_some(Calls {
            source: self.id,
            function: self.target,
            invocation_type: InvocationType::RequestResponse,
            first: self.emitted,
            handles: (FIRST_HANDLE + self.dispatched, 1),
            instants: &instants[..count],
        })
    }

    /// So many messages passed, up to now.
    #[inline]
    pub(super) fn let_pass(&mut self, messages: u64, ctx: &mut Context<'_>) {
        self.arrivals.take(messages as usize);
        self.emitted += messages;
        self.dispatched += messages;
        self.passing.messages += messages;
        ctx.recorder.received(ctx.now, self.id, messages, self.requests_to_receive(1));
        self.pollers.meet_messages(ctx.now);
        self.count_ended(ctx);
    }

    /// Counts the messages that passed and were deleted since the queue last acted, which it does now.
    #[inline]
    pub(super) fn count_ended(&mut self, ctx: &mut Context<'_>) {
        self.passing.acted = ctx.now;
        let Ended { calls, last, .. } = &mut ctx.ended[self.id.0 as usize];
        if *calls > 0 {
            self.passing.messages -= std::mem::take(calls);
            if self.is_quiet() {
                self.pollers.fall_idle(*last);
            }
        }
    }

    /// Says whether messages wait for the end of one that passes.
    #[inline]
    pub(super) fn await_ends(&self, ctx: &mut Context<'_>) {
        ctx.ended[self.id.0 as usize].is_awaited = self.passing.messages > 0 && self.messages.any_receivable();
    }

    /// The place of the batch that a call was about. One that passed is a batch from now on.
    pub(super) fn place_of(&mut self, settle: &Settle, now: SimTime) -> u32 {
        let Some(number) = settle.handle.checked_sub(FIRST_HANDLE) else { return self.place_of_known(settle.handle) };
        let received = if let Verdict::Ended { started, .. } = settle.verdict { started } else { now };
        self.passing.messages -= 1;
        self.remember(number, settle.event, &[settle.emitted], received)
    }

    /// Messages of which nothing was kept here are a batch like all others from now on, which is sent: it has this number, `first` is its
    /// first message, and they occurred at these instants. Gives back its place.
    pub(super) fn remember(&mut self, number: u64, first: u64, emitted: &[SimTime], received: SimTime) -> u32 {
        let remember = |(number, emitted): (u64, &SimTime)| self.messages.remember(number, *emitted, received);
        let ids: Vec<_> = (first..).zip(emitted).map(remember).collect();
        self.batches.insert(Batch {
            number,
            messages: if let [only] = ids[..] { BatchMessages::One(only) } else { BatchMessages::Many(ids) },
            poisoned: Box::default(),
            attempt: 1,
            refusals: 0,
            hidden_until: received + self.visibility,
        })
    }
}
