//! The asynchronous queue of a function: events that Lambda has accepted (202) and tries until they end.
//!
//! All retry delays are constants, so each delay is a queue in order of entry and needs no heap; only the short way from
//! acceptance to the first try is random. Not modelled: "if the queue contains many entries, Lambda increases the retry
//! interval and reduces the rate at which it reads events" (no figures are published).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::engine::{Condition, SourceId};
use crate::time::{SimDuration, SimTime};

use super::EventInvokeConfig;

/// "Lambda waits one minute before the first retry and two minutes before the second" (AWS Lambda Developer Guide, "Error
/// handling for asynchronous invocation": "The retry interval ... 1 minute between the first two attempts, and two minutes
/// between the second and third attempts").
const ERROR_DELAYS: [SimDuration; 2] = [SimDuration::from_secs(60), SimDuration::from_secs(120)];

/// "The retry interval increases exponentially from 1 second after the first attempt to a maximum of 5 minutes" (same page).
/// Assumption: the factor is 2, as an emulator validated against the service has it.
const THROTTLE_DELAY_LIMIT: u64 = 300;
/// The doublings below the limit: 1, 2, 4 ... 256 s.
const THROTTLE_DOUBLINGS: u32 = 9;

/// An accepted event that waits for a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    /// When the next try comes.
    pub due: SimTime,
    /// When Lambda accepted the event.
    pub accepted: SimTime,
    pub source: SourceId,
    pub event: u64,
    pub emitted: SimTime,
    /// When the first try came; never, before it.
    pub first_try: SimTime,
    /// When the first try that failed in the function started; never, before it.
    pub first_failure: SimTime,
    /// The handler time that the event brings with it.
    pub handler: Option<SimDuration>,
    /// The first so many deliveries fail.
    pub poisoned: u32,
    /// How many invocations of its chain came before.
    pub hops: u32,
    /// Tries answered 429, or 500.
    pub throttles: u32,
    /// Tries that failed in the function.
    pub errors: u32,
    /// The sender's own number, where it wants to know the end.
    pub receipt: Option<u64>,
    /// Whether it is a copy of an event that the queue holds twice: it decides nothing.
    pub copy: bool,
}

impl Waiting {
    /// The number of the next try, from 1.
    pub(super) fn attempt(&self) -> u32 {
        self.throttles + self.errors + 1
    }
}

/// What the queue decides after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The event waits for another try.
    Retry,
    /// The event is given up.
    GiveUp(Condition),
}

/// The waiting events of one function.
pub(super) struct AsyncQueue {
    maximum_retry_attempts: u32,
    maximum_event_age: SimDuration,
    /// On their way to the first try.
    fresh: BinaryHeap<Reverse<Waiting>>,
    /// After errors: 60 s, 120 s.
    after_errors: [VecDeque<Waiting>; ERROR_DELAYS.len()],
    /// After throttles: 1 s, 2 s ... 256 s, 300 s.
    after_throttles: [VecDeque<Waiting>; THROTTLE_DOUBLINGS as usize + 1],
    /// The earliest due time, kept so that a busy function need not look.
    next: SimTime,
}

impl AsyncQueue {
    pub(super) fn new(config: &EventInvokeConfig) -> AsyncQueue {
        AsyncQueue {
            maximum_retry_attempts: config.maximum_retry_attempts,
            maximum_event_age: config.maximum_event_age,
            fresh: BinaryHeap::new(),
            after_errors: Default::default(),
            after_throttles: Default::default(),
            next: SimTime::NEVER,
        }
    }

    /// When the next try is due.
    pub(super) fn next_due(&self) -> Option<SimTime> {
        (self.next != SimTime::NEVER).then_some(self.next)
    }

    /// Whether `event` may no longer be tried at `at`.
    pub(super) fn is_too_old(&self, event: &Waiting, at: SimTime) -> bool {
        at.since(event.accepted) >= self.maximum_event_age
    }

    /// Takes in a newly accepted event.
    pub(super) fn enter(&mut self, event: Waiting) {
        self.next = self.next.min(event.due);
        self.fresh.push(Reverse(event));
    }

    /// Forgets all events; whether there were any.
    pub(super) fn clear(&mut self) -> bool {
        let any = self.next != SimTime::NEVER;
        if any {
            self.fresh.clear();
            self.after_errors.iter_mut().chain(&mut self.after_throttles).for_each(VecDeque::clear);
            self.next = SimTime::NEVER;
        }
        any
    }

    /// Takes out the event whose try is due.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let fresh = self.fresh.peek().map(|Reverse(event)| *event);
        let delayed = self.delayed().min();
        let event = match (fresh, delayed) {
            (Some(fresh), Some(delayed)) if delayed < fresh => self.pop_delayed(delayed),
            (Some(_), _) => self.fresh.pop().map(|Reverse(event)| event),
            (None, Some(delayed)) => self.pop_delayed(delayed),
            (None, None) => None,
        };
        self.next = self
            .fresh
            .peek()
            .map(|Reverse(event)| event.due)
            .into_iter()
            .chain(self.delayed().map(|event| event.due))
            .min()
            .unwrap_or(SimTime::NEVER);
        event
    }

    /// The heads of the delay queues.
    fn delayed(&self) -> impl Iterator<Item = Waiting> + '_ {
        self.after_errors.iter().chain(&self.after_throttles).filter_map(|queue| queue.front().copied())
    }

    fn pop_delayed(&mut self, event: Waiting) -> Option<Waiting> {
        let mut queues = self.after_errors.iter_mut().chain(&mut self.after_throttles);
        queues.find(|queue| queue.front() == Some(&event)).and_then(VecDeque::pop_front)
    }

    /// The try of `event` ended in a function error.
    pub(super) fn failed(&mut self, mut event: Waiting, now: SimTime) -> Next {
        event.errors += 1;
        if event.errors > self.maximum_retry_attempts {
            return Next::GiveUp(Condition::RetriesExhausted);
        }
        let which = (event.errors as usize - 1).min(ERROR_DELAYS.len() - 1);
        self.wait(event, now, ERROR_DELAYS[which], |queue| &mut queue.after_errors[which])
    }

    /// The try of `event` was answered 429. "For throttling errors and system errors, Lambda returns the event to the queue";
    /// these tries use up no retry.
    pub(super) fn throttled(&mut self, mut event: Waiting, now: SimTime) -> Next {
        let doublings = event.throttles.min(THROTTLE_DOUBLINGS);
        event.throttles += 1;
        let delay = SimDuration::from_secs((1 << doublings).min(THROTTLE_DELAY_LIMIT));
        self.wait(event, now, delay, |queue| &mut queue.after_throttles[doublings as usize])
    }

    /// Lets the event wait, unless it would by then be too old: Lambda looks ahead instead of waiting in vain (seen on the
    /// real service: with a maximum age of 60 s no retry takes place).
    fn wait(
        &mut self,
        mut event: Waiting,
        now: SimTime,
        delay: SimDuration,
        queue: impl Fn(&mut Self) -> &mut VecDeque<Waiting>,
    ) -> Next {
        event.due = now + delay;
        if self.is_too_old(&event, event.due) {
            return Next::GiveUp(Condition::EventAgeExceeded);
        }
        self.next = self.next.min(event.due);
        queue(self).push_back(event);
        Next::Retry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    fn event(number: u64, due: u64) -> Waiting {
        Waiting {
            due: at(due),
            accepted: at(0),
            source: SourceId(0),
            event: number,
            emitted: at(0),
            first_try: SimTime::NEVER,
            first_failure: SimTime::NEVER,
            handler: None,
            poisoned: 0,
            hops: 0,
            throttles: 0,
            errors: 0,
            receipt: None,
            copy: false,
        }
    }

    #[test]
    fn events_leave_in_the_order_in_which_they_are_due() {
        let mut queue = AsyncQueue::new(&EventInvokeConfig::default());
        assert_eq!((queue.next_due(), queue.pop()), (None, None));
        queue.enter(event(0, 70));
        queue.enter(event(1, 50));
        assert_eq!(queue.failed(event(2, 0), at(1)), Next::Retry);
        assert_eq!(queue.throttled(event(3, 0), at(54)), Next::Retry);
        let mut order = Vec::new();
        while let Some(due) = queue.next_due() {
            let event = queue.pop().unwrap();
            assert_eq!(event.due, due);
            order.push((due, event.event));
        }
        assert_eq!(order, [(at(50), 1), (at(55), 3), (at(61), 2), (at(70), 0)]);
    }
}
