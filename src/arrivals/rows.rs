//! Arrivals read from files: instants of a trace, counts per period.

use crate::distribution::{POWERS_OF_TEN, TimeUnit};
use crate::inputs::{InputError, Inputs, Rows};
use crate::random::{Key, Sequential, unit};
use crate::time::{SimDuration, SimTime};
use crate::units::LONGEST;

use super::{ArrivalsSpec, Counts, Trace};

/// Reads a decimal number of `unit`s as whole nanoseconds, exactly where it is written as a plain decimal.
pub fn parse_time(text: &[u8], unit: TimeUnit) -> Result<u64, String> {
    match short_decimal(text, unit) {
        Some(nanos) if nanos <= LONGEST => Ok(nanos),
        _ => parse_any_time(text, unit),
    }
}

/// The usual decimal in one pass, since a trace has millions: all its digits fit one word, and its last stands for a nanosecond or
/// more.
fn short_decimal(text: &[u8], unit: TimeUnit) -> Option<u64> {
    if text.len() >= POWERS_OF_TEN.len() || !text.first()?.is_ascii_digit() {
        return None;
    }
    let (mut digits, mut point) = (0, None);
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(place),
            _ => return None,
        }
    }
    let fraction = point.map_or(0, |point| text.len() - 1 - point);
    let (factor, zeros) = unit.digits_and_zeros();
    let scale = POWERS_OF_TEN[zeros.checked_sub(fraction)?];
    digits.checked_mul(factor * scale)
}

#[cold]
fn parse_any_time(text: &[u8], unit: TimeUnit) -> Result<u64, String> {
    let text = str::from_utf8(text).unwrap_or_default();
    if let Some(nanos) = long_decimal(text, unit.nanos()).filter(|nanos| *nanos <= LONGEST) {
        return Ok(nanos);
    }
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value * (unit.nanos() as f64) <= LONGEST as f64 => {
            Ok((value * unit.nanos() as f64 + 0.5) as u64)
        }
        _ => Err(format!("expected a time of 0 or more, at most 36 years, found `{text}`")),
    }
}

/// A decimal of whatever length, of at most 18 places.
fn long_decimal(text: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 18 {
        return None;
    }
    let scale = 10u128.pow(fraction.len() as u32);
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let fraction = u128::from(fraction.parse::<u64>().unwrap_or(0)) * u128::from(unit);
    whole.checked_add(((fraction + scale / 2) / scale) as u64)
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
    /// The instant of the row before, as its round had it.
    before: u64,
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
            before: 0,
        })
    }

    /// Whether a row says more than an instant.
    pub(super) fn says_more(&self) -> bool {
        self.trace.duration_column.is_some() || self.trace.target_column.is_some()
    }

    /// The next row, as its round has it. Rows that were in order when the scenario was read, and no longer are, end here.
    pub(super) fn draw(&mut self) -> Option<TraceRow> {
        self.read().unwrap_or_else(|error| {
            self.rows.changed(error);
            None
        })
    }

    fn read(&mut self) -> Result<Option<TraceRow>, InputError> {
        while !self.rows.advance()? {
            if self.count == 0 {
                return Err(InputError::empty(&self.trace.file, &self.trace.column));
            }
            if self.round == self.trace.repeat {
                return Ok(None);
            }
            self.rows.rewind()?;
            self.round += 1;
            self.shift = self.shift.saturating_add(round_length(self.first, self.last, self.count));
        }
        let mut row = TraceRow::read(&self.trace, &self.functions, self.rows.as_ref())?;
        if self.round == 1 {
            if self.count == 0 {
                self.first = row.at;
            }
            self.last = row.at;
            self.count += 1;
        }
        row.at = row.at.saturating_add(self.shift);
        if row.at < self.before {
            return Err(descends(&self.trace, self.rows.as_ref()));
        }
        self.before = row.at;
        Ok(Some(row))
    }
}

/// How much later the next round of a trace begins: one mean gap after the last instant.
fn round_length(first: u64, last: u64, count: u64) -> u64 {
    let span = last - first;
    span + span / (count - 1).max(1)
}

fn descends(trace: &Trace, rows: &dyn Rows) -> InputError {
    let what = format!("instants must ascend, and `{}` is earlier than the one before", rows.text(0));
    in_row(&trace.file, &trace.column, rows, &what)
}

/// What is wrong with a column in the present row.
fn in_row(file: &str, column: &str, rows: &dyn Rows, what: &str) -> InputError {
    InputError { file: file.to_owned(), line: Some(rows.line()), message: format!("column `{column}`: {what}") }
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
        let wrong = |column: &str, what: String| in_row(&trace.file, column, rows, &what);
        let mut at = parse_time(rows.field(0), trace.unit).map_err(|what| wrong(&trace.column, what))?;
        if trace.scale != 1.0 {
            let scaled = at as f64 * trace.scale + 0.5;
            if scaled > LONGEST as f64 {
                let what = format!("`{}` times the scale of {} is more than 36 years", rows.text(0), trace.scale);
                return Err(wrong(&trace.column, what));
            }
            at = scaled as u64;
        }
        let mut column = 1;
        let mut handler = None;
        if let Some(name) = &trace.duration_column {
            handler = Some(parse_time(rows.field(column), trace.unit).map_err(|what| wrong(name, what))?);
            column += 1;
        }
        let mut function = None;
        if let Some(name) = &trace.target_column {
            let found = rows.text(column);
            let place = functions.iter().position(|function| function == found);
            function =
                Some(place.ok_or_else(|| wrong(name, format!("no function `{found}` in this scenario")))? as u32);
        }
        Ok(TraceRow { at, handler: handler.map(SimDuration::from_nanos), function })
    }
}

/// Plays counts period by period; the k-th of n uniform instants follows from the one before, so that none is stored.
pub(super) struct CountsReader {
    counts: Counts,
    rows: Box<dyn Rows>,
    rng: Sequential,
    periods: u64,
    left: u64,
    position: f64,
}

impl CountsReader {
    pub(super) fn open(counts: &Counts, key: Key, inputs: &dyn Inputs) -> Result<CountsReader, InputError> {
        let rows = inputs.open(&counts.file, &[&counts.column])?;
        let counts = counts.clone();
        Ok(CountsReader { counts, rows, rng: key.sequence(), periods: 0, left: 0, position: 0.0 })
    }

    /// The next instant. Counts that were in order when the scenario was read, and no longer are, end here.
    pub(super) fn draw(&mut self) -> Option<SimTime> {
        self.read().unwrap_or_else(|error| {
            self.rows.changed(error);
            None
        })
    }

    fn read(&mut self) -> Result<Option<SimTime>, InputError> {
        while self.left == 0 {
            if !self.rows.advance()? {
                return Ok(None);
            }
            self.periods += 1;
            self.left = count(&self.counts, self.rows.as_ref())?;
            self.position = 0.0;
        }
        // The smallest of `left` uniforms on what remains of the period.
        let u = 1.0 - unit(&mut self.rng);
        self.position = 1.0 - (1.0 - self.position) * libm::pow(u, 1.0 / self.left as f64);
        self.left -= 1;
        let period = self.counts.period.nanos();
        let within = (self.position * period as f64) as u64;
        let start = (self.periods - 1).saturating_mul(period);
        Ok(Some(SimTime::from_nanos(start.saturating_add(within.min(period - 1)))))
    }
}

/// The count of the present row.
fn count(counts: &Counts, rows: &dyn Rows) -> Result<u64, InputError> {
    parse_count(rows.text(0)).map_err(|what| in_row(&counts.file, &counts.column, rows, &what))
}

/// Reads a count of events.
pub fn parse_count(text: &str) -> Result<u64, String> {
    match text.parse::<f64>() {
        Ok(count) if count.fract() == 0.0 && (0.0..=1e12).contains(&count) => Ok(count as u64),
        _ => Err(format!("expected a whole number of events, 0 to 1e12, found `{text}`")),
    }
}

/// Reads every row that `spec` will need, holding none, and reports the first that is wrong. Emission ends after `duration`, where
/// there is one.
pub fn validate(
    spec: &ArrivalsSpec,
    inputs: &dyn Inputs,
    functions: &[String],
    duration: Option<SimDuration>,
) -> Result<(), InputError> {
    match spec {
        ArrivalsSpec::Trace(trace) => {
            let mut rows = inputs.open(&trace.file, &trace_columns(trace))?;
            let (mut first, mut last, mut count) = (0, 0, 0);
            while rows.advance()? {
                let row = TraceRow::read(trace, functions, rows.as_ref())?;
                if row.at < last {
                    return Err(descends(trace, rows.as_ref()));
                }
                if count == 0 {
                    first = row.at;
                }
                (last, count) = (row.at, count + 1);
            }
            if count == 0 {
                return Err(InputError::empty(&trace.file, &trace.column));
            }
            let rounds = u128::from(trace.repeat - 1) * u128::from(round_length(first, last, count));
            if duration.is_none() && rounds + u128::from(last) > u128::from(LONGEST) {
                let what = format!(
                    "played {} times, the trace takes more than 36 years; a `duration` cuts it off",
                    trace.repeat
                );
                return Err(in_row(&trace.file, &trace.column, rows.as_ref(), &what));
            }
            Ok(())
        }
        ArrivalsSpec::Counts(counts) => {
            let mut rows = inputs.open(&counts.file, &[&counts.column])?;
            let mut is_empty = true;
            while rows.advance()? {
                count(counts, rows.as_ref())?;
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
    use crate::random::Key;

    const UNITS: [TimeUnit; 6] = [TimeUnit::Ns, TimeUnit::Us, TimeUnit::Ms, TimeUnit::S, TimeUnit::M, TimeUnit::H];

    #[test]
    fn times_are_read_exactly() {
        #[rustfmt::skip] // one row per rule
        let rows: &[(&str, TimeUnit, Option<u64>)] = &[
            ("0", TimeUnit::S, Some(0)),
            ("1.5", TimeUnit::S, Some(1_500_000_000)),
            ("0.000000001", TimeUnit::S, Some(1)),
            ("12.", TimeUnit::Ms, Some(12_000_000)),
            ("007.250", TimeUnit::Us, Some(7_250)),
            // Finer than a nanosecond: rounded.
            ("0.0000000005", TimeUnit::S, Some(1)),
            ("0.0000000004", TimeUnit::S, Some(0)),
            ("0.3333333333333333", TimeUnit::M, Some(20_000_000_000)),
            ("123456789.123456789", TimeUnit::S, Some(123_456_789_123_456_789)),
            ("1135296000", TimeUnit::S, Some(LONGEST)),
            ("1135296001", TimeUnit::S, None),
            ("00000000000000000000001", TimeUnit::S, Some(1_000_000_000)),
            ("99999999999999999999999", TimeUnit::Ns, None),
            // Other ways to write a number are read as floats.
            ("1e-3", TimeUnit::S, Some(1_000_000)),
            (".5", TimeUnit::S, Some(500_000_000)),
            ("+2", TimeUnit::S, Some(2_000_000_000)),
            ("-1", TimeUnit::S, None),
            ("1.2.3", TimeUnit::S, None),
            (".", TimeUnit::S, None),
            ("", TimeUnit::S, None),
            ("NaN", TimeUnit::S, None),
            ("inf", TimeUnit::S, None),
        ];
        for (text, unit, want) in rows {
            assert_eq!(parse_time(text.as_bytes(), *unit).ok(), *want, "{text} {unit:?}");
        }
    }

    #[test]
    fn both_ways_to_read_a_decimal_agree() {
        for n in 0..20_000 {
            let key = Key::root(5).numbered(n);
            let (whole, places) = (key.named("whole").below(10_000_000), key.named("places").below(12) as usize);
            let text = format!("{whole}.{:0places$}", key.named("fraction").below(10u64.pow(places as u32)));
            let unit = UNITS[n as usize % UNITS.len()];
            if let Some(nanos) = short_decimal(text.as_bytes(), unit) {
                assert_eq!(Some(nanos), long_decimal(&text, unit.nanos()), "{text} {unit:?}");
            }
        }
    }
}
