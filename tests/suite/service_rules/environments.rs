//! Execution environments: cold and warm starts, keep-alive, lifetime, orders of reuse.

use std::collections::BTreeSet;

use crate::support::{facts, read, summary};

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
            "F§2.18 provisioned environments serve no call before all are ready, then have no cold start and stay",
            "duration = '30m'
             function.f = { duration = '1s', init_duration = '200ms', keep_alive = '1m', provisioned_concurrent_executions = 100 }
             source.invoke = [{ arrivals = { at = ['60.5s', '61s', '63s', '29m'] } }]",
            "started cold_started reclaimed",
            &[
                "60.5 started 0 on f/0",
                "60.5 cold_started 0 on f/0",
                "61 started 1 on f/1",
                "63 started 2 on f/1",
                "121.7 reclaimed on f/0",
                "1740 started 3 on f/1",
            ],
            &[
                ("functions.f.provisioned_invocations", 3.0),
                ("functions.f.spillover_invocations", 0.0),
                ("functions.f.cold_starts", 1.0),
                ("functions.f.environments.max", 101.0),
            ],
        ),
        (
            "F§2.18 calls that find none idle spill over to environments on demand",
            "function.f = { duration = '1s', init_duration = '0s', provisioned_concurrent_executions = 2, provisioned_allocation = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '0s', '0s', '2s'] } }]",
            "started cold_started",
            &[
                "0 started 0 on f/0",
                "0 started 1 on f/1",
                "0 started 2 on f/2",
                "0 cold_started 2 on f/2",
                "2 started 3 on f/1",
            ],
            &[("functions.f.provisioned_invocations", 3.0), ("functions.f.spillover_invocations", 1.0)],
        ),
        (
            "F§2.18 so do synchronous calls beyond ten a second for each",
            "duration = '1s'
             function.f = { duration = '0s', init_duration = '0s', provisioned_concurrent_executions = 2, provisioned_allocation = '0s' }
             source.invoke = [{ arrivals = { bursts = { size = 30, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.provisioned_invocations", 20.0), ("functions.f.spillover_invocations", 10.0)],
        ),
        (
            "F§2.18 asynchronous ones do not",
            "duration = '1s'
             function.f = { duration = '0s', init_duration = '0s', provisioned_concurrent_executions = 2, provisioned_allocation = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { bursts = { size = 30, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.provisioned_invocations", 30.0)],
        ),
        (
            "F§2.4 Init ends after 10 s and runs again inside the invocation, within its timeout",
            "function.f = { duration = '1s', init_duration = '12s', timeout = '15s' }
             source.invoke = [{ arrivals = { at = ['0s', '1m'] } }]",
            "started finished",
            &["0 started 0 on f/0", "23 finished 0 on f/0", "60 started 1 on f/0", "61 finished 1 on f/0"],
            &[
                ("sources.invoke.latency_parts_ms.init", 5_000.0),
                ("functions.f.duration_ms.max", 13_000.0),
                ("functions.f.billed_ms", 24_000.0),
            ],
        ),
        (
            "F§2.4 which may end it",
            "function.f = { duration = '1s', init_duration = '12s', timeout = '12500ms' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "timed_out",
            &["22.5 timed_out 0 on f/0"],
            &[],
        ),
        (
            "F§2.4 exactly 10 s is no overrun",
            "function.f = { duration = '1s', init_duration = '10s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "finished",
            &["11 finished 0 on f/0"],
            &[],
        ),
        (
            "F§2.5 an environment whose invocation timed out initialises again inside the next, and only once",
            "function.f = { duration = '1s', error_duration = '5s', init_duration = '500ms', timeout = '2s' }
             source.invoke = [{ arrivals = { at = ['0s', '10s', '20s'] }, poison = [{ event = 0, times = 1 }] }]",
            "started cold_started finished timed_out",
            &[
                "0 started 0 on f/0",
                "0 cold_started 0 on f/0",
                "2.5 timed_out 0 on f/0",
                "10 started 1 on f/0",
                "11.5 finished 1 on f/0",
                "20 started 2 on f/0",
                "21 finished 2 on f/0",
            ],
            &[("functions.f.cold_starts", 1.0)],
        ),
        (
            "F§2.5 a crash of the runtime does so, too; a function error does not",
            "function.f = { duration = '1s', init_duration = '500ms', crash_rate = 1.0 }
             function.g = { duration = '1s', init_duration = '500ms', error_rate = 1.0 }
             source.invoke = [
                 { name = 'crash', target = 'f', arrivals = { at = ['0s', '10s'] } },
                 { name = 'error', target = 'g', arrivals = { at = ['100s', '110s'] } },
             ]",
            "failed",
            &[
                "1.5 failed crash:0 on f/0",
                "11.5 failed crash:1 on f/0",
                "101.5 failed error:0 on g/0",
                "111 failed error:1 on g/0",
            ],
            &[("functions.f.errors", 2.0), ("functions.f.cold_starts", 1.0)],
        ),
        (
            "F§2.12 the part of a handler that computes takes longer with less than 1,769 MB, and no less with more",
            "function.half = { duration = '1s', init_duration = '0s', memory_size = 1000, cpu_bound = 0.5 }
             function.large = { duration = '1s', init_duration = '0s', memory_size = 3538, cpu_bound = 1.0 }
             function.waits = { duration = '1s', init_duration = '0s', memory_size = 128 }
             source.invoke = [
                 { name = 'a', target = 'half', arrivals = { at = ['0s'] } },
                 { name = 'b', target = 'large', arrivals = { at = ['0s'] } },
                 { name = 'c', target = 'waits', arrivals = { at = ['0s'] } },
             ]",
            "",
            &[],
            &[
                ("functions.half.duration_ms.max", 1_384.5),
                ("functions.large.duration_ms.max", 1_000.0),
                ("functions.waits.duration_ms.max", 1_000.0),
            ],
        ),
        (
            "F§2.12 threads have as many of the CPUs as there are, and no more CPUs than there are threads",
            "function.two = { duration = '1s', init_duration = '0s', memory_size = 7076, cpu_bound = 1.0, threads = 2 }
             function.all = { duration = '1s', init_duration = '0s', memory_size = 3538, cpu_bound = 0.5, threads = 6 }
             function.less = { duration = '1s', init_duration = '0s', memory_size = 1000, cpu_bound = 0.5, threads = 6 }
             source.invoke = [
                 { name = 'a', target = 'two', arrivals = { at = ['0s'] } },
                 { name = 'b', target = 'all', arrivals = { at = ['0s'] } },
                 { name = 'c', target = 'less', arrivals = { at = ['0s'] } },
             ]",
            "",
            &[],
            &[
                ("functions.two.duration_ms.max", 500.0),
                ("functions.all.duration_ms.max", 750.0),
                ("functions.less.duration_ms.max", 1_384.5),
            ],
        ),
        (
            "F§2.19 SnapStart restores instead of initialising",
            "function.f = { duration = '1s', snap_start = true, runtime = 'java21' }
             function.g = { duration = '1s', snap_start = true, init_duration = '100ms' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { at = ['0s'] } },
                 { name = 'b', target = 'g', arrivals = { at = ['0s'] } },
             ]",
            "cold_started finished",
            &["0 cold_started a:0 on f/0", "0 cold_started b:0 on g/0", "1.1 finished b:0 on g/0", "1.2 finished a:0 on f/0"],
            &[],
        ),
        (
            "F§2.19 and takes at most 10 s for it",
            "function.f = { duration = '1s', snap_start = true, init_duration = { uniform = { min = '10s', max = '20s' } } }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "cold_started finished",
            &["0 cold_started 0 on f/0", "11 finished 0 on f/0"],
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

/// F§12.2: the Init phase by runtime, package and architecture, and 275 ms of the platform's; quantiles of 20,000 cold starts.
#[test]
fn cold_starts_by_runtime() {
    let arm64 = 81.0 / 92.0;
    for (keys, measured) in [
        ("runtime = 'python3.13'", [92.0, 119.0, 198.0, 297.0]),
        ("runtime = 'python3.13', architecture = 'arm64'", [92.0, 119.0, 198.0, 297.0].map(|ms| ms * arm64)),
        ("runtime = 'python3.13', package_type = 'Image'", [162.0, 294.0, 393.0, 474.0]),
        ("runtime = 'provided.al2023', memory_size = 1024", [16.0, 22.0, 50.0, 71.0]),
        ("runtime = 'ruby3.4'", [230.0, 395.0, 505.0, 652.0]),
        ("runtime = 'dotnet8', package_type = 'Image', architecture = 'arm64'", [404.0, 681.0, 873.0, 972.0]),
    ] {
        let text = format!(
            "duration = '20000s'
             function.f = {{ duration = '0s', keep_alive = '0s', {keys} }}
             source.invoke = [{{ arrivals = {{ constant = {{ rate = 1.0 }} }} }}]"
        );
        let figures = summary(&text, 1);
        assert_eq!(figures.get("functions.f.cold_starts"), 20_000.0);
        // Of 20,000 draws the 99th percentile is that of 200.
        for ((quantile, tolerance), want) in
            [("p50", 0.02), ("p90", 0.02), ("p99", 0.05), ("max", 0.02)].into_iter().zip(measured)
        {
            let got = figures.get(&format!("sources.invoke.latency_ms.{quantile}")) - 275.0;
            assert!((got / want - 1.0).abs() < tolerance, "{keys}: {quantile} {got} for {want}");
        }
    }
}

/// F§12.3: without a runtime a cold start takes what was measured in 2021, and its platform's share is not billed: "billed ms = Init +
/// Duration".
#[test]
fn a_cold_start_that_nobody_describes() {
    let text = "duration = '20000s'
                function.f = { duration = '0s', keep_alive = '0s' }
                source.invoke = [{ arrivals = { constant = { rate = 1.0 } } }]";
    let figures = summary(text, 1);
    for (metric, want, tolerance) in [
        ("sources.invoke.latency_ms.p50", 404.0, 0.01),
        ("sources.invoke.latency_ms.p99", 626.0, 0.03),
        // The mean of the log-normal part, and half a millisecond of rounding up.
        ("functions.f.billed_ms", 20_000.0 * (129.0 * 1.0970 + 0.5), 0.01),
    ] {
        let got = figures.get(metric);
        assert!((got / want - 1.0).abs() < tolerance, "{metric}: {got} for {want}");
    }
}

/// F§2.1, measured (STeLLAR, IISWC 2021): of 100 calls of a second each that come at once to a cold function, all take less than
/// 2 s, so that none waits for another's environment.
#[test]
fn no_call_of_a_cold_burst_waits_for_another() {
    let figures = summary(
        "function.f = { duration = '1s' }
         source.invoke = [{ arrivals = { bursts = { size = 100, every = '1m' } } }]
         duration = '1s'",
        1,
    );
    assert_eq!(figures.get("functions.f.cold_starts"), 100.0);
    let most = figures.get("sources.invoke.response_ms.max");
    assert!(most < 2_000.0, "{most} ms");
}
