//! Which of many metrics a terminal shows.

/// Figures that lead, of each source and of each function.
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

/// The metrics that lead: those that are asked for, then some of each owner, then the cost; each once.
pub(in crate::report) fn leading<'a>(
    asked: impl Iterator<Item = &'a String>,
    sources: impl Iterator<Item = &'a String>,
    functions: impl Iterator<Item = &'a String>,
) -> Vec<String> {
    let of = |section: &str, owner: &str, figures: &[&str]| {
        figures.iter().map(|figure| format!("{section}.{owner}.{figure}")).collect::<Vec<_>>()
    };
    let names = asked
        .cloned()
        .chain(sources.flat_map(|source| of("sources", source, &OF_SOURCE)))
        .chain(functions.flat_map(|function| of("functions", function, &OF_FUNCTION)))
        .chain(["cost_usd.total".to_owned()]);
    let mut known: Vec<String> = Vec::new();
    for name in names {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}
