//! Streams: polls, batches, lanes, order.

use std::collections::BTreeMap;

use crate::support::{Row, facts, summary};

use super::hold;

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
            "F§4.2, F§4.1 Kinesis: 10 MB a poll, and 2 MB a second: the next poll comes when that is paid",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', payload_size = '5MiB', backlog = { events = 5 } }]",
            "started",
            &[
                "0 started 0 on f/0",
                "0 started 1 on f/0",
                "5 started 2 on f/0",
                "5 started 3 on f/0",
                "10 started 4 on f/0",
            ],
            &[],
        ),
        (
            "F§4.2 and no more: not three of a little over a third of it",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', batch_size = 1, payload_size = '3495254B', backlog = { events = 3 } }]",
            "started",
            &["0 started 0 on f/0", "0 started 1 on f/0", "3.333333969 started 2 on f/0"],
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
    // Records of 1 MiB: one a poll. 200 polls in 20 s find one record each; then two lie there at once.
    let mut at: Vec<String> = (0..200).map(|n| format!("'{}ms'", n * 100 + 50)).collect();
    at.extend(["'21050ms'".to_owned(), "'21051ms'".to_owned()]);
    let text = format!(
        "function.f = {{ duration = '0s' }}
         source.dynamodb = [{{ propagation = '0s', polling_phase = '0s', polling_interval = '100ms', payload_size = '1MiB', arrivals = {{ at = [{}] }} }}]",
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
             source.dynamodb = [{ polling_phase = '0s', backlog = { events = 1, age = '86399s' }, arrivals = { at = ['0s'] } }]
             drain = '24h'",
            "expired",
            &["1 expired 0", "86400 expired 1"],
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
