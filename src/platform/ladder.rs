//! A ladder of what comes, the soonest first, after the ladder queue (Tang, Goh, Thng: Ladder queue, an O(1) priority queue structure
//! for large-scale discrete event simulation, 2005): what is put there and taken out lies beside what was before, so that a million wait
//! for memory no more than a thousand do.
//!
//! A few lie in order. What comes later lies on rungs: a rung cuts a span of time into places of equal length, and within a place there
//! is no order. When a place is reached, it is put in order, or becomes a finer rung where many lie in it. So each moves a few times
//! only, however many there are.

use super::soonest::Timed;

/// So many may be near without a thought of laying them out.
const FEW: usize = 24;

/// The most places into which a rung cuts what lies in it; one more is for what comes later.
const PLACES: usize = 1024;

/// Many of them, the soonest first.
pub(super) struct Ladder {
    /// All up to `last_near` in order, from `first` on, after those that are over; not empty while there are others.
    near: Vec<Timed>,
    first: usize,
    last_near: u64,
    /// How many may be near: twice as many as when they came, should they all come at once.
    most_near: usize,
    far: Box<Rungs>,
}

/// Those that come later.
#[derive(Default)]
struct Rungs {
    /// Each rung lies before all that is left of the one before it; none is empty.
    rungs: Vec<Rung>,
    /// Rungs that are done, for those that come.
    spare: Vec<Rung>,
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
    /// At least as many as are needed.
    places: Vec<Vec<Timed>>,
    /// A bit for each place in which something lies, and the first word in which there may be one.
    used: Vec<u64>,
    first_word: usize,
}

impl Ladder {
    pub(super) fn new() -> Ladder {
        Ladder { near: Vec::new(), first: 0, last_near: u64::MAX, most_near: FEW, far: Box::default() }
    }

    /// The soonest.
    pub(super) fn peek(&self) -> Option<Timed> {
        self.near.get(self.first).copied()
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Timed> {
        let far = self.far.rungs.iter().flat_map(|rung| rung.places.iter().flatten());
        self.near[self.first..].iter().chain(far).copied()
    }

    /// Adds one.
    #[inline(always)]
    pub(super) fn push(&mut self, timed: Timed) {
        if timed.nanos() > self.last_near {
            self.far.put(timed);
        } else {
            self.put_near(timed);
        }
    }

    #[inline(never)]
    fn put_near(&mut self, timed: Timed) {
        let place = self.first + self.near[self.first..].partition_point(|other| *other < timed);
        // Where one is over that lay before, and fewer come sooner than later, these move there.
        if self.first > 0 && place - self.first < self.near.len() - place {
            self.near.copy_within(self.first..place, self.first - 1);
            self.first -= 1;
            self.near[place - 1] = timed;
        } else {
            self.near.insert(place, timed);
            // Those that are over take no more room than the others.
            if self.first > FEW.max(self.near.len() / 2) {
                self.near.drain(..self.first);
                self.first = 0;
            }
        }
        if self.near.len() - self.first > self.most_near {
            self.spread();
        }
    }

    /// Takes out the soonest.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Timed> {
        let soonest = self.peek()?;
        self.first += 1;
        if self.first == self.near.len() {
            self.near.clear();
            self.first = 0;
            if self.last_near != u64::MAX {
                self.approach();
            }
        }
        Some(soonest)
    }

    /// Too many are near: they become a rung.
    #[cold]
    fn spread(&mut self) {
        self.far.lay_out(&self.near[self.first..], self.last_near);
        self.near.clear();
        self.first = 0;
        self.approach();
    }

    /// Nothing is near: the earliest of the others come nearer.
    #[inline(never)]
    fn approach(&mut self) {
        self.last_near = self.far.take_first(&mut self.near);
        self.most_near = FEW.max(2 * self.near.len());
    }
}

impl Rungs {
    #[inline]
    fn put(&mut self, timed: Timed) {
        // Of the rungs that reach so far, the finest.
        if let Some(rung) = self.rungs.iter_mut().rev().find(|rung| timed.nanos() <= rung.last) {
            rung.put(timed);
        }
    }

    /// Makes a rung that goes on until `last` of all that come up to then.
    fn lay_out(&mut self, all: &[Timed], last: u64) {
        let mut rung = self.spare.pop().unwrap_or_default();
        rung.begin(all, last);
        all.iter().for_each(|timed| rung.put(*timed));
        self.rungs.push(rung);
    }

    /// Moves the soonest to `near`, which is empty, and gives back up to when those are all.
    fn take_first(&mut self, near: &mut Vec<Timed>) -> u64 {
        while let Some(rung) = self.rungs.last_mut() {
            let place = rung.take_place();
            // Beside its last ones a rung has nothing to order.
            let last = if rung.is_empty() { rung.last } else { rung.end_of(place) };
            let here = &mut rung.places[place];
            let are_many = here.len() > FEW && here.iter().any(|timed| timed.nanos() != here[0].nanos());
            let many = if are_many { std::mem::take(here) } else { Vec::new() };
            // Mostly there is one, which is in order.
            if let [only] = here[..] {
                here.clear();
                near.push(only);
            } else {
                near.append(here);
                near.sort_unstable();
            }
            if rung.is_empty() {
                self.spare.extend(self.rungs.pop());
            }
            if !are_many {
                return last;
            }
            self.lay_out(&many, last);
        }
        u64::MAX
    }
}

impl Rung {
    /// An empty rung that is to hold `all`, and what comes until `last`.
    fn begin(&mut self, all: &[Timed], last: u64) {
        let instants = || all.iter().map(|timed| timed.nanos());
        let (soonest, latest) = (instants().min().unwrap_or(0), instants().max().unwrap_or(0));
        let span = latest - soonest;
        // Soon they lie closer than on the whole, since those that come late are few.
        let most = (2 * all.len()).next_power_of_two().min(PLACES);
        self.shift = (u64::BITS - span.leading_zeros()).saturating_sub(most.ilog2());
        // What comes after all of these lies in a place of its own.
        self.last_place = (span >> self.shift) + 1;
        (self.from, self.last, self.first_word) = (soonest, last, 0);
        let places = self.last_place as usize + 1;
        self.places.resize_with(places.max(self.places.len()), Vec::new);
        self.used.resize(self.places.len().div_ceil(64), 0);
    }

    #[inline]
    fn put(&mut self, timed: Timed) {
        let place = ((timed.nanos() - self.from) >> self.shift).min(self.last_place) as usize;
        self.used[place / 64] |= 1 << (place % 64);
        self.places[place].push(timed);
    }

    fn is_empty(&self) -> bool {
        self.used[self.first_word..].iter().all(|word| *word == 0)
    }

    /// The first place in which something lies; it counts as empty from now on.
    fn take_place(&mut self) -> usize {
        while self.used[self.first_word] == 0 {
            self.first_word += 1;
        }
        let word = &mut self.used[self.first_word];
        let place = 64 * self.first_word + word.trailing_zeros() as usize;
        *word &= *word - 1;
        place
    }

    /// The last instant of a place.
    fn end_of(&self, place: usize) -> u64 {
        self.from + ((place as u64 + 1) << self.shift) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;
    use crate::time::SimTime;

    fn timed(at: u64, number: u64) -> Timed {
        Timed::new(SimTime::from_nanos(at), number, 0)
    }

    /// Lengths of many scales: those that lie close become finer rungs.
    #[test]
    fn many_lie_on_rungs_and_come_in_order() {
        let mut ladder = Ladder::new();
        let length = |number| {
            let key = Key::root(4).numbered(number);
            key.named("length").below(1 << 40) >> key.named("scale").below(30)
        };
        let mut all: Vec<Timed> = (0..30_000).map(|number| timed(length(number), number)).collect();
        all.iter().for_each(|timed| ladder.push(*timed));
        assert_eq!(ladder.iter().count(), all.len());
        all.sort_unstable();
        let mut most = 0;
        for want in all {
            assert_eq!((ladder.peek(), ladder.pop()), (Some(want), Some(want)));
            most = most.max(ladder.far.rungs.len());
        }
        assert_eq!(ladder.pop(), None);
        assert!(most > 1, "{most} rungs at most");
    }

    /// Those that come at one instant are near all at once, however many they are; what is over takes no room beside them.
    #[test]
    fn some_come_before_many_that_come_together() {
        let mut ladder = Ladder::new();
        (1..=1_000).for_each(|number| ladder.push(timed(1_000_000, number)));
        for at in (10..1_000).step_by(10) {
            [at + 2, at, at + 1].into_iter().for_each(|at| ladder.push(timed(at, 2_000 + at)));
            (at..at + 3).for_each(|at| assert_eq!(ladder.pop(), Some(timed(at, 2_000 + at))));
            assert!(ladder.near.len() <= 1_003, "what is over takes room");
        }
        (1..=1_000).for_each(|number| assert_eq!(ladder.pop(), Some(timed(1_000_000, number))));
        assert_eq!(ladder.pop(), None);
    }
}
