//! The message groups of a FIFO queue: while messages of a group are with a poller, the others of the group wait.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::time::SimTime;

use super::message::MessageId;
use super::partition::FewKeys;

/// All groups of a queue.
pub(super) struct MessageGroups {
    /// Which group each message belongs to.
    of: FewKeys,
    /// Those of which messages live.
    live: FxHashMap<u64, Group>,
    /// (oldest visible message, group) of each group from which messages can be received.
    open: BTreeSet<(u64, u64)>,
}

/// A message group of which messages live.
#[derive(Default)]
struct Group {
    visible: BTreeSet<MessageId>,
    /// Messages that are with a poller or hidden after that.
    in_flight: u32,
    /// All messages.
    live: u32,
    /// When the last message that was in flight left or came back.
    freed: SimTime,
    /// When the message before the next becomes visible, so that they keep their order.
    last_visible: SimTime,
    /// The message under which the group is among the open ones.
    open_as: Option<u64>,
}

impl MessageGroups {
    pub(super) fn new(of: FewKeys) -> MessageGroups {
        MessageGroups { of, live: FxHashMap::default(), open: BTreeSet::new() }
    }

    /// A message joins its group, to become visible at `visible` or with those before it: gives back its group, and when that is.
    pub(super) fn join(&mut self, number: u64, visible: SimTime) -> (u64, SimTime) {
        let number = self.of.of(number);
        let group = self.live.entry(number).or_default();
        group.live += 1;
        group.last_visible = group.last_visible.max(visible);
        (number, group.last_visible)
    }

    /// Whether messages can be received from any group.
    pub(super) fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// A message is visible from now on, and `returns` if it was in flight.
    pub(super) fn show(&mut self, id: MessageId, number: u64, returns: bool, now: SimTime) {
        self.change(number, |group| {
            group.visible.insert(id);
            group.give_back(returns, now);
        });
    }

    /// Takes the next message that can be received, and says since when its group was free. A call to the queue goes on with the group
    /// that it is `reading`: "Amazon SQS first attempts to return as many messages with the same message group ID as possible" (SQS
    /// Developer Guide, "FIFO queue delivery logic").
    pub(super) fn next(&mut self, reading: &mut Option<u64>) -> Option<(MessageId, SimTime)> {
        if let Some(next) = reading.and_then(|number| self.take_first(number)) {
            return Some(next);
        }
        let (_, number) = self.open.first().copied()?;
        *reading = Some(number);
        self.take_first(number)
    }

    fn take_first(&mut self, number: u64) -> Option<(MessageId, SimTime)> {
        self.change(number, |group| {
            let id = group.visible.pop_first()?;
            group.in_flight += 1;
            Some((id, group.freed))
        })
    }

    /// A message leaves its group.
    pub(super) fn leave(&mut self, id: MessageId, number: u64, was_in_flight: bool, now: SimTime) {
        self.change(number, |group| {
            group.visible.remove(&id);
            group.live -= 1;
            group.give_back(was_in_flight, now);
        });
    }

    /// Changes a group, and with it whether messages can be received from it.
    fn change<T>(&mut self, number: u64, change: impl FnOnce(&mut Group) -> T) -> T {
        let group = self.live.entry(number).or_default();
        let changed = change(group);
        let opens_as = group.visible.first().map(|id| id.number).filter(|_| group.in_flight == 0);
        if group.open_as != opens_as {
            if let Some(head) = group.open_as {
                self.open.remove(&(head, number));
            }
            if let Some(head) = opens_as {
                self.open.insert((head, number));
            }
            group.open_as = opens_as;
        }
        if group.live == 0 {
            self.live.remove(&number);
        }
        changed
    }
}

impl Group {
    /// One of its messages is no longer in flight, if it was.
    fn give_back(&mut self, was_in_flight: bool, now: SimTime) {
        if was_in_flight {
            self.in_flight -= 1;
            if self.in_flight == 0 {
                self.freed = now;
            }
        }
    }
}
