//! Messages that wait for their first receipt and are all alike: each was visible as it occurred, and brings nothing with it.
//!
//! They follow each other by number and leave in that order, so that their instants are all that has to be kept.

use std::collections::VecDeque;

use crate::time::SimTime;

use super::message::Fresh;

/// The newcomers of a queue.
#[derive(Default)]
pub(super) struct Newcomers {
    /// The number of the first of them.
    first: u64,
    /// When each of them occurred.
    instants: VecDeque<SimTime>,
}

impl Newcomers {
    pub(super) fn len(&self) -> usize {
        self.instants.len()
    }

    /// The number that follows the last one: all that are here have lower numbers, all that will come have none lower.
    pub(super) fn end(&self) -> u64 {
        self.first + self.instants.len() as u64
    }

    /// The number of the first, if there is one.
    pub(super) fn first(&self) -> Option<u64> {
        (!self.instants.is_empty()).then_some(self.first)
    }

    /// The newcomer with this number, if there is one.
    pub(super) fn get(&self, number: u64) -> Option<Fresh> {
        let emitted = *self.instants.get(usize::try_from(number.checked_sub(self.first)?).ok()?)?;
        Some(Fresh { emitted, visible: emitted, handler: None, group: 0 })
    }

    /// Adds messages that occurred at these instants, of which the first has this number, if they follow those that are here: gives
    /// back whether they do.
    #[inline]
    pub(super) fn add(&mut self, number: u64, instants: &[SimTime]) -> bool {
        if self.instants.is_empty() {
            self.first = number;
        }
        let follow = number == self.end();
        if follow {
            self.instants.extend(instants.iter().copied());
        }
        follow
    }

    /// Takes the first ones, one for each place in `emitted`, which says when each of them occurred then.
    #[inline]
    pub(super) fn take(&mut self, emitted: &mut [SimTime]) {
        self.first += emitted.len() as u64;
        let first = self.instants.drain(..emitted.len());
        emitted.iter_mut().zip(first).for_each(|(place, instant)| *place = instant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_follow_each_other() {
        let at = SimTime::from_nanos;
        let mut newcomers = Newcomers::default();
        assert!(newcomers.add(3, &[at(30), at(40)]) && newcomers.add(5, &[at(50)]));
        assert!(!newcomers.add(7, &[at(70)]), "6 is not here");
        assert_eq!((newcomers.first(), newcomers.end(), newcomers.len()), (Some(3), 6, 3));
        assert_eq!(newcomers.get(4).map(|fresh| (fresh.emitted, fresh.visible)), Some((at(40), at(40))));
        assert!(newcomers.get(2).is_none() && newcomers.get(6).is_none());
        let mut emitted = [SimTime::ZERO; 2];
        newcomers.take(&mut emitted);
        assert_eq!((emitted, newcomers.first()), ([at(30), at(40)], Some(5)));
        newcomers.take(&mut emitted[..1]);
        assert_eq!((emitted[0], newcomers.first(), newcomers.end()), (at(50), None, 6));
        assert!(newcomers.add(9, &[at(90)]), "nothing is here that it would have to follow");
        assert_eq!(newcomers.first(), Some(9));
    }
}
