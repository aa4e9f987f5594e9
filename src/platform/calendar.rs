//! A calendar of what comes later, after the calendar queue (Brown: Calendar queues, 1988).
//!
//! A day is a span of time so short that mostly one thing comes in it, a year is so many days that most of what lies ahead comes within
//! one. What comes on a day is a chain, in no order; the next day on which something comes is found by its bit. Apart, on a ladder, lies
//! what comes more than a year from today, what is left of a day on which too much comes, and all where there is very much. That takes
//! steps that a calendar should not need, and so do long chains and long gaps: after as many as it takes to lay all out anew, that is
//! done, with days and years that suit what lies ahead then.

use super::ladder::Ladder;
use super::soonest::{NONE, Timed};

/// As long as no chain is longer, what comes first on a day is looked for in it; what is left of a longer one lies apart.
const LONGEST_CHAIN: u32 = 8;
/// A year has so many days for each that lies ahead; but fewer where few do, so that all lies in few lines of the cache.
const DAYS_EACH: usize = 16;
const DAYS_EACH_OF_FEW: usize = 4;
const FEW: usize = 32;
/// Of more than these, days would wait for memory: they lie apart.
const MANY: usize = 8192;
/// The shortest year: one word of bits.
const FEWEST_DAYS: usize = 64;

/// What comes later. Each has a slot of its own as long as it lies here.
pub(super) struct Calendar {
    /// All days before it are over. What is put on one of them comes today.
    today: u64,
    /// A day is so many nanoseconds long, as a power of 2.
    shift: u32,
    /// How many lie in chains.
    chained: u32,
    /// The first day on which something comes that lies apart.
    apart_from: u64,
    /// A day has the same place every year: its chain begins with the entry of this slot.
    days: Box<[u32]>,
    /// A bit for each place where a chain begins.
    used: Box<[u64]>,
    /// What lies in chains, by slot: each with the slot of the next in place of its own.
    entries: Box<[Timed]>,
    /// Steps in vain since all was laid out, and how many are too many.
    vain: u64,
    most_vain: u64,
    apart: Box<Ladder>,
}

impl Calendar {
    pub(super) fn new() -> Calendar {
        Calendar {
            today: 0,
            shift: 0,
            chained: 0,
            apart_from: u64::MAX,
            days: [NONE].into(),
            used: [0].into(),
            entries: [].into(),
            vain: 0,
            most_vain: 0,
            apart: Ladder::new().into(),
        }
    }

    /// All that lie in it, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Timed> {
        let heads = self.days.iter().copied().filter(|head| *head != NONE);
        heads.flat_map(|head| self.chain(head)).chain(self.apart.iter())
    }

    /// Adds one.
    #[inline(always)]
    pub(super) fn put(&mut self, timed: Timed) {
        let day = timed.nanos() >> self.shift;
        // Mostly it comes neither today nor after this year.
        if day.wrapping_sub(self.today + 1) < self.last_place() {
            self.link(day, timed);
        } else {
            self.put_beside(timed);
        }
    }

    /// Takes out the first, which comes at `now` at the earliest; what never comes, where there is none.
    #[inline(always)]
    pub(super) fn take_first(&mut self, now: u64) -> Timed {
        if self.vain > self.most_vain {
            self.lay_out(now);
        }
        self.today = self.today.max(now >> self.shift);
        if self.chained == 0 || self.apart_from.wrapping_sub(self.today) <= self.last_place() {
            return self.take_beside();
        }
        self.take_linked()
    }

    /// The place of the last day of a year that begins with the first place.
    #[inline(always)]
    fn last_place(&self) -> u64 {
        self.days.len() as u64 - 1
    }

    #[inline(always)]
    fn place_of(&self, day: u64) -> usize {
        day as usize & (self.days.len() - 1)
    }

    /// What lies in the chain that begins with the entry of a slot, or with its end.
    fn chain(&self, head: u32) -> impl Iterator<Item = Timed> {
        let mut slot = head;
        std::iter::from_fn(move || {
            let entry = *self.entries.get(slot as usize)?;
            let timed = entry.with_slot(slot);
            slot = entry.slot();
            Some(timed)
        })
    }

    #[inline(always)]
    fn link(&mut self, day: u64, timed: Timed) {
        let place = self.place_of(day);
        let slot = timed.slot();
        if slot as usize >= self.entries.len() {
            self.make_room(slot as usize);
        }
        self.entries[slot as usize] = timed.with_slot(self.days[place]);
        self.days[place] = slot;
        self.used[place / 64] |= 1 << (place % 64);
        self.chained += 1;
    }

    #[cold]
    fn make_room(&mut self, slot: usize) {
        // Millions may come at once: to double the room each time would waste half of it.
        let mut entries = std::mem::take(&mut self.entries).into_vec();
        entries.reserve_exact(slot + 1 + slot / 8 - entries.len());
        entries.resize(entries.capacity(), Timed::NEVER);
        self.entries = entries.into();
    }

    /// Adds one that comes today, or after this year.
    #[inline(never)]
    fn put_beside(&mut self, timed: Timed) {
        let day = self.day_of(timed);
        // Today's chain is empty while what is left of today lies apart.
        if day == self.today && self.apart_from > day {
            self.link(day, timed);
        } else {
            self.apart.push(timed);
            self.apart_from = self.apart_from.min(day);
        }
        self.vain += 1;
    }

    /// The day on which something comes; today, if that is over.
    fn day_of(&self, timed: Timed) -> u64 {
        (timed.nanos() >> self.shift).max(self.today)
    }

    /// Takes out the first, where it lies apart, or may after what lies apart was brought into this year.
    #[inline(never)]
    fn take_beside(&mut self) -> Timed {
        let mut taken = None;
        while let Some(timed) = self.apart.peek()
            && taken.is_none()
            && let day = self.day_of(timed)
            && (day - self.today <= self.last_place() || self.chained == 0)
        {
            self.apart.pop();
            if day == self.today || self.chained == 0 {
                self.vain += 1;
                taken = Some(timed);
            } else {
                self.link(day, timed);
            }
        }
        self.apart_from = self.apart.peek().map_or(u64::MAX, |timed| self.day_of(timed));
        match taken {
            Some(timed) => timed,
            None if self.chained == 0 => Timed::NEVER,
            None => self.take_linked(),
        }
    }

    /// Takes out the first of those in chains; there is one.
    #[inline(always)]
    fn take_linked(&mut self) -> Timed {
        let place = self.place_of(self.today);
        let mut word = place / 64;
        let mut bits = self.used[word] & (u64::MAX << (place % 64));
        while bits == 0 {
            // After the last place comes the first of the next year.
            word = (word + 1) & (self.used.len() - 1);
            bits = self.used[word];
            self.vain += 1;
        }
        let place = 64 * word + bits.trailing_zeros() as usize;
        let slot = self.days[place];
        let entry = self.entries[slot as usize];
        if entry.slot() != NONE {
            return self.take_first_of_chain(place);
        }
        self.clear(place);
        self.chained -= 1;
        entry.with_slot(slot)
    }

    /// Nothing lies in a place any more.
    #[inline(always)]
    fn clear(&mut self, place: usize) {
        self.days[place] = NONE;
        self.used[place / 64] &= !(1 << (place % 64));
    }

    /// Takes out the first of several on one day.
    #[inline(never)]
    fn take_first_of_chain(&mut self, place: usize) -> Timed {
        let head = self.days[place];
        let (mut first, mut before_first) = (Timed::NEVER, NONE);
        let (mut slot, mut before, mut length) = (head, NONE, 0);
        while slot != NONE {
            let entry = self.entries[slot as usize];
            let timed = entry.with_slot(slot);
            // Without a branch, since which is first is anybody's guess.
            let is_first = timed < first;
            first = if is_first { timed } else { first };
            before_first = if is_first { before } else { before_first };
            (before, slot, length) = (slot, entry.slot(), length + 1);
        }
        if length > LONGEST_CHAIN {
            // All before this day is over soon.
            self.today = self.today.max(first.nanos() >> self.shift);
            self.apart_from = self.today;
            // In order they find their places on the ladder without moving others.
            let mut others: Vec<Timed> = self.chain(head).filter(|timed| *timed != first).collect();
            others.sort_unstable();
            others.into_iter().for_each(|timed| self.apart.push(timed));
            self.clear(place);
            self.chained -= length;
        } else {
            let rest = self.entries[first.slot() as usize].slot();
            match self.entries.get_mut(before_first as usize) {
                Some(entry) => *entry = entry.with_slot(rest),
                None => self.days[place] = rest,
            }
            self.chained -= 1;
        }
        self.vain += u64::from(length) - 2;
        first
    }

    /// Lays all out anew, with days that are a quarter as long as it takes from one to the next at first, or as long as that in shorter
    /// years; none comes before `now`.
    #[cold]
    fn lay_out(&mut self, now: u64) {
        let mut all: Vec<Timed> = self.iter().collect();
        all.sort_unstable();
        let each = if all.len() < FEW { DAYS_EACH_OF_FEW } else { DAYS_EACH };
        let are_many = all.len() > MANY;
        let days = if are_many { 1 } else { (each * all.len()).next_power_of_two().max(FEWEST_DAYS) };
        self.days = vec![NONE; days].into();
        self.used = vec![0; days.div_ceil(64)].into();
        (self.chained, self.apart_from) = (0, u64::MAX);
        *self.apart = Ladder::new();
        // Those that come next are a quarter of them, but not too few to say how close they lie.
        if let Some(last) = all.len().checked_sub(1) {
            let next = (all.len() / 4).max(8).min(last);
            let between = all[next].nanos().saturating_sub(now) / (next as u64 + 1);
            self.shift = (between * 4 / each as u64).max(1).ilog2();
        }
        self.today = now >> self.shift;
        // To lay all out takes about as many steps as there are days. Where all lie apart it is seldom worth it.
        let most_vain = if are_many { 32 * all.len() } else { days } as u64;
        all.into_iter().for_each(|timed| self.put(timed));
        (self.vain, self.most_vain) = (0, most_vain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;
    use crate::time::SimTime;

    /// What lies in a calendar at the end of a run, in which those that are over are followed by others `lengths` later.
    fn after(count: u64, lengths: impl Fn(u64) -> u64) -> Calendar {
        let mut calendar = Calendar::new();
        let come =
            |number: u64, now: u64, slot: u32| Timed::new(SimTime::from_nanos(now + lengths(number)), number, slot);
        (0..count).for_each(|number| calendar.put(come(number, 0, number as u32)));
        let mut now = 0;
        for number in count..100 * count {
            let first = calendar.take_first(now);
            assert!(first.nanos() >= now && first != Timed::NEVER, "number {number}: {first:?} after {now}");
            now = first.nanos();
            calendar.put(come(number, now, first.slot()));
        }
        calendar
    }

    /// Days and years suit what lies ahead: nearly all of it lies in chains, and most chains are short.
    #[test]
    fn days_and_years_suit_what_lies_ahead() {
        let draw = |number: u64| crate::draw::exponential(&mut Key::root(1).numbered(number).draws());
        let of_mean = |mean: f64| move |number| (mean * draw(number)) as u64;
        // Half of them a thousand times as long as the others.
        let of_two = |number| (draw(number) * if number % 2 == 0 { 1e9 } else { 1e6 }) as u64;
        for (law, count, calendar) in [
            ("short", 10, after(10, of_mean(100.0))),
            ("a few", 20, after(20, of_mean(1e9))),
            ("some", 200, after(200, of_mean(1e8))),
            ("many", 8_000, after(8_000, of_mean(1e8))),
            ("even", 500, after(500, |number| 1_000 * Key::root(2).numbered(number).below(2_000))),
            ("of two means", 400, after(400, of_two)),
        ] {
            let chains = calendar.days.iter().filter(|head| **head != NONE).count();
            assert_eq!(calendar.iter().count(), count, "{law}");
            assert!(calendar.chained as usize * 10 >= count * 7, "{law}: {} of {count} in chains", calendar.chained);
            assert!(chains * 10 >= count * 3, "{law}: {chains} chains for {count}");
        }
    }

    /// A year that was made for many is not kept for few.
    #[test]
    fn years_become_shorter_again() {
        let mut calendar = Calendar::new();
        let timed = |at, slot| Timed::new(SimTime::from_nanos(at), at, slot);
        (0..8_000).for_each(|slot| calendar.put(timed(1_000 * u64::from(slot) + 1, slot)));
        assert_eq!(calendar.take_first(0).slot(), 0);
        assert!(calendar.days.len() > 8_000);
        (1..8_000).for_each(|slot| assert_eq!(calendar.take_first(1_000 * u64::from(slot)).slot(), slot));
        for now in (1_000_000_000..).step_by(1_000_000).take(10_000) {
            calendar.put(timed(now + 1_500_000, 0));
            calendar.put(timed(now + 500_000, 1));
            assert_eq!(calendar.take_first(now).slot(), 1);
            assert_eq!(calendar.take_first(now + 500_000).slot(), 0);
        }
        assert_eq!((calendar.days.len(), calendar.take_first(u64::MAX >> 4)), (FEWEST_DAYS, Timed::NEVER));
    }
}
