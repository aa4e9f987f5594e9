//! A stream: records that occur, get a number, fall into shards by partition key, and become readable.
//!
//! Records are no wake-ups. Whoever acts on the stream first lets it draw all arrivals up to the present; an arrival is an
//! instant of its own only while a shard lies empty, or while somebody reads every fact.

use std::collections::VecDeque;

use rand_distr::{Distribution as _, Zipf};
use rustc_hash::FxHashMap;

use crate::arrivals::Arrivals;
use crate::distribution::Distribution;
use crate::engine::{Context, Fact, SourceId};
use crate::random::Key;
use crate::time::{SimDuration, SimTime};

use super::mapping::PartitionKeys;

/// A record of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub number: u64,
    /// When it was written: emitted.
    pub written: SimTime,
    /// When it could first be read.
    pub readable: SimTime,
    /// When it was read.
    pub read: SimTime,
}

/// Which key each record has, and where keys go.
pub(super) struct Keys {
    kind: KeyKind,
    key: Key,
    shards: u64,
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
    pub(super) fn new(spec: Option<PartitionKeys>, key: Key, shards: u32, lanes: u32) -> Keys {
        let kind = match spec {
            None => KeyKind::Own,
            Some(PartitionKeys::Count(count)) => KeyKind::Even(count),
            Some(PartitionKeys::Zipf { count, zipf }) => match Zipf::new(count as f64, zipf) {
                Ok(law) => KeyKind::Zipf(law),
                Err(_) => KeyKind::Even(count),
            },
        };
        Keys { kind, key: key.named("partition_key"), shards: u64::from(shards), lanes: u64::from(lanes) }
    }

    fn of(&self, record: u64) -> u64 {
        match &self.kind {
            // A record's own key differs from run to run, as real keys do; a listed key is the same in all runs.
            KeyKind::Own => self.key.numbered(record).below(u64::MAX),
            KeyKind::Even(count) => self.key.numbered(record).below(*count),
            KeyKind::Zipf(law) => law.sample(&mut self.key.numbered(record).draws()) as u64,
        }
    }

    /// The shard of a record.
    pub(super) fn shard(&self, record: u64) -> usize {
        if self.shards == 1 { 0 } else { SHARD_HASH.numbered(self.of(record)).below(self.shards) as usize }
    }

    /// The lane of a record within its shard.
    pub(super) fn lane(&self, record: u64) -> usize {
        if self.lanes == 1 { 0 } else { LANE_HASH.numbered(self.of(record)).below(self.lanes) as usize }
    }
}

/// The records of a stream that were written and not yet read, by shard.
pub(super) struct Stream {
    source: SourceId,
    arrivals: Arrivals,
    pub(super) keys: Keys,
    propagation: Distribution,
    key: Key,
    written: u64,
    pub(super) unread: Vec<VecDeque<Record>>,
    /// Shards without unread records.
    empty: usize,
    /// The first records, which lay in the stream when the run started.
    backlog: u64,
    backlog_age: SimDuration,
    /// Handler times that records bring with them, by number.
    pub(super) handlers: FxHashMap<u64, SimDuration>,
}

impl Stream {
    pub(super) fn new(
        source: SourceId,
        arrivals: Arrivals,
        keys: Keys,
        propagation: Distribution,
        key: Key,
        backlog: (u64, SimDuration),
    ) -> Stream {
        let shards = keys.shards as usize;
        Stream {
            source,
            arrivals,
            keys,
            propagation,
            key: key.named("propagation"),
            written: 0,
            unread: vec![VecDeque::new(); shards],
            empty: shards,
            backlog: backlog.0,
            backlog_age: backlog.1,
            handlers: FxHashMap::default(),
        }
    }

    /// When the next record occurs.
    pub(super) fn next_arrival(&self) -> Option<SimTime> {
        if self.written < self.backlog { Some(SimTime::ZERO) } else { self.arrivals.peek() }
    }

    /// Whether a shard has no unread record, so that the next record may be the one that it waits for.
    pub(super) fn has_empty_shard(&self) -> bool {
        self.empty > 0
    }

    /// Lets all records up to `until` occur; `filled` hears of each shard that had no unread record and has one now.
    pub(super) fn draw(&mut self, until: SimTime, ctx: &mut Context<'_>, mut filled: impl FnMut(usize)) {
        while let Some(at) = self.next_arrival().filter(|at| *at <= until) {
            let number = self.written;
            let mut readable = at;
            if number >= self.backlog {
                if let Some(handler) = self.arrivals.pop().and_then(|arrival| arrival.handler) {
                    self.handlers.insert(number, handler);
                }
                readable = at
                    + self
                        .propagation
                        .constant()
                        .unwrap_or_else(|| self.propagation.sample(&mut self.key.numbered(number).draws()));
            }
            self.written += 1;
            ctx.tell_at(at, Fact::Emitted { source: self.source, event: number });
            ctx.tell_at(at, Fact::Waiting { source: self.source, change: 1 });
            let shard = self.keys.shard(number);
            let unread = &mut self.unread[shard];
            // Records of a shard stay in order: none becomes readable before the one written before it.
            readable = readable.max(unread.back().map_or(SimTime::ZERO, |before| before.readable));
            if unread.is_empty() {
                self.empty -= 1;
                filled(shard);
            }
            unread.push_back(Record { number, written: at, readable, read: SimTime::NEVER });
        }
    }

    /// Takes the oldest unread record of `shard`.
    pub(super) fn pop(&mut self, shard: usize) -> Option<Record> {
        let record = self.unread[shard].pop_front();
        if record.is_some() && self.unread[shard].is_empty() {
            self.empty += 1;
        }
        record
    }

    /// How old a record is at `now`.
    pub(super) fn age(&self, record: &Record, now: SimTime) -> SimDuration {
        now.since(record.written) + self.age_at_start(record)
    }

    /// How old a record was when the run started.
    pub(super) fn age_at_start(&self, record: &Record) -> SimDuration {
        if record.number < self.backlog { self.backlog_age } else { SimDuration::ZERO }
    }

    /// Whether no more records will occur.
    pub(super) fn is_exhausted(&self) -> bool {
        self.next_arrival().is_none()
    }
}
