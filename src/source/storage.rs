//! What a stream stores: the records of all its lanes.

use crate::time::SimTime;

use super::records::{Block, Record, Records};

/// The records of all lanes of a stream.
pub(super) struct Storage {
    /// Shard after shard, so that a record is written without a look at its shard's list of lanes.
    lanes: Vec<Records>,
    /// Lanes of a shard.
    width: usize,
    /// Blocks that were used and are not in use.
    spare: Vec<Block>,
}

/// The lanes of some shards, at hand for a loop.
pub(super) struct Lanes<'a> {
    lanes: &'a mut [Records],
    width: usize,
    spare: &'a mut Vec<Block>,
}

impl Lanes<'_> {
    /// A record was written, in a shard of these.
    #[inline(always)]
    pub(super) fn write(&mut self, shard: usize, lane: usize, record: Record) {
        self.lanes[shard * self.width + lane].push(record, self.spare);
    }
}

impl Storage {
    /// Of shards that have `width` lanes each; there is none yet.
    pub(super) fn new(width: usize) -> Storage {
        Storage { lanes: Vec::new(), width, spare: Vec::new() }
    }

    /// Adds shards.
    pub(super) fn open(&mut self, shards: usize) {
        self.lanes.resize_with(self.lanes.len() + shards * self.width, Records::default);
    }

    /// The lanes of a shard.
    pub(super) fn of(&self, shard: usize) -> &[Records] {
        &self.lanes[shard * self.width..][..self.width]
    }

    /// A lane.
    pub(super) fn lane(&self, shard: usize, lane: usize) -> &Records {
        &self.lanes[shard * self.width + lane]
    }

    /// A record was written.
    pub(super) fn write(&mut self, shard: usize, lane: usize, record: Record) {
        self.lanes_from(shard).write(0, lane, record);
    }

    /// The lanes of this shard and of those after it, in which several records are going to be written.
    #[inline(always)]
    pub(super) fn lanes_from(&mut self, shard: usize) -> Lanes<'_> {
        Lanes { lanes: &mut self.lanes[shard * self.width..], width: self.width, spare: &mut self.spare }
    }

    /// The oldest record of a shard that nobody has read, and its lane.
    pub(super) fn oldest_unread(&self, shard: usize) -> Option<(Record, usize)> {
        let lanes = self.of(shard).iter().enumerate();
        lanes.filter_map(|(lane, records)| Some((*records.first_unread()?, lane))).min()
    }

    /// The next so many records of a lane are read at `now`.
    pub(super) fn poll(&mut self, shard: usize, lane: usize, count: usize, now: SimTime) {
        self.lanes[shard * self.width + lane].poll(count, now);
    }

    /// Takes out the first records of a lane, of which so many were read.
    pub(super) fn take(&mut self, shard: usize, lane: usize, count: usize) -> Vec<Record> {
        let records = self.lane(shard, lane).first(count).copied().collect();
        self.drop_first(shard, lane, count);
        records
    }

    /// Drops the first records of a lane, of which so many were read.
    pub(super) fn drop_first(&mut self, shard: usize, lane: usize, count: usize) {
        self.lanes[shard * self.width + lane].drop_first(count, &mut self.spare);
    }

    /// Takes out the record at a place of a lane.
    pub(super) fn remove(&mut self, shard: usize, lane: usize, place: usize) -> Option<Record> {
        self.lanes[shard * self.width + lane].remove(place, &mut self.spare)
    }
}
