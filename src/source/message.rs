//! A message of a queue: what is known of it before and after its first receipt.
//!
//! Most messages that wait were never received, so those are a few words; the rest is added with the first receipt.

use crate::time::{SimDuration, SimTime};

/// Which message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct MessageId {
    pub number: u64,
    /// Where it lies from its first receipt on.
    pub place: Option<u32>,
}

/// A message that was never received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    pub emitted: SimTime,
    /// When it is visible.
    pub visible: SimTime,
    /// The handler time that it brings with it.
    pub handler: Option<SimDuration>,
    /// The message group that it belongs to.
    pub group: u64,
}

/// A message that was received.
// In this order, and from the beginning of a line of the cache: what is needed when it was processed lies in one line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub number: u64,
    pub emitted: SimTime,
    /// When it was first visible.
    pub visible: SimTime,
    /// When it was first received.
    pub first_received: SimTime,
    /// How much of the time before that its group was busy.
    pub blocked: SimDuration,
    /// When it was first sent to the function; never, before it.
    pub sent: SimTime,
    /// Start of the first invocation that failed it; never, before it.
    pub first_failure: SimTime,
    /// Tries so far, accepted or not.
    pub tries: u32,
    /// Whether it is in flight, and not visible again.
    pub is_in_flight: bool,
    /// Whether it was processed and deleted before, and comes again all the same.
    pub copy: bool,
    /// When it was last received.
    pub received: SimTime,
    /// How often it was received: AWS's ApproximateReceiveCount.
    pub receives: u32,
    /// Tries that were accepted.
    pub deliveries: u32,
    /// The handler time that it brings with it.
    pub handler: Option<SimDuration>,
    /// The message group that it belongs to.
    pub group: u64,
}

impl Message {
    /// A message that is received for the first time at `now`; its group was free since `freed`.
    pub(super) fn received(number: u64, fresh: &Fresh, freed: SimTime, now: SimTime) -> Message {
        let Fresh { emitted, visible, handler, group } = *fresh;
        Message {
            number,
            emitted,
            visible,
            first_received: now,
            blocked: freed.since(visible),
            sent: SimTime::NEVER,
            first_failure: SimTime::NEVER,
            tries: 0,
            is_in_flight: true,
            copy: false,
            received: now,
            receives: 1,
            deliveries: 0,
            handler,
            group,
        }
    }

    /// It is received again at `now`, unless it was received `limit` times: gives back whether it is.
    pub(super) fn receive(&mut self, limit: Option<u32>, now: SimTime) -> bool {
        self.is_in_flight = true;
        let is_received = limit.is_none_or(|limit| self.receives < limit);
        if is_received {
            self.receives += 1;
            self.received = now;
        }
        is_received
    }
}
