//! The asynchronous queue of a function: events that Lambda has accepted (202) and tries until they end.
//!
//! All retry delays are constants, so each delay is a queue in order of entry and needs no heap; only the short way from
//! acceptance to the first try is random. Not modelled, as the report says: "if the queue contains many entries, Lambda
//! increases the retry interval and reduces the rate at which it reads events" (no figures are published).

use rustc_hash::FxHashMap;

use crate::engine::{Condition, SourceId};
use crate::time::{SimDuration, SimTime};

use super::EventInvokeConfig;
use super::first_tries::{FirstTries, Fresh};
use super::waiting::{Fifo, Role, Waiting};

/// "Lambda waits one minute before the first retry and two minutes before the second" (AWS Lambda Developer Guide, "Error
/// handling for asynchronous invocation": "The retry interval ... 1 minute between the first two attempts, and two minutes
/// between the second and third attempts").
pub const ERROR_DELAYS: [SimDuration; 2] = [SimDuration::from_secs(60), SimDuration::from_secs(120)];

/// "The retry interval increases exponentially from 1 second after the first attempt to a maximum of 5 minutes" (same page).
const THROTTLE_DELAY: SimDuration = SimDuration::from_secs(1);
const THROTTLE_DELAY_LIMIT: SimDuration = SimDuration::from_secs(300);

/// What the queue decides after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The event waits for another try.
    Retry,
    /// The event is given up.
    GiveUp(Condition),
}

/// The waiting events of one function.
// In this order: a function looks at the first two after each invocation.
#[repr(C)]
pub(super) struct AsyncQueue {
    /// When the first of those on their way to the first try is due; never, where there is none.
    next_fresh: SimTime,
    /// When the first of all others is due, kept so that the many first tries need not look; never, where none waits.
    next_delayed: SimTime,
    maximum_retry_attempts: u32,
    maximum_event_age: SimDuration,
    /// The delays after throttles: 1 s, 2 s ... 256 s, 300 s.
    throttle_delays: Vec<SimDuration>,
    /// Those on their way to the first try.
    fresh: Box<FirstTries>,
    /// Those that wait equally long, by how long: 60 s and 120 s after errors, then the delays after throttles.
    delayed: Vec<Fifo>,
    /// When the first event of each of them is due; never, where none waits.
    due: Vec<SimTime>,
    /// The handler times and poison that events bring with them, where they do.
    extras: FxHashMap<(SourceId, u64, bool), Extra>,
}

/// The first of the delays after throttles.
const AFTER_THROTTLES: usize = ERROR_DELAYS.len();

/// What few events bring with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// The handler time.
    pub handler: Option<SimDuration>,
    /// The first so many deliveries fail.
    pub poisoned: u32,
}

impl AsyncQueue {
    pub(super) fn new(config: &EventInvokeConfig) -> AsyncQueue {
        let throttle_delays = throttle_delays(config.throttle_backoff_factor);
        let delays = AFTER_THROTTLES + throttle_delays.len();
        AsyncQueue {
            maximum_retry_attempts: config.maximum_retry_attempts,
            maximum_event_age: config.maximum_event_age,
            fresh: FirstTries::new().into(),
            next_fresh: SimTime::NEVER,
            delayed: (0..delays).map(|_| Fifo::default()).collect(),
            due: vec![SimTime::NEVER; delays],
            throttle_delays,
            next_delayed: SimTime::NEVER,
            extras: FxHashMap::default(),
        }
    }

    /// When the next try is due; never, where no event waits.
    pub(super) fn next_due(&self) -> SimTime {
        self.next_fresh.min(self.next_delayed)
    }

    /// Whether `event` may no longer be tried at `at`.
    pub(super) fn is_too_old(&self, event: &Waiting, at: SimTime) -> bool {
        at.since(event.accepted) >= self.maximum_event_age
    }

    /// Takes in a newly accepted event, which is tried at `due`.
    pub(super) fn enter(&mut self, event: Fresh, due: SimTime, extra: Extra) {
        if extra != Extra::default() {
            self.extras.insert((event.source, event.event, event.role == Role::Copy), extra);
        }
        self.fresh.enter(event, due);
        self.next_fresh = self.next_fresh.min(due);
    }

    /// What `event` brings with it.
    #[inline(always)]
    pub(super) fn extra(&self, event: &Waiting) -> Extra {
        if self.extras.is_empty() {
            Extra::default()
        } else {
            self.extras.get(&key(event)).copied().unwrap_or_default()
        }
    }

    /// An event will not come back.
    #[inline(always)]
    pub(super) fn forget(&mut self, event: &Waiting) {
        if !self.extras.is_empty() {
            self.extras.remove(&key(event));
        }
    }

    /// Forgets all events; whether there were any.
    pub(super) fn clear(&mut self) -> bool {
        let any = self.next_due() != SimTime::NEVER;
        if any {
            *self.fresh = FirstTries::new();
            self.next_fresh = SimTime::NEVER;
            self.delayed.iter_mut().for_each(Fifo::clear);
            self.due.fill(SimTime::NEVER);
            self.next_delayed = SimTime::NEVER;
        }
        any
    }

    /// Takes out the event whose first try is due before any other.
    #[inline(always)]
    pub(super) fn pop_fresh(&mut self) -> Option<Waiting> {
        if self.next_fresh < self.next_delayed { self.take_fresh() } else { None }
    }

    #[inline(always)]
    fn take_fresh(&mut self) -> Option<Waiting> {
        let event = self.fresh.pop();
        self.next_fresh = self.fresh.next_due();
        event
    }

    /// Takes out the event whose try is due.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let head = |which: &usize| self.delayed[*which].front();
        let delayed = if self.next_fresh < self.next_delayed {
            None
        } else {
            (0..self.due.len()).filter(|which| self.due[*which] == self.next_delayed).min_by_key(head)
        };
        let is_first =
            |which: &usize| self.fresh.first().is_none_or(|fresh| head(which).is_some_and(|event| *event < fresh));
        let Some(which) = delayed.filter(is_first) else {
            return self.take_fresh();
        };
        let event = self.delayed[which].pop();
        self.due[which] = self.delayed[which].front().map_or(SimTime::NEVER, |event| event.due);
        self.next_delayed = self.due.iter().copied().fold(SimTime::NEVER, SimTime::min);
        event
    }

    /// The try of `event` ended in a function error.
    pub(super) fn failed(&mut self, mut event: Waiting, now: SimTime) -> Next {
        event.errors += 1;
        if u32::from(event.errors) > self.maximum_retry_attempts {
            return Next::GiveUp(Condition::RetriesExhausted);
        }
        let which = (usize::from(event.errors) - 1).min(ERROR_DELAYS.len() - 1);
        self.wait(event, now, ERROR_DELAYS[which], which)
    }

    /// The try of `event` was answered 429. "For throttling errors and system errors, Lambda returns the event to the queue";
    /// these tries use up no retry.
    pub(super) fn throttled(&mut self, mut event: Waiting, now: SimTime) -> Next {
        let which = usize::from(event.throttles).min(self.throttle_delays.len() - 1);
        event.throttles += 1;
        self.wait(event, now, self.throttle_delays[which], AFTER_THROTTLES + which)
    }

    /// Lets the event wait, unless it would by then be too old: Lambda looks ahead instead of waiting in vain (seen on the
    /// real service: with a maximum age of 60 s no retry takes place).
    fn wait(&mut self, mut event: Waiting, now: SimTime, delay: SimDuration, which: usize) -> Next {
        event.due = now + delay;
        if self.is_too_old(&event, event.due) {
            return Next::GiveUp(Condition::EventAgeExceeded);
        }
        self.next_delayed = self.next_delayed.min(event.due);
        self.due[which] = self.due[which].min(event.due);
        self.delayed[which].push(event);
        Next::Retry
    }
}

/// The delays after throttles, up to the first that is the limit.
fn throttle_delays(factor: f64) -> Vec<SimDuration> {
    let mut delays = vec![THROTTLE_DELAY];
    let mut last = THROTTLE_DELAY;
    while last < THROTTLE_DELAY_LIMIT {
        last = SimDuration::from_nanos_f64(last.nanos() as f64 * factor).min(THROTTLE_DELAY_LIMIT);
        delays.push(last);
    }
    delays
}

fn key(event: &Waiting) -> (SourceId, u64, bool) {
    (event.source, event.event, event.is_copy())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    fn fresh(number: u64) -> Fresh {
        Fresh { accepted: at(0), event: number, emitted: at(0), source: SourceId(0), hops: 0, role: Role::Untold }
    }

    pub(in crate::platform) fn event(number: u64, due: u64) -> Waiting {
        fresh(number).due_at(at(due))
    }

    #[test]
    fn events_leave_in_the_order_in_which_they_are_due() {
        let mut queue = AsyncQueue::new(&EventInvokeConfig::default());
        assert_eq!((queue.next_due(), queue.pop()), (SimTime::NEVER, None));
        queue.enter(fresh(0), at(70), Extra::default());
        queue.enter(fresh(1), at(50), Extra::default());
        assert_eq!(queue.failed(event(2, 0), at(1)), Next::Retry);
        assert_eq!(queue.throttled(event(3, 0), at(54)), Next::Retry);
        let mut order = Vec::new();
        while queue.next_due() != SimTime::NEVER {
            let due = queue.next_due();
            let event = queue.pop().unwrap();
            assert_eq!(event.due, due);
            order.push((due, event.event));
        }
        assert_eq!(order, [(at(50), 1), (at(55), 3), (at(61), 2), (at(70), 0)]);
    }
}
