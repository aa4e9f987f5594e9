//! What becomes of records: processed, given up with or without a message, expired; and what a batch comes to.

use crate::engine::{BatchItemFailures, Call, Condition, Ending, Events, Fact, Fate, MappingCount, Part, Parts};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::lane::{After, Batch, Lane};
use super::records::Record;
use super::shard::Pull;
use super::stream::Stream;

impl Pull {
    pub(super) fn is_poisoned(&self, record: u64) -> bool {
        let failing = self.poison.failing_deliveries(record);
        failing > self.stream.notes.failed_deliveries.get(&record).copied().unwrap_or(0)
    }

    /// How many records of a batch are done after an invocation that returned: all, or those before the first that the function
    /// says has failed. "Lambda uses the lowest sequence number as the checkpoint"; an answer that cannot be read fails them all.
    pub(super) fn done(&self, shard: usize, lane: usize, batch: &Batch) -> usize {
        match self.setting.answer {
            Some(BatchItemFailures::Malformed) => 0,
            Some(BatchItemFailures::Poisoned) if self.poison.any() => {
                let mut records = self.records(shard, lane).first(batch.records);
                records.position(|record| self.is_poisoned(record.number)).unwrap_or(batch.records)
            }
            _ => batch.records,
        }
    }

    /// An invocation is over, and the first `done` records of its batch are.
    #[expect(clippy::too_many_arguments, reason = "the place, the batch and what its invocation came to")]
    pub(super) fn ended(
        &mut self,
        shard: usize,
        lane: usize,
        mut batch: Batch,
        done: usize,
        invocation: (u64, SimTime, SimDuration),
        ending: Ending,
        ctx: &mut Context<'_>,
    ) {
        let is_final = batch.records == 0;
        let malformed = self.setting.answer == Some(BatchItemFailures::Malformed);
        if done > 0 {
            self.processed(shard, lane, done, &batch, invocation, ctx);
        }
        if done == batch.records && !(is_final && (ending != Ending::Success || malformed)) {
            if self.comes_twice(shard, lane, &batch) {
                self.send(shard, lane, Batch { attempt: batch.attempt + 1, copy: true, ..batch }, ctx);
            } else {
                self.leave(shard, lane, done, ctx.now);
            }
            return;
        }
        self.stream.storage.drop_first(shard, lane, done);
        batch.records -= done;
        batch.first_failure = batch.first_failure.min(invocation.1);
        ctx.tell(Fact::Waiting { source: self.setting.id, change: batch.records as i64 });
        let what = MappingCount::FailedInvoke;
        ctx.tell(Fact::Mapping { source: self.setting.id, what, events: batch.records as u64 });
        self.count_poisoned(shard, lane, &batch);
        if done > 0 {
            batch.tries = 0;
            batch.returns = 0;
        }
        match self.setting.policy.after(batch, done > 0) {
            After::Retry(batch) => self.block(shard, lane, batch, ctx),
            After::Bisect(first, second) => {
                let events = events(self.records(shard, lane).first(batch.records), ctx.watched);
                let (source, function) = (self.setting.id, self.setting.target);
                let call = Call { source, function, events: &events, attempt: batch.attempt };
                ctx.mention(|| Fact::Bisected { call, invocation: invocation.0 });
                self.shards[shard].lanes[lane].parts.push_front(second);
                self.block(shard, lane, first, ctx);
            }
            After::Discard(batch, condition) => {
                let records = self.stream.storage.take(shard, lane, batch.records);
                self.shards[shard].lanes[lane].free(ctx.now);
                self.discard(&records, condition, batch.tries, ctx);
            }
        }
    }

    /// Counts a failed delivery of the records that are poisoned for a few deliveries only.
    fn count_poisoned(&mut self, shard: usize, lane: usize, batch: &Batch) {
        if self.poison.any() {
            let Stream { storage, notes, .. } = &mut self.stream;
            for record in storage.lane(shard, lane).first(batch.records) {
                if (1..u32::MAX).contains(&self.poison.failing_deliveries(record.number)) {
                    *notes.failed_deliveries.entry(record.number).or_default() += 1;
                }
            }
        }
    }

    /// Lets the waiting records of a shard end that the stream no longer keeps.
    pub(super) fn expire(&mut self, number: usize, ctx: &mut Context<'_>) {
        let retention = self.setting.retention;
        let over = |stream: &Stream, record: &Record| stream.age(record, ctx.now) >= retention;
        let mut expired = Vec::new();
        for (place, lane) in self.shards[number].lanes.iter_mut().enumerate() {
            let oldest =
                |stream: &Stream, lane: &Lane| lane.oldest_waiting(stream.storage.lane(number, place)).copied();
            while oldest(&self.stream, lane).is_some_and(|record| over(&self.stream, &record)) {
                expired.extend(self.stream.storage.remove(number, place, lane.expire_oldest(ctx.now)));
            }
        }
        while self.stream.shards[number].oldest.is_some_and(|record| over(&self.stream, &record)) {
            expired.extend(self.stream.pop(number));
        }
        for record in expired {
            self.give_up(&[record], Fate::Expired, None, 0, ctx);
        }
    }

    /// Gives up records, with a message where the mapping has a destination. A record that was never tried counts as tried once
    /// (recorded on the real service).
    pub(super) fn discard(&mut self, records: &[Record], condition: Condition, tries: u32, ctx: &mut Context<'_>) {
        let Some((first, invoke_count)) = records.first().zip(Some(tries.max(1))) else { return };
        let fate = match (self.setting.on_failure, condition) {
            (Some(_), _) => Fate::DeadLettered,
            (None, Condition::RecordAgeExceeded) => Fate::Expired,
            (None, _) => Fate::Dropped,
        };
        debug_assert!(first.written <= ctx.now);
        self.give_up(records, fate, Some(condition), invoke_count, ctx);
        if let Some(destination) = self.setting.on_failure {
            let events = events(records.iter(), ctx.watched);
            let (source, function) = (self.setting.id, self.setting.target);
            ctx.send(
                destination,
                Call { source, function, events: &events, attempt: tries },
                condition,
                invoke_count,
                1,
            );
        }
    }

    /// Waiting records end without having been processed.
    pub(super) fn give_up(
        &mut self,
        records: &[Record],
        fate: Fate,
        condition: Option<Condition>,
        invoke_count: u32,
        ctx: &mut Context<'_>,
    ) {
        ctx.tell(Fact::Waiting { source: self.setting.id, change: -(records.len() as i64) });
        for record in records {
            ctx.tell(Fact::Settled {
                source: self.setting.id,
                function: Some(self.setting.target),
                event: record.number,
                emitted: self.stream.notes.emitted_at(record),
                fate,
                parts: None,
                invocation: None,
                attempt: 0,
                condition,
                invoke_count,
            });
        }
        self.stream.notes.forget(records.iter());
    }

    /// The first records of a lane were processed, so many of them: each has its latency.
    fn processed(
        &mut self,
        shard: usize,
        lane: usize,
        count: usize,
        batch: &Batch,
        (invocation, started, init): (u64, SimTime, SimDuration),
        ctx: &mut Context<'_>,
    ) {
        let first_failure = batch.first_failure.min(started);
        let shared = Parts::of(&[
            (Part::Throttled, first_failure.since(batch.sent)),
            (Part::Retry, started.since(first_failure)),
            (Part::Init, init),
            (Part::Handler, ctx.now.since(started).saturating_sub(init)),
        ]);
        let (source, stream) = (self.setting.id, &self.stream);
        let mut told = Vec::new();
        for (read, records) in stream.storage.lane(shard, lane).polled(count) {
            let free = batch.lane_free.max(read);
            let shared = shared.and(Part::Batching, batch.sent.since(free)).and(Part::Blocked, free.since(read));
            if let Some(delay) = stream.usual_delay(records).filter(|_| !ctx.watched) {
                let shared = shared.and(Part::Delivery, delay);
                let written = |record: &Record| record.written;
                ctx.recorder.processed_together(ctx.now, source, records, written, SimDuration::ZERO, &shared);
                continue;
            }
            for record in records {
                let (emitted, readable) = (stream.notes.emitted_at(record), stream.readable_at(record));
                let (shared, age) = (shared.and(Part::Delivery, readable.since(emitted)), stream.age_at_start(record));
                if ctx.watched {
                    told.push((record.number, emitted, shared.and(Part::Poll, read.since(readable) + age)));
                } else {
                    ctx.recorder.processed_together(ctx.now, source, &[emitted], |emitted| *emitted, age, &shared);
                }
            }
        }
        // Told in the order of their numbers, which that of late writes is not.
        told.sort_unstable_by_key(|(number, ..)| *number);
        for (event, emitted, parts) in told {
            ctx.tell(Fact::Settled {
                source,
                function: Some(self.setting.target),
                event,
                emitted,
                fate: Fate::Processed,
                parts: Some(parts),
                invocation: Some(invocation),
                attempt: batch.attempt,
                condition: None,
                invoke_count: 0,
            });
        }
        let Stream { storage, notes, .. } = &mut self.stream;
        notes.forget(storage.lane(shard, lane).first(count));
    }
}

/// The events of records, whose runs are kept where `watched`.
pub(super) fn events<'a>(records: impl Iterator<Item = &'a Record>, watched: bool) -> Events {
    Events::of(records.map(|record| record.number), watched)
}
