//! Partition keys: which key each record has, and to which shard and lane keys go.

use rand_distr::{Distribution as _, Zipf};

use crate::random::Key;

use super::mapping::PartitionKeys;

/// Keys of which there are a few: which of them each record has.
pub(super) enum FewKeys {
    /// All are equally likely.
    Even(u64, Key),
    /// By Zipf's law. Its powers are the system's: where one lies right at a whole number, two machines may draw neighbouring keys, once
    /// in some 10^14 draws.
    Zipf(Zipf<f64>, Key),
}

impl FewKeys {
    /// The keys of `spec`, drawn from `key`.
    pub(super) fn new(spec: PartitionKeys, key: Key) -> FewKeys {
        match spec {
            PartitionKeys::Count(count) => FewKeys::Even(count, key),
            PartitionKeys::Zipf { count, zipf } => match Zipf::new(count as f64, zipf) {
                Ok(law) => FewKeys::Zipf(law, key),
                Err(_) => FewKeys::Even(count, key),
            },
        }
    }

    /// The key of a record.
    pub(super) fn of(&self, record: u64) -> u64 {
        match self {
            FewKeys::Even(count, key) => key.numbered(record).below(*count),
            FewKeys::Zipf(law, key) => law.sample(&mut key.numbered(record).draws()) as u64,
        }
    }
}

/// Where a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Among the open shards.
    pub shard: u32,
    pub lane: u32,
}

/// Which key each record of a stream has, and where keys go.
pub(super) struct Keys {
    /// None: every record its own.
    few: Option<FewKeys>,
    key: Key,
    lanes: u64,
}

/// Seeds of the two hashes of a partition key. Kinesis takes the MD5 hash of the key, which is as good as random; how a
/// mapping spreads keys over the lanes of a shard is not documented (Assumption: evenly, by another hash).
const SHARD_HASH: Key = Key::root(0x5348_4152_4400);
const LANE_HASH: Key = Key::root(0x4c41_4e45_0000);

impl Keys {
    pub(super) fn new(spec: Option<PartitionKeys>, key: Key, lanes: u32) -> Keys {
        let key = key.named("partition_key");
        Keys { few: spec.map(|spec| FewKeys::new(spec, key)), key, lanes: u64::from(lanes) }
    }

    /// Where records are written whose numbers follow `first`; each of `shards` covers an equal range of hashes. The hashes of one
    /// record are a chain of multiplications, and a processor works on those of several records at a time.
    #[inline(always)]
    pub(super) fn places<const N: usize>(&self, first: u64, shards: usize) -> [Place; N] {
        if shards == 1 && self.lanes == 1 {
            return [Place { shard: 0, lane: 0 }; N];
        }
        let records: [u64; N] = std::array::from_fn(|place| first + place as u64);
        let keys = match &self.few {
            // A record's own key differs from run to run, as real keys do; a listed key is the same in all runs.
            None => records.map(|record| self.key.numbered(record)).map(|key| key.below(u64::MAX)),
            Some(few) => records.map(|record| few.of(record)),
        };
        spread(keys, shards as u64, self.lanes)
    }
}

/// Spreads keys by their two hashes, evenly over shards and over lanes.
// By itself, so that it stays as it is written: what compilers make of several 64-bit products at once is slower.
#[inline(never)]
fn spread<const N: usize>(keys: [u64; N], shards: u64, lanes: u64) -> [Place; N] {
    let place = |hash: Key, key, over| if over == 1 { 0 } else { hash.numbered(key).below(over) as u32 };
    keys.map(|key| Place { shard: place(SHARD_HASH, key, shards), lane: place(LANE_HASH, key, lanes) })
}
