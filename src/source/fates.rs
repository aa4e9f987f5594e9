//! What becomes of records: processed, given up with or without a message, expired; and what a batch comes to.

use crate::engine::{BatchItemFailures, Call, Condition, Ending, Events, Fact, Fate, MappingCount, Part, Parts};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::lane::{After, Batch};
use super::shard::Pull;
use super::stream::{Record, Stream};

impl Pull {
    pub(super) fn is_poisoned(&self, record: u64) -> bool {
        let failing = self.poison.failing_deliveries(record);
        failing > self.poisoned_deliveries.get(&record).copied().unwrap_or(0)
    }

    /// How many records of a batch are done after an invocation that returned: all, or those before the first that the function
    /// says has failed. "Lambda uses the lowest sequence number as the checkpoint"; an answer that cannot be read fails them all.
    pub(super) fn done(&self, batch: &Batch) -> usize {
        match self.setting.answer {
            Some(BatchItemFailures::Malformed) => 0,
            Some(BatchItemFailures::Poisoned) if self.poison.any() => {
                let first = batch.records.iter().position(|record| self.is_poisoned(record.number));
                first.unwrap_or(batch.records.len())
            }
            _ => batch.records.len(),
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
        let is_final = batch.records.is_empty();
        let malformed = self.setting.answer == Some(BatchItemFailures::Malformed);
        let rest = batch.records.split_off(done);
        if done > 0 {
            self.processed(&batch, invocation, ctx);
        }
        if rest.is_empty() && !(is_final && (ending != Ending::Success || malformed)) {
            if self.comes_twice(&batch) {
                let copy = Batch { attempt: batch.attempt + 1, copy: true, ..batch };
                self.send(shard, lane, copy, ctx);
            } else {
                self.shards[shard].lanes[lane].free(ctx.now);
            }
            return;
        }
        batch.records = rest;
        batch.first_failure = batch.first_failure.min(invocation.1);
        let failed = batch.records.len();
        ctx.tell(Fact::Waiting { source: self.setting.id, change: failed as i64 });
        let what = MappingCount::FailedInvoke;
        ctx.tell(Fact::Mapping { source: self.setting.id, what, events: failed as u64 });
        self.count_poisoned(&batch);
        if done > 0 {
            batch.tries = 0;
            batch.returns = 0;
        }
        let failed = events(&batch.records, ctx.watched);
        let attempt = batch.attempt;
        match self.setting.policy.after(batch, done > 0) {
            After::Retry(batch) => self.block(shard, lane, batch, ctx),
            After::Bisect(first, second) => {
                let (source, function) = (self.setting.id, self.setting.target);
                let call = Call { source, function, events: &failed, attempt };
                ctx.mention(Fact::Bisected { call, invocation: invocation.0 });
                self.shards[shard].lanes[lane].parts.push_front(second);
                self.block(shard, lane, first, ctx);
            }
            After::Discard(batch, condition) => {
                self.shards[shard].lanes[lane].free(ctx.now);
                self.discard(&batch.records, condition, batch.tries, ctx);
            }
        }
    }

    /// Counts a failed delivery of the records that are poisoned for a few deliveries only.
    pub(super) fn count_poisoned(&mut self, batch: &Batch) {
        if self.poison.any() {
            for record in &batch.records {
                if (1..u32::MAX).contains(&self.poison.failing_deliveries(record.number)) {
                    *self.poisoned_deliveries.entry(record.number).or_default() += 1;
                }
            }
        }
    }

    /// Lets the waiting records of a shard end that the stream no longer keeps.
    pub(super) fn expire(&mut self, number: usize, ctx: &mut Context<'_>) {
        let retention = self.setting.retention;
        let over = |stream: &Stream, record: &Record| stream.age(record, ctx.now) >= retention;
        let mut expired = Vec::new();
        for lane in &mut self.shards[number].lanes {
            while lane.oldest_waiting().is_some_and(|record| over(&self.stream, record)) {
                expired.extend(lane.expire_oldest(ctx.now));
            }
        }
        while self.stream.shards[number].oldest().is_some_and(|record| over(&self.stream, &record)) {
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
            let events = events(records, ctx.watched);
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
                emitted: self.stream.emitted_at(record),
                fate,
                parts: None,
                invocation: None,
                attempt: 0,
                condition,
                invoke_count,
            });
        }
        self.forget(records);
    }

    /// Records were processed: each has its latency.
    fn processed(
        &mut self,
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
        let stream = &self.stream;
        let before = |record: &Record, emitted: SimTime| {
            let free = batch.lane_free.max(record.read);
            let delivery = record.readable.since(emitted);
            let poll = record.read.since(record.readable) + stream.age_at_start(record);
            [delivery, poll, batch.sent.since(free), free.since(record.read)]
        };
        if !ctx.watched {
            self.latencies.clear();
            self.latencies.extend(batch.records.iter().map(|record| {
                let emitted = stream.emitted_at(record);
                (emitted, before(record, emitted))
            }));
            ctx.tell(Fact::Processed { source: self.setting.id, events: &self.latencies, shared: &shared });
            return self.forget(&batch.records);
        }
        let tell = |record: &Record| {
            let emitted = stream.emitted_at(record);
            ctx.tell(Fact::Settled {
                source: self.setting.id,
                function: Some(self.setting.target),
                event: record.number,
                emitted,
                fate: Fate::Processed,
                parts: Some(shared.after(before(record, emitted))),
                invocation: Some(invocation),
                attempt: batch.attempt,
                condition: None,
                invoke_count: 0,
            });
        };
        // Told in the order of their numbers, which that of late writes is not.
        if batch.records.is_sorted_by_key(|record| record.number) {
            batch.records.iter().for_each(tell);
        } else {
            let mut records: Vec<&Record> = batch.records.iter().collect();
            records.sort_unstable_by_key(|record| record.number);
            records.into_iter().for_each(tell);
        }
        self.forget(&batch.records);
    }

    /// Drops what is kept of records beside the buffers.
    fn forget(&mut self, records: &[Record]) {
        self.stream.forget(records);
        if !self.poisoned_deliveries.is_empty() {
            for record in records {
                self.poisoned_deliveries.remove(&record.number);
            }
        }
    }
}

/// The events of records, whose runs are kept where `watched`.
pub(super) fn events(records: &[Record], watched: bool) -> Events {
    Events::of(records.iter().map(|record| record.number), watched)
}
