//! The table of metrics: every figure of a summary under its path, such as `sources.logs.latency_ms.p99`.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::scenario::{Scenario, nearest};
use crate::time::SimTime;

use super::{Outcome, Recorder, Summary};

/// Shows `each` all metrics of a summary, in its order: (name, value), `None` where the figure cannot exist.
pub fn metrics(summary: &Summary, mut each: impl FnMut(&str, Option<f64>)) {
    // One source or function at a time: a summary of ten thousand of them is never held twice.
    let mut visit = |path: &str, part: &dyn Part| visit(path, &part.value(), &mut each);
    visit("duration_s", &summary.duration_s);
    visit("warm_up_s", &summary.warm_up_s);
    visit("ended_at_s", &summary.ended_at_s);
    summary.sources.iter().for_each(|(name, source)| visit(&format!("sources.{name}"), source));
    summary.functions.iter().for_each(|(name, function)| visit(&format!("functions.{name}"), function));
    summary.destinations.iter().for_each(|(name, messages)| visit(&format!("destinations.{name}"), messages));
    visit("account", &summary.account);
    visit("cost_usd", &summary.cost_usd);
}

/// A part of a summary, as JSON.
trait Part {
    fn value(&self) -> Value;
}

impl<T: Serialize> Part for T {
    fn value(&self) -> Value {
        serde_json::to_value(self).expect("a summary has only strings as keys")
    }
}

fn visit(path: &str, value: &Value, each: &mut dyn FnMut(&str, Option<f64>)) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| visit(&format!("{path}.{key}"), value, each));
        }
        Value::Number(number) => each(path, number.as_f64()),
        Value::Null => each(path, None),
        Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
    }
}

/// The names of all metrics of a scenario, in the order of its summary.
pub fn names(scenario: &Scenario) -> Vec<String> {
    let nothing: Outcome = Recorder::new(scenario.names(), &[], vec![], SimTime::ZERO, None, &mut ()).finish(
        SimTime::ZERO,
        SimTime::ZERO,
        0,
    );
    let mut names = Vec::new();
    metrics(&Summary::new(scenario, scenario.seed, &nothing), |name, _| names.push(name.to_owned()));
    names
}

/// The metric whose name is most like `wanted`, where one is like it at all.
pub fn nearest_metric(wanted: &str, known: &[String]) -> Option<String> {
    nearest(wanted, known.iter().map(String::as_str)).map(str::to_owned)
}

/// The metrics in `[expect]` that the scenario does not have, each with the nearest that there is.
pub fn unknown_metrics(scenario: &Scenario) -> Vec<(String, Option<String>)> {
    if scenario.expect.is_empty() {
        return vec![];
    }
    let names = names(scenario);
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let unknown = scenario.expect.iter().filter(|expectation| !known.contains(expectation.metric.as_str()));
    unknown.map(|expectation| (expectation.metric.clone(), nearest_metric(&expectation.metric, &names))).collect()
}

/// Which values of a metric a user wishes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Times, losses, costs.
    Lower,
    /// What got done.
    Higher,
}

/// Which values of a metric are better; none where it tells of load or of means, not of quality.
pub fn better(metric: &str) -> Option<Better> {
    const LOWER: [&str; 17] = [
        "rejected",
        "dead_lettered",
        "dropped",
        "expired",
        "in_flight",
        "backlog",
        "errors",
        "timeouts",
        "throttles",
        "cold_starts",
        "cold_start_rate",
        "async_events_dropped",
        "spillover_invocations",
        "cost_usd",
        "duration_ms",
        "billed_ms",
        "latency_parts_ms",
    ];
    const HIGHER: [&str; 2] = ["processed", "throughput_per_s"];
    let figure = figure_of(metric).split('.').next()?;
    match figure {
        _ if HIGHER.contains(&figure) => Some(Better::Higher),
        _ if LOWER.contains(&figure) => Some(Better::Lower),
        "latency_ms" | "response_ms" | "iterator_age_ms" | "async_event_age_ms" => Some(Better::Lower),
        _ => None,
    }
}

/// The figure's own name: what follows the name of a source, function or destination, which may hold any word itself.
fn figure_of(metric: &str) -> &str {
    match metric.split_once('.') {
        Some(("sources" | "functions" | "destinations", rest)) => {
            rest.split_once('.').map_or(rest, |(_, figure)| figure)
        }
        _ => metric,
    }
}

/// Whether a metric is a share of something, from 0 to 1.
pub fn is_share(metric: &str) -> bool {
    metric.ends_with("_rate")
}

/// The unit of a metric, which its name tells.
pub fn unit(metric: &str) -> &'static str {
    let ends = |unit: &str| figure_of(metric).split('.').any(|part| part.ends_with(unit));
    match metric {
        _ if ends("_ms") => "ms",
        _ if ends("_per_s") => "1/s",
        _ if ends("_usd") => "USD",
        _ if ends("_rate") => "1",
        _ if ends("_s") => "s",
        _ => "count",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_which_values_are_better() {
        for (metric, want) in [
            ("sources.cost_usd.latency_ms.p99", Some(Better::Lower)),
            ("sources.a.processed", Some(Better::Higher)),
            ("sources.a.events", None),
            ("sources.processed.events", None),
            ("functions.f.cold_start_rate", Some(Better::Lower)),
            ("functions.f.batch_size.mean", None),
            ("destinations.errors.messages", None),
            ("account.concurrent_executions.mean", None),
            ("cost_usd.total", Some(Better::Lower)),
            ("ended_at_s", None),
        ] {
            assert_eq!(better(metric), want, "{metric}");
        }
    }

    #[test]
    fn a_name_tells_the_unit() {
        for (metric, want) in [
            ("sources.a.latency_ms.p99", "ms"),
            ("sources.a.throughput_per_s", "1/s"),
            ("functions.f.cold_start_rate", "1"),
            ("functions.f.billed_ms", "ms"),
            ("cost_usd.total", "USD"),
            ("ended_at_s", "s"),
            ("sources.a.events", "count"),
            ("functions.resize_ms.invocations", "count"),
            ("sources.orders_rate.latency_ms.p99", "ms"),
            ("destinations.paid_usd.messages", "count"),
        ] {
            assert_eq!(unit(metric), want, "{metric}");
        }
    }
}
