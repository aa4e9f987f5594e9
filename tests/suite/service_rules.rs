//! Rules of the service, one row each: a small scenario whose arrivals and durations are constants, the facts that must follow,
//! and figures of its summary.
//!
//! A rule's name says where it comes from: F§ is the project's list of facts about AWS Lambda, §6 its contract's page on
//! instants, windows and parts. A fact reads `time fact events [try n] [on environment] [condition xcount]`; the source comes
//! before the events where there are several. In every row events are the sum of their fates, and the parts of the latency add
//! up to it.

use std::collections::{BTreeMap, BTreeSet};

use pushpull::engine::{Fact, Reason};

use crate::support::{Figures, Row, facts, read, refusal, summary, summary_and_facts, watch};

/// A figure that cannot exist.
const NULL: f64 = f64::NAN;

/// (the rule, a scenario, kinds of facts to look at, the facts of these kinds, figures)
type Rule = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [(&'static str, f64)]);

/// Holds all rules of a table and tells all that are broken.
fn hold(rules: &[Rule]) {
    let mut broken = Vec::new();
    for (rule, scenario, kinds, want, figures) in rules {
        let (summary, rows) = summary_and_facts(scenario, 1);
        let several =
            rows.iter().map(|row| &row.source).filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().len() > 1;
        let kinds: Vec<&str> = kinds.split_whitespace().collect();
        let got: Vec<String> =
            rows.iter().filter(|row| kinds.contains(&row.fact.as_str())).map(|row| line(row, several)).collect();
        if got != *want {
            broken.push(format!("{rule}\n  want {want:#?}\n  got {got:#?}"));
        }
        for (figure, want) in *figures {
            let got = summary.find(figure).unwrap_or(NULL);
            if (got - want).abs() > 1e-9 * want.abs() || got.is_nan() != want.is_nan() {
                broken.push(format!("{rule}\n  {figure}: {got} for {want}"));
            }
        }
        broken.extend(unbalanced(&summary).into_iter().map(|what| format!("{rule}\n  {what}")));
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// A row of the facts in one line.
fn line(row: &Row, several_sources: bool) -> String {
    let whole = row.nanos / 1_000_000_000;
    let decimals = format!("{:09}", row.nanos % 1_000_000_000);
    let time = format!("{whole}.{decimals}");
    let mut line = format!("{} {}", time.trim_end_matches('0').trim_end_matches('.'), row.fact);
    if let (Some(first), Some(last)) = (row.first_event, row.last_event) {
        line += " ";
        if several_sources {
            line += &format!("{}:", row.source);
        }
        line += &if first == last { format!("{first}") } else { format!("{first}..{last}") };
    }
    if let Some(attempt) = row.attempt.filter(|attempt| *attempt > 1) {
        line += &format!(" try {attempt}");
    }
    if !row.environment.is_empty() {
        line += &format!(" on {}", row.environment);
    }
    if !row.condition.is_empty() {
        line += &format!(" {} x{}", row.condition, row.invoke_count.unwrap());
    }
    line
}

/// What does not add up in a summary.
fn unbalanced(summary: &Figures) -> Vec<String> {
    let mut found = Vec::new();
    for (name, source) in summary.0["sources"].as_object().unwrap() {
        let count = |key: &str| source[key].as_f64().unwrap();
        let fates = ["processed", "rejected", "dead_lettered", "dropped", "expired", "filtered", "in_flight"];
        let sum: f64 = fates.iter().map(|fate| count(fate)).sum();
        if sum != count("events") {
            found.push(format!("{name}: {sum} fates of {} events", count("events")));
        }
        if let Some(mean) = source["latency_ms"]["mean"].as_f64() {
            let parts = source["latency_parts_ms"].as_object().unwrap();
            let sum: f64 = parts.values().map(|part| part.as_f64().unwrap()).sum();
            if (sum - mean).abs() > 1e-9 * mean {
                found.push(format!("{name}: parts of {sum} ms for a latency of {mean} ms"));
            }
        }
    }
    found
}

#[test]
fn invocation_types_and_answers() {
    hold(&[
        (
            "F§1.2-3 RequestResponse: the caller waits until the function returns",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "accepted started finished processed",
            &["0 accepted 0", "0 started 0 on f/0", "1 finished 0 on f/0", "1 processed 0"],
            &[("sources.invoke.response_ms.max", 1_000.0), ("functions.f.async_events_received", 0.0)],
        ),
        (
            "F§1.4 Event: accepted (202) into a queue before it runs; nobody hears the result",
            "function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '100ms' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "accepted started finished processed",
            &["0 accepted 0", "0.1 started 0 on f/0", "1.1 finished 0 on f/0", "1.1 processed 0 Success x1"],
            &[("sources.invoke.response_ms.max", NULL), ("functions.f.async_events_received", 1.0)],
        ),
        (
            "F§1.5 DryRun: accepted (204) and nothing runs",
            "function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'DryRun', arrivals = { at = ['0s'] } }]",
            "accepted started cold_started finished processed",
            &["0 accepted 0", "0 processed 0"],
            &[
                ("functions.f.invocations", 0.0),
                ("functions.f.environments.max", 0.0),
                ("account.concurrent_executions.max", 0.0),
                ("sources.invoke.deliveries", 0.0),
                ("sources.invoke.processed", 1.0),
            ],
        ),
        (
            "F§1.5 DryRun: the permission is checked",
            "function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'DryRun', permission = false, arrivals = { at = ['0s'] } }]",
            "accepted denied processed rejected",
            &["0 denied 0", "0 rejected 0"],
            &[],
        ),
        (
            "F§1.5 DryRun: not even a stopped function throttles it",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.invoke = [{ invocation_type = 'DryRun', arrivals = { at = ['0s'] } }]",
            "accepted throttled processed",
            &["0 accepted 0", "0 processed 0"],
            &[],
        ),
        (
            "F§1.6 a function error is an answer (200): a client that tries 429 and 5xx again does not try it again",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0 }
             source.invoke = [{ client_retry = {}, arrivals = { at = ['0s'] } }]",
            "started failed rejected",
            &["0 started 0 on f/0", "1 failed 0 on f/0", "1 rejected 0"],
            &[("functions.f.errors", 1.0), ("sources.invoke.response_ms.max", 1_000.0)],
        ),
        (
            "F§1.7 AccessDenied (403): a synchronous caller gives up at once",
            "function.f = { duration = '1s' }
             source.invoke = [{ client_retry = {}, permission = false, arrivals = { at = ['0s'] } }]",
            "accepted denied started retry_scheduled rejected",
            &["0 denied 0", "0 rejected 0"],
            &[("functions.f.invocations", 0.0), ("functions.f.throttles", 0.0)],
        ),
        (
            "F§1.7, F§8.3 AccessDenied: the sender of an asynchronous event loses it, without a retry",
            "function.f = { duration = '1s' }
             source.sns = [{ permission = false, delivery = '1s', arrivals = { at = ['0s'] } }]",
            "accepted denied dropped",
            &["1 denied 0", "1 dropped 0"],
            &[("functions.f.async_events_received", 0.0), ("functions.f.async_events_dropped", 0.0)],
        ),
        (
            "F§1.9 a synchronous request of 6 MB is taken",
            "function.f = { duration = '1s' }
             source.invoke = [{ payload_size = '6MiB', arrivals = { at = ['0s'] } }]",
            "accepted denied",
            &["0 accepted 0"],
            &[],
        ),
        (
            "F§1.9 a larger one is not",
            "function.f = { duration = '1s' }
             source.invoke = [{ payload_size = '6291457B', arrivals = { at = ['0s'] } }]",
            "accepted denied rejected",
            &["0 denied 0", "0 rejected 0"],
            &[],
        ),
        (
            "F§1.9 an asynchronous event of 1 MB is taken",
            "function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'Event', payload_size = '1MiB', arrivals = { at = ['0s'] } }]",
            "accepted denied",
            &["0 accepted 0"],
            &[],
        ),
        (
            "F§1.9 a larger one is not",
            "function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'Event', payload_size = '1048577B', arrivals = { at = ['0s'] } }]",
            "accepted denied dropped",
            &["0 denied 0", "0 dropped 0"],
            &[],
        ),
        (
            "F§1.11 without client_retry a throttled caller gives up",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "throttled retry_scheduled rejected",
            &["0 throttled 0", "0 rejected 0"],
            &[("functions.f.throttles", 1.0), ("functions.f.errors", 0.0), ("functions.f.invocations", 0.0)],
        ),
        (
            "F§1.11 a client that retries tries a 429 again, three times in all where it does not say",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.invoke = [{ client_retry = { base = '0s' }, arrivals = { at = ['0s'] } }]",
            "throttled rejected",
            &["0 throttled 0", "0 throttled 0 try 2", "0 throttled 0 try 3", "0 rejected 0 try 3"],
            &[("functions.f.throttles", 3.0)],
        ),
        (
            "F§1.12 a function has 3 s where it does not say",
            "function.f = { duration = '4s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "finished failed timed_out rejected",
            &["3 timed_out 0 on f/0", "3 rejected 0"],
            &[("functions.f.timeouts", 1.0), ("functions.f.errors", 1.0), ("functions.f.billed_ms", 3_000.0)],
        ),
        (
            "F§1.12 all of it",
            "function.f = { duration = '3s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "finished timed_out",
            &["3 finished 0 on f/0"],
            &[("functions.f.timeouts", 0.0)],
        ),
        (
            "F§1.12 a cold start does not count against the timeout",
            "function.f = { duration = '3s', init_duration = '2s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "finished timed_out",
            &["5 finished 0 on f/0"],
            &[],
        ),
    ]);
}

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

#[test]
fn concurrency_and_rates() {
    hold(&[
        (
            "F§2.14 an account has 1,000 where it does not say",
            "duration = '1s'
             function.f = { duration = '2s', scaling_rate = 'unlimited' }
             source.invoke = [{ arrivals = { bursts = { size = 1010, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.throttles", 10.0), ("account.concurrent_executions.max", 1_000.0)],
        ),
        (
            "F§2.14 which functions without a reserve share",
            "duration = '1s'
             account.concurrent_executions = 20
             function.f = { duration = '2s' }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { bursts = { size = 15, every = '1m' } } },
                 { name = 'b', target = 'g', arrivals = { bursts = { size = 15, every = '1m' } } },
             ]",
            "",
            &[],
            &[("functions.f.throttles", 0.0), ("functions.g.throttles", 10.0), ("account.concurrent_executions.max", 20.0)],
        ),
        (
            "F§2.15 1,000 new environments at once, then 100 a second",
            "duration = '3s'
             account.concurrent_executions = 'unlimited'
             function.f = { duration = '1m', timeout = '1m' }
             source.invoke = [{ arrivals = { bursts = { size = 2000, every = '1s' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 1_200.0), ("functions.f.throttles", 4_800.0)],
        ),
        (
            "F§2.15 for each function of its own",
            "duration = '1s'
             account.concurrent_executions = 'unlimited'
             function.f = { duration = '2s' }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { bursts = { size = 1500, every = '1m' } } },
                 { name = 'b', target = 'g', arrivals = { bursts = { size = 1500, every = '1m' } } },
             ]",
            "",
            &[],
            &[("functions.f.invocations", 1_000.0), ("functions.g.invocations", 1_000.0)],
        ),
        (
            "F§2.15 an idle environment is no new one",
            "function.f = { duration = '1s', init_duration = '0s', scaling_rate = 1 }
             source.invoke = [{ arrivals = { at = ['0s', '500ms', '2s', '2.5s', '10s', '10.5s'] } }]",
            "started throttled",
            &[
                "0 started 0 on f/0",
                "0.5 throttled 1",
                "2 started 2 on f/0",
                "2.5 throttled 3",
                "10 started 4 on f/0",
                "10.5 started 5 on f/1",
            ],
            &[],
        ),
        (
            "F§2.16 an account takes ten synchronous requests a second for each unit of concurrency",
            "duration = '600ms'
             account.concurrent_executions = 10
             function.f = { duration = '0s', init_duration = '0s' }
             source.invoke = [{ arrivals = { bursts = { size = 150, every = '500ms' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 150.0), ("functions.f.throttles", 150.0)],
        ),
        (
            "F§2.16 a function ten for each unit of its reserve",
            "duration = '600ms'
             function.f = { duration = '0s', init_duration = '0s', reserved_concurrent_executions = 5 }
             source.invoke = [{ arrivals = { bursts = { size = 80, every = '500ms' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 75.0), ("functions.f.throttles", 85.0)],
        ),
        (
            "F§2.16 asynchronous invocations have no such quota, by account",
            "duration = '1s'
             account.concurrent_executions = 10
             function.f = { duration = '0s', init_duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { bursts = { size = 500, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 500.0), ("functions.f.throttles", 0.0)],
        ),
        (
            "F§2.16 nor by function",
            "duration = '1s'
             function.f = { duration = '0s', init_duration = '0s', reserved_concurrent_executions = 5, event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { bursts = { size = 500, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 500.0), ("functions.f.throttles", 0.0)],
        ),
        (
            "F§2.16 a stream's calls are synchronous and count",
            "duration = '1s'
             account.concurrent_executions = 10
             function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ batch_size = 1, propagation = '0s', polling_phase = '0s', backlog = { events = 110 } }]",
            "",
            &[],
            // 100 at once, then as the bucket fills up; a throttled batch waits 0.25 s.
            &[("functions.f.throttles", 1.0), ("functions.f.invocations", 110.0)],
        ),
        (
            "F§2.17 a reserve is a ceiling, and a floor that others cannot take",
            "duration = '1s'
             account.concurrent_executions = 110
             function.f = { duration = '2s', reserved_concurrent_executions = 10 }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'others', target = 'g', arrivals = { bursts = { size = 200, every = '1m' } } },
                 { name = 'own', target = 'f', arrivals = { bursts = { size = 20, every = '1m' } } },
             ]",
            "",
            &[],
            &[
                ("functions.g.concurrent_executions.max", 100.0),
                ("functions.f.concurrent_executions.max", 10.0),
                ("functions.f.throttles", 10.0),
            ],
        ),
        (
            "F§2.17 a reserve of 0 stops the function",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.invoke = [{ arrivals = { at = ['0s', '1h'] } }]",
            "started throttled",
            &["0 throttled 0", "3600 throttled 1"],
            &[],
        ),
        (
            "F§2.21 asynchronous events wait where synchronous calls are refused",
            "function.f = { duration = '1500ms', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['0s', '1s'] } },
                 { name = 'b', invocation_type = 'Event', arrivals = { at = ['1s'] } },
             ]",
            "started throttled rejected processed",
            &[
                "0 started a:0 on f/0",
                "1 throttled a:1",
                "1 rejected a:1",
                "1 throttled b:0",
                "1.5 processed a:0",
                "2 started b:0 try 2 on f/0",
                "3.5 processed b:0 try 2 Success x1",
            ],
            &[],
        ),
    ]);
}

#[test]
fn a_call_without_concurrency_takes_no_token() {
    // 150 calls for 10 places at 0 s: 10 tokens of 100 are taken. At 0.1 s the bucket is full again, if the other 140 took none.
    let text = format!(
        "duration = '1s'
         account.concurrent_executions = 10
         function.slow = {{ duration = '100ms', init_duration = '0s' }}
         function.fast = {{ duration = '0s', init_duration = '0s' }}
         source.invoke = [
             {{ name = 'a', target = 'slow', arrivals = {{ bursts = {{ size = 150, every = '1m' }} }} }},
             {{ name = 'b', target = 'fast', arrivals = {{ at = [{}] }} }},
         ]",
        vec!["'100ms'"; 101].join(", ")
    );
    let figures = summary(&text, 1);
    assert_eq!(figures.get("functions.slow.invocations"), 10.0);
    assert_eq!(
        figures.get("functions.fast.invocations"),
        100.0,
        "§3 a rate quota takes a token only from calls that pass"
    );
}

#[test]
fn reasons_of_429() {
    // F§1.8: which limit answers is named.
    let rows: &[(&str, &str, Reason)] = &[
        ("account.concurrent_executions = 1", "", Reason::ConcurrentInvocationLimitExceeded),
        ("", ", reserved_concurrent_executions = 1", Reason::ReservedFunctionConcurrentInvocationLimitExceeded),
        ("", ", reserved_concurrent_executions = 0", Reason::ReservedFunctionConcurrentInvocationLimitExceeded),
        ("", ", scaling_rate = 1", Reason::FunctionInvocationRateLimitExceeded),
    ];
    let reasons = |text: &str| {
        let mut reasons = Vec::new();
        watch(text, 1, |_, fact| {
            if let Fact::Throttled(_, reason) = fact {
                reasons.push(*reason);
            }
        });
        reasons
    };
    for (top, function, want) in rows {
        let text = format!(
            "{top}\nfunction.f = {{ duration = '1s'{function} }}\nsource.invoke = [{{ arrivals = {{ at = ['0s', '0s'] }} }}]"
        );
        assert_eq!(reasons(&text).last(), Some(want), "{text}");
    }
    // Ten requests a second for each unit; instant calls never meet the concurrency limit itself.
    for (top, function, want) in [
        ("account.concurrent_executions = 1", "", Reason::FunctionInvocationRateLimitExceeded),
        ("", ", reserved_concurrent_executions = 1", Reason::ReservedFunctionInvocationRateLimitExceeded),
    ] {
        let text = format!(
            "duration = '1s'\n{top}\nfunction.f = {{ duration = '0s', init_duration = '0s'{function} }}
             source.invoke = [{{ arrivals = {{ bursts = {{ size = 11, every = '1m' }} }} }}]"
        );
        assert_eq!(reasons(&text), [want], "{text}");
    }
}

#[test]
fn asynchronous_events() {
    hold(&[
        (
            "F§3.2 two retries, 60 s after the first failure and 120 s after the second; then dropped",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "accepted started retry_scheduled dropped",
            &[
                "0 accepted 0",
                "0 started 0 on f/0",
                "1 retry_scheduled 0",
                "61 started 0 try 2 on f/0",
                "62 retry_scheduled 0 try 2",
                "182 started 0 try 3 on f/0",
                "183 dropped 0 try 3 RetriesExhausted x3",
            ],
            &[
                ("functions.f.async_events_received", 1.0),
                ("functions.f.async_events_dropped", 1.0),
                ("functions.f.async_event_age_ms.max", 182_000.0),
                ("functions.f.errors", 3.0),
                ("sources.invoke.deliveries", 3.0),
                ("sources.invoke.latency_ms.max", NULL),
            ],
        ),
        (
            "F§3.2 a timeout is an error as any other",
            "function.f = { duration = '4s', init_duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "timed_out dropped",
            &[
                "3 timed_out 0 on f/0",
                "66 timed_out 0 try 2 on f/0",
                "189 timed_out 0 try 3 on f/0",
                "189 dropped 0 try 3 RetriesExhausted x3",
            ],
            &[],
        ),
        (
            "F§3.4 no retry",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', maximum_retry_attempts = 0 } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "started dropped",
            &["0 started 0 on f/0", "1 dropped 0 RetriesExhausted x1"],
            &[],
        ),
        (
            "F§3.4 one retry",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', maximum_retry_attempts = 1 } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "started dropped",
            &["0 started 0 on f/0", "61 started 0 try 2 on f/0", "62 dropped 0 try 2 RetriesExhausted x2"],
            &[],
        ),
        (
            "F§3.1, F§3.3 a throttled event was accepted and waits 1, 2, 4 ... 256 s, then 300 s; this uses up no retry",
            "function.f = { duration = '15m', timeout = '15m', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s', maximum_retry_attempts = 0 } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['0s'] } },
                 { name = 'b', invocation_type = 'Event', arrivals = { at = ['0s'] } },
             ]",
            "accepted throttled started processed",
            &[
                "0 accepted a:0",
                "0 started a:0 on f/0",
                "0 accepted b:0",
                "0 throttled b:0",
                "1 throttled b:0 try 2",
                "3 throttled b:0 try 3",
                "7 throttled b:0 try 4",
                "15 throttled b:0 try 5",
                "31 throttled b:0 try 6",
                "63 throttled b:0 try 7",
                "127 throttled b:0 try 8",
                "255 throttled b:0 try 9",
                "511 throttled b:0 try 10",
                "811 throttled b:0 try 11",
                "900 processed a:0",
                "1111 started b:0 try 12 on f/0",
                "2011 processed b:0 try 12 Success x1",
            ],
            &[("functions.f.throttles", 11.0), ("sources.b.deliveries", 1.0), ("sources.b.backlog.max", 1.0)],
        ),
        (
            "F§3.5 no retry that would come at the maximum age: with 60 s there is none",
            "function.f = { duration = '0s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', maximum_event_age = '60s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "started expired",
            &["0 started 0 on f/0", "0 expired 0 EventAgeExceeded x1"],
            &[("functions.f.async_events_dropped", 1.0)],
        ),
        (
            "F§3.5 a little older, and there is one",
            "function.f = { duration = '0s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', maximum_event_age = '61s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "started expired",
            &["0 started 0 on f/0", "60 started 0 try 2 on f/0", "60 expired 0 try 2 EventAgeExceeded x2"],
            &[],
        ),
        (
            "F§3.5 the age counts from Lambda's 202, on the way through the queue, too",
            "function.f = { duration = '0s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '1s', maximum_event_age = '61s' } }
             source.sns = [{ delivery = '30s', arrivals = { at = ['0s'] } }]",
            "accepted started expired",
            &["30 accepted 0", "31 started 0 on f/0", "31 expired 0 EventAgeExceeded x1"],
            &[],
        ),
        (
            "F§3.7 a throttled event looks ahead, too",
            "function.f = { duration = '15m', timeout = '15m', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s', maximum_event_age = '60s', on_failure = 'sqs' } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['0s'] } },
                 { name = 'b', invocation_type = 'Event', arrivals = { at = ['0s'] } },
             ]",
            "throttled dead_lettered",
            &[
                "0 throttled b:0",
                "1 throttled b:0 try 2",
                "3 throttled b:0 try 3",
                "7 throttled b:0 try 4",
                "15 throttled b:0 try 5",
                "31 throttled b:0 try 6",
                "31 dead_lettered b:0 try 6 EventAgeExceeded x0",
            ],
            &[],
        ),
        (
            "F§3.10-11 dead-letter queue and on_failure both set: one fate, two messages",
            "function.f = { duration = '0s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', maximum_retry_attempts = 0, dead_letter_queue = 'sns', on_failure = 's3' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['5s'] } }]",
            "dead_lettered delivered_to_destination",
            &[
                "5 dead_lettered 0 RetriesExhausted x1",
                "5 delivered_to_destination 0 RetriesExhausted x1",
                "5 delivered_to_destination 0 RetriesExhausted x1",
            ],
            &[
                ("destinations.f.dead_letter_queue.messages", 1.0),
                ("destinations.f.on_failure.messages", 1.0),
                ("sources.invoke.dead_lettered", 1.0),
                ("functions.f.async_events_dropped", 1.0),
            ],
        ),
        (
            "F§3.11 on_success hears of the success and its tries, and changes no fate; on_failure hears nothing",
            "function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'eventbridge', on_failure = 'sqs', dead_letter_queue = 'sqs' } }
             source.invoke = [{ invocation_type = 'Event', poison = [{ event = 0, times = 1 }], arrivals = { at = ['0s'] } }]",
            "failed processed delivered_to_destination",
            &[
                "1 failed 0 on f/0",
                "62 processed 0 try 2 Success x2",
                "62 delivered_to_destination 0 try 2 Success x2",
            ],
            &[
                ("destinations.f.on_success.messages", 1.0),
                ("destinations.f.on_failure.messages", 0.0),
                ("destinations.f.dead_letter_queue.messages", 0.0),
                ("functions.f.async_events_dropped", 0.0),
            ],
        ),
        (
            "F§3.11 on_success hears nothing of a failure",
            "function.f = { duration = '0s', error_rate = 1.0, event_invoke_config = { on_success = 'sqs' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "delivered_to_destination",
            &[],
            &[("destinations.f.on_success.messages", 0.0), ("sources.invoke.dropped", 1.0)],
        ),
        (
            "F§3.11 destinations are for asynchronous events only",
            "function.f = { duration = '0s', error_rate = 1.0, event_invoke_config = { on_failure = 'sqs', dead_letter_queue = 'sqs' } }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "delivered_to_destination",
            &[],
            &[("destinations.f.on_failure.messages", 0.0), ("sources.invoke.rejected", 1.0)],
        ),
        (
            "F§3.6 reserved concurrency 0: accepted, and given up at once without a try",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0, event_invoke_config = { on_failure = 'sqs' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['2s'] } }]",
            "accepted throttled started dead_lettered delivered_to_destination",
            &[
                "2 accepted 0",
                "2 dead_lettered 0 ZeroReservedConcurrency x0",
                "2 delivered_to_destination 0 ZeroReservedConcurrency x0",
            ],
            &[("functions.f.throttles", 0.0), ("functions.f.async_events_dropped", 1.0)],
        ),
        (
            "F§3.7 without a destination such an event is dropped",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['2s'] } }]",
            "dropped",
            &["2 dropped 0 ZeroReservedConcurrency x0"],
            &[],
        ),
        (
            "F§3.12 one event an invocation",
            "duration = '1s'
             function.f = { duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { bursts = { size = 50, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 50.0), ("functions.f.batch_size.max", 1.0)],
        ),
    ]);
}

#[test]
fn polls() {
    hold(&[
        (
            "F§4.10 Kinesis: one poll a second of each shard, which takes all that can be read (§6: at phase + k x interval)",
            "function.f = { duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '300ms', arrivals = { at = ['0s', '300ms', '301ms', '1.3s', '1.4s', '5.3s'] } }]",
            "started",
            &["0.3 started 0..1 on f/0", "1.3 started 2..3 on f/0", "2.3 started 4 on f/0", "5.3 started 5 on f/0"],
            &[],
        )
        ,
        (
            "F§5.1 DynamoDB Streams: four polls a second",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [{ propagation = '0s', polling_phase = '100ms', arrivals = { at = ['0s', '200ms', '350ms', '351ms'] } }]",
            "started",
            &["0.1 started 0 on f/0", "0.35 started 1..2 on f/0", "0.6 started 3 on f/0"],
            &[],
        ),
        (
            "F§4.6 a record of Kinesis can be read 200 ms after it was written",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', arrivals = { at = ['0s', '900ms'] } }]",
            "started",
            &["1 started 0 on f/0", "2 started 1 on f/0"],
            &[("sources.kinesis.latency_parts_ms.delivery", 200.0), ("sources.kinesis.latency_parts_ms.poll", 850.0)],
        ),
        (
            "F§13 one of DynamoDB Streams 90 ms after",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [{ polling_phase = '0s', arrivals = { at = ['0s', '160ms', '161ms'] } }]",
            "started",
            &["0.25 started 0..1 on f/0", "0.5 started 2 on f/0"],
            &[("sources.dynamodb.latency_parts_ms.delivery", 90.0)],
        ),
        (
            "F§4.2, F§4.1 Kinesis: 10,000 records a poll; at that limit it is repeated at once, five times in a second",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', batch_size = 10000, payload_size = '1B', backlog = { events = 60001 } }]",
            "started",
            &[
                "0 started 0..9999 on f/0",
                "0 started 10000..19999 on f/0",
                "0 started 20000..29999 on f/0",
                "0 started 30000..39999 on f/0",
                "0 started 40000..49999 on f/0",
                "0.2 started 50000..59999 on f/0",
                "0.4 started 60000 on f/0",
            ],
            &[("sources.kinesis.backlog.max", 60_001.0)],
        ),
        (
            "F§4.2 Kinesis: 10 MB a poll",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', payload_size = '5MiB', backlog = { events = 12 } }]",
            "started",
            &[
                "0 started 0 on f/0",
                "0 started 1 on f/0",
                "0 started 2 on f/0",
                "0 started 3 on f/0",
                "0 started 4 on f/0",
                "0 started 5 on f/0",
                "0 started 6 on f/0",
                "0 started 7 on f/0",
                "0 started 8 on f/0",
                "0 started 9 on f/0",
                "0.2 started 10 on f/0",
                "0.2 started 11 on f/0",
            ],
            &[],
        ),
        (
            "F§4.2 and no more: not three of a little over a third of it",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', batch_size = 1, payload_size = '3495254B', backlog = { events = 11 } }]",
            "started",
            &[
                "0 started 0 on f/0",
                "0 started 1 on f/0",
                "0 started 2 on f/0",
                "0 started 3 on f/0",
                "0 started 4 on f/0",
                "0 started 5 on f/0",
                "0 started 6 on f/0",
                "0 started 7 on f/0",
                "0 started 8 on f/0",
                "0 started 9 on f/0",
                "0.2 started 10 on f/0",
            ],
            &[],
        ),
        (
            "F§5.2 DynamoDB Streams: 1,000 records a poll",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [{ polling_phase = '0s', batch_size = 10000, payload_size = '1B', backlog = { events = 6001 } }]",
            "started",
            &["0 started 0..4999 on f/0", "0.2 started 5000..5999 on f/0", "0.4 started 6000 on f/0"],
            &[],
        ),
        (
            "F§5.2 DynamoDB Streams: 1 MB a poll",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [{ polling_phase = '0s', payload_size = '512KiB', backlog = { events = 11 } }]",
            "started",
            &["0 started 0..9 on f/0", "0.2 started 10 on f/0"],
            &[],
        ),
        (
            "F§5.2 and no more: not two of a little over half of it",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [{ polling_phase = '0s', payload_size = '524289B', backlog = { events = 6 } }]",
            "started",
            &["0 started 0..4 on f/0", "0.2 started 5 on f/0"],
            &[],
        ),
        (
            "F§4.10, F§4.11 calls are synchronous: no asynchronous queue, no retries of its own",
            "function.f = { duration = '0s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { maximum_retry_attempts = 0, on_failure = 'sqs' } }
             drain = '2s'
             source.kinesis = [{ polling_phase = '0s', backlog = { events = 1 } }]",
            "started dropped dead_lettered",
            &["0 started 0 on f/0", "0.25 started 0 try 2 on f/0", "0.75 started 0 try 3 on f/0", "1.75 started 0 try 4 on f/0"],
            &[("functions.f.async_events_received", 0.0), ("sources.kinesis.in_flight", 1.0), ("ended_at_s", 2.0)],
        ),
    ]);
}

/// Polls that users set to come faster than five a second must not owe anything to the repetition at the limit.
#[test]
fn fast_polls_owe_nothing() {
    // Records of 10 MiB: one a poll. 200 polls in 20 s find one record each; then two lie there at once.
    let mut at: Vec<String> = (0..200).map(|n| format!("'{}ms'", n * 100 + 50)).collect();
    at.extend(["'21050ms'".to_owned(), "'21051ms'".to_owned()]);
    let text = format!(
        "function.f = {{ duration = '0s' }}
         source.kinesis = [{{ propagation = '0s', polling_phase = '0s', polling_interval = '100ms', payload_size = '10MiB', arrivals = {{ at = [{}] }} }}]",
        at.join(", ")
    );
    let rows = facts(&text, 1);
    let last = rows.iter().rfind(|row| row.fact == "started").unwrap();
    assert!(last.last_event == Some(201) && last.time <= 21.3, "read at {}", last.time);
}

#[test]
fn batches_and_lanes() {
    hold(&[
        (
            "F§4.14 no more than the batch size; a freed lane takes what was read",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', batch_size = 2, backlog = { events = 5 } }]",
            "started",
            &["0 started 0..1 on f/0", "1 started 2..3 on f/0", "2 started 4 on f/0"],
            &[("functions.f.batch_size.max", 2.0)],
        ),
        (
            "§6 else it waits for the next poll",
            "function.f = { duration = '500ms', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', arrivals = { at = ['0s', '100ms', '1.1s'] } }]",
            "started",
            &["0 started 0 on f/0", "1 started 1 on f/0", "2 started 2 on f/0"],
            &[("functions.f.concurrent_executions.max", 1.0)],
        ),
        (
            "F§4.14 a window gathers records until it ends",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', maximum_batching_window = '5s', arrivals = { at = ['1s', '3s', '4.5s'] } }]",
            "started",
            &["5 started 0..2 on f/0"],
            &[("sources.kinesis.latency_parts_ms.batching", (4_000.0 + 2_000.0) / 3.0)],
        ),
        (
            "F§4.14 or the batch is full",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', maximum_batching_window = '5s', batch_size = 2, arrivals = { at = ['1s', '3s', '3s', '3s'] } }]",
            "started",
            &["3 started 0..1 on f/0", "4 started 2..3 on f/0"],
            &[],
        ),
        (
            "F§4.14 the next window begins when the invocation ends",
            "function.f = { duration = '2s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', maximum_batching_window = '5s', arrivals = { at = ['1s', '6s', '13s'] } }]",
            "started",
            &["5 started 0 on f/0", "12 started 1 on f/0", "19 started 2 on f/0"],
            &[],
        ),
        (
            "§6 a window that ran out empty begins again at once",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', maximum_batching_window = '5s', arrivals = { at = ['1s', '17s'] } }]",
            "started",
            &["5 started 0 on f/0", "20 started 1 on f/0"],
            &[],
        ),
        (
            "§6 the first window begins with the first poll, though it finds nothing",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '500ms', maximum_batching_window = '5s', arrivals = { at = ['3s'] } }]",
            "started",
            &["5.5 started 0 on f/0"],
            &[],
        ),
        (
            "F§4.14 6 MB of payload end it, too; DynamoDB's are not base64",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [{ propagation = '0s', polling_phase = '0s', maximum_batching_window = '40s', batch_size = 1000, payload_size = '1MiB', arrivals = { at = ['1s', '2s', '3s', '4s', '5s', '6s', '7s'] } }]",
            "started",
            &["6 started 0..5 on f/0", "46 started 6 on f/0"],
            &[],
        ),
        (
            "F§4.16 Kinesis's are: 4.5 MB of records",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', maximum_batching_window = '40s', batch_size = 1000, payload_size = '1MiB', arrivals = { at = ['1s', '2s', '3s', '4s', '5s'] } }]",
            "started",
            &["4 started 0..3 on f/0", "44 started 4 on f/0"],
            &[],
        ),
        (
            "F§4.18 a failing batch blocks its lane and is tried again after 0.25 s x 2^n, until its records expire",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', poison = [0], backlog = { events = 1, age = '86390s' }, arrivals = { at = ['500ms'] } }]",
            "started failed finished expired processed",
            &[
                "0 started 0 on f/0",
                "0 failed 0 on f/0",
                "0.25 started 0 try 2 on f/0",
                "0.25 failed 0 try 2 on f/0",
                "0.75 started 0 try 3 on f/0",
                "0.75 failed 0 try 3 on f/0",
                "1.75 started 0 try 4 on f/0",
                "1.75 failed 0 try 4 on f/0",
                "3.75 started 0 try 5 on f/0",
                "3.75 failed 0 try 5 on f/0",
                "7.75 started 0 try 6 on f/0",
                "7.75 failed 0 try 6 on f/0",
                "10 expired 0",
                "10 started 1 on f/0",
                "10 finished 1 on f/0",
                "10 processed 1",
            ],
            &[
                ("sources.kinesis.latency_parts_ms.poll", 500.0),
                ("sources.kinesis.latency_parts_ms.blocked", 9_000.0),
                ("sources.kinesis.deliveries", 7.0),
            ],
        ),
        (
            "F§4.23 no wait is longer than 60 s",
            "drain = '200s'
             function.f = { duration = '0s', init_duration = '0s', error_rate = 1.0 }
             source.kinesis = [{ polling_phase = '0s', backlog = { events = 1 } }]",
            "retry_scheduled started",
            &[
                "0 started 0 on f/0",
                "0 retry_scheduled 0",
                "0.25 started 0 try 2 on f/0",
                "0.25 retry_scheduled 0 try 2",
                "0.75 started 0 try 3 on f/0",
                "0.75 retry_scheduled 0 try 3",
                "1.75 started 0 try 4 on f/0",
                "1.75 retry_scheduled 0 try 4",
                "3.75 started 0 try 5 on f/0",
                "3.75 retry_scheduled 0 try 5",
                "7.75 started 0 try 6 on f/0",
                "7.75 retry_scheduled 0 try 6",
                "15.75 started 0 try 7 on f/0",
                "15.75 retry_scheduled 0 try 7",
                "31.75 started 0 try 8 on f/0",
                "31.75 retry_scheduled 0 try 8",
                "63.75 started 0 try 9 on f/0",
                "63.75 retry_scheduled 0 try 9",
                "123.75 started 0 try 10 on f/0",
                "123.75 retry_scheduled 0 try 10",
                "183.75 started 0 try 11 on f/0",
                "183.75 retry_scheduled 0 try 11",
            ],
            &[("functions.f.throttles", 0.0)],
        ),
        (
            "F§4.4 records are kept for 24 h, whoever throttles",
            "function.f = { duration = '0s', reserved_concurrent_executions = 0 }
             source.kinesis = [{ polling_phase = '0s', backlog = { events = 2, age = '86399s' } }]",
            "started throttled expired",
            &["0 throttled 0..1", "0.25 throttled 0..1 try 2", "0.75 throttled 0..1 try 3", "1 expired 0", "1 expired 1"],
            &[],
        ),
        (
            "F§4.4 or as long as retention_period says",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', retention_period = '48h', backlog = { events = 2, age = '25h' } }]",
            "started expired",
            &["0 started 0..1 on f/0"],
            &[],
        ),
        (
            "F§5.3 DynamoDB Streams keep 24 h",
            "function.f = { duration = '0s', reserved_concurrent_executions = 0 }
             source.dynamodb = [{ polling_phase = '0s', backlog = { events = 1, age = '86400s' }, arrivals = { at = ['0s'] } }]
             drain = '24h'",
            "expired",
            &["0 expired 0", "86400 expired 1"],
            &[],
        ),
        (
            "F§4.18 a throttled batch is tried again and blocks its lane",
            "function.f = { duration = '2s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'a', arrivals = { at = ['0s'] } }]
             source.kinesis = [{ name = 'b', propagation = '0s', polling_phase = '0s', arrivals = { at = ['0s', '1s'] } }]",
            "throttled started",
            &[
                "0 started a:0 on f/0",
                "0 throttled b:0",
                "0.25 throttled b:0 try 2",
                "0.75 throttled b:0 try 3",
                "1.75 throttled b:0 try 4",
                "3.75 started b:0 try 5 on f/0",
                "5.75 started b:1 on f/0",
            ],
            &[("functions.f.throttles", 4.0), ("sources.b.deliveries", 2.0)],
        ),
        (
            "F§9 the iterator age is that of a batch's last record when the batch is sent, retries included",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '1s', poison = [{ event = 0, times = 1 }], arrivals = { at = ['0s', '500ms'] } }]",
            "started",
            &["1 started 0..1 on f/0", "1.25 started 0..1 try 2 on f/0"],
            &[
                ("sources.kinesis.iterator_age_ms.mean", 625.0),
                ("sources.kinesis.iterator_age_ms.max", 750.0),
                ("sources.kinesis.deliveries", 4.0),
            ],
        ),
        (
            "§3 a backlog lies in the stream at 0 s; its latency and age begin before",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '1s', backlog = { events = 3, age = '100s' } }]",
            "emitted started",
            &["0 emitted 0", "0 emitted 1", "0 emitted 2", "1 started 0..2 on f/0"],
            &[
                ("sources.kinesis.latency_ms.mean", 101_000.0),
                ("sources.kinesis.latency_parts_ms.poll", 101_000.0),
                ("sources.kinesis.iterator_age_ms.max", 101_000.0),
                ("sources.kinesis.backlog.max", 3.0),
                ("sources.kinesis.events", 3.0),
            ],
        ),
        (
            "F§4.13 a batch holds records of one shard",
            "function.f = { duration = '1s' }
             source.kinesis = [{ polling_phase = '0s', shard_count = 4, backlog = { events = 80 } }]",
            "",
            &[],
            &[("functions.f.invocations", 4.0), ("functions.f.concurrent_executions.max", 4.0), ("functions.f.batch_size.mean", 20.0)],
        ),
        (
            "§3 a batch takes duration + duration_per_record for each",
            "function.f = { duration = '100ms', duration_per_record = '10ms', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', backlog = { events = 5 } }]",
            "finished",
            &["0.15 finished 0..4 on f/0"],
            &[("functions.f.duration_ms.max", 150.0)],
        ),
        (
            "F§1.7 a mapping without permission tries again until its records expire",
            "function.f = { duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', permission = false, backlog = { events = 1, age = '86399s' } }]",
            "denied expired",
            &["0 denied 0", "0.25 denied 0 try 2", "0.75 denied 0 try 3", "1 expired 0"],
            &[("functions.f.invocations", 0.0), ("functions.f.throttles", 0.0)],
        ),
    ]);
}

/// The started invocations of a run: (start, end, first event).
fn invocations(rows: &[Row]) -> Vec<(u64, u64, u64)> {
    let ends: BTreeMap<_, _> = rows
        .iter()
        .filter(|row| ["finished", "failed", "timed_out"].contains(&row.fact.as_str()))
        .map(|row| (row.invocation.unwrap(), row.nanos))
        .collect();
    let started = rows.iter().filter(|row| row.fact == "started");
    started.map(|row| (row.nanos, ends[&row.invocation.unwrap()], row.first_event.unwrap())).collect()
}

#[test]
fn order_is_kept_by_shard_and_by_key() {
    for (rule, keys) in [
        ("F§4.11 one batch of a shard at a time", "shard_count = 1"),
        (
            "F§4.12 with a parallelization factor, one of a partition key",
            "partition_keys = 1, parallelization_factor = 10",
        ),
    ] {
        let text = format!(
            "function.f = {{ duration = {{ exponential = {{ mean = '300ms' }} }}, error_rate = 0.2 }}
             source.kinesis = [{{ batch_size = 1, {keys}, arrivals = {{ ramp = [['0s', 2.0], ['100s', 2.0]] }} }}]"
        );
        let rows = facts(&text, 1);
        let invocations = invocations(&rows);
        assert!(invocations.len() > 200, "{rule}");
        for pair in invocations.windows(2) {
            assert!(pair[1].0 >= pair[0].1 && pair[1].2 >= pair[0].2, "{rule}: {pair:?}");
        }
    }
    // Its own key for every record: lanes do run side by side, and a failing batch blocks one of them only.
    let text = "drain = '1m'
                function.f = { duration = '1s' }
                source.kinesis = [{ batch_size = 1, parallelization_factor = 10, poison = [0], backlog = { events = 200 } }]";
    let figures = summary(text, 1);
    assert_eq!(figures.get("functions.f.concurrent_executions.max"), 10.0, "F§4.11 ten lanes");
    let stuck = figures.get("sources.kinesis.in_flight");
    assert!((5.0..50.0).contains(&stuck), "F§4.18 one lane of ten is blocked: {stuck} of 200 records wait");
}

#[test]
fn push_services() {
    hold(&[
        (
            "F§8.1 SNS calls with Event, after its delivery",
            "function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '50ms' } }
             source.sns = [{ delivery = '300ms', arrivals = { at = ['0s'] } }]",
            "emitted accepted started processed",
            &["0 emitted 0", "0.3 accepted 0", "0.35 started 0 on f/0", "1.35 processed 0 Success x1"],
            &[("functions.f.async_events_received", 1.0), ("sources.sns.latency_parts_ms.delivery", 350.0)],
        ),
        (
            "F§8.4 S3 calls with Event, after its delivery",
            "function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '50ms' } }
             source.s3 = [{ delivery = '300ms', arrivals = { at = ['0s'] } }]",
            "emitted accepted started",
            &["0 emitted 0", "0.3 accepted 0", "0.35 started 0 on f/0"],
            &[("functions.f.async_events_received", 1.0), ("sources.s3.response_ms.max", NULL)],
        ),
        (
            "F§8.8 CloudWatch Events calls with Event, after its delivery",
            "function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '50ms' } }
             source.cloudwatch_events = [{ delivery = '300ms', arrivals = { at = ['0s'] } }]",
            "emitted accepted started",
            &["0 emitted 0", "0.3 accepted 0", "0.35 started 0 on f/0"],
            &[("functions.f.async_events_received", 1.0)],
        ),
        (
            "F§8.9 rate(): the first event after one period",
            "duration = '3m'
             function.f = { duration = '1s' }
             source.cloudwatch_events = [{ schedule = 'rate(1 minute)' }]",
            "emitted",
            &["60 emitted 0", "120 emitted 1"],
            &[],
        ),
        (
            "F§8.9 cron() in UTC, from where the scenario starts",
            "duration = '31m'
             start = '2026-01-05T00:01:00Z'
             function.f = { duration = '1s' }
             source.cloudwatch_events = [{ schedule = 'cron(0/15 * * * ? *)' }]",
            "emitted",
            &["840 emitted 0", "1740 emitted 1"],
            &[],
        ),
        (
            "F§8.13 API Gateway calls with RequestResponse and adds its own time on each side",
            "function.f = { duration = '100ms', init_duration = '0s' }
             source.api_gateway = [{ arrivals = { at = ['0s'] } }]",
            "accepted processed",
            &["0.01 accepted 0", "0.11 processed 0"],
            &[
                ("sources.api_gateway.response_ms.max", 120.0),
                ("sources.api_gateway.latency_ms.max", 110.0),
                ("sources.api_gateway.latency_parts_ms.delivery", 10.0),
            ],
        ),
        (
            "F§8.13 it never tries again itself: a 429 of Lambda is the client's 500",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.api_gateway = [{ overhead = '10ms', arrivals = { at = ['0s'] } }]",
            "throttled rejected",
            &["0.01 throttled 0", "0.01 rejected 0"],
            &[("sources.api_gateway.response_ms.max", 20.0), ("sources.api_gateway.deliveries", 0.0)],
        ),
        (
            "F§8.13 nor after a function error, the client's 502",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0 }
             source.api_gateway = [{ overhead = '10ms', arrivals = { at = ['0s'] } }]",
            "started rejected",
            &["0.01 started 0 on f/0", "1.01 rejected 0"],
            &[("sources.api_gateway.response_ms.max", 1_020.0), ("functions.f.errors", 1.0)],
        ),
        (
            "F§1.11 a client may: 500 is tried again",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.api_gateway = [{ overhead = '10ms', client_retry = { attempts = 2, base = '0s' }, arrivals = { at = ['0s'] } }]",
            "throttled rejected",
            &["0.01 throttled 0", "0.03 throttled 0 try 2", "0.03 rejected 0 try 2"],
            &[("sources.api_gateway.response_ms.max", 40.0)],
        ),
        (
            "F§1.11 and 502 is",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.api_gateway = [{ overhead = '10ms', client_retry = { attempts = 2, base = '0s' }, poison = [{ event = 0, times = 1 }], arrivals = { at = ['0s'] } }]",
            "failed started processed",
            &["0.01 started 0 on f/0", "1.01 failed 0 on f/0", "1.03 started 0 try 2 on f/0", "2.03 processed 0 try 2"],
            &[
                ("sources.api_gateway.response_ms.max", 2_040.0),
                ("sources.api_gateway.latency_parts_ms.delivery", 10.0),
                ("sources.api_gateway.latency_parts_ms.retry", 1_020.0),
            ],
        ),
        (
            "F§8.13, F§8.15 504 at the integration timeout; the function runs on, is billed and keeps its environment",
            "function.f = { duration = '2s', init_duration = '0s' }
             source.api_gateway = [{ overhead = '0s', integration_timeout = '1s', arrivals = { at = ['0s', '1500ms'] } }]",
            "started rejected finished processed",
            &[
                "0 started 0 on f/0",
                "1 rejected 0",
                "1.5 started 1 on f/1",
                "2 finished 0 on f/0",
                "2.5 rejected 1",
                "3.5 finished 1 on f/1",
            ],
            &[
                ("functions.f.billed_ms", 4_000.0),
                ("functions.f.errors", 0.0),
                ("sources.api_gateway.response_ms.max", 1_000.0),
                ("sources.api_gateway.latency_ms.max", NULL),
                ("ended_at_s", 3.5),
            ],
        ),
        (
            "F§1.12 the integration timeout is 29 s where it does not say",
            "function.f = { duration = '30s', timeout = '1m' }
             source.api_gateway = [{ overhead = '0s', arrivals = { at = ['0s'] } }]",
            "rejected processed",
            &["29 rejected 0"],
            &[],
        ),
        (
            "§6 an answer at the very instant of the timeout comes in time",
            "function.f = { duration = '29s', timeout = '1m', init_duration = '0s' }
             source.api_gateway = [{ overhead = '0s', arrivals = { at = ['0s'] } }]",
            "rejected processed",
            &["29 processed 0"],
            &[],
        ),
        (
            "F§8.16 the gateway's own bucket holds 5,000 requests",
            "duration = '1s'
             function.f = { duration = '0s', init_duration = '0s' }
             source.api_gateway = [{ arrivals = { bursts = { size = 5010, every = '1m' } } }]",
            "",
            &[],
            &[
                ("sources.api_gateway.rejected", 10.0),
                ("sources.api_gateway.deliveries", 5_000.0),
                ("functions.f.throttles", 0.0),
            ],
        ),
        (
            "F§8.16 and refills 10,000 a second",
            "duration = '200ms'
             function.f = { duration = '0s', init_duration = '0s' }
             source.api_gateway = [{ arrivals = { bursts = { size = 5000, every = '100ms' } } }]",
            "",
            &[],
            &[("sources.api_gateway.rejected", 4_000.0), ("functions.f.throttles", 0.0)],
        ),
        (
            "F§8.13 its throttle answers 429 before Lambda, and a client tries again",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.api_gateway = [{ overhead = '500ms', throttle = { rate = 1, burst = 1 }, client_retry = { attempts = 3, base = '0s' }, arrivals = { at = ['0s', '0s'] } }]",
            "accepted throttled rejected processed",
            &["0.5 accepted 0", "1.5 processed 0", "1.5 accepted 1 try 3", "2.5 processed 1 try 3"],
            &[("functions.f.throttles", 0.0)],
        ),
        (
            "F§8.14 Event: an empty answer at once, whatever becomes of the event",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s' } }
             source.api_gateway = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "accepted started rejected dropped",
            &[
                "0.01 accepted 0",
                "0.01 started 0 on f/0",
                "61.01 started 0 try 2 on f/0",
                "182.01 started 0 try 3 on f/0",
                "183.01 dropped 0 try 3 RetriesExhausted x3",
            ],
            &[("sources.api_gateway.response_ms.max", 20.0)],
        ),
        (
            "F§8.19 Alexa calls with RequestResponse and waits 8 s",
            "function.f = { duration = '8s', timeout = '10s', init_duration = '0s' }
             source.alexa = [{ arrivals = { at = ['0s'] } }]",
            "started rejected processed",
            &["0 started 0 on f/0", "8 processed 0"],
            &[("sources.alexa.response_ms.max", 8_000.0)],
        ),
        (
            "F§8.19 no longer, and without a retry; the function runs on",
            "function.f = { duration = '9s', timeout = '10s', init_duration = '0s' }
             source.alexa = [{ arrivals = { at = ['0s'] } }]",
            "started rejected finished processed",
            &["0 started 0 on f/0", "8 rejected 0", "9 finished 0 on f/0"],
            &[("sources.alexa.response_ms.max", 8_000.0), ("functions.f.billed_ms", 9_000.0)],
        ),
        (
            "F§8.17 CloudFormation calls with Event; the stack waits for the function's own answer",
            "function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.cloudformation = [{ poison = [{ event = 0, times = 1 }], arrivals = { at = ['0s'] } }]",
            "accepted started processed",
            &["0 accepted 0", "0 started 0 on f/0", "61 started 0 try 2 on f/0", "62 processed 0 try 2 Success x2"],
            &[("sources.cloudformation.response_ms.max", 62_000.0)],
        ),
        (
            "F§8.18 a function that never answers blocks the stack for an hour",
            "function.f = { duration = '1s', error_rate = 1.0 }
             source.cloudformation = [{ arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("sources.cloudformation.response_ms.max", 3_600_000.0), ("sources.cloudformation.dropped", 1.0)],
        ),
        (
            "F§1.12 or as long as service_timeout says",
            "function.f = { duration = '1s', error_rate = 1.0 }
             source.cloudformation = [{ service_timeout = '100s', arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("sources.cloudformation.response_ms.max", 100_000.0)],
        ),
        (
            "§3 with RequestResponse it is a caller as any other",
            "function.f = { duration = '2m', timeout = '3m', init_duration = '0s' }
             source.cloudformation = [{ invocation_type = 'RequestResponse', service_timeout = '100s', arrivals = { at = ['0s'] } }]",
            "accepted rejected finished",
            &["0 accepted 0", "100 rejected 0", "120 finished 0 on f/0"],
            &[("functions.f.async_events_received", 0.0), ("sources.cloudformation.response_ms.max", 100_000.0)],
        ),
    ]);
}

/// After a 504 the client waits before it tries again; the answer that the function gives meanwhile reaches nobody.
#[test]
fn a_late_answer_changes_nothing() {
    for (answer, function) in [("success", ""), ("an error", ", error_rate = 1.0")] {
        let text = format!(
            "drain = '48h'
             function.f = {{ duration = '1500ms', init_duration = '0s'{function} }}
             source.api_gateway = [{{ overhead = '0s', integration_timeout = '1s', client_retry = {{ attempts = 2, base = '10h', cap = '10h' }}, arrivals = {{ at = ['0s'] }} }}]"
        );
        let (figures, rows) = summary_and_facts(&text, 1);
        let seen = |fact: &str| rows.iter().filter(|row| row.fact == fact).map(|row| row.time).collect::<Vec<_>>();
        let (started, rejected) = (seen("started"), seen("rejected"));
        assert_eq!(started.len(), 2, "{answer}: one retry");
        assert!(started[1] > 2.0, "{answer}: the retry comes after the late answer");
        assert_eq!((figures.get("sources.api_gateway.rejected"), seen("processed").len()), (1.0, 0), "{answer}");
        assert!((rejected[0] - started[1] - 1.0).abs() < 1e-6, "{answer}: the second 504");
        assert_eq!(figures.get("functions.f.invocations"), 2.0, "{answer}");
    }
}

#[test]
fn one_instant_has_an_order() {
    hold(&[
        (
            "§6 completions before arrivals: an environment freed at t serves an arrival at t",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ arrivals = { at = ['0s', '1s', '2s'] } }]",
            "started throttled",
            &["0 started 0 on f/0", "1 started 1 on f/0", "2 started 2 on f/0"],
            &[("functions.f.concurrent_executions.max", 1.0)],
        ),
        (
            "§6 retries and queues before arrivals",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['0s', '1s'] } },
                 { name = 'b', invocation_type = 'Event', arrivals = { at = ['0s'] } },
             ]",
            "started throttled",
            &["0 started a:0 on f/0", "0 throttled b:0", "1 started b:0 try 2 on f/0", "1 throttled a:1"],
            &[],
        ),
        (
            "§6 an event handed over after its way comes before an arrival",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'a', arrivals = { at = ['1s'] } }]
             source.api_gateway = [{ name = 'b', overhead = '1s', arrivals = { at = ['0s'] } }]",
            "started throttled",
            &["1 started b:0 on f/0", "1 throttled a:0"],
            &[],
        ),
        (
            "§6 arrivals before polls: a record at t is in the poll at t",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', arrivals = { at = ['1s', '1s'] } }]",
            "started",
            &["1 started 0..1 on f/0"],
            &[("sources.kinesis.latency_ms.max", 0.0)],
        ),
        (
            "§6 arrivals before polls, of another source, too",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'z', arrivals = { at = ['1s'] } }]
             source.kinesis = [{ name = 'a', propagation = '0s', polling_phase = '1s', arrivals = { at = ['0s'] } }]",
            "started throttled",
            &["1 started z:0 on f/0", "1 throttled a:0", "1.25 throttled a:0 try 2", "1.75 throttled a:0 try 3", "2.75 started a:0 try 4 on f/0"],
            &[],
        ),
        (
            "§6 polls before windows: a record read as the window ends is in its batch",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', maximum_batching_window = '5s', arrivals = { at = ['1s', '5s'] } }]",
            "started",
            &["5 started 0..1 on f/0"],
            &[],
        ),
        (
            "§6 polls before windows, of another source, too",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.kinesis = [
                 { name = 'a', propagation = '0s', polling_phase = '0s', maximum_batching_window = '5s', arrivals = { at = ['0s'] } },
                 { name = 'z', propagation = '0s', polling_phase = '5s', arrivals = { at = ['0s'] } },
             ]",
            "started throttled",
            &["5 started z:0 on f/0", "5 throttled a:0", "5.25 throttled a:0 try 2", "5.75 throttled a:0 try 3", "6.75 started a:0 try 4 on f/0"],
            &[],
        ),
        (
            "§6 windows before expiries: a record is sent as it expires",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', maximum_batching_window = '5s', backlog = { events = 1, age = '86395s' } }]",
            "started expired processed",
            &["5 started 0 on f/0", "5 processed 0"],
            &[],
        ),
        (
            "F§4.4 and not an instant later",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', maximum_batching_window = '5s', backlog = { events = 1, age = '86395.000000001s' } }]",
            "started expired processed",
            &["4.999999999 expired 0"],
            &[],
        ),
        (
            "§6 polls before expiries: a record is read as it expires",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '5s', backlog = { events = 1, age = '86395s' } }]",
            "started expired processed",
            &["5 started 0 on f/0", "5 processed 0"],
            &[],
        ),
        (
            "§6 within a class, sources by name, whatever their order in the file",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'b', arrivals = { at = ['0s'] } }, { name = 'a', arrivals = { at = ['0s'] } }]",
            "started throttled",
            &["0 started a:0 on f/0", "0 throttled b:0"],
            &[],
        ),
        (
            "§6 within a source, first come first",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ arrivals = { at = ['0s', '0s'] } }]",
            "started throttled",
            &["0 started 0 on f/0", "0 throttled 1"],
            &[],
        ),
        (
            "§6 a zero-time call is over before the next arrival of its instant",
            "function.f = { duration = '0s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ arrivals = { at = ['0s', '0s'] } }]",
            "started throttled",
            &["0 started 0 on f/0", "0 started 1 on f/0"],
            &[],
        ),
    ]);
}

#[test]
fn behaviour_of_handlers_and_clients() {
    hold(&[
        (
            "§3 an outage holds in [from, to)",
            "function.f = { duration = '0s', init_duration = '0s', outages = [{ from = '1s', to = '2s' }] }
             source.invoke = [{ arrivals = { at = ['999999999ns', '1s', '1999999999ns', '2s'] } }]",
            "failed",
            &["1 failed 1 on f/0", "1.999999999 failed 2 on f/0"],
            &[],
        ),
        (
            "§3 error_duration is the handler time of a failing invocation",
            "function.f = { duration = '2s', error_duration = '1s', init_duration = '0s' }
             source.invoke = [{ poison = [0], arrivals = { at = ['0s', '10s'] } }]",
            "failed finished",
            &["1 failed 0 on f/0", "12 finished 1 on f/0"],
            &[],
        ),
        (
            "§3 a poisoned record fails the batch that holds it; a throttled try is no delivery",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'a', arrivals = { at = ['0s'] } }]
             source.kinesis = [{ name = 'b', polling_phase = '0s', poison = [{ event = 1, times = 1 }], backlog = { events = 3 } }]",
            "throttled failed processed",
            &[
                "0 throttled b:0..2",
                "0.25 throttled b:0..2 try 2",
                "0.75 throttled b:0..2 try 3",
                "1 processed a:0",
                "2.75 failed b:0..2 try 4 on f/0",
                "5.75 processed b:0..2 try 5",
            ],
            &[],
        ),
        (
            "§3 clients think, call, wait for the answer and think again; no call at or after the end of emission",
            "duration = '4200ms'
             function.f = { duration = '500ms', init_duration = '0s' }
             source.api_gateway = [{ overhead = '50ms', arrivals = { clients = { count = 2, think_time = '1s' } } }]",
            "emitted",
            &["1 emitted 0", "1 emitted 1", "2.6 emitted 2", "2.6 emitted 3"],
            &[("sources.api_gateway.response_ms.mean", 600.0)],
        ),
        (
            "§3 after a 429, too, where they do not retry",
            "duration = '4s'
             function.f = { duration = '10s', timeout = '10s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ arrivals = { clients = { count = 2, think_time = '1s' } } }]",
            "emitted rejected",
            &["1 emitted 0", "1 emitted 1", "1 rejected 1", "2 emitted 2", "2 rejected 2", "3 emitted 3", "3 rejected 3"],
            &[],
        ),
    ]);
}

#[test]
fn windows_of_statistics() {
    hold(&[
        (
            "§6 emission covers [0, duration)",
            "duration = '3s'
             function.f = { duration = '0s' }
             source.invoke = [{ arrivals = { constant = { rate = 1 } } }]",
            "emitted",
            &["0 emitted 0", "1 emitted 1", "2 emitted 2"],
            &[("duration_s", 3.0)],
        ),
        (
            "§6 constant arrivals lie at round(k x 10^9 / rate) ns",
            "duration = '1s'
             function.f = { duration = '0s' }
             source.invoke = [{ arrivals = { constant = { rate = 3 } } }]",
            "emitted",
            &["0 emitted 0", "0.333333333 emitted 1", "0.666666667 emitted 2"],
            &[],
        ),
        (
            "§6 events are those emitted in [warm_up, duration); counts begin with the warm-up's end",
            "duration = '10s'
             warm_up = '5s'
             function.f = { duration = '1500ms', init_duration = '0s' }
             source.invoke = [{ arrivals = { constant = { rate = 1 } } }]",
            "",
            &[],
            &[
                ("sources.invoke.events", 5.0),
                ("sources.invoke.processed", 5.0),
                ("sources.invoke.deliveries", 5.0),
                ("functions.f.invocations", 5.0),
                ("functions.f.cold_starts", 0.0),
                ("functions.f.duration_ms.max", 1_500.0),
                ("functions.f.concurrent_executions.mean", 1.5),
                ("sources.invoke.throughput_per_s", 1.0),
                ("ended_at_s", 10.5),
                ("warm_up_s", 5.0),
            ],
        ),
        (
            "§6 their fates are followed beyond the window, time means are not",
            "duration = '2s'
             function.f = { duration = '4s', timeout = '5s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '1s'] } }]",
            "",
            &[],
            &[
                ("sources.invoke.processed", 2.0),
                ("sources.invoke.latency_ms.mean", 4_000.0),
                ("functions.f.concurrent_executions.mean", 1.5),
                ("functions.f.environments.mean", 1.5),
                ("sources.invoke.throughput_per_s", 0.0),
                ("functions.f.billed_ms", 8_000.0),
                ("ended_at_s", 5.0),
            ],
        ),
        (
            "§6 what is processed at the very end of the window is processed in it: measurement comes last",
            "duration = '2s'
             function.f = { duration = '1s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '1s'] } }]",
            "",
            &[],
            &[("sources.invoke.throughput_per_s", 1.0)],
        ),
        (
            "§6 without a duration the window ends at the last emission",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '1s', '4s'] } }]",
            "",
            &[],
            &[
                ("sources.invoke.throughput_per_s", 0.5),
                ("functions.f.concurrent_executions.mean", 0.5),
                ("duration_s", 4.0),
                ("ended_at_s", 5.0),
            ],
        ),
        (
            "§4 a rate over no time at all cannot exist",
            "function.f = { duration = '1s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("sources.invoke.throughput_per_s", NULL), ("functions.f.concurrent_executions.mean", NULL)],
        ),
        (
            "§6 the drain cuts off: what has no fate is in flight",
            "duration = '2s'
             drain = '3s'
             function.f = { duration = '4s', timeout = '5s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['500ms', '1s', '1500ms'] } }]",
            "processed",
            &["4.5 processed 0", "5 processed 1"],
            &[("sources.invoke.in_flight", 1.0), ("ended_at_s", 5.0)],
        ),
        (
            "§6 a backlog counts as emitted at 0, and is left out after a warm-up",
            "duration = '10s'
             warm_up = '1s'
             function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '2s', backlog = { events = 3 }, arrivals = { at = ['5s'] } }]",
            "",
            &[],
            &[
                ("sources.kinesis.events", 1.0),
                ("sources.kinesis.processed", 1.0),
                ("functions.f.invocations", 2.0),
                ("sources.kinesis.backlog.max", 3.0),
            ],
        ),
        (
            "§6 idle environments do not prolong a run",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "reclaimed",
            &[],
            &[("ended_at_s", 1.0)],
        ),
    ]);
}

/// (what, scenario, the eight parts in the order of the contract, the response)
#[test]
fn latency_parts_and_responses() {
    const PARTS: [&str; 8] = ["delivery", "poll", "batching", "blocked", "throttled", "retry", "init", "handler"];
    let rows: &[(&str, &str, [f64; 8], f64)] = &[
        (
            "a cold start",
            "function.f = { duration = '2s', init_duration = '1s' }
             source.invoke = [{ name = 's', arrivals = { at = ['0s'] } }]",
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1_000.0, 2_000.0],
            3_000.0,
        ),
        (
            "the way to Lambda",
            "function.f = { duration = '2s', init_duration = '0s' }
             source.api_gateway = [{ name = 's', overhead = '50ms', arrivals = { at = ['0s'] } }]",
            [50.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2_000.0],
            2_100.0,
        ),
        (
            "the way through the asynchronous queue",
            "function.f = { duration = '2s', init_duration = '1s', event_invoke_config = { queue_delay = '70ms' } }
             source.sns = [{ name = 's', delivery = '30ms', arrivals = { at = ['0s'] } }]",
            [100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1_000.0, 2_000.0],
            NULL,
        ),
        (
            "until readable, until read, until the lane is free",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ name = 's', polling_phase = '0s', batch_size = 1, arrivals = { at = ['300ms', '400ms'] } }]",
            [200.0, 450.0, 0.0, 500.0, 0.0, 0.0, 0.0, 1_000.0],
            NULL,
        ),
        (
            "until the window ends",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ name = 's', polling_phase = '0s', maximum_batching_window = '5s', arrivals = { at = ['300ms'] } }]",
            [200.0, 500.0, 4_000.0, 0.0, 0.0, 0.0, 0.0, 1_000.0],
            NULL,
        ),
        (
            "a stream's throttles",
            "function.f = { duration = '2s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'a', arrivals = { at = ['0s'] } }]
             source.kinesis = [{ name = 's', propagation = '0s', polling_phase = '0s', arrivals = { at = ['0s'] } }]",
            [0.0, 0.0, 0.0, 0.0, 3_750.0, 0.0, 0.0, 2_000.0],
            NULL,
        ),
        (
            "a stream's retries",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ name = 's', propagation = '0s', polling_phase = '0s', poison = [{ event = 0, times = 2 }], arrivals = { at = ['0s'] } }]",
            [0.0, 0.0, 0.0, 0.0, 0.0, 2_750.0, 0.0, 1_000.0],
            NULL,
        ),
        (
            "throttled first, then failed: from the failed attempt's start on it is retry, its cold start included",
            "function.f = { duration = '2s', init_duration = '500ms', reserved_concurrent_executions = 1, keep_alive = '30s', event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['0s'] } },
                 { name = 's', invocation_type = 'Event', poison = [{ event = 0, times = 1 }], arrivals = { at = ['0s'] } },
             ]",
            [0.0, 0.0, 0.0, 0.0, 3_000.0, 62_000.0, 500.0, 2_000.0],
            NULL,
        ),
        (
            "failed first, then throttled: all of it is retry",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['60.5s'] } },
                 { name = 's', invocation_type = 'Event', poison = [{ event = 0, times = 1 }], arrivals = { at = ['0s'] } },
             ]",
            [0.0, 0.0, 0.0, 0.0, 0.0, 62_000.0, 0.0, 1_000.0],
            NULL,
        ),
        (
            "a client's retries: throttled until it is accepted",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'a', arrivals = { at = ['0s'] } }]
             source.api_gateway = [{ name = 's', overhead = '100ms', client_retry = { attempts = 50, base = '0s' }, arrivals = { at = ['0s'] } }]",
            [100.0, 0.0, 0.0, 0.0, 1_000.0, 0.0, 0.0, 1_000.0],
            2_200.0,
        ),
        (
            "a client's retries after a 504",
            "function.f = { duration = { uniform = { min = '2s', max = '2s' } }, error_duration = '3s', timeout = '10s', init_duration = '0s' }
             source.api_gateway = [{ name = 's', overhead = '100ms', integration_timeout = '2.5s', poison = [{ event = 0, times = 1 }], client_retry = { base = '0s' }, arrivals = { at = ['0s'] } }]",
            [100.0, 0.0, 0.0, 0.0, 0.0, 2_700.0, 0.0, 2_000.0],
            4_900.0,
        ),
    ];
    let mut broken = Vec::new();
    for (what, scenario, parts, response) in rows {
        let figures = summary(scenario, 1);
        let mut compare = |figure: &str, want: f64| {
            let got = figures.find(&format!("sources.s.{figure}")).unwrap_or(NULL);
            if (got - want).abs() > 1e-9 * want.abs() || got.is_nan() != want.is_nan() {
                broken.push(format!("§6 {what}: {figure}: {got} for {want}"));
            }
        };
        for (part, want) in PARTS.iter().zip(parts) {
            compare(&format!("latency_parts_ms.{part}"), *want);
        }
        compare("latency_ms.mean", parts.iter().sum());
        compare("response_ms.mean", *response);
        broken.extend(unbalanced(&figures).into_iter().map(|problem| format!("{what}: {problem}")));
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn facts_of_one_invocation_share_its_number() {
    // §5: a batch takes one row for each run of consecutive numbers; each accepted invocation starts once and ends once.
    let text = "duration = '30s'
                function.f = { duration = '100ms', error_rate = 0.2 }
                source.kinesis = [{ shard_count = 3, arrivals = { poisson = { rate = 50 } } }]";
    let rows = facts(text, 1);
    assert!(rows.is_sorted_by_key(|row| row.nanos), "§5 in time order");
    let mut batches: BTreeMap<u64, BTreeMap<&str, Vec<(u64, u64)>>> = BTreeMap::new();
    for row in rows
        .iter()
        .filter(|row| ["accepted", "started", "finished", "failed", "processed"].contains(&row.fact.as_str()))
    {
        let run = (row.first_event.unwrap(), row.last_event.unwrap());
        assert_eq!(row.n_events, Some(run.1 - run.0 + 1));
        batches.entry(row.invocation.unwrap()).or_default().entry(&row.fact).or_default().push(run);
    }
    assert!(batches.values().any(|facts| facts["started"].len() > 1), "some batch has several runs");
    for (invocation, facts) in &batches {
        let started = &facts["started"];
        assert!(
            started.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0),
            "{invocation}: runs are maximal: {started:?}"
        );
        assert_eq!(&facts["accepted"], started, "{invocation}");
        let ended = (facts.get("finished"), facts.get("failed"), facts.get("processed"));
        match ended {
            (Some(finished), None, Some(processed)) => {
                assert!(finished == started && processed == started, "{invocation}")
            }
            (None, Some(failed), None) => assert_eq!(failed, started, "{invocation}"),
            _ => panic!("{invocation}: {facts:?}"),
        }
    }
    let emitted: Vec<u64> =
        rows.iter().filter(|row| row.fact == "emitted").map(|row| row.first_event.unwrap()).collect();
    assert!(
        emitted.iter().enumerate().all(|(place, event)| place as u64 == *event),
        "§5 numbered from 0 in order of emission"
    );
}

/// AWS's ranges: (rule, the last value allowed, the first that is refused), in a scenario of one function and one source.
#[test]
fn ranges() {
    let function = |keys: &str| {
        format!("function.f = {{ duration = '1s', {keys} }}\nsource.invoke = [{{ arrivals = {{ at = ['0s'] }} }}]")
    };
    let config = |keys: &str| function(&format!("event_invoke_config = {{ {keys} }}"));
    let source = |kind: &str, keys: &str| {
        format!("function.f = {{ duration = '1s' }}\nsource.{kind} = [{{ arrivals = {{ at = ['0s'] }}, {keys} }}]")
    };
    let reserved = |account: u32, reserves: [u32; 2]| {
        format!(
            "account.concurrent_executions = {account}
             function.f = {{ duration = '1s', reserved_concurrent_executions = {} }}
             function.g = {{ duration = '1s', reserved_concurrent_executions = {} }}
             source.invoke = [{{ target = 'f', arrivals = {{ at = ['0s'] }} }}]",
            reserves[0], reserves[1]
        )
    };
    for (rule, allowed, refused) in [
        ("F§1.12 timeout up to 900 s", function("timeout = '15m'"), function("timeout = '901s'")),
        ("F§2.12 memory from 128 MB", function("memory_size = 128"), function("memory_size = 127")),
        ("F§2.12 memory up to 10,240 MB", function("memory_size = 10240"), function("memory_size = 10241")),
        ("F§2.17 100 stay unreserved", reserved(1000, [500, 400]), reserved(1000, [500, 401])),
        ("F§2.17 also of a small account", reserved(101, [1, 0]), reserved(100, [1, 0])),
        ("F§3.4 up to 2 retries", config("maximum_retry_attempts = 2"), config("maximum_retry_attempts = 3")),
        ("F§3.4 an age from 60 s", config("maximum_event_age = '60s'"), config("maximum_event_age = '59s'")),
        ("F§3.4 an age up to 6 h", config("maximum_event_age = '6h'"), config("maximum_event_age = '21601s'")),
        ("F§3.10 a dead-letter queue is SQS or SNS", config("dead_letter_queue = 'sns'"), config("dead_letter_queue = 's3'")),
        ("F§3.10 and no event bus", config("dead_letter_queue = 'sqs'"), config("dead_letter_queue = 'eventbridge'")),
        ("F§3.11 S3 takes failures only", config("on_failure = 's3'"), config("on_success = 's3'")),
        ("F§4.17 batches up to 10,000", source("kinesis", "batch_size = 10000"), source("kinesis", "batch_size = 10001")),
        ("F§4.17 batches from 1", source("dynamodb", "batch_size = 1"), source("dynamodb", "batch_size = 0")),
        (
            "F§4.17 windows up to 300 s",
            source("kinesis", "maximum_batching_window = '300s'"),
            source("kinesis", "maximum_batching_window = '301s'"),
        ),
        (
            "F§4.17 factor up to 10",
            source("kinesis", "parallelization_factor = 10"),
            source("kinesis", "parallelization_factor = 11"),
        ),
        (
            "F§4.4 retention from 24 h",
            source("kinesis", "retention_period = '24h'"),
            source("kinesis", "retention_period = '23h'"),
        ),
        (
            "F§4.4 up to 365 d",
            source("kinesis", "retention_period = '8760h'"),
            source("kinesis", "retention_period = '8761h'"),
        ),
        ("F§5.3 DynamoDB's is fixed", source("dynamodb", ""), source("dynamodb", "retention_period = '24h'")),
        (
            "F§1.12 integration timeout up to 29 s",
            source("api_gateway", "integration_timeout = '29s'"),
            source("api_gateway", "integration_timeout = '29001ms'"),
        ),
        (
            "F§1.12 from 50 ms",
            source("api_gateway", "integration_timeout = '50ms'"),
            source("api_gateway", "integration_timeout = '49ms'"),
        ),
        (
            "F§1.12 service timeout up to 1 h",
            source("cloudformation", "service_timeout = '1h'"),
            source("cloudformation", "service_timeout = '3601s'"),
        ),
        (
            "F§8.13 API Gateway makes no dry runs",
            source("api_gateway", "invocation_type = 'Event'"),
            source("api_gateway", "invocation_type = 'DryRun'"),
        ),
        (
            "F§8.9 schedules: the unit agrees with the number",
            "duration = '1h'\nfunction.f = { duration = '1s' }\nsource.cloudwatch_events = [{ schedule = 'rate(1 hour)' }]".into(),
            "duration = '1h'\nfunction.f = { duration = '1s' }\nsource.cloudwatch_events = [{ schedule = 'rate(1 hours)' }]".into(),
        ),
    ] {
        assert!(pushpull::read("test", &allowed, &[], &pushpull::inputs::MemoryInputs::new()).is_ok(), "{rule}: {allowed}");
        let report = refusal(&refused);
        assert_eq!(report.matches("error: ").count(), 1, "{rule}: one problem: {report}");
    }
}
