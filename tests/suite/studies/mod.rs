//! Studies: are intervals honest, do searches find what a closed form says, is nothing lost on the way?

mod compare;
mod coverage;
mod plan;
mod refusals;
mod replications;
mod sweep;
mod theory;
mod unknowns;
mod warm_up;

use pushpull::inputs::MemoryInputs;
use pushpull::scenario::Scenario;
use pushpull::study::Subject;

use crate::support::read;

/// A function with `reserved` servers, Poisson calls and exponential service of 200 ms: M/M/c/c.
fn loss_system(duration: &str, rate: f64, reserved: u32) -> String {
    format!(
        r#"
        duration = "{duration}"
        warm_up = "2s"
        [function.f]
        duration = {{ exponential = {{ mean = "200ms" }} }}
        init_duration = "0s"
        reserved_concurrent_executions = {reserved}
        [[source.invoke]]
        arrivals = {{ poisson = {{ rate = {rate:?} }} }}
        "#
    )
}

/// A scenario that reads no files.
struct Alone(Scenario, MemoryInputs);

impl Alone {
    fn new(text: &str) -> Alone {
        Alone(read(text), MemoryInputs::new())
    }

    fn subject(&self) -> Subject<'_> {
        Subject { scenario: &self.0, inputs: &self.1 }
    }
}
