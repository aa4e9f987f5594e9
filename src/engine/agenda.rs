//! The agenda: which actor acts next.
//!
//! One entry an actor for the whole run. The priority holds the whole documented order of one instant, so that ties need
//! no luck: instant, then class, then actor in order of name.

use std::cmp::Reverse;
use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

use crate::time::SimTime;

/// What an actor does when it wakes up, in the order in which things happen at one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// An invocation ends.
    Completion,
    /// A sender tries again, an event leaves a queue or reaches Lambda.
    Retry,
    /// Events occur.
    Arrival,
    /// A stream or queue is polled.
    Poll,
    /// A batching window ends.
    Window,
    /// A record, a caller's patience or an idle environment comes to its end.
    Expiry,
}

/// When an actor next acts, and as what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wake {
    /// When.
    pub at: SimTime,
    /// As what.
    pub class: Class,
}

impl Wake {
    /// A wake-up at `at` of class `class`.
    pub const fn new(at: SimTime, class: Class) -> Wake {
        Wake { at, class }
    }

    /// The earlier of two wake-ups, where there are any.
    pub fn earlier(a: Option<Wake>, b: Option<Wake>) -> Option<Wake> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// Later than every wake-up: the key of an actor that waits for nothing.
const IDLE: u128 = u128::MAX;

/// The actors, keyed by when they next act.
pub struct Agenda {
    queue: PriorityQueue<u32, Reverse<u128>, BuildHasherDefault<FxHasher>>,
    /// The key of each actor, so that an unchanged one costs no look-up.
    keys: Vec<u128>,
}

impl Agenda {
    /// An agenda of `actors` actors that all wait for nothing.
    pub fn new(actors: u32) -> Agenda {
        Agenda { queue: (0..actors).map(|actor| (actor, Reverse(IDLE))).collect(), keys: vec![IDLE; actors as usize] }
    }

    /// The actor that acts next, and when.
    pub fn first(&self) -> Option<(u32, SimTime)> {
        let (actor, Reverse(key)) = self.queue.peek()?;
        (*key != IDLE).then(|| (*actor, SimTime::from_nanos((key >> 64) as u64)))
    }

    /// Says when `actor` acts next.
    pub fn set(&mut self, actor: u32, wake: Option<Wake>) {
        let key = wake.map_or(IDLE, |wake| {
            (u128::from(wake.at.nanos()) << 64) | ((wake.class as u128) << 32) | u128::from(actor)
        });
        if self.keys[actor as usize] != key {
            self.keys[actor as usize] = key;
            self.queue.change_priority(&actor, Reverse(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_the_documented_order() {
        let order = [Class::Completion, Class::Retry, Class::Arrival, Class::Poll, Class::Window, Class::Expiry];
        assert!(order.is_sorted());
        let now = SimTime::from_nanos(5);
        let mut agenda = Agenda::new(7);
        // The last actor gets the first class; a tie in class goes to the lower actor.
        for (actor, class) in order.iter().rev().enumerate() {
            agenda.set(actor as u32, Some(Wake::new(now, *class)));
        }
        agenda.set(6, Some(Wake::new(now, Class::Completion)));
        let mut seen = Vec::new();
        while let Some((actor, at)) = agenda.first() {
            assert_eq!(at, now);
            seen.push(actor);
            agenda.set(actor, None);
        }
        assert_eq!(seen, [5, 6, 4, 3, 2, 1, 0]);
    }
}
