//! Case load: a scenario of 10,000 functions is read, beside the `toml` crate's own parsing of the same text.

use crate::Size;
use crate::measure::{Line, Target, side_by_side};
use crate::workload::read;
use pushpull::inputs::MemoryInputs;

const FUNCTIONS: u64 = 10_000;

pub fn measure(size: Size) -> Line {
    let text = scenario();
    let floor = || (FUNCTIONS, text.parse::<toml::Table>().expect("TOML"));
    let (timing, ..) = side_by_side(size.pick(3, 5), floor, || (FUNCTIONS, read(&text)));
    // One second for all of them.
    let target = Target::Nanos(1e9 / FUNCTIONS as f64);
    Line { about: "a scenario of 10,000 functions, read and checked", unit: "function", target, timing }
}

/// Reads the scenario and runs it.
pub fn run(_: Size) {
    let scenario = read(&scenario());
    let outcome = pushpull::simulate(&scenario, scenario.seed, &MemoryInputs::new(), &mut ());
    assert_eq!(outcome.functions.len() as u64, FUNCTIONS);
}

/// Each function has a source of its own that calls it once a second.
fn scenario() -> String {
    let mut text = String::from("duration = \"1m\"\naccount.concurrent_executions = \"unlimited\"\n");
    for number in 0..FUNCTIONS {
        text += &format!(
            r#"
            [function.f{number}]
            duration = {{ exponential = {{ mean = "200ms" }} }}
            [[source.invoke]]
            name     = "calls-{number}"
            target   = "f{number}"
            arrivals = {{ poisson = {{ rate = 1.0 }} }}
            "#
        );
    }
    text
}
