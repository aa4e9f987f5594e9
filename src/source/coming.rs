//! The next records of a stream: when each will occur, and where it will be written.
//!
//! They are known some ahead, as columns: what one of them needs is a chain of steps, and a processor takes those of several at a time.

use crate::arrivals::Arrivals;
use crate::time::SimTime;

use super::notes::Notes;
use super::partition::{Keys, Place};

/// So many records are known ahead.
const AHEAD: usize = 32;

/// So many of their places are worked out together.
const TOGETHER: usize = 4;

/// Records that have not yet occurred.
pub(super) struct Coming {
    /// The number of the first one known, and how many have occurred from there on.
    first: u64,
    over: usize,
    instants: [SimTime; AHEAD],
    places: [Place; AHEAD],
    arrivals: Arrivals,
    keys: Keys,
    /// Records at the head of the stream that this mapping begins behind: record `n` here is `n + skipped` of the stream, whose
    /// draws are the same for all that read it.
    pub skipped: u64,
    /// The first records, which lay in the stream when the run started.
    pub backlog: u64,
}

impl Coming {
    /// Nothing is known yet.
    pub(super) fn new(arrivals: Arrivals, keys: Keys, skipped: u64, backlog: u64) -> Coming {
        let places = [Place { shard: 0, lane: 0 }; AHEAD];
        Coming { first: 0, over: 0, instants: [SimTime::NEVER; AHEAD], places, arrivals, keys, skipped, backlog }
    }

    /// When the next record occurs; never, after the last.
    pub(super) fn next(&self) -> SimTime {
        self.instants[self.over % AHEAD]
    }

    /// The number of the next record, and when it and those after it occur, as far as that is known, and where they are written.
    pub(super) fn known(&self) -> (u64, &[SimTime], &[Place]) {
        (self.first + self.over as u64, &self.instants[self.over..], &self.places[self.over..])
    }

    /// So many records have occurred.
    pub(super) fn pass(&mut self, records: usize) {
        self.over += records;
    }

    /// Whether all that are known have occurred, so that it is time to look ahead.
    pub(super) fn are_over(&self) -> bool {
        self.over == AHEAD
    }

    /// Looks for the next records beyond those known; `shards` are open. What a record brings with it is noted.
    #[inline(never)]
    pub(super) fn look_ahead(&mut self, shards: usize, notes: &mut Notes) {
        self.first += self.over as u64;
        self.over = 0;
        self.place_among(shards);
        // Records of the backlog are there from the beginning on.
        let mut known = self.backlog.saturating_sub(self.first).min(AHEAD as u64) as usize;
        self.instants[..known].fill(SimTime::ZERO);
        while known < AHEAD {
            let instants = self.arrivals.instants();
            let count = instants.len().min(AHEAD - known);
            self.instants[known..known + count].copy_from_slice(&instants[..count]);
            if count > 0 {
                self.arrivals.take(count);
                known += count;
                continue;
            }
            let Some(arrival) = self.arrivals.pop() else { break };
            if let Some(handler) = arrival.handler {
                notes.handlers.insert(self.first + known as u64, handler);
            }
            self.instants[known] = arrival.at;
            known += 1;
        }
        self.instants[known..].fill(SimTime::NEVER);
    }

    /// Works out where the known records are written; `shards` are open.
    pub(super) fn place_among(&mut self, shards: usize) {
        let numbers = (self.first + self.skipped..).step_by(TOGETHER);
        for (first, places) in numbers.zip(self.places.chunks_exact_mut(TOGETHER)) {
            places.copy_from_slice(&self.keys.places::<TOGETHER>(first, shards));
        }
    }

    /// Where a record is written; `shards` are open.
    pub(super) fn place(&self, number: u64, shards: usize) -> Place {
        let [place] = self.keys.places(number + self.skipped, shards);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::MemoryInputs;
    use crate::random::Key;
    use crate::source::mapping::PartitionKeys;
    use crate::time::{SECOND, SimDuration};

    /// Each record is met at its own instant and place, however many are passed at a time.
    #[test]
    fn what_is_known_ahead_is_what_would_come() {
        let (skipped, backlog) = (11, 40);
        let at = |n: u64| SimDuration::from_nanos(n * SECOND);
        let arrivals = crate::arrivals::ArrivalsSpec::At((1..=100).map(at).collect());
        let arrivals = Arrivals::new(&arrivals, SimTime::NEVER, Key::root(1), &MemoryInputs::new(), &[]).unwrap();
        let keys = || Keys::new(Some(PartitionKeys::Count(9)), Key::root(2), 3);
        let mut coming = Coming::new(arrivals, keys(), skipped, backlog);
        let mut notes = Notes::default();
        coming.look_ahead(4, &mut notes);
        let (mut number, mut shards) = (0, 4);
        while coming.next() != SimTime::NEVER {
            let (first, instants, places) = coming.known();
            assert_eq!((first, instants.len()), (number, places.len()));
            let count = (1 + number as usize % 5).min(instants.len());
            for (instant, place) in instants.iter().zip(places).take(count).filter(|(at, _)| **at != SimTime::NEVER) {
                let occurs = number.checked_sub(backlog).map_or(SimTime::ZERO, |n| SimTime::ZERO + at(n + 1));
                let [want] = keys().places(number + skipped, shards);
                assert_eq!((*instant, *place, coming.place(number, shards)), (occurs, want, want), "record {number}");
                number += 1;
            }
            coming.pass(count);
            if coming.are_over() {
                coming.look_ahead(shards, &mut notes);
            }
            // The shards change while some records are known.
            if number >= 70 && shards == 4 {
                shards = 6;
                coming.place_among(shards);
            }
        }
        assert_eq!((number, shards), (backlog + 100, 6));
    }
}
