//! The summary as tables for a terminal.

use comfy_table::{CellAlignment, Table};

use crate::metrics::Summary;
use crate::scenario::Scenario;

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
    if !scenario.about.is_empty() {
        out += &format!("{}\n", scenario.about);
    }
    let sources: Vec<_> = json["sources"].as_object().into_iter().flatten().collect();
    let functions: Vec<_> = json["functions"].as_object().into_iter().flatten().collect();
    let number = |value: &serde_json::Value| value.as_f64();

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
    let header = ["source", "kind"].into_iter().map(str::to_owned);
    let mut rows = vec![
        header
            .chain(shown.iter().map(|fate| fate.replace('_', " ")))
            .chain(["per second".to_owned()])
            .collect::<Vec<_>>(),
    ];
    for (name, source) in &sources {
        let mut row = vec![(*name).clone(), source["kind"].as_str().unwrap_or("").to_owned()];
        row.extend(shown.iter().map(|fate| count(number(&source[*fate]))));
        row.push(rate(number(&source["throughput_per_s"])));
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
    out += &table(rows, 2);

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

    let header = [
        "function",
        "invocations",
        "errors",
        "throttles",
        "cold starts",
        "concurrency",
        "max",
        "environments",
        "max",
        "batch",
        "max",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for (name, function) in &functions {
        let level = |key: &str| [rate(number(&function[key]["mean"])), count(number(&function[key]["max"]))];
        let mut row = vec![(*name).clone()];
        row.extend(["invocations", "errors", "throttles", "cold_starts"].map(|key| count(number(&function[key]))));
        row.extend(["concurrent_executions", "environments", "batch_size"].into_iter().flat_map(level));
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
    let cost = &json["cost_usd"];
    out += &format!(
        "\nLambda would charge {} USD for requests and {} USD for duration; the sources' own charges are not included.\n",
        money(number(&cost["lambda_requests"])),
        money(number(&cost["lambda_duration"])),
    );
    if !summary.expect.is_empty() {
        out += "\nexpected\n";
        for verdict in &summary.expect {
            let mark = if verdict.met { "✓" } else { "✗" };
            let got = verdict.got.map_or("nothing".to_owned(), |got| rate(Some(got)));
            out += &format!("  {mark} {} {}, got {got}\n", verdict.metric, verdict.want);
        }
    }
    if !summary.assumptions.is_empty() {
        out += "\nassumed, where AWS documents nothing\n";
        summary.assumptions.iter().for_each(|assumption| out += &format!("  · {assumption}\n"));
    }
    out
}

/// A plain table: the first `left` columns are aligned to the left, the others to the right.
fn table(rows: Vec<Vec<String>>, left: usize) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { 0 } else { 1 }, 1));
        column.set_cell_alignment(if place < left { CellAlignment::Left } else { CellAlignment::Right });
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("\n{}\n", lines.join("\n"))
}

fn count(value: Option<f64>) -> String {
    let Some(value) = value else { return "-".into() };
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Three significant digits, without a tail of zeros.
fn rate(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(value) if value == value.trunc() || value.abs() >= 1000.0 => count(Some(value)),
        Some(value) => {
            let decimals = (2 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
            let text = format!("{value:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

/// Milliseconds in the unit that reads best.
fn time(ms: Option<f64>) -> String {
    let Some(ms) = ms else { return "-".into() };
    let (value, unit) = match ms {
        0.0 => return "0".into(),
        ms if ms < 0.001 => (ms * 1e6, "ns"),
        ms if ms < 1.0 => (ms * 1e3, "µs"),
        ms if ms < 1e3 => (ms, "ms"),
        ms if ms < 120e3 => (ms / 1e3, "s"),
        ms if ms < 7_200e3 => (ms / 60e3, "min"),
        ms => (ms / 3_600e3, "h"),
    };
    format!("{} {unit}", rate(Some(value)))
}

fn money(value: Option<f64>) -> String {
    value.map_or(
        "-".into(),
        |value| if value == 0.0 || value >= 0.01 { format!("{value:.2}") } else { format!("{value:.2e}") },
    )
}
