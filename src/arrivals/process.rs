//! The process that yields one arrival after the other, one held ahead.

use chrono::{DateTime, Duration as ChronoDuration, Utc};

use crate::draw::exponential;
use crate::inputs::{InputError, Inputs};
use crate::random::{Key, Sequential};
use crate::time::{SECOND, SimDuration, SimTime};

use super::ArrivalsSpec;
use super::rows::{CountsReader, TraceReader, TraceRow};

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

/// The arrivals of one source, in order of time, below a bound.
// In this order: what is asked most comes first.
#[repr(C)]
pub struct Arrivals {
    /// When the next event occurs; never, after the last.
    next: SimTime,
    /// How many of those known are over, and before which place they end.
    over: usize,
    end: usize,
    /// When the next few events occur, as far as that is known; never, from the end on.
    known: [SimTime; AHEAD],
    until: SimTime,
    process: Process,
    /// The row of a trace that the next event is.
    row: Option<TraceRow>,
}

enum Process {
    Poisson(Poisson),
    Constant { k: u64, interval: DecimalRate },
    Every { at: SimTime, period: SimDuration },
    At { times: std::vec::IntoIter<SimDuration> },
    Bursts { at: SimTime, left: u64, size: u64, every: SimDuration },
    Ramp { rng: Sequential, points: Vec<(f64, f64)>, segment: usize, at: f64 },
    Trace(Box<TraceReader>),
    Counts(Box<CountsReader>),
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
            ArrivalsSpec::Poisson { rate } => Process::Poisson(Poisson::new(*rate, key.sequence())),
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
            ArrivalsSpec::Trace(trace) => Process::Trace(TraceReader::open(trace, inputs, functions)?.into()),
            ArrivalsSpec::Counts(counts) => Process::Counts(CountsReader::open(counts, key, inputs)?.into()),
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
        let known = [SimTime::NEVER; AHEAD];
        let mut arrivals = Arrivals { next: SimTime::NEVER, over: 0, end: 0, known, until, process, row: None };
        arrivals.look_ahead();
        arrivals
    }

    /// When the next event occurs; never, after the last.
    pub fn next(&self) -> SimTime {
        self.next
    }

    /// Takes the next arrival.
    #[inline]
    pub fn pop(&mut self) -> Option<Arrival> {
        let at = Some(self.next).filter(|at| *at != SimTime::NEVER)?;
        let row = self.row.as_ref();
        let arrival =
            Arrival { at, handler: row.and_then(|row| row.handler), function: row.and_then(|row| row.function) };
        self.take(1);
        Some(arrival)
    }

    /// When the next few events occur, at least one if there is any, where an arrival is nothing but its instant.
    pub fn instants(&self) -> &[SimTime] {
        if self.row.is_none() { &self.known[self.over..self.end] } else { &[] }
    }

    /// Whether what comes after these is known to come later than the last of them.
    pub fn is_followed_later(&self) -> bool {
        let Process::Poisson(poisson) = &self.process else { return false };
        self.known[AHEAD - 1] < poisson.peek()
    }

    /// Takes so many of these.
    #[inline]
    pub fn take(&mut self, count: usize) {
        self.over += count;
        match self.known.get(self.over) {
            Some(next) => self.next = *next,
            None => self.look_ahead(),
        }
    }

    /// Works out when the next few events occur.
    #[inline(never)]
    fn look_ahead(&mut self) {
        self.over = 0;
        match &mut self.process {
            Process::Poisson(poisson) => poisson.draw(&mut self.known),
            // A row says more than an instant, so that only one is known.
            Process::Trace(reader) if reader.says_more() => {
                self.row = reader.draw();
                self.over = AHEAD - 1;
                self.known[self.over] = self.row.as_ref().map_or(SimTime::NEVER, |row| SimTime::from_nanos(row.at));
            }
            process => {
                self.known = [SimTime::NEVER; AHEAD];
                let draws = std::iter::from_fn(|| process.draw()).take_while(|at| *at < self.until);
                self.known.iter_mut().zip(draws).for_each(|(known, at)| *known = at);
            }
        }
        self.end = AHEAD;
        // They ascend, so that none is too late where the last is not.
        if self.known[AHEAD - 1] >= self.until {
            self.end = self.over + self.known[self.over..].partition_point(|at| *at < self.until);
            self.known[self.end..].fill(SimTime::NEVER);
        }
        self.next = self.known[self.over];
    }
}

/// So many instants are worked out together.
const AHEAD: usize = 32;

/// Independent arrivals at a constant mean rate.
// In this order: what each arrival touches comes first.
#[repr(C)]
#[derive(Clone)]
struct Poisson {
    /// In nanoseconds.
    mean_gap: f64,
    at: SimTime,
    fraction: f64,
    rng: Sequential,
}

impl Poisson {
    fn new(rate: f64, rng: Sequential) -> Poisson {
        Poisson { mean_gap: SECOND as f64 / rate, at: SimTime::ZERO, fraction: 0.0, rng }
    }

    /// The next instants.
    fn draw(&mut self, instants: &mut [SimTime]) {
        // The generator stays in the registers meanwhile.
        let mut rng = self.rng.clone();
        for instant in instants {
            // The fraction of a nanosecond is carried over, so that rounding never bends the rate.
            let gap = self.fraction + exponential(&mut rng) * self.mean_gap;
            // Signed conversions are one instruction of the machine; a gap is never negative.
            let whole = gap as i64;
            self.fraction = gap - whole as f64;
            // Neither takes more than 63 bits.
            self.at = SimTime::from_nanos(self.at.nanos() + whole as u64);
            *instant = self.at;
        }
        self.rng = rng;
    }

    /// The next instant, which stays to be drawn.
    fn peek(&self) -> SimTime {
        let mut instant = [SimTime::NEVER];
        self.clone().draw(&mut instant);
        instant[0]
    }
}

impl Process {
    /// The next instant.
    fn draw(&mut self) -> Option<SimTime> {
        let at = match self {
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
            Process::Counts(reader) => reader.draw()?,
            Process::Calendar { next } => next.next()?,
            Process::Trace(reader) => SimTime::from_nanos(reader.draw()?.at),
            Process::Poisson(_) | Process::Nothing => return None,
        };
        Some(at)
    }
}

/// The next arrival of a Poisson process with piecewise linear rate: a unit exponential is spent along the integral of the
/// rate, segment by segment; within a segment the instant is the root of a quadratic.
fn ramp(rng: &mut Sequential, points: &[(f64, f64)], segment: &mut usize, at: &mut f64) -> Option<SimTime> {
    let mut budget = exponential(rng);
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
