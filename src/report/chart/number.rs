//! Numbers as people write them: "12,500", "0.25", "1.24 s", "90 %".

/// What is smaller counts as nothing: no simulated figure is that fine.
pub(super) const TINY: f64 = 1e-9;
/// What is larger is drawn as this: 31,700 years of milliseconds.
pub(super) const HUGE: f64 = 1e15;

/// Units of time by their milliseconds.
pub(super) const TIME_UNITS: [(&str, f64); 7] =
    [("ns", 1e-6), ("µs", 1e-3), ("ms", 1.0), ("s", 1e3), ("min", 6e4), ("h", 3.6e6), ("d", 8.64e7)];

/// The unit in which `ms` reads best: up to 120 s, 120 min and 48 h stay in the smaller unit.
pub(super) fn time_unit(ms: f64) -> (&'static str, f64) {
    let index = match ms {
        ms if ms < 1e-3 => 0,
        ms if ms < 1.0 => 1,
        ms if ms < 1e3 => 2,
        ms if ms < 1.2e5 => 3,
        ms if ms < 7.2e6 => 4,
        ms if ms < 1.728e8 => 5,
        _ => 6,
    };
    TIME_UNITS[index]
}

/// The unit in which a rate per second reads best, and its seconds.
pub(super) fn rate_unit(per_second: f64) -> (&'static str, f64) {
    const UNITS: [(&str, f64); 4] = [("/s", 1.0), ("/min", 60.0), ("/h", 3600.0), ("/d", 86_400.0)];
    *UNITS.iter().find(|(_, seconds)| per_second * seconds >= 0.1).unwrap_or(&UNITS[3])
}

/// A time to three digits in its best unit: "1.24 s".
pub(in crate::report) fn duration(ms: f64) -> String {
    if ms < TINY {
        return "0 ms".to_owned();
    }
    let (_, size) = time_unit(ms);
    let rounded = three_digits(ms / size) * size;
    // What is rounded up to a larger unit is told in that.
    let (name, size) = time_unit(rounded);
    format!("{} {name}", shortest(three_digits(rounded / size)))
}

/// Digits grouped by threes: 12500 with 1 decimal is "12,500.0".
pub(in crate::report) fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// Grouped, with as many of three decimals as say something: 2.50 is "2.5".
pub(super) fn shortest(value: f64) -> String {
    let text = grouped(value, 3);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Three digits, wherever they start: 0.0012345 is "0.00123". Whole numbers keep all of theirs.
pub(super) fn short(value: f64) -> String {
    if value >= 1e3 {
        return grouped(value, 0);
    }
    let value = three_digits(value);
    if value < TINY {
        return "0".to_owned();
    }
    let text = grouped(value, decimals_of(value) + 2);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A rate by the second, minute, hour or day: "1.24/s".
pub(super) fn rate(per_second: f64) -> String {
    if per_second < TINY {
        return "0".to_owned();
    }
    let (unit, seconds) = rate_unit(per_second);
    shortest(three_digits(per_second * seconds)) + unit
}

/// US dollars, with cents from one dollar on: "$1,235", "$12.50", "$0.00123".
pub(super) fn dollars(value: f64) -> String {
    if (1.0..1e3).contains(&value) {
        let text = grouped(value, 2);
        return format!("${}", text.strip_suffix(".00").unwrap_or(&text));
    }
    let text = short(value);
    // Ten cents are not "$0.1".
    let cents = text.starts_with("0.") && text.len() == 3;
    format!("${text}{}", if cents { "0" } else { "" })
}

/// A share in percent: "12.3 %". What is nearly all keeps its nines: "99.995 %".
pub(super) fn percent(share: f64) -> String {
    let rest = (1.0 - share) * 100.0;
    if share < 0.9 || rest < TINY {
        return short(share * 100.0) + " %";
    }
    let text = grouped(share * 100.0, decimals_of(rest) + 1);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A change in percent with its sign and a decimal, or more for very little: "+12.3 %".
pub(super) fn change(percent: f64) -> String {
    match percent.abs() {
        size if size < TINY => "0 %".to_owned(),
        size if size < 0.1 => signed(percent, &short(size)),
        size => signed(percent, &grouped(size, if size < 1e3 { 1 } else { 0 })),
    }
}

/// What `size` says of a change in percent, with the sign of `value`.
pub(super) fn signed(value: f64, size: &str) -> String {
    let sign = if value < 0.0 { '\u{2212}' } else { '+' };
    format!("{sign}{size} %")
}

/// Decimals needed to tell multiples of `step` apart.
pub(super) fn decimals_of(step: f64) -> usize {
    (-step.log10() - 1e-9).ceil().clamp(0.0, 12.0) as usize
}

/// A probability with `nines` nines: 1 is "90 %", 3 is "99.9 %".
pub(super) fn nines(nines: usize) -> String {
    match nines {
        0 => "0 %".to_owned(),
        1 => "90 %".to_owned(),
        2 => "99 %".to_owned(),
        _ => format!("99.{} %", "9".repeat(nines - 2)),
    }
}

/// Rounded to three significant digits, by way of text: exact, and the same on every machine.
fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_humanised() {
        let of = |cases: &[(f64, &str)]| {
            for (ms, text) in cases {
                assert_eq!(duration(*ms), *text, "{ms} ms");
            }
        };
        of(&[(0.0, "0 ms"), (0.0125, "12.5 µs"), (0.9999, "1 ms")]);
        of(&[(1234.0, "1.23 s"), (999.9, "1 s"), (119_900.0, "2 min")]);
        of(&[(5.4e6, "90 min"), (9e6, "2.5 h"), (1e12, "11,600 d")]);
        of(&[(250.0, "250 ms"), (89_000.0, "89 s"), (2e-5, "20 ns")]);
        // Rounded once, in the unit.
        of(&[(2_885_382.0, "48.1 min"), (1.7279e8, "2 d"), (999.4, "999 ms"), (0.0, "0 ms")]);
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(0.0, 0), "0");
        assert_eq!(grouped(999.0, 0), "999");
        assert_eq!(grouped(1000.0, 0), "1,000");
        assert_eq!(grouped(-1_234_567.5, 1), "-1,234,567.5");
        assert_eq!(shortest(2.5), "2.5");
        assert_eq!(shortest(1200.0), "1,200");
    }

    #[test]
    fn figures_keep_the_digits_that_tell() {
        assert_eq!([0.0, 0.001_234_5, 12.345, 999.9, 12_345.6].map(short), ["0", "0.00123", "12.3", "1,000", "12,346"]);
        assert_eq!([0.5, 1.0 / 90.0, 0.0].map(rate), ["0.5/s", "0.667/min", "0"]);
        assert_eq!(
            [0.0, 2e-7, 0.1, 12.5, 40.0, 1234.5].map(dollars),
            ["$0", "$0.0000002", "$0.10", "$12.50", "$40", "$1,234"]
        );
        assert_eq!([0.0, 0.123_45, 0.95, 0.999_95, 1.0].map(percent), ["0 %", "12.3 %", "95 %", "99.995 %", "100 %"]);
        assert_eq!([0.0, 12.0, -0.5, 0.0123].map(change), ["0 %", "+12.0 %", "\u{2212}0.5 %", "+0.0123 %"]);
    }

    #[test]
    fn decimals_follow_the_step() {
        assert_eq!(decimals_of(5.0), 0);
        assert_eq!(decimals_of(0.5), 1);
        assert_eq!(decimals_of(0.1), 1);
        assert_eq!(decimals_of(0.02), 2);
    }
}
