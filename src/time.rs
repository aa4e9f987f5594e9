//! Virtual time: whole nanoseconds since the start of a run.
//!
//! Integers keep a run exact and equal on every machine; floats appear only where figures leave the simulator.
//! Arithmetic saturates below [`SimTime::NEVER`], so that a heavy tail can be long but never wrap round.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::units;

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// An instant of virtual time: nanoseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimTime(u64);

impl SimTime {
    /// The instant at which a run begins.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than every instant that a run reaches: the wake-up of an actor that waits for nothing.
    pub const NEVER: SimTime = SimTime(LAST + 1);

    /// The instant `nanos` nanoseconds after the start; beyond 73 years, never.
    pub const fn from_nanos(nanos: u64) -> SimTime {
        if nanos > LAST { SimTime::NEVER } else { SimTime(nanos) }
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for figures only.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// How long after `earlier` this instant lies; zero where it does not.
    pub const fn since(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

/// The last instant before [`SimTime::NEVER`], in nanoseconds: 73 years, which leaves three bits to the agenda.
const LAST: u64 = (u64::MAX >> 3) - 1;

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    fn add(self, length: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(length.0).min(LAST))
    }
}

/// `1.234567890`: seconds with nine decimals, exact.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0 / SECOND, self.0 % SECOND)
    }
}

/// A length of virtual time in nanoseconds, written `"250ms"`, `"1.5s"`, `"10m"` or `"6h"` in a scenario.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimDuration(u64);

impl SimDuration {
    /// No time at all.
    pub const ZERO: SimDuration = SimDuration(0);

    /// `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> SimDuration {
        SimDuration(nanos)
    }

    /// `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> SimDuration {
        SimDuration(millis * 1_000_000)
    }

    /// `secs` seconds.
    pub const fn from_secs(secs: u64) -> SimDuration {
        SimDuration(secs * SECOND)
    }

    /// Rounds a computed length (a random draw, say) to whole nanoseconds; negative and NaN become zero.
    pub fn from_nanos_f64(nanos: f64) -> SimDuration {
        // `as` saturates at both ends and takes NaN to 0. Signed, since that is one instruction of the machine, and as long as
        // anything in a run can last.
        SimDuration(((nanos + 0.5) as i64).max(0) as u64)
    }

    /// The length in nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The length in seconds, for figures only.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// Whether the length is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self` less `other`, zero where that is longer.
    pub const fn saturating_sub(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_sub(other.0))
    }

    /// `self` taken `factor` times, which need not be a whole number, rounded to whole nanoseconds.
    pub fn stretched(self, factor: f64) -> SimDuration {
        SimDuration::from_nanos_f64(self.0 as f64 * factor)
    }

    /// `self` taken `times` times.
    pub const fn saturating_mul(self, times: u64) -> SimDuration {
        SimDuration(self.0.saturating_mul(times))
    }

    /// This, doubled so many times, at most `cap`: exponential back-off.
    pub fn doubled(self, times: u32, cap: SimDuration) -> SimDuration {
        self.saturating_mul(1 << times.min(63)).min(cap)
    }
}

impl Add for SimDuration {
    type Output = SimDuration;
    fn add(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_add(other.0))
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, other: SimDuration) {
        *self = *self + other;
    }
}

/// The shortest exact form: `250ms`, `1.5s`, `10m`.
impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 5] =
            [(3600 * SECOND, "h"), (60 * SECOND, "m"), (SECOND, "s"), (1_000_000, "ms"), (1_000, "us")];
        if self.0 == 0 {
            return f.write_str("0s");
        }
        match UNITS.iter().find(|(unit, _)| self.0.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}ns", self.0),
        }
    }
}

impl std::str::FromStr for SimDuration {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        units::parse_duration(text).map(SimDuration)
    }
}

impl<'de> Deserialize<'de> for SimDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl schemars::JsonSchema for SimDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-format": "duration" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_prints_as_it_is_written() {
        for text in ["0s", "1ns", "250us", "250ms", "1500ms", "1s", "90s", "10m", "36h"] {
            assert_eq!(text.parse::<SimDuration>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_sum_never_wraps_nor_reaches_never() {
        let late = SimTime::from_nanos(LAST - 5) + SimDuration::from_secs(1);
        assert!(late < SimTime::NEVER && SimTime::from_nanos(LAST + 1) == SimTime::NEVER);
        assert_eq!(SimTime::ZERO.since(late), SimDuration::ZERO);
    }

    #[test]
    fn doubling_ends_at_its_cap() {
        let (second, cap) = (SimDuration::from_secs(1), SimDuration::from_secs(20));
        for (times, secs) in [(0, 1), (1, 2), (4, 16), (5, 20), (40, 20), (u32::MAX, 20)] {
            assert_eq!(second.doubled(times, cap).nanos(), secs * SECOND, "{times} times");
        }
        assert_eq!(SimDuration::ZERO.doubled(u32::MAX, cap), SimDuration::ZERO);
    }

    #[test]
    fn draws_are_rounded_to_whole_nanoseconds() {
        for (draw, nanos) in [(0.4, 0), (0.6, 1), (-3.0, 0), (f64::NAN, 0), (1e300, i64::MAX as u64)] {
            assert_eq!(SimDuration::from_nanos_f64(draw).nanos(), nanos);
        }
    }
}
