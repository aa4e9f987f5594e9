//! The records of a lane, from when they are written until they have met their fate.
//!
//! They lie in one queue, in the order in which they were written: those of the lane's batches, then those that were read and wait
//! for a batch, then those that nobody has read yet. A poll moves no record; it says how far it came. The queue consists of blocks
//! that all lanes of a stream share: a new record lies where another one was read a moment ago, and need not be waited for.

use std::collections::VecDeque;

use crate::time::SimTime;

/// A record of a stream; the order is that in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    /// When the stream took it; but for late writes that is when it occurred, too: see [`Notes::emitted_at`](super::notes::Notes).
    pub written: SimTime,
    pub number: u64,
}

/// Some records that follow each other in a lane.
pub(super) type Block = Vec<Record>;

/// Records of a block that is full.
const BLOCK: usize = 32;

/// The records of a lane.
// From the beginning of a line of the cache: of hundreds of lanes each is asked for a few words.
#[derive(Clone, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Records {
    /// The block that is being filled.
    last: Block,
    /// The blocks before it, which are full.
    full: VecDeque<Block>,
    /// How many records at the head of the first block are gone.
    gone: usize,
    /// How many of the others were read: the first ones.
    read: usize,
    /// When these were read: so many of them at each instant.
    polls: VecDeque<(usize, SimTime)>,
}

impl Records {
    /// A record was written; `spare` blocks are used before new ones.
    #[inline]
    pub(super) fn push(&mut self, record: Record, spare: &mut Vec<Block>) {
        if self.last.len() == self.last.capacity() {
            self.begin_block(spare);
        }
        self.last.push(record);
    }

    #[inline(never)]
    fn begin_block(&mut self, spare: &mut Vec<Block>) {
        let mut block = spare.pop().unwrap_or_else(|| Block::with_capacity(BLOCK));
        block.clear();
        let full = std::mem::replace(&mut self.last, block);
        if !full.is_empty() {
            self.full.push_back(full);
        }
    }

    fn len(&self) -> usize {
        self.full.len() * BLOCK + self.last.len() - self.gone
    }

    /// The block of a place, and the place within it.
    fn find(&self, place: usize) -> (&Block, usize) {
        let place = self.gone + place;
        (self.full.get(place / BLOCK).unwrap_or(&self.last), place % BLOCK)
    }

    /// The record at a place, whoever read it.
    fn at(&self, place: usize) -> Option<&Record> {
        let (block, within) = self.find(place);
        block.get(within).filter(|_| place < self.len())
    }

    /// How many were read.
    pub(super) fn read(&self) -> usize {
        self.read
    }

    /// The record at a place, if it was read.
    pub(super) fn get(&self, place: usize) -> Option<&Record> {
        self.at(place).filter(|_| place < self.read)
    }

    /// The first record that nobody has read.
    pub(super) fn first_unread(&self) -> Option<&Record> {
        self.at(self.read)
    }

    /// When the first record was read.
    pub(super) fn first_read(&self) -> Option<SimTime> {
        self.polls.front().map(|(_, at)| *at)
    }

    /// The first records, of which so many were read, as they lie together, and when those were read.
    pub(super) fn polled(&self, count: usize) -> impl Iterator<Item = (SimTime, &[Record])> {
        let mut place = 0;
        let mut polls = self.polls.iter().copied();
        let mut poll = (0, SimTime::ZERO);
        std::iter::from_fn(move || {
            if place == count {
                return None;
            }
            if poll.0 == 0 {
                poll = polls.next()?;
            }
            let (block, within) = self.find(place);
            let records = poll.0.min(count - place).min(block.len() - within);
            place += records;
            poll.0 -= records;
            Some((poll.1, &block[within..within + records]))
        })
    }

    /// The first records, of which so many were read.
    pub(super) fn first(&self, count: usize) -> impl Iterator<Item = &Record> {
        self.polled(count).flat_map(|(_, records)| records)
    }

    /// How many unread records can be read, of which each can if one after it can.
    pub(super) fn readable(&self, can_be_read: impl Fn(&Record) -> bool) -> usize {
        let (mut from, mut to) = (self.read, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.at(middle).is_some_and(&can_be_read) { from = middle + 1 } else { to = middle }
        }
        from - self.read
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

    /// Drops the first records, of which so many were read.
    pub(super) fn drop_first(&mut self, count: usize, spare: &mut Vec<Block>) {
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
        self.drop_blocks(count, spare);
    }

    /// The first so many records are gone, and with them the blocks that hold no other.
    fn drop_blocks(&mut self, count: usize, spare: &mut Vec<Block>) {
        self.gone += count;
        while self.gone >= BLOCK
            && let Some(block) = self.full.pop_front()
        {
            self.gone -= BLOCK;
            spare.push(block);
        }
        if self.full.is_empty() && self.gone == self.last.len() && self.gone > 0 {
            self.gone = 0;
            spare.push(std::mem::take(&mut self.last));
        }
    }

    /// Takes out the record at a place.
    pub(super) fn remove(&mut self, place: usize, spare: &mut Vec<Block>) -> Option<Record> {
        self.at(place)?;
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
        // Those before it, at most a batch that is in flight, move up by one.
        let mut moved = *self.at(0)?;
        for place in 1..=place {
            let place = self.gone + place;
            let block = self.full.get_mut(place / BLOCK).unwrap_or(&mut self.last);
            std::mem::swap(&mut moved, &mut block[place % BLOCK]);
        }
        self.drop_blocks(1, spare);
        Some(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;

    const fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    /// Against plain lists, with lanes that run empty and lanes of many blocks.
    #[test]
    fn blocks_are_one_queue() {
        let (mut records, mut spare) = (Records::default(), Vec::new());
        let (mut all, mut reads): (VecDeque<Record>, VecDeque<SimTime>) = Default::default();
        let mut most = 0;
        for step in 0..20_000 {
            let key = Key::root(1).numbered(step);
            // Long spells in which the lane grows, and others in which it shrinks.
            let grows = step / 500 % 2;
            for _ in 0..key.named("written").below(2 + 10 * grows) {
                let record = Record { written: at(step), number: all.back().map_or(step, |last| last.number + 1) };
                records.push(record, &mut spare);
                all.push_back(record);
            }
            let count = key.named("read").below((all.len() - reads.len()) as u64 + 1) as usize;
            assert!(records.readable(|record| record.written <= at(step)) >= count);
            records.poll(count, at(step));
            reads.extend(std::iter::repeat_n(at(step), count));
            if key.named("removed").below(3) == 0 && !all.is_empty() {
                let place = key.named("place").below(all.len().min(40) as u64) as usize;
                assert_eq!(records.remove(place, &mut spare), all.remove(place));
                reads.remove(place);
            }
            let count = key.named("taken").below(reads.len().min(4 + 300 * (1 - grows as usize)) as u64 + 1) as usize;
            let polled: Vec<_> = records
                .polled(count)
                .flat_map(|(read, records)| records.iter().map(move |record| (read, *record)))
                .collect();
            assert_eq!(polled, reads.drain(..count).zip(all.iter().copied()).collect::<Vec<_>>());
            records.drop_first(count, &mut spare);
            all.drain(..count);
            assert_eq!((records.read(), records.first_read()), (reads.len(), reads.front().copied()));
            assert_eq!(records.first_unread(), all.get(reads.len()));
            assert_eq!(records.get(reads.len() / 2), all.get(reads.len() / 2).filter(|_| !reads.is_empty()));
            most = most.max(all.len());
        }
        assert!(most > 10 * BLOCK && spare.len() < 2 * most / BLOCK + 2, "{most} records, {} blocks", spare.len());
    }
}
