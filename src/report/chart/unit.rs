//! What figures measure: how an axis of them looks, and how one is written.
//! An axis starts at zero unless all of its points are far from it; what makes one logarithmic is a ratio of the points.

use super::number::{self, HUGE};
use super::scale::{LOG_FROM, Scale};

/// Figures that differ by less than this part of them are alike.
pub(super) const ALIKE: f64 = 0.02;
/// An axis whose least value is below this part of its largest starts at 0.
const NEAR_ZERO: f64 = 0.5;

/// What a figure measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// How many; the ticks are whole numbers, unless all figures are within one.
    #[default]
    Count,
    /// How many a second; their tick labels are by the second, minute, hour or day, whatever reads best.
    PerSecond,
    /// Times; their tick labels are in whatever unit reads best.
    Milliseconds,
    /// US dollars.
    Usd,
    /// A probability or a part of a whole from 0 to 1; it is shown in percent.
    Share,
}

impl Unit {
    /// An axis from `low`, which is often 0, to a little over `high`, with about `n` ticks.
    pub(super) fn scale(self, (low, high): (f64, f64), n: f64) -> Scale {
        match self {
            Unit::Count => Scale::counts((low, high), n),
            Unit::PerSecond => Scale::rates((low, high), n),
            Unit::Milliseconds => Scale::durations((low, high), n),
            Unit::Usd => Scale::dollars((low, high), n),
            Unit::Share => Scale::percents((low, high), n),
        }
    }

    /// An axis of any magnitude, from `min` to `max`, both positive; `zero`: nothing at all stands at its lower end.
    pub(super) fn log_scale(self, min: f64, max: f64, zero: bool) -> Scale {
        match self {
            Unit::Milliseconds => Scale::magnitudes((min, max), zero),
            Unit::PerSecond => Scale::powers((min, max), zero, number::rate),
            Unit::Count => Scale::powers((min, max), zero, number::short),
            Unit::Usd => Scale::powers((min, max), zero, number::dollars),
            Unit::Share => Scale::powers((min, max), zero, number::percent),
        }
    }

    /// An axis for points that may lie anywhere: logarithmic if they span a large ratio, from 0 only if they come near.
    pub(super) fn scale_of(self, values: impl Iterator<Item = f64> + Clone, n: f64) -> Scale {
        let max = values.clone().fold(0.0, f64::max);
        let min = values.clone().filter(|value| *value > 0.0).fold(max, f64::min);
        let zero = values.clone().any(|value| value <= 0.0);
        if values.clone().next().is_none() {
            Scale::blank()
        } else if max > LOG_FROM * min {
            self.log_scale(min, max, zero)
        } else if zero || min < NEAR_ZERO * max {
            self.scale((0.0, max), n)
        } else {
            let spread = max - min;
            // Figures that hardly differ stand in the middle.
            let (below, above) = if spread < ALIKE * max { (ALIKE * max, ALIKE * max) } else { (0.08 * spread, 0.0) };
            let most = if self == Unit::Share && max <= 1.0 { 1.0 } else { HUGE };
            self.scale((min - below, (max + above).min(most)), n)
        }
    }

    /// One figure to three digits or so, such as "1.24 s".
    pub(in crate::report) fn short(self, value: f64) -> String {
        match self {
            Unit::Count => number::short(value),
            Unit::PerSecond => number::rate(value),
            _ => self.exact(value),
        }
    }

    /// One figure as a person has set it.
    pub(super) fn exact(self, value: f64) -> String {
        match self {
            Unit::Count => number::shortest(value),
            Unit::PerSecond => number::shortest(value) + "/s",
            Unit::Milliseconds => number::duration(value),
            Unit::Usd => number::dollars(value),
            Unit::Share => number::percent(value),
        }
    }
}
