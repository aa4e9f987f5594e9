//! When the running invocations of a function end.
//!
//! A few thousand lie in a heap. A heap of a million would wait for memory at each of its levels, so those that end later lie apart
//! and in no order, by how far ahead they end: a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan: Faster algorithms for the shortest
//! path problem, 1990) whose lowest part is an ordinary one. What comes next moves nearer once or twice on its way, in long rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::SimTime;

/// So many may be near without a thought of splitting them.
const FEW: usize = 4096;

/// When a running invocation ends, its number and its environment's slot, packed so that one comparison orders them: first
/// by time, then first come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Running(u128);

/// Bits of a slot, below those of the number: 16 million busy environments, a million million invocations.
const SLOT_BITS: u32 = 24;

impl Running {
    pub(super) fn new(ends: SimTime, number: u64, slot: u32) -> Running {
        assert!(slot < 1 << SLOT_BITS && number < 1 << (64 - SLOT_BITS), "more invocations than a run can number");
        Running((u128::from(ends.nanos()) << 64) | (u128::from(number) << SLOT_BITS) | u128::from(slot))
    }

    pub(super) fn ends(self) -> SimTime {
        SimTime::from_nanos(self.nanos())
    }

    fn nanos(self) -> u64 {
        (self.0 >> 64) as u64
    }

    pub(super) fn number(self) -> u64 {
        self.0 as u64 >> SLOT_BITS
    }

    pub(super) fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }
}

/// The running invocations, the earliest end first.
pub(super) struct Ends {
    /// All that end up to `last_near`; not empty while there are others.
    near: BinaryHeap<Reverse<Running>>,
    last_near: u64,
    /// How many may be near: twice as many as when they were last laid out, should they all end at once.
    most_near: usize,
    far: Box<Far>,
}

/// Those that end later.
#[derive(Default)]
struct Far {
    /// Each by how many low bits of its end differ from `origin`. Each place is a time after those of the places before it.
    places: Vec<Vec<Running>>,
    count: usize,
    origin: u64,
}

impl Ends {
    pub(super) fn new() -> Ends {
        Ends { near: BinaryHeap::new(), last_near: u64::MAX, most_near: FEW, far: Box::default() }
    }

    /// The invocation that ends first.
    pub(super) fn peek(&self) -> Option<Running> {
        self.near.peek().map(|Reverse(first)| *first)
    }

    /// Adds an invocation.
    #[inline]
    pub(super) fn push(&mut self, running: Running) {
        if running.nanos() > self.last_near {
            self.far.put(running);
            return;
        }
        self.near.push(Reverse(running));
        if self.near.len() > self.most_near {
            self.spread();
        }
    }

    /// Takes out the invocation that ends first.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Running> {
        let first = self.near.pop()?;
        if self.near.is_empty() && self.far.count > 0 {
            self.approach();
        }
        Some(first.0)
    }

    /// Too many are near: all are laid out anew.
    #[cold]
    fn spread(&mut self) {
        let mut all: Vec<Running> = self.near.drain().map(|Reverse(running)| running).collect();
        self.far.places.iter_mut().for_each(|place| all.append(place));
        self.far.places.resize_with(u64::BITS as usize + 1, Vec::new);
        self.far.count = 0;
        self.far.lay_out(all);
        self.approach();
    }

    /// Nothing is near: the earliest of the others come nearer.
    #[cold]
    fn approach(&mut self) {
        let far = &mut *self.far;
        while let Some(place) = far.places.iter().position(|place| !place.is_empty()) {
            far.count -= far.places[place].len();
            if far.places[place].len() > FEW / 2 && place > 0 {
                // They agree in all bits above this place's, so that none comes to lie where others are.
                let many = std::mem::take(&mut far.places[place]);
                far.lay_out(many);
                continue;
            }
            // Of all times that belong to this place, the last one.
            let own = place.checked_sub(1).map_or(0, |bit| (1 << bit) - 1);
            self.last_near = far.places[place][0].nanos() | own;
            self.near.extend(far.places[place].drain(..).map(Reverse));
            self.most_near = FEW.max(2 * self.near.len()) + far.count / 4;
            if far.count == 0 {
                self.last_near = u64::MAX;
            }
            return;
        }
    }
}

impl Far {
    fn put(&mut self, running: Running) {
        let place = u64::BITS - (running.nanos() ^ self.origin).leading_zeros();
        self.places[place as usize].push(running);
        self.count += 1;
    }

    /// Puts invocations into their places, as seen from the earliest of them.
    fn lay_out(&mut self, all: Vec<Running>) {
        self.origin = all.iter().map(|running| running.nanos()).min().unwrap_or(self.origin);
        all.into_iter().for_each(|running| self.put(running));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;

    /// Against an ordinary heap, with many at one instant, long gaps, and numbers that grow and shrink.
    #[test]
    fn they_end_in_order() {
        for (law, longest) in [1, 50, 1_000_000, 1 << 40, 1 << 55].into_iter().enumerate() {
            let (mut ends, mut heap) = (Ends::new(), BinaryHeap::new());
            let (mut now, mut most) = (0, 0);
            for number in 0..60_000 {
                let key = Key::root(law as u64).numbered(number);
                let length = key.named("length").below(longest) >> key.named("scale").below(20);
                let running = Running::new(SimTime::from_nanos((now + length).min(1 << 60)), number, number as u32);
                ends.push(running);
                heap.push(Reverse(running));
                // Most come first, most go later.
                let leaving = key.named("leaving").below(if number < 30_000 { 2 } else { 4 });
                for _ in 0..leaving {
                    assert_eq!(ends.peek(), heap.peek().map(|Reverse(first)| *first));
                    let first = ends.pop();
                    assert_eq!(first, heap.pop().map(|Reverse(first)| first));
                    now = first.map_or(now, |first| first.ends().nanos());
                }
                most = most.max(ends.far.count);
            }
            while let Some(Reverse(first)) = heap.pop() {
                assert_eq!(ends.pop(), Some(first));
            }
            assert_eq!((ends.pop(), ends.peek()), (None, None));
            assert!(most > 1000 || longest < 1000, "{most} lay far away");
        }
    }

    #[test]
    fn a_running_invocation_keeps_what_it_is_made_of() {
        let running = Running::new(SimTime::from_nanos(1 << 60), (1 << 40) - 1, (1 << 24) - 1);
        assert_eq!((running.ends().nanos(), running.number(), running.slot()), (1 << 60, (1 << 40) - 1, (1 << 24) - 1));
        assert!(Running::new(SimTime::ZERO, 1, 0) > Running::new(SimTime::ZERO, 0, 7));
    }
}
