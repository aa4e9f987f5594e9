//! Partition keys: which key each record has, and to which shard and lane keys go.

use rand_distr::{Distribution as _, Zipf};

use crate::random::Key;

use super::mapping::PartitionKeys;

/// Which key each record has, and where keys go.
pub(super) struct Keys {
    kind: KeyKind,
    key: Key,
    lanes: u64,
}

enum KeyKind {
    Own,
    Even(u64),
    Zipf(Zipf<f64>),
}

/// Seeds of the two hashes of a partition key. Kinesis takes the MD5 hash of the key, which is as good as random; how a
/// mapping spreads keys over the lanes of a shard is not documented (Assumption: evenly, by another hash).
const SHARD_HASH: Key = Key::root(0x5348_4152_4400);
const LANE_HASH: Key = Key::root(0x4c41_4e45_0000);

impl Keys {
    pub(super) fn new(spec: Option<PartitionKeys>, key: Key, lanes: u32) -> Keys {
        let kind = match spec {
            None => KeyKind::Own,
            Some(PartitionKeys::Count(count)) => KeyKind::Even(count),
            Some(PartitionKeys::Zipf { count, zipf }) => match Zipf::new(count as f64, zipf) {
                Ok(law) => KeyKind::Zipf(law),
                Err(_) => KeyKind::Even(count),
            },
        };
        Keys { kind, key: key.named("partition_key"), lanes: u64::from(lanes) }
    }

    fn of(&self, record: u64) -> u64 {
        match &self.kind {
            // A record's own key differs from run to run, as real keys do; a listed key is the same in all runs.
            KeyKind::Own => self.key.numbered(record).below(u64::MAX),
            KeyKind::Even(count) => self.key.numbered(record).below(*count),
            KeyKind::Zipf(law) => law.sample(&mut self.key.numbered(record).draws()) as u64,
        }
    }

    /// Which of `shards` equal ranges of hashes a record falls into.
    pub(super) fn range(&self, record: u64, shards: usize) -> usize {
        if shards == 1 { 0 } else { SHARD_HASH.numbered(self.of(record)).below(shards as u64) as usize }
    }

    /// The lane of a record within its shard.
    pub(super) fn lane(&self, record: u64) -> usize {
        if self.lanes == 1 { 0 } else { LANE_HASH.numbered(self.of(record)).below(self.lanes) as usize }
    }
}
