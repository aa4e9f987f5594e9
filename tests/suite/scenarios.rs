//! The shipped scenarios: each meets what it expects, and no longer does once the rule that it shows is broken.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use pushpull::engine::InvocationType::{self, DryRun, Event, RequestResponse};
use pushpull::inputs::MemoryInputs;
use pushpull::metrics::Summary;
use pushpull::scenario::Scenario;
use pushpull::source::Mode::{self, Pull, Push};

/// The tables of event sources that pushpull started from, a row for each use case: kind, mode, invocation type, use case, and
/// the scenario that shows it.
#[rustfmt::skip]
const USE_CASES: [(&str, Mode, InvocationType, &str, &str); 22] = [
    ("s3", Push, Event, "modify uploaded images (thumbnails, resolutions, watermarks)", "s3-thumbnails"),
    ("s3", Push, Event, "transform raw data into another bucket of a pipeline", "s3-raw-data-pipeline"),
    ("api_gateway", Push, RequestResponse, "backend of web and mobile apps and of microservices", "api-gateway-web-backend"),
    ("api_gateway", Push, RequestResponse, "a legacy SOAP backend as a REST API", "api-gateway-legacy-soap"),
    ("api_gateway", Push, RequestResponse, "anything else that HTTPS integrates well", "api-gateway-web-backend"),
    ("api_gateway", Push, Event, "user interactions pushed to an analytics backend", "api-gateway-click-stream"),
    ("sns", Push, Event, "automatic response to CloudWatch alarms", "sns-alarm-response"),
    ("sns", Push, Event, "events of services that push to SNS natively", "sns-alarm-response"),
    ("cloudformation", Push, RequestResponse, "features that CloudFormation does not have yet", "cloudformation-custom-resource"),
    ("cloudformation", Push, Event, "the same, called as AWS documents it", "cloudformation-custom-resource"),
    ("cloudformation", Push, RequestResponse, "validation and reports at key stages of a stack", "cloudformation-custom-resource"),
    ("cloudwatch_events", Push, Event, "event-driven operations (a new EC2 instance, say)", "cloudwatch-events-rules"),
    ("cloudwatch_events", Push, Event, "what cron did before", "cloudwatch-events-cron"),
    ("alexa", Push, RequestResponse, "your own Alexa skill", "alexa-skill"),
    ("dynamodb", Pull, RequestResponse, "workflows started by changes of a table", "dynamodb-workflow"),
    ("dynamodb", Pull, RequestResponse, "a table copied to another Region or service", "dynamodb-replication"),
    ("kinesis", Pull, RequestResponse, "real-time data processing for a big data pipeline", "kinesis-real-time"),
    ("kinesis", Pull, RequestResponse, "real-time alerts on streamed log lines", "kinesis-log-alerts"),
    ("invoke", Push, RequestResponse, "InvocationType: request and response", "invoke-request-response"),
    ("invoke", Push, Event, "InvocationType: event", "invoke-event"),
    ("invoke", Push, DryRun, "InvocationType: dry run", "invoke-dry-run"),
    ("kinesis", Pull, RequestResponse, "number of shards = number of concurrent executions", "kinesis-real-time"),
];

/// What breaks the rule that a scenario shows: scenario, what is broken, the changes that break it.
#[rustfmt::skip]
const BREAKS: &[(&str, &str, &[&str])] = &[
    ("alexa-skill", "the function is stopped before Alexa gives up", &["function.skill.timeout=7s"]),
    ("alexa-skill", "nobody waits in vain", &["function.skill.duration=300ms"]),
    ("api-gateway-click-stream", "called with RequestResponse", &["source.clicks.invocation_type=RequestResponse"]),
    ("api-gateway-click-stream", "one retry less", &["function.analyse.event_invoke_config.maximum_retry_attempts=1"]),
    ("api-gateway-legacy-soap", "the gateway gives up sooner", &["source.soap.integration_timeout=20s"]),
    ("api-gateway-legacy-soap", "the function ends with its caller's patience", &["function.adapter.timeout=29s"]),
    ("api-gateway-legacy-soap", "called with Event", &["source.soap.invocation_type=Event"]),
    ("api-gateway-web-backend", "called with Event", &["source.api.invocation_type=Event"]),
    ("api-gateway-web-backend", "somebody tries again", &["source.api.client_retry={ attempts = 2 }"]),
    ("api-gateway-web-backend", "the gateway takes no time", &["source.api.overhead=0s"]),
    ("backlog-catch-up", "smaller batches", &["source.events.batch_size=400"]),
    ("backlog-catch-up", "two batches of a shard at a time", &["source.events.parallelization_factor=2"]),
    ("cloudformation-custom-resource", "the table's calls with Event", &["source.tabled.invocation_type=Event"]),
    ("cloudformation-custom-resource", "AWS's calls with RequestResponse", &["source.documented.invocation_type=RequestResponse"]),
    ("cloudformation-custom-resource", "the stack gives up sooner", &["source.documented.service_timeout=30m"]),
    ("cloudformation-custom-resource", "no retries", &["function.provision.event_invoke_config.maximum_retry_attempts=0"]),
    ("cloudwatch-events-cron", "weekends, too", &["source.evening.schedule=cron(0 18 * * ? *)"]),
    ("cloudwatch-events-cron", "every 24 hours", &["source.evening.schedule=rate(1 day)"]),
    ("cloudwatch-events-cron", "no retries", &["function.report.event_invoke_config.maximum_retry_attempts=0"]),
    ("cloudwatch-events-cron", "environments are kept", &["function.report.keep_alive=100h"]),
    ("cloudwatch-events-rules", "no retries", &["function.tag.event_invoke_config.maximum_retry_attempts=0"]),
    ("cloudwatch-events-rules", "no permission to call", &["source.launches.permission=false"]),
    ("cold-start-burst", "environments are made without limit", &["function.buy.scaling_rate=unlimited"]),
    ("cold-start-burst", "environments are made at half the rate", &["function.buy.scaling_rate=500"]),
    ("cold-start-burst", "no environment is left for the next wave", &["function.buy.keep_alive=30s"]),
    ("cold-start-burst", "the account is the limit", &["account.concurrent_executions=2500"]),
    ("dynamodb-replication", "no window", &["source.changes.maximum_batching_window=0s"]),
    ("dynamodb-replication", "smaller batches", &["source.changes.batch_size=100"]),
    ("dynamodb-replication", "two batches of a shard at a time", &["source.changes.parallelization_factor=2"]),
    ("dynamodb-workflow", "one more poll a second", &["source.orders.polling_interval=200ms"]),
    ("dynamodb-workflow", "polls of Kinesis", &["source.orders.polling_interval=1s"]),
    ("dynamodb-workflow", "no batches", &["source.orders.batch_size=1"]),
    ("invoke-dry-run", "called with Event", &["source.calls.invocation_type=Event"]),
    ("invoke-dry-run", "called with RequestResponse", &["source.calls.invocation_type=RequestResponse"]),
    ("invoke-dry-run", "the caller may not call", &["source.calls.permission=false"]),
    ("invoke-event", "called with RequestResponse", &["source.calls.invocation_type=RequestResponse"]),
    ("invoke-event", "called with DryRun", &["source.calls.invocation_type=DryRun"]),
    ("invoke-event", "no retries", &["function.work.event_invoke_config.maximum_retry_attempts=0"]),
    ("invoke-request-response", "called with Event", &["source.calls.invocation_type=Event"]),
    ("invoke-request-response", "called with DryRun", &["source.calls.invocation_type=DryRun"]),
    ("invoke-request-response", "no environment is used again", &["function.work.keep_alive=0s"]),
    ("kinesis-log-alerts", "one poll more every two seconds", &["source.logs.polling_interval=666ms"]),
    ("kinesis-log-alerts", "small batches", &["source.logs.batch_size=20"]),
    ("kinesis-real-time", "one more poll a second", &["source.readings.polling_interval=500ms"]),
    ("kinesis-real-time", "two batches of a shard at a time", &["source.readings.parallelization_factor=2"]),
    ("kinesis-real-time", "a shard less", &["source.readings.shard_count=4"]),
    ("kinesis-real-time", "small batches", &["source.readings.batch_size=100"]),
    ("kinesis-fan-out", "everybody polls", &["source.react.enhanced_fan_out=false"]),
    ("kinesis-fan-out", "everybody has enhanced fan-out", &["source.count.enhanced_fan_out=true"]),
    ("kinesis-hot-key", "no key is hot", &["source.hot.partition_keys=1000"]),
    ("kinesis-hot-key", "lanes are not enough", &["source.hot-in-lanes.parallelization_factor=1"]),
    ("kinesis-reshard", "nobody notices", &["source.clicks.reshard=[]"]),
    ("kinesis-reshard", "doubled once", &["source.clicks.reshard=[{ at = \"50m\", shard_count = 4 }]"]),
    ("kinesis-reshard", "shards of other sizes from the start", &["source.clicks.shard_count=4"]),
    ("kinesis-way-out", "the batch is not split", &["source.orders.bisect_batch_on_function_error=false"]),
    ("kinesis-way-out", "retried for ever", &["source.orders.maximum_retry_attempts=-1"]),
    ("kinesis-way-out", "nowhere to set it aside", &["source.orders.maximum_retry_attempts=5"]),
    ("lambda-2018", "burst of today", &["profile=2025-11"]),
    ("lambda-2018", "billed in 1 ms", &["profile=2020-12"]),
    ("lambda-2018", "a smaller Region", &["account.burst_concurrency=1000"]),
    ("lambda-2018", "an image, whose start is billed", &["function.import.package_type=Image"]),
    ("msk-orders", "one partition", &["source.on-demand.partitions=1"]),
    ("msk-orders", "more pollers, which cost more", &["source.provisioned.provisioned_pollers={ minimum = 11, maximum = 20 }"]),
    ("msk-orders", "small batches", &["source.provisioned.batch_size=1"]),
    ("noisy-neighbour", "too small a reserve", &["function.payment.reserved_concurrent_executions=8"]),
    ("noisy-neighbour", "the shop has a reserve, too", &["function.shop.reserved_concurrent_executions=40"]),
    ("noisy-neighbour", "the account does not limit", &["account.concurrent_executions=1000"]),
    ("order-pipeline-chain", "one retry less", &["function.charge.event_invoke_config.maximum_retry_attempts=1"]),
    ("order-pipeline-chain", "what cannot be charged is shipped", &["function.charge.event_invoke_config.on_failure=lambda:ship"]),
    ("order-pipeline-chain", "what is shipped is charged again", &["function.ship.event_invoke_config={ on_success = \"lambda:charge\" }"]),
    ("order-pipeline-chain", "nothing fails", &["source.orders.poison=[]"]),
    ("outage-dead-letter-queue", "one retry less", &["function.store.event_invoke_config.maximum_retry_attempts=1"]),
    ("outage-dead-letter-queue", "events are kept too short", &["function.store.event_invoke_config.maximum_event_age=2m"]),
    ("poison-record", "given up after three tries", &["source.orders.poison=[{ event = 1000, times = 3 }]"]),
    ("poison-record", "the other shard waits, too", &["source.orders.shard_count=1"]),
    ("poison-record", "only a tenth of the shard waits", &["source.orders.parallelization_factor=10"]),
    ("provisioned-web-backend", "too few provisioned environments", &["function.shop.provisioned_concurrent_executions=5"]),
    ("provisioned-web-backend", "they are ready too late", &["function.shop.provisioned_allocation=10m"]),
    ("provisioned-web-backend", "none is kept free for a busy moment", &["source.requests.arrivals={ poisson = { rate = 150.0 } }"]),
    ("s3-raw-data-pipeline", "events are kept too short", &["function.transform.event_invoke_config.maximum_event_age=1m"]),
    ("s3-raw-data-pipeline", "the reserve does not limit", &["function.transform.reserved_concurrent_executions=200"]),
    ("s3-thumbnails", "no retries", &["function.thumbnail.event_invoke_config.maximum_retry_attempts=0"]),
    ("s3-thumbnails", "S3 takes no time", &["source.uploads.delivery=0s"]),
    ("sns-alarm-response", "one retry less", &["function.repair.event_invoke_config.maximum_retry_attempts=1"]),
    ("sns-alarm-response", "environments are kept", &["function.repair.keep_alive=1h"]),
    ("sns-alarm-response", "one alarm after the other", &["function.repair.reserved_concurrent_executions=1"]),
    ("sns-through-an-outage", "no outage", &["account.service_outages=[]"]),
    ("sns-through-an-outage", "a longer outage", &["account.service_outages=[{ from = \"10m\", to = \"16m\" }]"]),
    ("sns-through-an-outage", "the rule tries for a day", &["source.rule.retry_policy={}"]),
    ("sns-through-an-outage", "the rule tries twice", &["source.rule.retry_policy={ maximum_retry_attempts = 2 }"]),
    ("sns-through-an-outage", "the client tries again", &["source.client.client_retry={ attempts = 100 }"]),
    ("sns-through-an-outage", "the topic may not call", &["source.topic.permission=false"]),
    ("sqs-fifo-accounts", "all accounts are one group", &["source.bookings.message_groups=1"]),
    ("sqs-fifo-accounts", "every booking is a group of its own", &["source.bookings.message_groups=1000000000"]),
    ("sqs-fifo-accounts", "bookings are hidden for half a minute only", &["source.bookings.visibility_timeout=30s"]),
    ("sqs-fifo-accounts", "one receive less", &["source.bookings.max_receive_count=4"]),
    ("sqs-order-queue", "one receive less", &["source.orders.max_receive_count=5"]),
    ("sqs-order-queue", "orders are hidden for a minute only", &["source.orders.visibility_timeout=1m"]),
    ("sqs-order-queue", "orders are kept too short", &["source.orders.retention_period=5m"]),
    ("sqs-order-queue", "the warehouse answers", &["function.ship.outages=[]"]),
    ("tumbling-window-averages", "no windows", &["source.readings.tumbling_window=15m"]),
    ("tumbling-window-averages", "batches as soon as there are records", &["source.readings.maximum_batching_window=0s"]),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The names of all shipped scenarios.
fn names() -> BTreeSet<String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    files.map(|path| path.file_name().unwrap().to_str().unwrap().strip_suffix(".toml").unwrap().to_owned()).collect()
}

/// Reads a shipped scenario, changed by `sets`.
fn read(name: &str, sets: &[&str]) -> Scenario {
    let file = format!("{name}.toml");
    let text = fs::read_to_string(folder().join(&file)).unwrap();
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    pushpull::read(&file, &text, &sets, &MemoryInputs::new()).unwrap_or_else(|report| panic!("{name}\n{report}"))
}

/// The expectations that a run of `scenario` with `seed` does not meet.
fn unmet(scenario: &Scenario, seed: u64) -> Vec<String> {
    let outcome = pushpull::simulate(scenario, seed, &MemoryInputs::new(), &mut ());
    let verdicts = Summary::new(scenario, seed, &outcome).expect;
    assert_eq!(verdicts.len(), scenario.expect.len());
    let unmet = verdicts.iter().filter(|verdict| !verdict.met);
    unmet
        .map(|verdict| format!("{}: {} {}, got {:?}", scenario.name, verdict.metric, verdict.want, verdict.got))
        .collect()
}

#[test]
fn each_says_what_it_asks_and_under_which_rules() {
    for name in names() {
        let scenario = read(&name, &[]);
        let text = fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap();
        assert!(scenario.about.ends_with('?') || scenario.about.ends_with(".)"), "{name}: {}", scenario.about);
        assert!(text.lines().any(|line| line.starts_with("profile")), "{name} names no profile");
        assert!(text.lines().any(|line| line.starts_with("seed")), "{name} names no seed");
        assert!(scenario.expect.len() >= 3, "{name} expects too little");
        assert!(BREAKS.iter().any(|(broken, ..)| *broken == name), "nothing shows that {name} notices a broken rule");
    }
}

#[test]
fn each_meets_what_it_expects() {
    let unmet: Vec<String> = names()
        .iter()
        .flat_map(|name| {
            let scenario = read(name, &[]);
            unmet(&scenario, scenario.seed)
        })
        .collect();
    assert!(unmet.is_empty(), "{unmet:#?}");
}

/// What is expected follows from the rules and not from one seed.
#[test]
fn each_meets_what_it_expects_with_another_seed() {
    let unmet: Vec<String> = names().iter().flat_map(|name| unmet(&read(name, &[]), 2018)).collect();
    assert!(unmet.is_empty(), "{unmet:#?}");
}

#[test]
fn each_notices_that_its_rule_is_broken() {
    let overlooked: Vec<String> = BREAKS
        .iter()
        .filter(|(name, _, sets)| {
            let scenario = read(name, sets);
            unmet(&scenario, scenario.seed).is_empty()
        })
        .map(|(name, broken, sets)| format!("{name}: {broken} ({sets:?})"))
        .collect();
    assert!(overlooked.is_empty(), "{overlooked:#?}");
}

#[test]
fn each_use_case_has_a_scenario() {
    for (kind, mode, invocation_type, use_case, name) in USE_CASES {
        let scenario = read(name, &[]);
        let shows = scenario.sources.iter().any(|source| {
            source.kind.name == kind
                && source.kind.mode == mode
                && source.definition.invocation_type() == invocation_type
        });
        assert!(shows, "{name} does not show {kind}, {mode:?}, {invocation_type:?}: {use_case}");
    }
}
