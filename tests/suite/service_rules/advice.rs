//! What is told beside a result that the scenario can nevertheless have: what AWS advises, and what it gives on request only.

use crate::support::read;

/// (the rule, a scenario, what its advice holds; nothing, where it follows what AWS advises)
#[test]
fn what_aws_advises() {
    let with = |timeout: &str, source: &str| {
        format!(
            "function.f = {{ duration = '1s', timeout = '{timeout}' }}\nsource.{source}, arrivals = {{ at = ['0s'] }} }}]"
        )
    };
    let rows = [
        (
            "F§6.6 a visibility timeout of six function timeouts and the window",
            with("10s", "sqs = [{ visibility_timeout = '64s', maximum_batching_window = '5s'"),
            Some(
                "the visibility timeout is 64s; AWS advises six times the function's timeout plus the batching window, 65s",
            ),
        ),
        (
            "F§6.6 it is enough",
            with("10s", "sqs = [{ visibility_timeout = '65s', maximum_batching_window = '5s'"),
            None,
        ),
        (
            "F§1.12 timeouts of functions that Kafka calls",
            with("841s", "msk = [{ partitions = 1"),
            Some("the function's timeout is 841s; AWS supports at most 14m for Kafka"),
        ),
        ("F§1.12 up to 14 minutes", with("14m", "msk = [{ partitions = 1"), None),
        ("F§1.12 no other source has that limit", with("15m", "kinesis = [{ shard_count = 1"), None),
        (
            "F§4.1 five polls of a shard in a second",
            with("3s", "kinesis = [{ polling_interval = '199ms'"),
            Some("a shard is polled every 199ms; the service answers a poll every 200ms at most"),
        ),
        ("F§4.1 no more than that", with("3s", "kinesis = [{ polling_interval = '200ms'"), None),
        (
            "F§4.16 a record of Kinesis grows by base64 beyond what a call takes",
            with("3s", "kinesis = [{ payload_size = '6MiB'"),
            Some("a record takes 8MiB in a call, and Lambda at most 6MiB: it could never be handed over"),
        ),
        ("F§4.16 up to that", with("3s", "kinesis = [{ payload_size = '4608KiB'"), None),
        (
            "F§4.16 no more than that",
            with("3s", "kinesis = [{ payload_size = '4718593B'"),
            Some("a record takes 6291458B in a call"),
        ),
        (
            "F§4.16 one of Kafka, too",
            with("3s", "msk = [{ payload_size = '9MiB'"),
            Some("a record takes 12MiB in a call"),
        ),
        (
            "F§4.14 one of DynamoDB Streams is sent as it is",
            with("3s", "dynamodb = [{ payload_size = '7MiB'"),
            Some("a record takes 7MiB in a call"),
        ),
        ("F§4.14 up to 6 MB", with("3s", "dynamodb = [{ payload_size = '6MiB'"), None),
        (
            "F§1.9 what a synchronous call takes",
            with("3s", "api_gateway = [{ payload_size = '7MiB'"),
            Some("an event holds 7MiB, and Lambda takes at most 6MiB in a synchronous call under profile 2025-11"),
        ),
        ("F§1.9 up to 6 MB", with("3s", "api_gateway = [{ payload_size = '6MiB'"), None),
        (
            "F§1.9 an asynchronous one",
            with("3s", "s3 = [{ payload_size = '2MiB'"),
            Some("an event holds 2MiB, and Lambda takes at most 1MiB in an asynchronous call"),
        ),
        ("F§1.9 up to 1 MB", with("3s", "s3 = [{ payload_size = '1MiB'"), None),
        (
            "F§1.9 or 256 KB, by profile",
            format!("profile = '2023-11'\n{}", with("3s", "cloudwatch_events = [{ payload_size = '300KiB'")),
            Some("Lambda takes at most 256KiB in an asynchronous call under profile 2023-11: it refuses every one"),
        ),
    ];
    for (rule, scenario, want) in rows {
        let got = read(&scenario).advice().join("; ");
        match want {
            Some(want) => assert!(got.contains(want), "{rule}: `{want}` is not in `{got}`"),
            None => assert_eq!(got, "", "{rule}"),
        }
    }
}

#[test]
fn longer_integration_timeouts_are_aws_to_give() {
    let told = |profile: &str, timeout: &str| {
        let text = format!(
            "profile = '{profile}'\nfunction.f = {{ duration = '1s' }}
             source.api_gateway = [{{ integration_timeout = '{timeout}', arrivals = {{ at = ['0s'] }} }}]"
        );
        let lines = read(&text).assumptions().into_iter();
        lines.filter(|line| line.contains("integration")).collect::<Vec<_>>()
    };
    assert_eq!(told("2025-11", "29s"), [""; 0]);
    assert!(told("2025-11", "30s")[0].starts_with("AWS has raised the API's integration timeout to 30s"));
    assert!(told("2023-11", "30s")[1].contains("did not have this under profile 2023-11, but by 2025-08"));
}

/// (the feature, a scenario that uses it, one that does not, the last profile without it, the first with it)
#[test]
fn what_a_profile_did_not_have() {
    let function = |keys: &str| {
        format!("function.f = {{ duration = '1s', {keys} }}\nsource.invoke = [{{ arrivals = {{ at = ['0s'] }} }}]")
    };
    let source = |kind: &str, keys: &str| {
        format!("function.f = {{ duration = '1s' }}\nsource.{kind} = [{{ {keys}, backlog = {{ events = 1 }} }}]")
    };
    for (feature, with, without, before, since) in [
        (
            "F§2.12 memory_size above 3,008 MB",
            function("memory_size = 3009"),
            function("memory_size = 3008"),
            "2019-11",
            "2020-12",
        ),
        (
            "F§11 package_type = \"Image\"",
            function("package_type = 'Image'"),
            function("package_type = 'Zip'"),
            "2019-11",
            "2020-12",
        ),
        (
            "F§6.11 FIFO queues as event sources",
            source("sqs", "fifo = true"),
            source("sqs", "fifo = false"),
            "2018",
            "2019-11",
        ),
        (
            "F§6.12 payload_size of queues above 256 KiB",
            source("sqs", "payload_size = '262145B'"),
            source("sqs", "payload_size = '256KiB'"),
            "2023-11",
            "2025-08",
        ),
        (
            "F§4.3 payload_size of Kinesis above 1 MiB",
            source("kinesis", "payload_size = '1048577B'"),
            source("kinesis", "payload_size = '1MiB'"),
            "2025-08",
            "2025-11",
        ),
        (
            "F§5.2 batch_size of DynamoDB above 1,000",
            source("dynamodb", "batch_size = 1001"),
            source("dynamodb", "batch_size = 1000"),
            "2020-12",
            "2023-11",
        ),
        (
            "F§7.2 provisioned_pollers of Kafka",
            source("msk", "provisioned_pollers = {}"),
            source("msk", "partitions = 1"),
            "2023-11",
            "2025-08",
        ),
    ] {
        let told = |profile: &str, scenario: &str| {
            let assumptions = read(&format!("profile = '{profile}'\n{scenario}")).assumptions();
            assumptions.into_iter().filter(|line| line.contains("did not have")).collect::<Vec<_>>()
        };
        let (_, name) = feature.split_once(' ').unwrap();
        let want = format!("{name}: AWS did not have this under profile {before}, but by {since}");
        assert_eq!(told(before, &with), [want], "{feature}");
        assert_eq!(told(since, &with), [""; 0], "{feature}");
        assert_eq!(told(before, &without), [""; 0], "{feature}");
    }
}
