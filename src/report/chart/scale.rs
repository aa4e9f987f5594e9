//! Scales: where a value lies along an axis, and at which round values the axis has ticks.
//!
//! Linear, logarithmic, and "nines" (each further nine of a percentile takes the same room); categories are linear with
//! a tick at each whole number.

use super::number::{self, TIME_UNITS, TINY};

/// Figures that span more than this ratio get a logarithmic axis.
pub(super) const LOG_FROM: f64 = 30.0;
/// How far a linear axis goes beyond its largest value, as a factor.
pub(super) const HEADROOM: f64 = 1.06;
/// The part of its length by which a linear axis may be extended to end at a tick.
const ALMOST: f64 = 0.025;
/// A logarithmic axis shows at most this ratio.
const LOG_RANGE: f64 = 1e12;
/// More nines than a simulation can support.
const MOST_NINES: f64 = 9.0;
/// How far the maximum stands right of the last known percentile, in nines.
const TO_THE_MAXIMUM: f64 = 0.4;

/// A value that an axis names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Where.
    pub(super) value: f64,
    /// What the axis says there.
    pub(super) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Linear,
    Log,
    /// Up to so many nines, and beyond them the maximum.
    Nines(f64),
}

/// A range of values laid out from 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    shape: Shape,
    low: f64,
    high: f64,
    /// The ticks, the important ones first: where two collide the later one goes.
    pub(super) ticks: Vec<Tick>,
}

impl Scale {
    /// Whether equal distances are equal ratios.
    pub(super) fn is_log(&self) -> bool {
        self.shape == Shape::Log
    }

    /// Where `value` lies, from 0 to 1; values beyond an end lie on it.
    pub(super) fn at(&self, value: f64) -> f64 {
        let (value, low, high) = match self.shape {
            Shape::Linear => (value, self.low, self.high),
            Shape::Log => (value.max(self.low).log10(), self.low.log10(), self.high.log10()),
            Shape::Nines(_) if value >= 1.0 => (self.high, self.low, self.high),
            Shape::Nines(most) => (nines_of(value).min(most), self.low, self.high),
        };
        let place = (value - low) / (high - low);
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Whether `value` lies between the ends.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Numbers from `low` to a little over `high`, whole ones if they are far enough apart, about `n` ticks.
    pub(super) fn counts((low, high): (f64, f64), n: f64) -> Scale {
        let high = if high < TINY { 1.0 } else { high };
        let step = one_two_five((high - low) / n);
        let step = if high - low < 1.0 { step } else { step.max(1.0) };
        let decimals = number::decimals_of(step);
        linear(low, over(low, high), step, unless_zero(|value| number::grouped(value, decimals)))
    }

    /// Rates per second from `low` to a little over `high`, about `n` ticks; rare events are told by the minute, hour
    /// or day.
    pub(super) fn rates((low, high): (f64, f64), n: f64) -> Scale {
        let high = if high < TINY { 1.0 } else { high };
        let (unit, size) = number::rate_unit(high);
        let step = one_two_five((high - low) * size / n);
        let decimals = number::decimals_of(step);
        let label = |value| format!("{}{unit}", number::grouped(value * size, decimals));
        linear(low, over(low, high), step / size, unless_zero(label))
    }

    /// US dollars from `low` to a little over `high`, about `n` ticks.
    pub(super) fn dollars((low, high): (f64, f64), n: f64) -> Scale {
        let high = if high < TINY { 1.0 } else { high };
        let step = one_two_five((high - low) / n);
        let decimals = match number::decimals_of(step) {
            1 => 2,
            decimals => decimals,
        };
        linear(low, over(low, high), step, unless_zero(|value| format!("${}", number::grouped(value, decimals))))
    }

    /// Shares in percent from `low` to a little over `high`, but not over 100 % if `high` is not, about `n` ticks.
    pub(super) fn percents((low, high): (f64, f64), n: f64) -> Scale {
        let high = if high < TINY { 1.0 } else { high };
        let step = one_two_five((high - low) / n);
        let decimals = number::decimals_of(step * 100.0);
        let end = if high <= 1.0 { over(low, high).min(1.0) } else { over(low, high) };
        linear(low, end, step, unless_zero(|value| format!("{} %", number::grouped(value * 100.0, decimals))))
    }

    /// Changes in percent from a little below `low` to a little over `high`, about `n` ticks.
    pub(super) fn changes((low, high): (f64, f64), n: f64) -> Scale {
        let (low, high) = if high - low < TINY { (low - 1.0, high + 1.0) } else { (low, high) };
        let step = one_two_five((high - low) / n);
        let decimals = number::decimals_of(step);
        let label = |value: f64| number::signed(value, &number::grouped(value.abs(), decimals));
        linear(over(high, low), over(low, high), step, unless_zero(label))
    }

    /// Figures of any magnitude, from `min` to `max`, both positive, with a tick at each power of ten. With `zero`
    /// nothing at all stands at the lower end, below all that is.
    pub(super) fn powers((min, max): (f64, f64), zero: bool, label: impl Fn(f64) -> String) -> Scale {
        let power = |exponent: i32| 10_f64.powi(exponent);
        let lowest = min.max(max / LOG_RANGE).log10().floor() as i32 - i32::from(zero);
        let highest = (max.log10().ceil() as i32).max(lowest + 2);
        if zero {
            let nothing = Tick { value: power(lowest), label: "0".to_owned() };
            let powers = (lowest + 1..=highest).map(power).map(|value| Tick { value, label: label(value) });
            let ticks = [nothing].into_iter().chain(powers).collect();
            return Scale { shape: Shape::Log, low: power(lowest), high: power(highest), ticks };
        }
        let rungs = |digits: &[f64]| -> Vec<f64> {
            let exponents = (lowest..=highest).flat_map(|exponent| digits.iter().map(move |digit| (exponent, *digit)));
            exponents.map(|(exponent, digit)| digit * power(exponent)).collect()
        };
        let all = rungs(&[1.0, 2.0, 5.0]);
        let low = all.iter().copied().filter(|rung| *rung <= min).fold(power(lowest), f64::max);
        let high = all.iter().copied().filter(|rung| *rung >= max).fold(power(highest), f64::min);
        let inside = |rungs: Vec<f64>| -> Vec<Tick> {
            let rungs = rungs.into_iter().filter(|rung| (low..=high).contains(rung));
            rungs.map(|value| Tick { value, label: label(value) }).collect()
        };
        let mut ticks = inside(rungs(&[1.0]));
        if ticks.len() < 5 {
            ticks.extend(inside(rungs(&[2.0, 5.0])));
        }
        ticks.extend(inside(vec![low, high]));
        Scale { shape: Shape::Log, low, high, ticks }
    }

    /// Numbers of any sign from `from` to `to`, about `n` ticks.
    pub(super) fn numbers(from: f64, to: f64, n: f64) -> Scale {
        let step = one_two_five((to - from) / n);
        let decimals = number::decimals_of(step);
        linear(from, to, step, unless_zero(|value| number::grouped(value, decimals)))
    }

    /// Exactly from `low` to `high`, with those of the ticks that lie between.
    pub(super) fn exactly((low, high): (f64, f64), is_log: bool, mut ticks: Vec<Tick>) -> Scale {
        let slack = (high - low) * 1e-9;
        ticks.retain(|tick| (low - slack..=high + slack).contains(&tick.value));
        Scale { shape: if is_log { Shape::Log } else { Shape::Linear }, low, high, ticks }
    }

    /// A place of the same width for each of the labels: the middles are 0, 1, 2 and so on.
    pub(super) fn places(labels: impl IntoIterator<Item = String>) -> Scale {
        let ticks = labels.into_iter().enumerate().map(|(place, label)| Tick { value: place as f64, label });
        let ticks: Vec<Tick> = ticks.collect();
        Scale { shape: Shape::Linear, low: -0.5, high: ticks.len().max(1) as f64 - 0.5, ticks }
    }

    /// An axis that says nothing.
    pub(super) fn blank() -> Scale {
        linear(0.0, 1.0, 2.0, |_| String::new())
    }

    /// Shares from 0 to 100 %.
    pub(super) fn shares() -> Scale {
        linear(0.0, 1.0, 0.2, |value| format!("{:.0} %", value * 100.0))
    }

    /// Times in milliseconds from `low` to a little over `high`, about `n` ticks.
    pub(super) fn durations((low, high): (f64, f64), n: f64) -> Scale {
        let high = if high < TINY { 1.0 } else { high };
        let (unit, size) = number::time_unit(high);
        time(low, over(low, high), (high - low) / n, (unit, size))
    }

    /// Times in milliseconds of any magnitude, from `min` to `max`, both positive. With `zero` nothing at all stands at
    /// the lower end, below all that is.
    pub(super) fn magnitudes((min, max): (f64, f64), zero: bool) -> Scale {
        let max = max.max(1e-5);
        let min = min.max(max / LOG_RANGE).max(1e-6);
        let ladder = time_ladder();
        let values = || ladder.iter().map(|(_, tick)| tick.value);
        let low = values().filter(|v| *v <= min).fold(1e-6, f64::max);
        let high = values().filter(|v| *v >= max).fold(f64::MAX, f64::min);
        let high = if high == f64::MAX { max } else { high };
        let inside = |coarse: bool| {
            let rungs = ladder.iter().filter(move |(c, _)| *c == coarse);
            let ticks = rungs.map(|(_, tick)| tick.clone());
            ticks.filter(|tick| (low..=high).contains(&tick.value))
        };
        let mut ticks: Vec<Tick> = inside(true).collect();
        if ticks.len() < 5 {
            ticks.extend(inside(false));
        }
        // Both ends have a name where there is room.
        ticks.extend(ladder.iter().filter(|(_, tick)| tick.value == low || tick.value == high).map(|(_, t)| t.clone()));
        if !zero {
            return Scale { shape: Shape::Log, low, high, ticks };
        }
        let nothing = low / 10.0;
        ticks.insert(0, Tick { value: nothing, label: "0".to_owned() });
        Scale { shape: Shape::Log, low: nothing, high, ticks }
    }

    /// Virtual time in seconds from `from` to `to`, about `n` ticks.
    pub(super) fn clock(from: f64, to: f64, n: f64) -> Scale {
        let span = to - from;
        let (from, to) = if span > TINY.max(to.abs() * 1e-12) {
            (from, to)
        } else {
            // One instant stands in the middle of the axis.
            let around = (from.abs() * 0.05).max(0.5);
            (from - around, to + around)
        };
        let (unit, size) = number::time_unit((to - from) * 1e3);
        time(from, to, (to - from) / n, (unit, size / 1e3))
    }

    /// Percentiles from `low` to the largest below 1, `most`; `beyond`: there are values for 1, the maximum.
    pub(super) fn nines(low: f64, most: f64, beyond: bool) -> Scale {
        let low_nines = nines_of(low);
        let most = nines_of(most).clamp(1.0, MOST_NINES);
        let mut ticks = Vec::new();
        let mut push = |value: f64, label: String| {
            let place = nines_of(value);
            if place >= low_nines - 1e-9 && place <= most + 1e-9 {
                ticks.push(Tick { value, label });
            }
        };
        for n in 1..=MOST_NINES as usize {
            push(1.0 - 0.1_f64.powi(n as i32), number::nines(n));
        }
        for percent in [50.0, 95.0, 0.0, 75.0] {
            push(percent / 100.0, format!("{percent} %"));
        }
        // Where the axis leaves the percentiles for the maximum, which has no place among them.
        let high = most + if beyond { TO_THE_MAXIMUM } else { 0.0 };
        if beyond {
            let label = "max".to_owned();
            ticks.insert(0, Tick { value: 1.0, label });
        }
        Scale { shape: Shape::Nines(most), low: low_nines, high, ticks }
    }
}

/// `to` and a little more of the way to it from `from`.
fn over(from: f64, to: f64) -> f64 {
    from + (to - from) * HEADROOM
}

/// How many nines `p` has: 0.9 has 1, 0.99 has 2, 0.5 has 0.3.
fn nines_of(p: f64) -> f64 {
    -(1.0 - p.clamp(0.0, 1.0)).max(1e-18).log10()
}

/// A linear axis of times; `size` is the unit in which `from` and `to` count.
fn time(from: f64, to: f64, step: f64, (unit, size): (&str, f64)) -> Scale {
    let step = time_step(step / size, unit);
    let decimals = number::decimals_of(step);
    linear(from, to, step * size, unless_zero(|value| format!("{} {unit}", number::grouped(value / size, decimals))))
}

/// Nothing has neither unit nor decimals.
fn unless_zero(label: impl Fn(f64) -> String) -> impl Fn(f64) -> String {
    move |value| if value == 0.0 { "0".to_owned() } else { label(value) }
}

/// A linear axis with ticks at the multiples of `step`; an end just short of one is moved there.
fn linear(low: f64, high: f64, step: f64, label: impl Fn(f64) -> String) -> Scale {
    let next = (high / step).ceil() * step;
    let high = if next - high < ALMOST * (high - low) { next } else { high };
    let first = (low / step - 1e-6).ceil();
    let ticks = (0..64)
        .map(|i| (first + f64::from(i)) * step)
        .take_while(|value| *value <= high + step * 1e-6)
        .map(|value| Tick {
            value,
            // -0 is 0.
            label: label(value + 0.0),
        })
        .collect();
    Scale { shape: Shape::Linear, low, high, ticks }
}

/// The smallest of 1, 2, 5, 10, 20, 50, ... that is at least `raw`.
fn one_two_five(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    let fitting = steps.into_iter().find(|step| *step >= raw * (1.0 - 1e-9));
    fitting.unwrap_or(raw)
}

/// A round step of a clock or calendar, at least `raw`.
fn time_step(raw: f64, unit: &str) -> f64 {
    let round: &[f64] = match unit {
        "s" => &[10.0, 15.0, 20.0, 30.0],
        "min" => &[0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0],
        "h" => &[0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 12.0],
        _ => &[],
    };
    let below = round.first().is_none_or(|first| raw <= first / 2.0);
    let fitting = round.iter().find(|step| **step >= raw * (1.0 - 1e-9));
    match fitting {
        Some(step) if !below => *step,
        _ => one_two_five(raw),
    }
}

/// The values at which a logarithmic time axis may have ticks, with `true` for those that come first.
fn time_ladder() -> Vec<(bool, Tick)> {
    let mut ladder = Vec::new();
    for (unit, size) in TIME_UNITS {
        let (coarse, fine): (&[f64], &[f64]) = match unit {
            "s" | "min" => (&[1.0, 10.0], &[2.0, 5.0, 30.0]),
            "h" => (&[1.0, 10.0], &[2.0, 5.0]),
            "d" => (&[1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8], &[2.0, 5.0, 20.0, 50.0, 200.0, 500.0]),
            _ => (&[1.0, 10.0, 100.0], &[2.0, 5.0, 20.0, 50.0, 200.0, 500.0]),
        };
        for (is_coarse, values) in [(true, coarse), (false, fine)] {
            ladder.extend(values.iter().map(|value| {
                let label = format!("{} {unit}", number::grouped(*value, 0));
                let value = value * size;
                (is_coarse, Tick { value, label })
            }));
        }
    }
    ladder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn counts_are_round() {
        let scale = Scale::counts((0.0, 4_300.0), 5.0);
        assert_eq!(labels(&scale), ["0", "1,000", "2,000", "3,000", "4,000"]);
        assert_eq!(labels(&Scale::counts((0.0, 1.0), 5.0)), ["0", "1"]);
        assert_eq!(labels(&Scale::counts((0.0, 0.0), 5.0)), ["0", "1"]);
    }

    #[test]
    fn rare_events_are_told_by_longer_times() {
        assert_eq!(labels(&Scale::rates((0.0, 2.0), 4.0)), ["0", "0.5/s", "1.0/s", "1.5/s", "2.0/s"]);
        assert_eq!(labels(&Scale::rates((0.0, 1.0 / 120.0), 2.0)), ["0", "0.5/min"]);
        assert_eq!(labels(&Scale::rates((0.0, 1.0 / 43_200.0), 2.0)), ["0", "1/d", "2/d"]);
        let scale = Scale::powers((2.0, 72_000.0), true, number::rate);
        assert_eq!(labels(&scale), ["0", "1/s", "10/s", "100/s", "1,000/s", "10,000/s", "100,000/s"]);
        assert_eq!(scale.at(0.0), 0.0);
        assert!(scale.at(2.0) > scale.at(1.0));
    }

    #[test]
    fn clocks_tick_at_clock_times() {
        let scale = Scale::clock(0.0, 3600.0, 6.0);
        assert_eq!(labels(&scale)[..3], ["0", "10 min", "20 min"]);
        let scale = Scale::clock(0.0, 86_400.0, 6.0);
        assert_eq!(labels(&scale), ["0", "4 h", "8 h", "12 h", "16 h", "20 h", "24 h"]);
        assert_eq!(Scale::clock(5.0, 5.0, 6.0).at(5.0), 0.5);
    }

    #[test]
    fn magnitudes_are_named_by_their_unit() {
        let scale = Scale::magnitudes((0.5, 7e6), false);
        assert!(labels(&scale).contains(&"10 min"));
        assert!(labels(&scale).contains(&"1 h"));
        assert!(labels(&scale).contains(&"1 ms"));
        assert_eq!(scale.at(0.0), 0.0);
        assert_eq!(scale.at(1e9), 1.0);
        // Both ends are named, and so is nothing.
        assert_eq!((scale.low, scale.high), (0.5, 7.2e6));
        assert!(labels(&scale).ends_with(&["500 µs", "2 h"]), "{:?}", labels(&scale));
        let with_zero = Scale::magnitudes((0.5, 7e6), true);
        assert_eq!(labels(&with_zero)[0], "0");
        assert_eq!(with_zero.at(0.0), 0.0);
        assert!(with_zero.at(0.5) > 0.1);
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        let scale = Scale::nines(0.0, 0.9999, false);
        assert!((scale.at(0.9) - 0.25).abs() < 1e-9);
        assert!((scale.at(0.999) - 0.75).abs() < 1e-9);
        assert_eq!(scale.at(1.0), 1.0);
        let with_maximum = Scale::nines(0.0, 0.999, true);
        assert!(with_maximum.at(0.999) < 1.0);
        assert_eq!(with_maximum.at(1.0), 1.0);
    }
}
