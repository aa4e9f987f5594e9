//! Bursty traces, and real ones: nothing is lost, order is kept, and what a trace brings with it is obeyed.
//!
//! The real ones are read where `PUSHPULL_TRACES` names the folder that holds them; elsewhere the tests say that they skip them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pushpull::inputs::MemoryInputs;

use crate::invariants::{Checked, check};
use crate::random_scenarios::generator::Dice;
use crate::support::Row;

/// A trace with long silences and dense bursts: instants in milliseconds, handler times, targets.
struct Bursty {
    csv: String,
    instants: Vec<u64>,
    took: Vec<u64>,
    who: Vec<u64>,
}

const ROWS: usize = 4_000;

fn bursty(seed: u64) -> Bursty {
    let mut dice = Dice::new(seed);
    let (mut csv, mut at) = (String::from("who,at,took\n"), 250);
    let (mut instants, mut took, mut who) = (vec![], vec![], vec![]);
    for _ in 0..ROWS {
        instants.push(at);
        took.push(dice.between(1, 120));
        who.push(dice.below(2));
        writeln!(csv, "f{},{at},{}", who.last().unwrap(), took.last().unwrap()).unwrap();
        // One gap in 200 is a silence of half a minute and more; in between, events come within milliseconds.
        at += if dice.chance(1) && dice.chance(50) { dice.between(30_000, 120_000) } else { dice.below(12) };
    }
    Bursty { csv, instants, took, who }
}

/// Standard deviation / mean of the gaps.
fn variation(instants: &[u64]) -> f64 {
    let gaps: Vec<f64> = instants.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean) * (gap - mean)).sum::<f64>() / gaps.len() as f64;
    variance.sqrt() / mean
}

const FUNCTIONS: &str = r#"
[function.f0]
duration = "40ms"
init_duration = "0s"
timeout = "15m"
[function.f1]
duration = "40ms"
init_duration = "0s"
timeout = "15m"
"#;

fn scenario(kind: &str, trace: &str, keys: &str) -> String {
    format!(
        "{FUNCTIONS}\n[[source.{kind}]]\ntarget = \"f0\"\narrivals = {{ trace = {{ file = \"trace.csv\", {trace} }} }}\n{keys}\n"
    )
}

fn checked(text: &str, csv: &str) -> Checked {
    let inputs = MemoryInputs::new().with("trace.csv", csv);
    check(text, 1, &inputs).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

fn emissions(rows: &[Row]) -> Vec<u64> {
    rows.iter().filter(|row| row.fact == "emitted").map(|row| row.nanos).collect()
}

const MILLI: u64 = 1_000_000;

#[test]
fn a_bursty_trace_is_played_row_by_row() {
    let trace = bursty(1);
    let variation = variation(&trace.instants);
    assert!(variation > 5.0, "the trace is not bursty: coefficient of variation {variation}");
    for (kind, keys) in [
        ("api_gateway", ""),
        ("s3", "delivery = \"3ms\""),
        ("kinesis", "shard_count = 1"),
        ("kinesis", "shard_count = 4\nparallelization_factor = 3"),
    ] {
        let Checked { rows, summary } = checked(&scenario(kind, "column = \"at\", unit = \"ms\"", keys), &trace.csv);
        let instants: Vec<u64> = trace.instants.iter().map(|at| at * MILLI).collect();
        assert_eq!(emissions(&rows), instants, "{kind}: events occur where the trace has them");
        let source = &summary["sources"][kind];
        assert_eq!(source["events"], ROWS, "{kind} {keys}");
        assert_eq!(source["in_flight"], 0, "{kind} {keys}: no drain was set, and nothing takes a day");
        let ended: u64 = ["processed", "rejected"].iter().filter_map(|fate| source[*fate].as_u64()).sum();
        assert_eq!(ended, ROWS as u64, "{kind} {keys}: {source}");
    }
}

#[test]
fn an_event_brings_its_own_handler_time_and_function() {
    let trace = bursty(2);
    let keys = "column = \"at\", unit = \"ms\", duration_column = \"took\", target_column = \"who\"";
    for kind in ["api_gateway", "s3"] {
        let Checked { rows, .. } = checked(&scenario(kind, keys, ""), &trace.csv);
        let mut starts: BTreeMap<u64, u64> = BTreeMap::new();
        let mut ended = 0;
        for row in &rows {
            let Some(event) = row.first_event.map(|event| event as usize) else { continue };
            if row.fact == "started" {
                starts.insert(row.invocation.unwrap(), row.nanos);
                assert_eq!(row.function, format!("f{}", trace.who[event]), "{kind}: event {event}");
            } else if row.fact == "finished" {
                ended += 1;
                let took = row.nanos - starts[&row.invocation.unwrap()];
                assert_eq!(took, trace.took[event] * MILLI, "{kind}: event {event}");
            } else if row.fact == "processed" {
                assert_eq!(row.function, format!("f{}", trace.who[event]), "{kind}: fate of event {event}");
            }
        }
        assert_eq!(ended, ROWS, "{kind}");
    }
    // A batch takes as long as its records together.
    let Checked { rows, .. } = checked(
        &scenario("kinesis", "column = \"at\", unit = \"ms\", duration_column = \"took\"", "batch_size = 10"),
        &trace.csv,
    );
    let mut batches: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for row in &rows {
        let Some(invocation) = row.invocation else { continue };
        if row.fact == "started" {
            let events = row.first_event.unwrap()..=row.last_event.unwrap();
            let sum: u64 = events.map(|event| trace.took[event as usize]).sum();
            batches.entry(invocation).or_insert((row.nanos, 0)).1 += sum;
        } else if row.fact == "finished" {
            let (started, sum) = batches[&invocation];
            assert_eq!(row.nanos - started, sum * MILLI, "invocation {invocation}");
        }
    }
    assert!(batches.len() >= ROWS / 10, "{} batches", batches.len());
}

#[test]
fn a_trace_is_scaled_and_repeated() {
    let trace = bursty(3);
    let scaled =
        checked(&scenario("s3", "column = \"at\", unit = \"ms\", scale = 0.5", "delivery = \"0s\""), &trace.csv);
    let want: Vec<u64> = trace.instants.iter().map(|at| at * MILLI / 2).collect();
    assert_eq!(emissions(&scaled.rows), want, "half the time");

    let repeated =
        checked(&scenario("s3", "column = \"at\", unit = \"ms\", repeat = 3", "delivery = \"0s\""), &trace.csv);
    let got = emissions(&repeated.rows);
    assert_eq!(got.len(), 3 * ROWS);
    let (first, last) = (trace.instants[0] * MILLI, trace.instants[ROWS - 1] * MILLI);
    let round = (last - first) + (last - first) / (ROWS as u64 - 1);
    for (place, at) in got.iter().enumerate() {
        let want = trace.instants[place % ROWS] * MILLI + (place / ROWS) as u64 * round;
        assert_eq!(*at, want, "event {place}: each round one mean gap after the last");
    }
}

/// (file, key of instants, rows)
const REAL: [(&str, &str, usize); 2] = [
    ("azure_llm_code_2023_arrivals.csv", "column = \"t_s\"", 8_819),
    ("azure_functions_2021_first199.csv", "column = \"start\", duration_column = \"duration\"", 199),
];

/// The file of functions tells when each invocation ended and what it took: sorted by its start, it is a trace.
fn by_start(csv: &str) -> String {
    let rows = csv.lines().skip(1).map(|line| {
        let mut cells = line.rsplit(',').map(|cell| cell.parse::<f64>().unwrap());
        let (duration, end) = (cells.next().unwrap(), cells.next().unwrap());
        ((end - duration).max(0.0), duration)
    });
    let mut rows: Vec<(f64, f64)> = rows.collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lines = rows.iter().map(|(start, duration)| format!("{start:.6},{duration}\n"));
    std::iter::once("start,duration\n".to_owned()).chain(lines).collect()
}

#[test]
fn real_traces_are_played_whole() {
    let folder = std::env::var_os("PUSHPULL_TRACES").map(std::path::PathBuf::from);
    let mut skipped = 0;
    for (file, keys, rows) in REAL {
        let text = folder.as_ref().and_then(|folder| std::fs::read_to_string(folder.join(file)).ok());
        let Some(csv) = text else {
            println!("skipped: {file} is not there (PUSHPULL_TRACES names the folder that holds it)");
            skipped += 1;
            continue;
        };
        let csv = if csv.contains("end_timestamp") { by_start(&csv) } else { csv };
        for (kind, more) in [
            ("api_gateway", ""),
            ("s3", ""),
            ("kinesis", "batch_size = 1\nshard_count = 3\nparallelization_factor = 2"),
            ("dynamodb", "batch_size = 1"),
        ] {
            let Checked { rows: facts, summary } = checked(&scenario(kind, keys, more), &csv);
            let source = &summary["sources"][kind];
            assert_eq!(source["events"], rows, "{file} through {kind}");
            assert_eq!(source["in_flight"], 0, "{file} through {kind}");
            assert!(emissions(&facts).is_sorted());
        }
    }
    println!("skipped: {skipped} of {} real traces", REAL.len());
}
