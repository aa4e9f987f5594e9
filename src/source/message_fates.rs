//! What becomes of the messages of a queue: deleted when they were processed, back in the queue when they were not, or given up.

use crate::engine::{Call, Events, Fact, Fate, MappingCount, Part, Parts};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::message::MessageId;
use super::messages::Removed;
use super::queue::Queue;
use super::queue_batch::{Batch, BatchMessages};

/// Messages that one DeleteMessageBatch deletes: "up to ten" (SQS API reference).
const MOST_DELETED: u64 = 10;
/// Purpose of the draw that lets a message come a second time.
const DUPLICATE: &str = "duplicate";

impl Queue {
    /// Messages that an invocation failed go back to the queue.
    pub(super) fn give_back(&mut self, returned: &[MessageId], attempt: u32, started: SimTime, ctx: &mut Context<'_>) {
        if returned.is_empty() {
            return;
        }
        let count = returned.len() as u64;
        ctx.tell(Fact::Mapping { source: self.id, what: MappingCount::FailedInvoke, events: count });
        ctx.tell(Fact::Waiting { source: self.id, change: returned.len() as i64 });
        for id in returned {
            let message = self.messages.get_mut(*id);
            message.first_failure = message.first_failure.min(started);
        }
        let events = events(returned, ctx.watched);
        ctx.mention(|| Fact::RetryScheduled(Call { source: self.id, function: self.target, events: &events, attempt }));
        self.put_back(returned, ctx.now);
    }

    /// Messages are visible again once their visibility timeout is over.
    pub(super) fn put_back(&mut self, ids: &[MessageId], now: SimTime) {
        for id in ids {
            let visible = self.messages.get(*id).received + self.visibility;
            self.messages.put_back(*id, visible, now);
        }
    }

    /// Takes back the list of a batch that is over, if it has one.
    pub(super) fn reuse(&mut self, messages: BatchMessages) {
        if let BatchMessages::Many(mut list) = messages
            && list.capacity() > 0
        {
            list.clear();
            self.lists.push(list);
        }
    }

    /// Tells the calls that delete so many messages.
    pub(super) fn tell_deleted(&self, messages: u64, ctx: &mut Context<'_>) {
        if messages > 0 {
            ctx.tell(Fact::Requests { source: self.id, count: messages.div_ceil(MOST_DELETED) });
            ctx.tell(Fact::Mapping { source: self.id, what: MappingCount::Deleted, events: messages });
        }
    }

    /// A message ends without having been processed, this time at least.
    pub(super) fn lose(&mut self, id: MessageId, fate: Fate, ctx: &mut Context<'_>) -> Removed {
        let removed = self.messages.remove(id, ctx.now);
        ctx.tell(Fact::Waiting { source: self.id, change: -1 });
        if !removed.copy {
            self.settled(id.number, removed.emitted, removed.tries, fate, None, ctx);
        }
        removed
    }

    /// A message was received too often: SQS itself moves it, with no condition and no count in the message.
    pub(super) fn redrive(&mut self, id: MessageId, ctx: &mut Context<'_>) {
        let Removed { tries: attempt, copy, .. } = self.lose(id, Fate::DeadLettered, ctx);
        // The copy of a message that was processed decides nothing, and a message would tell of an event that met another fate.
        if let Some(destination) = self.dead_letter_queue.filter(|_| !copy) {
            let events = Events::one(id.number);
            let call = Call { source: self.id, function: self.target, events: &events, attempt };
            ctx.send(destination, call, None, 0, 1);
        }
    }

    /// What is left of a batch was processed: it is deleted, and each message has its latency.
    pub(super) fn processed(
        &mut self,
        batch: &Batch,
        invocation: u64,
        started: SimTime,
        init: SimDuration,
        ctx: &mut Context<'_>,
    ) {
        for id in &*batch.messages {
            let message = self.messages.get(*id);
            // A copy decides nothing any more.
            if message.copy {
                self.messages.remove(*id, ctx.now);
                continue;
            }
            let first_failure = message.first_failure.min(started);
            let polled = message.first_received.since(message.visible).saturating_sub(message.blocked);
            let parts = Parts::of(&[
                (Part::Delivery, message.visible.since(message.emitted)),
                (Part::Poll, polled + self.messages.age_at_start(id.number)),
                (Part::Blocked, message.blocked),
                (Part::Batching, message.sent.since(message.first_received)),
                (Part::Throttled, first_failure.since(message.sent)),
                (Part::Retry, started.since(first_failure)),
                (Part::Init, init),
                (Part::Handler, ctx.now.since(started).saturating_sub(init)),
            ]);
            self.settled(id.number, message.emitted, message.tries, Fate::Processed, Some((&parts, invocation)), ctx);
            self.delete(*id, ctx);
        }
        self.tell_deleted(batch.messages.len() as u64, ctx);
    }

    /// A processed message is deleted, but may come again.
    ///
    /// "On rare occasions, one of the servers that stores a copy of a message might be unavailable when you receive or delete a
    /// message. If this occurs, [...] you might get that message copy again when you receive messages" (SQS Developer Guide,
    /// "Amazon SQS at-least-once delivery").
    fn delete(&mut self, id: MessageId, ctx: &mut Context<'_>) {
        if self.duplicate_rate > 0.0 && self.key.numbered(id.number).chance(DUPLICATE, self.duplicate_rate) {
            self.messages.leave_copy(id, ctx.now);
            ctx.tell(Fact::Waiting { source: self.id, change: 1 });
        } else {
            self.messages.remove(id, ctx.now);
        }
    }

    /// An event met its fate; one that was processed has the parts of its latency, and an invocation that decided.
    #[inline(always)]
    fn settled(
        &self,
        event: u64,
        emitted: SimTime,
        attempt: u32,
        fate: Fate,
        processed: Option<(&Parts, u64)>,
        ctx: &mut Context<'_>,
    ) {
        ctx.tell(Fact::Settled {
            source: self.id,
            function: Some(self.target),
            event,
            emitted,
            fate,
            parts: processed.map(|(parts, _)| *parts),
            invocation: processed.map(|(_, invocation)| invocation),
            attempt,
            condition: None,
            invoke_count: 0,
        });
    }
}

/// The events of messages, whose runs are kept where `watched`.
pub(super) fn events(ids: &[MessageId], watched: bool) -> Events {
    Events::of(ids.iter().map(|id| id.number), watched)
}
