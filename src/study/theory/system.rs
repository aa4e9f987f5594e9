//! A scenario as queueing theory sees it: flows of events, service times, servers.

use crate::arrivals::ArrivalsSpec;
use crate::distribution::{Distribution, DistributionSpec, Law as Named, Moments};
use crate::engine::InvocationType;
use crate::platform::FunctionSpec;
use crate::scenario::{Scenario, Source};
use crate::simulation::Columns;
use crate::source::Shape;
use crate::time::SimDuration;

use super::cut_off::{CutOff, cut_off};
use super::laws::{erlang_b, erlang_c, losses_behind, pollaczek_khinchine};
use super::limits::most;
use super::{Law, OfRun, ROUNDING, Subject};

/// Limits above this are reached so seldom that their loss cannot be told from none, and the rate at which environments are added
/// shapes what happens before.
const MOST_SERVERS: u64 = 500;
/// A window shorter than so many service times shows the beginning more than the steady state, unless a warm-up leaves it out.
const SERVICE_TIMES: f64 = 1_000.0;
/// A warm-up of so many service times does.
const WARM_UP_TIMES: f64 = 5.0;
/// A queue forgets its beginning more slowly, the more so the higher its load.
const QUEUE_TIMES: f64 = 2_000.0;

/// Batches that a queue's pollers have in flight from the start: up to here their number does not change.
const CONSTANT_POLLERS: u64 = 5;

/// Events that arrive at a mean rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    /// Events per second.
    pub per_s: f64,
    /// So many come together, a fixed time after the last such; 0 where all are independent of each other.
    pub together: f64,
}

impl Rate {
    fn is_poisson(&self) -> bool {
        self.together == 0.0
    }

    /// Seconds of events that a window may have more or less than the rate says, since they come at regular times.
    fn step(&self) -> f64 {
        self.together / self.per_s
    }
}

impl std::iter::Sum for Rate {
    fn sum<I: Iterator<Item = Rate>>(rates: I) -> Rate {
        rates.fold(Rate { per_s: 0.0, together: 0.0 }, |sum, rate| Rate {
            per_s: sum.per_s + rate.per_s,
            together: sum.together + rate.together,
        })
    }
}

/// A function's service, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Service {
    /// Mean and coefficient of variation of the handler's time without its records.
    handler: Moments,
    /// Added for each record.
    per_record: f64,
    /// A cold start; none where the platform's default holds.
    init: Option<Moments>,
}

/// One call, as the function's timeout lets it be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Call {
    /// Its mean time.
    pub seconds: f64,
    /// Probability that it fails.
    pub failing: f64,
}

impl Service {
    /// Mean time of a batch.
    pub(super) fn of_batch(&self, records: f64) -> f64 {
        self.handler.mean.as_secs_f64() + records * self.per_record
    }

    /// Squared coefficient of variation of the time of one record.
    fn scv(&self) -> f64 {
        let deviation = self.handler.cv * self.handler.mean.as_secs_f64();
        (deviation / self.of_batch(1.0)).powi(2)
    }

    /// What is left of a call that is met at any time, in the mean, where a share `cold` of the calls start cold: half of the mean square
    /// of their times over the mean (the inspection paradox; D. R. Cox, "Renewal Theory", 1962).
    fn rest_of(&self, records: f64, cold: f64) -> f64 {
        let squares = |mean: f64, deviation: f64| mean * mean + deviation * deviation;
        let deviation = |times: Moments| times.cv * times.mean.as_secs_f64();
        let (batch, init) = (self.of_batch(records), self.init.unwrap_or(NO_TIME));
        let cold_start = init.mean.as_secs_f64();
        let mean = batch + cold * cold_start;
        let all = squares(batch, deviation(self.handler))
            + cold * (2.0 * batch * cold_start + squares(cold_start, deviation(init)));
        if mean > 0.0 { all / mean / 2.0 } else { 0.0 }
    }
}

const NO_TIME: Moments = Moments { mean: SimDuration::ZERO, cv: 0.0 };

/// A Poisson number with this mean is hardly ever 0.
const NEVER_EMPTY: f64 = 20.0;

/// Refusals that a window must let expect: where there are hardly any, runs that saw none look surer than they are.
const FEWEST_REFUSED: f64 = 20.0;

/// What theory says whatever a run shows.
fn always(value: f64) -> OfRun {
    Box::new(move |_| Some(value))
}

/// Seconds that the events of a source take on their way to the call that processes them, in the mean of a run.
fn waited(source: &str) -> OfRun {
    let path = |of: &str| format!("sources.{source}.{of}");
    let [latency, init, handler] = ["latency_ms.mean", "latency_parts_ms.init", "latency_parts_ms.handler"].map(path);
    Box::new(move |figure| Some((figure(&latency)? - figure(&init)? - figure(&handler)?) / 1e3))
}

/// A scenario and its service times.
pub(super) struct System<'a> {
    pub scenario: &'a Scenario,
    services: Vec<Option<Service>>,
    /// The functions' handler times, as stated.
    handlers: Vec<Distribution>,
}

impl<'a> System<'a> {
    pub(super) fn new(subject: Subject<'a>) -> System<'a> {
        let mut columns = Columns::new(subject.inputs);
        let mut sampler =
            |spec: &DistributionSpec| spec.sampler(&mut |file, column, unit| columns.values(file, column, unit));
        let mut service = |spec: &FunctionSpec| {
            let moments = |distribution: Distribution| distribution.moments();
            let stretch = spec.stretch();
            let handler = moments(sampler(&spec.duration))?;
            let init = match &spec.init_duration {
                Some(init) => Some(moments(sampler(init))?),
                None => None,
            };
            Some(Service {
                handler: Moments { mean: handler.mean.stretched(stretch), cv: handler.cv },
                per_record: spec.duration_per_record.as_secs_f64() * stretch,
                init,
            })
        };
        let functions = &subject.scenario.functions;
        let services = functions.iter().map(|(_, spec)| service(spec)).collect();
        let handlers = functions.iter().map(|(_, spec)| sampler(&spec.duration)).collect();
        System { scenario: subject.scenario, services, handlers }
    }

    /// A call with so many records, which the function's timeout ends if nothing else did.
    pub(super) fn call(&self, function: usize, records: f64) -> Option<Call> {
        self.service(function)?;
        let spec = &self.scenario.functions[function].1;
        let stretch = spec.stretch();
        let of_records = records * spec.duration_per_record.nanos() as f64;
        // What the records leave of the timeout, before the stretch; below 0 they alone take longer.
        let left = spec.timeout.nanos() as f64 / stretch - of_records;
        let handler =
            if left > 0.0 { cut_off(&self.handlers[function], left) } else { CutOff { mean: left, share: 1.0 } };
        Some(Call {
            seconds: (of_records + handler.mean) * stretch / 1e9,
            failing: 1.0 - (1.0 - handler.share) * (1.0 - spec.error_rate),
        })
    }

    /// What the laws need to know of a source: what lies there as the run begins is in none of them.
    pub(super) fn shape(&self, source: &Source) -> Shape {
        match source.definition.shape() {
            Shape::Lanes { has_backlog: true, .. } | Shape::Batches { has_backlog: true, .. } => Shape::Other,
            shape => shape,
        }
    }

    /// The service of a function; none where it has no mean, or is disturbed by crashes and outages.
    pub(super) fn service(&self, function: usize) -> Option<Service> {
        let spec = &self.scenario.functions[function].1;
        let is_plain = spec.outages.is_empty()
            && spec.crash_rate == 0.0
            && spec.error_duration.is_none()
            && spec.provisioned_concurrent_executions.is_none();
        self.services[function].filter(|_| is_plain)
    }

    /// Environments that a function may have busy at once; none: no limit.
    pub(super) fn servers(&self, function: usize) -> Option<u64> {
        let spec = &self.scenario.functions[function].1;
        spec.reserved_concurrent_executions.or(self.scenario.account.concurrent_executions.count())
    }

    /// What a source emits, where that is a constant mean rate, and nothing else disturbs it.
    pub(super) fn rate(&self, source: &Source) -> Option<Rate> {
        let common = source.definition.common();
        let is_plain = common.permission
            && common.poison.is_empty()
            && common.poison_rate == 0.0
            && common.duplicate_rate == 0.0
            && source.definition.shared_stream().is_none();
        let rate = |per_s, together| Some(Rate { per_s, together });
        match common.arrivals.as_ref().filter(|_| is_plain)? {
            ArrivalsSpec::Poisson { rate: per_s } => rate(*per_s, 0.0),
            ArrivalsSpec::Constant { rate: per_s } => rate(*per_s, 1.0),
            ArrivalsSpec::Every(gap) => rate(1.0 / gap.as_secs_f64(), 1.0),
            ArrivalsSpec::Bursts { size, every } => rate(*size as f64 / every.as_secs_f64(), *size as f64),
            _ => None,
        }
    }

    fn sources_of(&self, function: usize) -> impl Iterator<Item = &'a Source> {
        self.scenario.sources.iter().filter(move |source| source.target as usize == function)
    }

    /// Seconds of the window of statistics.
    fn window(&self) -> f64 {
        let duration = self.scenario.duration.map_or(0.0, |duration| duration.as_secs_f64());
        duration - self.scenario.warm_up.length().as_secs_f64()
    }

    /// Whether statistics begin late enough, or go on long enough, for the steady state of services of `seconds`.
    fn is_steady(&self, seconds: f64, times: f64) -> bool {
        let warm_up = self.scenario.warm_up.length().as_secs_f64();
        let length = self.window();
        let is_warm = warm_up >= WARM_UP_TIMES * seconds && length >= 20.0 * seconds && times == SERVICE_TIMES;
        is_warm || length >= times * seconds
    }

    /// The rate of all calls of a function, where each of its sources calls it for each of its events.
    fn rate_of_calls(&self, function: usize) -> Option<Rate> {
        let rate = |source| self.rate(source).filter(|_| self.shape(source) == Shape::Calls);
        self.sources_of(function).map(rate).sum::<Option<Rate>>().filter(|rate| rate.per_s > 0.0)
    }

    /// What the edges of the window make of a figure, as a share. A level that begins empty is `behind` its steady state by so many
    /// seconds of it, unless the warm-up leaves that out; and what comes in steps, of events or of polls, may have one more or less in the
    /// window than its rate says.
    fn edge(&self, behind: f64, step: f64) -> f64 {
        let is_warm = self.scenario.warm_up.length().as_secs_f64() >= WARM_UP_TIMES * behind;
        ROUNDING + (step + if is_warm { 0.0 } else { behind }) / self.window()
    }

    /// The laws that apply; `mean` gives the simulated mean of a metric, since some premises are what did not happen.
    pub(super) fn laws(&self, mean: &dyn Fn(&str) -> Option<f64>) -> Vec<Law> {
        let mut laws = Vec::new();
        if !self.scenario.account.service_outages.is_empty() {
            return laws;
        }
        for function in 0..self.scenario.functions.len() {
            laws.extend(self.busy(function, mean));
            laws.extend(self.loss(function, mean));
        }
        for source in &self.scenario.sources {
            laws.extend(self.polling(source, mean));
            laws.extend(self.waiting(source, mean));
            laws.extend(self.batching(source, mean));
            laws.extend(self.utilisation(source, mean));
            laws.extend(self.wait(source, mean));
            laws.extend(self.wait_for_one_of(source, mean));
        }
        laws
    }

    /// Mean concurrency of calls that are all served at once: rate times time (M/G/infinity; J. D. C. Little 1961).
    fn busy(&self, function: usize, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        let service = self.service(function)?;
        let name = &self.scenario.functions[function].0;
        let figure = |of: &str| format!("functions.{name}.{of}");
        let nothing = |of: &str| mean(&figure(of)) == Some(0.0);
        let rate = self.rate_of_calls(function)?;
        let is_free =
            nothing("throttles") && nothing("timeouts") && (nothing("errors") || !self.is_asynchronous(function));
        let cold = mean(&figure("cold_start_rate"))?;
        let init = if cold == 0.0 { 0.0 } else { service.init?.mean.as_secs_f64() };
        let seconds = service.of_batch(1.0) + cold * init;
        let way = |source: &Source| {
            let share = self.rate(source).map_or(0.0, |of_source| of_source.per_s / rate.per_s);
            share * waited(&source.name)(mean).unwrap_or(0.0)
        };
        let behind = self.sources_of(function).map(way).sum::<f64>() + service.rest_of(1.0, cold);
        (is_free && self.is_steady(seconds, SERVICE_TIMES)).then(|| {
            let (metric, cold_starts) = (figure("concurrent_executions.mean"), figure("cold_start_rate"));
            Law {
                name: "M/G/∞: busy environments = rate x time",
                of: metric.clone(),
                unit: "count",
                theory: Box::new(move |figure| {
                    Some(rate.per_s * (service.of_batch(1.0) + figure(&cold_starts)? * init))
                }),
                simulated: Box::new(move |figure| figure(&metric)),
                edge: self.edge(behind, rate.step()),
            }
        })
    }

    fn is_asynchronous(&self, function: usize) -> bool {
        self.sources_of(function).any(|source| source.definition.invocation_type() == InvocationType::Event)
    }

    /// Share of calls that a limit refuses (Erlang's loss formula).
    fn loss(&self, function: usize, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        let service = self.service(function)?;
        let (name, spec) = &self.scenario.functions[function];
        // The account's limit is this function's own where there is no other.
        let alone = self.scenario.functions.len() == 1;
        let servers = if alone { self.servers(function) } else { spec.reserved_concurrent_executions };
        let servers = servers.filter(|servers| (1..=MOST_SERVERS).contains(servers))?;
        if self.is_asynchronous(function) || service.init.is_none_or(|init| !init.mean.is_zero()) {
            return None;
        }
        let rate = self.rate_of_calls(function).filter(Rate::is_poisson)?.per_s;
        let seconds = service.of_batch(1.0);
        let share = erlang_b(servers, rate * seconds);
        // As regular as exponential services, or more, calls end at most at this rate in the long run.
        let served = if service.scv() <= 1.0 { servers as f64 / seconds } else { f64::INFINITY };
        let is_only_limit =
            self.is_below_quotas(function, rate, servers, served) && self.gets_environments(function, servers, rate);
        let is_seen = share * rate * self.window() >= FEWEST_REFUSED;
        let figure = |of: &str| format!("functions.{name}.{of}");
        // A call that is cut off is shorter than its service.
        let is_whole = mean(&figure("timeouts")) == Some(0.0);
        let (throttles, invocations) = (figure("throttles"), figure("invocations"));
        (is_whole && is_only_limit && is_seen && self.is_steady(seconds, SERVICE_TIMES)).then(|| Law {
            name: "Erlang B: share of calls refused",
            of: format!("{throttles} / ({invocations} + throttles)"),
            unit: "1",
            theory: always(share),
            simulated: Box::new(move |figure| {
                let refused = figure(&throttles)?;
                let all = refused + figure(&invocations)?;
                (all > 0.0).then(|| refused / all)
            }),
            edge: self.edge(losses_behind(servers, rate * seconds) * service.rest_of(1.0, 0.0), 0.0),
        })
    }

    /// A record waits half an interval for its poll, whenever polls are.
    fn polling(&self, source: &Source, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        let Shape::Lanes { shards, polling_interval: Some(interval), poll_records, keys, .. } = self.shape(source)
        else {
            return None;
        };
        let rate = self.rate(source).filter(Rate::is_poisson)?;
        let metric = format!("sources.{}.latency_parts_ms.poll", source.name);
        let figure = |of: &str| mean(&format!("sources.{}.{of}", source.name));
        // Those that were not processed have no latency.
        let all = figure("processed")? + figure("filtered")? == figure("events")?;
        let interval = interval.as_secs_f64();
        // A poll that leaves records behind is followed by the next at once. Few keys may all lie in one shard.
        let found = rate.per_s * interval / if keys.is_none() { f64::from(shards) } else { 1.0 };
        let finds_all = most(found) <= poll_records as f64;
        (all && finds_all && rate.per_s > 0.0 && self.is_steady(interval, 100.0)).then(|| Law {
            name: "polling: half an interval",
            of: metric.clone(),
            unit: "ms",
            theory: always(1e3 * interval / 2.0),
            simulated: Box::new(move |figure| figure(&metric)),
            // Of the intervals that the window begins and ends in, a part counts: at most an eighth of an interval too short or long each,
            // of half of one.
            edge: self.edge(0.0, interval / 2.0),
        })
    }

    /// What waits in a stream or queue: rate times time waited (J. D. C. Little 1961).
    fn waiting(&self, source: &Source, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        if !matches!(self.shape(source), Shape::Lanes { .. } | Shape::Batches { .. }) {
            return None;
        }
        let name = &source.name;
        let path = |of: &str| format!("sources.{name}.{of}");
        let function = &self.scenario.functions[source.target as usize].0;
        // A failed call is neither waiting nor the last one.
        let is_plain = mean(&format!("functions.{function}.errors")) == Some(0.0)
            && mean(&path("processed"))? == mean(&path("events"))?;
        let step = self.rate(source)?.step();
        let (rate, waited) = (path("throughput_per_s"), waited(name));
        let seconds = waited(mean)?;
        let window = self.window();
        let metric = path("backlog.mean");
        (is_plain && seconds > 0.0 && window >= 100.0 * seconds).then(|| Law {
            name: "Little: what waits = rate x time waited",
            of: metric.clone(),
            unit: "count",
            theory: Box::new(move |figure| Some(figure(&rate)? * waited(figure)?)),
            simulated: Box::new(move |figure| figure(&metric)),
            // Events that wait at an edge of the window count on one side only.
            edge: self.edge(0.0, 2.0 * seconds + step),
        })
    }

    /// Records of a batch: those of a window and of the call before it, or those that a poll finds.
    fn batching(&self, source: &Source, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        let Shape::Lanes {
            shards,
            lanes,
            batch_size,
            polling_interval: Some(poll),
            poll_records,
            window,
            pass_rate,
            keys: None,
            ..
        } = self.shape(source)
        else {
            return None;
        };
        let function = source.target as usize;
        let (service, rate) = (self.service(function)?, self.rate(source).filter(Rate::is_poisson)?);
        let name = &self.scenario.functions[function].0;
        let figure = |of: &str| mean(&format!("functions.{name}.{of}"));
        let is_plain = self.sources_of(function).count() == 1
            && ["errors", "throttles", "cold_starts"].iter().all(|of| figure(of) == Some(0.0));
        let (poll, window) = (poll.as_secs_f64(), window.as_secs_f64());
        let per_lane = rate.per_s * pass_rate / (f64::from(shards) * f64::from(lanes));
        let is_constant = service.handler.cv == 0.0;
        let expected = if window > 0.0 {
            // Windows follow each other without a gap where none is ever empty; a call lengthens the cycle by its own time.
            let records =
                per_lane * (window + service.handler.mean.as_secs_f64()) / (1.0 - per_lane * service.per_record);
            (records >= NEVER_EMPTY).then_some(records)
        } else {
            // Where every call ends before the next poll, each poll that finds records makes a batch of them.
            let found = per_lane * poll;
            (is_constant && service.of_batch(most(found)) < poll).then(|| found / -libm::expm1(-found))
        }?;
        let fits = most(expected) <= f64::from(batch_size)
            && most(rate.per_s * poll / f64::from(shards)) <= poll_records as f64;
        let metric = format!("functions.{name}.batch_size.mean");
        (is_plain && fits && self.is_steady(poll + window, SERVICE_TIMES)).then(|| Law {
            name: if window > 0.0 {
                "batching: rate x (window + time of a call)"
            } else {
                "batching: the records that a poll finds, if any"
            },
            of: metric.clone(),
            unit: "count",
            theory: always(expected),
            simulated: Box::new(move |figure| figure(&metric)),
            edge: ROUNDING,
        })
    }

    /// Share of time that a lane is busy: rate times time of a batch, with the batches as they came.
    fn utilisation(&self, source: &Source, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        // Few keys may leave lanes without any, and one with more than it can process.
        let Shape::Lanes { shards, lanes, pass_rate, polling_interval, window, keys: None, .. } = self.shape(source)
        else {
            return None;
        };
        let function = source.target as usize;
        let (service, rate) = (self.service(function)?, self.rate(source)?);
        let name = &self.scenario.functions[function].0;
        let figure = |of: &str| mean(&format!("functions.{name}.{of}"));
        let is_plain = self.sources_of(function).count() == 1
            && ["errors", "throttles", "cold_starts"].iter().all(|of| figure(of) == Some(0.0));
        let batch = figure("batch_size.mean")?;
        let servers = f64::from(shards) * f64::from(lanes);
        let load = move |batch: f64| rate.per_s * pass_rate * service.of_batch(batch) / batch / servers;
        let behind = waited(&source.name)(mean)? + service.rest_of(batch, 0.0);
        // Polls and windows follow each other at regular times, too.
        let step = rate.step() + (polling_interval.unwrap_or_default() + window).as_secs_f64();
        (is_plain && load(batch) < 1.0 && self.is_steady(service.of_batch(batch), SERVICE_TIMES)).then(|| {
            let metric = format!("functions.{name}.concurrent_executions.mean");
            let batches = format!("functions.{name}.batch_size.mean");
            Law {
                name: "utilisation of a lane: rate x time of a record",
                of: format!("{metric} / {servers} lanes"),
                unit: "1",
                theory: Box::new(move |figure| figure(&batches).map(load)),
                simulated: Box::new(move |figure| figure(&metric).map(|busy| busy / servers)),
                edge: self.edge(behind, step),
            }
        })
    }

    /// A lane with one record a batch is a queue with one server, where records are pushed to it (Pollaczek and Khinchine).
    fn wait(&self, source: &Source, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        let Shape::Lanes { shards, lanes, batch_size: 1, polling_interval, window, pass_rate, keys: None, .. } =
            self.shape(source)
        else {
            return None;
        };
        let function = source.target as usize;
        let (service, rate) = (self.service(function)?, self.rate(source).filter(Rate::is_poisson)?);
        let seconds = service.of_batch(1.0);
        // Polls must come so often that they shift nothing.
        let is_pushed = polling_interval.is_none_or(|interval| interval.as_secs_f64() <= seconds / 1_000.0);
        let name = &self.scenario.functions[function].0;
        let figure = |of: &str| mean(&format!("functions.{name}.{of}"));
        let is_plain = ["errors", "throttles", "cold_starts"].iter().all(|of| figure(of) == Some(0.0));
        let load = rate.per_s * pass_rate * seconds / (f64::from(shards) * f64::from(lanes));
        let wait = pollaczek_khinchine(load, seconds, service.scv()).filter(|_| window.is_zero())?;
        let metric = format!("sources.{}.latency_parts_ms.blocked", source.name);
        let needed = QUEUE_TIMES / (1.0 - load).powi(2);
        (is_pushed && is_plain && self.is_steady(seconds, needed)).then(|| Law {
            name: "M/G/1: mean wait for a lane (Pollaczek, Khinchine)",
            of: metric.clone(),
            unit: "ms",
            theory: always(1e3 * wait),
            simulated: Box::new(move |figure| figure(&metric)),
            edge: ROUNDING,
        })
    }

    /// Batches of one message, so many at once, of exponential length: one queue with several servers (Erlang's delay formula).
    fn wait_for_one_of(&self, source: &Source, mean: &dyn Fn(&str) -> Option<f64>) -> Option<Law> {
        let Shape::Batches { at_once, batch_size: 1, pass_rate, in_order: false, .. } = self.shape(source) else {
            return None;
        };
        let function = source.target as usize;
        let (service, rate) = (self.service(function)?, self.rate(source).filter(Rate::is_poisson)?);
        let (name, spec) = &self.scenario.functions[function];
        let is_exponential = matches!(spec.duration, DistributionSpec::Law(Named::Exponential { .. }))
            && spec.duration_per_record.is_zero();
        let figure = |of: &str| mean(&format!("functions.{name}.{of}"));
        let is_plain = ["errors", "throttles", "cold_starts"].iter().all(|of| figure(of) == Some(0.0));
        let (seconds, servers) = (service.of_batch(1.0), at_once as f64);
        let load = rate.per_s * pass_rate * seconds / servers;
        let needed = QUEUE_TIMES / (1.0 - load).powi(2);
        let applies = at_once <= CONSTANT_POLLERS && load < 1.0 && is_exponential && is_plain;
        (applies && self.is_steady(seconds, needed)).then(|| {
            let metric = format!("sources.{}.latency_parts_ms.poll", source.name);
            let waits = erlang_c(at_once, load * servers);
            Law {
                name: "M/M/c: mean wait for one of the batches in flight (Erlang C)",
                of: metric.clone(),
                unit: "ms",
                theory: always(1e3 * waits * seconds / (servers * (1.0 - load))),
                simulated: Box::new(move |figure| figure(&metric)),
                edge: ROUNDING,
            }
        })
    }
}
