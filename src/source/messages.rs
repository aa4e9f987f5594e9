//! The messages of a queue: which of them are visible, in which order they are received, when they come back or expire.
//!
//! A standard queue hands messages out as they became visible, a FIFO queue by message group. A message lies among the newcomers or
//! the other fresh ones until it is first received, and has a place among the known ones from then on.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use crate::time::{SimDuration, SimTime};

use super::message::{Fresh, Message, MessageId};
use super::message_groups::MessageGroups;
use super::newcomers::Newcomers;
use super::numbered::Numbered;
use super::partition::FewKeys;
use super::slab::Slab;

/// In which order messages are received.
enum Order {
    /// As they became visible: the newcomers, and these, each of them after the newcomers below a number. Those that expired there
    /// are passed over.
    Visible(VecDeque<(u64, MessageId)>),
    Groups(Box<MessageGroups>),
}

/// The messages that have not met their fates.
pub(super) struct Messages {
    /// Those of a standard queue that were never received and are alike.
    newcomers: Newcomers,
    /// The others that were never received.
    fresh: Numbered<Fresh>,
    known: Slab<Message>,
    order: Order,
    /// When each message that is delayed or hidden becomes visible; some delayed ones have expired since.
    hidden: BinaryHeap<Reverse<(SimTime, MessageId)>>,
    /// When those expire that became visible again; some are in flight again.
    returned: BTreeSet<(SimTime, MessageId)>,
    retention: SimDuration,
    /// The first messages, which lay in the queue when the run started, and how old they were.
    backlog: (u64, SimDuration),
    /// Not after any message in the queue expires; never, where there was none when this was last looked at.
    next_expiry: SimTime,
    visible: u64,
    in_flight: u64,
}

/// What calls to the queue bring.
#[derive(Default)]
pub(super) struct Receipt {
    pub messages: Vec<MessageId>,
    /// The most tries that one of them has behind it.
    pub tries: u32,
    /// Messages that were received too often before, and leave the queue.
    pub redriven: Vec<MessageId>,
}

/// What is left to tell of a message that met its fate.
pub(super) struct Removed {
    pub emitted: SimTime,
    pub tries: u32,
    pub copy: bool,
}

impl Messages {
    /// An empty queue; with `groups` the messages of each keep their order.
    pub(super) fn new(groups: Option<FewKeys>, retention: SimDuration, backlog: (u64, SimDuration)) -> Messages {
        let order = match groups {
            None => Order::Visible(VecDeque::new()),
            Some(of) => Order::Groups(MessageGroups::new(of).into()),
        };
        Messages {
            newcomers: Newcomers::default(),
            fresh: Numbered::default(),
            known: Slab::default(),
            order,
            hidden: BinaryHeap::new(),
            returned: BTreeSet::new(),
            retention,
            backlog,
            next_expiry: SimTime::NEVER,
            visible: 0,
            in_flight: 0,
        }
    }

    /// How old a message was when the run started.
    pub(super) fn age_at_start(&self, number: u64) -> SimDuration {
        if number < self.backlog.0 { self.backlog.1 } else { SimDuration::ZERO }
    }

    /// Messages that are with a poller or the function, or hidden after that: "in flight" in the words of SQS.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Whether nothing is visible and nothing in flight.
    pub(super) fn is_quiet(&self) -> bool {
        self.visible == 0 && self.in_flight == 0
    }

    /// Whether a message can be received now.
    pub(super) fn any_receivable(&self) -> bool {
        match &self.order {
            Order::Visible(_) => self.visible > 0,
            Order::Groups(groups) => groups.any_open(),
        }
    }

    /// A message that was received and lives.
    pub(super) fn get(&self, id: MessageId) -> &Message {
        id.place.and_then(|place| self.known.get(place)).expect("the message lives")
    }

    /// A message that was received and lives, to be changed.
    pub(super) fn get_mut(&mut self, id: MessageId) -> &mut Message {
        id.place.and_then(|place| self.known.get_mut(place)).expect("the message lives")
    }

    /// A message occurs at `now` and becomes visible at `visible`; numbers ascend.
    pub(super) fn emit(&mut self, number: u64, now: SimTime, mut visible: SimTime, handler: Option<SimDuration>) {
        if visible <= now && handler.is_none() && self.add_newcomers(number, &[now]) {
            return;
        }
        let mut group = 0;
        if let Order::Groups(groups) = &mut self.order {
            (group, visible) = groups.join(number, visible);
        }
        self.fresh.insert(number, Fresh { emitted: now, visible, handler, group });
        self.expect_expiry(number, now);
        let id = MessageId { number, place: None };
        if visible <= now {
            self.line_up(id, group, false, now);
        } else {
            self.hidden.push(Reverse((visible, id)));
        }
    }

    /// Messages occur at these instants, visible at once and with nothing that they bring; numbers ascend.
    pub(super) fn emit_alike(&mut self, number: u64, instants: &[SimTime]) {
        if !self.add_newcomers(number, instants) {
            (number..).zip(instants).for_each(|(number, at)| self.emit(number, *at, *at, None));
        }
    }

    /// Adds messages to the newcomers, if they can be: gives back whether they are.
    #[inline]
    fn add_newcomers(&mut self, number: u64, instants: &[SimTime]) -> bool {
        let are_added = matches!(self.order, Order::Visible(_)) && self.newcomers.add(number, instants);
        if are_added {
            self.visible += instants.len() as u64;
            self.expect_expiry(number, instants[0]);
        }
        are_added
    }

    /// The message with this number occurs at `now`, and may be the first to expire.
    #[inline]
    fn expect_expiry(&mut self, number: u64, now: SimTime) {
        if self.next_expiry == SimTime::NEVER {
            self.next_expiry = self.expiry(number, now);
        }
    }

    /// The messages that are received next, at most `most`, where none of them was received before, all were visible as they occurred
    /// and none lay there at the start: the number of the first, and when each occurred, in `emitted`. From now on nothing is kept of
    /// them here.
    pub(super) fn take_newcomers(&mut self, most: usize, emitted: &mut [SimTime]) -> Option<(u64, usize)> {
        let Order::Visible(line) = &self.order else { return None };
        let first = self.newcomers.first().filter(|first| *first >= self.backlog.0)?;
        let count = self.newcomers.len().min(most);
        // Another one that is received with them makes a batch of another kind.
        if count < most && !line.is_empty() || line.front().is_some_and(|(after, _)| *after < first + count as u64) {
            return None;
        }
        self.newcomers.take(&mut emitted[..count]);
        self.visible -= count as u64;
        Some((first, count))
    }

    /// A message of which nothing was kept since it was received, for the first time, and sent is one of those in flight: it occurred
    /// and was visible at `emitted`.
    pub(super) fn remember(&mut self, number: u64, emitted: SimTime, received: SimTime) -> MessageId {
        let fresh = Fresh { emitted, visible: emitted, handler: None, group: 0 };
        let message = Message::received(number, &fresh, SimTime::ZERO, received);
        self.in_flight += 1;
        let message = Message { sent: received, tries: 1, deliveries: 1, ..message };
        MessageId { number, place: Some(self.known.insert(message)) }
    }

    /// A message in flight is to be visible again at `visible`.
    pub(super) fn put_back(&mut self, id: MessageId, visible: SimTime, now: SimTime) {
        if visible > now || self.show(id, now) {
            self.hidden.push(Reverse((visible.max(now), id)));
        }
    }

    /// A message was deleted, but a copy of it stays and is visible at once.
    pub(super) fn leave_copy(&mut self, id: MessageId, now: SimTime) {
        self.get_mut(id).copy = true;
        self.put_back(id, now, now);
    }

    /// When the next hidden message becomes visible; never, where none is hidden.
    pub(super) fn next_visible(&self) -> SimTime {
        self.hidden.peek().map_or(SimTime::NEVER, |Reverse((at, _))| *at)
    }

    /// Lets hidden messages become visible up to `now`; those that the queue no longer keeps are returned instead.
    pub(super) fn surface(&mut self, now: SimTime) -> Vec<MessageId> {
        let mut over = Vec::new();
        while let Some(Reverse((_, id))) = self.hidden.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.hidden.pop();
            if self.show(id, now) {
                over.push(id);
            }
        }
        over
    }

    /// When a message that occurred at `emitted` expires.
    fn expiry(&self, number: u64, emitted: SimTime) -> SimTime {
        emitted + self.retention.saturating_sub(self.age_at_start(number))
    }

    /// When a message may expire; never, where there is none.
    pub(super) fn next_expiry(&self) -> SimTime {
        self.next_expiry
    }

    /// The oldest message in the queue, if it is too old at `now`; one that is in flight does not count.
    pub(super) fn next_expired(&mut self, now: SimTime) -> Option<MessageId> {
        while let Some((at, id)) = self.returned.first().copied()
            && at <= now
            && self.get(id).is_in_flight
        {
            self.returned.pop_first();
        }
        let newcomer = self.newcomers.first();
        let fresh = self.fresh.first().map(|(number, _)| number);
        let never_received = newcomer.into_iter().chain(fresh).min().and_then(|number| {
            let id = MessageId { number, place: None };
            Some((self.expiry(number, self.fresh(number)?.emitted), id))
        });
        let first = never_received.into_iter().chain(self.returned.first().copied()).min();
        self.next_expiry = first.map_or(SimTime::NEVER, |(at, _)| at);
        first.filter(|(at, _)| *at <= now).map(|(_, id)| id)
    }

    /// A message becomes visible, unless the queue keeps it no longer: gives back whether that is so.
    fn show(&mut self, id: MessageId, now: SimTime) -> bool {
        let returns = id.place.is_some();
        let (emitted, group) = if returns {
            let message = self.get(id);
            (message.emitted, message.group)
        } else {
            let Some(fresh) = self.fresh.get(id.number) else { return false };
            (fresh.emitted, fresh.group)
        };
        let expiry = self.expiry(id.number, emitted);
        if expiry <= now {
            return true;
        }
        if returns {
            self.get_mut(id).is_in_flight = false;
            self.in_flight -= 1;
            self.returned.insert((expiry, id));
            self.next_expiry = self.next_expiry.min(expiry);
        }
        self.line_up(id, group, returns, now);
        false
    }

    /// A message can be received from now on, in its turn; it `returns` if it was in flight.
    #[inline]
    fn line_up(&mut self, id: MessageId, group: u64, returns: bool, now: SimTime) {
        self.visible += 1;
        match &mut self.order {
            Order::Visible(line) => line.push_back((self.newcomers.end(), id)),
            Order::Groups(groups) => groups.show(id, group, returns, now),
        }
    }

    /// Receives at most `most` messages; one that was received `limit` times leaves the queue instead.
    pub(super) fn receive(&mut self, receipt: &mut Receipt, most: usize, limit: Option<u32>, now: SimTime) {
        let full = receipt.messages.len() + most;
        let mut reading = None;
        while receipt.messages.len() < full {
            let next = match &mut self.order {
                Order::Visible(line) => next_visible(line, &self.newcomers).map(|id| (id, SimTime::ZERO)),
                Order::Groups(groups) => groups.next(&mut reading),
            };
            let Some((id, freed)) = next else { break };
            self.take(id, freed, receipt, limit, now);
        }
    }

    /// A visible message is received, unless it expired; its group was free since `freed`.
    #[inline]
    fn take(&mut self, mut id: MessageId, freed: SimTime, receipt: &mut Receipt, limit: Option<u32>, now: SimTime) {
        let mut is_received = true;
        if let Some(place) = id.place {
            let Some(message) = self.known.get_mut(place).filter(|message| message.number == id.number) else { return };
            is_received = message.receive(limit, now);
            if is_received {
                receipt.tries = receipt.tries.max(message.tries);
            }
        } else {
            let Some(fresh) = self.fresh(id.number) else { return };
            id.place = Some(self.known.insert(Message::received(id.number, &fresh, freed, now)));
            self.remove_fresh(id.number);
        }
        self.visible -= 1;
        self.in_flight += 1;
        let list = if is_received { &mut receipt.messages } else { &mut receipt.redriven };
        list.push(id);
    }

    /// A message that was never received.
    fn fresh(&self, number: u64) -> Option<Fresh> {
        self.newcomers.get(number).or_else(|| self.fresh.get(number).copied())
    }

    /// A message is no longer among those that were never received. Of the newcomers it is the first.
    fn remove_fresh(&mut self, number: u64) {
        if self.newcomers.first() == Some(number) {
            self.newcomers.take(&mut [SimTime::ZERO]);
        } else {
            self.fresh.remove(number);
        }
    }

    /// A message meets its fate and is no longer there.
    pub(super) fn remove(&mut self, id: MessageId, now: SimTime) -> Removed {
        let (removed, group, was_visible) = match id.place {
            None => {
                let Fresh { emitted, visible, group, .. } = self.fresh(id.number).expect("the message lives");
                self.remove_fresh(id.number);
                // One that becomes visible only as it expires does not.
                let was_visible = visible <= now && visible < self.expiry(id.number, emitted);
                (Removed { emitted, tries: 0, copy: false }, group, was_visible)
            }
            Some(place) => {
                let Message { emitted, tries, copy, group, is_in_flight, .. } = *self.get(id);
                self.known.remove(place);
                self.in_flight -= u64::from(is_in_flight);
                if !self.returned.is_empty() {
                    self.returned.remove(&(self.expiry(id.number, emitted), id));
                }
                (Removed { emitted, tries, copy }, group, !is_in_flight)
            }
        };
        self.visible -= u64::from(was_visible);
        match &mut self.order {
            Order::Visible(line) => {
                while was_visible && line.front().is_some_and(|(_, id)| !lives(&self.fresh, &self.known, *id)) {
                    line.pop_front();
                }
            }
            Order::Groups(groups) => groups.leave(id, group, id.place.is_some() && !was_visible, now),
        }
        removed
    }
}

/// The message that a standard queue hands out next. It is taken out of the line; a newcomer stays where it is.
fn next_visible(line: &mut VecDeque<(u64, MessageId)>, newcomers: &Newcomers) -> Option<MessageId> {
    let newcomer = newcomers.first();
    match line.front() {
        Some((after, _)) if newcomer.is_none_or(|first| *after <= first) => line.pop_front().map(|(_, id)| id),
        _ => newcomer.map(|number| MessageId { number, place: None }),
    }
}

/// Whether a message of the line has not met its fate; its place may be another's by now.
fn lives(fresh: &Numbered<Fresh>, known: &Slab<Message>, id: MessageId) -> bool {
    match id.place {
        None => fresh.get(id.number).is_some(),
        Some(place) => known.get(place).is_some_and(|message| message.number == id.number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * SECOND)
    }

    fn numbers(ids: &[MessageId]) -> Vec<u64> {
        ids.iter().map(|id| id.number).collect()
    }

    #[test]
    fn messages_are_received_as_they_became_visible() {
        let mut messages = Messages::new(None, SimDuration::from_secs(60), (0, SimDuration::ZERO));
        let mut receipt = Receipt::default();
        // Number 1 is delayed.
        (0..4).for_each(|number| messages.emit(number, at(0), at(if number == 1 { 5 } else { 0 }), None));
        messages.receive(&mut receipt, 2, Some(2), at(1));
        assert_eq!((numbers(&receipt.messages), messages.in_flight()), (vec![0, 2], 2));
        messages.put_back(receipt.messages[0], at(4), at(2));
        assert_eq!(messages.next_visible(), at(4));
        messages.remove(receipt.messages[1], at(2));
        assert!(messages.surface(at(5)).is_empty() && messages.in_flight() == 0);
        let mut receipt = Receipt::default();
        messages.receive(&mut receipt, 10, Some(1), at(5));
        assert_eq!((numbers(&receipt.messages), numbers(&receipt.redriven)), (vec![3, 1], vec![0]));
        assert!(!messages.any_receivable() && messages.in_flight() == 3);
    }

    /// Newcomers, those that bring something with them, and those that come back stand in one line.
    #[test]
    fn what_comes_back_goes_before_what_comes_later() {
        let mut messages = Messages::new(None, SimDuration::from_secs(60), (0, SimDuration::ZERO));
        let brings = SimDuration::from_secs(7);
        messages.emit_alike(0, &[at(0), at(1)]);
        messages.emit(2, at(2), at(2), Some(brings));
        messages.emit(3, at(3), at(3), None);
        let mut receipt = Receipt::default();
        messages.receive(&mut receipt, 3, None, at(4));
        assert_eq!(numbers(&receipt.messages), [0, 1, 2]);
        let handlers: Vec<_> = receipt.messages.iter().map(|id| messages.get(*id).handler).collect();
        assert_eq!(handlers, [None, None, Some(brings)]);
        messages.put_back(receipt.messages[1], at(5), at(5));
        messages.emit(4, at(5), at(5), None);
        messages.emit_alike(5, &[at(6), at(7)]);
        messages.put_back(receipt.messages[0], at(8), at(8));
        messages.emit_alike(7, &[at(9)]);
        let mut receipt = Receipt::default();
        messages.receive(&mut receipt, 9, None, at(9));
        assert_eq!(numbers(&receipt.messages), [3, 1, 4, 5, 6, 0, 7]);
    }

    #[test]
    fn what_is_too_old_leaves_the_queue_but_not_while_it_is_in_flight() {
        let mut messages = Messages::new(None, SimDuration::from_secs(60), (0, SimDuration::ZERO));
        let mut receipt = Receipt::default();
        // Number 3 becomes visible only as it expires, number 4 comes later.
        (0..4).for_each(|number| messages.emit(number, at(0), at(if number == 3 { 60 } else { 0 }), None));
        messages.emit(4, at(1), at(1), None);
        messages.receive(&mut receipt, 2, None, at(2));
        messages.put_back(receipt.messages[0], at(30), at(3));
        assert!(messages.surface(at(30)).is_empty());
        assert_eq!(messages.next_expiry(), at(60));
        let over = messages.surface(at(60));
        assert_eq!(numbers(&over), [3]);
        messages.remove(over[0], at(60));
        for number in [0, 2] {
            let id = messages.next_expired(at(60)).unwrap();
            assert_eq!(id.number, number);
            messages.remove(id, at(60));
        }
        assert_eq!((messages.next_expired(at(60)), messages.next_expiry()), (None, at(61)));
        // Number 1 was in flight, and is gone when it comes back.
        messages.put_back(receipt.messages[1], at(61), at(60));
        assert_eq!(numbers(&messages.surface(at(61))), [1]);
        assert!(messages.any_receivable() && messages.in_flight() == 1);
        // A newcomer is not older than one that brings something with it.
        let mut messages = Messages::new(None, SimDuration::from_secs(60), (0, SimDuration::ZERO));
        messages.emit(0, at(0), at(0), Some(SimDuration::ZERO));
        messages.emit_alike(1, &[at(1)]);
        assert_eq!(messages.next_expired(at(60)).map(|id| id.number), Some(0));
    }
}
