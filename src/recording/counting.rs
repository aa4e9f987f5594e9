//! What each fact counts as.
//!
//! The recorder hears every fact of a run, so this is its busiest part: facts that come with each event have a method of their own,
//! which becomes part of the code that tells them.

use crate::engine::{
    Answer, Call, Concurrency, Condition, Ending, Fact, Fate, FunctionId, MappingCount, Part, Parts, SourceId,
};
use crate::time::{SimDuration, SimTime};

use super::interval::SourceColumn;
use super::outcome::SourceFigures;
use super::quantity::{Lengths, TOGETHER};
use super::recorder::Recorder;

/// What counts of the start of an invocation.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// Whose records it has.
    pub source: SourceId,
    /// The function.
    pub function: FunctionId,
    /// How many records.
    pub records: u32,
    /// Whether the environment is new.
    pub cold: bool,
    /// Which concurrency it takes.
    pub concurrency: Concurrency,
    /// When the event entered the asynchronous queue.
    pub queued_since: Option<SimTime>,
}

impl Recorder<'_> {
    /// Shows a fact to who reads them, and counts it.
    pub(super) fn show(&mut self, at: SimTime, fact: &Fact<'_>) {
        self.watch.fact(at, fact, &self.names);
        self.count(at, fact);
    }

    /// An invocation started at `at`.
    #[inline(always)]
    pub fn started(&mut self, at: SimTime, started: Started) {
        let Started { source, function, records: batch, cold, concurrency, queued_since } = started;
        let records = u64::from(batch);
        self.account.change(at, 1);
        self.source(source).deliveries += records;
        let figures = &mut self.functions[function.0 as usize];
        figures.invocations += 1;
        figures.records += records;
        figures.batch_max = figures.batch_max.max(batch);
        figures.concurrency.change(at, 1);
        match concurrency {
            Concurrency::OnDemand => {}
            Concurrency::Provisioned => figures.provisioned += 1,
            Concurrency::Spillover => figures.spillover += 1,
        }
        if let Some(claims) = &mut self.claims {
            claims.change(at, function, concurrency, 1);
        }
        if cold {
            figures.cold_starts += 1;
            figures.environments.change(at, 1);
        }
        if let Some(since) = queued_since {
            figures.async_age.record(at.since(since));
        }
    }

    #[inline(always)]
    pub(super) fn ended(&mut self, at: SimTime, fact: &Fact<'_>) {
        let Fact::Ended { call, started, handler, billed, concurrency, ending, .. } = fact else { return };
        self.leave(at, call.function, *concurrency);
        self.invocation_time += u128::from(at.since(*started).nanos());
        let figures = &mut self.functions[call.function.0 as usize];
        figures.duration.record(*handler);
        let billed_ms = billed.nanos() / 1_000_000;
        figures.billed_ms += billed_ms;
        if *concurrency == Concurrency::Provisioned {
            figures.provisioned_billed_ms += billed_ms;
        }
        if *ending != Ending::Success {
            figures.errors += 1;
            figures.timeouts += u64::from(*ending == Ending::Timeout);
            self.stamp_error(call.function, *started);
        }
    }

    /// An invocation on such concurrency is there no more.
    #[inline(always)]
    pub(super) fn leave(&mut self, at: SimTime, function: FunctionId, concurrency: Concurrency) {
        self.account.change(at, -1);
        self.functions[function.0 as usize].concurrency.change(at, -1);
        if let Some(claims) = &mut self.claims {
            claims.change(at, function, concurrency, -1);
        }
    }

    #[inline(always)]
    pub(super) fn emitted(&mut self, at: SimTime, source: SourceId, waits: bool) {
        let figures = self.emitted_together(at, source, 1);
        if waits {
            figures.backlog.change(at, 1);
        }
    }

    /// So many events occurred one after the other, the last of them at `at`, and nothing is closed between them; gives back the figures
    /// in which those have to be counted that wait.
    #[inline(always)]
    pub fn emitted_together(&mut self, at: SimTime, source: SourceId, events: u64) -> &mut SourceFigures {
        self.live += events as i64;
        // The end of the warm-up is an instant at which something is closed.
        let counts = at >= self.warm_up;
        let figures = self.source(source);
        figures.emitted += events;
        figures.events += if counts { events } else { 0 };
        figures
    }

    /// So many messages of a queue occurred one after the other, the last of them at `at`, and nothing is closed between them. Each was
    /// received as it occurred, by a call that is billed as so many `requests`.
    pub fn received(&mut self, at: SimTime, source: SourceId, messages: u64, requests: u64) {
        let figures = self.emitted_together(at, source, messages);
        figures.requests += messages * requests;
        // Each waited, but for no time.
        figures.backlog.change(at, 1);
        figures.backlog.change(at, -1);
        self.mapped(source, MappingCount::Polled, messages);
    }

    #[inline(always)]
    pub(super) fn processed(&mut self, at: SimTime, source: SourceId, emitted: SimTime, parts: Option<Parts>) {
        self.live -= 1;
        let counts = emitted >= self.warm_up;
        let in_window = self.is_in_window(at);
        let figures = &mut self.sources[source.0 as usize];
        figures.processed += 1;
        figures.processed_in_window += u64::from(in_window);
        figures.fates[Fate::Processed as usize] += u64::from(counts);
        if let Some(parts) = parts.filter(|_| counts) {
            figures.add_latency(&parts);
        }
    }

    /// An event goes into a function's asynchronous queue, where it waits.
    #[inline(always)]
    pub fn queued(&mut self, at: SimTime, source: SourceId, function: FunctionId) {
        let extra = self.extra_requests.get(source.0 as usize).copied().unwrap_or_default();
        let figures = self.function(function);
        figures.async_received += 1;
        figures.extra_requests += extra;
        self.waiting(at, source, 1);
    }

    #[inline(always)]
    pub(super) fn answered(&mut self, source: SourceId, emitted: SimTime, waited: SimDuration, answer: Answer) {
        if emitted >= self.warm_up {
            let figures = self.source(source);
            figures.response.record(waited);
            figures.answers[answer as usize] += 1;
        }
    }

    #[inline(always)]
    pub(super) fn mapped(&mut self, source: SourceId, what: MappingCount, events: u64) {
        let mapping = self.mapping(source);
        mapping.is_one = true;
        let column = match what {
            MappingCount::Polled => SourceColumn::Polled,
            MappingCount::FailedInvoke => SourceColumn::FailedInvoke,
            MappingCount::Deleted => SourceColumn::Deleted,
        };
        mapping.count(column, events);
    }

    #[inline(always)]
    pub(super) fn requested(&mut self, source: SourceId, count: u64) {
        self.source(source).requests += count;
    }

    /// Each fact has a method of its own for what it counts as, to which this one only jumps.
    #[inline(never)]
    pub(super) fn count(&mut self, at: SimTime, fact: &Fact<'_>) {
        match *fact {
            Fact::Emitted { source, waits, .. } => self.emitted(at, source, waits),
            Fact::Occurred { source, events, waited } => self.occurred(at, source, events, waited),
            Fact::Waiting { source, change } => self.waiting(at, source, change),
            Fact::Accepted { call, queued: true, .. } => self.queued(at, call.source, call.function),
            Fact::Started { call, cold, concurrency, queued_since, .. } => {
                let Call { source, function, events, .. } = call;
                let records = events.count;
                self.started(at, Started { source, function, records, cold, concurrency, queued_since });
            }
            Fact::Ended { .. } => self.ended(at, fact),
            Fact::Settled { source, emitted, fate: Fate::Processed, parts, .. } => {
                self.processed(at, source, emitted, parts);
            }
            Fact::Settled { .. } => self.lost(fact),
            Fact::Answered { source, emitted, waited, answer } => self.answered(source, emitted, waited, answer),
            _ => self.other(at, fact),
        }
    }

    /// Facts that are rarer than invocations.
    #[inline(never)]
    fn other(&mut self, at: SimTime, fact: &Fact<'_>) {
        match *fact {
            Fact::Throttled(call, _) => self.function(call.function).throttles += 1,
            Fact::Message { destination, .. } => self.destinations[destination.0 as usize] += 1,
            Fact::Reclaimed { function, .. } => self.function(function).environments.change(at, -1),
            Fact::IteratorAge { source, age } => self.source(source).iterator_age.record(age),
            Fact::Provisioned { function, environments } => {
                self.function(function).environments.change(at, environments as i64);
            }
            Fact::Mapping { source, what, events } => self.mapped(source, what, events),
            Fact::Requests { source, count } => self.requested(source, count),
            Fact::PollerUnits { source, change } => self.source(source).poller_units.change(at, change),
            Fact::Emitted { .. }
            | Fact::Occurred { .. }
            | Fact::Waiting { .. }
            | Fact::Started { .. }
            | Fact::Ended { .. }
            | Fact::Settled { .. }
            | Fact::Answered { .. }
            | Fact::Accepted { .. }
            | Fact::Denied(_)
            | Fact::Unavailable(_)
            | Fact::RetryScheduled(_)
            | Fact::Bisected { .. } => {}
        }
    }

    #[inline]
    pub(super) fn occurred(&mut self, at: SimTime, source: SourceId, events: u64, waited: u128) {
        self.emitted_together(at, source, events).backlog.rise(at, events, waited);
    }

    /// Records were processed that lay together, in the order in which they `occurred`: told in place of [`Fact::Settled`] where nobody
    /// reads every fact. The `shared` parts of their latencies are the same, and what is left of each is its [`Part::Poll`]; they were of
    /// `age` when they occurred, since they come from before the run.
    #[inline(always)]
    pub fn processed_together<T>(
        &mut self,
        at: SimTime,
        source: SourceId,
        records: &[T],
        occurred: impl Fn(&T) -> SimTime,
        age: SimDuration,
        shared: &Parts,
    ) {
        let count = records.len() as u64;
        self.live -= count as i64;
        // Mostly the first counts already, and no other has to be asked.
        let is_early = |record: &T| occurred(record) < self.warm_up;
        let before = if records.first().is_some_and(is_early) { records.partition_point(is_early) } else { 0 };
        let in_window = self.is_in_window(at);
        let figures = self.source(source);
        figures.processed += count;
        figures.processed_in_window += if in_window { count } else { 0 };
        let counted = &records[before..];
        figures.fates[Fate::Processed as usize] += counted.len() as u64;
        let mut total = 0;
        for some in counted.chunks(TOGETHER) {
            let mut latencies = [0; TOGETHER];
            for (latency, record) in latencies.iter_mut().zip(some) {
                *latency = (at.since(occurred(record)) + age).nanos();
            }
            let latencies = Lengths::of(&latencies[..some.len()]);
            total += latencies.sum;
            figures.latency.record_together(&latencies);
        }
        let others = u128::from(shared.total().nanos()) * counted.len() as u128;
        figures.parts[Part::Poll as usize] += total - others;
        figures.add_shared(shared, counted.len() as u64);
    }

    /// The window's last instant belongs to it.
    fn is_in_window(&self, at: SimTime) -> bool {
        self.at_window_end.as_ref().is_some_and(|(end, _)| at <= *end)
    }

    #[inline]
    pub(super) fn waiting(&mut self, at: SimTime, source: SourceId, change: i64) {
        self.source(source).backlog.change(at, change);
    }

    #[inline(never)]
    fn lost(&mut self, fact: &Fact<'_>) {
        let Fact::Settled { source, function, emitted, fate, condition, .. } = *fact else { return };
        self.live -= 1;
        let counts = emitted >= self.warm_up;
        let is_unwritten = fate == Fate::Dropped && function.is_none() && condition.is_none();
        let figures = self.source(source);
        figures.fates[fate as usize] += u64::from(counts);
        figures.lost += 1;
        figures.unwritten += u64::from(counts && is_unwritten);
        match fate {
            Fate::Filtered => self.mapping(source).count(SourceColumn::FilteredOut, 1),
            // What leaves the stream by its age alone, or the queue by its redrive, is not the mapping's doing.
            Fate::DeadLettered if condition.is_some() => {
                self.mapping(source).count(SourceColumn::OnFailureDelivered, 1);
            }
            Fate::Dropped | Fate::Expired if condition.is_some() => {
                self.mapping(source).count(SourceColumn::Discarded, 1);
            }
            _ => {}
        }
        if condition.is_some_and(Condition::drops_async_event)
            && let Some(function) = function
        {
            let figures = self.function(function);
            figures.async_dropped += 1;
            figures.recursive_dropped += u64::from(condition == Some(Condition::RecursiveInvocation));
        }
    }
}
