//! What happens first at one instant, what is counted when, what a latency is made of, how facts belong together.

use std::collections::BTreeMap;

use crate::support::{facts, summary};

use super::{NULL, hold, unbalanced};

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
    /// The first and last events of each row of one kind of fact.
    type Runs = Vec<(u64, u64)>;
    let mut batches: BTreeMap<u64, BTreeMap<&str, Runs>> = BTreeMap::new();
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
