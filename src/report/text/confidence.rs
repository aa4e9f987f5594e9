//! What replications tell: each leading figure with its interval.

use crate::metrics::{Confidence, PrecisionReached, Summary};

use super::format::{figure, plain, table, wrapped};

/// Figures that lead, of each source and of each function; one that is 0 in all replications is left out.
const OF_SOURCE: [&str; 12] = [
    "processed",
    "rejected",
    "dead_lettered",
    "dropped",
    "expired",
    "throughput_per_s",
    "latency_ms.mean",
    "latency_ms.p50",
    "latency_ms.p95",
    "latency_ms.p99",
    "iterator_age_ms.max",
    "backlog.max",
];
const OF_FUNCTION: [&str; 7] = [
    "invocations",
    "errors",
    "throttles",
    "cold_start_rate",
    "duration_ms.p99",
    "concurrent_executions.mean",
    "concurrent_executions.max",
];

/// The metrics that lead, as far as the summary has them: those that are expected or asked for, then some of each owner.
fn leading(summary: &Summary) -> Vec<String> {
    let mut names: Vec<String> = summary.expect.iter().map(|verdict| verdict.metric.clone()).collect();
    names.extend(summary.precision.iter().map(|reached| reached.metric.clone()));
    for source in summary.sources.keys() {
        names.extend(OF_SOURCE.iter().map(|figure| format!("sources.{source}.{figure}")));
    }
    for function in summary.functions.keys() {
        names.extend(OF_FUNCTION.iter().map(|figure| format!("functions.{function}.{figure}")));
    }
    names.push("cost_usd.total".into());
    let mut known: Vec<String> = Vec::new();
    for name in names {
        let is_told =
            summary.confidence.get(&name).is_some_and(|interval| interval.mean.is_some_and(|mean| mean != 0.0));
        if is_told && !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

/// The intervals of the leading metrics; nothing without replications.
pub(super) fn confidence(summary: &Summary) -> String {
    let Some(any) = summary.confidence.values().next() else { return String::new() };
    let most = summary.confidence.values().map(|interval| interval.n).max().unwrap_or(0);
    let percent = plain(100.0 * any.level, 4);
    let mut rows = vec![["mean of replications", "mean", "low", "high", "±"].map(str::to_owned).to_vec()];
    for metric in leading(summary) {
        let interval = &summary.confidence[&metric];
        let fewer = if interval.n < most { format!(" ({} of them)", interval.n) } else { String::new() };
        let value = |value| figure(&metric, value);
        rows.push(vec![
            format!("{metric}{fewer}"),
            value(interval.mean),
            value(interval.low),
            value(interval.high),
            share(interval),
        ]);
    }
    let mut out = table(rows, 1);
    out += &wrapped(
        &format!(
            "{percent}% confidence over {most} replications, seeds {} to {}. The tables above and all charts show the first.",
            summary.seed,
            summary.seed.wrapping_add(most as u64 - 1)
        ),
        "",
        "",
    );
    for reached in &summary.precision {
        out += &wrapped(&precision(reached), "", "");
    }
    out
}

fn precision(reached: &PrecisionReached) -> String {
    let percent = |share: f64| format!("{}%", plain(100.0 * share, 3));
    let PrecisionReached { metric, wanted, reached, met } = reached;
    let known = reached.map_or("not known at all".into(), |reached| format!("known to ±{}", percent(reached)));
    let asked = percent(*wanted);
    let verdict = if *met { format!("±{asked} was asked") } else { format!("±{asked} was asked and not reached") };
    format!("{metric} is {known}; {verdict}.")
}

/// The half-width over the mean.
fn share(interval: &Confidence) -> String {
    match (interval.mean, interval.low, interval.high) {
        (Some(mean), Some(low), Some(high)) if mean != 0.0 => {
            format!("{}%", plain(50.0 * (high - low) / mean.abs(), 2))
        }
        _ => "-".into(),
    }
}
