//! Event source mappings on streams: retries, ages, splitting, partial responses, filters, tumbling windows, starting positions,
//! shared streams; and the streams themselves: write limits, resharding, enhanced fan-out.

use std::collections::BTreeSet;

use crate::support::{facts, summary};

use super::{NULL, hold};

#[test]
fn failing_batches() {
    hold(&[
        (
            "F§4.19 n retries are n + 1 invocations, then a message with the batch's condition and count",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', poison = [0], maximum_retry_attempts = 1, on_failure = 'sqs', backlog = { events = 2 } }]",
            "started dead_lettered delivered_to_destination",
            &[
                "0 started 0..1 on f/0",
                "1.25 started 0..1 try 2 on f/0",
                "2.25 dead_lettered 0..1 RetryAttemptsExhausted x2",
                "2.25 delivered_to_destination 0..1 try 2 RetryAttemptsExhausted x2",
            ],
            &[
                ("destinations.kinesis.on_failure.messages", 1.0),
                ("sources.kinesis.dead_lettered", 2.0),
                ("functions.f.async_events_dropped", 0.0),
            ],
        ),
        (
            "F§4.18 without a destination the batch is dropped, and the lane goes on",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.dynamodb = [{ polling_phase = '0s', batch_size = 1, poison = [0], maximum_retry_attempts = 0, backlog = { events = 2 } }]",
            "started dropped processed",
            &["0 started 0 on f/0", "1 dropped 0 RetryAttemptsExhausted x1", "1 started 1 on f/0", "2 processed 1"],
            &[],
        ),
        (
            "F§4.18 a throttle uses up no retry: only the age ends it",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 0 }
             source.kinesis = [{ polling_phase = '0s', maximum_retry_attempts = 0, maximum_record_age = '60s', on_failure = 's3', backlog = { events = 1 } }]",
            "dead_lettered",
            &["63.75 dead_lettered 0 RecordAgeExceeded x1"],
            &[("functions.f.throttles", 8.0), ("functions.f.invocations", 0.0)],
        ),
        (
            "F§4.17 `-1` and `unlimited` retry until the stream keeps the record no longer",
            "function.f = { duration = '0s', init_duration = '0s' }
             drain = '48h'
             source.kinesis = [{ polling_phase = '0s', poison = [0], maximum_retry_attempts = -1, maximum_record_age = 'unlimited', on_failure = 'sqs', backlog = { events = 1, age = '23h' } }]",
            "expired delivered_to_destination",
            &["3600 expired 0"],
            &[("sources.kinesis.dead_lettered", 0.0)],
        ),
        (
            "F§4.22 a record that is too old already is discarded without a call; the others are not",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', maximum_record_age = '60s', maximum_retry_attempts = 0, on_failure = 'sqs', backlog = { events = 1, age = '80s' }, arrivals = { at = ['0s', '0s'] } }]",
            "started dead_lettered delivered_to_destination processed",
            &[
                "0 dead_lettered 0 RecordAgeExceeded x1",
                "0 delivered_to_destination 0 RecordAgeExceeded x1",
                "0 started 1..2 on f/0",
                "0 processed 1..2",
            ],
            &[],
        ),
        (
            "F§4.20 a failed batch is split; splitting uses up no retry",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', poison = [2], maximum_retry_attempts = 0, bisect_batch_on_function_error = true, on_failure = 'sqs', backlog = { events = 4 } }]",
            "started bisected processed delivered_to_destination",
            &[
                "0 started 0..3 on f/0",
                "0 bisected 0..3",
                "0.25 started 0..1 try 2 on f/0",
                "0.25 processed 0..1 try 2",
                "0.25 started 2..3 try 2 on f/0",
                "0.25 bisected 2..3 try 2",
                "0.5 started 2 try 3 on f/0",
                "0.5 delivered_to_destination 2 RetryAttemptsExhausted x1",
                "0.5 started 3 try 3 on f/0",
                "0.5 processed 3 try 3",
            ],
            &[("functions.f.invocations", 5.0)],
        ),
        (
            "F§4.26 at least once: a batch may come a second time, and that decides nothing",
            "function.f = { duration = '1s', init_duration = '0s', outages = [{ from = '1s', to = '2s' }] }
             source.kinesis = [{ polling_phase = '0s', batch_size = 2, duplicate_rate = 1.0, backlog = { events = 2 } }]",
            "started processed failed",
            &["0 started 0..1 on f/0", "1 processed 0..1", "1 started 0..1 try 2 on f/0", "2 failed 0..1 try 2 on f/0"],
            &[("sources.kinesis.processed", 2.0), ("sources.kinesis.deliveries", 4.0), ("sources.kinesis.latency_ms.max", 1_000.0)],
        ),
        (
            "F§4.23 the waits of a failed batch are the scenario's to set",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', poison = [0], maximum_retry_attempts = 3, retry_backoff = { base = '1s', cap = '3s' }, backlog = { events = 1 } }]",
            "started",
            &["0 started 0 on f/0", "1 started 0 try 2 on f/0", "3 started 0 try 3 on f/0", "6 started 0 try 4 on f/0"],
            &[],
        ),
        (
            "F§4.20 a throttled batch is not split",
            "function.f = { duration = '2s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [{ name = 'a', arrivals = { at = ['0s'] } }]
             source.kinesis = [{ name = 'b', polling_phase = '0s', bisect_batch_on_function_error = true, backlog = { events = 2 } }]",
            "bisected processed",
            &["2 processed a:0", "5.75 processed b:0..1 try 5"],
            &[],
        ),
    ]);
}

#[test]
fn partial_responses() {
    hold(&[
        (
            "F§4.21 the lowest failed record is the checkpoint; retries count anew from there",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', poison = [2], maximum_retry_attempts = 1, function_response_types = ['ReportBatchItemFailures'], on_failure = 'sqs', backlog = { events = 4 } }]",
            "started finished failed processed delivered_to_destination",
            &[
                "0 started 0..3 on f/0",
                "0 finished 0..3 on f/0",
                "0 processed 0..1",
                "0.25 started 2..3 try 2 on f/0",
                "0.25 finished 2..3 try 2 on f/0",
                "0.75 started 2..3 try 3 on f/0",
                "0.75 finished 2..3 try 3 on f/0",
                "0.75 delivered_to_destination 2..3 try 2 RetryAttemptsExhausted x2",
            ],
            &[("functions.f.errors", 0.0)],
        ),
        (
            "F§4.20 with bisecting besides, the cut is at the reported record",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', poison = [{ event = 2, times = 1 }], bisect_batch_on_function_error = true, function_response_types = ['ReportBatchItemFailures'], backlog = { events = 6 } }]",
            "started bisected processed",
            &["0 started 0..5 on f/0", "0 processed 0..1", "0.25 started 2..5 try 2 on f/0", "0.25 processed 2..5 try 2"],
            &[],
        ),
        (
            "F§4.20 where that is the first one nothing succeeded, and the batch is halved",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', poison = [{ event = 0, times = 1 }], bisect_batch_on_function_error = true, function_response_types = ['ReportBatchItemFailures'], backlog = { events = 4 } }]",
            "started bisected processed",
            &[
                "0 started 0..3 on f/0",
                "0 bisected 0..3",
                "0.25 started 0..1 try 2 on f/0",
                "0.25 processed 0..1 try 2",
                "0.25 started 2..3 try 2 on f/0",
                "0.25 processed 2..3 try 2",
            ],
            &[],
        ),
        (
            "F§4.21 an answer that names nothing is a complete success",
            "function.f = { duration = '0s', init_duration = '0s', batch_item_failures = 'none' }
             source.kinesis = [{ polling_phase = '0s', poison = [1], function_response_types = ['ReportBatchItemFailures'], backlog = { events = 3 } }]",
            "started processed",
            &["0 started 0..2 on f/0", "0 processed 0..2"],
            &[],
        ),
        (
            "F§4.21 an exception fails the whole batch",
            "function.f = { duration = '0s', init_duration = '0s', batch_item_failures = 'throws' }
             source.kinesis = [{ polling_phase = '0s', poison = [1], maximum_retry_attempts = 0, function_response_types = ['ReportBatchItemFailures'], backlog = { events = 3 } }]",
            "failed dropped",
            &[
                "0 failed 0..2 on f/0",
                "0 dropped 0..2 RetryAttemptsExhausted x1",
            ],
            &[("functions.f.errors", 1.0)],
        ),
        (
            "F§4.21 an answer that cannot be read fails the whole batch, and is no function error",
            "function.f = { duration = '0s', init_duration = '0s', batch_item_failures = 'malformed' }
             source.kinesis = [{ polling_phase = '0s', maximum_retry_attempts = 0, function_response_types = ['ReportBatchItemFailures'], on_failure = 'sqs', backlog = { events = 2 } }]",
            "finished delivered_to_destination",
            &["0 finished 0..1 on f/0", "0 delivered_to_destination 0..1 RetryAttemptsExhausted x1"],
            &[("functions.f.errors", 0.0), ("sources.kinesis.dead_lettered", 2.0)],
        ),
        (
            "F§4.21 where partial responses are not asked for, what the function would answer does not matter",
            "function.f = { duration = '0s', init_duration = '0s', batch_item_failures = 'malformed' }
             source.kinesis = [{ polling_phase = '0s', backlog = { events = 2 } }]",
            "processed",
            &["0 processed 0..1"],
            &[],
        ),
    ]);
}

#[test]
fn filters_windows_and_positions() {
    hold(&[
        (
            "F§4.24 a record that a filter leaves out is part of no batch",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '500ms', filter_pass_rate = 0.0, backlog = { events = 3 } }]",
            "filtered started",
            &["0.5 filtered 0", "0.5 filtered 1", "0.5 filtered 2"],
            &[("sources.kinesis.filtered", 3.0), ("sources.kinesis.latency_ms.max", NULL)],
        ),
        (
            "F§4.25 tumbling windows: a batch lies within one, and each ends with a call of its own",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '500ms', tumbling_window = '10s', arrivals = { at = ['1s', '9.8s', '10.2s', '20.1s'] } }]",
            "started",
            &[
                "1.5 started 0 on f/0",
                "10.5 started 1 on f/0",
                "10.5 started on f/0",
                "10.5 started 2 on f/0",
                "20.5 started on f/0",
                "20.5 started 3 on f/0",
                "30.5 started on f/0",
            ],
            &[("functions.f.invocations", 7.0), ("sources.kinesis.deliveries", 4.0)],
        ),
        (
            "F§4.25 a window that is over ends while records of the next one cannot be read yet",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '3s', polling_phase = '500ms', tumbling_window = '10s', arrivals = { at = ['1s', '10.2s'] } }]",
            "started",
            &["4.5 started 0 on f/0", "10.5 started on f/0", "13.5 started 1 on f/0", "20.5 started on f/0"],
            &[],
        ),
        (
            "F§4.25 but not while some of its own cannot, in no lane",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '3s', polling_phase = '500ms', parallelization_factor = 2, tumbling_window = '10s', arrivals = { at = ['1s', '1s', '1s', '1s', '1s', '1s', '7.2s', '9s', '9s', '9s', '9s', '9s', '9s'] } }]
             drain = '1500ms'",
            "started",
            &["4.5 started 0..3 on f/0", "4.5 started 4..5 on f/1", "10.5 started 6 on f/1"],
            &[],
        ),
        (
            "F§4.25 the run ends with the final call of its last window",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '500ms', tumbling_window = '10s', arrivals = { at = ['1s', '11s'] } }]",
            "started",
            &["1.5 started 0 on f/0", "10.5 started on f/0", "11.5 started 1 on f/0", "20.5 started on f/0"],
            &[("functions.f.invocations", 4.0), ("ended_at_s", 20.5)],
        ),
        (
            "F§4.25 a window is not over while a record of it is on its way",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '3s', polling_phase = '500ms', tumbling_window = '10s', arrivals = { at = ['1s', '9s'] } }]",
            "started",
            &["4.5 started 0 on f/0", "12.5 started 1 on f/0", "12.5 started on f/0"],
            &[],
        ),
        (
            "F§4.25 a width of 0 is none",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '500ms', tumbling_window = '0s', arrivals = { at = ['1s'] } }]",
            "started",
            &["1.5 started 0 on f/0"],
            &[("functions.f.invocations", 1.0)],
        ),
        (
            "F§4.25 a record lies in the window it was written in, though that was before the run",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '500ms', tumbling_window = '30s', backlog = { events = 3, age = '10m' }, arrivals = { at = ['5s'] } }]",
            "started",
            &["0.5 started 0..2 on f/0", "0.5 started on f/0", "5.5 started 3 on f/0", "30.5 started on f/0"],
            &[],
        ),
        (
            "F§4.25 a final call that fails for ever holds its lane up, and what waits behind it expires on time",
            "drain = '25h'
             function.f = { duration = '0s', init_duration = '0s', error_rate = 1 }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', tumbling_window = '10s', backlog = { events = 1, age = '23h59m50s' }, arrivals = { at = ['12s'] } }]",
            "expired",
            &["10 expired 0", "86412 expired 1"],
            &[],
        ),
        (
            "F§4.20 LATEST reads nothing of what lies in the stream already",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ propagation = '0s', polling_phase = '0s', starting_position = 'LATEST', backlog = { events = 9 }, arrivals = { at = ['1s'] } }]",
            "started",
            &["1 started 0 on f/0"],
            &[("sources.kinesis.events", 1.0)],
        ),
        (
            "F§4.17 AT_TIMESTAMP reads what was written at that instant or later",
            "start = '2026-01-05T12:00:00Z'
             function.f = { duration = '0s' }
             source.kinesis = [
                { name = 'reaches', polling_phase = '0s', starting_position = 'AT_TIMESTAMP', starting_position_timestamp = '2026-01-05T11:00:00Z', backlog = { events = 3, age = '1h' } },
                { name = 'misses', polling_phase = '0s', starting_position = 'AT_TIMESTAMP', starting_position_timestamp = '2026-01-05T11:00:00Z', backlog = { events = 3, age = '61m' } },
             ]",
            "",
            &[],
            &[("sources.reaches.processed", 3.0), ("sources.misses.events", 0.0)],
        ),
    ]);
}

#[test]
fn streams() {
    hold(&[
        (
            "F§4.6 enhanced fan-out: 70 ms after the write, whenever that is",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ enhanced_fan_out = true, arrivals = { at = ['100ms', '123ms'] } }]",
            "started",
            &["0.17 started 0 on f/0", "0.193 started 1 on f/0"],
            &[("sources.kinesis.latency_parts_ms.poll", 0.0), ("sources.kinesis.latency_parts_ms.delivery", 70.0)],
        ),
        (
            "F§4.1 two mappings on one stream: each has its own copy of every event, and its own function",
            "function.f = { duration = '0s', init_duration = '0s' }
             function.g = { duration = '1s', init_duration = '0s' }
             source.kinesis = [
                { name = 'a', target = 'f', polling_phase = '0s', propagation = '0s', arrivals = { at = ['1s', '1s'] } },
                { name = 'b', target = 'g', polling_phase = '500ms', propagation = '0s', stream = 'a' },
             ]",
            "emitted started",
            &["1 emitted a:0", "1 emitted a:1", "1 emitted b:0", "1 emitted b:1", "1 started a:0..1 on f/0", "1.5 started b:0..1 on g/0"],
            &[("sources.a.processed", 2.0), ("sources.b.processed", 2.0)],
        ),
        (
            "F§4.5 a mapping that begins behind the backlog numbers its records from there, and they keep their keys and shards",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [
                { name = 'a', shard_count = 4, partition_keys = 7, polling_phase = '0s', propagation = '0s', backlog = { events = 3 }, arrivals = { at = ['1s', '1s', '1s', '1s'] } },
                { name = 'b', starting_position = 'LATEST', polling_phase = '0s', propagation = '0s', stream = 'a' },
             ]",
            "started",
            &[
                "0 started a:0..2 on f/0",
                "1 started a:3 on f/0",
                "1 started a:4..6 on f/0",
                "1 started b:0 on f/0",
                "1 started b:1..3 on f/0",
            ],
            &[],
        ),
        (
            "F§4.6 consumers that share a stream get its records later: 200 ms for each",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [
                { name = 'a', polling_phase = '0s', arrivals = { at = ['1s'] } },
                { name = 'b', polling_phase = '0s', stream = 'a' },
             ]",
            "",
            &[],
            &[("sources.a.latency_parts_ms.delivery", 400.0), ("sources.b.latency_parts_ms.delivery", 400.0)],
        ),
        (
            "F§12.1 of DynamoDB Streams no such growth is known",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [
                { name = 'a', polling_phase = '0s', arrivals = { at = ['1s'] } },
                { name = 'b', polling_phase = '0s', stream = 'a' },
             ]",
            "",
            &[],
            &[("sources.a.latency_parts_ms.delivery", 90.0), ("sources.b.latency_parts_ms.delivery", 90.0)],
        ),
        (
            "F§4.1 five polls a second of a shard are shared: the sixth consumer waits for one",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [
                { name = 'a', polling_phase = '0s', propagation = '0s', backlog = { events = 1 } },
                { name = 'b', polling_phase = '0s', propagation = '0s', stream = 'a' },
                { name = 'c', polling_phase = '0s', propagation = '0s', stream = 'a' },
                { name = 'd', polling_phase = '0s', propagation = '0s', stream = 'a' },
                { name = 'e', polling_phase = '0s', propagation = '0s', stream = 'a' },
                { name = 'f', polling_phase = '0s', propagation = '0s', stream = 'a' },
             ]",
            "processed",
            &[
                "0 processed a:0",
                "0 processed b:0",
                "0 processed c:0",
                "0 processed d:0",
                "0 processed e:0",
                "0.2 processed f:0",
            ],
            &[],
        ),
        (
            "F§5.1, F§5.3 two readers of a DynamoDB shard do not get in each other's way",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.dynamodb = [
                { name = 'a', polling_phase = '0s', propagation = '0s', arrivals = { at = ['10ms', '260ms', '510ms', '760ms', '1010ms', '1260ms', '1510ms', '1760ms', '2010ms', '2260ms', '2510ms', '2760ms'] } },
                { name = 'b', polling_phase = '0s', propagation = '0s', stream = 'a' },
             ]",
            "",
            &[],
            &[("sources.a.latency_parts_ms.poll", 240.0), ("sources.b.latency_parts_ms.poll", 240.0)],
        ),
        (
            "F§4.8 resharding: a child is read when its parents were read to their end",
            "function.f = { duration = '0s', init_duration = '0s', duration_per_record = '10s', timeout = '15m' }
             source.kinesis = [{ polling_phase = '0s', propagation = '0s', batch_size = 1, reshard = [{ at = '1s', shard_count = 2 }], arrivals = { at = ['0s', '500ms', '1s'] } }]",
            "started",
            &["0 started 0 on f/0", "10 started 1 on f/0", "20 started 2 on f/0"],
            &[],
        ),
        (
            "F§4.1 a shard takes 1,000 records a second; a producer that is refused tries again",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', propagation = '0s', batch_size = 10000, arrivals = { bursts = { size = 1500, every = '1m' } } }]
             duration = '30s'",
            "dropped",
            &[],
            &[("sources.kinesis.events", 1500.0), ("sources.kinesis.processed", 1500.0)],
        ),
        (
            "contract: a record that a producer cannot hand over is dropped",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', propagation = '0s', write_retry = { attempts = 1 }, arrivals = { bursts = { size = 1500, every = '1m' } } }]
             duration = '30s'",
            "",
            &[],
            &[("sources.kinesis.dropped", 500.0), ("sources.kinesis.processed", 1000.0)],
        ),
        (
            "F§4.1 or 1 MB a second: three records of 400 KiB at once are one too many",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ polling_phase = '0s', propagation = '0s', payload_size = '400KiB', write_retry = { attempts = 1 }, arrivals = { at = ['0s', '0s', '0s'] } }]",
            "dropped",
            &["0 dropped 2"],
            &[],
        ),
        (
            "F§4.7 an on-demand stream of 4 shards takes 4,000 records a second",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ on_demand = true, propagation = '0s', write_retry = { attempts = 1 }, arrivals = { constant = { rate = 3000.0 } } }]
             duration = '10s'",
            "dropped",
            &[],
            &[("sources.kinesis.processed", 30_000.0)],
        ),
    ]);
}

/// Of a shard that takes one record a second, the three that follow at intervals of 2/7 s are refused: it takes one of 3 + n of
/// the records that n shards share, and all of them together n in 3 + n.
#[test]
fn an_on_demand_stream_grows_to_twice_its_rate() {
    for (keys, length, shards) in [
        ("", 900.0, [4.0, 7.0, 7.0]),
        // At most a split of every shard at a time.
        ("on_demand_growth = { period = '10m', factor = 3 },", 600.0, [4.0, 8.0, 11.0]),
    ] {
        let rows = facts(
            &format!(
                "duration = '45m'
                 function.f = {{ duration = '0s', init_duration = '0s' }}
                 source.kinesis = [{{ on_demand = true, {keys} payload_size = '1MB', write_retry = {{ attempts = 1 }}, arrivals = {{ constant = {{ rate = 3.5 }} }} }}]"
            ),
            1,
        );
        for (period, shards) in shards.into_iter().enumerate() {
            let dropped = rows.iter().filter(|row| row.fact == "dropped" && (row.time / length) as usize == period);
            let got = dropped.map(|row| row.n_events.unwrap_or(0)).sum::<u64>() as f64 / (3.5 * length);
            let want = 3.0 / (3.0 + shards);
            assert!(
                (got - want).abs() < 0.03,
                "{keys} period {period}: {got} of the records refused, not {want} as by {shards} shards"
            );
        }
    }
}

/// F§4.7: the load of an on-demand stream is what producers write; four shards mean four batches at once.
#[test]
fn what_an_on_demand_stream_counts() {
    for (rule, keys) in [
        (
            "a record that is tried again counts once",
            "on_demand_growth = { period = '1m', factor = 1 }, arrivals = { constant = { rate = 4.0 } }",
        ),
        (
            "what lay there before counts not at all",
            "on_demand_growth = { period = '1m' }, backlog = { events = 600 }, arrivals = { constant = { rate = 1.0 } }",
        ),
    ] {
        let text = format!(
            "duration = '5m'
             function.f = {{ duration = '10s', timeout = '1m', init_duration = '0s' }}
             source.kinesis = [{{ on_demand = true, payload_size = '1MB', {keys} }}]"
        );
        assert_eq!(summary(&text, 1).get("functions.f.concurrent_executions.max"), 4.0, "{rule}");
    }
}

#[test]
fn kafka() {
    hold(&[
        (
            "F§7.3 the batching window of 500 ms opens with the first record",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.msk = [{ arrivals = { at = ['100ms', '400ms', '700ms'] } }]",
            "started",
            &["0.6 started 0..1 on f/0", "1.2 started 2 on f/0"],
            &[],
        ),
        (
            "F§7.1 one consumer at first: a batch at a time for all partitions; while records wait their number doubles each minute",
            "function.f = { duration = '40s', timeout = '1m', init_duration = '0s' }
             source.msk = [{ partitions = 4, maximum_batching_window = '0s', batch_size = 1, partition_keys = 1000, backlog = { events = 60 } }]",
            "",
            &[],
            &[("functions.f.concurrent_executions.max", 4.0), ("sources.msk.processed", 60.0)],
        ),
        (
            "F§7.4 offsets are committed in order: a failed batch blocks its partition",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.msk = [{ maximum_batching_window = '0s', batch_size = 1, poison = [{ event = 0, times = 2 }], backlog = { events = 2 } }]",
            "started",
            &["0 started 0 on f/0", "0.25 started 0 try 2 on f/0", "0.75 started 0 try 3 on f/0", "0.75 started 1 on f/0"],
            &[],
        ),
        (
            "F§7.4 in provisioned mode with a destination and no number of retries: ten",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.msk = [{ maximum_batching_window = '0s', poison = [0], provisioned_pollers = { minimum = 1 }, on_failure = 'sqs', backlog = { events = 1 } }]",
            "delivered_to_destination",
            &["183.75 delivered_to_destination 0 try 11 RetryAttemptsExhausted x11"],
            &[("functions.f.invocations", 11.0)],
        ),
        (
            "contract: one more mapping on a topic has its own function and its own copy of every message",
            "function.f = { duration = '1s', init_duration = '0s' }
             function.g = { duration = '0s', init_duration = '0s' }
             source.msk = [
                { name = 'a', target = 'f', partitions = 3, partition_keys = 1, maximum_batching_window = '0s', backlog = { events = 2 } },
                { name = 'b', target = 'g', maximum_batching_window = '0s', batch_size = 1, stream = 'a' },
             ]",
            "started",
            &["0 started a:0..1 on f/0", "0 started b:0 on g/0", "0 started b:1 on g/0"],
            &[],
        ),
        (
            "contract: polling_phase is when the first records are read, where they are pushed, too",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ name = 'a', enhanced_fan_out = true, propagation = '0s', polling_phase = '5s', arrivals = { at = ['1s', '6s'] } }]
             source.msk = [{ name = 'b', maximum_batching_window = '0s', polling_phase = '3s', arrivals = { at = ['1s', '6s'] } }]
             source.sqs = [{ name = 'c', polling_phase = '4s', arrivals = { at = ['1s', '6s'] } }]",
            "started",
            &[
                "3 started b:0 on f/0",
                "4 started c:0 on f/0",
                "5 started a:0 on f/0",
                "6 started c:1 on f/0",
                "6 started a:1 on f/0",
                "6 started b:1 on f/0",
            ],
            &[("sources.c.latency_parts_ms.poll", 1_500.0)],
        ),
        (
            "F§7.2 a provisioned poller has up to five calls in flight",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.msk = [{ partitions = 100, maximum_batching_window = '0s', batch_size = 1, provisioned_pollers = { minimum = 1, maximum = 1 }, backlog = { events = 200 } }]",
            "",
            &[],
            &[("functions.f.concurrent_executions.max", 5.0)],
        ),
        (
            "F§7.2 and reads 5 MB a second: of what it may read, up to two seconds' worth at once",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.msk = [{ maximum_batching_window = '0s', payload_size = '1MB', provisioned_pollers = { minimum = 1, maximum = 1 }, backlog = { events = 25 } }]",
            "started",
            &[
                "0 started 0..3 on f/0",
                "0 started 4..7 on f/0",
                "0 started 8..9 on f/0",
                "2 started 10..13 on f/0",
                "2 started 14..17 on f/0",
                "2 started 18..19 on f/0",
                "4 started 20..23 on f/0",
                "4 started 24 on f/0",
            ],
            &[],
        ),
        (
            "F§7.2 in on-demand mode no throughput is documented",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.msk = [{ maximum_batching_window = '0s', payload_size = '1MB', backlog = { events = 25 } }]",
            "",
            &[],
            &[("sources.msk.latency_ms.max", 0.0)],
        ),
        (
            "F§7.1 how many consumers are added is the scenario's to set: one, two after a minute, not four",
            "function.f = { duration = '5m', timeout = '15m', init_duration = '0s' }
             source.msk = [{ partitions = 8, consumer_scaling = { factor = 1.5 }, maximum_batching_window = '0s', batch_size = 1, partition_keys = 1000, backlog = { events = 60 } }]
             drain = '130s'
             duration = '1s'",
            "",
            &[],
            &[("functions.f.concurrent_executions.max", 3.0)],
        ),
    ]);
}

/// F§7.1: two of four consumers are throttled in every second minute, after which half of them are left for one.
#[test]
fn throttled_consumers_of_kafka_become_fewer() {
    let minutes = |keys: &str| {
        let text = format!(
            "duration = '1s'
             drain = '9m'
             function.f = {{ duration = '50s', timeout = '1m', init_duration = '0s', reserved_concurrent_executions = 2 }}
             source.msk = [{{ partitions = 8, partition_keys = 1000, maximum_batching_window = '0s', batch_size = 1, {keys}
                retry_backoff = {{ base = '10s', cap = '10s' }}, backlog = {{ events = 200 }} }}]"
        );
        let throttled = facts(&text, 1).into_iter().filter(|row| row.fact == "throttled");
        // At the very end of a minute some are throttled before the lag is looked at, others after.
        let within = throttled.map(|row| row.nanos).filter(|nanos| !nanos.is_multiple_of(60_000_000_000));
        within.map(|nanos| nanos / 60_000_000_000).collect::<BTreeSet<_>>()
    };
    assert_eq!(minutes(""), BTreeSet::from([2, 4, 6, 8]));
    assert_eq!(minutes("provisioned_pollers = {},"), (0..9).collect(), "provisioned pollers stay");
}

/// So many mappings on one stream, all of them with `keys`, the first with those of the stream.
fn mappings(kind: &str, count: usize, first: &str, keys: &str) -> String {
    let more = |number: usize| format!("{{ name = 's{number:02}', stream = 's01', {keys} }}");
    format!(
        "function.f = {{ duration = '0s', init_duration = '0s' }}
         source.{kind} = [{{ name = 's01', backlog = {{ events = 1 }}, {first} {keys} }}, {}]",
        (2..=count).map(more).collect::<Vec<_>>().join(", ")
    )
}

/// F§5.3: a shard is made for two readers, each of which may poll it so often.
#[test]
fn how_often_a_shard_of_dynamodb_is_polled_is_the_scenarios_to_set() {
    for (first, polls) in [("", 10), ("polls_per_second = 4,", 8)] {
        let rows = facts(&mappings("dynamodb", polls + 1, first, "propagation = '0s', polling_phase = '0s'"), 1);
        let times: Vec<f64> = rows.iter().filter(|row| row.fact == "processed").map(|row| row.time).collect();
        let late = 1.0 / polls as f64;
        assert_eq!((times[polls - 1], times[polls]), (0.0, late), "{first} {polls} polls a second");
    }
}

/// F§4.6: 20 consumers with enhanced fan-out for a stream.
#[test]
fn consumers_of_a_stream_with_enhanced_fan_out() {
    crate::support::read(&mappings("kinesis", 20, "", "enhanced_fan_out = true"));
    crate::support::read(&mappings("kinesis", 21, "", ""));
    let refused = crate::support::refusal(&mappings("kinesis", 21, "", "enhanced_fan_out = true"));
    assert_eq!(refused.matches("error: ").count(), 1, "{refused}");
    assert!(refused.contains("`s01` has 20 consumers with enhanced fan-out"), "{refused}");
}

/// F§7.2: partitions that share a poller take turns, so that each waits for its share of 5 MB a second.
#[test]
fn partitions_of_one_poller_take_turns() {
    let rows = facts(
        "function.f = { duration = '0s', init_duration = '0s' }
         source.msk = [{ partitions = 3, partition_keys = 300, maximum_batching_window = '0s', payload_size = '1MB', provisioned_pollers = { minimum = 1, maximum = 1 }, backlog = { events = 90 } }]",
        1,
    );
    for (turn, at) in [0.0, 2.0, 4.0].into_iter().enumerate() {
        let read = rows.iter().filter(|row| row.fact == "processed" && row.time == at);
        let (first, count) = read.fold((u64::MAX, 0), |(first, count), row| {
            (first.min(row.first_event.unwrap()), count + row.n_events.unwrap())
        });
        assert!(
            first < 10 && count == 10,
            "turn {turn}: {count} records from number {first} on, not the first ten of a partition"
        );
    }
}

/// F§7.1: consumers that have nothing to read become fewer, so that a second burst starts as the first did.
#[test]
fn idle_consumers_of_kafka_become_fewer() {
    let rows = facts(
        "duration = '31m'
         function.f = { duration = '40s', timeout = '1m', init_duration = '0s' }
         source.msk = [{ partitions = 4, propagation = '0s', maximum_batching_window = '0s', batch_size = 1, partition_keys = 1000, arrivals = { bursts = { size = 60, every = '29.5m' } } }]",
        1,
    );
    let started = |at: f64| rows.iter().filter(|row| row.fact == "started" && row.time == at).count();
    assert_eq!((started(0.0), started(1_770.0)), (1, 1), "at the start of each burst");
    assert!((120..1_770).any(|at| started(f64::from(at)) == 3), "with more consumers in between");
}
