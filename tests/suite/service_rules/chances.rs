//! What is left to chance: rates of errors and of poison, waits of clients, and what each kind takes for granted.

use pushpull::inputs::MemoryInputs;

use super::hold;
use crate::support::{Row, facts, read, summary};

/// Asserts that `got` of 10,000 lies within five standard deviations of a share.
fn share(got: f64, share: f64, what: &str) {
    let (mean, deviation) = (10_000.0 * share, (10_000.0 * share * (1.0 - share)).sqrt());
    assert!((got - mean).abs() < 5.0 * deviation, "{what}: {got} of 10000 for {share}");
}

#[test]
fn rates_are_probabilities() {
    let text = |function: &str, source: &str| {
        format!(
            "duration = '100s'
             function.f = {{ duration = '1ms', init_duration = '0s', {function} }}
             source.invoke = [{{ {source} arrivals = {{ constant = {{ rate = 100.0 }} }} }}]"
        )
    };
    for rate in [0.2, 0.7] {
        let errors = summary(&text(&format!("error_rate = {rate}"), ""), 1).get("functions.f.errors");
        share(errors, rate, "error_rate");
        let rejected = summary(&text("", &format!("poison_rate = {rate}, ")), 1).get("sources.invoke.rejected");
        share(rejected, rate, "poison_rate");
    }
}

#[test]
fn filters_pass_their_share() {
    for rate in [0.3, 0.8] {
        for kind in ["sqs", "kinesis"] {
            let text = format!(
                "function.f = {{ duration = '0s', init_duration = '0s' }}
                 source.{kind} = [{{ filter_pass_rate = {rate}, backlog = {{ events = 10000 }} }}]"
            );
            share(summary(&text, 1).get(&format!("sources.{kind}.processed")), rate, kind);
        }
    }
}

/// Of 1,100 records at once a shard takes 1,000; the others are written between 0.5 s and 1 s later, 0.75 s on average, with a
/// standard error of 0.5 / sqrt(12 n) s.
#[test]
fn waits_of_producers_have_jitter_over_their_upper_half() {
    let figures = summary(
        "duration = '1s'
         function.f = { duration = '0s', init_duration = '0s' }
         source.kinesis = [{ propagation = '0s', write_retry = { attempts = 2, base = '1s' }, arrivals = { bursts = { size = 1100, every = '1s' } } }]",
        1,
    );
    let mean = figures.get("sources.kinesis.latency_parts_ms.delivery") * 1_100.0 / 100.0;
    assert!((mean - 750.0).abs() < 5.0 * 14.4, "a mean wait of {mean} ms");
}

#[test]
fn waits_of_clients_double() {
    let text = "duration = '100s'
                function.f = { duration = '0s', reserved_concurrent_executions = 0 }
                source.invoke = [{ client_retry = { attempts = 4, base = '1s', cap = '3s' }, arrivals = { constant = { rate = 100.0 } } }]";
    let rows = facts(text, 1);
    let throttled = |attempt: u64| {
        let tries = rows.iter().filter(move |row| row.fact == "throttled" && row.attempt == Some(attempt));
        let mut times: Vec<(u64, f64)> = tries.map(|row: &Row| (row.first_event.unwrap(), row.time)).collect();
        times.sort_by_key(|(event, _)| *event);
        times
    };
    for (attempt, longest) in [(1, 1.0), (2, 2.0), (3, 3.0)] {
        let (before, after) = (throttled(attempt), throttled(attempt + 1));
        let waits: Vec<f64> = before.iter().zip(&after).map(|((_, before), (_, after))| after - before).collect();
        assert_eq!(waits.len(), 10_000);
        let most = waits.iter().copied().fold(0.0, f64::max);
        let mean = waits.iter().sum::<f64>() / 10_000.0;
        // Full jitter: uniform up to the longest, whose mean has a standard error of longest / sqrt(12 n).
        assert!(most <= longest && most > 0.99 * longest, "try {attempt}: {most}");
        assert!((mean - longest / 2.0).abs() < 5.0 * longest / 120_000f64.sqrt(), "try {attempt}: {mean}");
    }
}

#[test]
fn a_client_never_stands_still_in_time() {
    hold(&[(
        "a client that is refused in no time sends again 1 ms later",
        "duration = '3ms'
         function.f = { duration = '0s', reserved_concurrent_executions = 0 }
         source.invoke = [{ arrivals = { clients = { count = 1, think_time = '0s' } } }]",
        "emitted",
        &["0 emitted 0", "0.001 emitted 1", "0.002 emitted 2"],
        &[],
    )]);
    hold(&[(
        "or as much later as the scenario says",
        "duration = '30ms'
         function.f = { duration = '0s', reserved_concurrent_executions = 0 }
         source.invoke = [{ arrivals = { clients = { count = 1, think_time = '0s', least_round = '10ms' } } }]",
        "emitted",
        &["0 emitted 0", "0.01 emitted 1", "0.02 emitted 2"],
        &[],
    )]);
    hold(&[(
        "one that waited for its answer sends at once",
        "duration = '300ms'
         function.f = { duration = '100ms', init_duration = '0s' }
         source.invoke = [{ arrivals = { clients = { count = 1, think_time = '0s' } } }]",
        "emitted",
        &["0 emitted 0", "0.1 emitted 1", "0.2 emitted 2"],
        &[],
    )]);
}

/// What a scenario of one source takes for granted of this source, where the function says everything itself.
#[test]
fn assumptions_of_each_kind() {
    let known: [(&str, &str, &[&str]); 12] = [
        ("alexa", "", &[]),
        ("api_gateway", "", &["API Gateway adds 10 ms"]),
        ("api_gateway", "overhead = '5ms', ", &[]),
        ("invoke", "", &[]),
        ("s3", "delivery = '1s', ", &["a long queue", "waits of throttled"]),
        ("s3", "", &["a long queue", "waits of throttled", "S3 notifications take"]),
        ("sns", "", &["a long queue", "waits of throttled", "SNS takes 30 ms"]),
        ("cloudwatch_events", "", &["a long queue", "waits of throttled", "CloudWatch Events takes 105 ms"]),
        ("msk", "", &["back-off", "grow 2 times as many"]),
        ("msk", "provisioned_pollers = {}, ", &["back-off", "grow 2 times as many", "reads its partitions in turn"]),
        (
            "kinesis",
            "on_demand = true, on_demand_growth = { factor = 3 }, ",
            &[
                "back-off",
                "a freed lane",
                "can be read 200 ms",
                "a producer whose write",
                "every 15m and makes room for 3 times",
            ],
        ),
        (
            "dynamodb",
            "parallelization_factor = 2, ",
            &["back-off", "a freed lane", "can be read 90 ms", "hashed evenly"],
        ),
    ];
    for (kind, keys, want) in known {
        let text = format!(
            "duration = '1s'
             function.f = {{ duration = '1s', init_duration = '1s', keep_alive = '5m', reuse = 'oldest', event_invoke_config = {{ queue_delay = '0s' }} }}
             source.{kind} = [{{ {keys}arrivals = {{ every = '1s' }} }}]"
        );
        let got = read(&text).assumptions();
        assert_eq!(got.len(), want.len(), "{kind} {keys}: {got:#?}");
        for (got, want) in got.iter().zip(want) {
            assert!(got.contains(want), "{kind} {keys}: `{want}` is not in: {got}");
        }
    }
}

#[test]
fn what_never_ends_needs_a_duration() {
    for source in ["arrivals = { every = '1s' }", "schedule = 'rate(1 minute)'"] {
        let text = format!("function.f = {{ duration = '1s' }}\nsource.cloudwatch_events = [{{ {source} }}]");
        let report = pushpull::read("test.toml", &text, &[], &MemoryInputs::new()).unwrap_err().to_string();
        assert!(report.contains("never end"), "{source}: {report}");
    }
}
