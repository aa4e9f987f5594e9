//! The records of a lane, from when they are written until they have met their fate.
//!
//! They lie in one queue, in the order in which they were written: those of the lane's batches, then those that were read and wait
//! for a batch, then those that nobody has read yet. A poll moves no record; it says how far it came.

use std::collections::VecDeque;

use crate::time::SimTime;

/// A record of a stream; the order is that in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    /// When the stream took it; but for late writes that is when it occurred, too: see [`Notes::emitted_at`](super::notes::Notes).
    pub written: SimTime,
    pub number: u64,
}

/// The records of a lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    all: VecDeque<Record>,
    /// How many of them were read: the first ones.
    read: usize,
    /// When these were read: so many of them at each instant.
    polls: VecDeque<(usize, SimTime)>,
}

impl Records {
    /// A record was written.
    pub(super) fn push(&mut self, record: Record) {
        self.all.push_back(record);
    }

    /// How many were read.
    pub(super) fn read(&self) -> usize {
        self.read
    }

    /// The record at a place, if it was read.
    pub(super) fn get(&self, place: usize) -> Option<&Record> {
        self.all.get(place).filter(|_| place < self.read)
    }

    /// The first records, so many of them.
    pub(super) fn first(&self, count: usize) -> impl Iterator<Item = &Record> {
        self.all.range(..count)
    }

    /// The first records, so many of them, together with the instants at which they were read.
    pub(super) fn polled(&self, count: usize) -> impl Iterator<Item = (SimTime, impl Iterator<Item = &Record>)> {
        let mut from = 0;
        self.polls.iter().map_while(move |(records, at)| {
            let range = from..(from + records).min(count);
            from = range.end;
            (!range.is_empty()).then(|| (*at, self.all.range(range)))
        })
    }

    /// When the first record was read.
    pub(super) fn first_read(&self) -> Option<SimTime> {
        self.polls.front().map(|(_, at)| *at)
    }

    /// The first record that nobody has read.
    pub(super) fn first_unread(&self) -> Option<&Record> {
        self.all.get(self.read)
    }

    /// How many unread records can be read, of which each can if one after it can.
    pub(super) fn readable(&self, can_be_read: impl Fn(&Record) -> bool) -> usize {
        self.all.partition_point(can_be_read) - self.read
    }

    /// The next so many records are read at `now`.
    pub(super) fn poll(&mut self, count: usize, now: SimTime) {
        self.read += count;
        match self.polls.back_mut() {
            Some((records, at)) if *at == now => *records += count,
            _ if count > 0 => self.polls.push_back((count, now)),
            _ => {}
        }
    }

    /// Takes out the first records, which were read: so many of them.
    pub(super) fn take(&mut self, count: usize) -> Vec<Record> {
        let records = self.first(count).copied().collect();
        self.drop_first(count);
        records
    }

    /// Drops the first records, which were read: so many of them.
    pub(super) fn drop_first(&mut self, count: usize) {
        self.read -= count;
        let mut left = count;
        while left > 0
            && let Some((records, _)) = self.polls.front_mut()
        {
            let these = left.min(*records);
            left -= these;
            *records -= these;
            if *records == 0 {
                self.polls.pop_front();
            }
        }
        self.all.drain(..count);
    }

    /// Takes out the record at a place.
    pub(super) fn remove(&mut self, place: usize) -> Option<Record> {
        if place < self.read {
            self.read -= 1;
            let mut end = 0;
            let poll = self.polls.iter().position(|(records, _)| {
                end += records;
                place < end
            })?;
            self.polls[poll].0 -= 1;
            if self.polls[poll].0 == 0 {
                self.polls.remove(poll);
            }
        }
        self.all.remove(place)
    }
}
