//! Things that come and go, each in a place of its own as long as it lives: found by place, without a search.
//!
//! The place that became free last is taken first, so that what lives lies together however much has come and gone.

/// Things by their places.
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn get(&self, place: u32) -> Option<&T> {
        self.places.get(place as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.places.get_mut(place as usize)?.as_mut()
    }

    /// Adds a thing, and says where it lies.
    pub(super) fn insert(&mut self, thing: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.places[place as usize] = Some(thing);
            return place;
        }
        self.places.push(Some(thing));
        (self.places.len() - 1) as u32
    }

    /// Takes a thing out; its place is another's from now on.
    pub(super) fn remove(&mut self, place: u32) -> Option<T> {
        let thing = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::random::Key;

    /// Against an ordered map: what lives keeps its place, and there are no more places than things at once.
    #[test]
    fn it_finds_what_a_map_finds() {
        let (mut slab, mut map, mut most) = (Slab::default(), BTreeMap::new(), 0);
        for number in 0..20_000 {
            let place = slab.insert(number);
            assert_eq!(map.insert(place, number), None);
            most = most.max(map.len());
            let key = Key::root(1).numbered(number);
            for draw in 0..key.named("leave").below(5) {
                let place = key.numbered(draw).below(60) as u32;
                assert_eq!(slab.remove(place), map.remove(&place));
                assert_eq!(slab.remove(place), None);
            }
            for place in 0..60 {
                assert_eq!(slab.get(place), map.get(&place));
                assert_eq!(slab.get_mut(place), map.get_mut(&place));
            }
            assert_eq!((slab.len(), slab.places.len()), (map.len(), most));
        }
    }
}
