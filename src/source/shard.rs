//! The pull machine: Lambda polls the shards of a stream and calls the function with batches, one lane at a time.
//!
//! Polls of a shard lie on phase + k · interval and move what is readable into the mapping's buffer; a poll that finds nothing
//! is never made, since it would change nothing. What differs between services is in their [`Plan`].

use std::cmp::Reverse;
use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::{FxHashMap, FxHasher};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::arrivals::{Arrivals, ArrivalsSpec};
use crate::distribution::DistributionSpec;
use crate::engine::{
    Class, Context, Ending, Events, Fact, Fate, FunctionId, InvocationType, Invoke, Part, Parts, Settle, SourceId,
    Verdict, Wake,
};
use crate::inputs::InputError;
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::common::Common;
use super::lane::{Batch, Cut, Lane, RETRY_BASE, RETRY_LIMIT, State};
use super::mapping::{Backlog, MappingSpec};
use super::poison::Poison;
use super::stream::{Keys, Record, Stream};
use super::{Definition, EventSource, Figures, KeyProblem, Kind, Mode, Site, merged};

/// "5 transactions per second per shard" for GetRecords (Kinesis API reference); DynamoDB's own limit is not documented.
const POLLS_PER_SECOND: f64 = 5.0;
/// Largest payload of a batch: "the 6 MB payload limit" ends a batch (AWS Lambda Developer Guide, "How Lambda processes records
/// from stream and queue-based event sources").
const BATCH_PAYLOAD: u64 = 6 * 1024 * 1024;

/// What a stream service fixes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Time between polls of a shard.
    pub polling_interval: SimDuration,
    /// From write to readable.
    pub propagation: DistributionSpec,
    /// How long records are kept.
    pub retention_period: SimDuration,
    /// Most records that one poll moves.
    pub poll_records: u64,
    /// Most bytes that one poll moves.
    pub poll_bytes: u64,
    /// Bytes of the invocation's payload per byte of record, as a fraction.
    pub payload_growth: (u64, u64),
}

/// The keys of a stream service.
pub(super) trait StreamService:
    std::fmt::Debug + Send + Sync + JsonSchema + for<'de> Deserialize<'de> + 'static
{
    /// What it fixes.
    fn plan(&self) -> Plan;
}

/// The kind of a stream service.
pub(super) const fn kind<T: StreamService>(name: &'static str, about: &'static str) -> Kind {
    Kind {
        name,
        mode: Mode::Pull,
        about,
        schema: |generator| {
            merged(vec![Common::json_schema(generator), MappingSpec::json_schema(generator), T::json_schema(generator)])
        },
        read: |table| {
            let wrong = |error: toml::de::Error| error.message().to_owned();
            let common: Common = table.clone().try_into().map_err(wrong)?;
            let mapping: MappingSpec = table.clone().try_into().map_err(wrong)?;
            let service: T = table.try_into().map_err(wrong)?;
            Ok(Box::new(StreamDefinition { common, plan: service.plan(), mapping }))
        },
    }
}

#[derive(Debug)]
struct StreamDefinition {
    common: Common,
    mapping: MappingSpec,
    plan: Plan,
}

impl Definition for StreamDefinition {
    fn common(&self) -> &Common {
        &self.common
    }

    fn invocation_type(&self) -> InvocationType {
        InvocationType::RequestResponse
    }

    fn figures(&self) -> Figures {
        Figures { response: false, backlog: true, iterator_age: true, latency: true }
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        self.mapping.propagation.iter().map(|spec| (vec!["propagation"], spec)).collect()
    }

    fn problems(&self) -> Vec<KeyProblem> {
        let kept = self.plan.retention_period;
        if let Some(backlog) = self.mapping.backlog.filter(|backlog| backlog.age >= kept) {
            let gone = format!("records {} old are no longer there: the stream keeps them for {kept}", backlog.age);
            return vec![(vec!["backlog", "age"], gone)];
        }
        match &self.common.arrivals {
            None if self.mapping.backlog.is_none() => vec![(
                vec![],
                "this source has neither `arrivals` nor a `backlog`: where do its records come from?".into(),
            )],
            Some(ArrivalsSpec::Clients { .. }) => {
                vec![(
                    vec!["arrivals", "clients"],
                    "a closed loop of clients needs answers to wait for: synchronous sources only".into(),
                )]
            }
            Some(ArrivalsSpec::Trace(trace)) if trace.target_column.is_some() => {
                vec![(
                    vec!["arrivals", "trace", "target_column"],
                    "a stream's mapping calls one function, its `target`".into(),
                )]
            }
            _ => vec![],
        }
    }

    fn assumptions(&self) -> Vec<String> {
        let mut assumptions = vec![
            format!(
                "stream retry back-off {} s x 2^n, at most {} s: not documented by AWS",
                RETRY_BASE.as_secs_f64(),
                RETRY_LIMIT.as_secs_f64()
            ),
            "a freed lane takes what was read already, else waits for the next poll: not documented by AWS".into(),
        ];
        if self.mapping.propagation.is_none() {
            assumptions.push(format!(
                "a record can be read {} after it was written: AWS's typical figure, taken as a constant",
                describe(&self.plan.propagation)
            ));
        }
        if self.mapping.parallelization_factor > 1 {
            assumptions
                .push("partition keys are hashed evenly over the lanes of a shard: not documented by AWS".into());
        }
        assumptions
    }

    fn build(&self, site: Site<'_>) -> Result<Box<dyn EventSource>, InputError> {
        let mapping = &self.mapping;
        let none = ArrivalsSpec::At(vec![]);
        let spec = self.common.arrivals.as_ref().unwrap_or(&none);
        let until = site.until.unwrap_or(SimTime::NEVER);
        let arrivals = Arrivals::new(spec, until, site.key.named("arrivals"), site.inputs, site.functions)?;
        let interval = mapping.polling_interval.unwrap_or(self.plan.polling_interval);
        let phase = |shard: u32| match mapping.polling_phase {
            Some(phase) => SimTime::ZERO + phase,
            None => {
                SimTime::from_nanos(site.key.named("polling_phase").numbered(u64::from(shard)).below(interval.nanos()))
            }
        };
        let shards = (0..mapping.shard_count).map(|shard| {
            let lanes = (0..mapping.parallelization_factor).map(|_| Lane::new(phase(shard))).collect();
            Shard {
                phase: phase(shard),
                polls: TokenBucket::new(POLLS_PER_SECOND, POLLS_PER_SECOND),
                not_before: SimTime::ZERO,
                lanes,
            }
        });
        let (growth, per) = self.plan.payload_growth;
        let payload = self.common.payload_size.0;
        let fit = BATCH_PAYLOAD * per / (payload * growth);
        let backlog = mapping.backlog.unwrap_or(Backlog { events: 0, age: SimDuration::ZERO });
        let keys = Keys::new(mapping.partition_keys, site.key, mapping.shard_count, mapping.parallelization_factor);
        let propagation = (site.sampler)(mapping.propagation.as_ref().unwrap_or(&self.plan.propagation));
        Ok(Box::new(Pull {
            id: site.id,
            target: site.target,
            permission: self.common.permission,
            poison: Poison::new(&self.common, site.key),
            poisoned_deliveries: FxHashMap::default(),
            interval,
            retention: self.plan.retention_period,
            poll_records: self.plan.poll_records.min((self.plan.poll_bytes / payload).max(1)),
            cut: Cut {
                most: u64::from(mapping.batch_size).min(fit.max(1)) as usize,
                window: mapping.maximum_batching_window,
            },
            // Without a set end of emission the last arrival ends the window of statistics, and must be met on time.
            eager: site.watched || site.until.is_none(),
            stream: Stream::new(site.id, arrivals, keys, propagation, site.key, (backlog.events, backlog.age)),
            shards: shards.collect(),
            schedule: PriorityQueue::default(),
        }))
    }
}

fn describe(spec: &DistributionSpec) -> String {
    match spec {
        DistributionSpec::Constant(length) => format!("{} ms", length.nanos() as f64 / 1e6),
        DistributionSpec::Law(law) => format!("{law:?}"),
    }
}

/// One shard and the lanes of the mapping on it.
struct Shard {
    phase: SimTime,
    polls: TokenBucket,
    /// No poll before this, since the last one used up what a second allows.
    not_before: SimTime,
    lanes: Vec<Lane>,
}

/// A running mapping on a stream.
struct Pull {
    id: SourceId,
    target: FunctionId,
    permission: bool,
    poison: Poison,
    /// Failed deliveries of records that are poisoned for a few deliveries only.
    poisoned_deliveries: FxHashMap<u64, u32>,
    interval: SimDuration,
    retention: SimDuration,
    poll_records: u64,
    cut: Cut,
    /// Whether each arrival is told at its own instant.
    eager: bool,
    stream: Stream,
    shards: Vec<Shard>,
    /// When each shard next acts; a shard that waits for nothing is not there.
    schedule: PriorityQueue<u32, Reverse<(Wake, u32)>, BuildHasherDefault<FxHasher>>,
}

impl EventSource for Pull {
    fn next_wake(&self) -> Option<Wake> {
        let shard = self.schedule.peek().map(|(_, Reverse((wake, _)))| *wake);
        if !self.eager && !self.stream.has_empty_shard() {
            return shard;
        }
        Wake::earlier(shard, self.stream.next_arrival().map(|at| Wake::new(at, Class::Arrival)))
    }

    fn wake(&mut self, ctx: &mut Context<'_>) {
        let wake = self.next_wake();
        let Some(Wake { class, .. }) = wake else { return };
        if class < Class::Arrival {
            self.catch_up(ctx);
        } else {
            self.draw(ctx.now, ctx);
        }
        let Some(shard) = self.due_shard(ctx.now, class) else { return };
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
        self.reschedule(shard);
    }

    fn settle(&mut self, settle: Settle, ctx: &mut Context<'_>) {
        self.catch_up(ctx);
        let (shard, lane) = (settle.handle >> 8, (settle.handle & 0xff) as usize);
        let shard = shard as usize;
        let State::InFlight(mut batch) = std::mem::replace(&mut self.shards[shard].lanes[lane].state, State::Free)
        else {
            return;
        };
        match settle.verdict {
            Verdict::Accepted => {
                ctx.tell(Fact::Waiting { source: self.id, change: -(batch.records.len() as i64) });
                if let Some(last) = batch.records.last() {
                    ctx.tell(Fact::IteratorAge { source: self.id, age: self.stream.age(last, ctx.now) });
                }
                self.shards[shard].lanes[lane].state = State::InFlight(batch);
                return;
            }
            Verdict::Ended { invocation, started, init, ending: Ending::Success } => {
                self.processed(&batch, invocation, started, init, ctx);
                self.shards[shard].lanes[lane].free(ctx.now);
            }
            Verdict::Ended { started, .. } => {
                ctx.tell(Fact::Waiting { source: self.id, change: batch.records.len() as i64 });
                batch.failures += 1;
                batch.first_failure = batch.first_failure.min(started);
                self.count_poisoned(&batch);
                self.block(shard, lane, batch, ctx);
            }
            Verdict::Throttled(_)
            | Verdict::Unavailable
            | Verdict::Denied
            | Verdict::Passed
            | Verdict::Concluded { .. } => self.block(shard, lane, batch, ctx),
        }
        self.send_due(shard, ctx);
        self.reschedule(shard);
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
}

impl Pull {
    /// Lets records occur up to `until`.
    fn draw(&mut self, until: SimTime, ctx: &mut Context<'_>) {
        if self.stream.next_arrival().is_none_or(|at| at > until) {
            return;
        }
        let mut filled = Vec::new();
        self.stream.draw(until, ctx, |shard| filled.push(shard));
        for shard in filled {
            self.reschedule(shard);
        }
    }

    /// The shard that acts at `now` as `class`, if one does: ties go to the lowest number.
    fn due_shard(&self, now: SimTime, class: Class) -> Option<usize> {
        let (_, Reverse((wake, shard))) = self.schedule.peek()?;
        (*wake == Wake::new(now, class)).then_some(*shard as usize)
    }

    /// Finds out when a shard next acts.
    fn reschedule(&mut self, shard: usize) {
        match self.next_of(shard) {
            Some(wake) => {
                self.schedule.push(shard as u32, Reverse((wake, shard as u32)));
            }
            None => {
                self.schedule.remove(&(shard as u32));
            }
        }
    }

    fn next_of(&self, number: usize) -> Option<Wake> {
        let shard = &self.shards[number];
        let unread = self.stream.unread[number].front();
        let poll = unread.map(|record| Wake::new(self.grid(shard, record.readable).max(shard.not_before), Class::Poll));
        let expiry = |record: &Record| {
            let left = self.retention.saturating_sub(self.stream.age_at_start(record));
            Wake::new(record.written + left, Class::Expiry)
        };
        let mut next = Wake::earlier(poll, unread.map(expiry));
        for lane in &shard.lanes {
            let acts = match &lane.state {
                State::Free => lane.due(self.cut, SimTime::ZERO).map(|at| Wake::new(at, Class::Window)),
                State::Blocked { until, .. } => Some(Wake::new(*until, Class::Retry)),
                State::InFlight(_) => None,
            };
            next = Wake::earlier(Wake::earlier(next, acts), lane.oldest_waiting().map(expiry));
        }
        next
    }

    /// The first poll of a shard at or after `at`.
    fn grid(&self, shard: &Shard, at: SimTime) -> SimTime {
        let polls = at.since(shard.phase).nanos().div_ceil(self.interval.nanos());
        shard.phase + self.interval.saturating_mul(polls)
    }

    /// Moves all readable records, up to the limit, into the lanes' buffers.
    fn poll(&mut self, number: usize, ctx: &mut Context<'_>) {
        loop {
            // A regular poll needs no token, however short the interval; it only leaves fewer for repetitions.
            let polls = &mut self.shards[number].polls;
            if polls.has(ctx.now) {
                polls.take(ctx.now);
            }
            let mut moved = 0;
            while moved < self.poll_records
                && self.stream.unread[number].front().is_some_and(|record| record.readable <= ctx.now)
            {
                let Some(mut record) = self.stream.pop(number) else { break };
                record.read = ctx.now;
                self.shards[number].lanes[self.stream.keys.lane(record.number)].buffer.push_back(record);
                moved += 1;
            }
            let shard = &mut self.shards[number];
            shard.not_before = SimTime::ZERO;
            let more = self.stream.unread[number].front().is_some_and(|record| record.readable <= ctx.now);
            if !more {
                break;
            }
            // The limit was hit: the poll is repeated at once, as far as the limit of polls allows.
            if !shard.polls.has(ctx.now) {
                shard.not_before = shard.polls.next(ctx.now);
                break;
            }
        }
        self.send_due(number, ctx);
    }

    /// Sends what is due in the free lanes of a shard.
    fn send_due(&mut self, number: usize, ctx: &mut Context<'_>) {
        for lane in 0..self.shards[number].lanes.len() {
            let state = &mut self.shards[number].lanes[lane];
            if state.due(self.cut, ctx.now).is_some_and(|at| at <= ctx.now) {
                let batch = state.cut(self.cut, ctx.now);
                self.send(number, lane, batch, ctx);
            }
        }
    }

    /// Sends the blocked batches of a shard whose wait is over.
    fn send_again(&mut self, number: usize, ctx: &mut Context<'_>) {
        for lane in 0..self.shards[number].lanes.len() {
            let state = &mut self.shards[number].lanes[lane].state;
            if let State::Blocked { batch, until } = state
                && *until <= ctx.now
            {
                batch.attempt += 1;
                if let State::Blocked { batch, .. } = std::mem::replace(state, State::Free) {
                    self.send(number, lane, batch, ctx);
                }
            }
        }
    }

    fn send(&mut self, shard: usize, lane: usize, batch: Batch, ctx: &mut Context<'_>) {
        let fails = self.poison.any() && batch.records.iter().any(|record| self.is_poisoned(record.number));
        let handler = (!self.stream.handlers.is_empty()).then(|| {
            batch
                .records
                .iter()
                .filter_map(|record| self.stream.handlers.get(&record.number))
                .fold(SimDuration::ZERO, |sum, handler| sum + *handler)
        });
        ctx.invoke(Invoke {
            source: self.id,
            function: self.target,
            invocation_type: InvocationType::RequestResponse,
            handle: ((shard as u64) << 8) | lane as u64,
            events: Events::of(batch.records.iter().map(|record| record.number), ctx.watched),
            emitted: batch.records.first().map_or(ctx.now, |record| record.written),
            attempt: batch.attempt,
            deliveries: batch.failures,
            handler,
            poisoned: if fails { u32::MAX } else { 0 },
            permission: self.permission,
            receipt: true,
            hops: 0,
        });
        self.shards[shard].lanes[lane].state = State::InFlight(batch);
    }

    fn is_poisoned(&self, record: u64) -> bool {
        let failing = self.poison.failing_deliveries(record);
        failing > self.poisoned_deliveries.get(&record).copied().unwrap_or(0)
    }

    /// Counts a failed delivery of the records that are poisoned for a few deliveries only.
    fn count_poisoned(&mut self, batch: &Batch) {
        if self.poison.any() {
            for record in &batch.records {
                if (1..u32::MAX).contains(&self.poison.failing_deliveries(record.number)) {
                    *self.poisoned_deliveries.entry(record.number).or_default() += 1;
                }
            }
        }
    }

    /// Blocks a lane behind its batch, less what is past its retention already.
    fn block(&mut self, shard: usize, lane: usize, batch: Batch, ctx: &mut Context<'_>) {
        let events = Events::of(batch.records.iter().map(|record| record.number), ctx.watched);
        let call =
            crate::engine::Call { source: self.id, function: self.target, events: &events, attempt: batch.attempt };
        ctx.tell(Fact::RetryScheduled(call));
        self.shards[shard].lanes[lane].block(batch, ctx.now);
        self.expire(shard, ctx);
    }

    /// Lets the waiting records of a shard end that the stream no longer keeps.
    fn expire(&mut self, number: usize, ctx: &mut Context<'_>) {
        let over = |stream: &Stream, record: &Record, retention| stream.age(record, ctx.now) >= retention;
        let mut expired = Vec::new();
        for lane in &mut self.shards[number].lanes {
            while lane.oldest_waiting().is_some_and(|record| over(&self.stream, record, self.retention)) {
                expired.extend(lane.expire_oldest(ctx.now));
            }
        }
        while self.stream.unread[number].front().is_some_and(|record| over(&self.stream, record, self.retention)) {
            expired.extend(self.stream.pop(number));
        }
        for record in expired {
            ctx.tell(Fact::Waiting { source: self.id, change: -1 });
            self.forget(record.number);
            ctx.tell(Fact::Settled {
                source: self.id,
                function: Some(self.target),
                event: record.number,
                emitted: record.written,
                fate: Fate::Expired,
                parts: None,
                invocation: None,
                attempt: 0,
                condition: None,
                invoke_count: 0,
            });
        }
    }

    /// A batch succeeded: each of its records has its latency.
    fn processed(
        &mut self,
        batch: &Batch,
        invocation: u64,
        started: SimTime,
        init: SimDuration,
        ctx: &mut Context<'_>,
    ) {
        let first_failure = batch.first_failure.min(started);
        for record in &batch.records {
            let free = batch.lane_free.max(record.read);
            let parts = Parts::of(&[
                (Part::Delivery, record.readable.since(record.written)),
                (Part::Poll, record.read.since(record.readable) + self.stream.age_at_start(record)),
                (Part::Blocked, free.since(record.read)),
                (Part::Batching, batch.sent.since(free)),
                (Part::Throttled, first_failure.since(batch.sent)),
                (Part::Retry, started.since(first_failure)),
                (Part::Init, init),
                (Part::Handler, ctx.now.since(started).saturating_sub(init)),
            ]);
            ctx.tell(Fact::Settled {
                source: self.id,
                function: Some(self.target),
                event: record.number,
                emitted: record.written,
                fate: Fate::Processed,
                parts: Some(&parts),
                invocation: Some(invocation),
                attempt: batch.attempt,
                condition: None,
                invoke_count: 0,
            });
        }
        for record in &batch.records {
            self.forget(record.number);
        }
    }

    /// Drops what is kept of a record beside the buffers.
    fn forget(&mut self, record: u64) {
        if !self.stream.handlers.is_empty() {
            self.stream.handlers.remove(&record);
        }
        if !self.poisoned_deliveries.is_empty() {
            self.poisoned_deliveries.remove(&record);
        }
    }
}
