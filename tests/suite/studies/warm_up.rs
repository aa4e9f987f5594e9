//! `warm_up = "auto"`: what is left out is what a system needs to settle, and nothing where that cannot be told.

use crate::sandbox::Sandbox;

/// Calls of 60 s each: the number of those that run rises for 60 s, and then stays.
fn filling(duration: &str) -> String {
    format!(
        r#"
        duration = "{duration}"
        warm_up = "auto"
        [function.f]
        duration = "60s"
        timeout = "2m"
        init_duration = "0s"
        [[source.invoke]]
        arrivals = {{ poisson = {{ rate = 5.0 }} }}
        "#
    )
}

#[test]
fn a_system_that_fills_is_measured_when_it_is_full() {
    let sandbox = Sandbox::new().with("filling.toml", &filling("1h"));
    let out = sandbox.run("run filling.toml --no-charts --json").line();
    let found = out["warm_up"]["found_s"].as_f64().unwrap();
    // Intervals are 15 s long and batches of five of them 75 s: the rise ends within the first.
    assert_eq!((found, out["warm_up"]["rule"].as_str()), (75.0, Some("MSER-5")));
    assert_eq!(out["warm_up_s"].as_f64(), Some(found), "what is found is left out");
    let busy = out["functions"]["f"]["concurrent_executions"]["mean"].as_f64().unwrap();
    assert!((busy - 300.0).abs() < 8.0, "{busy}");
    let text = sandbox.ok("run filling.toml --no-charts");
    assert!(text.contains("warm-up of 75 s (MSER-5 over 5 pilot runs)"), "{text}");
}

#[test]
fn a_run_too_short_to_tell_says_so() {
    // A stream that takes in more than its lane can process never settles.
    let growing = r#"
        duration = "1h"
        warm_up = "auto"
        function.f.duration = "1s"
        [[source.kinesis]]
        batch_size = 1
        arrivals = { poisson = { rate = 2.0 } }
    "#;
    let sandbox = Sandbox::new().with("growing.toml", growing).with("filling.toml", &filling("70s"));
    for name in ["growing.toml", "filling.toml"] {
        let ended = sandbox.run(&format!("run {name} --no-charts --json"));
        let out = ended.line();
        assert!(ended.err.contains("too short to tell"), "{name}: {}", ended.err);
        assert_eq!((out["warm_up"]["found_s"].is_null(), out["warm_up_s"].as_f64()), (true, Some(0.0)), "{name}");
    }
}

#[test]
fn long_latencies_at_the_end_are_followed_to_theirs() {
    // Each call takes 50 s of a run of 60 s: all that began are counted, with their whole latency.
    let text = r#"
        duration = "60s"
        function.f.duration = "50s"
        function.f.timeout = "1m"
        function.f.init_duration = "0s"
        [[source.invoke]]
        arrivals = { constant = { rate = 1.0 } }
    "#;
    let figures = crate::support::summary(text, 1);
    assert_eq!(
        (figures.get("sources.invoke.processed"), figures.get("sources.invoke.latency_ms.p50")),
        (60.0, 50_000.0)
    );
}
