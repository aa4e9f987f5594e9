//! A stream: records that are written, get a number, fall into shards by partition key, and become readable.
//!
//! Records are no wake-ups. Whoever acts on the stream first lets it draw all arrivals up to the present; an arrival is an
//! instant of its own only while a shard lies empty, or while somebody reads every fact. Producers whose writes a shard refuses
//! try again; a reshard closes all shards and opens others over the same range of hashes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::distribution::Distribution;
use crate::engine::{Fact, SourceId};
use crate::random::Key;
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::coming::Coming;
use super::notes::Notes;
use super::partition::Place;
use super::producers::{Wanted, WriteLimit};
use super::records::{Record, Records};
use super::resharding::Resharding;
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

/// What a draw changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A shard that had no unread record has one now.
    Filled(usize),
    /// A shard was opened.
    Opened,
}

/// Records that occurred and were not yet told.
#[derive(Default)]
struct Untold {
    events: u64,
    /// The sum of their instants in nanoseconds.
    instants: u128,
    last: SimTime,
}

impl Untold {
    fn add(&mut self, instants: &[SimTime]) {
        self.events += instants.len() as u64;
        self.instants += instants.iter().map(|at| u128::from(at.nanos())).sum::<u128>();
        self.last = instants.last().copied().unwrap_or(self.last);
    }
}

/// A stream.
pub(super) struct Stream {
    pub(super) source: SourceId,
    pub(super) coming: Coming,
    lanes: u32,
    filter: Filter,
    propagation: Distribution,
    pub(super) key: Key,
    pub(super) shards: Vec<StreamShard>,
    /// The open shards: the last ones.
    pub(super) first_open: usize,
    /// Open shards without unread records.
    pub(super) empty: usize,
    /// In each shard, where there is a filter, the last lane holds what it will not let pass.
    pub(super) storage: Storage,
    pub(super) write_limit: Option<WriteLimit>,
    /// What was refused and is tried again: when, and what.
    pub(super) rewrites: BinaryHeap<Reverse<(SimTime, Wanted)>>,
    pub(super) resharding: Option<Resharding>,
    /// How old the records were that lay in the stream when the run started.
    backlog_age: SimDuration,
    pub(super) notes: Notes,
    untold: Untold,
}

/// What a stream is made of.
pub(super) struct Parts {
    pub source: SourceId,
    pub coming: Coming,
    pub lanes: u32,
    pub filter: Filter,
    pub propagation: Distribution,
    pub key: Key,
    pub shards: u32,
    pub backlog_age: SimDuration,
    pub write_limit: Option<WriteLimit>,
    pub resharding: Option<Resharding>,
}

impl Stream {
    pub(super) fn new(parts: Parts) -> Stream {
        let has_filter = parts.filter.pass_rate < 1.0;
        let mut stream = Stream {
            source: parts.source,
            coming: parts.coming,
            lanes: parts.lanes,
            filter: parts.filter,
            propagation: parts.propagation,
            key: parts.key,
            shards: Vec::new(),
            first_open: 0,
            empty: 0,
            storage: Storage::new(parts.lanes as usize + usize::from(has_filter)),
            write_limit: parts.write_limit,
            rewrites: BinaryHeap::new(),
            resharding: parts.resharding,
            backlog_age: parts.backlog_age,
            notes: Notes::default(),
            untold: Untold::default(),
        };
        stream.open(parts.shards as usize, |_| vec![]);
        stream.coming.look_ahead(parts.shards as usize, &mut stream.notes);
        stream
    }

    /// How many shards are open.
    pub(super) fn open_shards(&self) -> usize {
        self.shards.len() - self.first_open
    }

    /// When the next record occurs; never, after the last.
    fn next_arrival(&self) -> SimTime {
        self.coming.next()
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

    /// Lets the next records occur, those before `end` of which the places are known, or up to the first that is refused.
    #[inline(always)]
    fn occur(&mut self, end: SimTime, ctx: &mut Context<'_>, changed: &mut impl FnMut(Change)) {
        if self.are_plain(ctx) {
            self.write_known(end);
        }
        while let (number, [at, ..], [place, ..]) = self.coming.known()
            && *at < end
        {
            let (at, place) = (*at, *place);
            self.coming.pass(1);
            if let Some(Resharding::OnDemand { records, .. }) = &mut self.resharding {
                *records += u64::from(number >= self.coming.backlog);
            }
            // What a producer still holds waits, too.
            if ctx.watched {
                ctx.tell_at(at, Fact::Emitted { source: self.source, event: number, waits: true });
            } else {
                self.untold.add(&[at]);
            }
            if !self.write(place, Record { written: at, number }, changed) {
                self.refused(at, Wanted { number, refusals: 1, since: at }, ctx);
                break;
            }
        }
        if self.coming.are_over() {
            self.coming.look_ahead(self.open_shards(), &mut self.notes);
        }
    }

    /// Whether there is nothing to say of the next records but when they are written and where: nobody reads of them, no shard waits for
    /// one, and each takes its usual way.
    fn are_plain(&self, ctx: &Context<'_>) -> bool {
        let (next, ..) = self.coming.known();
        self.empty == 0
            && !ctx.watched
            && self.resharding.is_none()
            && self.filter.pass_rate >= 1.0
            && self.propagation.constant().is_some()
            && next >= self.coming.backlog
    }

    /// Lets the next records be written, those before `end` that are known, up to the first that is refused, which has not yet occurred
    /// then; all of them are plain.
    #[inline(always)]
    fn write_known(&mut self, end: SimTime) {
        let (first, instants, places) = self.coming.known();
        let due = instants.partition_point(|at| *at < end);
        let shards = &mut self.shards[self.first_open..];
        let mut lanes = self.storage.lanes_from(self.first_open);
        let mut written = 0;
        for (at, Place { shard, lane }) in instants[..due].iter().zip(places) {
            let shard = *shard as usize;
            if shards[shard].limit.as_mut().is_some_and(|limit| !limit.try_take(*at)) {
                break;
            }
            lanes.write(shard, *lane as usize, Record { written: *at, number: first + written as u64 });
            written += 1;
        }
        self.untold.add(&instants[..written]);
        self.coming.pass(written);
    }

    /// Writes a record, if its shard takes it.
    #[inline(always)]
    pub(super) fn write(
        &mut self,
        Place { shard, lane }: Place,
        record: Record,
        changed: &mut impl FnMut(Change),
    ) -> bool {
        let Record { written, number } = record;
        let is_backlog = number < self.coming.backlog;
        let place = self.first_open + shard as usize;
        let shard = &mut self.shards[place];
        if !is_backlog && shard.limit.as_mut().is_some_and(|limit| !limit.try_take(written)) {
            return false;
        }
        if self.propagation.constant().is_none() && !is_backlog {
            let delay = self.propagation.sample(&mut self.key.numbered(number + self.coming.skipped).draws());
            // Records of a shard stay in order: none becomes readable before the one written before it.
            shard.last_readable = shard.last_readable.max(written + delay);
            self.notes.readable.insert(number, shard.last_readable);
        }
        let lane = if self.filter.passes(number) { lane } else { self.lanes };
        self.storage.write(place, lane as usize, record);
        // Mostly no shard is empty, and this one need not be looked at.
        if self.empty > 0 && shard.oldest.is_none() {
            shard.oldest = Some(record);
            self.empty -= 1;
            changed(Change::Filled(place));
        }
        true
    }

    /// Tells of the records that occurred since this was last done.
    pub(super) fn tell(&mut self, ctx: &mut Context<'_>) {
        let Untold { events, instants, last } = std::mem::take(&mut self.untold);
        if events > 0 {
            let waited = u128::from(last.nanos()) * u128::from(events) - instants;
            ctx.tell_at(last, Fact::Occurred { source: self.source, events, waited });
        }
    }

    pub(super) fn open(&mut self, shards: usize, parents: impl Fn(usize) -> Vec<usize>) {
        let limit = self.write_limit.as_ref().map(WriteLimit::of_shard);
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
            _ if record.number < self.coming.backlog => record.written,
            Some(delay) => record.written + delay,
            None => self.notes.readable.get(record.number).copied().unwrap_or(record.written),
        }
    }

    /// How long after they occurred these records of a lane could first be read, where that is the same for all: the delay of the
    /// stream, where they did not lie in it when the run started and none was refused at first.
    pub(super) fn usual_delay(&self, records: &[Record]) -> Option<SimDuration> {
        // The numbers of a lane ascend but for late writes.
        let in_order = self.notes.late.is_empty();
        let is_usual = in_order && records.first().is_some_and(|record| record.number >= self.coming.backlog);
        self.propagation.constant().filter(|_| is_usual)
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
        if record.number < self.coming.backlog { self.backlog_age } else { SimDuration::ZERO }
    }

    /// Whether no more records will occur.
    pub(super) fn is_exhausted(&self) -> bool {
        self.next_arrival() == SimTime::NEVER
    }
}
