//! What comes soonest: instants at which running invocations end, or events are tried for the first time.
//!
//! A few lie in a heap. What comes later lies apart on a ladder, after the ladder queue (Tang, Goh, Thng: Ladder queue, an O(1)
//! priority queue structure for large-scale discrete event simulation, 2005): a rung cuts a span of time into places of equal
//! length, and within a place there is no order. When a place is reached, it goes into the heap, or becomes a finer rung where many
//! lie in it. So each moves a few times only, however many there are, and hardly a comparison decides on the way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::SimTime;

/// So many may be near without a thought of laying them out.
const FEW: usize = 32;

/// A rung has at least so many places for each thing that it is made for, up to a limit; one more is for what comes later.
const SPREAD: usize = 2;
const PLACES: usize = 4096;

/// Something at an instant: the instant, a number and a slot, packed so that one comparison orders them, first by time, then by
/// number. No two that wait at once have the same slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Timed(u128);

/// Bits of a slot, below those of the number: 134 million slots, 137 thousand million numbers.
const SLOT_BITS: u32 = 27;
const NUMBER_BITS: u32 = 64 - SLOT_BITS;

/// No slot.
const NONE: u32 = (1 << SLOT_BITS) - 1;

impl Timed {
    #[inline]
    pub(super) fn new(at: SimTime, number: u64, slot: u32) -> Timed {
        assert!(slot < NONE && number < 1 << NUMBER_BITS, "more than a run can number");
        Timed::of(at.nanos(), (number << SLOT_BITS) | u64::from(slot))
    }

    fn of(nanos: u64, number_and_slot: u64) -> Timed {
        Timed((u128::from(nanos) << 64) | u128::from(number_and_slot))
    }

    pub(super) fn at(self) -> SimTime {
        SimTime::from_nanos(self.nanos())
    }

    fn nanos(self) -> u64 {
        (self.0 >> 64) as u64
    }

    pub(super) fn number(self) -> u64 {
        self.0 as u64 >> SLOT_BITS
    }

    pub(super) fn slot(self) -> u32 {
        self.0 as u32 & NONE
    }
}

/// Many of them, the soonest first.
pub(super) struct Soonest {
    /// All up to `last_near`; not empty while there are others.
    near: BinaryHeap<Reverse<Timed>>,
    last_near: u64,
    /// How many may be near: twice as many as when they came, should they all come at once.
    most_near: usize,
    far: Box<Ladder>,
}

/// Those that come later.
#[derive(Default)]
struct Ladder {
    /// Each rung lies before all that is left of the one before it; none is empty.
    rungs: Vec<Rung>,
    /// Rungs that are done, for those that come.
    spare: Vec<Rung>,
    /// Each of them, by slot.
    links: Vec<Link>,
}

/// One of those that lie in a place, which are chained to each other: its instant, and its number with the slot of the next one.
#[derive(Clone, Copy, Default)]
struct Link {
    nanos: u64,
    number_and_next: u64,
}

/// A span of time, cut into places.
#[derive(Default)]
struct Rung {
    from: u64,
    /// The last instant of the span.
    last: u64,
    /// A place is so many nanoseconds long, as a power of 2; but the last place goes on to the end of the span.
    shift: u32,
    last_place: u64,
    /// How many lie in it.
    count: usize,
    /// By place: the slot of one that lies there. At least as many as are needed; nothing lies before `next_place`.
    heads: Vec<u32>,
    next_place: usize,
}

impl Soonest {
    pub(super) fn new() -> Soonest {
        Soonest { near: BinaryHeap::new(), last_near: u64::MAX, most_near: FEW, far: Box::default() }
    }

    /// When the soonest comes; never, where there is none.
    #[inline]
    pub(super) fn next_at(&self) -> SimTime {
        self.peek().map_or(SimTime::NEVER, Timed::at)
    }

    /// The soonest.
    #[inline]
    pub(super) fn peek(&self) -> Option<Timed> {
        self.near.peek().map(|Reverse(first)| *first)
    }

    /// Adds one.
    #[inline(always)]
    pub(super) fn push(&mut self, timed: Timed) {
        if timed.nanos() > self.last_near {
            self.far.put(timed);
            return;
        }
        self.near.push(Reverse(timed));
        if self.near.len() > self.most_near {
            self.spread();
        }
    }

    /// Takes out the soonest.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Timed> {
        let Reverse(first) = self.near.pop()?;
        if self.near.is_empty() && self.last_near != u64::MAX {
            self.approach();
        }
        Some(first)
    }

    /// Too many are near: they become a rung.
    #[cold]
    fn spread(&mut self) {
        self.far.lay_out(&mut self.near, self.last_near);
        self.approach();
    }

    /// Nothing is near: the earliest of the others come nearer.
    #[inline(never)]
    fn approach(&mut self) {
        self.last_near = self.far.take_first(&mut self.near);
        self.most_near = FEW.max(2 * self.near.len());
    }
}

impl Ladder {
    #[inline(always)]
    fn put(&mut self, timed: Timed) {
        // Of the rungs that reach so far, the finest.
        if let Some(rung) = self.rungs.iter_mut().rev().find(|rung| timed.nanos() <= rung.last) {
            rung.put(timed, &mut self.links);
        }
    }

    /// Makes a rung that goes on until `last` of `all`, which are all that come up to then.
    fn lay_out(&mut self, all: &mut BinaryHeap<Reverse<Timed>>, last: u64) {
        let mut rung = self.spare.pop().unwrap_or_default();
        rung.begin(all.len(), all.iter().map(|Reverse(timed)| timed.nanos()), last);
        all.drain().for_each(|Reverse(timed)| rung.put(timed, &mut self.links));
        self.rungs.push(rung);
    }

    /// Moves the soonest to `near`, which is empty, and gives back up to when those are all.
    fn take_first(&mut self, near: &mut BinaryHeap<Reverse<Timed>>) -> u64 {
        while let Some(rung) = self.rungs.last_mut() {
            let place = rung.take_place(&self.links, near);
            // Beside its last ones a rung has nothing to order.
            let is_last = rung.count == 0;
            let last = if is_last { rung.last } else { rung.end_of(place) };
            if is_last {
                self.spare.extend(self.rungs.pop());
            }
            if near.len() <= FEW || are_simultaneous(near) {
                return last;
            }
            self.lay_out(near, last);
        }
        u64::MAX
    }
}

impl Rung {
    /// An empty rung that is to hold `count` of these instants, and what comes until `last`.
    fn begin(&mut self, count: usize, instants: impl Iterator<Item = u64> + Clone, last: u64) {
        let (soonest, latest) = (instants.clone().min().unwrap_or(0), instants.max().unwrap_or(0));
        let span = latest - soonest;
        // Soon they lie closer than on the whole, since those that come late are few.
        let most = (SPREAD * count).next_power_of_two().min(PLACES);
        self.shift = (u64::BITS - span.leading_zeros()).saturating_sub(most.ilog2());
        // What comes after all of these lies in a place of its own.
        self.last_place = (span >> self.shift) + 1;
        (self.from, self.last, self.next_place) = (soonest, last, 0);
        let places = self.last_place as usize + 1;
        self.heads.resize(places.max(self.heads.len()), NONE);
    }

    #[inline(always)]
    fn put(&mut self, timed: Timed, links: &mut Vec<Link>) {
        let place = ((timed.nanos() - self.from) >> self.shift).min(self.last_place) as usize;
        self.count += 1;
        let slot = timed.slot() as usize;
        let next = std::mem::replace(&mut self.heads[place], timed.slot());
        if slot >= links.len() {
            make_room(links, slot);
        }
        links[slot] = Link { nanos: timed.nanos(), number_and_next: (timed.number() << SLOT_BITS) | u64::from(next) };
    }

    /// Moves what lies in the first place in which there is something to `near`, and gives back which place it was.
    fn take_place(&mut self, links: &[Link], near: &mut BinaryHeap<Reverse<Timed>>) -> usize {
        let empty = self.heads[self.next_place..].iter().take_while(|head| **head == NONE).count();
        let place = self.next_place + empty;
        self.next_place = place + 1;
        let mut slot = std::mem::replace(&mut self.heads[place], NONE);
        while slot != NONE {
            let Link { nanos, number_and_next } = links[slot as usize];
            let number_and_slot = (number_and_next & !u64::from(NONE)) | u64::from(slot);
            near.push(Reverse(Timed::of(nanos, number_and_slot)));
            slot = number_and_next as u32 & NONE;
            self.count -= 1;
        }
        place
    }

    /// The last instant of a place.
    fn end_of(&self, place: usize) -> u64 {
        self.from + ((place as u64 + 1) << self.shift) - 1
    }
}

/// Whether all come at one instant.
fn are_simultaneous(all: &BinaryHeap<Reverse<Timed>>) -> bool {
    let mut instants = all.iter().map(|Reverse(timed)| timed.nanos());
    instants.next().is_none_or(|first| instants.all(|nanos| nanos == first))
}

/// Makes room for one more slot. Millions may come at once: to double the room each time would waste half of it.
#[cold]
fn make_room(links: &mut Vec<Link>, slot: usize) {
    if slot >= links.capacity() {
        links.reserve_exact(slot - links.len() + FEW + slot / 8);
    }
    links.resize(slot + 1, Link::default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;
    use crate::time::SimDuration;

    /// Against an ordinary heap, with many at one instant, long gaps, and numbers that grow and shrink.
    #[test]
    fn they_come_in_order() {
        for (law, longest) in [1, 50, 1_000_000, 1 << 40, 1 << 55].into_iter().enumerate() {
            let (mut soonest, mut heap) = (Soonest::new(), BinaryHeap::new());
            let (mut now, mut most) = (0, 0);
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
                most = most.max(soonest.far.rungs.len());
            }
            while let Some(Reverse(first)) = heap.pop() {
                assert_eq!(soonest.pop(), Some(first));
            }
            assert_eq!((soonest.pop(), soonest.peek()), (None, None));
            assert!(most > 1 || longest < 1000, "{most} rungs at most, where all take up to {longest} ns");
        }
    }

    #[test]
    fn each_keeps_what_it_is_made_of() {
        let last = SimTime::ZERO + SimDuration::from_nanos(u64::MAX);
        let (number, slot) = ((1 << NUMBER_BITS) - 1, NONE - 1);
        let timed = Timed::new(last, number, slot);
        assert_eq!((timed.at(), timed.number(), timed.slot()), (last, number, slot));
        assert!(Timed::new(SimTime::ZERO, 1, 0) > Timed::new(SimTime::ZERO, 0, 7));
    }
}
