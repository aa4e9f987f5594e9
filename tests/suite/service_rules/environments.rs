//! Execution environments: cold and warm starts, keep-alive, lifetime, orders of reuse.

use std::collections::BTreeSet;

use crate::support::{facts, read};

use super::hold;

#[test]
fn environments() {
    hold(&[
        (
            "F§2.1 one invocation at a time in an environment; no queue before a busy one",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '500ms', '999999999ns'] } }]",
            "started throttled",
            &["0 started 0 on f/0", "0.5 started 1 on f/1", "0.999999999 started 2 on f/2"],
            &[("functions.f.environments.max", 3.0), ("functions.f.concurrent_executions.max", 3.0)],
        ),
        (
            "F§2.1 an idle environment is taken before a new one is made",
            "function.f = { duration = '1s', init_duration = '200ms' }
             source.invoke = [{ arrivals = { at = ['0s', '1500ms', '3s'] } }]",
            "started cold_started finished",
            &[
                "0 started 0 on f/0",
                "0 cold_started 0 on f/0",
                "1.2 finished 0 on f/0",
                "1.5 started 1 on f/0",
                "2.5 finished 1 on f/0",
                "3 started 2 on f/0",
                "4 finished 2 on f/0",
            ],
            &[("functions.f.cold_starts", 1.0), ("functions.f.duration_ms.max", 1_000.0)],
        ),
        (
            "F§2.2 an environment is busy during its cold start, and that is concurrency and billed (F§10.6)",
            "function.f = { duration = '1s', init_duration = '1s' }
             source.invoke = [{ arrivals = { at = ['0s', '500ms'] } }]
             duration = '4s'",
            "started",
            &["0 started 0 on f/0", "0.5 started 1 on f/1"],
            &[
                ("functions.f.concurrent_executions.mean", 1.0),
                ("functions.f.concurrent_executions.max", 2.0),
                ("functions.f.billed_ms", 4_000.0),
            ],
        ),
        (
            "F§2.9 an environment idle for exactly 10 minutes is still warm",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '601s'] } }]",
            "started cold_started reclaimed",
            &["0 started 0 on f/0", "0 cold_started 0 on f/0", "601 started 1 on f/0"],
            &[("functions.f.cold_start_rate", 0.5)],
        ),
        (
            "F§2.9 and 1 ns longer is cold",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '601.000000001s'] } }]",
            "started cold_started reclaimed",
            &[
                "0 started 0 on f/0",
                "0 cold_started 0 on f/0",
                "601 reclaimed on f/0",
                "601.000000001 started 1 on f/1",
                "601.000000001 cold_started 1 on f/1",
            ],
            &[("functions.f.environments.max", 1.0)],
        ),
        (
            "F§2.9 the keep-alive begins anew with each invocation",
            "function.f = { duration = '1s', init_duration = '0s', keep_alive = '1m' }
             source.invoke = [{ arrivals = { at = ['0s', '1m', '2m', '3m2s'] } }]",
            "started reclaimed",
            &[
                "0 started 0 on f/0",
                "60 started 1 on f/0",
                "120 started 2 on f/0",
                "181 reclaimed on f/0",
                "182 started 3 on f/1",
            ],
            &[],
        ),
        (
            "F§2.10 a life ends an idle environment",
            "function.f = { duration = '1s', init_duration = '0s', max_lifetime = '100s' }
             source.invoke = [{ arrivals = { at = ['0s', '50s', '101s'] } }]",
            "started reclaimed",
            &["0 started 0 on f/0", "50 started 1 on f/0", "100 reclaimed on f/0", "101 started 2 on f/1"],
            &[],
        ),
        (
            "F§2.10 and a busy one when it falls idle",
            "function.f = { duration = '1s', init_duration = '0s', max_lifetime = '100s' }
             source.invoke = [{ arrivals = { at = ['0s', '99.5s', '100.5s'] } }]",
            "started reclaimed",
            &["0 started 0 on f/0", "99.5 started 1 on f/0", "100.5 reclaimed on f/0", "100.5 started 2 on f/1"],
            &[],
        ),
    ]);
}

/// Environments 0, 1, 2 are made in this order and fall idle in the order 1, 2, 0; then two are picked.
fn reuse(order: &str, seed: u64) -> Vec<String> {
    let text = format!(
        "function.f = {{ duration = '1s', init_duration = '0s', reuse = '{order}' }}
         source.invoke = [{{ arrivals = {{ at = ['0s', '100ms', '200ms', '1050ms', '3s', '3.1s'] }} }}]"
    );
    let started = facts(&text, seed).into_iter().filter(|row| row.fact == "started");
    let environments: Vec<String> = started.map(|row| row.environment).collect();
    assert_eq!(environments[..4], ["f/0", "f/1", "f/2", "f/0"], "{order}");
    environments[4..].to_vec()
}

#[test]
fn orders_of_reuse() {
    for (order, want) in [
        ("most_recent", ["f/0", "f/2"]),
        ("least_recent", ["f/1", "f/2"]),
        ("oldest", ["f/0", "f/1"]),
        ("newest", ["f/2", "f/1"]),
    ] {
        assert_eq!(reuse(order, 1), want, "F§2.11 reuse `{order}`");
    }
    let default = "function.f = { duration = '1s' }\nsource.invoke = [{ arrivals = { at = ['0s'] } }]";
    assert!(
        read(default).assumptions().iter().any(|text| text.starts_with("the environment used last is reused first")),
        "F§2.11 the one used last is the default"
    );
    let picked: BTreeSet<Vec<String>> = (1..=60).map(|seed| reuse("random", seed)).collect();
    assert_eq!(picked.len(), 6, "F§2.11 reuse `random`: each pair of three in each order");
}
