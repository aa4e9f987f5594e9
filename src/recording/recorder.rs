//! The recorder: hears every fact, keeps sums, levels and histograms.
//!
//! Counts start at zero when the warm-up ends. An event counts where it was emitted after the warm-up, whenever it ends. Time
//! means cover the window from the warm-up to the end of emission. Physics is asserted at the end: events are conserved, and
//! the integral of concurrency is the sum of the invocations' times, to the nanosecond.

use crate::engine::{Fact, FunctionId, Names, SourceId};
use crate::time::{SimDuration, SimTime};

use super::claims::{Claim, Claims};
use super::completion::{self, After, Batch};
use super::interval::{FunctionColumn, Interval, Minute, Owner, SourceColumn, Timeline};
use super::outcome::{Areas, FunctionFigures, Outcome, SourceFigures};
use super::{Level, Quantity};

/// Hears facts and closed minutes as they happen. `()` hears nothing and costs nothing.
pub trait Watch {
    /// Whether facts are wanted at all.
    fn wants_facts(&self) -> bool {
        true
    }
    /// `fact` happened at `at`.
    fn fact(&mut self, at: SimTime, fact: &Fact<'_>, names: &Names);
    /// Whether it is to be told of closed minutes, as they are.
    fn wants_minutes(&self) -> bool {
        true
    }
    /// A minute of one owner is over.
    fn minute(&mut self, _minute: &Minute, _names: &Names) {}
}

impl Watch for () {
    fn wants_facts(&self) -> bool {
        false
    }
    fn wants_minutes(&self) -> bool {
        false
    }
    fn fact(&mut self, _: SimTime, _: &Fact<'_>, _: &Names) {}
}

/// What had been counted when an interval began.
#[derive(Clone, Default)]
struct Seen {
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
    concurrency: u128,
    environments: u128,
    emitted: u64,
    processed: u64,
    lost: u64,
    deliveries: u64,
    backlog: u128,
    ages: u64,
    age: u128,
}

/// What an event source mapping counted since the last flush and the figures themselves do not keep.
#[derive(Clone, Default)]
pub(super) struct Mapping {
    /// Whether the source is one: it has counted records.
    pub(super) is_one: bool,
    /// Its counts, from [`SourceColumn::Polled`] on.
    counts: [u64; SourceColumn::COUNT - SourceColumn::Polled as usize],
}

impl Mapping {
    pub(super) fn count(&mut self, column: SourceColumn, events: u64) {
        self.counts[column as usize - SourceColumn::Polled as usize] += events;
    }
}

/// Hears every fact of a run.
pub struct Recorder<'a> {
    pub(super) watch: &'a mut dyn Watch,
    pub(super) names: Names,
    pub(super) warm_up: SimTime,
    /// The set end of emission.
    until: Option<SimTime>,
    pub(super) sources: Vec<SourceFigures>,
    pub(super) functions: Vec<FunctionFigures>,
    pub(super) destinations: Vec<u64>,
    pub(super) account: Level,
    account_max: i64,
    pub(super) claims: Option<Box<Claims>>,
    /// By source: requests that one of its events is billed as in the asynchronous queue, beyond the first.
    pub(super) extra_requests: Vec<u64>,
    at_warm_up: Areas,
    pub(super) at_window_end: Option<(SimTime, Areas)>,
    seen: Vec<Seen>,
    /// By source.
    pub(super) mappings: Vec<Mapping>,
    minute: Vec<Interval>,
    minute_start: SimTime,
    bin: Vec<Interval>,
    timeline: Timeline,
    minutes: Vec<Minute>,
    next_boundary: SimTime,
    warmed_up: bool,
    /// Events without a fate.
    pub(super) live: i64,
    /// Sum of the times of all invocations that have ended, in nanoseconds.
    pub(super) invocation_time: u128,
    /// Invocations that have ended and are still to be counted.
    pub(super) batches: Box<[Batch; completion::BATCHES]>,
    /// By source, where the end of a successful call only counts: what follows from it.
    pub(super) after: Vec<Option<After>>,
}

const MINUTE: SimDuration = SimDuration::from_secs(60);

impl<'a> Recorder<'a> {
    /// A recorder of a run of functions with these claims, whose statistics begin at `warm_up`, and whose emission ends at `until`
    /// where that is set; `extra_requests` is what an asynchronous event of each source is billed as beyond one request.
    pub fn new(
        names: Names,
        claims: &[Claim],
        extra_requests: Vec<u64>,
        warm_up: SimTime,
        until: Option<SimTime>,
        watch: &'a mut dyn Watch,
    ) -> Recorder<'a> {
        let claims = Claims::new(claims);
        let (functions, sources) = (names.functions.len(), names.sources.len());
        let owners = || {
            let functions = (0..=functions).map(|_| Interval::function());
            functions.chain((0..sources).map(|_| Interval::source())).collect::<Vec<_>>()
        };
        let mut recorder = Recorder {
            watch,
            warm_up,
            until,
            sources: vec![SourceFigures::default(); sources],
            functions: vec![FunctionFigures::default(); functions],
            destinations: vec![0; names.destinations.len()],
            account: Level::default(),
            account_max: 0,
            claims,
            extra_requests,
            at_warm_up: Areas::default(),
            at_window_end: None,
            seen: vec![Seen::default(); 1 + functions + sources],
            mappings: vec![Mapping::default(); sources],
            minute: owners(),
            minute_start: SimTime::ZERO,
            bin: owners(),
            timeline: Timeline::new(until.map(SimTime::nanos), functions, sources),
            minutes: Vec::new(),
            next_boundary: SimTime::ZERO,
            warmed_up: false,
            live: 0,
            invocation_time: 0,
            batches: completion::batches(),
            after: Vec::new(),
            names,
        };
        recorder.at_warm_up = recorder.areas();
        recorder.warmed_up = warm_up == SimTime::ZERO;
        recorder.set_boundary();
        recorder
    }

    /// Whether every fact is read.
    pub fn watched(&self) -> bool {
        self.watch.wants_facts()
    }

    /// Events without a fate.
    pub fn live(&self) -> i64 {
        self.live - self.uncounted() as i64
    }

    /// By source: what follows from the end of a call that succeeds, where it only counts.
    pub fn set_after(&mut self, after: Vec<Option<After>>) {
        self.after = after;
    }

    /// What follows from the end of a call from `source` that succeeds, where it only counts.
    #[inline(always)]
    pub fn after(&self, source: SourceId) -> Option<After> {
        self.after.get(source.0 as usize).copied().flatten()
    }

    /// The next instant at which something is closed; all that happened before it must have been told.
    pub fn next_boundary(&self) -> SimTime {
        self.next_boundary
    }

    fn set_boundary(&mut self) {
        let mut next = self.timeline.next_end().min(self.minute_start + MINUTE);
        if !self.warmed_up {
            next = next.min(self.warm_up);
        }
        if let Some(until) = self.until.filter(|_| self.at_window_end.is_none()) {
            next = next.min(until);
        }
        self.next_boundary = next;
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

    fn begin_window(&mut self) {
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
    pub fn peaks(&self) -> (i64, i64) {
        (self.account.max(), self.claims.as_ref().map_or(0, |claims| claims.unreserved.max()))
    }

    /// Functions were recorded one after the other: what they had together was never higher than this in this interval.
    pub fn set_peaks(&mut self, (all, unreserved): (i64, i64)) {
        self.account.set_max(all);
        if let Some(claims) = &mut self.claims {
            claims.unreserved.set_max(unreserved);
        }
    }

    fn levels(&mut self) -> impl Iterator<Item = &mut Level> {
        let functions =
            self.functions.iter_mut().flat_map(|function| [&mut function.concurrency, &mut function.environments]);
        std::iter::once(&mut self.account)
            .chain(functions)
            .chain(self.sources.iter_mut().map(|source| &mut source.backlog))
    }

    fn areas(&self) -> Areas {
        Areas {
            account: self.account.area(),
            concurrency: self.functions.iter().map(|function| function.concurrency.area()).collect(),
            environments: self.functions.iter().map(|function| function.environments.area()).collect(),
            backlog: self.sources.iter().map(|source| source.backlog.area()).collect(),
        }
    }

    /// Adds what happened since the last flush to the minute and to the bin.
    fn flush(&mut self, at: SimTime) {
        for level in self.levels() {
            level.settle(at);
        }
        // Both the minute and the bin hear what happened.
        let mut places = self.minute.iter_mut().zip(&mut self.bin).map(|(minute, bin)| {
            move |column: usize, value: f64| {
                minute.put(column, value);
                bin.put(column, value);
            }
        });
        if let Some(mut put) = places.next() {
            let max = self.account.take_max();
            self.account_max = self.account_max.max(max);
            put(FunctionColumn::ConcurrencyArea as usize, (self.account.area() - self.seen[0].concurrency) as f64);
            put(FunctionColumn::ConcurrencyMax as usize, max as f64);
            let unreserved = self.claims.as_mut().map_or(max, |claims| claims.unreserved.take_max());
            let claimed = self.claims.as_ref().map_or(0, |claims| claims.claimed);
            put(FunctionColumn::UnreservedMax as usize, unreserved as f64);
            // A minute in which nothing runs has no row.
            let claims = if max > 0 { unreserved as f64 + claimed as f64 } else { 0.0 };
            put(FunctionColumn::ClaimedMax as usize, claims);
            self.seen[0].concurrency = self.account.area();
        }
        for (place, (function, mut put)) in self.functions.iter_mut().zip(&mut places).enumerate() {
            let seen = &mut self.seen[1 + place];
            let mut put = |column: FunctionColumn, value: f64| put(column as usize, value);
            let (concurrency, environments) = (function.concurrency.take_max(), function.environments.take_max());
            [&mut function.duration, &mut function.async_age].into_iter().for_each(Quantity::settle);
            function.concurrency_max = function.concurrency_max.max(concurrency);
            function.environments_max = function.environments_max.max(environments);
            put(FunctionColumn::Invocations, (function.invocations - seen.invocations) as f64);
            put(FunctionColumn::Failed, (function.errors - seen.errors) as f64);
            put(FunctionColumn::Throttles, (function.throttles - seen.throttles) as f64);
            put(FunctionColumn::Ended, (function.duration.count() - seen.ended) as f64);
            put(FunctionColumn::DurationSum, (function.duration.sum() - seen.duration) as f64);
            put(FunctionColumn::DurationMax, function.duration.take_peak() as f64);
            put(FunctionColumn::ConcurrencyArea, (function.concurrency.area() - seen.concurrency) as f64);
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
        }
        let first = 1 + self.functions.len();
        for (place, (source, mut put_at)) in self.sources.iter_mut().zip(&mut places).enumerate() {
            let (seen, mapping) = (&mut self.seen[first + place], &mut self.mappings[place]);
            let mut put = |column: SourceColumn, value: f64| put_at(column as usize, value);
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
            for (place, count) in counts.into_iter().enumerate().filter(|_| mapping.is_one) {
                put_at(SourceColumn::Polled as usize + place, count as f64);
            }
            seen.emitted = source.emitted;
            seen.processed = source.processed;
            seen.lost = source.lost;
            seen.deliveries = source.deliveries;
            seen.backlog = source.backlog.area();
            seen.ages = source.iterator_age.count();
            seen.age = source.iterator_age.sum();
        }
    }

    fn close_minute(&mut self, at: SimTime) {
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

    fn close_bin(&mut self, at: SimTime) {
        let functions = self.functions.len();
        let fresh =
            (0..=functions).map(|_| Interval::function()).chain(self.sources.iter().map(|_| Interval::source()));
        let bins = std::mem::replace(&mut self.bin, fresh.collect());
        self.timeline.push(bins, at);
    }

    /// Ends the run at `ended_at`; nothing was recorded after `end`, which is not before it, and the invocations that still run have run
    /// for so many nanoseconds together.
    pub fn finish(mut self, ended_at: SimTime, end: SimTime, still_running: u128) -> Outcome {
        self.count_batches();
        while self.next_boundary <= end {
            self.close(self.next_boundary);
        }
        self.flush(end);
        self.close_minute(end);
        self.close_bin(end);
        if !self.warmed_up {
            self.begin_window();
        }
        if self.at_window_end.is_none() {
            self.end_window(self.until.unwrap_or(end));
        }
        self.assert_physics(still_running);
        self.sources.iter_mut().for_each(|source| source.finish(end.max(self.warm_up)));
        self.functions.iter_mut().for_each(FunctionFigures::finish);
        let (window_end, mut areas) = self.at_window_end.take().unwrap_or_default();
        let less = |end: &mut Vec<u128>, start: &[u128]| {
            end.iter_mut().zip(start).for_each(|(end, start)| *end = end.saturating_sub(*start))
        };
        areas.account = areas.account.saturating_sub(self.at_warm_up.account);
        less(&mut areas.concurrency, &self.at_warm_up.concurrency);
        less(&mut areas.environments, &self.at_warm_up.environments);
        less(&mut areas.backlog, &self.at_warm_up.backlog);
        Outcome {
            sources: self.sources,
            functions: self.functions,
            destinations: self.destinations,
            account_concurrency_max: self.account_max,
            areas,
            window: (self.warm_up, window_end.max(self.warm_up)),
            ended_at,
            timeline: self.timeline,
            minutes: self.minutes,
        }
    }

    /// Little's law as an identity over the whole run, and the conservation of events.
    fn assert_physics(&self, still_running: u128) {
        assert_eq!(
            self.account.area(),
            self.invocation_time + still_running,
            "the integral of concurrency is the sum of invocation times"
        );
        let areas: u128 = self.functions.iter().map(|function| function.concurrency.area()).sum();
        assert_eq!(self.account.area(), areas, "the account's concurrency is the sum of its functions'");
        for (source, name) in self.sources.iter().zip(&self.names.sources) {
            let ended: u64 = source.fates.iter().sum();
            assert!(ended <= source.events, "{name}: {ended} fates for {} events", source.events);
        }
    }

    pub(super) fn mapping(&mut self, source: SourceId) -> &mut Mapping {
        &mut self.mappings[source.0 as usize]
    }

    pub(super) fn source(&mut self, source: SourceId) -> &mut SourceFigures {
        &mut self.sources[source.0 as usize]
    }

    pub(super) fn function(&mut self, function: FunctionId) -> &mut FunctionFigures {
        &mut self.functions[function.0 as usize]
    }
}
