//! Things that are numbered as they come and leave in about that order: found by number without hashing.
//!
//! They lie in a deque, by number. The few that stay much longer than those after them are set aside, so that the deque is no
//! longer than a few times what is in it.

use std::collections::{BTreeMap, VecDeque};

/// The deque may have so many places for each thing in it, and so many more.
const SPREAD: usize = 8;
const SPARE: usize = 64;

/// Things by their numbers.
pub(super) struct Numbered<T> {
    /// The number that belongs to the deque's first place, which is not empty.
    first: u64,
    places: VecDeque<Option<T>>,
    /// Things in the deque.
    placed: usize,
    /// Those with lower numbers.
    aside: BTreeMap<u64, T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { first: 0, places: VecDeque::new(), placed: 0, aside: BTreeMap::new() }
    }
}

impl<T> Numbered<T> {
    /// The place of a number in the deque, or beyond its end; none for the lower numbers.
    fn place(&self, number: u64) -> Option<usize> {
        number.checked_sub(self.first).map(|place| place as usize)
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        match self.place(number) {
            Some(place) => self.places.get(place)?.as_ref(),
            None => self.aside.get(&number),
        }
    }

    /// The thing with the lowest number.
    pub(super) fn first(&self) -> Option<(u64, &T)> {
        let placed = || self.places.front()?.as_ref().map(|thing| (self.first, thing));
        self.aside.first_key_value().map(|(number, thing)| (*number, thing)).or_else(placed)
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.placed == 0 && self.aside.is_empty()
    }

    /// Adds a thing whose number is not taken.
    #[inline]
    pub(super) fn insert(&mut self, number: u64, thing: T) {
        if self.places.is_empty() {
            self.first = self.first.max(number);
        }
        let Some(place) = self.place(number) else {
            self.aside.insert(number, thing);
            return;
        };
        if place >= self.places.len() {
            self.places.resize_with(place, || None);
            self.places.push_back(Some(thing));
        } else {
            self.places[place] = Some(thing);
        }
        self.placed += 1;
        while self.places.len() > SPARE + SPREAD * self.placed {
            self.set_first_aside();
        }
    }

    /// Removes a thing, if it is there. Who needs it has looked at it before, so that it is not moved.
    #[inline]
    pub(super) fn remove(&mut self, number: u64) {
        let Some(place) = self.place(number) else {
            self.aside.remove(&number);
            return;
        };
        if self.places.get_mut(place).and_then(Option::take).is_some() {
            self.placed -= 1;
            self.skip_empty();
        }
    }

    #[cold]
    fn set_first_aside(&mut self) {
        if let Some(thing) = self.places.pop_front().flatten() {
            self.placed -= 1;
            self.aside.insert(self.first, thing);
        }
        self.first += 1;
        self.skip_empty();
    }

    /// Gives up the places at the head that hold nothing any more.
    fn skip_empty(&mut self) {
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::btree_map::Entry;

    use super::*;
    use crate::random::Key;

    /// Against an ordered map, with things that stay for ever.
    #[test]
    fn it_finds_what_a_map_finds() {
        let (mut numbered, mut map) = (Numbered::default(), BTreeMap::new());
        let mut most = 0;
        for number in 0..20_000 {
            numbered.insert(number, number);
            map.insert(number, number);
            let gone = number.saturating_sub(Key::root(1).numbered(number).below(40));
            if gone % 100 != 0 {
                numbered.remove(gone);
                map.remove(&gone);
            }
            for asked in [gone, number, number + 1, number / 200 * 100] {
                assert_eq!(numbered.get(asked), map.get(&asked));
            }
            assert_eq!(numbered.first(), map.first_key_value().map(|(number, thing)| (*number, thing)));
            most = most.max(numbered.places.len() / (1 + numbered.placed));
        }
        assert!(most <= SPARE + SPREAD, "{most}");
        for number in 0..20_000 {
            assert_eq!(numbered.get(number), map.get(&number));
            numbered.remove(number);
            assert_eq!(numbered.get(number), None);
        }
        assert_eq!((numbered.first(), numbered.is_empty()), (None, true));
    }

    /// Numbers with gaps, and some that come late.
    #[test]
    fn numbers_may_come_out_of_order() {
        let (mut numbered, mut map) = (Numbered::default(), BTreeMap::new());
        for step in 0..20_000 {
            let key = Key::root(2).numbered(step);
            let number = (2 * step).saturating_sub(key.named("late").below(3) * key.named("by").below(100));
            if let Entry::Vacant(vacant) = map.entry(number) {
                vacant.insert(step);
                numbered.insert(number, step);
            }
            let gone = number.saturating_sub(key.named("gone").below(60));
            assert_eq!(numbered.get(gone), map.get(&gone));
            numbered.remove(gone);
            map.remove(&gone);
            assert_eq!(numbered.get(gone), None, "{gone}");
            assert_eq!(numbered.first(), map.first_key_value().map(|(number, thing)| (*number, thing)));
        }
    }
}
