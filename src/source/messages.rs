//! The messages of a queue: which of them are visible, in which order they are received, when they come back or expire.
//!
//! A standard queue hands messages out as they became visible. A FIFO queue keeps the order within each message group: while
//! messages of a group are with a poller, the others of the group wait.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rustc_hash::FxHashMap;

use crate::time::{SimDuration, SimTime};

use super::numbered::Numbered;
use super::partition::FewKeys;

/// A message that has not met its fate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub emitted: SimTime,
    /// When it was first visible.
    pub visible: SimTime,
    /// When it was first received; never, before it.
    pub first_received: SimTime,
    /// How much of the time before that its group was busy.
    pub blocked: SimDuration,
    /// When it was last received.
    pub received: SimTime,
    /// When it was first sent to the function; never, before it.
    pub sent: SimTime,
    /// Start of the first invocation that failed it; never, before it.
    pub first_failure: SimTime,
    /// How often it was received: AWS's ApproximateReceiveCount.
    pub receives: u32,
    /// Tries so far, accepted or not.
    pub tries: u32,
    /// Tries that were accepted.
    pub deliveries: u32,
    /// The handler time that it brings with it.
    pub handler: Option<SimDuration>,
    /// Whether it was processed and deleted before, and comes again all the same.
    pub copy: bool,
    group: u64,
    place: Place,
}

/// Where a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// In the queue, and cannot be received yet.
    Delayed,
    /// In the queue.
    Visible,
    /// With a poller or the function, or hidden after that until its visibility timeout is over.
    Received,
}

/// In which order messages are received.
enum Order {
    /// As they became visible; numbers of messages that expired there are passed over.
    Visible(VecDeque<u64>),
    /// By group.
    Groups(Box<Grouped>),
}

struct Grouped {
    /// Which group each message belongs to.
    of: FewKeys,
    groups: FxHashMap<u64, Group>,
    /// (oldest visible message, group) of each group from which messages can be received.
    open: BTreeSet<(u64, u64)>,
}

/// A message group of which messages live.
#[derive(Default)]
struct Group {
    /// Visible messages.
    visible: BTreeSet<u64>,
    /// Messages that are with a poller or hidden after that.
    received: u32,
    /// All messages.
    live: u32,
    /// When the last message that was received left or came back.
    freed: SimTime,
    /// When the message before the next becomes visible, so that they keep their order.
    last_visible: SimTime,
    /// The message under which the group is among the open ones.
    open_as: Option<u64>,
}

/// The messages that have not met their fates.
pub(super) struct Messages {
    live: Numbered<Message>,
    order: Order,
    /// (when it becomes visible, number) of each message that is delayed or hidden; some have expired since.
    hidden: BinaryHeap<Reverse<(SimTime, u64)>>,
    retention: SimDuration,
    /// The first messages, which lay in the queue when the run started, and how old they were.
    backlog: (u64, SimDuration),
    /// All messages before this have met their fates, or were received as their retention ended.
    oldest: u64,
    /// When the first of the others may expire; never, where there is none.
    next_expiry: SimTime,
    /// Messages so far.
    emitted: u64,
    visible: u64,
    received: u64,
    /// Empty lists, for the next receipts.
    lists: Vec<Vec<u64>>,
}

/// What one call to the queue brings.
#[derive(Default)]
pub(super) struct Receipt {
    /// The messages received.
    pub messages: Vec<u64>,
    /// The most tries that one of them has behind it.
    pub tries: u32,
    /// Those that were received too often before, and leave the queue.
    pub redriven: Vec<u64>,
}

impl Messages {
    /// An empty queue; with `groups` the messages of each keep their order.
    pub(super) fn new(groups: Option<FewKeys>, retention: SimDuration, backlog: (u64, SimDuration)) -> Messages {
        let order = match groups {
            None => Order::Visible(VecDeque::new()),
            Some(of) => Order::Groups(Box::new(Grouped { of, groups: FxHashMap::default(), open: BTreeSet::new() })),
        };
        Messages {
            live: Numbered::default(),
            order,
            hidden: BinaryHeap::new(),
            retention,
            backlog,
            oldest: 0,
            next_expiry: SimTime::NEVER,
            emitted: 0,
            visible: 0,
            received: 0,
            lists: Vec::new(),
        }
    }

    /// How old a message was when the run started.
    pub(super) fn age_at_start(&self, number: u64) -> SimDuration {
        if number < self.backlog.0 { self.backlog.1 } else { SimDuration::ZERO }
    }

    /// Messages that are with a poller or the function, or hidden after that: "in flight" in the words of SQS.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Whether nothing is visible and nothing in flight.
    pub(super) fn is_quiet(&self) -> bool {
        self.visible == 0 && self.received == 0
    }

    /// Whether a message can be received now.
    pub(super) fn any_receivable(&self) -> bool {
        match &self.order {
            Order::Visible(_) => self.visible > 0,
            Order::Groups(grouped) => !grouped.open.is_empty(),
        }
    }

    /// A live message.
    pub(super) fn get(&self, number: u64) -> &Message {
        self.live.get(number).expect("the message lives")
    }

    /// A live message, to be changed.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Message> {
        self.live.get_mut(number)
    }

    /// The next message occurs at `now` and becomes visible at `visible`.
    pub(super) fn emit(&mut self, now: SimTime, mut visible: SimTime, handler: Option<SimDuration>) {
        let number = self.emitted;
        self.emitted += 1;
        let mut group = 0;
        if let Order::Groups(grouped) = &mut self.order {
            group = grouped.of.of(number);
            let group = grouped.groups.entry(group).or_default();
            group.live += 1;
            visible = visible.max(group.last_visible);
            group.last_visible = visible;
        }
        let message = Message {
            emitted: now,
            visible,
            first_received: SimTime::NEVER,
            blocked: SimDuration::ZERO,
            received: SimTime::NEVER,
            sent: SimTime::NEVER,
            first_failure: SimTime::NEVER,
            receives: 0,
            tries: 0,
            deliveries: 0,
            handler,
            copy: false,
            group,
            place: Place::Delayed,
        };
        self.live.insert(number, message);
        if number == self.oldest {
            self.next_expiry = self.expiry(number);
        }
        self.hide(number, visible, now);
    }

    /// A received message is to be visible again at `visible`.
    pub(super) fn put_back(&mut self, number: u64, visible: SimTime, now: SimTime) {
        self.hide(number, visible, now);
    }

    /// A message was deleted, but a copy of it stays and is visible at once.
    pub(super) fn leave_copy(&mut self, number: u64, now: SimTime) {
        if let Some(message) = self.live.get_mut(number) {
            message.copy = true;
        }
        self.hide(number, now, now);
    }

    fn hide(&mut self, number: u64, visible: SimTime, now: SimTime) {
        if visible > now || self.show(number, now) {
            self.hidden.push(Reverse((visible.max(now), number)));
        }
    }

    /// When the next hidden message becomes visible; never, where none is hidden.
    pub(super) fn next_visible(&self) -> SimTime {
        self.hidden.peek().map_or(SimTime::NEVER, |Reverse((at, _))| *at)
    }

    /// Lets hidden messages become visible up to `now`; those that the queue no longer keeps are returned instead.
    pub(super) fn surface(&mut self, now: SimTime) -> Vec<u64> {
        let mut over = Vec::new();
        while let Some(Reverse((_, number))) = self.hidden.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.hidden.pop();
            if self.show(number, now) {
                over.push(number);
            }
        }
        over
    }

    /// How long the queue keeps a message of this run.
    fn kept(&self, number: u64) -> SimDuration {
        self.retention.saturating_sub(self.age_at_start(number))
    }

    fn expiry(&self, number: u64) -> SimTime {
        self.live.get(number).map_or(SimTime::NEVER, |message| message.emitted + self.kept(number))
    }

    /// When the oldest message may expire; never, where there is none.
    pub(super) fn next_expiry(&self) -> SimTime {
        self.next_expiry
    }

    /// The messages in the queue that are too old at `now`; one that is in flight is not among them.
    pub(super) fn expired(&mut self, now: SimTime) -> Vec<u64> {
        // Messages are numbered in order of emission, and so in order of expiry.
        let mut over = Vec::new();
        while self.next_expiry <= now {
            if self.get(self.oldest).place != Place::Received {
                over.push(self.oldest);
            }
            self.oldest += 1;
            self.skip_ended();
        }
        over
    }

    fn skip_ended(&mut self) {
        self.next_expiry = self.expiry(self.oldest);
        while self.next_expiry == SimTime::NEVER && self.oldest < self.emitted {
            self.oldest += 1;
            self.next_expiry = self.expiry(self.oldest);
        }
    }

    /// A message becomes visible, unless the queue keeps it no longer: gives back whether that is so.
    fn show(&mut self, number: u64, now: SimTime) -> bool {
        let kept = self.kept(number);
        let Some(message) = self.live.get_mut(number) else { return false };
        if message.emitted + kept <= now {
            return true;
        }
        let returns = message.place == Place::Received;
        message.place = Place::Visible;
        self.visible += 1;
        self.received -= u64::from(returns);
        match &mut self.order {
            Order::Visible(queue) => queue.push_back(number),
            Order::Groups(grouped) => grouped.change(message.group, |group| {
                group.visible.insert(number);
                group.give_back(returns, now);
            }),
        }
        false
    }

    /// Receives at most `most` messages; one that was received `limit` times leaves the queue instead.
    pub(super) fn receive(&mut self, most: usize, limit: Option<u32>, now: SimTime) -> Receipt {
        let mut receipt = Receipt { messages: self.lists.pop().unwrap_or_default(), ..Receipt::default() };
        while receipt.messages.len() < most {
            let mut left = most - receipt.messages.len();
            let Messages { live, order, visible, received, .. } = self;
            let mut take = |number: u64, freed: SimTime| {
                let Some(message) = live.get_mut(number) else { return false };
                *visible -= 1;
                *received += 1;
                message.place = Place::Received;
                let taken = limit.is_none_or(|limit| message.receives < limit);
                if taken {
                    message.receives += 1;
                    message.received = now;
                    if message.first_received == SimTime::NEVER {
                        message.first_received = now;
                        message.blocked = freed.since(message.visible);
                    }
                    receipt.messages.push(number);
                    receipt.tries = receipt.tries.max(message.tries);
                } else {
                    receipt.redriven.push(number);
                }
                taken
            };
            match order {
                Order::Visible(queue) => {
                    let Some(number) = queue.pop_front() else { break };
                    take(number, SimTime::ZERO);
                }
                Order::Groups(grouped) => {
                    // "Amazon SQS first attempts to return as many messages with the same message group ID as possible" (SQS
                    // Developer Guide, "FIFO queue delivery logic").
                    let Some((_, group)) = grouped.open.first().copied() else { break };
                    grouped.change(group, |group| {
                        while left > 0
                            && let Some(number) = group.visible.pop_first()
                        {
                            group.received += 1;
                            left -= usize::from(take(number, group.freed));
                        }
                    });
                }
            }
        }
        receipt
    }

    /// Takes back the list of a receipt whose messages have met their fates.
    pub(super) fn reuse(&mut self, mut list: Vec<u64>) {
        list.clear();
        self.lists.push(list);
    }

    /// A message meets its fate and is no longer there.
    pub(super) fn remove(&mut self, number: u64, now: SimTime) -> Option<Message> {
        let message = self.live.remove(number)?;
        let (was_received, was_visible) = (message.place == Place::Received, message.place == Place::Visible);
        self.received -= u64::from(was_received);
        self.visible -= u64::from(was_visible);
        match &mut self.order {
            Order::Visible(queue) => {
                while was_visible && queue.front().is_some_and(|number| !self.live.contains(*number)) {
                    queue.pop_front();
                }
            }
            Order::Groups(grouped) => grouped.change(message.group, |group| {
                group.visible.remove(&number);
                group.live -= 1;
                group.give_back(was_received, now);
            }),
        }
        if number == self.oldest {
            self.skip_ended();
        }
        Some(message)
    }
}

impl Group {
    /// One of its messages is no longer in flight, if it was.
    fn give_back(&mut self, was_received: bool, now: SimTime) {
        if was_received {
            self.received -= 1;
            if self.received == 0 {
                self.freed = now;
            }
        }
    }
}

impl Grouped {
    /// Changes a group, and with it whether messages can be received from it.
    fn change(&mut self, number: u64, change: impl FnOnce(&mut Group)) {
        let group = self.groups.entry(number).or_default();
        change(group);
        let opens_as = group.visible.first().copied().filter(|_| group.received == 0);
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
            self.groups.remove(&number);
        }
    }
}
