//! Senders: what services do with events that Lambda does not accept, events that come twice, and functions that send to functions.

use crate::support::{refusal, summary, summary_and_facts};

use super::{NULL, hold};

/// 403 and 413 are the caller's mistakes, 500 is not.
#[test]
fn services_that_try_again() {
    hold(&[
        (
            "F§8.1 SNS: three tries at once, two a second apart, then exponentially",
            "account.service_outages = [{ from = '0s', to = '7s' }]
             function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.sns = [{ delivery = '0s', arrivals = { at = ['0s'] } }]",
            "unavailable accepted processed",
            &[
                "0 unavailable 0",
                "0 unavailable 0 try 2",
                "0 unavailable 0 try 3",
                "1 unavailable 0 try 4",
                "2 unavailable 0 try 5",
                "3 unavailable 0 try 6",
                "4.395 unavailable 0 try 7",
                "6.341 unavailable 0 try 8",
                "9.055 accepted 0 try 9",
                "10.055 processed 0 Success x1",
            ],
            &[
                ("sources.sns.latency_parts_ms.delivery", 9_055.0),
                ("sources.sns.latency_parts_ms.retry", 0.0),
                ("functions.f.async_events_received", 1.0),
                ("functions.f.throttles", 0.0),
            ],
        ),
        (
            "F§8.1 the way to Lambda is taken once",
            "account.service_outages = [{ from = '0s', to = '1001ms' }]
             function.f = { duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.sns = [{ delivery = '1s', arrivals = { at = ['0s'] } }]",
            "unavailable retry_scheduled accepted",
            &[
                "1 unavailable 0",
                "1 retry_scheduled 0",
                "1 unavailable 0 try 2",
                "1 retry_scheduled 0 try 2",
                "1 unavailable 0 try 3",
                "1 retry_scheduled 0 try 3",
                "2 accepted 0 try 4",
            ],
            &[],
        ),
        (
            "F§8.1 100,015 tries over 23 days, then the message is lost",
            "drain = '600h'
             account.service_outages = [{ from = '0s', to = '600h' }]
             function.f = { duration = '1s' }
             source.sns = [{ delivery = '0s', arrivals = { at = ['0s'] } }]",
            "accepted dropped",
            &["2000070.106 dropped 0 try 100015"],
            &[("functions.f.async_events_dropped", 0.0)],
        ),
        (
            "F§8.1 or goes to the subscription's dead-letter queue",
            "drain = '600h'
             account.service_outages = [{ from = '0s', to = '600h' }]
             function.f = { duration = '1s' }
             source.sns = [{ name = 'topic', delivery = '0s', dead_letter_queue = 'sqs', arrivals = { at = ['0s'] } }]",
            "accepted dropped dead_lettered delivered_to_destination",
            &["2000070.106 dead_lettered 0 try 100015", "2000070.106 delivered_to_destination 0 try 100015"],
            &[("destinations.topic.dead_letter_queue.messages", 1.0)],
        ),
        (
            "F§8.3 client errors are not tried again: the dead-letter queue gets the message at once",
            "function.f = { duration = '1s' }
             source.sns = [{ permission = false, delivery = '1s', dead_letter_queue = 'sqs', arrivals = { at = ['0s'] } }]",
            "unavailable denied dropped dead_lettered delivered_to_destination",
            &["1 denied 0", "1 dead_lettered 0", "1 delivered_to_destination 0"],
            &[("destinations.sns.dead_letter_queue.messages", 1.0)],
        ),
        (
            "§1 in flight while the sender waits, where the run ends before",
            "drain = '10s'
             account.service_outages = [{ from = '0s', to = '60s' }]
             function.f = { duration = '1s' }
             source.sns = [{ delivery = '0s', arrivals = { at = ['0s'] } }]",
            "accepted dropped",
            &[],
            &[("sources.sns.in_flight", 1.0), ("ended_at_s", 10.0)],
        ),
        (
            "F§3.3 an accepted event waits in Lambda's own queue, whose tries are throttles and not the sender's",
            "account.service_outages = [{ from = '1s', to = '3s' }]
             function.f = { duration = '0s', init_duration = '0s', event_invoke_config = { queue_delay = '1s' } }
             source.sns = [{ delivery = '0s', arrivals = { at = ['0s'] } }]",
            "unavailable accepted started",
            &["0 accepted 0", "1 unavailable 0", "2 unavailable 0 try 2", "4 started 0 try 3 on f/0"],
            &[("sources.sns.latency_parts_ms.delivery", 1_000.0), ("sources.sns.latency_parts_ms.throttled", 3_000.0)],
        ),
        (
            "F§8.1 each of a topic's exponential waits may have jitter, which does not add up: the tries at once and a second apart have none",
            "account.service_outages = [{ from = '0s', to = '2001ms' }]
             function.f = { duration = '1s', event_invoke_config = { queue_delay = '0s' } }
             source.sns = [{ delivery = '0s', retry_jitter = 1.0, arrivals = { at = ['0s'] } }]",
            "unavailable",
            &[
                "0 unavailable 0",
                "0 unavailable 0 try 2",
                "0 unavailable 0 try 3",
                "1 unavailable 0 try 4",
                "2 unavailable 0 try 5",
            ],
            &[],
        ),
        (
            "F§8.8 a rule's waits are the scenario's to set",
            "account.service_outages = [{ from = '0s', to = '20s' }]
             function.f = { duration = '1s' }
             source.cloudwatch_events = [{ delivery = '0s', retry_backoff = { base = '3s', cap = '7s' }, retry_jitter = 0, arrivals = { at = ['0s'] } }]",
            "unavailable accepted",
            &["0 unavailable 0", "3 unavailable 0 try 2", "9 unavailable 0 try 3", "16 unavailable 0 try 4", "23 accepted 0 try 5"],
            &[],
        ),
        (
            "F§8.4 and those of S3, which is taken to do the same",
            "account.service_outages = [{ from = '0s', to = '5s' }]
             function.f = { duration = '1s' }
             source.s3 = [{ delivery = '0s', retry_backoff = { base = '2s', cap = '1m' }, retry_jitter = 0, arrivals = { at = ['0s'] } }]",
            "unavailable accepted",
            &["0 unavailable 0", "2 unavailable 0 try 2", "6 accepted 0 try 3"],
            &[],
        ),
        (
            "F§8.17 and of CloudFormation",
            "account.service_outages = [{ from = '0s', to = '5s' }]
             function.f = { duration = '1s' }
             source.cloudformation = [{ retry_backoff = { base = '2s', cap = '1m' }, retry_jitter = 0, arrivals = { at = ['0s'] } }]",
            "unavailable accepted",
            &["0 unavailable 0", "2 unavailable 0 try 2", "6 accepted 0 try 3"],
            &[],
        ),
        (
            "F§8.8 a rule without retries: the event is lost",
            "account.service_outages = [{ from = '0s', to = '1s' }]
             function.f = { duration = '1s' }
             source.cloudwatch_events = [{ retry_policy = { maximum_retry_attempts = 0 }, delivery = '0s', arrivals = { at = ['0s'] } }]",
            "unavailable retry_scheduled accepted dropped",
            &["0 unavailable 0", "0 dropped 0"],
            &[],
        ),
        (
            "F§8.8 or in its dead-letter queue",
            "account.service_outages = [{ from = '0s', to = '1s' }]
             function.f = { duration = '1s' }
             source.cloudwatch_events = [{ retry_policy = { maximum_retry_attempts = 0 }, dead_letter_queue = 'sqs', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "unavailable retry_scheduled accepted dead_lettered delivered_to_destination",
            &["0 unavailable 0", "0 dead_lettered 0", "0 delivered_to_destination 0"],
            &[("destinations.cloudwatch_events.dead_letter_queue.messages", 1.0)],
        ),
        (
            "F§8.8 missing permission is not tried again",
            "function.f = { duration = '1s' }
             source.cloudwatch_events = [{ permission = false, dead_letter_queue = 'sqs', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "denied retry_scheduled dead_lettered",
            &["0 denied 0", "0 dead_lettered 0"],
            &[],
        ),
        (
            "F§1.7 who calls Invoke with Event has no sender behind it: the event is lost",
            "account.service_outages = [{ from = '0s', to = '1s' }]
             function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "unavailable retry_scheduled dropped",
            &["0 unavailable 0", "0 dropped 0"],
            &[],
        ),
        (
            "F§8.17 a stack whose call is never accepted waits as long as for one that is not answered",
            "account.service_outages = [{ from = '0s', to = '48h' }]
             drain = '48h'
             function.f = { duration = '1s' }
             source.cloudformation = [{ arrivals = { at = ['0s'] } }]",
            "accepted processed",
            &[],
            &[("sources.cloudformation.dropped", 1.0), ("sources.cloudformation.response_ms.max", 3_600_000.0)],
        ),
    ]);
}

/// The tries of one event: how many, and the last one's instant in seconds.
fn tries(kind: &str, keys: &str) -> (usize, f64) {
    let text = format!(
        "drain = '48h'
         account.service_outages = [{{ from = '0s', to = '48h' }}]
         function.f = {{ duration = '1s' }}
         source.{kind} = [{{ {keys} arrivals = {{ at = ['0s'] }} }}]"
    );
    let (figures, rows) = summary_and_facts(&text, 1);
    assert_eq!(figures.get(&format!("sources.{kind}.dropped")), 1.0, "{kind}: {keys}");
    let tries: Vec<f64> = rows.iter().filter(|row| row.fact == "unavailable").map(|row| row.time).collect();
    (tries.len(), tries.last().copied().unwrap_or(NULL))
}

/// F§8.8: 24 h and 185 retries by default; S3 and CloudFormation are taken to do the same.
#[test]
fn rules_try_again_for_a_day() {
    for (kind, keys) in [("cloudwatch_events", "delivery = '0s',"), ("s3", "delivery = '0s',"), ("cloudformation", "")]
    {
        let (count, last) = tries(kind, keys);
        assert_eq!(count, 186, "{kind}: 185 retries");
        assert!((86_155.0..86_400.0).contains(&last), "{kind}: the last at {last} s");
    }
    let rule = |policy: &str| tries("cloudwatch_events", &format!("delivery = '0s', retry_policy = {{ {policy} }},"));
    assert_eq!(rule("maximum_retry_attempts = 4").0, 5, "F§8.8 maximum_retry_attempts");
    let (count, last) = rule("maximum_event_age = '60s'");
    assert!((6..=7).contains(&count) && last < 60.0, "F§8.8 maximum_event_age: {count} tries, the last at {last} s");
}

/// A handler time that an event brings with it stays its own, however often it has to be sent.
#[test]
fn handler_times_survive_a_retry() {
    let text = "
        account.service_outages = [{ from = '0s', to = '5s' }]
        function.f = { duration = '1s', init_duration = '0s', timeout = '15m' }
        source.sns = [{ delivery = '0s', arrivals = { trace = { file = 'calls.csv', column = 'at', duration_column = 'took', unit = 's' } } }]";
    let inputs = pushpull::inputs::MemoryInputs::new().with("calls.csv", "at,took\n0,7\n1,0\n2,11\n9,13\n");
    let scenario = pushpull::read("test.toml", text, &[], &inputs).unwrap_or_else(|report| panic!("{report}"));
    let outcome = pushpull::simulate(&scenario, 1, &inputs, &mut ());
    let figures = crate::support::Figures(pushpull::metrics::Summary::new(&scenario, 1, &outcome).to_json());
    assert_eq!(figures.get("sources.sns.processed"), 4.0);
    assert_eq!(figures.get("functions.f.billed_ms"), 31_000.0);
}

/// What a sender takes for granted is told where it matters.
#[test]
fn assumptions_of_senders_are_told() {
    let told = |outage: &str| {
        let text = format!(
            "{outage}
             function.f = {{ duration = '1s' }}
             source.s3 = [{{ arrivals = {{ at = ['0s'] }} }}]"
        );
        crate::support::read(&text).assumptions().iter().any(|line| line.contains("tries again"))
    };
    assert!(told("account.service_outages = [{ from = '0s', to = '1s' }]"));
    assert!(!told(""));
}

/// Ranges of AWS, to the last value.
#[test]
fn ranges_of_retry_policies() {
    let rule = |keys: &str| {
        format!(
            "function.f = {{ duration = '1s' }}\nsource.cloudwatch_events = [{{ arrivals = {{ at = ['0s'] }}, {keys} }}]"
        )
    };
    for (allowed, refused) in [
        ("retry_policy = { maximum_retry_attempts = 185 }", "retry_policy = { maximum_retry_attempts = 186 }"),
        ("retry_policy = { maximum_retry_attempts = 0 }", "retry_policy = { maximum_retry_attempts = -1 }"),
        ("retry_policy = { maximum_event_age = '60s' }", "retry_policy = { maximum_event_age = '59s' }"),
        ("retry_policy = { maximum_event_age = '24h' }", "retry_policy = { maximum_event_age = '86401s' }"),
        ("dead_letter_queue = 'sqs'", "dead_letter_queue = 'sns'"),
    ] {
        crate::support::read(&rule(allowed));
        refusal(&rule(refused));
    }
}

/// Lambda's queue may hold an event twice; the original decides what becomes of it.
#[test]
fn events_that_come_twice() {
    hold(&[
        (
            "F§3.9 the function gets the event twice, each copy is an invocation and a delivery",
            "function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'sqs' } }
             source.sns = [{ delivery = '0s', duplicate_rate = 1.0, arrivals = { at = ['0s'] } }]",
            "accepted started finished processed delivered_to_destination",
            &[
                "0 accepted 0",
                "0 started 0 on f/0",
                "0 started 0 on f/1",
                "1 finished 0 on f/0",
                "1 processed 0 Success x1",
                "1 delivered_to_destination 0 Success x1",
                "1 finished 0 on f/1",
            ],
            &[
                ("functions.f.invocations", 2.0),
                ("functions.f.async_events_received", 1.0),
                ("sources.sns.deliveries", 2.0),
                ("sources.sns.processed", 1.0),
                ("destinations.f.on_success.messages", 1.0),
            ],
        ),
        (
            "F§3.9, F§3.2 both are tried again, one is given up",
            "function.f = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', dead_letter_queue = 'sqs' } }
             source.s3 = [{ delivery = '0s', duplicate_rate = 1.0, arrivals = { at = ['0s'] } }]",
            "started dead_lettered",
            &[
                "0 started 0 on f/0",
                "0 started 0 on f/1",
                "61 started 0 try 2 on f/1",
                "61 started 0 try 2 on f/0",
                "182 started 0 try 3 on f/0",
                "182 started 0 try 3 on f/1",
                "183 dead_lettered 0 try 3 RetriesExhausted x3",
            ],
            &[
                ("functions.f.errors", 6.0),
                ("functions.f.async_events_dropped", 1.0),
                ("destinations.f.dead_letter_queue.messages", 1.0),
            ],
        ),
        (
            "F§3.9 a copy that waits when every event has its fate is not waited for",
            "duration = '1h'
             function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s' } }
             source.sns = [{ delivery = '0s', duplicate_rate = 1.0, arrivals = { at = ['0s'] } }]",
            "throttled started processed",
            &["0 started 0 on f/0", "0 throttled 0", "1 processed 0 Success x1"],
            &[("functions.f.invocations", 1.0), ("ended_at_s", 1.0), ("sources.sns.backlog.max", 1.0)],
        ),
        (
            "F§3.9 a copy that runs is waited for, and decides nothing",
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s' } }
             source.sns = [{ delivery = '0s', duplicate_rate = 1.0, arrivals = { at = ['0s', '1500ms'] } }]",
            "started finished processed",
            &[
                "0 started 0 on f/0",
                "1 finished 0 on f/0",
                "1 processed 0 Success x1",
                "1 started 0 try 2 on f/0",
                "2 finished 0 try 2 on f/0",
                "2.5 started 1 try 2 on f/0",
                "3.5 finished 1 try 2 on f/0",
                "3.5 processed 1 try 2 Success x1",
            ],
            &[("functions.f.throttles", 4.0), ("functions.f.invocations", 3.0)],
        ),
        (
            "F§3.6 a stopped function's event is given up once",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0, event_invoke_config = { on_failure = 'sqs' } }
             source.sns = [{ delivery = '0s', duplicate_rate = 1.0, arrivals = { at = ['0s'] } }]",
            "started dead_lettered delivered_to_destination",
            &[
                "0 dead_lettered 0 ZeroReservedConcurrency x0",
                "0 delivered_to_destination 0 ZeroReservedConcurrency x0",
            ],
            &[],
        ),
    ]);
}

/// A quarter of 4,000 events comes twice: 1,000 more deliveries, standard deviation 27.4.
#[test]
fn as_many_events_come_twice_as_the_rate_says() {
    let figures = summary(
        "duration = '40s'
         function.f = { duration = '10ms' }
         source.cloudwatch_events = [{ duplicate_rate = 0.25, arrivals = { constant = { rate = 100.0 } } }]",
        1,
    );
    assert_eq!(figures.get("sources.cloudwatch_events.processed"), 4_000.0);
    let deliveries = figures.get("sources.cloudwatch_events.deliveries");
    assert!((deliveries - 5_000.0).abs() < 4.0 * 27.4, "{deliveries} deliveries");
}

#[test]
fn synchronous_calls_come_once() {
    for (source, why) in [
        ("invoke = [{", "a synchronous caller calls once"),
        ("invoke = [{ invocation_type = 'DryRun',", "a synchronous caller calls once"),
        ("api_gateway = [{", "a synchronous caller calls once"),
        ("alexa = [{", "a synchronous caller calls once"),
        ("sqs = [{ fifo = true,", "a FIFO queue brings no message twice"),
    ] {
        let text = |rate: &str| {
            format!("function.f = {{ duration = '1s' }}\nsource.{source} {rate} arrivals = {{ at = ['0s'] }} }}]")
        };
        let told = refusal(&text("duplicate_rate = 0.5,"));
        assert!(told.contains(why) && told.contains("duplicate_rate = 0.5"), "{source}: {told}");
        crate::support::read(&text("duplicate_rate = 0,"));
    }
}

/// Functions whose destinations are functions.
#[test]
fn chains() {
    hold(&[
        (
            "F§3.11 on_success calls another function with an event of its own",
            "function.a = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'lambda:b' } }
             function.b = { duration = '2s', init_duration = '0s', event_invoke_config = { queue_delay = '500ms' } }
             source.sns = [{ target = 'a', delivery = '0s', arrivals = { at = ['0s', '5s'] } }]",
            "emitted processed",
            &[
                "0 emitted sns:0",
                "1 processed sns:0 Success x1",
                "1 emitted a.on_success:0",
                "3.5 processed a.on_success:0 Success x1",
                "5 emitted sns:1",
                "6 processed sns:1 Success x1",
                "6 emitted a.on_success:1",
                "8.5 processed a.on_success:1 Success x1",
            ],
            &[
                ("sources.a.on_success.events", 2.0),
                ("sources.a.on_success.processed", 2.0),
                ("sources.a.on_success.latency_ms.max", 2_500.0),
                ("sources.a.on_success.latency_parts_ms.delivery", 500.0),
                ("sources.sns.latency_ms.max", 1_000.0),
                ("destinations.a.on_success.messages", 2.0),
                ("functions.b.invocations", 2.0),
                ("ended_at_s", 8.5),
            ],
        ),
        (
            "F§3.11 on_failure calls it with each event given up",
            "function.a = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', maximum_retry_attempts = 0, on_failure = 'lambda:b' } }
             function.b = { duration = '2s', init_duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.sns = [{ target = 'a', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "emitted processed dead_lettered",
            &[
                "0 emitted sns:0",
                "1 dead_lettered sns:0 RetriesExhausted x1",
                "1 emitted a.on_failure:0",
                "3 processed a.on_failure:0 Success x1",
            ],
            &[("sources.a.on_failure.processed", 1.0), ("destinations.a.on_failure.messages", 1.0)],
        ),
        (
            "F§2.20 a loop of functions is stopped after 16 invocations",
            "function.a = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'lambda:b' } }
             function.b = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'lambda:a' } }
             source.sns = [{ target = 'a', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "dropped",
            &["16 dropped b.on_success:7 RecursiveInvocation x0"],
            &[
                ("functions.a.invocations", 8.0),
                ("functions.b.invocations", 8.0),
                ("functions.a.async_events_dropped", 1.0),
                ("sources.a.on_success.processed", 8.0),
                ("ended_at_s", 16.0),
            ],
        ),
        (
            "F§2.20 approximately 16: the number is the scenario's to set",
            "account.recursive_loop_limit = 3
             function.a = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'lambda:a' } }
             source.sns = [{ delivery = '0s', arrivals = { at = ['0s'] } }]",
            "dropped",
            &["3 dropped a.on_success:2 RecursiveInvocation x0"],
            &[("functions.a.invocations", 3.0)],
        ),
        (
            "F§2.20 with RecursiveLoop = Allow the loop goes on, until the run is over",
            "drain = '10s'
             function.a = { duration = '0s', init_duration = '0s', recursive_loop = 'Allow', event_invoke_config = { queue_delay = '10ms', on_success = 'lambda:a' } }
             source.sns = [{ delivery = '0s', arrivals = { at = ['0s'] } }]",
            "dropped",
            &[],
            &[("functions.a.invocations", 1_000.0), ("sources.a.on_success.in_flight", 1.0)],
        ),
        (
            "F§2.20 where each of its functions allows it",
            "function.a = { duration = '1s', init_duration = '0s', recursive_loop = 'Allow', event_invoke_config = { on_success = 'lambda:b', queue_delay = '1s' } }
             function.b = { duration = '1s', init_duration = '0s', event_invoke_config = { on_success = 'lambda:a', queue_delay = '0s' } }
             source.sns = [{ target = 'b', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "dropped",
            &["24 dropped a.on_success:7 RecursiveInvocation x0"],
            &[("functions.a.invocations", 8.0), ("functions.b.invocations", 8.0)],
        ),
        (
            "F§2.20 each chain for itself",
            "function.a = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'lambda:a', dead_letter_queue = 'sqs' } }
             source.sns = [{ target = 'a', delivery = '0s', arrivals = { at = ['0s', '500ms'] } }]",
            "dead_lettered",
            &[
                "16 dead_lettered a.on_success:30 RecursiveInvocation x0",
                "16.5 dead_lettered a.on_success:31 RecursiveInvocation x0",
            ],
            &[("functions.a.invocations", 32.0), ("destinations.a.dead_letter_queue.messages", 2.0)],
        ),
        (
            "F§2.20 a function that its own failures call is stopped, and not called for that",
            "function.a = { duration = '1s', init_duration = '0s', error_rate = 1.0, event_invoke_config = { queue_delay = '0s', maximum_retry_attempts = 0, on_failure = 'lambda:a' } }
             source.sns = [{ target = 'a', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "dropped",
            &["16 dropped a.on_failure:15 RecursiveInvocation x0"],
            &[
                ("functions.a.invocations", 16.0),
                ("sources.a.on_failure.dead_lettered", 15.0),
                ("destinations.a.on_failure.messages", 16.0),
            ],
        ),
        (
            "F§2.20 a stopped function that is its own destination: its chain ends, too",
            "function.a = { duration = '1s', reserved_concurrent_executions = 0, event_invoke_config = { on_failure = 'lambda:a' } }
             source.s3 = [{ delivery = '0s', arrivals = { at = ['0s'] } }]",
            "dropped",
            &["0 dropped a.on_failure:15 RecursiveInvocation x0"],
            &[("functions.a.invocations", 0.0), ("sources.s3.dead_lettered", 1.0), ("sources.a.on_failure.dead_lettered", 15.0)],
        ),
        (
            "F§3.11 a message that Lambda does not accept is lost",
            "account.service_outages = [{ from = '1s', to = '2s' }]
             function.a = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s', on_success = 'lambda:b' } }
             function.b = { duration = '2s' }
             source.sns = [{ target = 'a', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "processed unavailable dropped",
            &["1 processed sns:0 Success x1", "1 unavailable a.on_success:0", "1 dropped a.on_success:0"],
            &[("sources.a.on_success.dropped", 1.0)],
        ),
    ]);
}

#[test]
fn destinations_that_are_no_functions_and_names_that_clash_are_refused() {
    let misspelt = refusal(
        "function.store = { duration = '1s', event_invoke_config = { on_success = 'lambda:stroe' } }
         source.sns = [{ arrivals = { at = ['0s'] } }]",
    );
    assert!(
        misspelt.contains("no function `stroe`") && misspelt.contains("did you mean `lambda:store`?"),
        "{misspelt}"
    );
    let named = |source: &str| {
        format!(
            "function.a = {{ duration = '1s', event_invoke_config = {{ on_failure = 'sqs', dead_letter_queue = 'sqs' }} }}
             source.{source} arrivals = {{ at = ['0s'] }} }}]"
        )
    };
    for (source, key) in [
        ("sns = [{ name = 'a', dead_letter_queue = 'sqs',", "dead_letter_queue"),
        ("cloudwatch_events = [{ name = 'a', dead_letter_queue = 'sqs',", "dead_letter_queue"),
        ("sqs = [{ name = 'a', max_receive_count = 3,", "dead_letter_queue"),
        ("kinesis = [{ name = 'a', on_failure = 'sqs',", "on_failure"),
    ] {
        let told = refusal(&named(source));
        let message =
            format!("the function and the source named `a` both have a destination that would be named `a.{key}`");
        assert!(told.contains(&message) && told.contains("give the source another `name`"), "{source}: {told}");
    }
    crate::support::read(&named("sns = [{ name = 'b', dead_letter_queue = 'sqs',"));
    crate::support::read(&named("sns = [{ name = 'a',"));
}

/// The largest payload of each type of invocation, and what a caller does whose payload is larger.
#[test]
fn payloads() {
    hold(&[
        (
            "F§1.9 256 KB of an asynchronous event before November 2025",
            "profile = '2018'
             function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'Event', payload_size = '256KiB', arrivals = { at = ['0s'] } }]",
            "accepted denied",
            &["0 accepted 0"],
            &[],
        ),
        (
            "F§1.9 and no more: 413, which counts as 403",
            "profile = '2018'
             function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'Event', payload_size = '262145B', arrivals = { at = ['0s'] } }]",
            "accepted denied dropped",
            &["0 denied 0", "0 dropped 0"],
            &[("functions.f.throttles", 0.0)],
        ),
        (
            "F§1.9 6 MB of a synchronous one then as now",
            "profile = '2018'
             function.f = { duration = '1s' }
             source.invoke = [{ payload_size = '6MiB', arrivals = { at = ['0s'] } }]",
            "accepted denied",
            &["0 accepted 0"],
            &[],
        ),
        (
            "F§1.9, F§8.3 a sender does not try again",
            "function.f = { duration = '1s' }
             source.s3 = [{ payload_size = '1048577B', delivery = '0s', arrivals = { at = ['0s'] } }]",
            "accepted denied retry_scheduled dropped",
            &["0 denied 0", "0 dropped 0"],
            &[],
        ),
        (
            "F§1.9, F§8.3 its dead-letter queue gets the event at once",
            "profile = '2023-11'
             function.f = { duration = '1s' }
             source.cloudwatch_events = [{ payload_size = '262145B', delivery = '0s', dead_letter_queue = 'sqs', arrivals = { at = ['0s'] } }]",
            "accepted denied retry_scheduled dead_lettered",
            &["0 denied 0", "0 dead_lettered 0"],
            &[("destinations.cloudwatch_events.dead_letter_queue.messages", 1.0)],
        ),
        (
            "F§1.9 the client of an API is told, without another try",
            "function.f = { duration = '1s' }
             source.api_gateway = [{ invocation_type = 'Event', payload_size = '1048577B', client_retry = {}, arrivals = { at = ['0s'] } }]",
            "accepted denied retry_scheduled rejected",
            &["0.01 denied 0", "0.01 rejected 0"],
            &[("sources.api_gateway.response_ms.max", 20.0)],
        ),
        (
            "F§1.9, F§8.16 Lambda's 6 MB rule where the gateway takes 10 MB",
            "function.f = { duration = '1s' }
             source.api_gateway = [{ payload_size = '10MiB', arrivals = { at = ['0s'] } }]",
            "accepted denied rejected",
            &["0.01 denied 0", "0.01 rejected 0"],
            &[],
        ),
        (
            "F§1.9 a dry run checks it, too",
            "function.f = { duration = '1s' }
             source.invoke = [{ invocation_type = 'DryRun', payload_size = '6291457B', arrivals = { at = ['0s'] } }]",
            "accepted denied rejected processed",
            &["0 denied 0", "0 rejected 0"],
            &[],
        ),
    ]);
}

/// Callers that wait for an answer while Lambda's service is out of order.
#[test]
fn callers_in_an_outage() {
    hold(&[
        (
            "F§8.13 API Gateway never tries again: a 500 of Lambda is answered at once",
            "account.service_outages = [{ from = '0s', to = '1s' }]
             function.f = { duration = '1s' }
             source.api_gateway = [{ arrivals = { at = ['0s'] } }]",
            "unavailable retry_scheduled rejected",
            &["0.01 unavailable 0", "0.01 rejected 0"],
            &[
                ("sources.api_gateway.response_ms.max", 20.0),
                ("functions.f.throttles", 0.0),
                ("functions.f.errors", 0.0),
                ("functions.f.invocations", 0.0),
            ],
        ),
        (
            "F§1.11 its client may, until the tries are used up",
            "account.service_outages = [{ from = '0s', to = '1s' }]
             function.f = { duration = '1s' }
             source.api_gateway = [{ client_retry = { attempts = 2, base = '0s' }, arrivals = { at = ['0s'] } }]",
            "unavailable retry_scheduled rejected",
            &["0.01 unavailable 0", "0.01 retry_scheduled 0", "0.03 unavailable 0 try 2", "0.03 rejected 0 try 2"],
            &[("sources.api_gateway.response_ms.max", 40.0)],
        ),
        (
            "F§1.11 or Lambda is back",
            "account.service_outages = [{ from = '0s', to = '30ms' }]
             function.f = { duration = '1s', init_duration = '0s' }
             source.api_gateway = [{ client_retry = { attempts = 2, base = '0s' }, arrivals = { at = ['0s'] } }]",
            "unavailable accepted processed",
            &["0.01 unavailable 0", "0.03 accepted 0 try 2", "1.03 processed 0 try 2"],
            &[
                ("sources.api_gateway.response_ms.max", 1_040.0),
                ("sources.api_gateway.latency_parts_ms.delivery", 30.0),
                ("sources.api_gateway.latency_parts_ms.throttled", 0.0),
            ],
        ),
        (
            "F§8.14 the client of an asynchronous integration gets 500, too: nobody has taken its event",
            "account.service_outages = [{ from = '0s', to = '1s' }]
             function.f = { duration = '1s' }
             source.api_gateway = [{ invocation_type = 'Event', arrivals = { at = ['0s'] } }]",
            "unavailable accepted rejected dropped",
            &["0.01 unavailable 0", "0.01 rejected 0"],
            &[("sources.api_gateway.response_ms.max", 20.0)],
        ),
        (
            "F§8.14 and may try again",
            "account.service_outages = [{ from = '0s', to = '30ms' }]
             function.f = { duration = '1s', init_duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.api_gateway = [{ invocation_type = 'Event', client_retry = { attempts = 2, base = '0s' }, arrivals = { at = ['0s'] } }]",
            "unavailable accepted processed",
            &["0.01 unavailable 0", "0.03 accepted 0 try 2", "1.03 processed 0 Success x1"],
            &[("sources.api_gateway.response_ms.max", 40.0)],
        ),
        (
            "F§8.19 Alexa does not try again: its user hears an error at once, not after 8 s",
            "account.service_outages = [{ from = '0s', to = '1s' }]
             function.f = { duration = '1s' }
             source.alexa = [{ arrivals = { at = ['0s'] } }]",
            "unavailable retry_scheduled rejected",
            &["0 unavailable 0", "0 rejected 0"],
            &[("sources.alexa.response_ms.max", 0.0)],
        ),
        (
            "§3 an invocation that runs when the outage begins runs on",
            "account.service_outages = [{ from = '1s', to = '3s' }]
             function.f = { duration = '2s', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '1s', '2999999999ns', '3s'] } }]",
            "unavailable rejected processed",
            &[
                "1 unavailable 1",
                "1 rejected 1",
                "2 processed 0",
                "2.999999999 unavailable 2",
                "2.999999999 rejected 2",
                "5 processed 3",
            ],
            &[],
        ),
    ]);
}
