//! The loop: pop the earliest wake-up, let its actor act, deliver what it says, ask who acts next.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arrivals::parse_time;
use crate::distribution::{DistributionSpec, TimeUnit};
use crate::engine::{Agenda, DestinationId, FunctionId, Invoke, Reply, SourceId, Wake};
use crate::inputs::{InputError, Inputs};
use crate::platform::{Origin, Platform};
use crate::random::Key;
use crate::recording::{Claim, Context, Outcome, Recorder, Watch};
use crate::scenario::Scenario;
use crate::source::{EventSource, Site, StreamReads};
use crate::time::SimTime;

/// Simulates `scenario` with the draws of `seed`. Pure: what it reads comes from `inputs`, what happens is told to `watch`, and
/// the same arguments give the same outcome on any machine.
///
/// # Panics
/// If `inputs` no longer hold what the scenario was read with, or if the simulator is wrong: every run ends by asserting that
/// events are conserved and that concurrency adds up to the invocations' times.
pub fn simulate(scenario: &Scenario, seed: u64, inputs: &dyn Inputs, watch: &mut dyn Watch) -> Outcome {
    match World::new(scenario, seed, inputs, watch) {
        Ok(world) => world.run(scenario),
        Err(error) => panic!("inputs changed after the scenario was read: {error}"),
    }
}

/// An actor of the agenda.
#[derive(Clone, Copy)]
enum Actor {
    Function(FunctionId),
    Source(SourceId),
}

struct World<'a> {
    cast: Cast,
    ctx: Context<'a>,
    /// What is being delivered.
    calls: Vec<Invoke>,
    replies: Vec<Reply>,
    /// By destination: the source that makes events of its messages.
    relays: Vec<Option<SourceId>>,
}

/// All actors, and when each of them acts next.
struct Cast {
    platform: Platform,
    sources: Vec<Box<dyn EventSource>>,
    agenda: Agenda,
    /// By place in the agenda: functions and sources together, in order of name.
    actors: Vec<Actor>,
    /// Places in the agenda.
    function_places: Vec<u32>,
    source_places: Vec<u32>,
    /// Whether every event has its fate and no more will occur.
    is_over: bool,
}

impl Cast {
    fn source(&mut self, id: SourceId) -> &mut dyn EventSource {
        &mut *self.sources[id.0 as usize]
    }

    fn rekey_function(&mut self, id: FunctionId, next: Wake) {
        self.agenda.set(self.function_places[id.0 as usize], next);
    }

    fn rekey_source(&mut self, id: SourceId, next: Wake) {
        let next = if self.is_over { Wake::NEVER } else { next };
        self.agenda.set(self.source_places[id.0 as usize], next);
    }

    /// Asks an actor when it acts next.
    fn rekey(&mut self, actor: Actor) {
        match actor {
            Actor::Function(id) => self.rekey_function(id, self.platform.next_wake(id)),
            Actor::Source(id) => self.rekey_source(id, self.sources[id.0 as usize].next_wake()),
        }
    }
}

impl<'a> World<'a> {
    fn new(
        scenario: &Scenario,
        seed: u64,
        inputs: &dyn Inputs,
        watch: &'a mut dyn Watch,
    ) -> Result<World<'a>, InputError> {
        let root = Key::root(seed);
        let names = scenario.names();
        let until = scenario.duration.map(|duration| SimTime::ZERO + duration);
        let claims: Vec<Claim> = scenario.functions.iter().map(|(_, function)| function.claim()).collect();
        let recorder = Recorder::new(names.clone(), &claims, SimTime::ZERO + scenario.warm_up.length(), until, watch);
        let mut columns = Columns::new(inputs);
        let mut sampler =
            |spec: &DistributionSpec| spec.sampler(&mut |file, column, unit| columns.values(file, column, unit));
        let source_key = |name: &str| root.named("source").named(name);
        let origins = scenario.sources.iter().map(|source| Origin {
            key: source_key(&source.name),
            duplicate_rate: source.definition.common().duplicate_rate,
        });
        let rules = scenario.profile.rules();
        let platform =
            Platform::new(&scenario.account, &scenario.functions, rules, origins.collect(), root, &mut sampler);
        let destination = |name: &str| {
            let place = names.destinations.iter().position(|known| known == name);
            place.map(|place| DestinationId(place as u32))
        };
        let mut sources = Vec::new();
        let mut reads = StreamReads::default();
        for (place, source) in scenario.sources.iter().enumerate() {
            sources.push(source.definition.build(Site {
                id: SourceId(place as u32),
                name: &source.name,
                key: source_key(&source.name),
                target: FunctionId(source.target),
                function_timeout: scenario.functions[source.target as usize].1.timeout,
                functions: &names.functions,
                until,
                start: scenario.start,
                inputs,
                sampler: &mut sampler,
                watched: recorder.watched(),
                rules,
                account_concurrency: scenario.account.concurrent_executions.count(),
                batch_item_failures: scenario.functions[source.target as usize].1.batch_item_failures,
                key_of: &source_key,
                reads: &mut reads,
                destination: &|key| destination(&format!("{}.{key}", source.name)),
            })?);
        }
        if let Some(failure) = columns.failure {
            return Err(failure);
        }
        let mut order: Vec<(&str, bool, u32)> = Vec::new();
        order.extend(names.functions.iter().enumerate().map(|(place, name)| (name.as_str(), false, place as u32)));
        order.extend(names.sources.iter().enumerate().map(|(place, name)| (name.as_str(), true, place as u32)));
        order.sort_unstable();
        let mut cast = Cast {
            platform,
            agenda: Agenda::new(order.len() as u32),
            actors: Vec::new(),
            function_places: vec![0; names.functions.len()],
            source_places: vec![0; sources.len()],
            sources,
            is_over: false,
        };
        for (place, (_, is_source, id)) in order.iter().enumerate() {
            let actor = if *is_source {
                cast.source_places[*id as usize] = place as u32;
                Actor::Source(SourceId(*id))
            } else {
                cast.function_places[*id as usize] = place as u32;
                Actor::Function(FunctionId(*id))
            };
            cast.actors.push(actor);
            cast.rekey(actor);
        }
        Ok(World {
            cast,
            ctx: Context::new(recorder),
            calls: Vec::new(),
            replies: Vec::new(),
            // A function as a destination gets its messages through a source of the destination's name.
            relays: names
                .destinations
                .iter()
                .map(|name| names.sources.binary_search(name).ok().map(|place| SourceId(place as u32)))
                .collect(),
        })
    }

    fn run(mut self, scenario: &Scenario) -> Outcome {
        let until = scenario.duration.map(|duration| SimTime::ZERO + duration);
        let mut horizon = until.map_or(SimTime::NEVER, |until| until + scenario.drain);
        let mut ended_at = self.is_done().then_some(SimTime::ZERO);
        // Sources that will emit no more end the window of statistics, where no duration does.
        let mut emitting: Vec<bool> =
            self.cast.sources.iter().map(|source| until.is_none() && !source.is_exhausted()).collect();
        let mut last = ended_at.map_or(horizon, |ended_at| until.unwrap_or(ended_at));
        while let Some((place, wake)) = self.cast.agenda.first() {
            let at = wake.at();
            if at > last {
                break;
            }
            if at >= self.ctx.recorder.next_boundary() {
                self.close_next();
                continue;
            }
            assert!(at >= self.ctx.now, "an actor wanted to act at {at} s, and it is {} s", self.ctx.now);
            self.ctx.now = at;
            match self.cast.actors[place as usize] {
                Actor::Function(id) => {
                    let next = self.cast.platform.wake(id, wake, &mut self.ctx);
                    self.cast.agenda.set(place, next);
                }
                Actor::Source(id) => {
                    let next = self.cast.source(id).wake(wake, &mut self.ctx);
                    self.cast.agenda.set(place, next);
                    if emitting[id.0 as usize] && self.cast.source(id).is_exhausted() {
                        emitting[id.0 as usize] = false;
                        self.ctx.recorder.end_window(at);
                        if !emitting.contains(&true) {
                            horizon = at + scenario.drain;
                            last = horizon;
                        }
                    }
                }
            }
            self.deliver();
            if ended_at.is_none() && self.is_done() {
                ended_at = Some(at);
                last = until.unwrap_or(at).min(horizon);
                self.end();
            }
        }
        // What a lazy source has not told yet happened before the run was cut off.
        if ended_at.is_none() {
            while self.ctx.recorder.next_boundary() <= horizon {
                self.close_next();
            }
            self.catch_up(horizon);
        }
        let ended_at = ended_at.unwrap_or(horizon);
        let end = until.unwrap_or(ended_at);
        self.ctx.recorder.finish(ended_at, end)
    }

    /// Delivers all messages of the present instant, first come, first served. Calls bring about replies only, and replies calls only,
    /// so that all of the one are delivered before the next of the other.
    fn deliver(&mut self) {
        loop {
            if !self.ctx.calls.is_empty() {
                std::mem::swap(&mut self.ctx.calls, &mut self.calls);
                for call in &self.calls {
                    let next = self.cast.platform.invoke(call, &mut self.ctx);
                    self.cast.rekey_function(call.function, next);
                }
                self.calls.clear();
            }
            if self.ctx.replies.is_empty() {
                return;
            }
            std::mem::swap(&mut self.ctx.replies, &mut self.replies);
            for reply in &self.replies {
                match reply {
                    Reply::Settle(settle) => {
                        if let Some(next) = self.cast.source(settle.source).settle(settle, &mut self.ctx) {
                            self.cast.rekey_source(settle.source, next);
                        }
                    }
                    Reply::Deliver { destination, hops } => {
                        if let Some(source) = self.relays[destination.0 as usize] {
                            self.cast.source(source).relay(*hops, &mut self.ctx);
                        }
                    }
                }
            }
            self.replies.clear();
        }
    }

    /// Every event has its fate: from now on environments grow old, and nothing is called any more, not even for a copy that still
    /// waits.
    fn end(&mut self) {
        self.cast.is_over = true;
        for id in self.cast.platform.forget_copies() {
            self.cast.rekey(Actor::Function(id));
        }
        for place in 0..self.cast.sources.len() {
            self.cast.rekey_source(SourceId(place as u32), Wake::NEVER);
        }
    }

    /// Closes what ends at the recorder's next boundary, after all that happened before it was told.
    fn close_next(&mut self) {
        let boundary = self.ctx.recorder.next_boundary();
        self.catch_up(boundary);
        self.ctx.recorder.close(boundary);
    }

    /// Lets lazy sources tell all that happened before `at`.
    fn catch_up(&mut self, at: SimTime) {
        let now = std::mem::replace(&mut self.ctx.now, at);
        for id in (0..self.cast.sources.len()).map(|place| SourceId(place as u32)) {
            self.cast.source(id).catch_up(&mut self.ctx);
            self.cast.rekey(Actor::Source(id));
        }
        self.ctx.now = now;
    }

    /// Whether every event has its fate, no more will occur, no invocation runs and none is still to come.
    fn is_done(&self) -> bool {
        self.ctx.recorder.live() == 0
            && self.cast.platform.running() == 0
            && self.cast.sources.iter().all(|source| source.is_exhausted() && !source.owes_call())
    }
}

/// Columns of measured times, each read once.
pub(crate) struct Columns<'a> {
    inputs: &'a dyn Inputs,
    read: BTreeMap<(String, String, u64), Arc<[u64]>>,
    failure: Option<InputError>,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(inputs: &'a dyn Inputs) -> Columns<'a> {
        Columns { inputs, read: BTreeMap::new(), failure: None }
    }

    pub(crate) fn values(&mut self, file: &str, column: &str, unit: TimeUnit) -> Arc<[u64]> {
        let key = (file.to_owned(), column.to_owned(), unit.nanos());
        if let Some(values) = self.read.get(&key) {
            return values.clone();
        }
        let values: Arc<[u64]> = match read_column(self.inputs, file, column, unit) {
            Ok(values) => values.into(),
            Err(error) => {
                self.failure = Some(error);
                Arc::new([0])
            }
        };
        self.read.insert(key, values.clone());
        values
    }
}

/// Reads a column of measured times in nanoseconds; at least one.
pub(crate) fn read_column(
    inputs: &dyn Inputs,
    file: &str,
    column: &str,
    unit: TimeUnit,
) -> Result<Vec<u64>, InputError> {
    let mut rows = inputs.open(file, &[column])?;
    let mut values = Vec::new();
    while rows.advance()? {
        let value = parse_time(rows.field(0), unit).map_err(|what| InputError {
            file: file.to_owned(),
            line: Some(rows.line()),
            message: format!("column `{column}`: {what}"),
        })?;
        values.push(value);
    }
    if values.is_empty() {
        return Err(InputError::empty(file, column));
    }
    Ok(values)
}
