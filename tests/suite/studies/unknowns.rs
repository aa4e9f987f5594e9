//! What AWS does not document is varied by name, and only where the scenario leaves it to us.

use std::path::Path;

use pushpull::inputs::MemoryInputs;
use pushpull::scenario::Document;
use pushpull::study::alternatives;

use crate::sandbox::Sandbox;

/// One lane whose batches fail three times in ten.
const FAILING: &str = r#"
    duration = "1h"
    [function.f]
    duration = "20ms"
    error_rate = 0.3
    [[source.kinesis]]
    name = "logs"
    arrivals = { poisson = { rate = 2.0 } }
"#;

#[test]
fn every_alternative_of_every_scenario_can_be_run() {
    let mut found = 0;
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let document = Document::parse("test.toml", &text).unwrap();
        let read = |sets: &[String]| pushpull::read("test.toml", &text, sets, &MemoryInputs::new());
        let scenario = read(&[]).unwrap();
        for alternative in alternatives(&scenario, &|path| document.sets(path)) {
            read(&alternative.set)
                .unwrap_or_else(|report| panic!("{}: {}\n{report}", path.display(), alternative.name));
            found += 1;
        }
    }
    assert!(found > 150, "{found} alternatives");
}

#[test]
fn figures_that_hang_on_back_off_say_so() {
    let sandbox = Sandbox::new().with("failing.toml", FAILING);
    let out = sandbox.run("run failing.toml --unknowns --json").line();
    let unknowns = out["unknowns"].as_array().unwrap();
    let of = |name: &str| unknowns.iter().find(|one| one["name"].as_str().unwrap().contains(name)).unwrap();
    let longer = &of("failed stream batches wait 4 times")["changes"]["sources.logs.latency_ms.mean"];
    let shorter = &of("failed stream batches wait 0.25 s")["changes"]["sources.logs.latency_ms.mean"];
    assert!(longer["low"].as_f64() > Some(0.0) && shorter["high"].as_f64() < Some(0.0), "{longer} {shorter}");
    // One lane has one environment: which of them is reused changes nothing.
    assert_eq!(of("any idle environment")["changes"].as_object().unwrap().len(), 0);
    assert_eq!(out["confidence"]["sources.logs.processed"]["n"].as_u64(), Some(5), "five replications by default");
    assert!(
        sandbox
            .text("output/failing/unknowns.csv")
            .starts_with("assumption,set,metric,unit,as_it_is,change,low,high\n")
    );
    let svg = sandbox.text("output/failing/unknowns.svg");
    assert!(
        svg.contains("What hangs on what AWS does not document") && svg.contains("95 % confidence, 5 pairs of runs")
    );
    assert!(svg.contains("better\n") && svg.contains("worse\n"), "a legend");
    // What the text hides as too small to matter is not drawn either.
    let shares = svg.lines().filter_map(|line| line.strip_suffix(" %")?.strip_prefix(['+', '\u{2212}']));
    let shares: Vec<f64> = shares.filter_map(|share| share.replace(',', "").parse().ok()).collect();
    assert!(!shares.is_empty() && shares.iter().all(|share| *share >= 1.0), "{shares:?}");
    let text = sandbox.ok("run failing.toml --unknowns --no-charts");
    assert!(
        text.contains("what AWS does not document, varied") && text.contains("any idle environment reused"),
        "{text}"
    );
    // The chart of an earlier run does not stay beside a run without it.
    assert!(!sandbox.0.join("output/failing/unknowns.svg").exists());
}

#[test]
fn what_a_user_has_set_is_not_unknown() {
    let own = FAILING.replace("error_rate = 0.3", "error_rate = 0.3\nreuse = 'random'\nkeep_alive = '3m'")
        + "retry_backoff = { base = '1s', cap = '2s' }\n";
    let sandbox = Sandbox::new().with("own.toml", &own);
    let out = sandbox.run("run own.toml --unknowns --replications 2 --json --no-charts").line();
    assert_eq!(out.get("unknowns"), None, "{out}");
    assert!(sandbox.refused("run own.toml --unknowns --replications 1").contains("at least 2 replications"));
}
