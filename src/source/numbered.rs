//! Things with ascending numbers that leave in about the order in which they came: found by number without hashing.
//!
//! They lie in a deque, by number. The few that stay much longer than those after them are set aside, so that the deque is no
//! longer than a few times what is in it.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

/// The deque may have so many places for each thing in it, and so many more.
const SPREAD: usize = 8;
const SPARE: usize = 64;

/// Things by their numbers.
pub(super) struct Numbered<T> {
    /// The number that belongs to the deque's first place.
    first: u64,
    places: VecDeque<Option<T>>,
    /// Things in the deque.
    placed: usize,
    /// Those with lower numbers.
    aside: FxHashMap<u64, T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { first: 0, places: VecDeque::new(), placed: 0, aside: FxHashMap::default() }
    }
}

impl<T> Numbered<T> {
    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.placed + self.aside.len()
    }

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

    /// Adds a thing whose number is not taken: a new one, above all before, or that of a thing that left and comes back.
    pub(super) fn insert(&mut self, number: u64, thing: T) {
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

    /// Takes a thing out.
    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let Some(place) = self.place(number) else { return self.aside.remove(&number) };
        let thing = self.places.get_mut(place)?.take()?;
        self.placed -= 1;
        self.skip_empty();
        Some(thing)
    }

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
    use std::collections::BTreeMap;

    use super::*;
    use crate::random::Key;

    /// Against an ordered map, with things that stay for ever and things that come back.
    #[test]
    fn it_finds_what_a_map_finds() {
        let (mut numbered, mut map) = (Numbered::default(), BTreeMap::new());
        let mut most = 0;
        for number in 0..20_000 {
            numbered.insert(number, number);
            map.insert(number, number);
            let key = Key::root(1).numbered(number);
            let gone = number.saturating_sub(key.named("gone").below(40));
            if gone % 100 != 0 {
                assert_eq!(numbered.remove(gone), map.remove(&gone));
                if key.named("back").below(3) == 0 && !map.contains_key(&gone) {
                    numbered.insert(gone, number);
                    map.insert(gone, number);
                }
            }
            for asked in [gone, number, number + 1, number / 200 * 100] {
                assert_eq!(numbered.get(asked), map.get(&asked));
            }
            assert_eq!(numbered.len(), map.len());
            most = most.max(numbered.places.len() / (1 + numbered.placed));
        }
        assert!(most <= SPARE + SPREAD, "{most}");
    }
}
