//! Minutes under CloudWatch's names, and the two traps of its documentation: errors belong to the minute in which the call
//! started, and `Duration` leaves out the cold start.

use pushpull::report::series_csv;

use crate::support::outcome;

/// The values of a function's metric by minute.
fn series(text: &str, metric: &str, stat: &str) -> Vec<(u64, f64)> {
    series_of("functions.f", text, metric, stat)
}

/// The values of an owner's metric by minute.
fn series_of(owner: &str, text: &str, metric: &str, stat: &str) -> Vec<(u64, f64)> {
    let (scenario, outcome) = outcome(text, 1);
    let csv = series_csv(&outcome, &scenario.names());
    let rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    rows.filter(|row| row[1] == owner && row[2] == metric && row[3] == stat)
        .map(|row| (row[0].parse().unwrap(), row[4].parse().unwrap()))
        .collect()
}

#[test]
fn errors_are_stamped_at_the_start_of_the_call() {
    // 30 s to 120.5 s, 61 s to 151.5 s: the first ends in the third minute, and so does the second.
    let text = "function.f = { duration = '90s', init_duration = '500ms', timeout = '5m', error_rate = 1.0 }
                source.invoke = [{ arrivals = { at = ['30s', '61s'] } }]
                duration = '4m'";
    let errors = |text: &str| -> Vec<_> {
        series(text, "Errors", "Sum").into_iter().filter(|(_, errors)| *errors > 0.0).collect()
    };
    assert_eq!(errors(text), [(0, 1.0), (60, 1.0)]);
    let within = "function.f = { duration = '1s', error_rate = 1.0 }
                  source.invoke = [{ arrivals = { at = ['70s', '80s'] } }]
                  duration = '2m'";
    assert_eq!(errors(within), [(60, 2.0)]);
}

#[test]
fn duration_leaves_out_the_cold_start_and_belongs_to_the_end() {
    let text = "function.f = { duration = '90s', init_duration = '5s', timeout = '5m' }
                source.invoke = [{ arrivals = { at = ['30s'] } }]
                duration = '4m'";
    assert_eq!(series(text, "Duration", "Average"), [(120, 90_000.0)]);
    assert_eq!(series(text, "Duration", "Maximum"), [(120, 90_000.0)]);
}

#[test]
fn ages_of_queued_events_and_provisioned_concurrency() {
    let text = "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '2s', maximum_retry_attempts = 1 } }
                source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s', '10s'] } }]
                duration = '2m'";
    // Tries 2 s after acceptance, and 63 s after it.
    assert_eq!(series(text, "AsyncEventAge", "Average"), [(0, 2_000.0), (60, 63_000.0)]);
    assert_eq!(series(text, "AsyncEventAge", "Maximum"), [(0, 2_000.0), (60, 63_000.0)]);
    let text = "function.f = { duration = '1s', init_duration = '0s', provisioned_concurrent_executions = 2, provisioned_allocation = '1m' }
                source.invoke = [{ arrivals = { bursts = { size = 3, every = '1m' } } }]
                duration = '3m'";
    let (provisioned, spillover) = ("ProvisionedConcurrencyInvocations", "ProvisionedConcurrencySpilloverInvocations");
    assert_eq!(series(text, provisioned, "Sum"), [(60, 2.0), (120, 2.0)]);
    assert_eq!(series(text, spillover, "Sum"), [(60, 1.0), (120, 1.0)]);
}

/// F§9: concurrency by where it comes from. Of six invocations at once, three of a function with a reserve, two on provisioned
/// concurrency and one that it had no room for.
#[test]
fn concurrency_by_where_it_comes_from() {
    let text = "function.reserved = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 20 }
                function.f = { duration = '1s', init_duration = '0s', provisioned_concurrent_executions = 2, provisioned_allocation = '1m' }
                source.invoke = [
                    { name = 'a', target = 'reserved', arrivals = { bursts = { size = 3, every = '1m' } } },
                    { name = 'b', target = 'f', arrivals = { bursts = { size = 3, every = '1m' } } },
                ]
                duration = '3m'";
    for (owner, metric, want) in [
        ("account", "ConcurrentExecutions", [6.0, 6.0, 6.0]),
        ("account", "UnreservedConcurrentExecutions", [3.0, 1.0, 1.0]),
        ("account", "ClaimedAccountConcurrency", [25.0, 23.0, 23.0]),
    ] {
        let got: Vec<f64> = series_of(owner, text, metric, "Maximum").iter().map(|(_, value)| *value).collect();
        assert_eq!(got, want, "{metric}");
    }
    assert_eq!(series(text, "ProvisionedConcurrentExecutions", "Maximum"), [(60, 2.0), (120, 2.0)]);
    assert_eq!(series(text, "ProvisionedConcurrencyUtilization", "Maximum"), [(60, 1.0), (120, 1.0)]);
    let without = "function.f = { duration = '1s', init_duration = '0s' }
                   source.invoke = [{ arrivals = { bursts = { size = 3, every = '1m' } } }]
                   duration = '1m'";
    for metric in ["UnreservedConcurrentExecutions", "ClaimedAccountConcurrency"] {
        assert_eq!(series_of("account", without, metric, "Maximum"), [(0, 3.0)], "{metric}");
    }
}

/// F§9: "in use / configured", a point a minute, also in minutes in which no call starts.
#[test]
fn provisioned_concurrency_in_use_by_one_long_call() {
    let text = "function.f = { duration = '200s', timeout = '5m', init_duration = '0s', provisioned_concurrent_executions = 2, provisioned_allocation = '0s' }
                source.invoke = [{ arrivals = { at = ['10s'] } }]
                duration = '4m'";
    assert_eq!(
        series(text, "ProvisionedConcurrencyUtilization", "Maximum"),
        [(0, 0.5), (60, 0.5), (120, 0.5), (180, 0.5)]
    );
}

/// A run that ends within a minute: means are those of the part that was simulated, and a minute of which nothing was has no row
/// unless something happened at its first instant.
#[test]
fn the_last_minute() {
    let text = |duration: &str, at: &str| {
        format!(
            "function.f = {{ duration = '15s', timeout = '1m', init_duration = '0s' }}
             source.invoke = [{{ arrivals = {{ at = ['{at}'] }} }}]
             duration = '{duration}'"
        )
    };
    let (half, whole, end) = (text("90s", "60s"), text("60s", "0s"), text("60s", "45s"));
    assert_eq!(series(&half, "Environments", "Average"), [(60, 1.0)]);
    assert_eq!(series(&half, "ConcurrentExecutions", "Average"), [(60, 0.5)]);
    assert_eq!(series(&whole, "Environments", "Maximum"), [(0, 1.0)]);
    // It ends at 60 s.
    assert_eq!(series(&end, "Duration", "Average"), [(60, 15_000.0)]);
    assert_eq!(series(&end, "ConcurrentExecutions", "Average"), [(0, 0.25)]);
}

/// F§9: what a stopped loop drops, apart from other drops.
#[test]
fn recursive_invocations() {
    let dropped = |keys: &str, metric: &str| -> f64 {
        let text = format!(
            "function.f = {{ duration = '1s', init_duration = '0s', {keys} }}
             source.invoke = [{{ invocation_type = 'Event', arrivals = {{ at = ['0s'] }} }}]"
        );
        series(&text, metric, "Sum").iter().map(|(_, count)| count).sum()
    };
    let (recursive, all) = ("RecursiveInvocationsDropped", "AsyncEventsDropped");
    let keys = "event_invoke_config = { on_success = 'lambda:f' }";
    assert_eq!((dropped(keys, recursive), dropped(keys, all)), (1.0, 1.0));
    let keys = "error_rate = 1.0";
    assert_eq!((dropped(keys, recursive), dropped(keys, all)), (0.0, 1.0));
}

/// F§9: the counts of mappings; retries count again, and a failure belongs to the minute in which its call ended.
#[test]
fn counts_of_mappings() {
    let stream = "function.f = { duration = '40s', timeout = '1m', init_duration = '0s' }
                  source.kinesis = [{ polling_phase = '0s', batch_size = 4, poison = [1], maximum_retry_attempts = 1, filter_pass_rate = 0.5, backlog = { events = 40 } }]
                  duration = '30m'";
    let sum =
        |metric: &str| series_of("sources.kinesis", stream, metric, "Sum").iter().map(|(_, count)| count).sum::<f64>();
    let (scenario, run) = outcome(stream, 1);
    let json = pushpull::metrics::Summary::new(&scenario, 1, &run).to_json();
    let figure = |name: &str| json["sources"]["kinesis"][name].as_f64().unwrap();
    assert_eq!(sum("PolledEventCount"), 40.0);
    assert_eq!(sum("FilteredOutEventCount"), figure("filtered"));
    assert_eq!(sum("InvokedEventCount"), figure("deliveries"));
    assert_eq!(sum("DroppedEventCount"), figure("dropped"));
    assert_eq!(sum("FailedInvokeEventCount"), 2.0 * figure("dropped"), "each of its two tries failed");
    let failed = series_of("sources.kinesis", stream, "FailedInvokeEventCount", "Sum");
    assert_eq!(failed.iter().map(|(minute, _)| *minute).collect::<Vec<_>>(), [0, 60], "at 40 s and 80.25 s");
    let queue = "function.f = { duration = '1s', init_duration = '0s' }
                 source.sqs = [{ poison = [2], max_receive_count = 1, backlog = { events = 3 } }]";
    let sum = |metric: &str| series_of("sources.sqs", queue, metric, "Sum").iter().map(|(_, count)| count).sum::<f64>();
    assert_eq!(
        (sum("DeletedEventCount"), sum("OnFailureDestinationDeliveredEventCount")),
        (0.0, 0.0),
        "SQS moves them"
    );
    let push = "function.f = { duration = '1s' }
                source.s3 = [{ arrivals = { at = ['0s'] } }]";
    assert!(series_of("sources.s3", push, "InvokedEventCount", "Sum").is_empty(), "no mapping");
}
