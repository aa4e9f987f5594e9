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

/// Which key each record of a stream has, and where keys go.
pub(super) struct Keys {
    /// None: every record its own.
    few: Option<FewKeys>,
    key: Key,
    lanes: u64,
    /// The places of the next records.
    ahead: Ahead,
}

/// Places of consecutive records, worked out together: the hashes of one record are a chain of multiplications, and a processor
/// works on those of several records at a time.
#[derive(Default)]
struct Ahead {
    /// The first of these records.
    from: u64,
    /// For so many shards; none are known, while it is 0.
    shards: usize,
    places: [(u32, u32); 32],
}

/// Seeds of the two hashes of a partition key. Kinesis takes the MD5 hash of the key, which is as good as random; how a
/// mapping spreads keys over the lanes of a shard is not documented (Assumption: evenly, by another hash).
const SHARD_HASH: Key = Key::root(0x5348_4152_4400);
const LANE_HASH: Key = Key::root(0x4c41_4e45_0000);

impl Keys {
    pub(super) fn new(spec: Option<PartitionKeys>, key: Key, lanes: u32) -> Keys {
        let key = key.named("partition_key");
        Keys { few: spec.map(|spec| FewKeys::new(spec, key)), key, lanes: u64::from(lanes), ahead: Ahead::default() }
    }

    fn of(&self, record: u64) -> u64 {
        match &self.few {
            // A record's own key differs from run to run, as real keys do; a listed key is the same in all runs.
            None => self.key.numbered(record).below(u64::MAX),
            Some(few) => few.of(record),
        }
    }

    /// Which of `shards` equal ranges of hashes a record falls into, and its lane within the shard.
    #[inline]
    pub(super) fn place(&mut self, record: u64, shards: usize) -> (usize, usize) {
        if shards == 1 && self.lanes == 1 {
            return (0, 0);
        }
        if self.ahead.shards != shards || record.wrapping_sub(self.ahead.from) >= self.ahead.places.len() as u64 {
            self.look_ahead(record, shards);
        }
        let (shard, lane) = self.ahead.places[(record - self.ahead.from) as usize];
        (shard as usize, lane as usize)
    }

    #[cold]
    fn look_ahead(&mut self, from: u64, shards: usize) {
        let places = std::array::from_fn(|next| {
            let key = self.of(from + next as u64);
            let spread = |hash: Key, over: u64| if over == 1 { 0 } else { hash.numbered(key).below(over) as u32 };
            (spread(SHARD_HASH, shards as u64), spread(LANE_HASH, self.lanes))
        });
        self.ahead = Ahead { from, shards, places };
    }
}
