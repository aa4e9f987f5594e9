//! What the platform takes for granted that AWS does not document, in the words of the report.

use crate::distribution::DistributionSpec;
use crate::time::SimDuration;

use super::{FunctionSpec, Reuse};

/// What the platform takes for granted for `functions` that AWS does not document.
pub fn assumptions(functions: &[(String, FunctionSpec)], receives_async_events: bool) -> Vec<String> {
    let any = |test: &dyn Fn(&FunctionSpec) -> bool| functions.iter().any(|(_, function)| test(function));
    let ten_minutes = DistributionSpec::Constant(SimDuration::from_secs(600));
    let mut assumptions = Vec::new();
    if any(&|function| function.keep_alive == ten_minutes) {
        assumptions.push("idle environments are kept 10 min: measured 2019 to 2021, not documented by AWS".to_owned());
    }
    if any(&|function| function.reuse == Reuse::MostRecent) {
        assumptions.push(
            "the environment used last is reused first: measured (99.6 % of choices, 2020), not documented by AWS"
                .to_owned(),
        );
    }
    let measured = |function: &FunctionSpec| function.init_duration.is_none() && !function.snap_start;
    if any(&|function| measured(function) && function.runtime.is_none()) {
        assumptions.push("a cold start adds 404 ms at the median, 626 ms at the 99th percentile: measured 2021, not documented by AWS".to_owned());
    }
    if any(&|function| measured(function) && function.runtime.is_some()) {
        assumptions.push(
            "a cold start takes 275 ms besides the Init phase: inferred from measurements of 2021, not documented by AWS"
                .to_owned(),
        );
    }
    if any(&|function| function.snap_start && function.init_duration.is_none()) {
        assumptions.push("restoring a snapshot takes 200 ms: an estimate, not documented by AWS".to_owned());
    }
    if any(&|function| function.cpu_bound > 0.0) {
        assumptions.push("a handler has one thread: more memory than 1,769 MB makes it no faster".to_owned());
    }
    let provisioned = |function: &FunctionSpec| function.provisioned_concurrent_executions.is_some();
    if any(&|function| provisioned(function) && function.provisioned_allocation.is_none()) {
        assumptions
            .push("provisioned concurrency takes 1 min of preparation: AWS documents a minute or two".to_owned());
    }
    if any(&provisioned) {
        assumptions.push("provisioned environments live as long as the run, and making them is not billed".to_owned());
    }
    if receives_async_events {
        if any(&|function| function.event_invoke_config.as_ref().is_none_or(|config| config.queue_delay.is_none())) {
            assumptions.push("an accepted asynchronous event reaches its first try after 40 ms at the median, 110 ms at the 99th percentile: inferred from measurements of 2022".to_owned());
        }
        assumptions.push(
            "waits of throttled asynchronous events double from 1 s to 5 min: AWS documents the ends, not the factor"
                .to_owned(),
        );
    }
    assumptions
}
