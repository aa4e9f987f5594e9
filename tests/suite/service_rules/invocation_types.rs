//! How a function is called, and what Lambda answers.

use super::{NULL, hold};

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
