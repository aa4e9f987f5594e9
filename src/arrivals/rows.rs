//! Arrivals read from files: instants of a trace, counts per period.

use crate::distribution::TimeUnit;
use crate::inputs::{InputError, Inputs, Rows};
use crate::random::{Key, Sequential, unit};
use crate::time::{SimDuration, SimTime};
use crate::units::LONGEST;

use super::{Arrival, ArrivalsSpec, Counts, Trace};

/// Reads a decimal number of `unit`s as whole nanoseconds, exactly where it is written as a plain decimal.
pub fn parse_time(text: &str, unit: TimeUnit) -> Result<u64, String> {
    let plain = || -> Option<u64> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 18 {
            return None;
        }
        let scale = 10u64.pow(fraction.len() as u32);
        let whole = whole.parse::<u64>().ok()?.checked_mul(unit.nanos())?;
        let fraction = match fraction.parse::<u64>() {
            // The usual case, a nanosecond or more for each decimal, needs no division of wide numbers.
            Ok(fraction) if unit.nanos().is_multiple_of(scale) => fraction * (unit.nanos() / scale),
            Ok(fraction) => {
                let wide = u128::from(fraction) * u128::from(unit.nanos());
                ((wide + u128::from(scale) / 2) / u128::from(scale)) as u64
            }
            Err(_) => 0,
        };
        whole.checked_add(fraction).filter(|nanos| *nanos <= LONGEST)
    };
    if let Some(nanos) = plain() {
        return Ok(nanos);
    }
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value * (unit.nanos() as f64) <= LONGEST as f64 => {
            Ok((value * unit.nanos() as f64 + 0.5) as u64)
        }
        _ => Err(format!("expected a time of 0 or more, at most 36 years, found `{text}`")),
    }
}

/// Plays a trace row by row.
pub(super) struct TraceReader {
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
    pub(super) fn open(trace: &Trace, inputs: &dyn Inputs, functions: &[String]) -> Result<TraceReader, InputError> {
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

    pub(super) fn draw(&mut self) -> Option<Arrival> {
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
pub(super) struct CountsReader {
    rows: Box<dyn Rows>,
    rng: Sequential,
    period: SimDuration,
    periods: u64,
    left: u64,
    position: f64,
}

impl CountsReader {
    pub(super) fn open(counts: &Counts, key: Key, inputs: &dyn Inputs) -> Result<CountsReader, InputError> {
        let rows = inputs.open(&counts.file, &[&counts.column])?;
        Ok(CountsReader { rows, rng: key.sequence(), period: counts.period, periods: 0, left: 0, position: 0.0 })
    }

    pub(super) fn draw(&mut self) -> Option<SimTime> {
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
