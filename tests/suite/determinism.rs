//! The same scenario and seed give the same bytes, and nothing that has no part in something changes it.
//!
//! The golden run in `tests/data/golden.*` holds those bytes from one version to the next and from one machine to another. A
//! change that is meant is taken over with `PUSHPULL_BLESS=1 cargo test determinism`, and told in the changelog.

use std::collections::BTreeMap;

use pushpull::inputs::MemoryInputs;
use pushpull::metrics::Summary;
use pushpull::report::FactsCsv;

use crate::random_scenarios::generator::{self, Dice};

/// The facts file and the summary of a run.
fn run(text: &str, sets: &[&str], seed: u64, inputs: &MemoryInputs) -> (String, String) {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let scenario = pushpull::read("same.toml", text, &sets, inputs).unwrap_or_else(|report| panic!("{text}\n{report}"));
    let mut facts = FactsCsv::new(Vec::new());
    let outcome = pushpull::simulate(&scenario, seed, inputs, &mut facts);
    let facts = String::from_utf8(facts.finish(&scenario.names()).unwrap()).unwrap();
    (facts, format!("{:#}\n", Summary::new(&scenario, seed, &outcome).to_json()))
}

/// Where two texts first differ.
fn assert_same(what: &str, got: &str, want: &str) {
    let mut lines = got.lines().zip(want.lines()).enumerate();
    let differing = lines.find(|(_, (got, want))| got != want);
    assert!(
        got == want,
        "{what}: first difference (line, (got, wanted)): {differing:?}, {} and {} bytes",
        got.len(),
        want.len()
    );
}

#[test]
fn the_order_of_tables_and_a_second_run_change_nothing() {
    for seed in 0..60 {
        let generated = generator::scenario(seed);
        let (facts, summary) = run(&generated.text, &[], seed, &generated.inputs);
        // Sections are parted by empty lines; the first holds the keys at the top.
        let mut sections: Vec<&str> = generated.text.split("\n\n").collect();
        let mut dice = Dice::new(seed);
        for place in (2..sections.len()).rev() {
            sections.swap(place, dice.between(1, place as u64) as usize);
        }
        let shuffled = sections.join("\n\n");
        let (facts_again, summary_again) = run(&shuffled, &[], seed, &generated.inputs);
        assert_same(&format!("facts of\n{shuffled}"), &facts_again, &facts);
        assert_same(&format!("summary of\n{shuffled}"), &summary_again, &summary);
    }
}

const BASE: &str = r#"
duration = "20s"
account.concurrent_executions = "unlimited"
[function.worker]
duration = { lognormal = { median = "80ms", p99 = "900ms" } }
error_rate = 0.05
keep_alive = { exponential = { mean = "2s" } }
reuse = "random"
[function.worker.event_invoke_config]
on_failure = "sqs"
"#;

const SOURCES: [(&str, &str); 3] = [
    ("api_gateway", "client_retry = { attempts = 4 }\nthrottle = { rate = 20, burst = 5 }"),
    ("s3", "poison_rate = 0.02"),
    (
        "kinesis",
        "shard_count = 3\nparallelization_factor = 2\npartition_keys = { count = 50, zipf = 1.1 }\npoison_rate = 0.01",
    ),
];

fn with_source(kind: &str, keys: &str) -> String {
    format!(
        "{BASE}\n[[source.{kind}]]\nname = \"first\"\ntarget = \"worker\"\narrivals = {{ poisson = {{ rate = 25 }} }}\n{keys}\n"
    )
}

#[test]
fn another_seed_differs() {
    for (kind, keys) in SOURCES {
        let text = with_source(kind, keys);
        let inputs = MemoryInputs::new();
        let (one, _) = run(&text, &[], 1, &inputs);
        let (two, _) = run(&text, &[], 2, &inputs);
        assert_ne!(one, two, "{kind}");
        assert!(one.lines().count() > 1_000, "{kind}: {} facts are too few to tell", one.lines().count());
    }
}

/// The facts of `worker` and `first`, with invocations and messages numbered anew, since those numbers count all functions, and
/// without the environments that were reclaimed after the last event: another source may let the run last longer.
fn own_facts(facts: &str) -> String {
    let mut numbers: BTreeMap<(bool, String), usize> = BTreeMap::new();
    let mut own = Vec::new();
    for line in facts.lines().skip(1) {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if cells[2] == "other" || cells[3] == "second" {
            continue;
        }
        if !cells[7].is_empty() {
            let is_message = cells[1] == "delivered_to_destination";
            let count = numbers.keys().filter(|(message, _)| *message == is_message).count();
            cells[7] = numbers.entry((is_message, cells[7].clone())).or_insert(count).to_string();
        }
        own.push(cells.join(","));
    }
    while own.pop_if(|line| line.contains(",reclaimed,")).is_some() {}
    own.join("\n")
}

#[test]
fn an_unrelated_source_and_function_change_nothing() {
    let inputs = MemoryInputs::new();
    for (kind, keys) in SOURCES {
        let text = with_source(kind, keys);
        let (alone, _) = run(&text, &[], 7, &inputs);
        for (other, more) in SOURCES {
            let both = format!(
                "{text}\n[function.other]\nduration = \"50ms\"\n[[source.{other}]]\nname = \"second\"\ntarget = \"other\"\narrivals = {{ poisson = {{ rate = 40 }} }}\n{more}\n"
            );
            let (together, _) = run(&both, &[], 7, &inputs);
            assert_same(&format!("{kind} beside {other}"), &own_facts(&together), &own_facts(&alone));
        }
    }
}

#[test]
fn the_warm_up_changes_no_fact() {
    for seed in 0..60 {
        let generated = generator::scenario(seed);
        let (without, _) = run(&generated.text, &["warm_up=0s"], seed, &generated.inputs);
        for warm_up in ["warm_up=1ns", "warm_up=1.7s"] {
            let (with, _) = run(&generated.text, &[warm_up], seed, &generated.inputs);
            assert_same(&format!("{warm_up} in\n{}", generated.text), &with, &without);
        }
    }
}

/// Every law, every order of reuse that draws, every kind of number that a run writes.
#[test]
fn the_golden_run_gives_the_golden_bytes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let text = std::fs::read_to_string(format!("{folder}/golden.toml")).unwrap();
    let inputs = MemoryInputs::new().with("times.csv", "ms\n12.5\n80\n310\n");
    let (facts, summary) = run(&text, &[], 20_251_125, &inputs);
    for (name, got) in [("golden.facts.csv", facts), ("golden.summary.json", summary)] {
        let path = format!("{folder}/{name}");
        if std::env::var_os("PUSHPULL_BLESS").is_some() {
            std::fs::write(&path, &got).unwrap();
        }
        let want =
            std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {name}: make it with PUSHPULL_BLESS=1"));
        assert_same(name, &got, &want.replace("\r\n", "\n"));
    }
}
