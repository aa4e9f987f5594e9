//! What comes soonest: instants at which running invocations end, or events are tried for the first time.
//!
//! The first two are at hand, and the others lie in a calendar: while what follows from the first is worked out, what comes after the
//! second is looked for.

use crate::time::SimTime;

use super::calendar::Calendar;

/// Something at an instant: the instant, a number and a slot, packed so that one comparison orders them, first by time, then by
/// number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Timed(u128);

/// Bits of a slot, below those of the number: 134 million slots, 137 thousand million numbers.
const SLOT_BITS: u32 = 27;
const NUMBER_BITS: u32 = 64 - SLOT_BITS;

/// No slot.
pub(super) const NONE: u32 = (1 << SLOT_BITS) - 1;

impl Timed {
    /// What never comes: later than all that does.
    pub(super) const NEVER: Timed = Timed(u128::MAX);

    #[inline(always)]
    pub(super) fn new(at: SimTime, number: u64, slot: u32) -> Timed {
        assert!(slot < NONE && number < 1 << NUMBER_BITS, "more than a run can number");
        Timed((u128::from(at.nanos()) << 64) | (u128::from(number) << SLOT_BITS) | u128::from(slot))
    }

    pub(super) fn at(self) -> SimTime {
        SimTime::from_nanos(self.nanos())
    }

    pub(super) fn nanos(self) -> u64 {
        (self.0 >> 64) as u64
    }

    pub(super) fn number(self) -> u64 {
        self.0 as u64 >> SLOT_BITS
    }

    pub(super) fn slot(self) -> u32 {
        self.0 as u32 & NONE
    }

    /// The same with another slot.
    #[inline(always)]
    pub(super) fn with_slot(self, slot: u32) -> Timed {
        Timed(self.0 & !u128::from(NONE) | u128::from(slot))
    }
}

/// Many of them, the soonest first; each has a slot that no other has at the same time, and none comes before one that was taken out.
pub(super) struct Soonest {
    /// The first two; where there are fewer, what never comes.
    first: Timed,
    second: Timed,
    others: Calendar,
}

impl Soonest {
    pub(super) fn new() -> Soonest {
        Soonest { first: Timed::NEVER, second: Timed::NEVER, others: Calendar::new() }
    }

    /// When the soonest comes; never, where there is none.
    pub(super) fn next_at(&self) -> SimTime {
        self.first.at()
    }

    /// The soonest.
    pub(super) fn peek(&self) -> Option<Timed> {
        (self.first != Timed::NEVER).then_some(self.first)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Timed> {
        [self.first, self.second].into_iter().filter(|timed| *timed != Timed::NEVER).chain(self.others.iter())
    }

    /// Adds one.
    #[inline(always)]
    pub(super) fn push(&mut self, mut timed: Timed) {
        if timed < self.second {
            std::mem::swap(&mut timed, &mut self.second);
            if self.second < self.first {
                std::mem::swap(&mut self.first, &mut self.second);
            }
            if timed == Timed::NEVER {
                return;
            }
        }
        self.others.put(timed);
    }

    /// Takes out the soonest.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<Timed> {
        let soonest = self.peek()?;
        self.first = self.second;
        if self.second != Timed::NEVER {
            self.second = self.others.take_first(soonest.nanos());
        }
        Some(soonest)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;
    use crate::random::Key;
    use crate::time::SimDuration;

    /// Against an ordinary heap, with many at one instant, long gaps, and numbers that grow and shrink.
    #[test]
    fn they_come_in_order() {
        for (law, longest) in [1, 50, 1_000_000, 1 << 40, 1 << 55].into_iter().enumerate() {
            let (mut soonest, mut heap) = (Soonest::new(), BinaryHeap::new());
            let mut now = 0;
            for number in 0..60_000 {
                let key = Key::root(law as u64).numbered(number);
                let length = key.named("length").below(longest) >> key.named("scale").below(20);
                let timed = Timed::new(SimTime::from_nanos((now + length).min(1 << 60)), number, number as u32);
                soonest.push(timed);
                heap.push(Reverse(timed));
                // Most come first, most go later.
                let leaving = key.named("leaving").below(if number < 30_000 { 2 } else { 4 });
                for _ in 0..leaving {
                    assert_eq!(soonest.peek(), heap.peek().map(|Reverse(first)| *first));
                    let first = soonest.pop();
                    assert_eq!(first, heap.pop().map(|Reverse(first)| first));
                    now = first.map_or(now, |first| first.at().nanos());
                }
            }
            while let Some(Reverse(first)) = heap.pop() {
                assert_eq!(soonest.pop(), Some(first));
            }
            assert_eq!((soonest.pop(), soonest.peek()), (None, None));
        }
    }

    /// Those that come at one instant are near all at once, however many they are.
    #[test]
    fn some_come_before_many_that_come_together() {
        let mut soonest = Soonest::new();
        let timed = |at, number| Timed::new(SimTime::from_nanos(at), number, number as u32);
        (1..=1_000).for_each(|number| soonest.push(timed(1_000_000, number)));
        soonest.push(timed(0, 0));
        assert_eq!(soonest.pop(), Some(timed(0, 0)));
        for round in 1..=100 {
            let at = 10 * round;
            [at + 2, at, at + 1].into_iter().for_each(|at| soonest.push(timed(at, 2_000 + at)));
            (at..at + 3).for_each(|at| assert_eq!(soonest.pop(), Some(timed(at, 2_000 + at))));
        }
        (1..=1_000).for_each(|number| assert_eq!(soonest.pop(), Some(timed(1_000_000, number))));
        assert_eq!(soonest.pop(), None);
    }

    #[test]
    fn each_keeps_what_it_is_made_of() {
        let last = SimTime::ZERO + SimDuration::from_nanos(u64::MAX);
        let (number, slot) = ((1 << NUMBER_BITS) - 1, NONE - 1);
        let timed = Timed::new(last, number, slot);
        assert_eq!((timed.at(), timed.number(), timed.slot()), (last, number, slot));
        assert_eq!((timed.with_slot(NONE).slot(), timed.with_slot(NONE).with_slot(slot)), (NONE, timed));
        assert!(Timed::new(SimTime::ZERO, 1, 0) > Timed::new(SimTime::ZERO, 0, 7));
    }
}
