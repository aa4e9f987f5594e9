//! Push services, their callers and the handlers that they call.

use crate::support::{outcome, summary_and_facts};

use super::{NULL, hold};

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
            "§6 emission covers [0, duration): a match at instant 0 is one, a match at the end is not",
            "duration = '30m'
             function.f = { duration = '1s' }
             source.cloudwatch_events = [{ schedule = 'cron(0/15 * * * ? *)' }]",
            "emitted",
            &["0 emitted 0", "900 emitted 1"],
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
            "F§8.13 what clients of API Gateway are answered: 429 by its own limit, 500 where Lambda refuses, 502 for a function error",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.api_gateway = [{ overhead = '0s', throttle = { rate = 0.1, burst = 4 }, poison = [2], arrivals = { at = ['0s', '500ms', '2s', '4s', '5s'] } }]",
            "rejected",
            &["0.5 rejected 1", "3 rejected 2", "5 rejected 4"],
            &[
                ("sources.api_gateway.answers.200", 2.0),
                ("sources.api_gateway.answers.429", 1.0),
                ("sources.api_gateway.answers.500", 1.0),
                ("sources.api_gateway.answers.502", 1.0),
                ("sources.api_gateway.answers.504", 0.0),
            ],
        ),
        (
            "F§8.13 and 504 without an answer in time; of several tries the last one counts",
            "function.f = { duration = '1s', init_duration = '0s' }
             source.api_gateway = [{ overhead = '0s', integration_timeout = '500ms', client_retry = { attempts = 2 }, arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("sources.api_gateway.answers.504", 1.0), ("sources.api_gateway.answers.200", 0.0)],
        ),
        (
            "F§1.2, F§1.6, F§1.7 what callers of Lambda itself are answered; a function error is 200",
            "account.service_outages = [{ from = '10s', to = '11s' }]
             function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1 }
             source.invoke = [
                { name = 'a', poison = [0], arrivals = { at = ['0s', '500ms', '10s'] } },
                { name = 'b', payload_size = '7MiB', arrivals = { at = ['0s'] } },
                { name = 'c', permission = false, arrivals = { at = ['0s'] } },
                { name = 'd', invocation_type = 'DryRun', arrivals = { at = ['0s'] } },
                { name = 'e', invocation_type = 'Event', arrivals = { at = ['0s'] } },
             ]",
            "",
            &[],
            &[
                ("sources.a.answers.200", 1.0),
                ("sources.a.answers.429", 1.0),
                ("sources.a.answers.500", 1.0),
                ("sources.b.answers.413", 1.0),
                ("sources.c.answers.403", 1.0),
                ("sources.d.answers.204", 1.0),
                ("sources.e.answers.202", NULL),
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
            "F§8.17 a resource whose call is denied has failed at once, not after an hour",
            "function.f = { duration = '1s' }
             source.cloudformation = [{ permission = false, arrivals = { at = ['0s'] } }]",
            "denied dropped",
            &["0 denied 0", "0 dropped 0"],
            &[("sources.cloudformation.response_ms.max", 0.0)],
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

/// F§12.1: SNS from the producer to the handler, 73, 125 and 225 ms measured at the median, 90th and 99th percentile; F§13: one S3
/// notification in 10,000 takes a minute and more.
#[test]
fn ways_to_lambda_where_the_scenario_does_not_say() {
    let run = |kind: &str, rate: u32| {
        let text = format!(
            "duration = '1000s'
             account.concurrent_executions = 'unlimited'
             function.f = {{ duration = '0s', init_duration = '0s' }}
             source.{kind} = [{{ arrivals = {{ constant = {{ rate = {rate} }} }} }}]"
        );
        outcome(&text, 1).1
    };
    let sns = run("sns", 100);
    for (quantile, want) in [(0.5, 73.0), (0.9, 125.0), (0.99, 225.0)] {
        let got = sns.sources[0].latency.quantile_ms(quantile).unwrap_or_default();
        assert!((got / want - 1.0).abs() < 0.05, "SNS, quantile {quantile}: {got} ms for {want}");
    }
    // Of a million events 100, give or take 30: three standard deviations.
    let late = run("s3", 1000).sources[0].latency.quantiles_ms([0.999_870, 0.999_930]);
    assert!(late[0] < 60_000.0 && late[1] >= 60_000.0, "S3: {late:?} ms");
}
