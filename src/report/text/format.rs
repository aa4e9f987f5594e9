//! How numbers, tables and prose look on a terminal.

use comfy_table::{CellAlignment, Table};

use crate::metrics::{Confidence, unit};
use crate::scenario::Scenario;
use crate::study::seed_of;
use crate::time::SimDuration;

use super::super::chart::number;

/// Lines of prose are no longer.
const WIDTH: usize = 110;

/// A metric's value in the unit that reads best.
pub(super) fn figure(metric: &str, value: Option<f64>) -> String {
    match unit(metric) {
        "ms" => signed(value, time),
        "s" => signed(value.map(|seconds| seconds * 1e3), time),
        "USD" => signed(value, money),
        _ => signed(value, rate),
    }
}

/// A value that may be below zero, as a difference is.
fn signed(value: Option<f64>, format: fn(Option<f64>) -> String) -> String {
    match value {
        Some(value) if value < 0.0 => format!("-{}", format(Some(-value))),
        value => format(value),
    }
}

/// The half-width of an interval over its mean: its longer side, since an end where no value is possible is cut.
pub(super) fn half_width(interval: &Confidence) -> String {
    match (interval.mean, interval.low, interval.high) {
        (Some(mean), Some(low), Some(high)) if mean != 0.0 => percent((high - mean).max(mean - low) / mean.abs(), 2),
        _ => "-".into(),
    }
}

/// A plain table: the first `left` columns are aligned to the left, the others to the right.
pub(super) fn table(rows: Vec<Vec<String>>, left: usize) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { 0 } else { 1 }, 1));
        column.set_cell_alignment(if place < left { CellAlignment::Left } else { CellAlignment::Right });
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("\n{}\n", lines.join("\n"))
}

/// What each run leaves out, as a sentence.
pub(super) fn warm_up(scenario: &Scenario) -> String {
    match scenario.warm_up.length() {
        length if length.is_zero() => String::new(),
        length => format!("The first {} is left out.", span(length)),
    }
}

/// What was changed of the scenario as it is written, on lines of its own.
pub(super) fn changed(set: &[String]) -> String {
    if set.is_empty() { String::new() } else { wrapped(&format!("with {}", set.join(", ")), "", "  ") }
}

/// A length that somebody has set.
pub(super) fn span(length: SimDuration) -> String {
    time(Some(length.as_secs_f64() * 1e3))
}

/// A share in percent, to so many digits.
pub(super) fn percent(share: f64, digits: i32) -> String {
    format!("{} %", plain(100.0 * share, digits))
}

/// The seeds of so many runs.
pub(super) fn seeds(first: u64, runs: usize) -> String {
    match runs {
        0 | 1 => format!("seed {first}"),
        _ => format!("seeds {first} to {}", seed_of(first, runs - 1)),
    }
}

/// So many things of a name.
pub(super) fn of(n: usize, name: &str) -> String {
    format!("{n} {name}{}", if n == 1 { "" } else { "s" })
}

pub(super) fn count(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| number::grouped(value, 0))
}

/// Three significant digits, without a tail of zeros.
pub(super) fn rate(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(value) if value == value.trunc() || value.abs() >= 1000.0 => count(Some(value)),
        Some(value) => plain(value, 3),
    }
}

/// So many significant digits and all digits before the point, ungrouped, without a tail of zeros.
pub(super) fn plain(value: f64, digits: i32) -> String {
    let decimals = if value == 0.0 { 0 } else { (digits - 1 - value.abs().log10().floor() as i32).clamp(0, 9) };
    let text = format!("{value:.0$}", decimals as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Text in lines of at most [`WIDTH`], the first after `first`, the others after `then`.
pub(super) fn wrapped(text: &str, first: &str, then: &str) -> String {
    let (mut out, mut line) = (String::new(), first.to_owned());
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out += line.trim_end();
            out.push('\n');
            line = then.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    if !is_empty {
        out += &line;
        out.push('\n');
    }
    out
}

/// Milliseconds in the unit that reads best.
pub(super) fn time(ms: Option<f64>) -> String {
    match ms {
        None => "-".into(),
        Some(0.0) => "0".into(),
        Some(ms) => number::duration(ms),
    }
}

/// Three significant digits, cents at least; what is less than a millionth of a dollar is called so.
pub(super) fn money(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(value) if value == 0.0 || value >= 0.995 => number::grouped(value, 2),
        Some(value) if value < 1e-6 => "under 0.000001".into(),
        Some(value) => {
            let text = plain(value, 3);
            // Ninety cents are not 0.9.
            if text.len() < "0.90".len() { text + "0" } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([rate(Some(0.0123)), rate(Some(12.0)), rate(Some(12_345.6))], ["0.0123", "12", "12,346"]);
        assert_eq!([plain(20.4, 6), plain(1_234_567.8, 6), plain(0.0, 6)], ["20.4", "1234568", "0"]);
        assert_eq!([money(Some(0.0)), money(Some(0.0385)), money(Some(2.5))], ["0.00", "0.0385", "2.50"]);
        assert_eq!([money(Some(0.9)), money(Some(0.999)), money(Some(12_345.6))], ["0.90", "1.00", "12,345.60"]);
        assert_eq!([money(Some(2.2e-6)), money(Some(2e-7)), money(None)], ["0.0000022", "under 0.000001", "-"]);
        assert_eq!([time(Some(9e7)), time(Some(1.2e9)), time(Some(0.0))], ["25 h", "13.9 d", "0"]);
        assert_eq!([time(Some(999.9)), time(Some(119_990.0)), time(Some(1e-4))], ["1 s", "2 min", "100 ns"]);
    }

    #[test]
    fn an_interval_that_is_cut_is_as_wide_as_its_longer_side() {
        let of = |mean, low, high| half_width(&Confidence { mean: Some(mean), low, high, level: 0.95, n: 5 });
        assert_eq!(of(10.0, Some(9.0), Some(11.0)), "10 %");
        assert_eq!(of(10.0, Some(0.0), Some(30.0)), "200 %");
        assert_eq!(of(0.75, Some(0.45), Some(1.0)), "40 %");
        assert_eq!([of(0.0, Some(0.0), Some(0.0)), of(10.0, None, None)], ["-", "-"]);
    }

    #[test]
    fn prose_is_wrapped_between_words() {
        assert_eq!(wrapped("", "- ", "  "), "");
        let text = wrapped(&"word ".repeat(60), "  · ", "    ");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("  · word") && lines[1].starts_with("    word"));
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH && line.ends_with("word")));
    }
}
