//! Rules of the service, one row each: a small scenario whose arrivals and durations are constants, the facts that must follow,
//! and figures of its summary.
//!
//! A rule's name says where it comes from: F§ is the project's list of facts about AWS Lambda, §6 its contract's page on
//! instants, windows and parts. A fact reads `time fact events [try n] [on environment] [condition xcount]`; the source comes
//! before the events where there are several. In every row events are the sum of their fates, and the parts of the latency add
//! up to it.

mod advice;
mod asynchronous;
mod chances;
mod cost;
mod environments;
mod instants;
mod invocation_types;
mod limits;
mod mappings;
mod push_services;
mod queues;
mod ranges;
mod senders;
mod series;
mod streams;

use std::collections::BTreeSet;

use crate::support::{Figures, Row, summary_and_facts};

/// A figure that cannot exist.
const NULL: f64 = f64::NAN;

/// (the rule, a scenario, kinds of facts to look at, the facts of these kinds, figures)
type Rule = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [(&'static str, f64)]);

/// Holds all rules of a table and tells all that are broken.
fn hold(rules: &[Rule]) {
    let mut broken = Vec::new();
    for (rule, scenario, kinds, want, figures) in rules {
        let (summary, rows) = summary_and_facts(scenario, 1);
        let several =
            rows.iter().map(|row| &row.source).filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().len() > 1;
        let kinds: Vec<&str> = kinds.split_whitespace().collect();
        let got: Vec<String> =
            rows.iter().filter(|row| kinds.contains(&row.fact.as_str())).map(|row| line(row, several)).collect();
        if got != *want {
            broken.push(format!("{rule}\n  want {want:#?}\n  got {got:#?}"));
        }
        for (figure, want) in *figures {
            let got = summary.find(figure).unwrap_or(NULL);
            if (got - want).abs() > 1e-9 * want.abs() || got.is_nan() != want.is_nan() {
                broken.push(format!("{rule}\n  {figure}: {got} for {want}"));
            }
        }
        broken.extend(unbalanced(&summary).into_iter().map(|what| format!("{rule}\n  {what}")));
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// A row of the facts in one line.
fn line(row: &Row, several_sources: bool) -> String {
    let whole = row.nanos / 1_000_000_000;
    let decimals = format!("{:09}", row.nanos % 1_000_000_000);
    let time = format!("{whole}.{decimals}");
    let mut line = format!("{} {}", time.trim_end_matches('0').trim_end_matches('.'), row.fact);
    if let (Some(first), Some(last)) = (row.first_event, row.last_event) {
        line += " ";
        if several_sources {
            line += &format!("{}:", row.source);
        }
        line += &if first == last { format!("{first}") } else { format!("{first}..{last}") };
    }
    if let Some(attempt) = row.attempt.filter(|attempt| *attempt > 1) {
        line += &format!(" try {attempt}");
    }
    if !row.environment.is_empty() {
        line += &format!(" on {}", row.environment);
    }
    if !row.condition.is_empty() {
        line += &format!(" {} x{}", row.condition, row.invoke_count.unwrap());
    }
    line
}

/// What does not add up in a summary.
fn unbalanced(summary: &Figures) -> Vec<String> {
    let mut found = Vec::new();
    for (name, source) in summary.0["sources"].as_object().unwrap() {
        let count = |key: &str| source[key].as_f64().unwrap();
        let fates = ["processed", "rejected", "dead_lettered", "dropped", "expired", "filtered", "in_flight"];
        let sum: f64 = fates.iter().map(|fate| count(fate)).sum();
        if sum != count("events") {
            found.push(format!("{name}: {sum} fates of {} events", count("events")));
        }
        if let Some(mean) = source["latency_ms"]["mean"].as_f64() {
            let parts = source["latency_parts_ms"].as_object().unwrap();
            let sum: f64 = parts.values().map(|part| part.as_f64().unwrap()).sum();
            if (sum - mean).abs() > 1e-9 * mean {
                found.push(format!("{name}: parts of {sum} ms for a latency of {mean} ms"));
            }
        }
    }
    let cost = |part: &str| summary.0["cost_usd"][part].as_f64().unwrap();
    let parts = ["lambda_requests", "lambda_duration", "provisioned", "ephemeral_storage", "sources"];
    let sum: f64 = parts.iter().map(|part| cost(part)).sum();
    if (sum - cost("total")).abs() > 1e-9 * sum {
        found.push(format!("parts of {sum} USD of a total of {} USD", cost("total")));
    }
    found
}
