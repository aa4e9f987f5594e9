//! Distributions of time.

use super::dice::Dice;
use super::draft::quoted;

/// A distribution of time, of milliseconds to a few seconds; `depth` bounds the mixtures in it.
pub fn time(dice: &mut Dice, depth: u32) -> String {
    let short = ["1ns", "1us", "1ms", "3ms", "10ms", "30ms", "100ms", "250ms"];
    let long = ["300ms", "0.999999999s", "1s", "1.5s", "2s", "4s"];
    match dice.below(if depth > 1 { 14 } else { 13 }) {
        0 => quoted("0s"),
        1 | 2 => quoted(dice.pick(&short)),
        3 => quoted(dice.pick(&long)),
        4 => format!("{{ uniform = {{ min = \"{}\", max = \"{}\" }} }}", dice.pick(&short), dice.pick(&long)),
        5 => format!("{{ exponential = {{ mean = \"{}\" }} }}", dice.pick(&short)),
        6 => format!("{{ exponential = {{ mean = \"{}\" }} }}", dice.pick(&long)),
        7 => format!("{{ lognormal = {{ median = \"{}\", p99 = \"{}\" }} }}", dice.pick(&short), dice.pick(&long)),
        8 => format!(
            "{{ lognormal = {{ mean = \"{}\", cv = {} }} }}",
            dice.pick(&short),
            dice.pick(&["0.1", "1", "5.0"])
        ),
        9 => format!("{{ gamma = {{ mean = \"{}\", cv = {} }} }}", dice.pick(&short), dice.pick(&["0.1", "1", "3.5"])),
        10 => format!(
            "{{ weibull = {{ scale = \"{}\", shape = {} }} }}",
            dice.pick(&short),
            dice.pick(&["0.5", "1", "4"])
        ),
        11 => {
            format!("{{ pareto = {{ min = \"{}\", shape = {} }} }}", dice.pick(&short), dice.pick(&["0.7", "1.5", "4"]))
        }
        12 => "{ empirical = { file = \"times.csv\", column = \"ms\", unit = \"ms\" } }".into(),
        _ => {
            let (a, b) = (time(dice, depth - 1), time(dice, depth - 1));
            format!("{{ mixture = [{{ weight = 9, of = {a} }}, {{ weight = 0.5, of = {b} }}] }}")
        }
    }
}
