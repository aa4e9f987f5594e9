//! SQS: pollers, visibility, redrive, message groups.

use pushpull::engine::Fact;

use crate::support::{facts, refusal, summary, watch};

use super::hold;

#[test]
fn receiving() {
    hold(&[
        (
            "F§6.1, F§6.4 five batches at once, of ten messages each",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ backlog = { events = 60 } }]",
            "started",
            &[
                "0 started 0..9 on f/0",
                "0 started 10..19 on f/1",
                "0 started 20..29 on f/2",
                "0 started 30..39 on f/3",
                "0 started 40..49 on f/4",
                "1 started 50..59 on f/0",
            ],
            &[("sources.sqs.backlog.max", 60.0), ("functions.f.concurrent_executions.max", 5.0)],
        ),
        (
            "F§6.1 long polls: without a window a free poller takes what is there at once",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ arrivals = { at = ['0s', '0s', '300ms'] } }]",
            "started",
            &["0 started 0..1 on f/0", "0.3 started 2 on f/1"],
            &[("sources.sqs.latency_parts_ms.poll", 0.0)],
        ),
        (
            "§6 a window opens with the first message",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ batch_size = 100, maximum_batching_window = '5s', arrivals = { at = ['1s', '3s', '6.5s'] } }]",
            "started",
            &["6 started 0..1 on f/0", "11.5 started 2 on f/0"],
            &[("sources.sqs.latency_parts_ms.batching", 13_000.0 / 3.0)],
        ),
        (
            "F§6.5 a full batch does not wait for its window; receives of ten make a large one",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ batch_size = 25, maximum_batching_window = '10s', backlog = { events = 20 }, arrivals = { bursts = { size = 10, every = '4s' } } }]
             duration = '1s'",
            "started",
            &["0 started 0..24 on f/0", "10 started 25..29 on f/0"],
            &[],
        ),
        (
            "F§4.14 and 6 MB make a batch full",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.sqs = [{ batch_size = 100, maximum_batching_window = '10s', payload_size = '1MiB', backlog = { events = 7 } }]",
            "started",
            &["0 started 0..5 on f/0", "10 started 6 on f/0"],
            &[],
        ),
        (
            "F§6.12 a queue's delay, and the way to it",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.sqs = [{ delay = '10s', propagation = '1s', arrivals = { at = ['2s'] } }]",
            "started",
            &["13 started 0 on f/0"],
            &[("sources.sqs.latency_parts_ms.delivery", 11_000.0)],
        ),
        (
            "F§6.14 what does not pass the filter is deleted as it is received",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.sqs = [{ filter_pass_rate = 0.0, arrivals = { at = ['1s', '1s', '2s'] } }]",
            "started filtered",
            &["1 filtered 0", "1 filtered 1", "2 filtered 2"],
            &[("sources.sqs.filtered", 3.0), ("sources.sqs.backlog.max", 2.0)],
        ),
        (
            "§6 a backlog's latency starts at its age",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ backlog = { events = 1, age = '10s' } }]",
            "processed",
            &["1 processed 0"],
            &[("sources.sqs.latency_ms.mean", 11_000.0), ("sources.sqs.latency_parts_ms.poll", 10_000.0)],
        ),
    ]);
}

#[test]
fn failures() {
    hold(&[
        (
            "F§6.7 the waits of a throttled batch are the scenario's to set",
            "function.f = { duration = '20s', timeout = '20s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'a', arrivals = { at = ['0s'] } }]
             source.sqs = [{ name = 'b', retry_backoff = { base = '3s', cap = '7s' }, arrivals = { at = ['1s'] } }]",
            "throttled",
            &["1 throttled b:0", "4 throttled b:0 try 2", "10 throttled b:0 try 3", "17 throttled b:0 try 4"],
            &[],
        ),
        (
            "F§6, F§3.9 at least once: deleted messages may come again, and that decides nothing",
            "function.f = { duration = '1s', init_duration = '0s', outages = [{ from = '1s', to = '2s' }] }
             source.sqs = [{ duplicate_rate = 1.0, arrivals = { at = ['0s', '0s', '35s'] } }]",
            "started processed failed",
            &[
                "0 started 0..1 on f/0",
                "1 processed 0..1",
                "1 started 0..1 try 2 on f/0",
                "2 failed 0..1 try 2 on f/0",
                "31 started 0..1 try 3 on f/0",
                "35 started 2 on f/0",
                "36 processed 2",
                "36 started 2 try 2 on f/0",
            ],
            &[
                ("sources.sqs.processed", 3.0),
                ("sources.sqs.deliveries", 8.0),
                ("sources.sqs.latency_ms.max", 1_000.0),
                ("sources.sqs.backlog.max", 2.0),
            ],
        ),
        (
            "F§6.9, F§3.9 a message that comes again after it was processed leaves no dead letter",
            "function.f = { duration = '1s', init_duration = '0s', outages = [{ from = '1s', to = '2s' }] }
             source.sqs = [{ duplicate_rate = 1.0, max_receive_count = 2, arrivals = { at = ['0s', '35s'] } }]",
            "processed dead_lettered delivered_to_destination",
            &["1 processed 0", "36 processed 1"],
            &[("destinations.sqs.dead_letter_queue.messages", 0.0)],
        ),
        (
            "F§6.7, F§6.9 a failed batch is visible again after the visibility timeout, and the third receive is the last of three",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0 }
             source.sqs = [{ max_receive_count = 3, arrivals = { at = ['0s'] } }]",
            "started dead_lettered delivered_to_destination",
            &[
                "0 started 0 on f/0",
                "30 started 0 try 2 on f/0",
                "60 started 0 try 3 on f/0",
                "90 dead_lettered 0 try 3",
                "90 delivered_to_destination 0 try 3",
            ],
            &[("sources.sqs.dead_lettered", 1.0), ("destinations.sqs.dead_letter_queue.messages", 1.0)],
        ),
        (
            "F§6.7 at once, where the visibility timeout is over as the function times out",
            "function.f = { duration = '10s', init_duration = '3s', timeout = '5s' }
             source.sqs = [{ visibility_timeout = '5s', max_receive_count = 3, arrivals = { at = ['0s'] } }]",
            "started dead_lettered",
            &["0 started 0 on f/0", "8 started 0 try 2 on f/0", "13 started 0 try 3 on f/0", "18 dead_lettered 0 try 3"],
            &[("functions.f.timeouts", 3.0)],
        ),
        (
            "F§6.7, F§6.9 a throttled batch is tried until the visibility timeout is over, and its receive counts",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.sqs = [{ max_receive_count = 1, arrivals = { at = ['0s', '0s'] } }]",
            "throttled dead_lettered",
            &[
                "0 throttled 0..1",
                "1 throttled 0..1 try 2",
                "3 throttled 0..1 try 3",
                "7 throttled 0..1 try 4",
                "15 throttled 0..1 try 5",
                "30 dead_lettered 0 try 5",
                "30 dead_lettered 1 try 5",
            ],
            &[("functions.f.throttles", 5.0), ("sources.sqs.deliveries", 0.0)],
        ),
        (
            "F§6.7 without permission likewise",
            "function.f = { duration = '1s' }
             source.sqs = [{ permission = false, visibility_timeout = '5s', max_receive_count = 2, arrivals = { at = ['0s'] } }]",
            "denied dead_lettered",
            &[
                "0 denied 0",
                "1 denied 0 try 2",
                "3 denied 0 try 3",
                "5 denied 0 try 4",
                "6 denied 0 try 5",
                "8 denied 0 try 6",
                "10 dead_lettered 0 try 6",
            ],
            &[],
        ),
        (
            "§6 throttled until it is accepted",
            "function.f = { duration = '4s', timeout = '5s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.sqs = [{ batch_size = 1, arrivals = { at = ['0s', '0s'] } }]",
            "started",
            &["0 started 0 on f/0", "7 started 1 try 4 on f/0"],
            &[("sources.sqs.latency_parts_ms.throttled", 3_500.0), ("sources.sqs.backlog.max", 2.0)],
        ),
        (
            "§6 retry: from the start of the first failure to that of the last attempt",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ poison = [{ event = 0, times = 2 }], arrivals = { at = ['0s'] } }]",
            "started processed",
            &["0 started 0 on f/0", "30 started 0 try 2 on f/0", "60 started 0 try 3 on f/0", "61 processed 0 try 3"],
            &[("sources.sqs.latency_parts_ms.retry", 60_000.0), ("sources.sqs.deliveries", 3.0)],
        ),
        (
            "F§6.7 a poisoned message fails its batch",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ poison = [1], visibility_timeout = '5s', max_receive_count = 2, arrivals = { at = ['0s', '0s', '0s'] } }]",
            "started processed dead_lettered",
            &[
                "0 started 0..2 on f/0",
                "5 started 0..2 try 2 on f/0",
                "10 dead_lettered 0 try 2",
                "10 dead_lettered 1 try 2",
                "10 dead_lettered 2 try 2",
            ],
            &[("functions.f.errors", 2.0)],
        ),
        (
            "F§6.8 with ReportBatchItemFailures only the poisoned one comes back",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ function_response_types = ['ReportBatchItemFailures'], poison = [1], visibility_timeout = '5s', max_receive_count = 2, arrivals = { at = ['0s', '0s', '0s'] } }]",
            "started processed dead_lettered",
            &[
                "0 started 0..2 on f/0",
                "1 processed 0",
                "1 processed 2",
                "5 started 1 try 2 on f/0",
                "10 dead_lettered 1 try 2",
            ],
            &[("functions.f.errors", 0.0), ("sources.sqs.latency_parts_ms.retry", 0.0)],
        ),
        (
            "F§6.8 an error fails the whole batch all the same",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0 }
             source.sqs = [{ function_response_types = ['ReportBatchItemFailures'], max_receive_count = 1, arrivals = { at = ['0s', '0s'] } }]",
            "started processed dead_lettered",
            &["0 started 0..1 on f/0", "30 dead_lettered 0", "30 dead_lettered 1"],
            &[],
        ),
        (
            "F§6.6 window + timeout above the visibility timeout: hidden for 30 s more than both",
            "function.f = { duration = '1s', init_duration = '0s', timeout = '15s', error_rate = 1.0 }
             source.sqs = [{ maximum_batching_window = '20s', max_receive_count = 2, arrivals = { at = ['0s'] } }]",
            "started dead_lettered",
            &["20 started 0 on f/0", "85 started 0 try 2 on f/0", "130 dead_lettered 0 try 2"],
            &[],
        ),
        (
            "F§6.6 not above it: hidden for no longer",
            "function.f = { duration = '1s', init_duration = '0s', timeout = '15s', error_rate = 1.0 }
             source.sqs = [{ maximum_batching_window = '15s', max_receive_count = 2, arrivals = { at = ['0s'] } }]",
            "started dead_lettered",
            &["15 started 0 on f/0", "45 started 0 try 2 on f/0", "60 dead_lettered 0 try 2"],
            &[],
        ),
        (
            "F§6.12 a message that waits expires at its very age",
            "function.f = { duration = '100s', init_duration = '0s', timeout = '2m' }
             source.sqs = [{ visibility_timeout = '2m', batch_size = 1, maximum_concurrency = 2, retention_period = '60s', backlog = { events = 1, age = '50s' }, arrivals = { at = ['0s', '0s', '5s'] } }]",
            "processed expired",
            &["60 expired 2", "65 expired 3", "100 processed 0", "100 processed 1"],
            &[("sources.sqs.expired", 2.0)],
        ),
        (
            "F§6.12 one in flight as it comes back",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0 }
             source.sqs = [{ retention_period = '65s', arrivals = { at = ['0s'] } }]",
            "started expired",
            &["0 started 0 on f/0", "30 started 0 try 2 on f/0", "60 started 0 try 3 on f/0", "90 expired 0 try 3"],
            &[("sources.sqs.backlog.max", 1.0)],
        ),
    ]);
}

#[test]
fn message_groups() {
    hold(&[
        (
            "F§6.11 one batch of a group at a time; behind it the others are blocked",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ fifo = true, message_groups = 1, batch_size = 1, arrivals = { at = ['0s', '0s', '0s'] } }]",
            "started",
            &["0 started 0 on f/0", "1 started 1 on f/0", "2 started 2 on f/0"],
            &[("sources.sqs.latency_parts_ms.blocked", 1_000.0), ("functions.f.concurrent_executions.max", 1.0)],
        ),
        (
            "F§6.11 every message its own group: none waits for another",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ fifo = true, batch_size = 1, arrivals = { at = ['0s', '0s', '0s'] } }]",
            "started",
            &["0 started 0 on f/0", "0 started 1 on f/1", "0 started 2 on f/2"],
            &[("sources.sqs.latency_parts_ms.blocked", 0.0)],
        ),
        (
            "F§6.11 a failed message blocks its group until it succeeds",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ fifo = true, message_groups = 1, batch_size = 1, poison = [{ event = 0, times = 1 }], arrivals = { at = ['0s', '10s'] } }]",
            "started",
            &["0 started 0 on f/0", "30 started 0 try 2 on f/0", "31 started 1 on f/0"],
            &[("sources.sqs.latency_parts_ms.blocked", 10_500.0), ("sources.sqs.latency_parts_ms.retry", 15_000.0)],
        ),
        (
            "F§6.11 or moves to the dead-letter queue",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ fifo = true, message_groups = 1, batch_size = 1, poison = [0], max_receive_count = 2, arrivals = { at = ['0s', '10s'] } }]",
            "started dead_lettered processed",
            &[
                "0 started 0 on f/0",
                "30 started 0 try 2 on f/0",
                "60 dead_lettered 0 try 2",
                "60 started 1 on f/0",
                "61 processed 1",
            ],
            &[],
        ),
        (
            "F§6.11 or expires",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ fifo = true, message_groups = 1, batch_size = 1, poison = [0], retention_period = '60s', arrivals = { at = ['0s', '10s'] } }]",
            "started expired processed",
            &["0 started 0 on f/0", "30 started 0 try 2 on f/0", "60 expired 0 try 2", "60 started 1 on f/0", "61 processed 1"],
            &[],
        ),
        (
            "F§6.8 a FIFO queue gets back all from the first failure on",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.sqs = [{ fifo = true, message_groups = 1, function_response_types = ['ReportBatchItemFailures'], poison = [1], visibility_timeout = '5s', max_receive_count = 2, arrivals = { at = ['0s', '0s', '0s'] } }]",
            "started processed dead_lettered",
            &[
                "0 started 0..2 on f/0",
                "1 processed 0",
                "5 started 1..2 try 2 on f/0",
                "10 dead_lettered 1 try 2",
                "10 dead_lettered 2 try 2",
            ],
            &[],
        ),
    ]);
    // Several groups: each in order, and several at once.
    let rows = facts(
        "function.f = { duration = { exponential = { mean = '300ms' } }, error_rate = 0.1, timeout = '5s' }
         source.sqs = [{ fifo = true, message_groups = 3, visibility_timeout = '5s', batch_size = 4, arrivals = { ramp = [['0s', 5.0], ['60s', 5.0]] } }]",
        1,
    );
    let most = most_at_once(&rows);
    assert_eq!(most, 3, "F§6.11 as many batches at once as groups");
}

/// The greatest number of invocations at once.
fn most_at_once(rows: &[crate::support::Row]) -> i32 {
    let (mut running, mut most, mut known) = (0, 0, std::collections::BTreeSet::new());
    for row in rows {
        match row.fact.as_str() {
            "started" if known.insert(row.invocation) => running += 1,
            "finished" | "failed" | "timed_out" if known.remove(&row.invocation) => running -= 1,
            _ => {}
        }
        most = most.max(running);
    }
    most
}

/// (instant in seconds, batches in flight just before it) of calls that take for ever.
fn in_flight(keys: &str, instants: &[u64]) -> Vec<(u64, i64)> {
    let text = format!(
        "duration = '1m'
         drain = '30m'
         function.f = {{ duration = '15m', init_duration = '0s', timeout = '15m', scaling_rate = 'unlimited' }}
         {keys}"
    );
    let mut starts = Vec::new();
    watch(&text, 1, |at, fact| {
        if let Fact::Started { .. } = fact {
            starts.push(at.nanos());
        }
    });
    let count = |secs: u64| starts.iter().filter(|at| **at < secs * 1_000_000_000).count() as i64;
    instants.iter().map(|secs| (*secs, count(*secs))).collect()
}

#[test]
fn pollers_grow() {
    let of_account = |concurrency: &str, keys: &str| {
        format!(
            "account.concurrent_executions = {concurrency}
             source.sqs = [{{ batch_size = 1, visibility_timeout = '15m', backlog = {{ events = 5000 }}, {keys} }}]"
        )
    };
    let source = |keys: &str| of_account("'unlimited'", keys);
    for (rule, keys, want) in [
        (
            "F§6.1 300 a minute, up to 1250",
            source(""),
            &[(1, 5), (10, 5), (61, 305), (121, 605), (240, 1155), (251, 1250), (600, 1250)][..],
        ),
        (
            "F§6.1 60 a minute before November 2023",
            format!("profile = '2020-12'\n{}", source("")),
            &[(10, 5), (61, 65), (121, 125), (600, 595)],
        ),
        (
            "F§6.1 the length of a step is the scenario's to set",
            source("poller_scaling = { step = '60s' }"),
            &[(60, 5), (61, 305), (120, 305), (121, 605)],
        ),
        ("F§6.2 nor more than the account runs at once", of_account("200", ""), &[(10, 5), (61, 200), (600, 200)]),
        ("F§6.2 maximum concurrency", source("maximum_concurrency = 40"), &[(10, 5), (11, 40), (600, 40)]),
        ("F§6.2 below five, too", source("maximum_concurrency = 2"), &[(1, 2), (600, 2)]),
        (
            "F§6.3 provisioned pollers: ten batches each, 1,000 more a minute",
            source("provisioned_pollers = { minimum = 3, maximum = 150 }"),
            &[(4, 30), (61, 1030), (90, 1363), (600, 1500)],
        ),
    ] {
        let instants: Vec<u64> = want.iter().map(|(secs, _)| *secs).collect();
        assert_eq!(in_flight(&keys, &instants), want, "{rule}");
    }
}

#[test]
fn limits_by_profile() {
    let most_batches = |profile: &str| {
        let text = format!(
            "profile = '{profile}'
             duration = '1m'
             drain = '30m'
             account.concurrent_executions = 'unlimited'
             function.f = {{ duration = '15m', init_duration = '0s', timeout = '15m', scaling_rate = 'unlimited' }}
             source.sqs = [{{ batch_size = 1, visibility_timeout = '15m', backlog = {{ events = 9000 }} }}]"
        );
        summary(&text, 1).get("functions.f.concurrent_executions.max")
    };
    for profile in ["2020-12", "2023-11"] {
        assert_eq!(most_batches(profile), 1_250.0, "F§6.1, D44 under {profile}");
    }
    // What was received and failed stays in flight until its visibility timeout.
    let most_in_flight = |profile: &str, keys: &str| {
        let text = format!(
            "profile = '{profile}'
             drain = '1h'
             function.f = {{ duration = '0s', init_duration = '0s', error_rate = 1.0 }}
             source.sqs = [{{ {keys} visibility_timeout = '12h', backlog = {{ events = 130000 }} }}]"
        );
        summary(&text, 1).get("sources.sqs.deliveries")
    };
    let fifo = "fifo = true, fifo_throughput_limit = 'perMessageGroupId',";
    assert_eq!(
        most_in_flight("2023-11", fifo),
        20_000.0,
        "F§6.12 20,000 messages of a FIFO queue before November 2024"
    );
    assert_eq!(most_in_flight("2025-08", fifo), 120_000.0, "F§6.12 120,000 since");
    assert_eq!(most_in_flight("2023-11", ""), 120_000.0, "F§6.12 of a standard queue 120,000 then, too");
}

/// A FIFO queue answers 300 receives a second, one after another once its first 300 are used up.
#[test]
fn a_fifo_queue_limits_receives() {
    let received = |keys: &str| {
        let text = format!(
            "function.f = {{ duration = '0s', init_duration = '0s' }}
             source.sqs = [{{ fifo = true, batch_size = 1, {keys} backlog = {{ events = 900 }} }}]"
        );
        let started = facts(&text, 1).into_iter().filter(|row| row.fact == "started");
        started.map(|row| row.time).collect::<Vec<f64>>()
    };
    let limited = received("");
    assert_eq!(limited.iter().filter(|at| **at == 0.0).count(), 300, "one second's worth at once");
    assert_eq!(limited.last(), Some(&2.0), "900 messages, one a receive");
    assert_eq!(received("fifo_throughput_limit = 'perMessageGroupId',").last(), Some(&0.0), "high throughput");
}

#[test]
fn provisioned_pollers_have_a_throughput() {
    for (rule, keys, want) in [
        ("F§6.3 ten receives a second each: 20 messages at once, 20 more each second", "batch_size = 1", 80.0),
        ("F§6.3 1 MB a second each", "batch_size = 10, payload_size = '100KB'", 90.0),
    ] {
        let figures = summary(
            &format!(
                "duration = '3.01s'
                 drain = '0s'
                 function.f = {{ duration = '0s', init_duration = '0s' }}
                 source.sqs = [{{ provisioned_pollers = {{ maximum = 2 }}, backlog = {{ events = 1000 }}, {keys} }}]"
            ),
            1,
        );
        assert_eq!(figures.get("sources.sqs.processed"), want, "{rule}");
    }
}

#[test]
fn pollers_back_off() {
    // Five calls fail at once and again and again; 100 s later the queue is given up for half of them each minute.
    let concurrency = |keys: &str| {
        let figures = summary(
            &format!(
                "warm_up = '30s'
                 drain = '10m'
                 function.f = {{ duration = '2s', init_duration = '0s', error_rate = 1.0 }}
                 source.sqs = [{{ batch_size = 1, visibility_timeout = '10s', max_receive_count = 4, arrivals = {{ bursts = {{ size = 5, every = '40s' }} }}, {keys} }}]
                 duration = '60s'"
            ),
            1,
        );
        figures.get("functions.f.concurrent_executions.max")
    };
    assert_eq!(concurrency(""), 2.0, "F§6.7 errors reduce the concurrency");
    assert_eq!(concurrency("function_response_types = ['ReportBatchItemFailures']"), 5.0, "F§6.8 but not here");
    for (rule, scaling, want) in [
        ("to a share", "decrease_factor = 0.8", 4.0),
        ("but not below the minimum", "minimum = 4", 4.0),
        ("once a minute", "minimum = 1", 2.0),
        ("or more often", "minimum = 1, reset = '1s'", 1.0),
    ] {
        assert_eq!(concurrency(&format!("poller_scaling = {{ {scaling} }}")), want, "F§6.7 {rule}");
    }
}

#[test]
fn maximum_concurrency_does_not_over_poll() {
    let dead = |keys: &str| {
        let figures = summary(
            &format!(
                "function.f = {{ duration = '5s', timeout = '5s', init_duration = '0s', reserved_concurrent_executions = 2 }}
                 source.sqs = [{{ batch_size = 1, visibility_timeout = '6s', max_receive_count = 1, backlog = {{ events = 20 }}, {keys} }}]"
            ),
            1,
        );
        assert_eq!(figures.get("sources.sqs.processed") + figures.get("sources.sqs.dead_lettered"), 20.0);
        figures.get("sources.sqs.dead_lettered")
    };
    assert!(dead("") >= 3.0, "F§6.9 throttling alone fills the dead-letter queue");
    assert_eq!(dead("maximum_concurrency = 2"), 0.0, "F§6.2");
}

#[test]
fn requests_to_the_queue() {
    for (rule, keys, want) in [
        ("F§10.9 a receive and a deletion for each ten messages", "batch_size = 10", 6),
        ("F§6.5 of a large batch, too", "batch_size = 25, maximum_batching_window = '1s'", 6),
        ("F§10.9 one at a time", "batch_size = 1", 50),
        // Two receives of 640 KiB and one of 320, and three deletions.
        ("F§10.9 and a receive for each 64 KiB", "payload_size = '64KiB'", 28),
        ("F§6.14 filtered messages are received and deleted", "filter_pass_rate = 0.0", 6),
    ] {
        let mut requests = 0;
        let text = format!(
            "function.f = {{ duration = '0s', init_duration = '0s' }}
             source.sqs = [{{ backlog = {{ events = 25 }}, {keys} }}]"
        );
        watch(&text, 1, |_, fact| {
            if let Fact::Requests { count, .. } = fact {
                requests += count;
            }
        });
        assert_eq!(requests, want, "{rule}");
    }
}

#[test]
fn refused() {
    let text = |function: &str, keys: &str| {
        format!(
            "function.f = {{ duration = '1s', {function} }}\nsource.sqs = [{{ arrivals = {{ at = ['0s'] }}, {keys} }}]"
        )
    };
    for (rule, keys, why) in [
        ("F§6.4 above ten needs a window", "batch_size = 11", "`maximum_batching_window` of at least 1 s"),
        ("F§6.4 of a second", "batch_size = 11, maximum_batching_window = '999ms'", "at least 1 s"),
        ("F§6.4 FIFO at most ten", "fifo = true, batch_size = 11", "at most 10"),
        ("F§6.4 FIFO has no window", "fifo = true, maximum_batching_window = '1s'", "no batching window"),
        ("F§6.4 windows up to 300 s", "maximum_batching_window = '301s'", "300s"),
        ("F§6.11 groups are FIFO's", "message_groups = 3", "no message groups"),
        ("F§6.13 a FIFO queue's limit", "fifo_throughput_limit = 'perMessageGroupId'", "set `fifo = true`"),
        ("F§6.13 one of two", "fifo = true, fifo_throughput_limit = 'none'", "perMessageGroupId"),
        ("F§6.2 not both", "maximum_concurrency = 2, provisioned_pollers = {}", "provisioned_pollers"),
        ("F§6.2 from two", "maximum_concurrency = 1", "2"),
        ("F§6.2 to 1,000", "maximum_concurrency = 1001", "1000"),
        ("F§6.1 steps", "poller_scaling = { step = '999ms' }", "1s"),
        ("F§6.7 what failures leave", "poller_scaling = { decrease_factor = 1.1 }", "0 to 1"),
        ("F§6.7 a least number", "poller_scaling = { minimum = 0 }", "1"),
        ("F§6.7 once in so long", "poller_scaling = { reset = '0s' }", "1s"),
        ("F§6.1 what it is not", "poller_scaling = { maximum = 3 }", "unknown key"),
        ("F§6.3 pollers", "provisioned_pollers = { minimum = 1 }", "2"),
        ("F§6.3 pollers", "provisioned_pollers = { minimum = 100, maximum = 99 }", "above their maximum"),
        ("F§6.12 messages up to 1 MiB", "payload_size = '1048577B'", "1 MiB"),
        ("F§6.12 retention from 60 s", "retention_period = '59s'", "60s"),
        ("F§6.12 retention up to 14 d", "retention_period = '337h'", "14d"),
        ("F§6.12 delay", "delay = '901s'", "15m"),
        ("F§6.6 visibility", "visibility_timeout = '43201s'", "12h"),
        ("F§6.9 receives", "max_receive_count = 0", "1"),
        ("F§6.12 a backlog that is gone", "backlog = { events = 1, age = '4d' }", "no longer there"),
        ("§3 keys that SQS has not", "parallelization_factor = 2", "unknown key"),
        ("§3 keys that SQS has not", "maximum_retry_attempts = 2", "unknown key"),
        ("§3 a closed loop", "arrivals.clients = { count = 1, think_time = '1s' }", ""),
    ] {
        let refusal = refusal(&text("", keys));
        assert!(refusal.contains(why), "{rule}: {refusal}");
    }
    for function in ["timeout = '30s'", "timeout = '3s'"] {
        crate::support::read(&text(function, "payload_size = '1MiB', retention_period = '14d', delay = '900s'"));
    }
    let longer = refusal(&text("timeout = '31s'", ""));
    assert!(longer.contains("longer than the queue's visibility timeout of 30s"), "F§6.6: {longer}");
}
