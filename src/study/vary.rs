//! Which settings a study goes through: `PATH=V1,V2,...`, each value a TOML value or a range, and the grid of several such axes.

use std::collections::BTreeSet;

use crate::time::SimDuration;
use crate::units::parse_duration;

/// Most values of one axis, and most points of a grid.
pub const MOST_POINTS: usize = 100_000;

/// A key of the scenario and the values that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The key, as `--set` takes it.
    pub path: String,
    /// The values, as `--set` takes them.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `PATH=V1,V2,...`. A value is TOML, else a string; `1..10` stands for the whole numbers from 1 to 10,
    /// `0..1 step 0.25` for evenly spaced ones, `10..1000 log 7` and `1..5 lin 9` for so many between two ends, both included;
    /// ends can be times, such as `10ms..10s log 4`. Between whole ends values are whole, unless the key `takes_fractions`, which is
    /// asked with its path and a number.
    ///
    /// # Errors
    /// What is wrong, and what is allowed.
    pub fn parse(text: &str, takes_fractions: &dyn Fn(&str, f64) -> bool) -> Result<Axis, String> {
        let form =
            || format!("`{text}`: expected PATH=V1,V2,... or PATH=LOW..HIGH, such as source.logs.batch_size=10,100");
        let (path, values) = text.split_once('=').ok_or_else(form)?;
        let path = path.trim();
        if path.is_empty() || values.trim().is_empty() {
            return Err(form());
        }
        let mut axis = Axis { path: path.to_owned(), values: vec![] };
        for value in split(values) {
            if value.is_empty() {
                return Err(format!("`{text}`: a value is missing between two commas"));
            }
            match Range::read(value) {
                Some(range) => {
                    let range = range.and_then(|range| range.values(&|number| takes_fractions(path, number)));
                    axis.values.extend(range.map_err(|what| format!("`{value}`: {what}"))?);
                }
                None => axis.values.push(value.to_owned()),
            }
        }
        let mut known = BTreeSet::new();
        match axis.values.iter().find(|value| !known.insert(meaning(value))) {
            Some(value) => Err(format!("`{text}`: the value {value} comes twice")),
            None => Ok(axis),
        }
    }
}

/// A value such that two ways to write one number or time are the same.
fn meaning(value: &str) -> String {
    match end(value.trim_matches(['"', '\''])) {
        Some((Of::Time, nanos)) => format!("{nanos} ns"),
        Some((Of::Whole | Of::Decimal, number)) => format!("{number}"),
        None => value.to_owned(),
    }
}

/// The points of a grid of several axes, the last axis running fastest: for each point the place of its value on each axis.
///
/// # Errors
/// There are too many, or a key is varied twice.
pub fn grid(axes: &[Axis]) -> Result<Vec<Vec<usize>>, String> {
    for (place, axis) in axes.iter().enumerate() {
        if axes[..place].iter().any(|other| other.path == axis.path) {
            return Err(format!("`{}` is varied twice; its values belong into one list", axis.path));
        }
    }
    let count = axes.iter().try_fold(1_usize, |count, axis| count.checked_mul(axis.values.len()));
    if count.is_none_or(|count| count > MOST_POINTS) {
        return Err(format!("the grid has more than {MOST_POINTS} points"));
    }
    let mut points = vec![vec![]];
    for axis in axes {
        let with = |point: Vec<usize>| (0..axis.values.len()).map(move |place| [&point[..], &[place]].concat());
        points = points.into_iter().flat_map(with).collect();
    }
    Ok(points)
}

/// The assignments of one point, as `--set` takes them.
pub fn assignments(axes: &[Axis], point: &[usize]) -> Vec<String> {
    axes.iter().zip(point).map(|(axis, place)| format!("{}={}", axis.path, axis.values[*place])).collect()
}

/// Splits at commas that stand in no quotes, brackets or braces.
fn split(values: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in values.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(values[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(values[start..].trim());
    parts
}

/// What the ends of a range are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Whole,
    Decimal,
    Time,
}

/// How the values lie between the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spacing {
    Step(f64),
    Linear(usize),
    Log(usize),
}

/// `LOW..HIGH`, with `step S`, `lin N` or `log N`.
struct Range {
    of: Of,
    low: f64,
    high: f64,
    spacing: Spacing,
}

/// A number or a time; times in nanoseconds.
fn end(text: &str) -> Option<(Of, f64)> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some((Of::Whole, whole as f64));
    }
    if let Ok(decimal) = text.parse::<f64>() {
        return decimal.is_finite().then_some((Of::Decimal, decimal));
    }
    parse_duration(text).ok().map(|nanos| (Of::Time, nanos as f64))
}

impl Range {
    /// Reads a range; none where `text` is none. What looks like one and is wrong is an error.
    fn read(text: &str) -> Option<Result<Range, String>> {
        let mut words = text.split_whitespace();
        let (low, high) = words.next()?.split_once("..")?;
        let ((one, low), (other, high)) = (end(low)?, end(high)?);
        let how = "a range is LOW..HIGH, LOW..HIGH step S, LOW..HIGH lin N or LOW..HIGH log N";
        let of = match (one, other) {
            _ if one == other => one,
            (Of::Time, _) | (_, Of::Time) => return Some(Err("one end is a time, and the other has no unit".into())),
            _ => Of::Decimal,
        };
        let spacing = match (words.next(), words.next(), words.next()) {
            (None, ..) if of == Of::Whole => Spacing::Step(1.0),
            (None, ..) => return Some(Err(format!("say how to go from one end to the other: {how}"))),
            (Some("step"), Some(step), None) => match end(step) {
                Some((unit, step)) if step > 0.0 && (unit == Of::Time) == (of == Of::Time) => Spacing::Step(step),
                _ => return Some(Err(format!("the step `{step}` is no number above 0 of the same unit"))),
            },
            (Some(word @ ("lin" | "log")), Some(count), None) => match count.parse::<usize>() {
                Ok(count) if (2..=MOST_POINTS).contains(&count) => {
                    if word == "lin" {
                        Spacing::Linear(count)
                    } else {
                        Spacing::Log(count)
                    }
                }
                _ => return Some(Err(format!("`{count}` is no number of values from 2 to {MOST_POINTS}"))),
            },
            _ => return Some(Err(how.into())),
        };
        Some(Ok(Range { of, low, high, spacing }))
    }

    fn values(&self, takes_fractions: &dyn Fn(f64) -> bool) -> Result<Vec<String>, String> {
        if self.low > self.high {
            return Err("the range is empty: its first end is above its last".into());
        }
        let between = |share: f64| self.low + share * (self.high - self.low);
        let shares = |count: usize| (0..count).map(move |place| place as f64 / (count - 1) as f64);
        let mut of = self.of;
        let values: Vec<f64> = match self.spacing {
            Spacing::Step(step) => {
                if of == Of::Whole && step.fract() != 0.0 {
                    of = Of::Decimal;
                }
                // Room for rounding: 0..1 step 0.1 ends at 1.
                let steps = ((self.high - self.low) / step + 1e-9).floor();
                if steps >= MOST_POINTS as f64 {
                    return Err(format!("the range has more than {MOST_POINTS} values"));
                }
                (0..=steps as u64).map(|k| self.low + k as f64 * step).collect()
            }
            Spacing::Linear(count) => shares(count).map(between).collect(),
            Spacing::Log(_) if self.low <= 0.0 => return Err("a logarithmic range begins above 0".into()),
            Spacing::Log(count) => {
                let ratio = libm::log(self.high / self.low);
                shares(count).map(|share| self.low * libm::exp(share * ratio)).collect()
            }
        };
        if of == Of::Whole && values.iter().any(|value| value.fract() != 0.0) && takes_fractions(self.low + 0.5) {
            of = Of::Decimal;
        }
        let mut texts: Vec<String> = values.into_iter().map(|value| written(of, value)).collect();
        // Whole numbers close to each other round to the same.
        texts.dedup();
        Ok(texts)
    }
}

/// A value as a scenario writes it: whole numbers whole, others to six digits.
fn written(of: Of, value: f64) -> String {
    let digits = |value: f64| format!("{value:.5e}").parse::<f64>().unwrap_or(value);
    match of {
        Of::Whole => format!("{value:.0}"),
        // With a point even where it is whole: 1.0.
        Of::Decimal => format!("{:?}", digits(value)),
        Of::Time => time(digits(value)),
    }
}

/// A time in the unit that suits it: in full where that is short, else to four digits.
fn time(nanos: f64) -> String {
    let exact = SimDuration::from_nanos_f64(nanos).to_string();
    if exact.chars().filter(char::is_ascii_digit).count() <= 4 {
        return exact;
    }
    let units = [("h", 3_600e9), ("m", 60e9), ("s", 1e9), ("ms", 1e6), ("us", 1e3)];
    let (unit, length) = units.into_iter().find(|(_, length)| nanos >= *length).unwrap_or(("ns", 1.0));
    let value = format!("{:.3e}", nanos / length).parse().unwrap_or(nanos / length);
    format!("{value}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_ranges() {
        for (text, want) in [
            ("a=1,2, 3", "1|2|3"),
            ("a=1..4", "1|2|3|4"),
            ("a=3..3", "3"),
            ("a=1,5..7,20", "1|5|6|7|20"),
            ("a=0..10 step 5", "0|5|10"),
            ("a=0..1 step 0.25", "0.0|0.25|0.5|0.75|1.0"),
            ("a=0.1..0.5 step 0.1", "0.1|0.2|0.3|0.4|0.5"),
            ("a=10..1000 log 7", "10|22|46|100|215|464|1000"),
            ("a=0.1..10 log 3", "0.1|1.0|10.0"),
            ("a=1..3 log 9", "1|2|3"),
            ("a=0..10 lin 3", "0|5|10"),
            ("rate=1..2 lin 3", "1.0|1.5|2.0"),
            ("rate=1..10 log 4", "1.0|2.15443|4.64159|10.0"),
            ("rate=1..3 lin 3", "1|2|3"),
            ("a=10ms..10s log 4", "10ms|100ms|1s|10s"),
            ("a=1ms..10s log 9", "1ms|3.162ms|10ms|31.62ms|100ms|316.2ms|1s|3.162s|10s"),
            ("a=1m..1h lin 4", "1m|1240s|2420s|1h"),
            ("a=1s..3s step 500ms", "1s|1500ms|2s|2500ms|3s"),
            ("a.b=\"x,y\",{ poisson = { rate = 1, } },[1,2]", "\"x,y\"|{ poisson = { rate = 1, } }|[1,2]"),
            ("a=least_recent,random", "least_recent|random"),
            ("a='1..3'", "'1..3'"),
        ] {
            let axis = Axis::parse(text, &|path, _| path == "rate").unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(axis.values.join("|"), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_axis_is_refused() {
        for (text, says) in [
            ("batch_size", "expected PATH="),
            ("=1", "expected PATH="),
            ("a=", "expected PATH="),
            ("a=1,,2", "a value is missing"),
            ("a=1,2,1", "the value 1 comes twice"),
            ("a=1,1.0", "the value 1.0 comes twice"),
            ("a=1..3,2.0", "the value 2.0 comes twice"),
            ("a=1s,\"1000ms\"", "the value \"1000ms\" comes twice"),
            ("a=10..1", "the range is empty"),
            ("a=0.5..1", "say how"),
            ("a=1s..2s", "say how"),
            ("a=1s..2", "has no unit"),
            ("a=0..10 log 3", "begins above 0"),
            ("a=1..10 log 1", "from 2 to"),
            ("a=1..10 log x", "from 2 to"),
            ("a=1..10 step 0", "above 0"),
            ("a=1..10 step 1s", "the same unit"),
            ("a=1..10 step -1", "above 0"),
            ("a=1..10 by 2", "a range is"),
            ("a=1..1000000", "more than 100000 values"),
        ] {
            let error = Axis::parse(text, &|_, _| false).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn the_last_axis_runs_fastest() {
        let axes = ["a=1,2", "b=x,y"].map(|axis| Axis::parse(axis, &|_, _| false).unwrap());
        let points = grid(&axes).unwrap();
        let sets: Vec<String> = points.iter().map(|point| assignments(&axes, point).join(" ")).collect();
        assert_eq!(sets, ["a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"]);
        assert!(grid(&[axes[0].clone(), axes[0].clone()]).unwrap_err().contains("varied twice"));
        let large = Axis { path: "c".into(), values: vec![String::new(); 1000] };
        let larger = Axis { path: "d".into(), values: vec![String::new(); 1000] };
        assert!(grid(&[large, larger]).unwrap_err().contains("more than 100000 points"));
    }
}
