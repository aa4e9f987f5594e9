//! The recorder: hears every fact, keeps sums, levels and histograms.
//!
//! Counts start at zero when the warm-up ends. An event counts where it was emitted after the warm-up, whenever it ends. Time
//! means cover the window from the warm-up to the end of emission. Physics is asserted at the end: events are conserved, and
//! the integral of concurrency is the sum of the invocations' times, to the nanosecond.

use crate::engine::{Fact, FunctionId, Names, SourceId};
use crate::time::SimTime;

use super::Level;
use super::claims::{Claim, Claims};
use super::closing::Seen;
use super::completion::{self, After, Batch};
use super::interval::{Interval, Minute, SourceColumn, Timeline};
use super::outcome::{Areas, FunctionFigures, Outcome, SourceFigures};

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

/// What an event source mapping counted since the last flush and the figures themselves do not keep.
#[derive(Clone, Default)]
pub(super) struct Mapping {
    /// Whether the source is one: it has counted records.
    pub(super) is_one: bool,
    /// Its counts, from [`SourceColumn::Polled`] on.
    pub(super) counts: [u64; SourceColumn::COUNT - SourceColumn::Polled as usize],
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
    pub(super) until: Option<SimTime>,
    pub(super) sources: Vec<SourceFigures>,
    pub(super) functions: Vec<FunctionFigures>,
    pub(super) destinations: Vec<u64>,
    pub(super) account: Level,
    pub(super) account_max: i64,
    pub(super) claims: Option<Box<Claims>>,
    /// By source: requests that one of its events is billed as in the asynchronous queue, beyond the first.
    pub(super) extra_requests: Vec<u64>,
    pub(super) at_warm_up: Areas,
    pub(super) at_window_end: Option<(SimTime, Areas)>,
    pub(super) seen: Vec<Seen>,
    /// By source.
    pub(super) mappings: Vec<Mapping>,
    pub(super) minute: Vec<Interval>,
    pub(super) minute_start: SimTime,
    pub(super) bin: Vec<Interval>,
    pub(super) timeline: Timeline,
    pub(super) minutes: Vec<Minute>,
    pub(super) next_boundary: SimTime,
    pub(super) warmed_up: bool,
    /// Events without a fate.
    pub(super) live: i64,
    /// Sum of the times of all invocations that have ended, in nanoseconds.
    pub(super) invocation_time: u128,
    /// Invocations that have ended and are still to be counted.
    pub(super) batches: Box<[Batch; completion::BATCHES]>,
    /// By source, where the end of a successful call only counts: what follows from it.
    pub(super) after: Vec<Option<After>>,
}

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

    pub(super) fn levels(&mut self) -> impl Iterator<Item = &mut Level> {
        let functions =
            self.functions.iter_mut().flat_map(|function| [&mut function.concurrency, &mut function.environments]);
        std::iter::once(&mut self.account)
            .chain(functions)
            .chain(self.sources.iter_mut().map(|source| &mut source.backlog))
    }

    pub(super) fn areas(&self) -> Areas {
        Areas {
            account: self.account.area(),
            concurrency: self.functions.iter().map(|function| function.concurrency.area()).collect(),
            environments: self.functions.iter().map(|function| function.environments.area()).collect(),
            backlog: self.sources.iter().map(|source| source.backlog.area()).collect(),
        }
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
