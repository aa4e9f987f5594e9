//! What ends while a run goes on: bins and minutes, the warm-up, the window of statistics.
//!
//! At the end of an interval what was counted since the last one is added to the figures of its bin and its minute, for each owner by
//! itself. Where owners are recorded one after the other, each closes its own bins as it gets to their ends, and the account does
//! last.

use crate::engine::{FunctionId, SourceId};
use crate::time::{SimDuration, SimTime};

use super::Quantity;
use super::interval::{FunctionColumn, Interval, Minute, Owner, SourceColumn};
use super::outcome::{FunctionFigures, SourceFigures};
use super::recorder::Recorder;

/// What had been counted when an interval began.
#[derive(Clone, Default)]
pub(super) struct Seen {
    invocations: u64,
    errors: u64,
    throttles: u64,
    ended: u64,
    duration: u128,
    received: u64,
    dropped: u64,
    recursive: u64,
    async_ages: u64,
    async_age: u128,
    provisioned: u64,
    spillover: u64,
    pub(super) concurrency: u128,
    environments: u128,
    emitted: u64,
    processed: u64,
    lost: u64,
    deliveries: u64,
    backlog: u128,
    ages: u64,
    age: u128,
}

const MINUTE: SimDuration = SimDuration::from_secs(60);

/// The most invocations at once in an interval: of all functions, and of what they share.
pub type Peaks = (i64, i64);

impl Recorder<'_> {
    /// The next instant at which something is closed; all that happened before it must have been told.
    pub fn next_boundary(&self) -> SimTime {
        self.next_boundary
    }

    /// The next instant at which more is closed than bins.
    pub fn next_stop(&self) -> SimTime {
        let warm_up = (!self.warmed_up).then_some(self.warm_up);
        let until = self.until.filter(|_| self.at_window_end.is_none());
        [warm_up, until].into_iter().flatten().fold(self.minute_start + MINUTE, SimTime::min)
    }

    /// The next ends of bins, before `end`.
    pub fn bin_ends(&self, end: SimTime) -> impl Iterator<Item = SimTime> {
        self.timeline.next_ends().take_while(move |at| *at < end)
    }

    pub(super) fn set_boundary(&mut self) {
        self.next_boundary = self.timeline.next_end().min(self.next_stop());
    }

    /// Closes what ends at `at`, the boundary. What happens at that very instant comes after.
    pub fn close(&mut self, at: SimTime) {
        self.count_batches();
        self.flush(at);
        if at >= self.minute_start + MINUTE {
            self.close_minute(at);
        }
        if at >= self.timeline.next_end() {
            self.close_bin(at);
        }
        if !self.warmed_up && at >= self.warm_up {
            self.begin_window();
        }
        if self.until.is_some_and(|until| at >= until) && self.at_window_end.is_none() {
            self.end_window(at);
        }
        self.set_boundary();
    }

    /// Closes the bins of sources and all functions that they call, which end at `at`, before those of others. Gives back the integral
    /// of the functions' concurrency since the last ones.
    pub fn close_bins(
        &mut self,
        functions: impl Iterator<Item = FunctionId>,
        sources: impl Iterator<Item = SourceId>,
        at: SimTime,
    ) -> u128 {
        for source in sources {
            self.count_batch_of(source);
            self.flush_source(source.0 as usize, at);
            self.push_bin(self.timeline.place(Owner::Source(source.0)));
        }
        let close = |function: FunctionId| {
            let area = self.flush_function(function.0 as usize, at);
            self.push_bin(self.timeline.place(Owner::Function(function.0)));
            area
        };
        functions.map(close).sum()
    }

    /// Closes the account's bin that ends at `at`, after those of all others: the integral of concurrency since the last one was `area`,
    /// the most invocations at once `peaks`.
    pub fn close_bin_of_account(&mut self, at: SimTime, area: u128, peaks: Peaks) {
        self.put_account(area, peaks);
        self.push_bin(0);
        self.timeline.close(at);
        self.set_boundary();
    }

    /// The window of statistics may end at `at`, the latest emission so far; the last such word holds.
    pub fn end_window(&mut self, at: SimTime) {
        self.count_batches();
        for level in self.levels() {
            level.settle(at);
        }
        self.at_window_end = Some((at, self.areas()));
        for source in &mut self.sources {
            source.processed_in_window = source.processed;
        }
    }

    pub(super) fn begin_window(&mut self) {
        self.warmed_up = true;
        self.at_warm_up = self.areas();
        for source in &mut self.sources {
            let (backlog, backlog_max) = (source.backlog.clone(), source.backlog.value());
            let mut poller_units = source.poller_units.clone();
            poller_units.begin(self.warm_up);
            *source = SourceFigures { backlog, backlog_max, poller_units, ..SourceFigures::default() };
        }
        for function in &mut self.functions {
            let (concurrency, environments) = (function.concurrency.clone(), function.environments.clone());
            *function = FunctionFigures {
                concurrency_max: concurrency.value(),
                environments_max: environments.value(),
                concurrency,
                environments,
                ..FunctionFigures::default()
            };
        }
        self.destinations.fill(0);
        self.account_max = self.account.value();
        // Counts begin again; integrals go on.
        for seen in &mut self.seen {
            *seen = Seen {
                concurrency: seen.concurrency,
                environments: seen.environments,
                backlog: seen.backlog,
                ..Seen::default()
            };
        }
    }

    /// The highest concurrency in this interval so far: of all functions, and of what they share.
    pub fn peaks(&self) -> Peaks {
        let all = self.account.max();
        (all, self.claims.as_ref().map_or(all, |claims| claims.unreserved.max()))
    }

    /// Functions were recorded one after the other: what they had together was never higher than this in this interval.
    pub fn set_peaks(&mut self, (all, unreserved): Peaks) {
        self.account.set_max(all);
        if let Some(claims) = &mut self.claims {
            claims.unreserved.set_max(unreserved);
        }
    }

    /// Adds what happened since the last flush to the minute and to the bin.
    pub(super) fn flush(&mut self, at: SimTime) {
        self.account.settle(at);
        let area = self.account.area() - self.seen[0].concurrency;
        let all = self.account.take_max();
        let unreserved = self.claims.as_mut().map_or(all, |claims| claims.unreserved.take_max());
        self.put_account(area, (all, unreserved));
        for place in 0..self.functions.len() {
            self.flush_function(place, at);
        }
        for place in 0..self.sources.len() {
            self.flush_source(place, at);
        }
    }

    /// The account's part of this.
    fn put_account(&mut self, area: u128, (all, unreserved): Peaks) {
        self.account_max = self.account_max.max(all);
        self.seen[0].concurrency += area;
        let mut since = [0.0; FunctionColumn::COUNT];
        let mut put = |column: FunctionColumn, value: f64| since[column as usize] = value;
        put(FunctionColumn::ConcurrencyArea, area as f64);
        put(FunctionColumn::ConcurrencyMax, all as f64);
        let claimed = self.claims.as_ref().map_or(0, |claims| claims.claimed);
        put(FunctionColumn::UnreservedMax, unreserved as f64);
        // A minute in which nothing runs has no row.
        let claims = if all > 0 { unreserved as f64 + claimed as f64 } else { 0.0 };
        put(FunctionColumn::ClaimedMax, claims);
        self.add(0, &since);
    }

    /// A function's part. Gives back the integral of its concurrency since the last flush.
    fn flush_function(&mut self, place: usize, at: SimTime) -> u128 {
        let function = &mut self.functions[place];
        let seen = &mut self.seen[1 + place];
        let mut since = [0.0; FunctionColumn::COUNT];
        let mut put = |column: FunctionColumn, value: f64| since[column as usize] = value;
        [&mut function.concurrency, &mut function.environments].into_iter().for_each(|level| level.settle(at));
        let (concurrency, environments) = (function.concurrency.take_max(), function.environments.take_max());
        [&mut function.duration, &mut function.async_age].into_iter().for_each(Quantity::settle);
        function.concurrency_max = function.concurrency_max.max(concurrency);
        function.environments_max = function.environments_max.max(environments);
        let area = function.concurrency.area() - seen.concurrency;
        put(FunctionColumn::Invocations, (function.invocations - seen.invocations) as f64);
        put(FunctionColumn::Failed, (function.errors - seen.errors) as f64);
        put(FunctionColumn::Throttles, (function.throttles - seen.throttles) as f64);
        put(FunctionColumn::Ended, (function.duration.count() - seen.ended) as f64);
        put(FunctionColumn::DurationSum, (function.duration.sum() - seen.duration) as f64);
        put(FunctionColumn::DurationMax, function.duration.take_peak() as f64);
        put(FunctionColumn::ConcurrencyArea, area as f64);
        put(FunctionColumn::ConcurrencyMax, concurrency as f64);
        put(FunctionColumn::EnvironmentsArea, (function.environments.area() - seen.environments) as f64);
        put(FunctionColumn::EnvironmentsMax, environments as f64);
        put(FunctionColumn::AsyncReceived, (function.async_received - seen.received) as f64);
        put(FunctionColumn::AsyncDropped, (function.async_dropped - seen.dropped) as f64);
        put(FunctionColumn::AsyncAgeCount, (function.async_age.count() - seen.async_ages) as f64);
        put(FunctionColumn::AsyncAgeSum, (function.async_age.sum() - seen.async_age) as f64);
        put(FunctionColumn::AsyncAgeMax, function.async_age.take_peak() as f64);
        put(FunctionColumn::Provisioned, (function.provisioned - seen.provisioned) as f64);
        put(FunctionColumn::Spillover, (function.spillover - seen.spillover) as f64);
        put(FunctionColumn::RecursiveDropped, (function.recursive_dropped - seen.recursive) as f64);
        if let Some(claims) = &mut self.claims {
            let (most, share) = claims.of(place).take();
            put(FunctionColumn::ProvisionedMax, most);
            put(FunctionColumn::UtilizationMax, share);
        }
        seen.invocations = function.invocations;
        seen.errors = function.errors;
        seen.throttles = function.throttles;
        seen.ended = function.duration.count();
        seen.duration = function.duration.sum();
        seen.concurrency = function.concurrency.area();
        seen.environments = function.environments.area();
        seen.received = function.async_received;
        seen.dropped = function.async_dropped;
        seen.recursive = function.recursive_dropped;
        seen.async_ages = function.async_age.count();
        seen.async_age = function.async_age.sum();
        seen.provisioned = function.provisioned;
        seen.spillover = function.spillover;
        self.add(1 + place, &since);
        area
    }

    /// A source's part.
    fn flush_source(&mut self, place: usize, at: SimTime) {
        let owner = self.timeline.place(Owner::Source(place as u32));
        let source = &mut self.sources[place];
        let (seen, mapping) = (&mut self.seen[owner], &mut self.mappings[place]);
        let mut since = [0.0; SourceColumn::COUNT];
        let mut put = |column: SourceColumn, value: f64| since[column as usize] = value;
        source.backlog.settle(at);
        let backlog = source.backlog.take_max();
        source.backlog_max = source.backlog_max.max(backlog);
        source.settle_parts();
        source.iterator_age.settle();
        put(SourceColumn::Emitted, (source.emitted - seen.emitted) as f64);
        put(SourceColumn::Processed, (source.processed - seen.processed) as f64);
        put(SourceColumn::Lost, (source.lost - seen.lost) as f64);
        put(SourceColumn::BacklogArea, (source.backlog.area() - seen.backlog) as f64);
        put(SourceColumn::BacklogMax, backlog as f64);
        put(SourceColumn::AgeCount, (source.iterator_age.count() - seen.ages) as f64);
        put(SourceColumn::AgeSum, (source.iterator_age.sum() - seen.age) as f64);
        put(SourceColumn::AgeMax, source.iterator_age.take_peak() as f64);
        mapping.count(SourceColumn::Invoked, source.deliveries - seen.deliveries);
        let counts = std::mem::take(&mut mapping.counts);
        if mapping.is_one {
            let columns = &mut since[SourceColumn::Polled as usize..];
            columns.iter_mut().zip(counts).for_each(|(column, count)| *column = count as f64);
        }
        seen.emitted = source.emitted;
        seen.processed = source.processed;
        seen.lost = source.lost;
        seen.deliveries = source.deliveries;
        seen.backlog = source.backlog.area();
        seen.ages = source.iterator_age.count();
        seen.age = source.iterator_age.sum();
        self.add(owner, &since);
    }

    /// Adds what happened to an owner since the last flush.
    fn add(&mut self, owner: usize, since: &[f64]) {
        self.minute[owner].join(since);
        self.bin[owner].join(since);
    }

    pub(super) fn close_minute(&mut self, at: SimTime) {
        for (place, interval) in self.minute.iter_mut().enumerate() {
            let owner = match place {
                0 => Owner::Account,
                place if place <= self.functions.len() => Owner::Function(place as u32 - 1),
                place => Owner::Source((place - 1 - self.functions.len()) as u32),
            };
            let fresh = if matches!(owner, Owner::Source(_)) { Interval::source() } else { Interval::function() };
            let (start, length) = (self.minute_start, at.since(self.minute_start));
            let minute = Minute { start, length, owner, interval: std::mem::replace(interval, fresh) };
            if !minute.is_silent() {
                if self.watch.wants_minutes() {
                    self.watch.minute(&minute, &self.names);
                }
                self.minutes.push(minute);
            }
        }
        self.minute_start = at;
    }

    /// Counts an error in the minute in which its invocation started, which may be over.
    pub(super) fn stamp_error(&mut self, function: FunctionId, started: SimTime) {
        let errors = FunctionColumn::Errors as usize;
        if started >= self.minute_start {
            self.minute[1 + function.0 as usize].0[errors] += 1.0;
            return;
        }
        let start = SimTime::from_nanos(started.nanos() / MINUTE.nanos() * MINUTE.nanos());
        let key = (start, Owner::Function(function.0));
        // No minute is silent in which an invocation started.
        if let Ok(place) = self.minutes.binary_search_by_key(&key, |minute| (minute.start, minute.owner)) {
            self.minutes[place].interval.0[errors] += 1.0;
        }
    }

    pub(super) fn close_bin(&mut self, at: SimTime) {
        (0..self.bin.len()).for_each(|owner| self.push_bin(owner));
        self.timeline.close(at);
    }

    /// An owner's bin is over.
    fn push_bin(&mut self, owner: usize) {
        self.timeline.push(owner, &self.bin[owner]);
        self.bin[owner].clear();
    }
}
