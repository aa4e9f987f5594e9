//! Batches of fresh messages: none of them was received before, all waited in the queue and nowhere else.
//!
//! While the function works on such a batch, all that has to be kept is when its messages occurred. Only where the call is not accepted,
//! or fails, they become messages like all others.

use crate::engine::{Ending, Events, Fact, Invoke, Part, Parts, Settle, Verdict};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::passing;
use super::queue::Queue;
use super::slab::Slab;
use super::sqs::MOST_RECEIVED;

/// The calls of fresh batches have handles from here on, in which their places follow.
const FIRST_HANDLE: u64 = 1 << 62;

/// The fresh batches that are with the function.
#[derive(Default)]
pub(super) struct FreshBatches {
    pub batches: Slab<FreshBatch>,
    /// How many messages they have.
    pub messages: u64,
}

/// A batch of messages that follow each other and were received together.
pub(super) struct FreshBatch {
    /// Batches before it.
    number: u64,
    /// Its first message, and how many there are.
    first: u64,
    count: usize,
    received: SimTime,
    /// When each of them occurred.
    emitted: [SimTime; MOST_RECEIVED as usize],
}

impl Queue {
    /// Receives a fresh batch and sends it, if what comes next is one. False, and nothing happens, where it is not.
    pub(super) fn receive_fresh(&mut self, ctx: &mut Context<'_>) -> bool {
        let mut emitted = [SimTime::ZERO; MOST_RECEIVED as usize];
        let Some((first, count)) = self.messages.take_newcomers(self.most.min(emitted.len()), &mut emitted) else {
            return false;
        };
        let messages = count as u64;
        self.tell_received(messages, ctx);
        ctx.tell(Fact::Waiting { source: self.id, change: -(count as i64) });
        // Of a single message, all that would be kept comes back with the call.
        let passes = count == 1;
        let handle = if passes {
            self.passing.messages += 1;
            passing::FIRST_HANDLE + self.dispatched
        } else {
            self.fresh.messages += messages;
            let batch = FreshBatch { number: self.dispatched, first, count, received: ctx.now, emitted };
            FIRST_HANDLE + u64::from(self.fresh.batches.insert(batch))
        };
        self.dispatched += 1;
        let events = Events { first, count: count as u32, runs: None };
        ctx.invoke(Invoke { forgotten: passes, ..self.call(handle, events, emitted[0]) });
        true
    }

    fn take_fresh_batch(&mut self, handle: u64) -> Option<FreshBatch> {
        let place = u32::try_from(handle.checked_sub(FIRST_HANDLE)?).ok()?;
        let batch = self.fresh.batches.remove(place)?;
        self.fresh.messages -= batch.count as u64;
        Some(batch)
    }

    /// Whether a fresh batch was processed. Then it is deleted, and each of its messages has its latency.
    pub(super) fn is_fresh_and_processed(&mut self, settle: &Settle, ctx: &mut Context<'_>) -> bool {
        let Verdict::Ended { started, init, ending: Ending::Success, .. } = settle.verdict else { return false };
        let Some(batch) = self.take_fresh_batch(settle.handle) else { return false };
        let parts = Parts::of(&[(Part::Init, init), (Part::Handler, ctx.now.since(started).saturating_sub(init))]);
        let emitted = &batch.emitted[..batch.count];
        ctx.recorder.processed_together(ctx.now, self.id, emitted, |emitted| *emitted, SimDuration::ZERO, &parts);
        self.tell_deleted(batch.count as u64, ctx);
        true
    }

    /// The place of the batch with this handle. A fresh one is a batch like all others from now on.
    pub(super) fn place_of_known(&mut self, handle: u64) -> u32 {
        let Some(batch) = self.take_fresh_batch(handle) else { return handle as u32 };
        self.remember(batch.number, batch.first, &batch.emitted[..batch.count], batch.received)
    }
}
