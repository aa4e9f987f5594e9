//! What AWS does not document: the named alternatives, and how far figures depend on them.
//!
//! Only keys that the scenario leaves to us are varied: what a user has set is known to the user.

use std::collections::BTreeMap;

use crate::engine::InvocationType;
use crate::metrics::{Change, Unknown};
use crate::scenario::{Scenario, Source};

use super::compare::{Evidence, compare};
use super::replications::Replications;

/// One of several ways in which Lambda may behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// What is assumed instead.
    pub name: &'static str,
    /// The assignments that make it so, each `PATH=VALUE`.
    pub set: Vec<String>,
}

/// An alternative: its name, the key below each function or source, its value.
type Row = (&'static str, &'static str, &'static str);

/// Of every function.
const OF_FUNCTIONS: [Row; 5] = [
    ("the environment idle longest reused first", "reuse", "\"least_recent\""),
    ("any idle environment reused", "reuse", "\"random\""),
    // Wang and others (USENIX ATC 2018): idle environments lived at most 27 minutes.
    ("idle environments kept 27 min", "keep_alive", "\"27m\""),
    // Anecdotes since 2022: 5 to 7 minutes.
    ("idle environments kept 5 min", "keep_alive", "\"5m\""),
    // Measured before July 2019: 25 to 60 minutes; Wang and others: half of the idle ones are stopped each 5 minutes.
    ("idle environments kept 5 to 60 min, drawn", "keep_alive", "{ uniform = { min = \"5m\", max = \"60m\" } }"),
];
/// Of every function with an asynchronous queue.
const OF_ASYNC_QUEUES: [Row; 1] =
    [("throttled async waits grow 3 times, not 2", "event_invoke_config.throttle_backoff_factor", "3.0")];
/// Of every stream.
const OF_STREAMS: [Row; 2] = [
    ("failed stream batches wait 4 times as long", "retry_backoff", "{ base = \"1s\", cap = \"240s\" }"),
    ("failed stream batches wait 0.25 s each time", "retry_backoff", "{ base = \"250ms\", cap = \"250ms\" }"),
];
/// Of every queue.
const OF_QUEUES: [Row; 2] = [
    ("throttled queue batches wait 4 times as long", "retry_backoff", "{ base = \"4s\", cap = \"80s\" }"),
    ("queue pollers added every second", "poller_scaling.step", "\"1s\""),
];
/// Of every sender.
const OF_SENDERS: [Row; 1] = [("senders try again without jitter", "retry_jitter", "0.0")];
/// Kinds of source that have the keys.
const STREAMS: [&str; 3] = ["dynamodb", "kinesis", "msk"];
const SENDERS: [&str; 4] = ["cloudformation", "cloudwatch_events", "s3", "sns"];

/// The alternatives that concern `scenario`; `is_set` tells whether it sets a path itself.
pub fn alternatives(scenario: &Scenario, is_set: &dyn Fn(&str) -> bool) -> Vec<Alternative> {
    let functions: Vec<String> = scenario.functions.iter().map(|(name, _)| format!("function.{name}")).collect();
    let is_asynchronous = |function: usize| {
        let events = |source: &Source| source.definition.invocation_type() == InvocationType::Event;
        scenario.sources.iter().any(|source| source.target as usize == function && events(source))
    };
    let queues = (0..functions.len()).filter(|function| is_asynchronous(*function));
    let queues = queues.map(|function| functions[function].clone()).collect();
    let sources = |kinds: &[&str]| {
        let owned = scenario.sources.iter().filter(|source| kinds.contains(&source.kind.name));
        owned.map(|source| format!("source.{}", source.name)).collect::<Vec<_>>()
    };
    // A sender tries again only where Lambda's own service fails.
    let senders = if scenario.account.service_outages.is_empty() { vec![] } else { sources(&SENDERS) };
    let mut all = Vec::new();
    for (owners, rows) in [
        (functions, &OF_FUNCTIONS[..]),
        (queues, &OF_ASYNC_QUEUES[..]),
        (sources(&STREAMS), &OF_STREAMS[..]),
        (sources(&["sqs"]), &OF_QUEUES[..]),
        (senders, &OF_SENDERS[..]),
    ] {
        for (name, key, value) in rows {
            let paths = owners.iter().map(|owner| format!("{owner}.{key}")).filter(|path| !is_set(path));
            let set: Vec<String> = paths.map(|path| format!("{path}={value}")).collect();
            if !set.is_empty() {
                all.push(Alternative { name, set });
            }
        }
    }
    all
}

/// How each alternative changes the figures, against the replications of the scenario as it is.
pub fn unknowns(base: &Replications, others: Vec<(Alternative, Replications)>, level: f64) -> Vec<Unknown> {
    let told = |(alternative, runs): (Alternative, Replications)| {
        let mut changes = BTreeMap::new();
        for one in compare(base, &runs, level) {
            let interval = one.difference;
            let bounds = (one.a.mean, interval.mean, interval.low, interval.high);
            if let ((Some(base), Some(mean), Some(low), Some(high)), false) =
                (bounds, matches!(one.evidence, Evidence::Equal | Evidence::None))
            {
                changes.insert(one.metric, Change { base, mean, low, high });
            }
        }
        Unknown { name: alternative.name, set: alternative.set, changes }
    };
    others.into_iter().map(told).collect()
}
