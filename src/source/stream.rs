//! A stream: records that are written, get a number, fall into shards by partition key, and become readable.
//!
//! Records are no wake-ups. Whoever acts on the stream first lets it draw all arrivals up to the present; an arrival is an
//! instant of its own only while a shard lies empty, or while somebody reads every fact. Producers whose writes a shard refuses
//! try again; a reshard closes all shards and opens others over the same range of hashes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::arrivals::Arrivals;
use crate::distribution::Distribution;
use crate::engine::{Fact, Fate, SourceId};
use crate::random::Key;
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::mapping::WriteRetry;
use super::notes::Notes;
use super::partition::{Keys, Place};
use super::records::{Record, Records};
use super::storage::Storage;

/// A shard of a stream.
// From the beginning of a line of the cache: of hundreds of shards each is asked for a few words.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct StreamShard {
    /// The oldest record that was written and not yet read.
    pub oldest: Option<Record>,
    /// When the last record that was written can be read, where each takes its own time.
    last_readable: SimTime,
    /// Whether it takes records.
    pub open: bool,
    /// The shards that have to be read to their end before this one.
    pub parents: Vec<usize>,
    /// Records that it takes in a second.
    limit: Option<TokenBucket>,
}

/// Which records the mapping's filters let pass.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub pass_rate: f64,
    pub key: Key,
}

impl Filter {
    #[inline]
    fn passes(&self, record: u64) -> bool {
        self.pass_rate >= 1.0 || self.key.numbered(record).chance("filter", self.pass_rate)
    }
}

/// What a shard takes in a second, and what producers do beyond it.
#[derive(Clone, Debug)]
pub(super) struct WriteLimit {
    /// Records a second.
    pub records: u64,
    /// Bytes a second.
    pub bytes: u64,
    /// Size of each record.
    pub record_bytes: u64,
    /// What producers do about a refusal.
    pub retry: WriteRetry,
}

/// When a stream gets more or fewer shards.
#[derive(Clone, Debug)]
pub(super) enum Resharding {
    /// At given instants.
    Planned(VecDeque<(SimTime, u32)>),
    /// By itself, looking at what was written in each period.
    OnDemand {
        growth: OnDemandGrowth,
        /// When it looks next.
        next: SimTime,
        /// Records written (or refused) since it last looked.
        records: u64,
    },
}

/// How an on-demand stream makes room for its load.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OnDemandGrowth {
    /// How often it looks at what was written, `"1m"` to `"24h"`. Default `"15m"`.
    #[schemars(extend("x-minimum" = "1m", "x-maximum" = "24h"))]
    pub period: SimDuration,
    /// For how many times the rate of the last period it makes room, 1 to 10. Default 2.
    #[schemars(range(min = 1.0, max = 10.0))]
    pub factor: f64,
}

/// "It can take up to 15 minutes" for an on-demand stream to split a shard (Kinesis Developer Guide, "How do I size a stream").
/// Assumption: it looks every 15 minutes, and makes room for twice the rate of the last such period.
impl Default for OnDemandGrowth {
    fn default() -> Self {
        OnDemandGrowth { period: SimDuration::from_secs(900), factor: 2.0 }
    }
}

/// What a draw changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A shard that had no unread record has one now.
    Filled(usize),
    /// A shard was opened.
    Opened,
}

/// A record that has not yet occurred: when it will, and where it will be written.
#[derive(Clone, Copy)]
struct Coming {
    at: SimTime,
    place: Place,
}

/// So many records are known before they occur.
const AHEAD: usize = 32;

/// So many of their places are worked out together.
const TOGETHER: usize = 4;

/// Records that occurred and were not yet told.
#[derive(Default)]
struct Untold {
    events: u64,
    /// The sum of their instants in nanoseconds.
    instants: u128,
    last: SimTime,
}

impl Untold {
    fn add(&mut self, at: SimTime) {
        self.events += 1;
        self.instants += u128::from(at.nanos());
        self.last = at;
    }
}

/// A record that its producer wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    number: u64,
    /// How often it was refused.
    refusals: u32,
    /// When it occurred.
    since: SimTime,
}

/// A stream.
pub(super) struct Stream {
    source: SourceId,
    arrivals: Arrivals,
    keys: Keys,
    lanes: u32,
    filter: Filter,
    propagation: Distribution,
    key: Key,
    /// The next records, the number of the first of them, and how many of them have occurred.
    coming: [Coming; AHEAD],
    first_coming: u64,
    come: usize,
    pub(super) shards: Vec<StreamShard>,
    /// The open shards: the last ones.
    first_open: usize,
    /// Open shards without unread records.
    empty: usize,
    /// In each shard, where there is a filter, the last lane holds what it will not let pass.
    pub(super) storage: Storage,
    write_limit: Option<WriteLimit>,
    /// What was refused and is tried again: when, and what.
    rewrites: BinaryHeap<Reverse<(SimTime, Wanted)>>,
    resharding: Option<Resharding>,
    /// Records at the head of the stream that this mapping begins behind: record `n` here is `n + skipped` of the stream, whose
    /// draws are the same for all that read it.
    skipped: u64,
    /// The first records, which lay in the stream when the run started.
    backlog: u64,
    backlog_age: SimDuration,
    pub(super) notes: Notes,
    untold: Untold,
}

/// What a stream is made of.
pub(super) struct Parts {
    pub source: SourceId,
    pub arrivals: Arrivals,
    pub keys: Keys,
    pub lanes: u32,
    pub filter: Filter,
    pub propagation: Distribution,
    pub key: Key,
    pub shards: u32,
    /// Records that the mapping begins behind.
    pub skipped: u64,
    pub backlog: (u64, SimDuration),
    pub write_limit: Option<WriteLimit>,
    pub resharding: Option<Resharding>,
}

impl Stream {
    pub(super) fn new(parts: Parts) -> Stream {
        let has_filter = parts.filter.pass_rate < 1.0;
        let mut stream = Stream {
            source: parts.source,
            arrivals: parts.arrivals,
            keys: parts.keys,
            lanes: parts.lanes,
            filter: parts.filter,
            propagation: parts.propagation,
            key: parts.key,
            coming: [Coming { at: SimTime::NEVER, place: Place { shard: 0, lane: 0 } }; AHEAD],
            first_coming: 0,
            come: 0,
            shards: Vec::new(),
            first_open: 0,
            empty: 0,
            storage: Storage::new(parts.lanes as usize + usize::from(has_filter)),
            write_limit: parts.write_limit,
            rewrites: BinaryHeap::new(),
            resharding: parts.resharding,
            skipped: parts.skipped,
            backlog: parts.backlog.0,
            backlog_age: parts.backlog.1,
            notes: Notes::default(),
            untold: Untold::default(),
        };
        stream.open(parts.shards as usize, |_| vec![]);
        stream.look_ahead();
        stream
    }

    /// When the next record occurs; never, after the last.
    fn next_arrival(&self) -> SimTime {
        self.coming[self.come % AHEAD].at
    }

    /// When a refused write is next tried again; never, where there is none.
    fn next_rewrite(&self) -> SimTime {
        self.rewrites.peek().map_or(SimTime::NEVER, |Reverse((at, ..))| *at)
    }

    /// When a record is next written, or refused; never, after the last.
    pub(super) fn next_write(&self) -> SimTime {
        self.next_arrival().min(self.next_rewrite())
    }

    /// Whether a shard has no unread record, so that the next record may be the one that it waits for.
    pub(super) fn has_empty_shard(&self) -> bool {
        self.empty > 0
    }

    /// Lets all records up to `until` occur; `changed` hears what follows for the shards.
    pub(super) fn draw(&mut self, until: SimTime, ctx: &mut Context<'_>, mut changed: impl FnMut(Change)) {
        let after = |at: SimTime| at + SimDuration::from_nanos(1);
        loop {
            let (arrival, rewrite) = (self.next_arrival(), self.next_rewrite());
            let at = arrival.min(rewrite);
            if at > until {
                break;
            }
            let reshards = self.resharding.is_some();
            if reshards {
                self.reshard(at, &mut changed);
            }
            if rewrite == at {
                self.write_again(ctx, &mut changed);
            } else {
                self.occur(rewrite.min(after(if reshards { at } else { until })), ctx, &mut changed);
            }
        }
        self.tell(ctx);
    }

    /// Draws the next records.
    #[inline(never)]
    fn look_ahead(&mut self) {
        self.come = 0;
        let shards = self.shards.len() - self.first_open;
        for (first, coming) in (self.first_coming..).step_by(TOGETHER).zip(self.coming.chunks_exact_mut(TOGETHER)) {
            let places = self.keys.places::<TOGETHER>(first + self.skipped, shards);
            for ((number, coming), place) in (first..).zip(coming).zip(places) {
                *coming = Coming { at: SimTime::ZERO, place };
                if number >= self.backlog {
                    let arrival = self.arrivals.pop();
                    coming.at = arrival.map_or(SimTime::NEVER, |arrival| arrival.at);
                    if let Some(handler) = arrival.and_then(|arrival| arrival.handler) {
                        self.notes.handlers.insert(number, handler);
                    }
                }
            }
        }
    }

    /// Lets the next records occur, those before `end` of which the places are known, or up to the first that is refused.
    #[inline(always)]
    fn occur(&mut self, end: SimTime, ctx: &mut Context<'_>, changed: &mut impl FnMut(Change)) {
        while let Some(&Coming { at, place }) = self.coming.get(self.come)
            && at < end
        {
            let number = self.first_coming + self.come as u64;
            self.come += 1;
            if let Some(Resharding::OnDemand { records, .. }) = &mut self.resharding {
                *records += u64::from(number >= self.backlog);
            }
            // What a producer still holds waits, too.
            if ctx.watched {
                ctx.tell_at(at, Fact::Emitted { source: self.source, event: number, waits: true });
            } else {
                self.untold.add(at);
            }
            if !self.takes(place, at, number) {
                self.refused(at, Wanted { number, refusals: 1, since: at }, ctx);
                break;
            }
            self.write(place, Record { written: at, number }, changed);
        }
        if self.come == AHEAD {
            self.first_coming += AHEAD as u64;
            self.look_ahead();
        }
    }

    /// Tries the first refused write again.
    #[cold]
    fn write_again(&mut self, ctx: &mut Context<'_>, changed: &mut impl FnMut(Change)) {
        let Some(Reverse((at, wanted))) = self.rewrites.pop() else { return };
        let Wanted { number, refusals, since } = wanted;
        let [place] = self.keys.places(number + self.skipped, self.shards.len() - self.first_open);
        if self.takes(place, at, number) {
            self.notes.late.insert(number, since);
            self.write(place, Record { written: at, number }, changed);
        } else {
            self.refused(at, Wanted { refusals: refusals + 1, ..wanted }, ctx);
        }
    }

    /// Whether the shard of a place takes a record now.
    #[inline(always)]
    fn takes(&mut self, place: Place, at: SimTime, number: u64) -> bool {
        let limit = &mut self.shards[self.first_open + place.shard as usize].limit;
        number < self.backlog || limit.as_mut().is_none_or(|limit| limit.try_take(at))
    }

    /// Writes a record that its shard takes.
    #[inline(always)]
    fn write(&mut self, Place { shard, lane }: Place, record: Record, changed: &mut impl FnMut(Change)) {
        let Record { written, number } = record;
        let place = self.first_open + shard as usize;
        let shard = &mut self.shards[place];
        if self.propagation.constant().is_none() && number >= self.backlog {
            let delay = self.propagation.sample(&mut self.key.numbered(number + self.skipped).draws());
            // Records of a shard stay in order: none becomes readable before the one written before it.
            shard.last_readable = shard.last_readable.max(written + delay);
            self.notes.readable.insert(number, shard.last_readable);
        }
        let lane = if self.filter.passes(number) { lane } else { self.lanes };
        self.storage.write(place, lane as usize, record);
        if shard.oldest.is_none() {
            shard.oldest = Some(record);
            self.empty -= 1;
            changed(Change::Filled(place));
        }
    }

    /// Tells of the records that occurred since this was last done.
    fn tell(&mut self, ctx: &mut Context<'_>) {
        let Untold { events, instants, last } = std::mem::take(&mut self.untold);
        if events > 0 {
            let waited = u128::from(last.nanos()) * u128::from(events) - instants;
            ctx.tell_at(last, Fact::Occurred { source: self.source, events, waited });
        }
    }

    /// A write was refused: the producer waits, unless it has held the record for too long.
    #[cold]
    fn refused(&mut self, at: SimTime, wanted: Wanted, ctx: &mut Context<'_>) {
        self.tell(ctx);
        let Some(limit) = &self.write_limit else { return };
        let Wanted { number, refusals, since: emitted } = wanted;
        let longest = limit.retry.base.doubled(refusals - 1, limit.retry.cap);
        let draw = self.key.numbered(number + self.skipped).named("write_retry").numbered(u64::from(refusals)).unit();
        // Exponential back-off with jitter over its upper half, so that a producer never tries again at once.
        let wait = SimDuration::from_nanos_f64((0.5 + draw / 2.0) * longest.nanos() as f64);
        let next = at + wait.max(SimDuration::from_nanos(1));
        if refusals < limit.retry.attempts && next.since(emitted) < limit.retry.record_ttl {
            self.rewrites.push(Reverse((next, wanted)));
            return;
        }
        self.notes.handlers.remove(&number);
        ctx.tell_at(at, Fact::Waiting { source: self.source, change: -1 });
        ctx.tell_at(
            at,
            Fact::Settled {
                source: self.source,
                function: None,
                event: number,
                emitted,
                fate: Fate::Dropped,
                parts: None,
                invocation: None,
                attempt: 0,
                condition: None,
                invoke_count: 0,
            },
        );
    }

    /// Closes all shards and opens others, where it is time.
    fn reshard(&mut self, now: SimTime, changed: &mut impl FnMut(Change)) {
        while let Some(shards) = self.next_reshard(now) {
            let (before, after) = (self.shards.len() - self.first_open, shards as usize);
            let first_parent = self.first_open;
            for shard in &mut self.shards[first_parent..] {
                shard.open = false;
            }
            self.first_open = self.shards.len();
            self.empty = 0;
            // Child j covers [j / after, (j + 1) / after) of the hashes: its parents are those that overlap.
            let parents = |child: usize| {
                let (from, to) = (child * before / after, ((child + 1) * before).div_ceil(after));
                (from..to).map(|parent| first_parent + parent).collect()
            };
            self.open(after, parents);
            for (number, coming) in (self.first_coming..).zip(&mut self.coming) {
                [coming.place] = self.keys.places(number + self.skipped, after);
            }
            (0..after).for_each(|_| changed(Change::Opened));
        }
    }

    /// The number of shards that the stream is to have from a moment not after `now` on.
    fn next_reshard(&mut self, now: SimTime) -> Option<u32> {
        let open = (self.shards.len() - self.first_open) as u64;
        match self.resharding.as_mut()? {
            Resharding::Planned(moments) => {
                if moments.front().is_none_or(|(at, _)| *at > now) {
                    return None;
                }
                moments.pop_front().map(|(_, shards)| shards)
            }
            Resharding::OnDemand { growth, next, records } => {
                if *next > now {
                    return None;
                }
                *next = *next + growth.period;
                let limit = self.write_limit.as_ref()?;
                let rate = std::mem::take(records) as f64 / growth.period.as_secs_f64() * growth.factor;
                let records = rate / limit.records as f64;
                let bytes = rate * limit.record_bytes as f64 / limit.bytes as f64;
                let shards = records.max(bytes).ceil() as u64;
                // A period without enough load changes nothing; the next one is looked at, too.
                if shards > open { Some(shards.min(2 * open) as u32) } else { self.next_reshard(now) }
            }
        }
    }

    fn open(&mut self, shards: usize, parents: impl Fn(usize) -> Vec<usize>) {
        let limit = self.write_limit.as_ref().map(|limit| {
            // All records are of one size, so that the tighter of the two limits is the one that refuses.
            let rate = (limit.records as f64).min(limit.bytes as f64 / limit.record_bytes as f64);
            TokenBucket::new(rate, rate.max(1.0))
        });
        self.empty += shards;
        self.storage.open(shards);
        self.shards.extend((0..shards).map(|shard| StreamShard {
            oldest: None,
            last_readable: SimTime::ZERO,
            open: true,
            parents: parents(shard),
            limit: limit.clone(),
        }));
    }

    /// When a record can first be read.
    pub(super) fn readable_at(&self, record: &Record) -> SimTime {
        match self.propagation.constant() {
            _ if record.number < self.backlog => record.written,
            Some(delay) => record.written + delay,
            None => self.notes.readable.get(record.number).copied().unwrap_or(record.written),
        }
    }

    /// Reads the records of `shard` that are readable at `now`, the oldest ones up to `most`. Gives back their number.
    pub(super) fn read(&mut self, shard: usize, now: SimTime, most: u64) -> u64 {
        let readable = |stream: &Stream, lane: &Records| lane.readable(|record| stream.readable_at(record) <= now);
        let lanes = self.storage.of(shard);
        let all: usize = lanes.iter().map(|lane| readable(self, lane)).sum();
        let read = all.min(usize::try_from(most).unwrap_or(usize::MAX));
        if read < all {
            for _ in 0..read {
                let Some((_, lane)) = self.storage.oldest_unread(shard) else { break };
                self.storage.poll(shard, lane, 1, now);
            }
        } else {
            for lane in 0..lanes.len() {
                let readable = readable(self, self.storage.lane(shard, lane));
                self.storage.poll(shard, lane, readable, now);
            }
        }
        self.look_for_oldest(shard);
        read as u64
    }

    /// Takes out the records of `shard` that were read and do not pass the filter.
    pub(super) fn take_filtered(&mut self, shard: usize) -> Vec<Record> {
        let lane = self.lanes as usize;
        let filtered = self.storage.of(shard).get(lane).map_or(0, Records::read);
        if filtered > 0 { self.storage.take(shard, lane, filtered) } else { vec![] }
    }

    /// Takes out the oldest unread record of `shard`, which nobody will read.
    pub(super) fn pop(&mut self, shard: usize) -> Option<Record> {
        let (record, lane) = self.storage.oldest_unread(shard)?;
        self.storage.remove(shard, lane, self.storage.lane(shard, lane).read());
        self.look_for_oldest(shard);
        Some(record)
    }

    /// Finds the oldest unread record of `shard`, after some were read or taken out.
    fn look_for_oldest(&mut self, shard: usize) {
        let oldest = self.storage.oldest_unread(shard).map(|(record, _)| record);
        let shard = &mut self.shards[shard];
        self.empty += usize::from(shard.oldest.is_some() && oldest.is_none() && shard.open);
        shard.oldest = oldest;
    }

    /// How old a record is at `now`, from when the stream took it.
    pub(super) fn age(&self, record: &Record, now: SimTime) -> SimDuration {
        now.since(record.written) + self.age_at_start(record)
    }

    /// How old a record was when the run started.
    pub(super) fn age_at_start(&self, record: &Record) -> SimDuration {
        if record.number < self.backlog { self.backlog_age } else { SimDuration::ZERO }
    }

    /// Whether no more records will occur.
    pub(super) fn is_exhausted(&self) -> bool {
        self.next_arrival() == SimTime::NEVER
    }
}
