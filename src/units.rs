//! Durations and sizes as a scenario writes them: decimal numbers with a unit, read exactly.
//!
//! Whole-number arithmetic only, so that `"0.1s"` is 100 000 000 ns and nothing else. Left out on purpose: signs,
//! exponents, spaces, and bare numbers, whose unit a reader would have to guess.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

const DURATION_UNITS: [(&str, u64); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),       // U+00B5, the micro sign
    ("\u{3bc}s", 1_000), // U+03BC, the Greek letter that looks the same
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
const SIZE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];
/// 36 years: an emission and a drain together stay within what [`crate::time::SimTime`] can hold.
pub const LONGEST: u64 = 36 * 365 * 86_400_000_000_000;

/// Nanoseconds of a duration such as `"250ms"`, `"1.5s"` or `"1h30m"`; units are ns, us, µs, ms, s, m, h and d.
///
/// # Errors
/// Says what is wrong, and what is allowed, in words for the user.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    if text.starts_with('-') {
        return Err("a duration is never negative".into());
    }
    let mut rest = text;
    let mut total: u64 = 0;
    let mut smallest = u64::MAX;
    loop {
        let part = Quantity::read(rest).ok_or("durations are a number and a unit, such as \"5m\" or \"1h30m\"")?;
        let unit =
            part.unit(&DURATION_UNITS, "durations are strings with a unit, such as \"5m\"", "ns, us, ms, s, m, h, d")?;
        if unit >= smallest {
            return Err("larger units come first, each once, such as \"1h30m\"".into());
        }
        smallest = unit;
        let nanoseconds = part.times(unit).map_err(|problem| match problem {
            Inexact::TooFine => "finer than 1 ns",
            Inexact::TooLarge => "more than 36 years",
        })?;
        total = total.saturating_add(nanoseconds);
        rest = part.rest;
        if rest.is_empty() {
            break;
        }
    }
    if total > LONGEST { Err("more than 36 years".into()) } else { Ok(total) }
}

/// Bytes of a size such as `"256B"`, `"6MB"` (a thousand thousands) or `"1KiB"` (1024 bytes).
///
/// # Errors
/// Says what is wrong, and what is allowed, in words for the user.
pub fn parse_size(text: &str) -> Result<u64, String> {
    if text.starts_with('-') {
        return Err("a size is never negative".into());
    }
    let shape = "sizes are strings with a unit, such as \"6MB\"";
    let part = Quantity::read(text).ok_or(shape)?;
    let unit = part.unit(&SIZE_UNITS, shape, "B, KB, MB, GB, TB, KiB, MiB, GiB, TiB")?;
    if !part.rest.is_empty() {
        return Err(shape.into());
    }
    part.times(unit).map_err(|problem| match problem {
        Inexact::TooFine => "not a whole number of bytes".into(),
        Inexact::TooLarge => "larger than any computer's memory".into(),
    })
}

/// One number with its unit, still text, and what follows it.
struct Quantity<'a> {
    whole: &'a str,
    fraction: &'a str,
    unit: &'a str,
    rest: &'a str,
}

enum Inexact {
    TooFine,
    TooLarge,
}

impl<'a> Quantity<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (whole, after) = split_while(text, |c| c.is_ascii_digit());
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => Some(split_while(after, |c| c.is_ascii_digit())).filter(|(digits, _)| !digits.is_empty())?,
            None => ("", after),
        };
        let (unit, rest) = split_while(after, |c| c.is_alphabetic() || c == 'µ');
        (!whole.is_empty()).then_some(Self { whole, fraction, unit, rest })
    }

    fn unit(&self, units: &[(&str, u64)], when_missing: &str, known: &str) -> Result<u64, String> {
        if self.unit.is_empty() {
            return Err(when_missing.into());
        }
        let found = units.iter().find(|(name, _)| *name == self.unit);
        found.map(|(_, factor)| *factor).ok_or_else(|| format!("unknown unit `{}`; units are {known}", self.unit))
    }

    fn times(&self, unit: u64) -> Result<u64, Inexact> {
        let whole: u64 = self.whole.parse().map_err(|_| Inexact::TooLarge)?;
        let whole = whole.checked_mul(unit).ok_or(Inexact::TooLarge)?;
        let digits = self.fraction.trim_end_matches('0');
        // The units of time hold at most sixteen twos and eleven fives, so more places than that are always finer than
        // 1 ns (of a TiB, only fractions that nobody writes are lost); and 18 places times any unit fit a u128.
        if digits.len() > 18 {
            return Err(Inexact::TooFine);
        }
        let scale = 10_u128.pow(u32::try_from(digits.len()).unwrap_or(18));
        let parts = digits.parse::<u128>().unwrap_or(0) * u128::from(unit);
        if !parts.is_multiple_of(scale) {
            return Err(Inexact::TooFine);
        }
        let fraction = u64::try_from(parts / scale).map_err(|_| Inexact::TooLarge)?;
        whole.checked_add(fraction).ok_or(Inexact::TooLarge)
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

/// A size in bytes, written `"256B"`, `"1KiB"` or `"6MB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        parse_size(&text).map(Size).map_err(D::Error::custom)
    }
}

/// The shortest exact form: `256KiB`, `6MB`, `1000B`.
impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = SIZE_UNITS.iter().filter(|(_, unit)| self.0.is_multiple_of(*unit)).max_by_key(|(_, unit)| *unit);
        let (name, unit) = unit.unwrap_or(&SIZE_UNITS[0]);
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-format": "size" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        #[rustfmt::skip] // one row per rule
        let rows: &[(&str, Result<u64, &str>)] = &[
            ("0s", Ok(0)),
            ("250ms", Ok(250_000_000)),
            ("1.5s", Ok(1_500_000_000)),
            ("0.1us", Ok(100)),
            ("3µs", Ok(3_000)),
            ("3\u{3bc}s", Ok(3_000)),
            ("1h30m", Ok(5_400_000_000_000)),
            ("1d0.5h", Ok(88_200_000_000_000)),
            ("0.10000000000000000000000s", Ok(100_000_000)),
            ("13140d", Ok(LONGEST)),
            ("13140d1ns", Err("more than 36 years")),
            ("99999999999999999999999s", Err("more than 36 years")),
            ("600y", Err("unknown unit `y`; units are ns")),
            ("5M", Err("unknown unit `M`")),
            ("0.5ns", Err("finer than 1 ns")),
            ("0.0000000001s", Err("finer than 1 ns")),
            ("-5s", Err("never negative")),
            ("5", Err("strings with a unit")),
            ("0", Err("strings with a unit")),
            ("", Err("a number and a unit")),
            ("5 s", Err("strings with a unit")),
            ("1e3s", Err("unknown unit `e`")),
            (".5s", Err("a number and a unit")),
            ("5.s", Err("a number and a unit")),
            ("30m1h", Err("larger units come first")),
            ("1s1s", Err("larger units come first")),
            ("1h ", Err("a number and a unit")),
        ];
        check(rows, parse_duration);
    }

    #[test]
    fn sizes() {
        #[rustfmt::skip] // one row per rule
        let rows: &[(&str, Result<u64, &str>)] = &[
            ("256B", Ok(256)),
            ("1KB", Ok(1_000)),
            ("1KiB", Ok(1_024)),
            ("6MB", Ok(6_000_000)),
            ("1.5KiB", Ok(1_536)),
            ("0.5B", Err("whole number of bytes")),
            ("99999999TiB", Err("larger than")),
            ("6mb", Err("unknown unit `mb`; units are B")),
            ("6", Err("with a unit")),
            ("1MB2KB", Err("with a unit")),
            ("-1B", Err("never negative")),
        ];
        check(rows, parse_size);
    }

    #[test]
    fn a_size_prints_as_it_is_written() {
        for text in ["1B", "1025B", "256KiB", "6MB", "6MiB", "300KB", "2GiB"] {
            assert_eq!(Size(parse_size(text).unwrap()).to_string(), text);
        }
    }

    fn check(rows: &[(&str, Result<u64, &str>)], parse: impl Fn(&str) -> Result<u64, String>) {
        for (text, want) in rows {
            match (parse(text), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, *want, "{text}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{text}: {got}"),
                (got, want) => panic!("{text}: {got:?}, not {want:?}"),
            }
        }
    }
}
