//! The summary of a run.

use std::collections::BTreeSet;

use crate::metrics::{Summary, WarmUpFound};
use crate::scenario::Scenario;

use super::confidence::confidence;
use super::findings::{overload, theory, unknowns};
use super::format::{changed, count, money, plain, rate, table, time, warm_up, wrapped};

/// The summary of a run for people.
pub fn text(scenario: &Scenario, summary: &Summary) -> String {
    let json = summary.to_json();
    let mut out = format!(
        "{}   seed {}   profile {}   {} of emission, ended at {}\n",
        summary.scenario,
        summary.seed,
        summary.profile,
        time(Some(summary.duration_s * 1e3)),
        time(Some(summary.ended_at_s * 1e3)),
    );
    out += &changed(&summary.set);
    out += &wrapped(&scenario.about, "", "");
    for one in &summary.overloads {
        out += &wrapped(&format!("{}.", overload(one)), "! ", "  ");
    }
    out += &wrapped(&summary.warm_up.as_ref().map_or_else(|| warm_up(scenario), found), "", "");
    let sources: Vec<_> = json["sources"].as_object().into_iter().flatten().collect();
    let functions: Vec<_> = json["functions"].as_object().into_iter().flatten().collect();

    let fates = [
        "events",
        "processed",
        "rejected",
        "dead_lettered",
        "dropped",
        "expired",
        "filtered",
        "in_flight",
        "deliveries",
    ];
    // A fate that befell nobody is no column.
    let shown: Vec<&str> = fates
        .into_iter()
        .filter(|fate| {
            matches!(*fate, "events" | "processed") || sources.iter().any(|(_, s)| number(&s[*fate]) > Some(0.0))
        })
        .collect();
    let fastest = sources.iter().filter_map(|(_, source)| number(&source["throughput_per_s"])).fold(0.0, f64::max);
    // Rare events are told by the minute, hour or day.
    let (per, seconds) = [("per second", 1.0), ("per minute", 60.0), ("per hour", 3_600.0), ("per day", 86_400.0)]
        .into_iter()
        .find(|(_, seconds)| fastest * seconds >= 0.5 || *seconds == 86_400.0 || fastest == 0.0)
        .unwrap_or(("per second", 1.0));
    let header = ["source", "kind"].into_iter().map(str::to_owned);
    let mut rows =
        vec![header.chain(shown.iter().map(|fate| fate.replace('_', " "))).chain([per.to_owned()]).collect::<Vec<_>>()];
    for (name, source) in &sources {
        let mut row = vec![(*name).clone(), source["kind"].as_str().unwrap_or("").to_owned()];
        row.extend(shown.iter().map(|fate| count(number(&source[*fate]))));
        row.push(rate(number(&source["throughput_per_s"]).map(|rate| rate * seconds)));
        rows.push(row);
    }
    out += &table(rows, 2);

    let statistics = ["mean", "p50", "p90", "p95", "p99", "p99_9", "max"];
    let mut rows = vec![
        ["time", ""]
            .into_iter()
            .chain(statistics.map(|s| if s == "p99_9" { "p99.9" } else { s }))
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    ];
    let mut quantiles = |name: &str, what: &str, figures: &serde_json::Value| {
        if !figures["mean"].is_null() {
            let mut row = vec![name.to_owned(), what.to_owned()];
            row.extend(statistics.iter().map(|statistic| time(number(&figures[*statistic]))));
            rows.push(row);
        }
    };
    for (name, source) in &sources {
        quantiles(name, "latency", &source["latency_ms"]);
        quantiles(name, "response", &source["response_ms"]);
        quantiles(name, "iterator age", &source["iterator_age_ms"]);
    }
    for (name, function) in &functions {
        quantiles(name, "duration", &function["duration_ms"]);
        quantiles(name, "async event age", &function["async_event_age_ms"]);
    }
    if rows.len() > 1 {
        out += &table(rows, 2);
    }

    let parts: Vec<&str> = crate::engine::Part::ALL.iter().map(|part| part.name()).collect();
    let shown: Vec<&str> = parts
        .into_iter()
        .filter(|part| sources.iter().any(|(_, source)| number(&source["latency_parts_ms"][*part]) > Some(0.0)))
        .collect();
    if !shown.is_empty() {
        let mut rows = vec![
            ["mean latency is", "total"]
                .into_iter()
                .chain(shown.iter().copied())
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        ];
        for (name, source) in &sources {
            let mut row = vec![(*name).clone(), time(number(&source["latency_ms"]["mean"]))];
            row.extend(shown.iter().map(|part| time(number(&source["latency_parts_ms"][*part]))));
            rows.push(row);
        }
        out += &table(rows, 1);
    }

    let batches = functions.iter().any(|(_, function)| number(&function["batch_size"]["max"]) > Some(1.0));
    let counts = ["invocations", "errors", "throttles", "cold starts"];
    let levels = [
        ("mean concurrency", "concurrent_executions"),
        ("mean environments", "environments"),
        ("mean batch", "batch_size"),
    ];
    // Where every batch is of one event there is nothing to tell.
    let levels = &levels[..if batches { 3 } else { 2 }];
    let header = ["function"].into_iter().chain(counts).chain(levels.iter().flat_map(|(title, _)| [*title, "max"]));
    let mut rows = vec![header.map(str::to_owned).collect::<Vec<_>>()];
    for (name, function) in &functions {
        let level = |key: &str| [rate(number(&function[key]["mean"])), count(number(&function[key]["max"]))];
        let mut row = vec![(*name).clone()];
        row.extend(counts.map(|key| count(number(&function[key.replace(' ', "_")]))));
        row.extend(levels.iter().flat_map(|(_, key)| level(key)));
        rows.push(row);
    }
    out += &table(rows, 1);

    let destinations: Vec<_> = json["destinations"].as_object().into_iter().flatten().collect();
    if !destinations.is_empty() {
        let mut rows = vec![["destination", "kind", "messages"].map(str::to_owned).to_vec()];
        for (name, destination) in destinations {
            rows.push(vec![
                name.clone(),
                destination["kind"].as_str().unwrap_or("").to_owned(),
                count(number(&destination["messages"])),
            ]);
        }
        out += &table(rows, 2);
    }
    out += &answers(&sources);
    out += &confidence(summary);
    out += &theory(summary);
    out += &unknowns(summary);
    let cost = &json["cost_usd"];
    let sentence = format!(
        "This would cost {} USD: Lambda's requests {}, duration {}, provisioned concurrency {} and storage {}, the sources {}.",
        money(number(&cost["total"])),
        money(number(&cost["lambda_requests"])),
        money(number(&cost["lambda_duration"])),
        money(number(&cost["provisioned"])),
        money(number(&cost["ephemeral_storage"])),
        money(number(&cost["sources"])),
    );
    out.push('\n');
    out += &wrapped(&sentence, "", "");
    if let Some(month) = number(&cost["per_month"]) {
        out += &format!("A month of it would cost {} USD.\n", money(Some(month)));
    }
    if !summary.expect.is_empty() {
        out += "\nexpected\n";
        for verdict in &summary.expect {
            let mark = if verdict.met { "✓" } else { "✗" };
            let got = verdict.got.map_or("nothing".to_owned(), |got| plain(got, 6));
            out += &format!("  {mark} {} {}, got {got}\n", verdict.metric, verdict.want);
        }
    }
    if !summary.assumptions.is_empty() {
        out += "\nassumed, where AWS documents nothing\n";
        summary.assumptions.iter().for_each(|assumption| out += &wrapped(assumption, "  · ", "    "));
    }
    out
}

/// What `warm_up = "auto"` came to.
fn found(warm_up: &WarmUpFound) -> String {
    let WarmUpFound { rule, pilot_runs, found_s, note } = warm_up;
    let by = format!("{rule} over {pilot_runs} pilot runs");
    match (found_s, note) {
        (Some(seconds), _) => format!("Measured after a warm-up of {} ({by}).", time(Some(seconds * 1e3))),
        (None, note) => format!("Nothing is left out as a warm-up ({by}): {}.", note.as_deref().unwrap_or_default()),
    }
}

fn number(value: &serde_json::Value) -> Option<f64> {
    value.as_f64()
}

/// How many callers got which HTTP status, of sources of which not all got what they asked for.
fn answers(sources: &[(&String, &serde_json::Value)]) -> String {
    let of = |source: &serde_json::Value, status: &str| number(&source["answers"][status]).unwrap_or(0.0);
    let got = |source: &serde_json::Value| -> Vec<String> {
        let answers = source["answers"].as_object().into_iter().flatten();
        answers.filter(|(_, callers)| number(callers) > Some(0.0)).map(|(status, _)| status.clone()).collect()
    };
    let mut troubled = sources.to_vec();
    troubled.retain(|(_, source)| got(source).iter().any(|status| !status.starts_with('2')));
    if troubled.is_empty() {
        return String::new();
    }
    let all: BTreeSet<String> = troubled.iter().flat_map(|(_, source)| got(source)).collect();
    let header = ["answers"].into_iter().chain(all.iter().map(String::as_str));
    let mut rows = vec![header.map(str::to_owned).collect::<Vec<_>>()];
    for (name, source) in troubled {
        let mut row = vec![name.clone()];
        row.extend(all.iter().map(|status| count(Some(of(source, status)))));
        rows.push(row);
    }
    table(rows, 1)
}
