//! Asynchronous events: the queue, its retries, destinations.

use super::{NULL, hold};

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
            "F§3.8 an event may be too old before it is ever tried",
            "function.f = { duration = '1s', event_invoke_config = { queue_delay = '60s', maximum_event_age = '60s', on_failure = 'sqs' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "accepted started delivered_to_destination dead_lettered",
            &["0 accepted 0", "60 dead_lettered 0 EventAgeExceeded x0", "60 delivered_to_destination 0 EventAgeExceeded x0"],
            &[("functions.f.invocations", 0.0), ("functions.f.async_events_dropped", 1.0)],
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
            "F§3.3 the factor of these waits is the scenario's to set, their ends are not",
            "function.f = { duration = '15m', timeout = '15m', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s', throttle_backoff_factor = 3 } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['0s'] } },
                 { name = 'b', invocation_type = 'Event', arrivals = { at = ['0s'] } },
             ]",
            "throttled",
            &[
                "0 throttled b:0",
                "1 throttled b:0 try 2",
                "4 throttled b:0 try 3",
                "13 throttled b:0 try 4",
                "40 throttled b:0 try 5",
                "121 throttled b:0 try 6",
                "364 throttled b:0 try 7",
                "664 throttled b:0 try 8",
            ],
            &[],
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
