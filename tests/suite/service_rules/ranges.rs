//! AWS's ranges, kept to the last value.

use crate::support::refusal;

/// AWS's ranges: (rule, the last value allowed, the first that is refused), in a scenario of one function and one source.
#[test]
fn ranges() {
    let function = |keys: &str| {
        format!("function.f = {{ duration = '1s', {keys} }}\nsource.invoke = [{{ arrivals = {{ at = ['0s'] }} }}]")
    };
    let config = |keys: &str| function(&format!("event_invoke_config = {{ {keys} }}"));
    let source = |kind: &str, keys: &str| {
        format!("function.f = {{ duration = '1s' }}\nsource.{kind} = [{{ arrivals = {{ at = ['0s'] }}, {keys} }}]")
    };
    let reserved = |account: u32, reserves: [u32; 2]| {
        format!(
            "account.concurrent_executions = {account}
             function.f = {{ duration = '1s', reserved_concurrent_executions = {} }}
             function.g = {{ duration = '1s', reserved_concurrent_executions = {} }}
             source.invoke = [{{ target = 'f', arrivals = {{ at = ['0s'] }} }}]",
            reserves[0], reserves[1]
        )
    };
    // Ten reshards, an hour apart, and one more.
    let resharded = |last: &str| {
        let change = |at: &str, shards: usize| format!("{{ at = '{at}', shard_count = {shards} }}");
        let changes = (0..10).map(|hour| change(&format!("{hour}h"), 2 - hour % 2)).chain([change(last, 2)]);
        source("kinesis", &format!("reshard = [{}]", changes.collect::<Vec<_>>().join(", ")))
    };
    for (rule, allowed, refused) in [
        ("F§1.12 timeout up to 900 s", function("timeout = '15m'"), function("timeout = '901s'")),
        ("F§2.12 memory from 128 MB", function("memory_size = 128"), function("memory_size = 127")),
        ("F§2.12 memory up to 10,240 MB", function("memory_size = 10240"), function("memory_size = 10241")),
        ("F§2.17 100 stay unreserved", reserved(1000, [500, 400]), reserved(1000, [500, 401])),
        ("F§2.17 also of a small account", reserved(101, [1, 0]), reserved(100, [1, 0])),
        ("F§3.4 up to 2 retries", config("maximum_retry_attempts = 2"), config("maximum_retry_attempts = 3")),
        ("F§3.4 an age from 60 s", config("maximum_event_age = '60s'"), config("maximum_event_age = '59s'")),
        ("F§3.4 an age up to 6 h", config("maximum_event_age = '6h'"), config("maximum_event_age = '21601s'")),
        ("F§3.10 a dead-letter queue is SQS or SNS", config("dead_letter_queue = 'sns'"), config("dead_letter_queue = 's3'")),
        ("F§3.10 and no event bus", config("dead_letter_queue = 'sqs'"), config("dead_letter_queue = 'eventbridge'")),
        ("F§3.11 S3 takes failures only", config("on_failure = 's3'"), config("on_success = 's3'")),
        ("F§4.17 batches up to 10,000", source("kinesis", "batch_size = 10000"), source("kinesis", "batch_size = 10001")),
        ("F§4.17 batches from 1", source("dynamodb", "batch_size = 1"), source("dynamodb", "batch_size = 0")),
        (
            "F§4.17 windows up to 300 s",
            source("kinesis", "maximum_batching_window = '300s'"),
            source("kinesis", "maximum_batching_window = '301s'"),
        ),
        (
            "F§4.17 factor up to 10",
            source("kinesis", "parallelization_factor = 10"),
            source("kinesis", "parallelization_factor = 11"),
        ),
        (
            "F§4.4 retention from 24 h",
            source("kinesis", "retention_period = '24h'"),
            source("kinesis", "retention_period = '23h'"),
        ),
        (
            "F§4.4 up to 365 d",
            source("kinesis", "retention_period = '8760h'"),
            source("kinesis", "retention_period = '8761h'"),
        ),
        (
            "F§5.1 of DynamoDB Streams the scenario says how many",
            source("dynamodb", "polling_interval = '1ms'"),
            source("dynamodb", "polling_interval = '0s'"),
        ),
        (
            "F§2.19 a restore within 10 s",
            function("snap_start = true, init_duration = '10s'"),
            function("snap_start = true, init_duration = '10001ms'"),
        ),
        (
            "F§8.11 events of EventBridge up to 1 MB",
            source("cloudwatch_events", "payload_size = '1MiB'"),
            source("cloudwatch_events", "payload_size = '1048577B'"),
        ),
        ("F§4.8 at most ten reshards in any 24 h", resharded("24h"), resharded("86399s")),
        ("F§5.3 DynamoDB's is fixed", source("dynamodb", ""), source("dynamodb", "retention_period = '24h'")),
        (
            "F§1.12 integration timeout up to 300 s, on request",
            source("api_gateway", "integration_timeout = '5m'"),
            source("api_gateway", "integration_timeout = '300001ms'"),
        ),
        (
            "F§1.12 from 50 ms",
            source("api_gateway", "integration_timeout = '50ms'"),
            source("api_gateway", "integration_timeout = '49ms'"),
        ),
        (
            "F§1.12 service timeout up to 1 h",
            source("cloudformation", "service_timeout = '1h'"),
            source("cloudformation", "service_timeout = '3601s'"),
        ),
        (
            "F§8.13 API Gateway makes no dry runs",
            source("api_gateway", "invocation_type = 'Event'"),
            source("api_gateway", "invocation_type = 'DryRun'"),
        ),
        (
            "F§8.9 schedules: the unit agrees with the number",
            "duration = '1h'\nfunction.f = { duration = '1s' }\nsource.cloudwatch_events = [{ schedule = 'rate(1 hour)' }]".into(),
            "duration = '1h'\nfunction.f = { duration = '1s' }\nsource.cloudwatch_events = [{ schedule = 'rate(1 hours)' }]".into(),
        ),
    ] {
        assert!(pushpull::read("test", &allowed, &[], &pushpull::inputs::MemoryInputs::new()).is_ok(), "{rule}: {allowed}");
        let report = refusal(&refused);
        assert_eq!(report.matches("error: ").count(), 1, "{rule}: one problem: {report}");
    }
    let told = "11 reshards from 0s to 86399s; a stream takes at most 10 in 24h";
    assert!(refusal(&resharded("86399s")).contains(told), "F§4.8 which ones");
}
