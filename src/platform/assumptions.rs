//! What the platform takes for granted that AWS does not document, in the words of the report.

use crate::distribution::DistributionSpec;
use crate::engine::DestinationKind;
use crate::time::SimDuration;

use super::init::LONGEST_RESTORE;
use super::{AccountSpec, Architecture, EventInvokeConfig, FunctionSpec, Reuse};

/// What the platform takes for granted for `functions` that AWS does not document.
pub fn assumptions(
    account: &AccountSpec,
    functions: &[(String, FunctionSpec)],
    receives_async_events: bool,
) -> Vec<String> {
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
        assumptions.push("a cold start adds 404 ms at the median, 626 ms at the 99th percentile, of which 275 ms come before the Init phase and are not billed: measured 2021, not documented by AWS".to_owned());
    }
    if any(&|function| measured(function) && function.runtime.is_some()) {
        assumptions.push(
            "a cold start takes 275 ms besides the Init phase: inferred from measurements of 2021, not documented by AWS"
                .to_owned(),
        );
        assumptions.push(
            "an Init phase lies evenly between the median, 90th and 99th percentile and maximum measured of its runtime in 2026; below the median it is assumed to spread as far down as the 90th percentile lies up"
                .to_owned(),
        );
    }
    if any(&|function| function.snap_start && function.init_duration.is_none()) {
        assumptions.push("restoring a snapshot takes 200 ms: an estimate, not documented by AWS".to_owned());
    }
    let is_longer = |spec: &DistributionSpec| spec.bounds().1.is_none_or(|most| most > LONGEST_RESTORE);
    if any(&|function| function.snap_start && function.init_duration.as_ref().is_some_and(is_longer)) {
        assumptions.push(format!(
            "restoring a snapshot never takes longer than {LONGEST_RESTORE}: AWS ends it then, and lets the call fail"
        ));
    }
    if any(&|function| function.cpu_bound > 0.0) {
        assumptions.push(
            "a handler has as many CPUs as `threads`, by default one: more memory than they need makes it no faster"
                .to_owned(),
        );
    }
    let provisioned = |function: &FunctionSpec| function.provisioned_concurrent_executions.is_some();
    if any(&|function| provisioned(function) && function.provisioned_allocation.is_none()) {
        assumptions
            .push("provisioned concurrency takes 1 min of preparation: AWS documents a minute or two".to_owned());
    }
    if any(&provisioned) {
        assumptions.push(
            "provisioned environments live as long as the run; what AWS bills once for their Init phase is left out"
                .to_owned(),
        );
    }
    if receives_async_events {
        assumptions.push(
            "a long queue of asynchronous events is read as fast as a short one, and waits as long between tries: AWS documents that it is read more slowly and waits longer, not by how much"
                .to_owned(),
        );
        if any(&|function| function.event_invoke_config.as_ref().is_none_or(|config| config.queue_delay.is_none())) {
            assumptions.push("an accepted asynchronous event reaches its first try after 40 ms at the median, 110 ms at the 99th percentile: inferred from measurements of 2022".to_owned());
        }
        for (_, function) in functions {
            let factor = function.event_invoke_config.clone().unwrap_or_default().throttle_backoff_factor;
            let waits = format!(
                "waits of throttled asynchronous events grow {factor} times from 1 s to 5 min: AWS documents the ends, not the factor"
            );
            if !assumptions.contains(&waits) {
                assumptions.push(waits);
            }
        }
    }
    let calls = |kind: &Option<DestinationKind>| matches!(kind, Some(DestinationKind::Lambda(_)));
    let chains = |config: &EventInvokeConfig| calls(&config.on_success) || calls(&config.on_failure);
    if any(&|function| function.event_invoke_config.as_ref().is_some_and(chains)) {
        assumptions.push(format!(
            "a chain of requests is stopped at exactly {} invocations, those of all its functions together: AWS says approximately 16",
            account.recursive_loop_limit
        ));
    }
    let built_for = |architecture| any(&|function| function.architecture == architecture);
    if account.free_tier && built_for(Architecture::X86_64) && built_for(Architecture::Arm64) {
        assumptions.push("the free tier is taken off the dearer seconds first: not documented by AWS".to_owned());
    }
    assumptions
}
