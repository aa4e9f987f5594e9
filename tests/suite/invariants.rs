//! What must hold in every run, whatever the scenario: read from its facts file, and held against its summary.
//!
//! [`check`] runs a scenario twice, watched and unwatched, and says in one sentence what is wrong. It knows nothing of how the
//! simulator works: only the scenario's text, the rows of the facts file and the figures of the summary.

use std::collections::BTreeMap;

use pushpull::distribution::DistributionSpec;
use pushpull::engine::{BatchItemFailures, DestinationKind, InvocationType};
use pushpull::inputs::Inputs;
use pushpull::metrics::Summary;
use pushpull::platform::{FunctionSpec, Limit, PackageType, Runtime};
use pushpull::profile::Profile;
use pushpull::report::{FactsCsv, series_csv};
use pushpull::scenario::Scenario;
use pushpull::source::Mode;
use pushpull::time::SimDuration;
use serde_json::Value;

use crate::support::{Row, parse_facts};

macro_rules! ensure {
    ($test:expr, $($why:tt)+) => { if !$test { return Err(format!($($why)+)); } };
}

mod figures;
mod levels;
mod terms;

use figures::{close, finite, level, mean_and_max, measured, number};
use levels::{Bucket, Level};
use terms::Terms;

/// A run in which everything holds.
pub struct Checked {
    pub rows: Vec<Row>,
}

const HEADER: &str =
    "time_s,fact,function,source,first_event,last_event,n_events,invocation,attempt,environment,condition,invoke_count";
const FATES: [&str; 6] = ["processed", "rejected", "dead_lettered", "dropped", "expired", "filtered"];
const PARTS: [&str; 8] = ["delivery", "poll", "batching", "blocked", "throttled", "retry", "init", "handler"];
const SECOND: f64 = 1e9;

/// Everything holds in the run of `text` with `seed`, which is about `what`.
pub fn assert_holds(what: &str, text: &str, seed: u64, inputs: &dyn Inputs) {
    if let Err(why) = check(text, seed, inputs) {
        panic!("{what}, seed {seed}: {why}\n{text}");
    }
}

/// Runs `text` with `seed` and checks everything.
pub fn check(text: &str, seed: u64, inputs: &dyn Inputs) -> Result<Checked, String> {
    let scenario = pushpull::read("random.toml", text, &[], inputs).map_err(|report| format!("refused:\n{report}"))?;
    let mut facts = FactsCsv::new(Vec::new());
    let outcome = pushpull::simulate(&scenario, seed, inputs, &mut facts);
    let csv = facts.finish(&scenario.names()).map_err(|error| error.to_string())?;
    let csv = String::from_utf8(csv).map_err(|error| error.to_string())?;
    let summary = Summary::new(&scenario, seed, &outcome).to_json();
    let unwatched = pushpull::simulate(&scenario, seed, inputs, &mut ());
    let unwatched_summary = Summary::new(&scenario, seed, &unwatched).to_json();
    same("summary", &format!("{summary:#}"), &format!("{unwatched_summary:#}"))?;
    let names = scenario.names();
    same("series", &series_csv(&outcome, &names), &series_csv(&unwatched, &names))?;
    ensure!(outcome.timeline == unwatched.timeline, "the bins of charts depend on whether somebody watches");

    well_formed(&csv)?;
    let rows = parse_facts(&csv);
    let keys: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut history = History::new(&scenario, &keys)?;
    let mut place = 0;
    while place < rows.len() {
        let group = group(&rows[place..]);
        place += group.len();
        history.take(group, rows.get(place)).map_err(|why| {
            let row = csv.lines().nth(1 + place - group.len()).unwrap_or_default();
            format!("{why}\nat the row {row}")
        })?;
    }
    history.returned(None)?;
    history.holds_against(&summary)?;
    Ok(Checked { rows })
}

/// The watched figures are the unwatched ones, byte for byte.
fn same(what: &str, watched: &str, unwatched: &str) -> Result<(), String> {
    let differing = watched.lines().zip(unwatched.lines()).find(|(a, b)| a != b);
    ensure!(watched == unwatched, "the {what} depends on whether somebody watches: {differing:?}");
    Ok(())
}

/// Every row has the columns that its fact needs and no others, and time never goes back.
fn well_formed(csv: &str) -> Result<(), String> {
    ensure!(csv.starts_with(HEADER) && csv.ends_with('\n'), "the facts file begins {:?}", csv.lines().next());
    let mut last = 0;
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        ensure!(cells.len() == 12, "{} cells in {line}", cells.len());
        let (secs, nanos) = cells[0].split_once('.').unwrap_or(("", ""));
        ensure!(nanos.len() == 9, "the time of {line} has not nine decimals");
        let time = secs.parse::<u64>().ok().zip(nanos.parse::<u64>().ok()).map(|(s, n)| s * 1_000_000_000 + n);
        let time = time.ok_or_else(|| format!("no time in {line}"))?;
        ensure!(time >= last, "time goes back at {line}");
        last = time;
        // Columns 2.. in order: function, source, first, last, n, invocation, attempt, environment, condition, count;
        // x: must be there, -: must not, ?: may.
        let wanted = match cells[1] {
            "emitted" => "-xxxx-----",
            "accepted" => "xxxxx?x---",
            "denied" | "throttled" | "unavailable" | "retry_scheduled" => "xxxxx-x---",
            "started" | "cold_started" | "finished" | "failed" | "timed_out" => "xxxxxxxx--",
            "processed" | "rejected" | "dead_lettered" | "expired" | "filtered" => "xxxxx??-??",
            // A record that its producer could not write never came near a function.
            "dropped" => "?xxxx??-??",
            "delivered_to_destination" => "xxxxxxx-??",
            "reclaimed" => "x------x--",
            "bisected" => "xxxxxxx---",
            other => return Err(format!("unknown fact {other} in {line}")),
        };
        // The final call of a tumbling window carries no records.
        let is_empty = cells[6] == "0";
        for (place, (cell, want)) in cells[2..].iter().zip(wanted.chars()).enumerate() {
            let want = if is_empty && matches!(place, 2 | 3) { '-' } else { want };
            ensure!(want == '?' || (want == 'x') != cell.is_empty(), "a column is amiss, want {wanted}: {line}");
        }
        let number = |place: usize| cells[place].parse::<u64>().ok();
        for place in [4, 5, 6, 7, 8, 11] {
            ensure!(cells[place].is_empty() || number(place).is_some(), "no number in column {place} of {line}");
        }
        if let (Some(first), Some(end)) = (number(4), number(5)) {
            ensure!(first <= end, "events go backwards in {line}");
            let n = number(6).unwrap_or(0);
            let whole = end - first + 1;
            let ok = if cells[1] == "delivered_to_destination" { n >= whole } else { n == whole };
            ensure!(ok, "n_events is {n} for {whole} events in {line}");
        }
    }
    Ok(())
}

/// The rows of one fact about one batch, at the start of `rows`.
fn group(rows: &[Row]) -> &[Row] {
    let key = |row: &Row| {
        (row.nanos, row.fact.clone(), row.invocation, row.source.clone(), row.attempt, row.environment.clone())
    };
    let first = &rows[0];
    if first.invocation.is_none() || first.fact == "delivered_to_destination" {
        return &rows[..1];
    }
    let more = rows.iter().skip(1).take_while(|row| row.fact == first.fact && key(row) == key(first)).count();
    &rows[..=more]
}

fn events(group: &[Row]) -> impl Iterator<Item = u64> + '_ {
    group.iter().flat_map(|row| row.first_event.unwrap_or(1)..=row.last_event.unwrap_or(0))
}

/// What became of one event so far.
#[derive(Default)]
struct Event {
    emitted: u64,
    /// Of an asynchronous event: whether Lambda has it.
    accepted: bool,
    fate: Option<(&'static str, u64)>,
    /// Of the client or the service, and from Lambda's 202 on, of its queue.
    tries: u64,
    /// How often it was tried as number 1, 2 ... where the queue may hold it twice.
    tally: BTreeMap<u64, u32>,
    /// Tries of the copy of a processed record.
    copies: u64,
    /// Whether the copy of a message was processed, too.
    copy_gone: bool,
    /// Whether its chain of functions went round too often.
    stopped: bool,
    running: u32,
    failures: u64,
    waits: bool,
    started: bool,
    starts: u64,
    messages: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Environment {
    Busy,
    Idle(u64),
    Gone,
}

struct FunctionHistory<'a> {
    name: &'a str,
    spec: &'a FunctionSpec,
    environments: Vec<Environment>,
    /// The first so many are provisioned.
    provisioned: usize,
    alive: Level,
    concurrency: Level,
    scaling: Option<Bucket>,
    requests: Option<Bucket>,
    counts: BTreeMap<&'static str, u64>,
    billing: Billing,
    failure_destinations: usize,
    /// Those of them that are no functions.
    last_destinations: usize,
}

struct SourceHistory<'a> {
    name: &'a str,
    kind: &'static str,
    mode: Mode,
    invocation_type: InvocationType,
    terms: Terms,
    events: Vec<Event>,
    backlog_level: Level,
    running: u64,
    /// Destinations of its own.
    destinations: usize,
    deliveries: u64,
    processed: Vec<(u64, u64)>,
    /// In order of their first start.
    batches: Vec<Batch>,
}

struct Batch {
    events: Vec<u64>,
    start: u64,
}

struct Running<'a> {
    rows: &'a [Row],
    cold: bool,
}

/// What the rows so far have told.
struct History<'a> {
    scenario: &'a Scenario,
    functions: BTreeMap<&'a str, FunctionHistory<'a>>,
    sources: BTreeMap<&'a str, SourceHistory<'a>>,
    account: Level,
    unreserved: u64,
    unreserved_limit: Option<u64>,
    requests: Option<Bucket>,
    /// New environments of all functions without a rate of their own, under older rules.
    region: Option<Bucket>,
    running: BTreeMap<u64, Running<'a>>,
    /// The batch of the invocation that finished last, until it is told what of it goes back.
    finished: Option<&'a [Row]>,
    accepted: Option<(u64, u64)>,
    started: u64,
    ended: Option<(u64, u64, &'static str, &'a str)>,
    messages: u64,
    messages_counted: u64,
    warm_up: u64,
    last: u64,
}

impl<'a> History<'a> {
    fn new(scenario: &'a Scenario, keys: &toml::Table) -> Result<History<'a>, String> {
        let account = scenario.account.concurrent_executions.count();
        let claimed: u64 = scenario.functions.iter().map(|(_, spec)| spec.claim().held()).sum();
        // F§2.15: each function for itself since November 2023, all of the Region together before.
        let each_scales = scenario.profile >= Profile::November2023;
        let burst = scenario.account.burst_concurrency.unwrap_or(3000) as f64;
        let functions = scenario.functions.iter().map(|(name, spec)| {
            let per_second = |limit: u64| Bucket::new(10.0 * limit as f64, 10.0 * limit as f64);
            let config = spec.event_invoke_config.clone().unwrap_or_default();
            // Provisioned environments are ready from the start, and come first in number.
            let provisioned = spec.provisioned_concurrent_executions.unwrap_or(0);
            let mut alive = Level::new();
            alive.change(0, provisioned as i64);
            let function = FunctionHistory {
                name,
                spec,
                environments: vec![Environment::Idle(0); provisioned as usize],
                provisioned: provisioned as usize,
                alive,
                concurrency: Level::new(),
                scaling: spec
                    .scaling_rate
                    .map_or(each_scales.then_some(1000), Limit::count)
                    .map(|limit| Bucket::new(limit as f64 / 10.0, limit as f64)),
                requests: spec.reserved_concurrent_executions.filter(|limit| *limit > 0).map(per_second),
                counts: BTreeMap::new(),
                billing: Billing::new(spec, scenario.profile),
                failure_destinations: config.dead_letter_queue.iter().chain(&config.on_failure).count(),
                last_destinations: {
                    let is_last = |kind: &&DestinationKind| !matches!(kind, DestinationKind::Lambda(_));
                    config.dead_letter_queue.iter().chain(&config.on_failure).filter(is_last).count()
                },
            };
            (name.as_str(), function)
        });
        let mut sources = BTreeMap::new();
        let until = scenario.duration.map_or(0, SimDuration::nanos);
        for source in &scenario.sources {
            let terms = Terms::new(source, scenario, keys, until).ok_or("a source without keys")?;
            sources.insert(
                source.name.as_str(),
                SourceHistory {
                    name: &source.name,
                    kind: source.kind.name,
                    mode: source.kind.mode,
                    invocation_type: source.definition.invocation_type(),
                    terms,
                    events: Vec::new(),
                    backlog_level: Level::new(),
                    running: 0,
                    destinations: source.definition.destinations().len(),
                    deliveries: 0,
                    processed: Vec::new(),
                    batches: Vec::new(),
                },
            );
        }
        Ok(History {
            scenario,
            functions: functions.collect(),
            sources,
            account: Level::new(),
            unreserved: 0,
            unreserved_limit: account.map(|limit| limit.saturating_sub(claimed)),
            requests: account.map(|limit| Bucket::new(10.0 * limit as f64, 10.0 * limit as f64)),
            region: (!each_scales).then(|| Bucket::new(500.0 / 60.0, burst)),
            running: BTreeMap::new(),
            finished: None,
            accepted: None,
            started: 0,
            ended: None,
            messages: 0,
            messages_counted: 0,
            warm_up: scenario.warm_up.length().nanos(),
            last: 0,
        })
    }

    /// Takes the rows of one fact; `next` is the row after them.
    fn take(&mut self, group: &'a [Row], next: Option<&Row>) -> Result<(), String> {
        let row = &group[0];
        let now = row.nanos;
        if row.fact != "reclaimed" {
            self.last = now;
        }
        for pair in group.windows(2) {
            ensure!(pair[0].last_event.map(|n| n + 1) < pair[1].first_event, "the runs of a batch are not maximal");
        }
        if row.source.is_empty() {
            return self.reclaimed(row);
        }
        ensure!(self.sources.contains_key(row.source.as_str()), "unknown source");
        let unwritten = row.fact == "dropped" && row.function.is_empty();
        let known = row.fact == "emitted" || unwritten || self.functions.contains_key(row.function.as_str());
        ensure!(known, "unknown function");
        let known = self.sources[row.source.as_str()].events.len() as u64;
        let fresh = u64::from(row.fact == "emitted");
        ensure!(events(group).all(|event| event < known + fresh), "an event that has not occurred");
        self.returned(Some(row))?;
        self.in_order(row)?;
        match row.fact.as_str() {
            "emitted" => {
                let source = self.source(row);
                ensure!(row.first_event == Some(known), "events are numbered in order, and this is number {known}");
                source.events.push(Event { emitted: now, waits: source.mode == Mode::Pull, ..Event::default() });
                if source.mode == Mode::Pull {
                    source.backlog_level.change(now, 1);
                }
                Ok(())
            }
            "accepted" => self.accepted(row),
            "throttled" | "denied" | "unavailable" => {
                if row.fact == "throttled" {
                    // A batch of a stream takes a row for each of its runs, and which belong together is not told.
                    let sure = self.source(row).mode == Mode::Push;
                    self.count(row, if sure { "throttles" } else { "rows of throttled batches" }, 1);
                }
                // Who may not call hears of that first.
                ensure!((row.fact == "denied") != self.source(row).terms.permission, "permission and 403 disagree");
                self.tried(group)
            }
            "retry_scheduled" => {
                let source = self.source(row);
                let queued = source.invocation_type == InvocationType::Event;
                let has_copies = source.has_copies();
                for event in events(group) {
                    let state = &source.events[event as usize];
                    let open = state.fate.is_none() || has_copies || state.copies > 0;
                    ensure!(open, "event {event} has its fate, and is to be tried again");
                    if queued && state.accepted && state.fate.is_none() {
                        source.wait(event, now);
                    }
                }
                Ok(())
            }
            "bisected" => {
                let open = events(group)
                    .filter(|event| self.sources[row.source.as_str()].events[*event as usize].fate.is_none());
                ensure!(open.count() > 1, "a batch of one record, or of settled ones, is split");
                Ok(())
            }
            "started" => self.started(group, next),
            "cold_started" => Ok(()),
            "finished" | "failed" | "timed_out" => self.ended(group),
            "delivered_to_destination" => self.message(group),
            _ => self.fate(group),
        }
    }

    fn source(&mut self, row: &Row) -> &mut SourceHistory<'a> {
        self.sources.get_mut(row.source.as_str()).expect("checked before")
    }

    fn function(&mut self, row: &Row) -> &mut FunctionHistory<'a> {
        self.functions.get_mut(row.function.as_str()).expect("checked before")
    }

    /// Counts what happened after the warm-up.
    fn count(&mut self, row: &Row, what: &'static str, more: u64) {
        if row.nanos >= self.warm_up {
            *self.function(row).counts.entry(what).or_default() += more;
        }
    }

    fn accepted(&mut self, row: &'a Row) -> Result<(), String> {
        let now = row.nanos;
        let synchronous = self.source(row).invocation_type == InvocationType::RequestResponse;
        ensure!(synchronous == row.invocation.is_some(), "a synchronous call has an invocation, no other has");
        ensure!(self.source(row).terms.permission, "accepted without permission");
        if let Some(invocation) = row.invocation {
            self.accepted = Some((invocation, now));
            let taken = self.requests.as_mut().is_none_or(|bucket| bucket.take(now));
            ensure!(taken, "more requests a second than the account has");
            let taken = self.function(row).requests.as_mut().is_none_or(|bucket| bucket.take(now));
            ensure!(taken, "more requests a second than the reserved share has");
        } else if self.source(row).invocation_type == InvocationType::Event {
            self.count(row, "async_events_received", 1);
            let source = self.source(row);
            let event = &mut source.events[row.first_event.unwrap_or(0) as usize];
            ensure!(event.fate.is_none() && !event.accepted, "an event is accepted once, before its fate");
            event.accepted = true;
            event.tries = 0;
            source.wait(row.first_event.unwrap_or(0), now);
        }
        Ok(())
    }

    /// A try of events that have no fate yet; tries are numbered upwards.
    fn tried(&mut self, group: &[Row]) -> Result<(), String> {
        let attempt = group[0].attempt.unwrap_or(0);
        let source = self.source(&group[0]);
        let (is_queue, has_copies) = (source.is_queue(), source.has_copies());
        for event in events(group) {
            let state = &mut source.events[event as usize];
            if has_copies && state.accepted {
                state.tried_twice(attempt).map_err(|why| format!("event {event}: {why}"))?;
                continue;
            }
            // F§4.26: at least once. The copy of a batch follows at once, and decides nothing.
            if let Some(fate) = state.fate {
                let again = match is_queue {
                    // A message that comes again after it was processed is received until it is processed once more.
                    true => fate.0 == "processed" && !state.copy_gone,
                    false => fate == ("processed", group[0].nanos) && state.copies == 0,
                };
                let twice = source.mode == Mode::Pull && source.terms.twice;
                ensure!(twice && again, "event {event} is tried after its fate");
                state.copies += 1;
            }
            ensure!(attempt > state.tries, "event {event}: attempt {attempt} after attempt {}", state.tries);
            // Before Lambda has the event, its sender counts; a client counts those tries, too, that end at a gateway.
            let follows = source.mode == Mode::Push && !state.accepted;
            // Messages of a queue meet in a batch with different histories: its try is above all of theirs.
            let follows_none = follows || is_queue;
            ensure!(
                follows_none || attempt == state.tries + 1,
                "event {event}: attempt {attempt} after {}",
                state.tries
            );
            let most = source.terms.attempts;
            ensure!(!follows || attempt <= most, "attempt {attempt} of at most {most}");
            state.tries = attempt;
        }
        Ok(())
    }

    /// What of a batch neither is processed nor runs any more goes back, which the first row after its invocation's end shows.
    fn returned(&mut self, next: Option<&Row>) -> Result<(), String> {
        let Some(finished) = self.finished else { return Ok(()) };
        let end = &finished[0];
        let is_end = |row: &Row| row.fact == "processed" && row.invocation == end.invocation;
        let decides = next.is_none_or(|row| row.source == end.source && !is_end(row));
        if !decides {
            return Ok(());
        }
        self.finished = None;
        let source = self.source(end);
        let open = |event: &u64| source.events[*event as usize].fate.is_none();
        let back: Vec<u64> = events(finished).filter(open).collect();
        if back.is_empty() {
            return Ok(());
        }
        let all: Vec<u64> = events(finished).collect();
        match source.terms.answer {
            Some(BatchItemFailures::Malformed) => ensure!(back == all, "without a valid answer, only {back:?} go back"),
            Some(BatchItemFailures::Poisoned) => {
                // F§4.21 and F§6.8: all from the first failed one on, but for a standard queue.
                let in_order = source.terms.fifo || source.terms.lanes.is_some();
                ensure!(!in_order || all.ends_with(&back), "{back:?} go back, and later ones do not");
            }
            _ => return Err(format!("the invocation finished, and {back:?} were not processed")),
        }
        for event in back {
            source.wait(event, end.nanos);
        }
        Ok(())
    }

    /// While Lambda's service is out of order nothing is accepted and nothing starts, and only then it answers 500.
    fn in_order(&self, row: &Row) -> Result<(), String> {
        let outages = &self.scenario.account.service_outages;
        let out = outages.iter().any(|outage| (outage.from.nanos()..outage.to.nanos()).contains(&row.nanos));
        let fits = match row.fact.as_str() {
            "unavailable" => out,
            "accepted" | "started" | "throttled" => !out,
            _ => true,
        };
        ensure!(fits, "{} while the service is {}", row.fact, if out { "out of order" } else { "in order" });
        Ok(())
    }

    fn started(&mut self, group: &'a [Row], next: Option<&Row>) -> Result<(), String> {
        let row = &group[0];
        let now = row.nanos;
        let invocation = row.invocation.unwrap_or(0);
        ensure!(invocation == self.started, "invocation {invocation} is number {} to start", self.started);
        self.started += 1;
        let size: u64 = group.iter().filter_map(|row| row.n_events).sum();
        self.tried(group)?;
        let synchronous = self.source(row).invocation_type == InvocationType::RequestResponse;
        let accepted = self.accepted.take() == Some((invocation, now));
        ensure!(synchronous == accepted, "a synchronous invocation starts as it is accepted");

        // The events.
        let counts = now >= self.warm_up;
        let source = self.source(row);
        ensure!(source.terms.permission, "started without permission");
        source.running += 1;
        source.deliveries += if counts { size } else { 0 };
        let at_once = match (source.mode == Mode::Pull || !synchronous, source.has_copies()) {
            (true, false) => 1,
            (true, true) => 2,
            (false, _) => u32::MAX,
        };
        for event in events(group) {
            let state = &mut source.events[event as usize];
            ensure!(state.running < at_once, "event {event} is in more than {at_once} invocations at once");
            ensure!(at_once > 1 || state.waits || state.copies > 0, "event {event} starts without having waited");
            state.running += 1;
            source.go_on(event, now);
        }
        source.one_window(group)?;
        if let Some(most) = source.terms.consumers.as_ref().map(|consumers| consumers.most_at(now)) {
            ensure!(source.running <= most, "{} batches in flight, and consumers take {most}", source.running);
        }
        if let Some(lanes) = source.terms.lanes {
            ensure!(source.running <= lanes, "{} batches in flight on {lanes} lanes", source.running);
            let numbers: Vec<u64> = events(group).collect();
            let fresh = numbers.iter().filter(|event| !source.events[**event as usize].started).count();
            ensure!(fresh == 0 || fresh == numbers.len(), "{fresh} records of a batch of {} are new", numbers.len());
            numbers.iter().for_each(|event| source.events[*event as usize].started = true);
            if fresh > 0 {
                source.batches.push(Batch { events: numbers, start: now });
            }
        } else if let Some((most, one_group, receives)) = source.terms.queue {
            ensure!(source.running <= most, "{} batches in flight, of {most}", source.running);
            let batch: Vec<u64> = events(group).collect();
            for event in &batch {
                source.events[*event as usize].starts += 1;
                let starts = source.events[*event as usize].starts;
                ensure!(starts <= receives, "event {event} is received for time {starts} of {receives}");
            }
            let last = batch.iter().max().copied().filter(|_| one_group).unwrap_or(0);
            let passed = (0..last).find(|n| source.events[*n as usize].fate.is_none() && !batch.contains(n));
            ensure!(passed.is_none(), "the group's event {passed:?} is passed over");
        } else if source.mode == Mode::Push {
            ensure!(size == 1, "a push source sends one event at a time, not {size}");
        }

        // The environment.
        let cold = next.is_some_and(|next| next.fact == "cold_started" && next.invocation == row.invocation);
        self.count(row, "invocations", 1);
        self.count(row, "cold_starts", u64::from(cold));
        let function = self.function(row);
        let number = function.environment(row)?;
        if cold {
            ensure!(number == function.environments.len(), "environment {number} is new, and not next in number");
            function.environments.push(Environment::Busy);
            function.alive.change(now, 1);
            let taken = function.scaling.as_mut().is_none_or(|bucket| bucket.take(now));
            ensure!(taken, "more new environments than the scaling rate allows");
            let shares = function.spec.scaling_rate.is_none();
            let taken = self.region.as_mut().filter(|_| shares).is_none_or(|bucket| bucket.take(now));
            ensure!(taken, "more new environments than the Region gives");
        } else {
            let state = function.environments.get(number).copied();
            let Some(Environment::Idle(since)) = state else {
                let why = ["busy", "gone", "never made"][match state {
                    Some(Environment::Busy) => 0,
                    Some(_) => 1,
                    None => 2,
                }];
                return Err(format!("environment {number} is taken, and it is {why}"));
            };
            if let DistributionSpec::Constant(keep_alive) = &function.spec.keep_alive
                && number >= function.provisioned
            {
                ensure!(now - since <= keep_alive.nanos(), "environment {number} was idle for too long");
            }
            function.environments[number] = Environment::Busy;
        }

        let function = self.function(row);
        let provisioned = number < function.provisioned;
        let any_idle = function.environments[..function.provisioned].iter().any(|e| matches!(e, Environment::Idle(_)));
        ensure!(provisioned || synchronous || !any_idle, "on demand, with a provisioned environment idle");

        // The limits.
        function.concurrency.change(now, 1);
        if let Some(limit) = function.spec.reserved_concurrent_executions {
            ensure!(function.concurrency.value <= limit, "{} run, {limit} are reserved", function.concurrency.value);
        } else if !provisioned {
            self.unreserved += 1;
        }
        self.account.change(now, 1);
        let unreserved = self.unreserved_limit.is_none_or(|limit| self.unreserved <= limit);
        ensure!(unreserved, "{} run unreserved, of {:?}", self.unreserved, self.unreserved_limit);
        let limit = self.scenario.account.concurrent_executions.count();
        ensure!(limit.is_none_or(|limit| self.account.value <= limit), "{} run, of {limit:?}", self.account.value);
        self.running.insert(invocation, Running { rows: group, cold });
        Ok(())
    }

    fn ended(&mut self, group: &'a [Row]) -> Result<(), String> {
        let row = &group[0];
        let now = row.nanos;
        let invocation = row.invocation.unwrap_or(0);
        let running = self.running.remove(&invocation).ok_or("this invocation does not run")?;
        let start = &running.rows[0];
        let whole = |row: &Row| (row.function.clone(), row.source.clone(), row.attempt, row.environment.clone());
        ensure!(whole(start) == whole(row), "the invocation started as {:?}", whole(start));
        ensure!(events(running.rows).eq(events(group)), "the invocation started with other events");
        let length = now - start.nanos;
        let billed = self.function(row).billing.of(length, running.cold);
        self.count(row, "billed_ms", billed.0);
        self.count(row, "most billed_ms", billed.1);
        self.count(row, "ended", 1);
        let fails = row.fact != "finished";
        self.count(row, "errors", u64::from(fails));
        self.count(row, "timeouts", u64::from(row.fact == "timed_out"));

        let function = self.function(row);
        let timeout = function.spec.timeout.nanos();
        if !running.cold {
            let fits = if row.fact == "timed_out" { length == timeout } else { length <= timeout };
            ensure!(fits, "{} after {length} ns, and the timeout is {timeout} ns", row.fact);
        }
        let number = function.environment(row)?;
        function.environments[number] = Environment::Idle(now);
        function.concurrency.change(now, -1);
        let retries = function.spec.event_invoke_config.clone().unwrap_or_default().maximum_retry_attempts;
        if function.spec.reserved_concurrent_executions.is_none() && number >= function.provisioned {
            self.unreserved -= 1;
        }
        self.account.change(now, -1);
        self.ended = Some((invocation, now, if fails { "failed" } else { "finished" }, &row.function));

        let source = self.source(row);
        source.running -= 1;
        let asynchronous = source.invocation_type == InvocationType::Event;
        let most = (u64::from(retries) + 1) * if source.has_copies() { 2 } else { 1 };
        for event in events(group) {
            let state = &mut source.events[event as usize];
            state.running -= 1;
            state.failures += u64::from(fails);
            state.copy_gone |= !fails && state.fate.is_some();
            ensure!(
                !asynchronous || state.failures <= most,
                "event {event} failed {} times, with {retries} retries allowed",
                state.failures
            );
            if fails && source.mode == Mode::Pull && state.fate.is_none() {
                source.wait(event, now);
            }
        }
        if !fails && source.mode == Mode::Pull {
            self.finished = Some(group);
        }
        Ok(())
    }

    fn fate(&mut self, group: &[Row]) -> Result<(), String> {
        let row = &group[0];
        let now = row.nanos;
        let fate = FATES.into_iter().find(|fate| *fate == row.fact).ok_or_else(|| format!("no fate: {}", row.fact))?;
        let ended = self.ended;
        // F§2.20: a chain that went round too often calls no function any more.
        let stopped = row.condition == "RecursiveInvocation";
        let destinations = |function: &FunctionHistory<'_>| match stopped {
            true => function.last_destinations,
            false => function.failure_destinations,
        };
        let mut failure_destinations = self.functions.get(row.function.as_str()).map_or(0, destinations);
        let source = self.sources.get_mut(row.source.as_str()).expect("checked before");
        let asynchronous = source.invocation_type == InvocationType::Event;
        if let Some(invocation) = row.invocation {
            let want = if fate == "processed" { "finished" } else { "failed" };
            ensure!(
                ended == Some((invocation, now, want, row.function.as_str())),
                "decided by invocation {invocation}; ended last: {ended:?}"
            );
        } else {
            let dry = source.invocation_type == InvocationType::DryRun;
            ensure!(fate != "processed" || dry, "processed by no invocation");
        }
        for event in events(group) {
            let state = &mut source.events[event as usize];
            if let Some((other, at)) = state.fate {
                return Err(format!("event {event} was {other} at {at} ns, and is now {fate}"));
            }
            state.fate = Some((fate, now));
            state.stopped = stopped;
            source.go_on(event, now);
            if fate == "processed" {
                source.processed.push((now, event));
            }
        }
        // A condition is the word of the asynchronous queue, or of a stream's mapping that gives a batch up.
        let by_mapping = ["RetryAttemptsExhausted", "RecordAgeExceeded"].contains(&row.condition.as_str());
        ensure!(row.condition.is_empty() || asynchronous != by_mapping, "{} in such a source", row.condition);
        if by_mapping {
            failure_destinations = source.destinations;
        }
        if fate != "processed" && !row.condition.is_empty() {
            let told = failure_destinations > 0;
            ensure!((fate == "dead_lettered") == told, "{fate}, with {failure_destinations} destinations of failures");
            if asynchronous {
                self.count(row, "async_events_dropped", 1);
            }
        }
        Ok(())
    }

    fn message(&mut self, group: &[Row]) -> Result<(), String> {
        let row = &group[0];
        // A message about several runs of events has a row for each.
        let continues = self.messages > 0 && row.invocation == Some(self.messages - 1);
        ensure!(continues || row.invocation == Some(self.messages), "message {} comes next", self.messages);
        if !continues {
            self.messages += 1;
            self.messages_counted += u64::from(row.nanos >= self.warm_up);
        }
        let source = self.source(row);
        for number in events(group) {
            let event = &mut source.events[number as usize];
            ensure!(
                event.fate.is_some_and(|(_, at)| at == row.nanos),
                "a message goes out as the event meets its fate"
            );
            let success = row.condition == "Success";
            let processed = event.fate.map(|fate| fate.0) == Some("processed");
            ensure!(success == processed, "{} for {:?}", row.condition, event.fate);
            event.messages += 1;
        }
        Ok(())
    }

    fn reclaimed(&mut self, row: &Row) -> Result<(), String> {
        ensure!(self.functions.contains_key(row.function.as_str()), "unknown function");
        let function = self.function(row);
        let number = function.environment(row)?;
        let Some(Environment::Idle(since)) = function.environments.get(number).copied() else {
            return Err(format!("environment {number} is reclaimed and was not idle"));
        };
        ensure!(number >= function.provisioned, "provisioned environment {number} is reclaimed");
        function.environments[number] = Environment::Gone;
        function.alive.change(row.nanos, -1);
        let idle = row.nanos - since;
        if let DistributionSpec::Constant(keep_alive) = &function.spec.keep_alive {
            let fits = idle == keep_alive.nanos() || function.spec.max_lifetime.is_some() && idle < keep_alive.nanos();
            ensure!(fits, "environment {number} was idle for {idle} ns");
        }
        Ok(())
    }

    /// Mappings that share a stream read the same records, but for those that lay in it before one of them began.
    fn shared_streams(&self) -> Result<(), String> {
        for source in self.sources.values() {
            let Some(owner) = source.terms.owner.as_ref().and_then(|owner| self.sources.get(owner.as_str())) else {
                continue;
            };
            let written = |source: &SourceHistory<'_>| {
                let events = source.events.iter().skip(source.terms.backlog.0 as usize);
                events.map(|event| event.emitted).collect::<Vec<_>>()
            };
            ensure!(written(source) == written(owner), "{} and {} read different records", source.name, owner.name);
        }
        Ok(())
    }

    /// Holds what the rows told against the summary.
    fn holds_against(&self, summary: &Value) -> Result<(), String> {
        // What a function is sent as a destination prolongs no emission.
        let own = self.sources.values().filter(|source| source.kind != "lambda");
        let emitted = own.flat_map(|source| source.events.iter().map(|event| event.emitted));
        let last_emission = emitted.max().unwrap_or(0);
        let until = self.scenario.duration.map(SimDuration::nanos);
        let window = (self.warm_up, until.unwrap_or(last_emission).max(self.warm_up));
        let horizon = until.unwrap_or(last_emission).saturating_add(self.scenario.drain.nanos());
        let undecided = self.sources.values().any(|source| source.events.iter().any(|event| event.fate.is_none()));
        let cut = undecided || !self.running.is_empty();
        let got = summary["ended_at_s"].as_f64().unwrap_or(-1.0);
        // The final call of a tumbling window may still be owed when the run is cut off; the rows do not tell of what never came.
        let owes = |source: &SourceHistory<'_>| source.terms.tumbling.is_some() && !source.events.is_empty();
        let owed = self.sources.values().any(owes) && close(got, horizon as f64 / SECOND);
        let ended_at = if cut || owed { horizon } else { self.last };
        ensure!(
            close(got, ended_at as f64 / SECOND),
            "ended_at_s is {got}, the last fact came at {ended_at} ns, cut: {cut}"
        );
        ensure!(self.last <= horizon, "something happened after the drain, at {} ns", self.last);
        self.shared_streams()?;
        for source in self.sources.values() {
            source
                .holds_against(&summary["sources"][source.name], window)
                .map_err(|why| format!("{}: {why}", source.name))?;
        }
        for function in self.functions.values() {
            let figures = &summary["functions"][function.name];
            function.holds_against(figures, window).map_err(|why| format!("{}: {why}", function.name))?;
        }
        level("account.concurrent_executions", &summary["account"]["concurrent_executions"], &self.account, window)?;
        let destinations = summary["destinations"].as_object().ok_or("no destinations")?;
        let sum: u64 = destinations.values().filter_map(|destination| destination["messages"].as_u64()).sum();
        ensure!(sum == self.messages_counted, "{sum} messages, and {} rows", self.messages_counted);
        for source in self.sources.values().filter(|source| source.mode == Mode::Pull) {
            for (number, event) in source.events.iter().enumerate() {
                let moved = event.fate.is_some_and(|(fate, _)| fate == "dead_lettered");
                let messages = event.messages;
                ensure!(messages == usize::from(moved), "event {number}: {:?}, {messages} messages", event.fate);
            }
        }
        for source in self.sources.values().filter(|source| source.invocation_type == InvocationType::Event) {
            for (number, event) in source.events.iter().enumerate() {
                let want = event.messages_wanted(self, source);
                ensure!(
                    want.contains(&event.messages),
                    "event {number} of {}: {:?}, {} messages",
                    source.name,
                    event.fate,
                    event.messages
                );
            }
        }
        finite("summary", summary)
    }
}

/// What is billed of an invocation.
struct Billing {
    /// In nanoseconds.
    step: u64,
    /// Of a cold start, what is never billed: the least and the most of it.
    free: (u64, u64),
}

impl Billing {
    /// F§10.1 and F§10.6: in steps of 100 ms before December 2020; cold starts since August 2025, those of images and of custom
    /// runtimes always. The platform's share, 275 ms, is in no bill; it is there where the cold start is not given.
    fn new(spec: &FunctionSpec, profile: Profile) -> Billing {
        let is_given = spec.init_duration.is_some() || spec.snap_start;
        let platform = if is_given { 0 } else { 275_000_000 };
        let always = spec.package_type == PackageType::Image || spec.runtime == Some(Runtime::ProvidedAl2023);
        let is_billed = always || profile >= Profile::August2025;
        let step = if profile >= Profile::December2020 { 1_000_000 } else { 100_000_000 };
        Billing { step, free: (platform, if is_billed { platform } else { u64::MAX }) }
    }

    /// The least and the most that is billed, in milliseconds.
    fn of(&self, length: u64, cold: bool) -> (u64, u64) {
        let billed = |length: u64| length.div_ceil(self.step) * (self.step / 1_000_000);
        let (least_free, most_free) = if cold { self.free } else { (0, 0) };
        (billed(length.saturating_sub(most_free)), billed(length.saturating_sub(least_free)))
    }
}

impl Event {
    /// An event that the asynchronous queue may hold twice is tried: which of the two is the copy is not told (F§3.9).
    fn tried_twice(&mut self, attempt: u64) -> Result<(), String> {
        let before = if attempt == 1 { 2 } else { self.tally.get(&(attempt - 1)).copied().unwrap_or(0) };
        let times = self.tally.entry(attempt).or_default();
        *times += 1;
        ensure!(*times <= before, "attempt {attempt} for time {times}, after {before} attempts before it");
        Ok(())
    }

    /// How many messages its fate asks for: with a target column any function may have had it.
    fn messages_wanted(&self, history: &History<'_>, source: &SourceHistory<'_>) -> Vec<usize> {
        let place = history.scenario.sources.iter().find(|other| other.name == source.name);
        let Some(place) = place else { return vec![] };
        let common = place.definition.common();
        let any =
            matches!(&common.arrivals, Some(pushpull::arrivals::ArrivalsSpec::Trace(t)) if t.target_column.is_some());
        let functions = history.scenario.functions.iter().enumerate();
        let functions = functions.filter(|(number, _)| any || *number == place.target as usize);
        let wanted = functions.map(|(_, (name, spec))| {
            let config = spec.event_invoke_config.clone().unwrap_or_default();
            match self.fate {
                Some(("processed", _)) => usize::from(config.on_success.is_some()),
                // What Lambda did not accept, its sender keeps.
                Some(("dead_lettered", _)) if !self.accepted => source.destinations,
                Some(("dead_lettered", _)) if self.stopped => history.functions[name.as_str()].last_destinations,
                Some(("dead_lettered", _)) => history.functions[name.as_str()].failure_destinations,
                _ => 0,
            }
        });
        wanted.collect()
    }
}

impl FunctionHistory<'_> {
    fn environment(&self, row: &Row) -> Result<usize, String> {
        let (name, number) = row.environment.rsplit_once('/').ok_or("no environment")?;
        ensure!(name == self.name, "an environment of {name} serves {}", self.name);
        number.parse().map_err(|_| format!("environment {number}"))
    }

    fn holds_against(&self, figures: &Value, window: (u64, u64)) -> Result<(), String> {
        let counts = |what: &str| self.counts.get(what).copied().unwrap_or(0);
        for what in
            ["invocations", "errors", "timeouts", "cold_starts", "async_events_received", "async_events_dropped"]
        {
            number(figures, what, counts(what))?;
        }
        let billed = counts("billed_ms")..=counts("most billed_ms");
        ensure!(
            figures["billed_ms"].as_u64().is_some_and(|ms| billed.contains(&ms)),
            "billed_ms is {}, and {billed:?} in the facts",
            figures["billed_ms"]
        );
        let (least, more) = (counts("throttles"), counts("rows of throttled batches"));
        let range = least + u64::from(more > 0)..=least + more;
        ensure!(
            figures["throttles"].as_u64().is_some_and(|n| range.contains(&n)),
            "throttles is {}, and {range:?} in the facts",
            figures["throttles"]
        );
        measured(&figures["duration_ms"], counts("ended") > 0, "duration_ms")?;
        measured(&figures["batch_size"], counts("invocations") > 0, "batch_size")?;
        level("concurrent_executions", &figures["concurrent_executions"], &self.concurrency, window)?;
        level("environments", &figures["environments"], &self.alive, window)
    }
}

impl SourceHistory<'_> {
    /// Whether its events are messages that can be received in any company.
    fn is_queue(&self) -> bool {
        self.terms.queue.is_some()
    }

    /// Whether Lambda's asynchronous queue may hold its events twice.
    fn has_copies(&self) -> bool {
        self.terms.twice && self.invocation_type == InvocationType::Event
    }

    /// An event begins to wait, unless it does.
    fn wait(&mut self, event: u64, now: u64) {
        if !std::mem::replace(&mut self.events[event as usize].waits, true) {
            self.backlog_level.change(now, 1);
        }
    }

    /// An event waits no longer, if it did.
    fn go_on(&mut self, event: u64, now: u64) {
        if std::mem::replace(&mut self.events[event as usize].waits, false) {
            self.backlog_level.change(now, -1);
        }
    }

    /// A batch lies within one tumbling window (F§4.25), counted from the beginning of the calendar.
    fn one_window(&self, batch: &[Row]) -> Result<(), String> {
        let Some((width, offset)) = self.terms.tumbling.filter(|_| self.terms.lanes.is_some()) else { return Ok(()) };
        let (backlog, age) = self.terms.backlog;
        let before = |event: u64| if event < backlog { i128::from(age) } else { 0 };
        let written = |event: u64| i128::from(self.events[event as usize].emitted) - before(event);
        let mut windows =
            events(batch).map(|event| (written(event) + i128::from(offset)).div_euclid(i128::from(width)));
        let first = windows.next();
        ensure!(windows.all(|window| Some(window) == first), "a batch of more than one window");
        Ok(())
    }

    fn holds_against(&self, figures: &Value, window: (u64, u64)) -> Result<(), String> {
        let counted = || self.events.iter().filter(|event| event.emitted >= window.0);
        number(figures, "events", counted().count() as u64)?;
        for fate in FATES {
            let met = counted().filter(|event| event.fate.is_some_and(|(other, _)| other == fate)).count();
            number(figures, fate, met as u64)?;
        }
        number(figures, "in_flight", counted().filter(|event| event.fate.is_none()).count() as u64)?;
        let sum: u64 = FATES.iter().chain(&["in_flight"]).filter_map(|fate| figures[*fate].as_u64()).sum();
        ensure!(figures["events"] == sum, "the fates and in_flight add up to {sum}, of {} events", figures["events"]);
        number(figures, "deliveries", self.deliveries)?;
        if self.has_copies() || self.is_queue() && self.terms.twice {
            // Which of two tries is the event's and which its copy's is not told, nor which message left a copy in its queue.
        } else if figures["backlog"]["max"].is_null() {
            ensure!(self.backlog_level.max(0) == 0, "something waited, and no backlog is told");
        } else {
            level("backlog", &figures["backlog"], &self.backlog_level, window)?;
        }

        // Latencies, event by event.
        let (backlog, age_at_start) = self.terms.backlog;
        let age = |event: u64| if event < backlog { age_at_start } else { 0 };
        let mut latencies = Vec::new();
        for (at, event) in &self.processed {
            let emitted = self.events[*event as usize].emitted;
            // A dry run ends in no invocation, so it has no latency.
            if emitted >= window.0 && self.invocation_type != InvocationType::DryRun {
                latencies.push(at - emitted + age(*event));
            }
        }
        measured(&figures["latency_ms"], !latencies.is_empty(), "latency_ms")?;
        mean_and_max(&figures["latency_ms"], &latencies, "latency_ms")?;
        measured(&figures["latency_parts_ms"], !latencies.is_empty(), "latency_parts_ms")?;
        if let Some(mean) = figures["latency_ms"]["mean"].as_f64() {
            let parts: Vec<f64> = PARTS.iter().filter_map(|p| figures["latency_parts_ms"][*p].as_f64()).collect();
            let sum: f64 = parts.iter().sum();
            ensure!(parts.iter().all(|part| *part >= 0.0), "a part of the latency is negative: {parts:?}");
            ensure!(close(sum, mean), "the parts add up to {sum}, the mean is {mean}: {parts:?}");
        }
        // A direct caller waits until its event's fate.
        if matches!(self.kind, "invoke" | "alexa") && self.invocation_type != InvocationType::Event {
            let waits = counted().filter_map(|event| event.fate.map(|(_, at)| at - event.emitted)).collect::<Vec<_>>();
            mean_and_max(&figures["response_ms"], &waits, "response_ms")?;
        }
        // The window's last instant belongs to it; where the last emission ends it, what follows in that instant may not.
        let length = window.1 - window.0;
        let processed = |end: u64| self.processed.iter().filter(|(at, _)| (window.0..end).contains(at)).count() as f64;
        match figures["throughput_per_s"].as_f64() {
            None => ensure!(length == 0, "no throughput in a window of {length} ns"),
            Some(rate) => {
                let got = rate * length as f64 / SECOND;
                let (least, most) = (processed(window.1), processed(window.1 + 1));
                ensure!(
                    got > least - 1e-6 && got < most + 1e-6,
                    "throughput of {got} events, and {least} to {most} were processed"
                );
            }
        }
        self.lanes()
    }

    /// The batches of a stream can be laid into its lanes, so that in each they follow one another in time and in number.
    fn lanes(&self) -> Result<(), String> {
        let Some(lanes) = self.terms.lanes else { return Ok(()) };
        let end = |batch: &Batch| {
            let fate = |event: &u64| self.events[*event as usize].fate.map_or(u64::MAX, |(_, at)| at);
            batch.events.iter().map(fate).max().unwrap_or(0)
        };
        let ends: Vec<u64> = self.batches.iter().map(end).collect();
        let before = |a: usize, b: usize| {
            ends[a] <= self.batches[b].start && self.batches[a].events.last() < self.batches[b].events.first()
        };
        if lanes == 1 {
            let broken = (1..self.batches.len()).find(|place| !before(place - 1, *place));
            ensure!(broken.is_none(), "batch {broken:?} does not follow the one before it");
            return Ok(());
        }
        // Fewest chains that hold all batches = batches less the largest matching of each to a follower (Dilworth).
        let count = self.batches.len();
        if count > 150 {
            return Ok(());
        }
        let mut leader: Vec<Option<usize>> = vec![None; count];
        fn find(
            a: usize,
            seen: &mut [bool],
            leader: &mut [Option<usize>],
            before: &dyn Fn(usize, usize) -> bool,
        ) -> bool {
            for b in 0..seen.len() {
                if !seen[b] && before(a, b) {
                    seen[b] = true;
                    if leader[b].is_none_or(|other| find(other, seen, leader, before)) {
                        leader[b] = Some(a);
                        return true;
                    }
                }
            }
            false
        }
        let matched = (0..count).filter(|a| find(*a, &mut vec![false; count], &mut leader, &before)).count();
        ensure!(
            (count - matched) as u64 <= lanes,
            "{count} batches need {} lanes, and there are {lanes}",
            count - matched
        );
        Ok(())
    }
}
