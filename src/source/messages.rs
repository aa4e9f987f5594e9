//! The messages of a queue: which of them are visible, in which order they are received, when they come back or expire.
//!
//! A standard queue hands messages out as they became visible. A FIFO queue keeps the order within each message group: while
//! messages of a group are with a poller, the others of the group wait.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rustc_hash::FxHashMap;

use crate::time::{SimDuration, SimTime};

use super::partition::FewKeys;
use super::slab::Slab;

/// So many entries are kept of the order of emission for each live message, and so many more, before those of others are dropped.
const SPREAD: usize = 8;
const SPARE: usize = 64;

/// Which message, and where it lies: a place may have become another's since.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct MessageId {
    pub number: u64,
    place: u32,
}

impl MessageId {
    pub(super) const fn new(number: u64, place: u32) -> MessageId {
        MessageId { number, place }
    }
}

/// A message that has not met its fate.
// In this order, and from the beginning of a line of the cache: what is needed when it is processed lies in one line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    number: u64,
    pub emitted: SimTime,
    /// When it was first visible.
    pub visible: SimTime,
    /// When it was first received; never, before it.
    pub first_received: SimTime,
    /// How much of the time before that its group was busy.
    pub blocked: SimDuration,
    /// When it was first sent to the function; never, before it.
    pub sent: SimTime,
    /// Start of the first invocation that failed it; never, before it.
    pub first_failure: SimTime,
    /// Tries so far, accepted or not.
    pub tries: u32,
    state: State,
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
    group: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// In the queue, and cannot be received yet.
    Delayed,
    /// In the queue.
    Visible,
    /// With a poller or the function, or hidden after that until its visibility timeout is over.
    Received,
}

/// In which order messages are received.
enum Order {
    /// As they became visible; those that expired there are passed over.
    Visible(VecDeque<MessageId>),
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
    visible: BTreeSet<MessageId>,
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
    live: Slab<Message>,
    order: Order,
    /// When each message that is delayed or hidden becomes visible; some have expired since.
    hidden: BinaryHeap<Reverse<(SimTime, MessageId)>>,
    retention: SimDuration,
    /// The first messages, which lay in the queue when the run started, and how old they were.
    backlog: (u64, SimDuration),
    /// Messages in order of emission, and so of expiry. Some have met their fates, and a few that are in flight longer than they are
    /// kept are missing.
    by_age: VecDeque<MessageId>,
    /// Not after the first of them expires; never, where there is none.
    next_expiry: SimTime,
    /// Messages so far.
    emitted: u64,
    visible: u64,
    received: u64,
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

impl Messages {
    /// An empty queue; with `groups` the messages of each keep their order.
    pub(super) fn new(groups: Option<FewKeys>, retention: SimDuration, backlog: (u64, SimDuration)) -> Messages {
        let order = match groups {
            None => Order::Visible(VecDeque::new()),
            Some(of) => Order::Groups(Box::new(Grouped { of, groups: FxHashMap::default(), open: BTreeSet::new() })),
        };
        Messages {
            live: Slab::default(),
            order,
            hidden: BinaryHeap::new(),
            retention,
            backlog,
            by_age: VecDeque::new(),
            next_expiry: SimTime::NEVER,
            emitted: 0,
            visible: 0,
            received: 0,
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
    pub(super) fn get(&self, id: MessageId) -> &Message {
        self.live.get(id.place).filter(|message| message.number == id.number).expect("the message lives")
    }

    /// A live message, to be changed.
    pub(super) fn get_mut(&mut self, id: MessageId) -> &mut Message {
        find(&mut self.live, id).expect("the message lives")
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
        let is_visible = visible <= now;
        let place = self.live.insert(Message {
            number,
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
            state: if is_visible { State::Visible } else { State::Delayed },
        });
        let id = MessageId::new(number, place);
        if self.by_age.is_empty() {
            self.next_expiry = now + self.kept(number);
        }
        self.by_age.push_back(id);
        if self.by_age.len() > SPARE + SPREAD * self.live.len() {
            self.by_age.retain(|id| find(&mut self.live, *id).is_some());
        }
        if is_visible {
            self.line_up(id, group, false, now);
        } else {
            self.hidden.push(Reverse((visible, id)));
        }
    }

    /// A received message is to be visible again at `visible`.
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

    /// How long the queue keeps a message of this run.
    fn kept(&self, number: u64) -> SimDuration {
        self.retention.saturating_sub(self.age_at_start(number))
    }

    /// When the oldest message may expire; never, where there is none.
    pub(super) fn next_expiry(&self) -> SimTime {
        self.next_expiry
    }

    /// The messages in the queue that are too old at `now`; one that is in flight is not among them.
    pub(super) fn expired(&mut self, now: SimTime) -> Vec<MessageId> {
        let mut over = Vec::new();
        self.next_expiry = SimTime::NEVER;
        while let Some(id) = self.by_age.front().copied() {
            let kept = self.kept(id.number);
            if let Some(message) = find(&mut self.live, id) {
                let expiry = message.emitted + kept;
                if expiry > now {
                    self.next_expiry = expiry;
                    break;
                }
                if message.state != State::Received {
                    over.push(id);
                }
            }
            self.by_age.pop_front();
        }
        over
    }

    /// A message becomes visible, unless the queue keeps it no longer: gives back whether that is so.
    fn show(&mut self, id: MessageId, now: SimTime) -> bool {
        let kept = self.kept(id.number);
        let Some(message) = find(&mut self.live, id) else { return false };
        if message.emitted + kept <= now {
            return true;
        }
        let (group, returns) = (message.group, message.state == State::Received);
        message.state = State::Visible;
        self.received -= u64::from(returns);
        self.line_up(id, group, returns, now);
        false
    }

    /// A message can be received from now on, in its turn; it `returns` where it was received before.
    #[inline]
    fn line_up(&mut self, id: MessageId, group: u64, returns: bool, now: SimTime) {
        self.visible += 1;
        match &mut self.order {
            Order::Visible(queue) => queue.push_back(id),
            Order::Groups(grouped) => grouped.change(group, |group| {
                group.visible.insert(id);
                group.give_back(returns, now);
            }),
        }
    }

    /// Receives at most `most` messages; one that was received `limit` times leaves the queue instead.
    pub(super) fn receive(&mut self, receipt: &mut Receipt, most: usize, limit: Option<u32>, now: SimTime) {
        let mut left = most;
        while left > 0 {
            let Messages { live, order, visible, received, .. } = self;
            let mut take = |id: MessageId, freed: SimTime| {
                let Some(message) = find(live, id) else { return false };
                *visible -= 1;
                *received += 1;
                message.state = State::Received;
                if limit.is_some_and(|limit| message.receives >= limit) {
                    receipt.redriven.push(id);
                    return false;
                }
                message.receives += 1;
                message.received = now;
                if message.first_received == SimTime::NEVER {
                    message.first_received = now;
                    message.blocked = freed.since(message.visible);
                }
                receipt.tries = receipt.tries.max(message.tries);
                receipt.messages.push(id);
                true
            };
            match order {
                Order::Visible(queue) => {
                    let Some(id) = queue.pop_front() else { break };
                    left -= usize::from(take(id, SimTime::ZERO));
                }
                Order::Groups(grouped) => {
                    // "Amazon SQS first attempts to return as many messages with the same message group ID as possible" (SQS
                    // Developer Guide, "FIFO queue delivery logic").
                    let Some((_, group)) = grouped.open.first().copied() else { break };
                    grouped.change(group, |group| {
                        while left > 0
                            && let Some(id) = group.visible.pop_first()
                        {
                            group.received += 1;
                            left -= usize::from(take(id, group.freed));
                        }
                    });
                }
            }
        }
    }

    /// A message meets its fate and is no longer there.
    pub(super) fn remove(&mut self, id: MessageId, now: SimTime) {
        let Message { state, group, .. } = *self.get(id);
        self.live.remove(id.place);
        let was_received = state == State::Received;
        self.received -= u64::from(was_received);
        if state == State::Visible {
            self.visible -= 1;
        }
        match &mut self.order {
            Order::Visible(queue) => {
                while state == State::Visible && queue.front().is_some_and(|id| find(&mut self.live, *id).is_none()) {
                    queue.pop_front();
                }
            }
            Order::Groups(grouped) => grouped.change(group, |group| {
                group.visible.remove(&id);
                group.live -= 1;
                group.give_back(was_received, now);
            }),
        }
    }
}

/// A message, unless it met its fate.
fn find(live: &mut Slab<Message>, id: MessageId) -> Option<&mut Message> {
    live.get_mut(id.place).filter(|message| message.number == id.number)
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
        let opens_as = group.visible.first().map(|id| id.number).filter(|_| group.received == 0);
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
