//! Events on their way from acceptance to their first try, the first that is due first.
//!
//! The way is drawn for each event, so that they need an order; but what has to be moved for that is only when each is due.

use crate::engine::SourceId;
use crate::time::SimTime;

use super::soonest::{Soonest, Timed};
use super::waiting::{Role, Waiting};

/// What is known of an event by then. Millions may come at once, so each takes 32 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    pub accepted: SimTime,
    pub event: u64,
    pub emitted: SimTime,
    pub source: SourceId,
    pub hops: u8,
    pub role: Role,
}

impl Fresh {
    /// The event, whose first try is due at `due`.
    pub(super) fn due_at(self, due: SimTime) -> Waiting {
        let Fresh { accepted, event, emitted, source, hops, role } = self;
        Waiting {
            due,
            accepted,
            source,
            event,
            emitted,
            first_try: SimTime::NEVER,
            first_failure: SimTime::NEVER,
            throttles: 0,
            errors: 0,
            hops,
            role,
        }
    }
}

/// The events on their way. Of those that are due at one instant, the one that came first is the first.
pub(super) struct FirstTries {
    /// When each is due, with the number of its entry and its place among `events`.
    order: Soonest,
    events: Vec<Fresh>,
    /// Places there that are free.
    free: Vec<u32>,
    entered: u64,
}

impl FirstTries {
    pub(super) fn new() -> FirstTries {
        FirstTries { order: Soonest::new(), events: Vec::new(), free: Vec::new(), entered: 0 }
    }

    /// When the first is due; never, where there is none.
    pub(super) fn next_due(&self) -> SimTime {
        self.order.next_at()
    }

    /// The first.
    pub(super) fn first(&self) -> Option<Waiting> {
        self.order.peek().map(|timed| self.events[timed.slot() as usize].due_at(timed.at()))
    }

    pub(super) fn enter(&mut self, event: Fresh, due: SimTime) {
        let place = if let Some(place) = self.free.pop() {
            self.events[place as usize] = event;
            place
        } else {
            // Millions may come at once: to double the room each time would waste half of it.
            if self.events.len() == self.events.capacity() {
                self.events.reserve_exact(64 + self.events.len() / 8);
            }
            self.events.push(event);
            self.events.len() as u32 - 1
        };
        self.order.push(Timed::new(due, self.entered, place));
        self.entered += 1;
    }

    /// Takes out the first.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let first = self.order.pop()?;
        self.free.push(first.slot());
        Some(self.events[first.slot() as usize].due_at(first.at()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_small() {
        assert_eq!(size_of::<Fresh>(), 32);
    }

    #[test]
    fn of_those_due_at_once_the_first_come_is_the_first() {
        let at = SimTime::from_nanos;
        let mut tries = FirstTries::new();
        // The later they come, the earlier they are due, three at a time.
        for event in 0..3_000 {
            let fresh =
                Fresh { accepted: at(0), event, emitted: at(0), source: SourceId(0), hops: 0, role: Role::Untold };
            tries.enter(fresh, at(1_000 - event / 3));
        }
        for third in (0..1_000).rev() {
            for event in 3 * third..3 * third + 3 {
                assert_eq!(tries.next_due(), at(1_000 - third));
                assert_eq!(tries.first().map(|first| first.event), Some(event));
                assert_eq!(tries.pop().map(|first| (first.event, first.due)), Some((event, at(1_000 - third))));
            }
        }
        assert_eq!((tries.next_due(), tries.pop()), (SimTime::NEVER, None));
    }
}
