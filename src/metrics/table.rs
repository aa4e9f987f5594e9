//! The table of metrics: every figure of a summary under its path, such as `sources.logs.latency_ms.p99`.

use serde_json::Value;

use crate::scenario::{Scenario, nearest};
use crate::time::SimTime;

use super::{Outcome, Recorder, Summary};

/// A figure and its name; `None` where the figure cannot exist.
pub type Metric = (String, Option<f64>);

/// The parts of a summary that hold metrics.
const ROOTS: [&str; 8] =
    ["duration_s", "warm_up_s", "ended_at_s", "sources", "functions", "destinations", "account", "cost_usd"];

/// All metrics of a summary, in its order.
pub fn metrics(summary: &Summary) -> Vec<Metric> {
    let json = summary.to_json();
    let mut found = Vec::new();
    for root in ROOTS {
        collect(root, &json[root], &mut found);
    }
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<Metric>) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| collect(&format!("{path}.{key}"), value, found))
        }
        Value::Number(number) => found.push((path.to_owned(), number.as_f64())),
        Value::Null => found.push((path.to_owned(), None)),
        Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
    }
}

/// The metrics in `[expect]` that the scenario does not have, each with what is wrong and the nearest that there is.
pub fn unknown_metrics(scenario: &Scenario) -> Vec<(String, Option<String>)> {
    let nothing: Outcome =
        Recorder::new(scenario.names(), SimTime::ZERO, None, &mut ()).finish(SimTime::ZERO, SimTime::ZERO);
    let known = metrics(&Summary::new(scenario, scenario.seed, &nothing));
    let unknown =
        scenario.expect.iter().filter(|expectation| known.iter().all(|(name, _)| *name != expectation.metric));
    unknown
        .map(|expectation| {
            let near = nearest(&expectation.metric, known.iter().map(|(name, _)| name.as_str()));
            (expectation.metric.clone(), near.map(str::to_owned))
        })
        .collect()
}

/// The unit of a metric, which its name tells.
pub fn unit(metric: &str) -> &'static str {
    let ends = |unit: &str| metric.split('.').any(|part| part.ends_with(unit));
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
    fn a_name_tells_the_unit() {
        for (metric, want) in [
            ("sources.a.latency_ms.p99", "ms"),
            ("sources.a.throughput_per_s", "1/s"),
            ("functions.f.cold_start_rate", "1"),
            ("functions.f.billed_ms", "ms"),
            ("cost_usd.total", "USD"),
            ("ended_at_s", "s"),
            ("sources.a.events", "count"),
        ] {
            assert_eq!(unit(metric), want, "{metric}");
        }
    }
}
