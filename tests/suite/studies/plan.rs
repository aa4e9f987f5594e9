//! Plans: the cheapest point is the one that a closed form knows.

use pushpull::study::erlang_b;
use serde_json::Value;

use super::loss_system;
use crate::sandbox::Sandbox;

/// 10 minutes of 40 calls a second: 8 erlangs. At most 2 % may be lost.
const CALLS: f64 = 40.0 * 598.0;
const OFFERED: f64 = 8.0;

fn sandbox() -> Sandbox {
    Sandbox::new().with("loss.toml", &loss_system("10m", 40.0, 8))
}

fn fewest(share: f64) -> u64 {
    (1..).find(|servers| erlang_b(*servers, OFFERED) < share).unwrap()
}

#[test]
fn the_fewest_servers_are_erlangs() {
    let servers = fewest(0.02);
    // The limit is far from what both neighbours lose, so that the answer is clear.
    assert_eq!(servers, 14);
    let sandbox = sandbox();
    let ended = sandbox.run(&format!(
        "plan loss.toml --vary function.f.reserved_concurrent_executions=5..24 --require sources.invoke.rejected<{} \
         --minimize functions.f.concurrent_executions.max --json",
        0.02 * CALLS
    ));
    let plan = ended.line();
    assert_eq!(ended.status, 0);
    assert_eq!(plan["best"]["function.f.reserved_concurrent_executions"].as_str(), Some("14"), "{plan:#}");
    let points = plan["points"].as_array().unwrap();
    let runs: u64 = points.iter().map(|point| point["replications"].as_u64().unwrap()).sum();
    assert!(runs < 20 * 10 / 2, "{runs} runs: hopeless points cost little");
    for (place, point) in points.iter().enumerate() {
        let want = match 5 + place {
            ..14 => "misses",
            14 => "best",
            _ => "dearer",
        };
        assert_eq!(point["standing"].as_str(), Some(want), "{point}");
    }
}

/// Losses that come once in eight runs: what ten runs did not see is looked for in forty, and how much it may be is told.
#[test]
fn what_no_run_saw_is_not_taken_for_impossible() {
    let rare = "duration = '10m'\n[function.f]\nduration = '100ms'\nerror_rate = 0.0002\n[[source.invoke]]\narrivals = { poisson = { rate = 1.0 } }\n";
    let sandbox = Sandbox::new().with("rare.toml", rare);
    let line = "plan rare.toml --vary function.f.memory_size=128 --require sources.invoke.rejected<=0 --no-charts";
    for seed in 1..=5 {
        let ended = sandbox.run(&format!("{line} --seed {}", 1_000 * seed));
        assert_eq!(ended.status, 1, "{}", ended.out);
    }
    let never = sandbox.ok(&format!("{line} --set function.f.error_rate=0"));
    assert!(never.contains("was 0 in all 40 runs: with 95 % confidence it is below 0.075 a run"), "{never}");
}

#[test]
fn where_nothing_meets_it_the_nearest_miss_is_told() {
    let sandbox = sandbox();
    let line = "plan loss.toml --vary function.f.reserved_concurrent_executions=5..8 --require sources.invoke.rejected<100 \
                --require sources.invoke.latency_ms.p50<1000";
    let ended = sandbox.run(&format!("{line} --json"));
    let plan = ended.line();
    assert_eq!((ended.status, &plan["best"]), (1, &Value::Null));
    assert_eq!(plan["nearest_miss"]["set"]["function.f.reserved_concurrent_executions"].as_str(), Some("8"));
    assert_eq!(plan["nearest_miss"]["binds"].as_str(), Some("sources.invoke.rejected < 100"));
    let text = sandbox.run(line).out;
    assert!(
        text.contains("No point meets every requirement") && text.contains("what binds is sources.invoke.rejected"),
        "{text}"
    );
}

#[test]
fn the_highest_load_is_where_erlangs_loss_reaches_the_limit() {
    // Of a rate r, r x 598 x B(8, r / 5) calls are lost: below 200 up to this rate.
    let lost = |rate: f64| rate * 598.0 * erlang_b(8, rate * 0.2);
    let (mut low, mut high) = (1.0, 40.0);
    while high - low > 1e-6 {
        let middle = (low + high) / 2.0;
        if lost(middle) < 200.0 { low = middle } else { high = middle }
    }
    let sandbox = sandbox();
    let line =
        "plan loss.toml --find source.invoke.arrivals.poisson.rate --max --require sources.invoke.rejected<200 --json";
    let out = sandbox.run(line).line();
    let (found, beyond) = (out["value"].as_f64().unwrap(), out["beyond"].as_f64().unwrap());
    // What is found is safe: an interval below the limit lies below it by its half-width.
    assert!(found < low && found > 0.95 * low, "found {found}, the limit is at {low}");
    assert!((beyond - found) / found <= 0.0101, "{found} to {beyond}");
}

#[test]
fn a_share_that_begins_at_its_limit_is_no_whole_number() {
    let sandbox = sandbox();
    let line = "plan loss.toml --set function.f.error_rate=1 --set function.f.reserved_concurrent_executions=60 \
                --find function.f.error_rate --max --require functions.f.errors<12000 --json --replications 3";
    let out = sandbox.run(line).line();
    let found = out["value"].as_f64().unwrap();
    assert!(found > 0.48 && found < 12_000.0 / CALLS, "{out:#}");
}

#[test]
fn the_lowest_number_is_found_to_the_unit() {
    let sandbox = sandbox();
    let line = format!(
        "plan loss.toml --find function.f.reserved_concurrent_executions --min --require sources.invoke.rejected<{} --json",
        0.02 * CALLS
    );
    let out = sandbox.run(&line).line();
    assert_eq!((out["value"].as_f64(), out["beyond"].as_f64()), (Some(14.0), Some(13.0)), "{out:#}");
    // Nothing can be enough.
    let ended = sandbox.run(
        "plan loss.toml --find source.invoke.arrivals.poisson.rate --max --require sources.invoke.latency_ms.p50<1 --json",
    );
    assert_eq!((ended.status, &ended.line()["value"]), (1, &Value::Null));
}
