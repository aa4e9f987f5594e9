//! The pull machine: Lambda polls the shards of a stream and calls the function with batches, one lane at a time.
//!
//! Polls of a shard lie on phase + k · interval and move what is readable into the mapping's buffer; a poll that finds nothing
//! is never made, since it would change nothing. A shard that was made by resharding waits until its parents are read to
//! their end.

use std::cmp::Reverse;
use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

use crate::engine::{
    BatchItemFailures, Call, Class, Condition, DestinationId, Ending, Fact, Fate, FunctionId, InvocationType, Invoke,
    MappingCount, Settle, SourceId, Verdict, Wake,
};
use crate::random::Key;
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::EventSource;
use super::consumers::Consumers;
use super::fates::events;
use super::lane::{Batch, Cut, Lane, Policy, State};
use super::poison::Poison;
use super::reads::{ReadLimit, Reads};
use super::records::{Record, Records};
use super::stream::{Change, Stream};

/// How records come to the mapping.
#[derive(Clone, Copy, Debug)]
pub(super) enum Polling {
    /// Each shard is polled.
    Every {
        /// So often.
        interval: SimDuration,
        /// From this instant on; none: each shard from one of its own.
        phase: Option<SimDuration>,
    },
    /// The stream pushes them as soon as they can be read (enhanced fan-out).
    Pushed {
        /// From this time on.
        from: SimDuration,
    },
}

/// What a running mapping is set to.
pub(super) struct Setting {
    pub id: SourceId,
    pub target: FunctionId,
    pub key: Key,
    pub permission: bool,
    pub polling: Polling,
    /// Whether others poll the same shards, so that regular polls count.
    pub shares_polls: bool,
    /// The limit of a shard that nobody reads yet.
    pub read_limit: ReadLimit,
    pub retention: SimDuration,
    pub poll_records: u64,
    pub record_bytes: u64,
    pub lanes: u32,
    pub cut: Cut,
    pub policy: Policy,
    /// What the function answers for poisoned records, where it is asked which ones failed.
    pub answer: Option<BatchItemFailures>,
    pub duplicate_rate: f64,
    /// Who reads the shards, where not each has a poller of its own.
    pub consumers: Option<Consumers>,
    pub on_failure: Option<DestinationId>,
    /// Whether each arrival is told at its own instant.
    pub eager: bool,
}

/// One shard and the lanes of the mapping on it.
pub(super) struct Shard {
    phase: SimTime,
    /// When its parents were read to their end.
    from: SimTime,
    /// No poll before this, since the last one used up what the limits allow.
    not_before: SimTime,
    /// Which of several shards acts first at one instant: the one with the lowest turn.
    turn: u64,
    pub(super) lanes: Vec<Lane>,
}

/// A running mapping on a stream.
pub(super) struct Pull {
    pub(super) setting: Setting,
    pub(super) poison: Poison,
    pub(super) stream: Stream,
    reads: Reads,
    pub(super) shards: Vec<Shard>,
    /// The last instant at which the mapping acted.
    pub(super) now: SimTime,
    /// When each shard next acts; a shard that waits for nothing is not there.
    schedule: PriorityQueue<u32, Reverse<(Wake, u64)>, BuildHasherDefault<FxHasher>>,
    /// The last turn of a shard that had to wait for its next one.
    last_turn: u64,
}

impl EventSource for Pull {
    fn next_wake(&self) -> Wake {
        let shard = self.schedule.peek().map_or(Wake::NEVER, |(_, Reverse((wake, _)))| *wake);
        let shard = shard.min(self.next_evaluation());
        if !self.setting.eager && !self.stream.has_empty_shard() {
            return shard;
        }
        shard.min(Wake::new(self.stream.next_write(), Class::Arrival))
    }

    fn wake(&mut self, wake: Wake, ctx: &mut Context<'_>) -> Wake {
        let class = wake.class();
        let evaluates = self.next_evaluation() == wake;
        self.now = ctx.now;
        if class < Class::Arrival {
            self.catch_up(ctx);
        } else {
            self.draw(ctx.now, ctx);
        }
        if evaluates {
            self.evaluate(ctx);
        } else if let Some(shard) = self.due_shard(wake) {
            self.act(shard, class, ctx);
        }
        self.next_wake()
    }

    fn settle(&mut self, settle: &Settle, ctx: &mut Context<'_>) -> Option<Wake> {
        self.now = ctx.now;
        self.catch_up(ctx);
        self.hear(settle, ctx);
        Some(self.next_wake())
    }

    fn catch_up(&mut self, ctx: &mut Context<'_>) {
        // What happens at this very instant belongs to the time after it.
        if let Some(before) = ctx.now.nanos().checked_sub(1) {
            self.draw(SimTime::from_nanos(before), ctx);
        }
    }

    fn is_exhausted(&self) -> bool {
        self.stream.is_exhausted()
    }

    fn owes_call(&self) -> bool {
        self.setting.cut.tumbling.is_some()
            && self.shards.iter().any(|shard| shard.lanes.iter().any(Lane::owes_final_call))
    }
}

impl Pull {
    pub(super) fn new(setting: Setting, stream: Stream, reads: Reads, poison: Poison) -> Pull {
        let mut pull = Pull {
            setting,
            poison,
            stream,
            reads,
            shards: Vec::new(),
            now: SimTime::ZERO,
            schedule: PriorityQueue::default(),
            // Until then shards come in order of number.
            last_turn: u64::from(u32::MAX),
        };
        (0..pull.stream.shards.len()).for_each(|_| pull.open_shard());
        pull
    }

    /// A shard does what it wanted to.
    fn act(&mut self, shard: usize, class: Class, ctx: &mut Context<'_>) {
        match class {
            Class::Poll => self.poll(shard, ctx),
            Class::Retry => self.send_again(shard, ctx),
            Class::Window => self.send_due(shard, ctx),
            Class::Expiry => {
                self.expire(shard, ctx);
                self.send_due(shard, ctx);
            }
            Class::Completion | Class::Arrival => {}
        }
        self.reschedule(shard, ctx.now);
    }

    /// Hears what became of a batch.
    fn hear(&mut self, settle: &Settle, ctx: &mut Context<'_>) {
        let (shard, lane) = ((settle.handle >> 8) as usize, (settle.handle & 0xff) as usize);
        let State::InFlight(mut batch) = self.shards[shard].lanes[lane].state else { return };
        if let Some(consumers) = self.setting.consumers.as_mut().filter(|_| settle.verdict != Verdict::Accepted) {
            consumers.leave(shard);
            if matches!(settle.verdict, Verdict::Throttled(_)) {
                consumers.note_throttle();
            }
        }
        match settle.verdict {
            Verdict::Accepted if batch.copy => return,
            // Whatever becomes of it, the records of a copy were processed before.
            _ if batch.copy => self.leave(shard, lane, batch.records, ctx.now),
            Verdict::Accepted => {
                ctx.tell(Fact::Waiting { source: self.setting.id, change: -(batch.records as i64) });
                let last = batch.records.checked_sub(1).and_then(|last| self.records(shard, lane).get(last));
                if let Some(last) = last {
                    let age = self.stream.age(last, ctx.now);
                    ctx.tell(Fact::IteratorAge { source: self.setting.id, age });
                }
                return;
            }
            Verdict::Ended { invocation, started, init, ending } => {
                batch.failures += 1;
                batch.tries += 1;
                let done = match ending {
                    Ending::Success => self.done(shard, lane, &batch),
                    Ending::Error | Ending::Timeout => 0,
                };
                self.ended(shard, lane, batch, done, (invocation, started, init), ending, ctx);
            }
            Verdict::Throttled(_)
            | Verdict::Unavailable
            | Verdict::Denied
            | Verdict::Passed
            | Verdict::Concluded { .. } => self.block(shard, lane, batch, ctx),
        }
        self.serve_others(shard, ctx);
        self.send_due(shard, ctx);
        self.reschedule(shard, ctx.now);
    }

    fn open_shard(&mut self) {
        let number = self.shards.len();
        let phase = match self.setting.polling {
            Polling::Every { phase: Some(phase), .. } => SimTime::ZERO + phase,
            Polling::Every { interval, phase: None } => {
                let draw = self.setting.key.named("polling_phase").numbered(number as u64);
                SimTime::from_nanos(draw.below(interval.nanos()))
            }
            Polling::Pushed { from } => SimTime::ZERO + from,
        };
        let lanes = (0..self.setting.lanes).map(|_| Lane::new(phase)).collect();
        self.shards.push(Shard { phase, from: SimTime::ZERO, not_before: SimTime::ZERO, turn: number as u64, lanes });
        let mut reads = self.reads.borrow_mut();
        if reads.len() <= number {
            reads.push(self.setting.read_limit.clone());
        }
    }

    /// The records of a lane.
    pub(super) fn records(&self, shard: usize, lane: usize) -> &Records {
        self.stream.storage.lane(shard, lane)
    }

    /// The first records of a lane, which were its batch, have left it.
    pub(super) fn leave(&mut self, shard: usize, lane: usize, records: usize, now: SimTime) {
        self.stream.storage.drop_first(shard, lane, records);
        self.shards[shard].lanes[lane].free(now);
    }

    /// Lets records occur up to `until`.
    fn draw(&mut self, until: SimTime, ctx: &mut Context<'_>) {
        if self.stream.next_write() > until {
            return;
        }
        let mut changes = Vec::new();
        self.stream.draw(until, ctx, |change| changes.push(change));
        for change in changes {
            match change {
                Change::Opened => self.open_shard(),
                Change::Filled(shard) => self.reschedule(shard, ctx.now),
            }
        }
    }

    /// The shard that wants to act like this, if one does: ties go to the lowest turn, which is its number.
    fn due_shard(&self, wake: Wake) -> Option<usize> {
        let (shard, Reverse((wanted, _))) = self.schedule.peek()?;
        (*wanted == wake).then_some(*shard as usize)
    }

    /// Finds out when a shard next acts, and its children where it was read to its end.
    pub(super) fn reschedule(&mut self, shard: usize, now: SimTime) {
        let wake = self.next_of(shard);
        if wake.at() != SimTime::NEVER {
            self.schedule.push(shard as u32, Reverse((wake, self.shards[shard].turn)));
            return;
        }
        self.schedule.remove(&(shard as u32));
        if self.is_drained(shard) {
            let children: Vec<usize> = (shard + 1..self.shards.len())
                .filter(|child| self.stream.shards[*child].parents.contains(&shard))
                .collect();
            for child in children {
                self.shards[child].from = now;
                self.reschedule(child, now);
            }
        }
    }

    /// Whether a shard that takes no more records was read to its end.
    fn is_drained(&self, shard: usize) -> bool {
        let stream = &self.stream.shards[shard];
        !stream.open
            && stream.oldest.is_none()
            && self.shards[shard]
                .lanes
                .iter()
                .zip(self.stream.storage.of(shard))
                .all(|(lane, records)| lane.is_drained(records))
            && stream.parents.iter().all(|parent| self.is_drained(*parent))
    }

    fn next_of(&self, number: usize) -> Wake {
        let shard = &self.shards[number];
        let stream = &self.stream.shards[number];
        let mut next = Wake::NEVER;
        if stream.parents.iter().all(|parent| self.is_drained(*parent)) {
            let readable_at = |record: Record| self.stream.readable_at(&record);
            let poll = stream.oldest.map_or(SimTime::NEVER, |record| self.next_poll(number, readable_at(record)));
            next = Wake::new(poll.min(self.closing_poll(number).unwrap_or(SimTime::NEVER)), Class::Poll);
        }
        let expiry = |record: &Record| {
            let left = self.setting.retention.saturating_sub(self.stream.age_at_start(record));
            Wake::new(record.written + left, Class::Expiry)
        };
        next = next.min(stream.oldest.as_ref().map_or(Wake::NEVER, expiry));
        for (lane, records) in shard.lanes.iter().zip(self.stream.storage.of(number)) {
            let acts = match &lane.state {
                // Without a consumer nothing is due: it comes back when it has one.
                State::Free if self.has_consumer(number) => {
                    Wake::new(lane.due(records, self.setting.cut, SimTime::ZERO), Class::Window)
                }
                State::Blocked { until, .. } if self.has_consumer(number) => Wake::new(*until, Class::Retry),
                State::Free | State::Blocked { .. } | State::InFlight(_) => Wake::NEVER,
            };
            next = next.min(acts).min(lane.oldest_waiting(records).map_or(Wake::NEVER, expiry));
        }
        next
    }

    /// The first poll of a shard at or after `at` that the read limits allow.
    fn next_poll(&self, number: usize, at: SimTime) -> SimTime {
        let Shard { phase, from, not_before, .. } = self.shards[number];
        let at = at.max(from);
        let regular = match self.setting.polling {
            Polling::Every { interval, .. } => {
                phase + interval.saturating_mul(at.since(phase).nanos().div_ceil(interval.nanos()))
            }
            Polling::Pushed { .. } => at.max(phase),
        };
        // A consumer that takes a shard over may find what could have been read long ago, had the one before it been allowed to.
        let wanted = regular.max(not_before).max(self.now);
        // Alone on its stream, a mapping's regular polls need no allowance, however short the interval.
        self.reads.borrow()[self.reader(number)].allows(wanted, self.setting.shares_polls)
    }

    /// The poll that finds a tumbling window to be over: nothing of it is left.
    fn closing_poll(&self, number: usize) -> Option<SimTime> {
        let windows = self.setting.cut.tumbling?;
        let lanes = self.shards[number].lanes.iter().zip(self.stream.storage.of(number));
        let idle = lanes.filter(|(lane, records)| matches!(lane.state, State::Free) && lane.waiting(records) == 0);
        let open = idle.filter_map(|(lane, _)| lane.open_window).min()?;
        // Records of the window that cannot be read yet come with their own poll.
        let unread = self.stream.shards[number].oldest;
        let at = windows.end(open).max(self.now);
        let waits = unread.is_some_and(|record| windows.of(&record) <= open);
        (!waits).then(|| self.next_poll(number, at))
    }

    /// Reads all readable records, up to the limit.
    fn poll(&mut self, number: usize, ctx: &mut Context<'_>) {
        // Another consumer may have used up the allowance of this very instant.
        let allowed = self.reads.borrow()[self.reader(number)].allows(ctx.now, self.setting.shares_polls);
        self.shards[number].not_before = allowed;
        if allowed > ctx.now {
            return;
        }
        loop {
            let read = self.stream.read(number, ctx.now, self.setting.poll_records);
            for record in self.stream.take_filtered(number) {
                self.give_up(&[record], Fate::Filtered, None, 0, ctx);
            }
            ctx.tell(Fact::Mapping { source: self.setting.id, what: MappingCount::Polled, events: read });
            self.reads.borrow_mut()[self.reader(number)].take(ctx.now, read * self.setting.record_bytes);
            let oldest = self.stream.shards[number].oldest;
            let more = oldest.is_some_and(|record| self.stream.readable_at(&record) <= ctx.now);
            if !more {
                break;
            }
            // The limit was hit: the poll is repeated at once, as far as the read limits allow.
            let polled = matches!(self.setting.polling, Polling::Every { .. });
            let allowed = self.reads.borrow()[self.reader(number)].allows(ctx.now, polled);
            if allowed > ctx.now {
                self.shards[number].not_before = allowed;
                if self.setting.consumers.is_some() {
                    // The consumer goes on with the partition that it read longest ago.
                    self.last_turn += 1;
                    self.shards[number].turn = self.last_turn;
                }
                break;
            }
        }
        self.send_due(number, ctx);
        self.close_windows(number, ctx);
    }

    /// Ends the tumbling windows of idle lanes that are over and have nothing left.
    fn close_windows(&mut self, number: usize, ctx: &mut Context<'_>) {
        let Some(windows) = self.setting.cut.tumbling else { return };
        for lane in 0..self.shards[number].lanes.len() {
            let unread = self.stream.shards[number].oldest;
            let (state, records) = (&mut self.shards[number].lanes[lane], self.stream.storage.lane(number, lane));
            let over =
                |open: i64| windows.end(open) <= ctx.now && unread.is_none_or(|record| windows.of(&record) > open);
            if matches!(state.state, State::Free) && state.waiting(records) == 0 && state.open_window.is_some_and(over)
            {
                let batch = state.close_window(ctx.now);
                self.send(number, lane, batch, ctx);
            }
        }
    }

    /// Whether a batch is sent once more after it was processed: "Lambda event source mappings process each event at least once, and
    /// duplicate processing of records can occur" (AWS Lambda Developer Guide, "Kinesis").
    pub(super) fn comes_twice(&self, shard: usize, lane: usize, batch: &Batch) -> bool {
        let rate = self.setting.duplicate_rate;
        let twice = |record: &Record| self.setting.key.numbered(record.number).chance("duplicate", rate);
        rate > 0.0 && !batch.copy && self.records(shard, lane).first(batch.records).any(twice)
    }

    /// Sends what is due in the free lanes of a shard.
    pub(super) fn send_due(&mut self, number: usize, ctx: &mut Context<'_>) {
        for lane in 0..self.shards[number].lanes.len() {
            while self.has_consumer(number) {
                let (state, records) = (&mut self.shards[number].lanes[lane], self.stream.storage.lane(number, lane));
                if state.due(records, self.setting.cut, ctx.now) > ctx.now {
                    break;
                }
                let batch = state.cut(records, self.setting.cut, ctx.now);
                if let Some(batch) = self.discard_old(number, lane, batch, ctx) {
                    self.send(number, lane, batch, ctx);
                }
            }
        }
    }

    /// Sends the blocked batches of a shard whose wait is over.
    pub(super) fn send_again(&mut self, number: usize, ctx: &mut Context<'_>) {
        for lane in 0..self.shards[number].lanes.len() {
            if !self.has_consumer(number) {
                return;
            }
            let state = &mut self.shards[number].lanes[lane];
            let State::Blocked { mut batch, until } = state.state else { continue };
            if until > ctx.now {
                continue;
            }
            state.free(ctx.now);
            batch.attempt += 1;
            if let Some(batch) = self.discard_old(number, lane, batch, ctx) {
                self.send(number, lane, batch, ctx);
            }
        }
        self.send_due(number, ctx);
    }

    /// Discards the records at the head of a batch that are too old to be tried; gives back the rest.
    fn discard_old(&mut self, shard: usize, lane: usize, batch: Batch, ctx: &mut Context<'_>) -> Option<Batch> {
        let Some(most) = self.setting.policy.maximum_record_age else { return Some(batch) };
        let is_old = |record: &&Record| self.stream.age(record, ctx.now) > most;
        let count = self.records(shard, lane).first(batch.records).take_while(is_old).count();
        let old = self.stream.storage.take(shard, lane, count);
        self.discard(&old, Condition::RecordAgeExceeded, batch.tries, ctx);
        (count == 0 || count < batch.records).then_some(Batch { records: batch.records - count, ..batch })
    }

    pub(super) fn send(&mut self, shard: usize, lane: usize, batch: Batch, ctx: &mut Context<'_>) {
        let records = self.records(shard, lane);
        let poisoned = self.poison.any() && records.first(batch.records).any(|record| self.is_poisoned(record.number));
        // Where the function says which records failed, it returns normally.
        let fails = poisoned && matches!(self.setting.answer, None | Some(BatchItemFailures::Throws));
        let handlers = &self.stream.notes.handlers;
        let known = |record: &Record| handlers.get(&record.number).copied();
        let handler = if handlers.is_empty() {
            None
        } else {
            records.first(batch.records).filter_map(known).reduce(|sum, handler| sum + handler)
        };
        ctx.invoke(Invoke {
            source: self.setting.id,
            function: self.setting.target,
            invocation_type: InvocationType::RequestResponse,
            handle: ((shard as u64) << 8) | lane as u64,
            events: events(records.first(batch.records), ctx.watched),
            emitted: records.first(batch.records).next().map_or(ctx.now, |record| self.stream.notes.emitted_at(record)),
            attempt: batch.attempt,
            deliveries: batch.failures,
            handler,
            poisoned: if fails { u32::MAX } else { 0 },
            permission: self.setting.permission,
            receipt: true,
            hops: 0,
            forgotten: false,
        });
        if let Some(consumers) = &mut self.setting.consumers {
            consumers.take(shard);
        }
        self.shards[shard].lanes[lane].state = State::InFlight(batch);
    }

    /// Blocks a lane behind its batch, less what is past its retention already.
    pub(super) fn block(&mut self, shard: usize, lane: usize, batch: Batch, ctx: &mut Context<'_>) {
        let events = events(self.records(shard, lane).first(batch.records), ctx.watched);
        let (source, function) = (self.setting.id, self.setting.target);
        ctx.mention(|| Fact::RetryScheduled(Call { source, function, events: &events, attempt: batch.attempt }));
        self.shards[shard].lanes[lane].block(batch, &self.setting.policy.backoff, ctx.now);
        self.expire(shard, ctx);
    }
}
