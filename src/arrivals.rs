//! When events occur: how a scenario writes it, and the process that yields one instant after the other.
//!
//! Processes are lazy and hold one arrival ahead; a trace is read as it is needed. The closed loop (`clients`) is the
//! caller's own affair, since it depends on answers: see `source::push`.

use chrono::{DateTime, Duration as ChronoDuration, Utc};
use rand_distr::{Distribution as _, Exp1};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::{DistributionSpec, TimeUnit};
use crate::inputs::{FileUse, InputError, Inputs, Rows};
use crate::random::{Key, Sequential, unit};
use crate::time::{SECOND, SimDuration, SimTime};

/// When events occur, e.g. `{ poisson = { rate = 100.0 } }`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ArrivalsSpec {
    /// Independent arrivals at a constant mean rate.
    Poisson {
        /// Events per second.
        #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
        rate: f64,
    },
    /// Evenly spaced, the first at 0 s.
    Constant {
        /// Events per second.
        #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
        rate: f64,
    },
    /// One event a period, the first after one period, e.g. `"5m"`.
    Every(#[schemars(extend("x-minimum" = "1us"))] SimDuration),
    /// At the given instants, e.g. `["0s", "1.5s"]`, ascending.
    At(Vec<SimDuration>),
    /// `size` events at one instant, every so often, the first at 0 s.
    Bursts {
        /// Events in each burst.
        #[schemars(range(min = 1, max = 10_000_000))]
        size: u64,
        /// Time from one burst to the next.
        #[schemars(extend("x-minimum" = "1us"))]
        every: SimDuration,
    },
    /// Poisson arrivals whose rate is linear between the points `[instant, events per second]`; none after the last.
    Ramp(#[schemars(extend("minItems" = 2))] Vec<(SimDuration, f64)>),
    /// At the instants of a column of a CSV file.
    Trace(Trace),
    /// As many events in each period as a column of a CSV file says, placed at random within it.
    Counts(Counts),
    /// A closed loop: each client sends, waits for its answer, thinks, and sends again. Synchronous sources only.
    Clients {
        /// How many clients.
        #[schemars(range(min = 1, max = 1_000_000))]
        count: u64,
        /// Time from an answer to the client's next request, and before its first.
        think_time: DistributionSpec,
    },
}

/// Arrivals at the instants of a column of a CSV file with a header; instants must ascend.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Path of the CSV file, relative to the scenario.
    pub file: String,
    /// Name of the column of instants.
    pub column: String,
    /// Unit of both time columns; default `s`.
    #[serde(default)]
    pub unit: TimeUnit,
    /// The instants are multiplied by this: 0.5 plays the trace twice as fast. Default 1.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e6))]
    pub scale: f64,
    /// How often the trace is played, each time one mean gap after the last. Default 1.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub repeat: u64,
    /// Column of the handler time that each event brings with it.
    #[serde(default)]
    pub duration_column: Option<String>,
    /// Column of the function that each event goes to.
    #[serde(default)]
    pub target_column: Option<String>,
}

/// Events per period from a column of a CSV file.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Path of the CSV file, relative to the scenario.
    pub file: String,
    /// Name of the column of counts.
    pub column: String,
    /// Length of one period; default `"1m"`.
    #[serde(default = "minute")]
    #[schemars(extend("x-minimum" = "1ms"))]
    pub period: SimDuration,
}

fn one() -> f64 {
    1.0
}
fn once() -> u64 {
    1
}
fn minute() -> SimDuration {
    SimDuration::from_secs(60)
}

impl ArrivalsSpec {
    /// Whether arrivals go on for ever, so that a scenario needs a `duration`.
    pub fn is_endless(&self) -> bool {
        use ArrivalsSpec::*;
        matches!(self, Poisson { .. } | Constant { .. } | Every(_) | Bursts { .. } | Clients { .. })
    }

    /// The file that it reads, if any.
    pub fn file(&self) -> Option<FileUse<'_>> {
        match self {
            ArrivalsSpec::Trace(trace) => {
                let keys = ["column", "duration_column", "target_column"];
                let columns = [Some(&trace.column), trace.duration_column.as_ref(), trace.target_column.as_ref()];
                let columns = keys.into_iter().zip(columns).filter_map(|(key, column)| Some((key, column?.as_str())));
                Some(FileUse { path: vec!["trace".into()], file: &trace.file, columns: columns.collect() })
            }
            ArrivalsSpec::Counts(counts) => {
                let columns = vec![("column", counts.column.as_str())];
                Some(FileUse { path: vec!["counts".into()], file: &counts.file, columns })
            }
            _ => None,
        }
    }

    /// What no single key can show to be wrong: (path below `arrivals`, what is wrong).
    pub fn problems(&self) -> Vec<(Vec<String>, String)> {
        let below = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let descending = |times: &[SimDuration]| {
            let place = times.windows(2).position(|pair| pair[1] < pair[0])?;
            let what = format!("instants must ascend, and {} comes after {}", times[place + 1], times[place]);
            Some(((place + 1).to_string(), what))
        };
        match self {
            ArrivalsSpec::At(times) => {
                descending(times).map(|(place, what)| (below(&["at", &place]), what)).into_iter().collect()
            }
            ArrivalsSpec::Ramp(points) => {
                let rates = points.iter().enumerate().filter(|(_, (_, rate))| !(0.0..=1e9).contains(rate));
                let wrong = |(place, (_, rate)): (usize, &(_, f64))| {
                    let what = format!("a rate is {rate}; allowed: 0 to 1000000000 events per second");
                    (below(&["ramp", &place.to_string(), "1"]), what)
                };
                let times: Vec<_> = points.iter().map(|(time, _)| *time).collect();
                let descent = descending(&times).map(|(place, what)| (below(&["ramp", &place, "0"]), what));
                rates.map(wrong).chain(descent).collect()
            }
            ArrivalsSpec::Clients { think_time, .. } => think_time
                .problems()
                .into_iter()
                .map(|(path, what)| ([below(&["clients", "think_time"]), path].concat(), what))
                .collect(),
            _ => vec![],
        }
    }
}

/// One arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// When.
    pub at: SimTime,
    /// The handler time that the event brings with it, from a trace.
    pub handler: Option<SimDuration>,
    /// The function that the event goes to, from a trace, as its place in the scenario's functions.
    pub function: Option<u32>,
}

impl Arrival {
    fn plain(at: SimTime) -> Arrival {
        Arrival { at, handler: None, function: None }
    }
}

/// The arrivals of one source, in order of time, below a bound.
pub struct Arrivals {
    process: Process,
    next: Option<Arrival>,
    until: SimTime,
}

enum Process {
    Poisson { rng: Sequential, mean_gap: f64, at: u64, fraction: f64 },
    Constant { k: u64, interval: DecimalRate },
    Every { at: SimTime, period: SimDuration },
    At { times: std::vec::IntoIter<SimDuration> },
    Bursts { at: SimTime, left: u64, size: u64, every: SimDuration },
    Ramp { rng: Sequential, points: Vec<(f64, f64)>, segment: usize, at: f64 },
    Trace(TraceReader),
    Counts(CountsReader),
    Calendar { next: Box<dyn Iterator<Item = SimTime> + Send> },
    Nothing,
}

impl Arrivals {
    /// The arrivals that `spec` describes, before `until`; draws come from `key`, rows from `inputs`, and `functions` are the
    /// names that a trace's target column may hold.
    pub fn new(
        spec: &ArrivalsSpec,
        until: SimTime,
        key: Key,
        inputs: &dyn Inputs,
        functions: &[String],
    ) -> Result<Arrivals, InputError> {
        let process = match spec {
            ArrivalsSpec::Poisson { rate } => {
                Process::Poisson { rng: key.sequence(), mean_gap: SECOND as f64 / rate, at: 0, fraction: 0.0 }
            }
            ArrivalsSpec::Constant { rate } => Process::Constant { k: 0, interval: DecimalRate::of(*rate) },
            ArrivalsSpec::Every(period) => Process::Every { at: SimTime::ZERO + *period, period: *period },
            ArrivalsSpec::At(times) => Process::At { times: times.clone().into_iter() },
            ArrivalsSpec::Bursts { size, every } => {
                Process::Bursts { at: SimTime::ZERO, left: *size, size: *size, every: *every }
            }
            ArrivalsSpec::Ramp(points) => {
                let points: Vec<_> = points.iter().map(|(time, rate)| (time.as_secs_f64(), *rate)).collect();
                let at = points[0].0;
                Process::Ramp { rng: key.sequence(), points, segment: 0, at }
            }
            ArrivalsSpec::Trace(trace) => Process::Trace(TraceReader::open(trace, inputs, functions)?),
            ArrivalsSpec::Counts(counts) => Process::Counts(CountsReader::open(counts, key, inputs)?),
            ArrivalsSpec::Clients { .. } => Process::Nothing,
        };
        Ok(Self::from(process, until))
    }

    /// Arrivals at the instants of a calendar: `schedule(start)` yields the moments strictly after `start`.
    pub fn calendar(
        schedule: impl Iterator<Item = DateTime<Utc>> + Send + 'static,
        start: DateTime<Utc>,
        until: SimTime,
    ) -> Arrivals {
        let next = schedule.map_while(move |moment| {
            let since: ChronoDuration = moment - start;
            since.num_nanoseconds().and_then(|nanos| u64::try_from(nanos).ok()).map(SimTime::from_nanos)
        });
        Self::from(Process::Calendar { next: Box::new(next) }, until)
    }

    fn from(process: Process, until: SimTime) -> Arrivals {
        let mut arrivals = Arrivals { process, next: None, until };
        arrivals.refill();
        arrivals
    }

    /// When the next event occurs.
    pub fn peek(&self) -> Option<SimTime> {
        self.next.map(|arrival| arrival.at)
    }

    /// Takes the next arrival.
    pub fn pop(&mut self) -> Option<Arrival> {
        let arrival = self.next;
        if arrival.is_some() {
            self.refill();
        }
        arrival
    }

    fn refill(&mut self) {
        self.next = self.process.draw().filter(|arrival| arrival.at < self.until);
    }
}

impl Process {
    fn draw(&mut self) -> Option<Arrival> {
        let at = match self {
            Process::Poisson { rng, mean_gap, at, fraction } => {
                let draw: f64 = Exp1.sample(rng);
                // The fraction of a nanosecond is carried over, so that rounding never bends the rate.
                let gap = *fraction + draw * *mean_gap;
                let whole = gap as u64;
                *fraction = gap - whole as f64;
                *at = at.saturating_add(whole);
                SimTime::from_nanos(*at)
            }
            Process::Constant { k, interval } => {
                let at = interval.instant(*k);
                *k += 1;
                at
            }
            Process::Every { at, period } => {
                let now = *at;
                *at = now + *period;
                now
            }
            Process::At { times } => SimTime::ZERO + times.next()?,
            Process::Bursts { at, left, size, every } => {
                if *left == 0 {
                    *at = *at + *every;
                    *left = *size;
                }
                *left -= 1;
                *at
            }
            Process::Ramp { rng, points, segment, at } => ramp(rng, points, segment, at)?,
            Process::Trace(reader) => return reader.draw(),
            Process::Counts(reader) => reader.draw()?,
            Process::Calendar { next } => next.next()?,
            Process::Nothing => return None,
        };
        Some(Arrival::plain(at))
    }
}

/// The next arrival of a Poisson process with piecewise linear rate: a unit exponential is spent along the integral of the
/// rate, segment by segment; within a segment the instant is the root of a quadratic.
fn ramp(rng: &mut Sequential, points: &[(f64, f64)], segment: &mut usize, at: &mut f64) -> Option<SimTime> {
    let mut budget: f64 = Exp1.sample(rng);
    while let [(t0, r0), (t1, r1)] = *points.get(*segment..*segment + 2)? {
        let slope = if t1 > t0 { (r1 - r0) / (t1 - t0) } else { 0.0 };
        let rate = r0 + slope * (*at - t0);
        let left = (t1 - *at).max(0.0);
        let area = left * (rate + r1) / 2.0;
        if budget < area {
            // slope/2 dt^2 + rate dt = budget, in the form that stays exact as the slope goes to 0.
            let dt = 2.0 * budget / (rate + (rate * rate + 2.0 * slope * budget).max(0.0).sqrt());
            *at += dt;
            return Some(SimTime::from_nanos((*at * SECOND as f64 + 0.5) as u64));
        }
        budget -= area;
        *at = t1;
        *segment += 1;
    }
    None
}

/// A rate held as the decimal that was written, so that arrival k lies at round(k 10^9 / rate) exactly.
struct DecimalRate {
    digits: u128,
    /// None: so slow that the second arrival lies beyond all time.
    scale: Option<u128>,
}

impl DecimalRate {
    fn of(rate: f64) -> DecimalRate {
        // The shortest decimal that reads back as `rate` is what the user wrote; it has at most 17 digits.
        let text = format!("{rate}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = format!("{whole}{fraction}").parse().unwrap_or(1);
        DecimalRate { digits, scale: 10u128.checked_pow(fraction.len() as u32) }
    }

    fn instant(&self, k: u64) -> SimTime {
        if k == 0 {
            return SimTime::ZERO;
        }
        // k scale = digits times the instant in seconds: only what lies beyond all time does not fit.
        let scaled = self.scale.and_then(|scale| (u128::from(k) * u128::from(SECOND)).checked_mul(scale));
        let nanos = scaled.and_then(|scaled| scaled.checked_add(self.digits / 2)).map(|scaled| scaled / self.digits);
        SimTime::from_nanos(nanos.and_then(|nanos| u64::try_from(nanos).ok()).unwrap_or(u64::MAX))
    }
}

/// 100 years in nanoseconds: no time of a trace is longer.
const CENTURY: u64 = 36_525 * 86_400 * SECOND;

/// Reads a decimal number of `unit`s as whole nanoseconds, exactly where it is written as a plain decimal.
pub fn parse_time(text: &str, unit: TimeUnit) -> Result<u64, String> {
    let plain = || -> Option<u64> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 18 {
            return None;
        }
        let scale = 10u128.pow(fraction.len() as u32);
        let value = whole.parse::<u128>().ok()?.checked_mul(scale)? + fraction.parse::<u128>().unwrap_or(0);
        let nanos = (value.checked_mul(u128::from(unit.nanos()))? + scale / 2) / scale;
        u64::try_from(nanos).ok().filter(|nanos| *nanos <= CENTURY)
    };
    if let Some(nanos) = plain() {
        return Ok(nanos);
    }
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value * (unit.nanos() as f64) <= CENTURY as f64 => {
            Ok((value * unit.nanos() as f64 + 0.5) as u64)
        }
        _ => Err(format!("expected a time of 0 or more, at most 100 years, found `{text}`")),
    }
}

/// Plays a trace row by row.
struct TraceReader {
    trace: Trace,
    rows: Box<dyn Rows>,
    functions: Vec<String>,
    count: u64,
    first: u64,
    last: u64,
    shift: u64,
    round: u64,
}

impl TraceReader {
    fn open(trace: &Trace, inputs: &dyn Inputs, functions: &[String]) -> Result<TraceReader, InputError> {
        Ok(TraceReader {
            rows: inputs.open(&trace.file, &trace_columns(trace))?,
            functions: functions.to_vec(),
            trace: trace.clone(),
            count: 0,
            first: 0,
            last: 0,
            shift: 0,
            round: 1,
        })
    }

    fn draw(&mut self) -> Option<Arrival> {
        while !self.rows.advance().unwrap_or(false) {
            if self.round == self.trace.repeat || self.count == 0 {
                return None;
            }
            self.rows.rewind().ok()?;
            self.round += 1;
            let span = self.last - self.first;
            self.shift = self.shift.saturating_add(span + span / (self.count - 1).max(1));
        }
        let row = TraceRow::read(&self.trace, &self.functions, self.rows.as_ref()).ok()?;
        if self.round == 1 {
            if self.count == 0 {
                self.first = row.at;
            }
            self.last = row.at;
            self.count += 1;
        }
        Some(Arrival {
            at: SimTime::from_nanos(row.at.saturating_add(self.shift)),
            handler: row.handler,
            function: row.function,
        })
    }
}

/// The columns that a trace reads, in the order in which [`TraceRow`] expects them.
pub fn trace_columns(trace: &Trace) -> Vec<&str> {
    let optional = [&trace.duration_column, &trace.target_column].into_iter().flatten();
    [&trace.column].into_iter().chain(optional).map(String::as_str).collect()
}

/// One row of a trace, read and checked.
pub struct TraceRow {
    /// Nanoseconds from the start, scaled.
    pub at: u64,
    /// The handler time that the event brings.
    pub handler: Option<SimDuration>,
    /// The function that the event goes to.
    pub function: Option<u32>,
}

impl TraceRow {
    /// Reads the present row of `rows`, or says what is wrong with it.
    pub fn read(trace: &Trace, functions: &[String], rows: &dyn Rows) -> Result<TraceRow, InputError> {
        let wrong = |column: &str, message: String| InputError {
            file: trace.file.clone(),
            line: Some(rows.line()),
            message: format!("column `{column}`: {message}"),
        };
        let mut at = parse_time(rows.field(0), trace.unit).map_err(|what| wrong(&trace.column, what))?;
        if trace.scale != 1.0 {
            at = (at as f64 * trace.scale + 0.5) as u64;
        }
        let mut column = 1;
        let mut handler = None;
        if let Some(name) = &trace.duration_column {
            handler = Some(parse_time(rows.field(column), trace.unit).map_err(|what| wrong(name, what))?);
            column += 1;
        }
        let mut function = None;
        if let Some(name) = &trace.target_column {
            let found = rows.field(column);
            let place = functions.iter().position(|function| function == found);
            function =
                Some(place.ok_or_else(|| wrong(name, format!("no function `{found}` in this scenario")))? as u32);
        }
        Ok(TraceRow { at, handler: handler.map(SimDuration::from_nanos), function })
    }
}

/// Plays counts period by period; the k-th of n uniform instants follows from the one before, so that none is stored.
struct CountsReader {
    rows: Box<dyn Rows>,
    rng: Sequential,
    period: SimDuration,
    periods: u64,
    left: u64,
    position: f64,
}

impl CountsReader {
    fn open(counts: &Counts, key: Key, inputs: &dyn Inputs) -> Result<CountsReader, InputError> {
        let rows = inputs.open(&counts.file, &[&counts.column])?;
        Ok(CountsReader { rows, rng: key.sequence(), period: counts.period, periods: 0, left: 0, position: 0.0 })
    }

    fn draw(&mut self) -> Option<SimTime> {
        while self.left == 0 {
            if !self.rows.advance().unwrap_or(false) {
                return None;
            }
            self.periods += 1;
            self.left = parse_count(self.rows.field(0)).ok()?;
            self.position = 0.0;
        }
        // The smallest of `left` uniforms on what remains of the period.
        let u = 1.0 - unit(&mut self.rng);
        self.position = 1.0 - (1.0 - self.position) * libm::pow(u, 1.0 / self.left as f64);
        self.left -= 1;
        let period = self.period.nanos();
        let within = (self.position * period as f64) as u64;
        let start = (self.periods - 1).saturating_mul(period);
        Some(SimTime::from_nanos(start.saturating_add(within.min(period - 1))))
    }
}

/// Reads a count of events.
pub fn parse_count(text: &str) -> Result<u64, String> {
    match text.parse::<f64>() {
        Ok(count) if count.fract() == 0.0 && (0.0..=1e12).contains(&count) => Ok(count as u64),
        _ => Err(format!("expected a whole number of events, 0 to 1e12, found `{text}`")),
    }
}

/// Reads every row that `spec` will need, holding none, and reports the first that is wrong.
pub fn validate(spec: &ArrivalsSpec, inputs: &dyn Inputs, functions: &[String]) -> Result<(), InputError> {
    match spec {
        ArrivalsSpec::Trace(trace) => {
            let mut rows = inputs.open(&trace.file, &trace_columns(trace))?;
            let mut last = None;
            while rows.advance()? {
                let row = TraceRow::read(trace, functions, rows.as_ref())?;
                if last.is_some_and(|last| row.at < last) {
                    let message = format!(
                        "column `{}`: instants must ascend, and `{}` is earlier than the one before",
                        trace.column,
                        rows.field(0)
                    );
                    return Err(InputError { file: trace.file.clone(), line: Some(rows.line()), message });
                }
                last = Some(row.at);
            }
            last.map(drop).ok_or_else(|| InputError::empty(&trace.file, &trace.column))
        }
        ArrivalsSpec::Counts(counts) => {
            let mut rows = inputs.open(&counts.file, &[&counts.column])?;
            let mut is_empty = true;
            while rows.advance()? {
                parse_count(rows.field(0)).map_err(|what| InputError {
                    file: counts.file.clone(),
                    line: Some(rows.line()),
                    message: format!("column `{}`: {what}", counts.column),
                })?;
                is_empty = false;
            }
            if is_empty { Err(InputError::empty(&counts.file, &counts.column)) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::MemoryInputs;

    fn spec(text: &str) -> ArrivalsSpec {
        #[derive(Deserialize)]
        struct Row {
            a: ArrivalsSpec,
        }
        toml::from_str::<Row>(&format!("a = {text}")).unwrap().a
    }

    fn instants(text: &str, until: SimTime) -> Vec<f64> {
        let inputs = MemoryInputs::new().with("t.csv", "x,at,d\n0,1.5,7\n0,2,8\n0,4,9\n").with("c.csv", "n\n3\n0\n2\n");
        let mut arrivals = Arrivals::new(&spec(text), until, Key::root(1).named(text), &inputs, &[]).unwrap();
        std::iter::from_fn(|| arrivals.pop().map(|a| a.at.as_secs_f64())).collect()
    }

    const MINUTE: SimTime = SimTime::from_nanos(60 * SECOND);

    #[test]
    fn regular_arrivals_lie_where_the_contract_says() {
        assert_eq!(instants("{ constant = { rate = 0.05 } }", MINUTE), [0.0, 20.0, 40.0]);
        assert_eq!(
            instants("{ constant = { rate = 3 } }", SimTime::from_nanos(SECOND)),
            [0.0, 0.333_333_333, 0.666_666_667]
        );
        // A rate with more decimals than a billion has, and rates that hardly are any.
        let week = SimTime::from_nanos(7 * 86_400 * SECOND);
        let times = instants("{ constant = { rate = 0.0012345678901234567 } }", week);
        assert_eq!(times[..3], [0.0, 810.000_007_290, 1_620.000_014_580]);
        for rate in ["1e-30", "1e-300", "5e-324"] {
            assert_eq!(instants(&format!("{{ constant = {{ rate = {rate} }} }}"), week), [0.0], "{rate}");
        }
        assert_eq!(instants(r#"{ every = "20s" }"#, MINUTE), [20.0, 40.0]);
        assert_eq!(instants(r#"{ at = ["0s", "1.5s", "60s"] }"#, MINUTE), [0.0, 1.5]);
        assert_eq!(instants(r#"{ bursts = { size = 2, every = "40s" } }"#, MINUTE), [0.0, 0.0, 40.0, 40.0]);
    }

    #[test]
    fn traces_are_scaled_and_repeated() {
        assert_eq!(instants(r#"{ trace = { file = "t.csv", column = "at" } }"#, MINUTE), [1.5, 2.0, 4.0]);
        assert_eq!(
            instants(r#"{ trace = { file = "t.csv", column = "at", unit = "ms", scale = 2 } }"#, MINUTE),
            [0.003, 0.004, 0.008]
        );
        // Span 2.5 s, mean gap 1.25 s: the second round starts at 4 + 1.25.
        assert_eq!(
            instants(r#"{ trace = { file = "t.csv", column = "at", repeat = 2 } }"#, MINUTE),
            [1.5, 2.0, 4.0, 5.25, 5.75, 7.75]
        );
    }

    #[test]
    fn counts_fall_into_their_periods() {
        let times = instants(r#"{ counts = { file = "c.csv", column = "n", period = "10s" } }"#, MINUTE);
        assert_eq!(times.len(), 5);
        assert!(times.is_sorted() && times[2] < 10.0 && times[3] >= 20.0 && times[4] < 30.0, "{times:?}");
    }

    /// Counts of a Poisson process have variance = mean; z-score below 4.
    #[test]
    fn random_arrivals_have_their_rate() {
        for (text, seconds, mean) in [
            ("{ poisson = { rate = 100.0 } }", 1000, 100_000.0),
            (
                r#"{ ramp = [["0s", 0.0], ["100s", 100.0], ["200s", 100.0], ["200s", 50.0], ["300s", 0.0]] }"#,
                1000,
                5_000.0 + 10_000.0 + 2_500.0,
            ),
        ] {
            let times = instants(text, SimTime::from_nanos(seconds * SECOND));
            let z = (times.len() as f64 - mean) / f64::sqrt(mean);
            assert!(z.abs() < 4.0 && times.is_sorted(), "{text}: {} events, z {z}", times.len());
        }
    }

    #[test]
    fn bad_rows_are_told_with_their_line() {
        let inputs =
            MemoryInputs::new().with("t.csv", "at\n1\n3\n2\n").with("n.csv", "at\n1\nx\n").with("c.csv", "n\n1.5\n");
        let error = |text: &str| validate(&spec(text), &inputs, &[]).unwrap_err().to_string();
        assert!(
            error(r#"{ trace = { file = "t.csv", column = "at" } }"#)
                .starts_with("t.csv:4: column `at`: instants must ascend")
        );
        assert!(
            error(r#"{ trace = { file = "n.csv", column = "at" } }"#)
                .starts_with("n.csv:3: column `at`: expected a time")
        );
        assert!(
            error(r#"{ counts = { file = "c.csv", column = "n" } }"#)
                .starts_with("c.csv:2: column `n`: expected a whole")
        );
        assert!(error(r#"{ trace = { file = "no.csv", column = "at" } }"#).starts_with("no.csv: no such file"));
    }
}
