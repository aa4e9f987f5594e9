//! Random scenarios hold the invariants.
//!
//! Scenarios over everything that the schema offers are made from a seed, run, and held against [`crate::invariants`]. A failure
//! prints the seed and the text. `PUSHPULL_RANDOM=20000` runs so many, `PUSHPULL_RANDOM_SEED=7` prints and runs that
//! one alone; `PUSHPULL_CROWDS=200` runs so many crowds.

pub mod generator;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pushpull::inputs::MemoryInputs;
use pushpull::metrics::Summary;
use pushpull::scenario::json_schema;
use serde_json::Value;

use crate::invariants::{self, Checked};
use generator::Generated;

/// How many scenarios run where nobody asks for more.
const USUAL: u64 = 400;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// The one seed that is asked for, or as many as `count` says, or else the usual number.
fn seeds(count: &str, usual: u64) -> Range<u64> {
    match variable("PUSHPULL_RANDOM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable(count).unwrap_or(usual),
    }
}

/// Holds a scenario against the invariants; a panic is one more thing that is wrong.
fn checked(generated: &Generated, seed: u64) -> Result<Checked, String> {
    let check = || invariants::check(&generated.text, seed, &generated.inputs);
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| Err("it panicked, as said above".to_owned()))
}

/// Holds a scenario that was found among the random ones against the invariants.
fn assert_holds(text: &str, seed: u64) {
    invariants::assert_holds("found", text, seed, &MemoryInputs::new());
}

#[test]
fn everything_holds_in_random_scenarios() {
    let seeds = seeds("PUSHPULL_RANDOM", USUAL);
    let count = seeds.end - seeds.start;
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in seeds {
        let generated = generator::scenario(seed);
        // Of many, the last line tells which one hangs or takes long.
        if count > USUAL {
            eprintln!("seed {seed}");
        } else if count == 1 {
            eprintln!("{}", generated.text);
        }
        match checked(&generated, seed) {
            Ok(checked) => {
                for row in checked.rows {
                    *seen.entry(if row.condition.is_empty() { row.fact } else { row.condition }).or_default() += 1;
                }
            }
            Err(why) => failures.push((seed, why, generated.text)),
        }
    }
    // The shortest text tells most.
    failures.sort_by_key(|(_, _, text)| text.len());
    if let Some((seed, why, text)) = failures.first() {
        let seeds: Vec<_> = failures.iter().map(|(seed, ..)| seed).take(20).collect();
        panic!(
            "{} of {count} scenarios fail (seeds {seeds:?}); the shortest has seed {seed}: {why}\n\n{text}",
            failures.len()
        );
    }
    if count >= USUAL {
        for fact in [
            "emitted",
            "accepted",
            "denied",
            "throttled",
            "started",
            "cold_started",
            "finished",
            "failed",
            "timed_out",
            "retry_scheduled",
            "processed",
            "rejected",
            "dropped",
            "expired",
            "reclaimed",
            "Success",
            "RetriesExhausted",
            "EventAgeExceeded",
            "ZeroReservedConcurrency",
            "unavailable",
            "bisected",
            "filtered",
            "dead_lettered",
            "RetryAttemptsExhausted",
            "RecordAgeExceeded",
        ] {
            assert!(seen.contains_key(fact), "no random scenario tells of {fact}: {seen:?}");
        }
    }
}

/// Most functions of a crowd never hear of each other, which must change nothing.
#[test]
fn everything_holds_in_crowds() {
    for seed in seeds("PUSHPULL_CROWDS", 12) {
        let generated = generator::crowd(seed);
        if let Err(why) = checked(&generated, seed) {
            panic!("the crowd of seed {seed}: {why}\n\n{}", generated.text);
        }
    }
}

/// Keys that no random scenario has, each with the reason.
const NOT_DRAWN: [(&str, &str); 4] = [
    ("seed", "that of the scenario's number takes its place"),
    ("expect", "of figures, not of runs"),
    ("account.free_tier", "of costs, not of runs"),
    ("source.alexa.duplicate_rate", "refused: a synchronous caller calls once"),
];

/// The paths of the keys that a table of the schema has.
fn keys_of(schema: &Value, path: &str) -> Vec<String> {
    let keys = schema["properties"].as_object().unwrap_or_else(|| panic!("no keys of {path:?}"));
    keys.keys().map(|key| format!("{path}{key}")).collect()
}

/// A key that the schema gets has to be drawn, or to be named in [`NOT_DRAWN`].
#[test]
fn every_key_is_drawn() {
    let schema = json_schema();
    let mut wanted: BTreeSet<String> = keys_of(&schema, "").into_iter().collect();
    wanted.extend(keys_of(&schema["$defs"]["AccountSpec"], "account."));
    wanted.extend(keys_of(&schema["$defs"]["FunctionSpec"], "function."));
    wanted.extend(keys_of(&schema["$defs"]["EventInvokeConfig"], "function.event_invoke_config."));
    for (kind, source) in schema["properties"]["source"]["properties"].as_object().unwrap() {
        wanted.extend(keys_of(&source["items"], &format!("source.{kind}.")));
    }
    for (key, _) in NOT_DRAWN {
        assert!(wanted.remove(key), "{key} is no key");
    }
    for seed in 0..3_000 {
        let text = generator::scenario(seed).text;
        let mut take = |path: &str, table: &toml::Table| {
            for key in table.keys() {
                wanted.remove(&format!("{path}{key}"));
            }
        };
        let table = |value: &toml::Value| value.as_table().unwrap().clone();
        let top: toml::Table = text.parse().unwrap();
        take("", &top);
        take("account.", &table(&top["account"]));
        for function in table(&top["function"]).values().map(table) {
            take("function.", &function);
            function.get("event_invoke_config").map(table).inspect(|keys| take("function.event_invoke_config.", keys));
        }
        for (kind, sources) in table(&top["source"]) {
            for source in sources.as_array().unwrap() {
                take(&format!("source.{kind}."), &table(source));
            }
        }
    }
    assert!(wanted.is_empty(), "never drawn: {wanted:?}");
}

/// Found among the random ones: the records of a lazy stream that nobody polls before the run is cut off lie on both sides of the
/// warm-up, and count as they do where somebody watches.
#[test]
fn records_that_are_never_read_count_after_the_warm_up() {
    let text = "duration = \"2s\"\nwarm_up = \"500ms\"\ndrain = \"0s\"\n[function.f]\nduration = \"1s\"\n[[source.kinesis]]\n\
                name = \"s\"\nbacklog = { events = 5 }\narrivals = { constant = { rate = 10 } }\npolling_phase = \"3s\"\n";
    assert_holds(text, 1);
    assert_eq!(crate::support::summary(text, 1).get("sources.s.in_flight"), 15.0);
}

/// Found in a crowd: a second consumer takes over a partition whose records wait for the throughput of the first.
#[test]
fn a_consumer_that_takes_over_reads_from_then_on() {
    let text = "[function.f]\nduration = \"0s\"\n[[source.msk]]\npartitions = 3\npayload_size = \"10MiB\"\n\
                provisioned_pollers = { maximum = 2 }\narrivals = { ramp = [[\"0s\", 0.0], [\"5s\", 20.0], [\"10s\", 0.0]] }\n\
                poison = [{ event = 0, times = 3 }, 5]\n";
    (100..106).for_each(|seed| assert_holds(text, seed));
}

/// Tables, text and charts of any run can be made, and hold no figure that is none.
#[test]
fn every_report_can_be_made_of_a_random_run() {
    for seed in 0..40 {
        let generated = generator::scenario(seed);
        let scenario = pushpull::read("random.toml", &generated.text, &[], &generated.inputs).unwrap();
        let outcome = pushpull::simulate(&scenario, seed, &generated.inputs, &mut ());
        let summary = Summary::new(&scenario, seed, &outcome);
        let mut reports = vec![
            ("text", pushpull::report::text(&scenario, &summary)),
            ("summary.csv", pushpull::report::summary_csv(&summary)),
            ("series.csv", pushpull::report::series_csv(&outcome, &scenario.names())),
        ];
        reports.extend(pushpull::report::charts(&scenario, &summary, &outcome).unwrap());
        for (name, report) in reports {
            let bad = report.split(|c: char| !c.is_alphanumeric()).find(|word| ["NaN", "nan", "inf"].contains(word));
            assert_eq!(bad, None, "{name} of seed {seed} holds a figure that is none\n{}", generated.text);
        }
    }
}
