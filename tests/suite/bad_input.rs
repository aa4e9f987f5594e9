//! Bad input: every problem is told with its place, the offending text and what is allowed, and nothing is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pushpull::inputs::MemoryInputs;
use pushpull::scenario::json_schema;
use pushpull::units::{parse_duration, parse_size};
use serde_json::Value;

/// The files beside the scenarios of this theme.
fn inputs() -> MemoryInputs {
    MemoryInputs::new()
        .with("good.csv", "time,target\n0,f\n1,f\n")
        .with("letters.csv", "time,target\n0,f\n1,f\nsoon,f\n")
        .with("negative.csv", "time\n0\n-1\n")
        .with("descending.csv", "time\n0\n5\n4.5\n")
        .with("targets.csv", "time,target\n0,f\n1,g\n")
        .with("header.csv", "time\n")
        .with("nothing.csv", "")
        .with("late.csv", "time\n0\n1135296000\n")
        .with("counts.csv", "events\n3\n1.5\n")
}

/// Where `line` goes, and what stands around it.
fn scenario(section: &str, line: &str) -> String {
    let head = "duration = \"1m\"\n[function.f]\n";
    let tail = "[[source.invoke]]\narrivals = { every = \"1s\" }\n";
    match section {
        "all" => line.to_owned(),
        "top" => format!("{line}\n{head}duration = \"10ms\"\n{tail}"),
        "law" => format!("{head}duration = {line}\n{tail}"),
        "f" => format!("{head}duration = \"10ms\"\n{line}\n{tail}"),
        "arrivals" => format!("{head}duration = \"10ms\"\n[[source.invoke]]\narrivals = {line}\n"),
        "end" => format!("{head}duration = \"10ms\"\n{tail}{line}\n"),
        kind => format!("{head}duration = \"10ms\"\n[[source.{kind}]]\n{line}\n"),
    }
}

/// The line and column that a report of one problem names, and the text that it underlines.
fn place(report: &str) -> (String, String) {
    let at = report.split("--> ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let lines: Vec<&str> = report.lines().collect();
    let carets = lines.iter().position(|line| line.trim_start().starts_with("| ") && line.contains('^'));
    let underlined = carets.map_or(String::new(), |carets| {
        let from = lines[carets].chars().position(|c| c == '^').unwrap_or(0);
        let length = lines[carets].chars().skip(from).take_while(|c| *c == '^').count();
        lines[carets - 1].chars().skip(from).take(length).collect()
    });
    (at.to_owned(), underlined)
}

/// Section, what is written there, the place of the problem, the underlined text, what else the report says.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

fn check(rows: &[Row], sets: &[&str]) {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let mut wrong = String::new();
    for (section, line, at, underlined, wants) in rows {
        let text = scenario(section, line);
        let report = match pushpull::read("bad.toml", &text, &sets, &inputs()) {
            Ok(_) => "not refused".into(),
            Err(report) => report.to_string(),
        };
        println!("{section}: {line}\n{report}\n");
        let mut problem = |what: String| wrong += &format!("{what}:\n{text}\n{report}\n\n");
        let said = place(&report);
        if (said.0.as_str(), said.1.as_str()) != (format!("bad.toml:{at}").as_str(), *underlined) {
            problem(format!("not at {at}, underlining `{underlined}`"));
        }
        if report.matches("error: ").count() != 1 {
            problem("not one problem".into());
        }
        for want in wants.iter().filter(|want| !report.contains(**want)) {
            problem(format!("`{want}` is not said"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn keys_that_do_not_exist() {
    #[rustfmt::skip] // one row per rule
    check(&[
        ("top", "drian = \"1h\"", "1:1", "drian", &["unknown key `drian` at the top level", "did you mean `drain`?"]),
        ("top", "batch_size = 5", "1:1", "batch_size", &["it belongs in [[source.dynamodb]], [[source.kinesis]], [[source.msk]] or [[source.sqs]]"]),
        ("f", "memory = 512", "4:1", "memory", &["unknown key `memory` in [function.f]", "did you mean `memory_size`?"]),
        ("f", "colour = 1", "4:1", "colour", &["unknown key `colour` in [function.f]"]),
        ("invoke", "arrivals = { every = \"1s\" }\nbatch_size = 5", "6:1", "batch_size", &["it belongs in [[source.dynamodb]]"]),
        ("kinesis", "arrivals = { every = \"1s\" }\nBatchSize = 5", "6:1", "BatchSize", &["did you mean `batch_size`?"]),
        ("end", "[function.f.event_invoke_config]\nmaximum_retries = 1", "7:1", "maximum_retries", &["did you mean `maximum_retry_attempts`?"]),
        ("end", "[account]\nconcurrent_execution = 1", "7:1", "concurrent_execution", &["did you mean `concurrent_executions`?"]),
        ("end", "[[source.knesis]]", "6:10", "knesis", &["did you mean `kinesis`?"]),
        ("arrivals", "{ poison = { rate = 1 } }", "5:14", "poison", &["did you mean `poisson`?", "`poisson`, `constant`, `every`"]),
        ("arrivals", "{ poisson = { rat = 1 } }", "5:26", "rat", &["did you mean `rate`?"]),
        ("law", "{ exponental = { mean = \"1s\" } }", "3:14", "exponental", &["did you mean `exponential`?"]),
        ("law", "{ lognormal = { median = \"1s\" } }", "3:26", "{ median = \"1s\" }", &["missing `p99`", "`median` and `p99`, or `mean` and `cv`"]),
    ], &[]);
}

#[test]
fn times_and_numbers() {
    #[rustfmt::skip] // one row per rule
    check(&[
        ("top", "drain = \"-1h\"", "1:9", "\"-1h\"", &["a duration is never negative"]),
        ("top", "drain = 60", "1:9", "60", &["durations are strings with a unit, such as \"5m\""]),
        ("top", "drain = \"60\"", "1:9", "\"60\"", &["durations are strings with a unit, such as \"5m\""]),
        ("top", "drain = \"1 fortnight\"", "1:9", "\"1 fortnight\"", &["durations are strings with a unit, such as \"5m\""]),
        ("top", "drain = \"1y\"", "1:9", "\"1y\"", &["unknown unit `y`; units are ns, us, ms, s, m, h, d"]),
        ("top", "drain = \"900000h\"", "1:9", "\"900000h\"", &["more than 36 years"]),
        ("top", "seed = -1", "1:8", "-1", &["`seed` is -1; allowed: a whole number of at least 0", "too small"]),
        ("top", "seed = 1.5", "1:8", "1.5", &["expected a whole number"]),
        ("top", "start = \"yesterday\"", "1:9", "\"yesterday\"", &["2026-01-05T00:00:00Z"]),
        ("top", "profile = \"2031\"", "1:11", "\"2031\"", &["\"2025-08\" or \"2025-11\""]),
        ("top", "profile = 2025", "1:11", "2025", &["\"2025-08\" or \"2025-11\"", "found a whole number"]),
        ("f", "memory_size = \"512\"", "4:15", "\"512\"", &["a whole number from 128 to 10240", "without the quotes"]),
        ("f", "architecture = \"arm\"", "4:16", "\"arm\"", &["\"x86_64\" or \"arm64\"", "did you mean \"arm64\"?"]),
        ("f", "reuse = \"newst\"", "4:9", "\"newst\"", &["did you mean \"newest\"?"]),
        ("f", "error_rate = nan", "4:14", "nan", &["must be a finite number", "from 0 to 1"]),
        ("arrivals", "{ poisson = { rate = inf } }", "5:33", "inf", &["must be a finite number"]),
        ("arrivals", "{ constant = { rate = -nan } }", "5:34", "-nan", &["must be a finite number"]),
        ("arrivals", "{ constant = { rate = 0 } }", "5:34", "0", &["too small", "a number above 0, up to 1000000000"]),
        ("arrivals", "{ constant = { rate = 1e10 } }", "5:34", "1e10", &["too large"]),
        ("arrivals", "{ ramp = [[\"0s\", 1], [\"1s\", -1]] }", "5:40", "-1", &["0 to 1"]),
        ("arrivals", "{ ramp = [[\"0s\", 1]] }", "5:21", "[[\"0s\", 1]]", &["at least 2"]),
    ], &[]);
}

#[test]
fn keys_that_contradict_one_another() {
    #[rustfmt::skip] // one row per rule
    check(&[
        ("top", "warm_up = \"1m\"", "1:11", "\"1m\"", &["the warm-up of 1m leaves nothing of the duration of 1m"]),
        ("law", "{ uniform = { min = \"2s\", max = \"1s\" } }", "3:44", "\"1s\"", &["`max` is 1s, below `min`, which is 2s"]),
        ("law", "{ lognormal = { median = \"2s\", p99 = \"1s\" } }", "3:49", "\"1s\"", &["`p99` is 1s, below `median`, which is 2s"]),
        ("law", "{ lognormal = { median = \"0s\", p99 = \"1s\" } }", "3:37", "\"0s\"", &["above 0"]),
        ("law", "{ pareto = { min = \"0s\", shape = 1 } }", "3:31", "\"0s\"", &["above 0"]),
        ("law", "{ mixture = [] }", "3:24", "[]", &["at least 1"]),
        ("law", "{ mixture = [{ weight = 1.1e9, of = \"1s\" }] }", "3:36", "1.1e9", &["too large", "up to 1000000000"]),
        ("law", "{ mixture = [{ weight = 1, of = { uniform = { min = \"2s\", max = \"1s\" } } }] }", "3:76", "\"1s\"", &["`max` is 1s, below `min`"]),
        ("f", "outages = [{ from = \"2m\", to = \"1m\" }]", "4:32", "\"1m\"", &["the outage ends at 1m, not after it begins at 2m"]),
        ("f", "outages = [{ from = \"1m\", to = \"1m\" }]", "4:32", "\"1m\"", &["not after it begins"]),
        ("end", "[function.f.event_invoke_config]\ndead_letter_queue = \"s3\"", "7:21", "\"s3\"", &["a dead-letter queue cannot be `s3`", "allowed: \"sqs\" or \"sns\""]),
        ("end", "[function.f.event_invoke_config]\ndead_letter_queue = \"eventbridge\"", "7:21", "\"eventbridge\"", &["a dead-letter queue cannot be `eventbridge`"]),
        ("end", "[function.f.event_invoke_config]\non_success = \"s3\"", "7:14", "\"s3\"", &["allowed: \"sqs\", \"sns\" or \"eventbridge\""]),
        ("end", "[function.f.event_invoke_config]\non_failure = \"kafka\"", "7:14", "\"kafka\"", &["\"sqs\", \"sns\", \"s3\", \"eventbridge\" or \"lambda:NAME\" of a function"]),
        ("f", "reserved_concurrent_executions = 2000", "4:34", "2000", &["2000 of the account's 1000", "at most 900 may be reserved", "account.concurrent_executions"]),
        ("f", "provisioned_concurrent_executions = 901", "4:37", "901", &["reserved and provisioned concurrency add up to 901 of the account's 1000"]),
        ("f", "reserved_concurrent_executions = 5\nprovisioned_concurrent_executions = 6", "5:37", "6", &["6 provisioned environments do not fit into a reserve of 5"]),
        ("f", "snap_start = true\nprovisioned_concurrent_executions = 1", "5:37", "1", &["SnapStart does not go together with provisioned concurrency"]),
        ("f", "runtime = \"nodejs22.x\"\nsnap_start = true", "4:11", "\"nodejs22.x\"", &["SnapStart works with Java, Python and .NET only"]),
        ("f", "package_type = \"Image\"\nsnap_start = true", "4:16", "\"Image\"", &["SnapStart does not work with container images"]),
        ("f", "init_duration = { uniform = { min = \"10001ms\", max = \"11s\" } }\nsnap_start = true", "4:17", "{ uniform = { min = \"10001ms\", max = \"11s\" } }", &["takes 10001ms at least", "Lambda ends it after 10s"]),
        ("f", "ephemeral_storage = \"1GB\"\nsnap_start = true", "4:21", "\"1GB\"", &["512 MB of `/tmp` only"]),
        ("f", "reserved_concurrent_executions = 901", "4:34", "901", &["at most 900 may be reserved"]),
        ("all", "duration = \"1m\"\naccount.concurrent_executions = 50\nfunction.f = { duration = \"1s\", reserved_concurrent_executions = 1 }\nsource.s3 = [{ arrivals = { every = \"1s\" } }]", "3:66", "1", &["none may be reserved"]),
        ("arrivals", "{ at = [\"1s\", \"3s\", \"2s\"] }", "5:32", "\"2s\"", &["instants must ascend, and 2s comes after 3s"]),
        ("arrivals", "{ ramp = [[\"1s\", 1], [\"0s\", 2]] }", "5:34", "\"0s\"", &["instants must ascend, and 0s comes after 1s"]),
        ("arrivals", "{ every = \"1s\", poisson = { rate = 1 } }", "5:28", "poisson", &["exactly one of", "the first"]),
        ("s3", "arrivals = { clients = { count = 1, think_time = \"1s\" } }", "5:24", "{ count = 1, think_time = \"1s\" }", &["needs answers to wait for"]),
        ("api_gateway", "invocation_type = \"Event\"\narrivals = { clients = { count = 1, think_time = \"1s\" } }", "6:24", "{ count = 1, think_time = \"1s\" }", &["needs answers to wait for"]),
        ("kinesis", "arrivals = { clients = { count = 1, think_time = \"1s\" } }", "5:24", "{ count = 1, think_time = \"1s\" }", &["needs answers to wait for"]),
        ("api_gateway", "arrivals = { every = \"1s\" }\ninvocation_type = \"DryRun\"", "6:19", "\"DryRun\"", &["`RequestResponse` or `Event`"]),
        ("cloudformation", "arrivals = { every = \"1s\" }\ninvocation_type = \"DryRun\"", "6:19", "\"DryRun\"", &["`Event` or `RequestResponse`"]),
        ("invoke", "arrivals = { every = \"1s\" }\ninvocation_type = \"Events\"", "6:19", "\"Events\"", &["did you mean \"Event\"?"]),
        ("kinesis", "batch_size = 5", "4:1", "[[source.kinesis]]", &["`arrivals`", "`backlog`"]),
        ("invoke", "payload_size = \"1KB\"", "4:1", "[[source.invoke]]", &["no `arrivals`"]),
        ("cloudwatch_events", "schedule = \"rate(5 minute)\"", "5:12", "\"rate(5 minute)\"", &["the unit is singular after 1"]),
        ("kinesis", "backlog = { events = 5, age = \"24h\" }", "5:31", "\"24h\"", &["records 24h old are no longer there", "keeps them for 24h"]),
        ("kinesis", "arrivals = { every = '1s' }\ntumbling_window = '500ms'", "6:19", "'500ms'", &["\"1s\" to \"15m\""]),
        ("kinesis", "name = 'a'\nbacklog = { events = 1 }\nreshard = [{ at = '1s', shard_count = 2 }]\n[[source.kinesis]]\nname = 'b'\nstream = 'a'\ntumbling_window = '10s'", "11:19", "'10s'", &["not together with resharding"]),
        ("kinesis", "backlog = { events = 1 }\nenhanced_fan_out = true\npolling_interval = '1s'", "7:20", "'1s'", &["a consumer with enhanced fan-out does not poll"]),
        ("kinesis", "backlog = { events = 1 }\nstarting_position = 'AT_TIMESTAMP'\nstarting_position_timestamp = '2026-01-05T00:00:01Z'", "7:31", "'2026-01-05T00:00:01Z'", &["lies after the `start` of the scenario"]),
        ("cloudwatch_events", "arrivals = { every = '1s' }\npayload_size = '1048577B'", "6:16", "'1048577B'", &["an event of EventBridge holds at most 1 MiB"]),
        ("sns", "arrivals = { every = '1s' }\npayload_size = '257KiB'", "6:16", "'257KiB'", &["a message of SNS holds at most 256 KiB"]),
        ("f", "provisioned_allocation = '1s'", "4:26", "'1s'", &["no `provisioned_concurrent_executions` to be allocated"]),
        ("kinesis", "backlog = { events = 1 }\non_demand_growth = { factor = 3 }", "6:20", "{ factor = 3 }", &["goes with `on_demand = true` only"]),
        ("cloudformation", "arrivals = { every = \"1s\" }\ninvocation_type = \"RequestResponse\"\nretry_jitter = 0.1", "7:16", "0.1", &["goes with `invocation_type = \"Event\"`"]),
        ("f", "recursive_loop = \"Allow\"\nevent_invoke_config = { on_success = \"lambda:f\", queue_delay = \"0s\" }", "4:18", "\"Allow\"", &["a loop that nothing stops may take no time", "set this above 0"]),
        ("kinesis", "name = 'a'\nbacklog = { events = 1 }\n[[source.kinesis]]\nname = 'b'\nstream = 'a'\non_demand = true", "10:13", "true", &["`on_demand` belongs to the stream"]),
        ("kinesis", "name = 'a'\nbacklog = { events = 1 }\n[[source.kinesis]]\nname = 'b'\nstream = 'a'\npayload_size = \"256B\"", "10:16", "\"256B\"", &["`payload_size` belongs to the stream"]),
        ("kinesis", "name = 'a'\nbacklog = { events = 1 }\n[[source.kinesis]]\nname = 'b'\nstream = 'a'\nretention_period = \"24h\"", "10:20", "\"24h\"", &["`retention_period` belongs to the stream"]),
        ("kinesis", "name = 'a'\nbacklog = { events = 1 }\n[[source.kinesis]]\nname = 'b'\nstream = 'a'\nwrite_retry = {}", "10:15", "{}", &["`write_retry` belongs to the stream"]),
        ("kinesis", "name = 'a'\nbacklog = { events = 1 }\n[[source.kinesis]]\nname = 'b'\nstream = 'a'\nreshard = [{ at = '1s', shard_count = 9 }]", "10:11", "[{ at = '1s', shard_count = 9 }]", &["`reshard` belongs to the stream"]),
        ("kinesis", "name = 'a'\nbacklog = { events = 1 }\n[[source.kinesis]]\nname = 'b'\nstream = 'a'\nbacklog = { events = 1, age = '40h' }", "10:11", "{ events = 1, age = '40h' }", &["`backlog` belongs to the stream"]),
        ("msk", "name = 'a'\nbacklog = { events = 1 }\n[[source.msk]]\nname = 'b'\nstream = 'a'\npartitions = 1", "10:14", "1", &["`partitions` belongs to the stream"]),
        ("end", "[account]\nservice_outages = [{ from = \"2m\", to = \"1m\" }]", "7:40", "\"1m\"", &["the outage ends at 1m, not after it begins at 2m"]),
        ("end", "[expect]\nsources.invoke.events = 5", "7:1", "sources", &["a metric's name stands in quotes"]),
        ("cloudwatch_events", "schedule = \"every day\"", "5:12", "\"every day\"", &["allowed: `rate(5 minutes)` or `cron(0 12 * * ? *)`"]),
        ("cloudwatch_events", "schedule = \"cron(0 12 * * ?)\"", "5:12", "\"cron(0 12 * * ?)\"", &["found 5 fields", "minutes hours day-of-month month day-of-week year"]),
        ("cloudwatch_events", "schedule = \"cron(0 12 * * * *)\"", "5:12", "\"cron(0 12 * * * *)\"", &["exactly one of day-of-month and day-of-week is `?`"]),
        ("cloudwatch_events", "schedule = \"cron(0 25 * * ? *)\"", "5:12", "\"cron(0 25 * * ? *)\"", &["`cron(0 25 * * ? *)` cannot be read: number out of bounds"]),
        ("cloudwatch_events", "schedule = \"rate(1 hour)\"\narrivals = { every = \"1s\" }", "5:12", "\"rate(1 hour)\"", &["`schedule` or `arrivals`, found both"]),
        ("cloudwatch_events", "payload_size = \"1KB\"", "4:1", "[[source.cloudwatch_events]]", &["`schedule` or `arrivals`, found neither"]),
        ("all", "[function.f]\nduration = \"1s\"\n[[source.invoke]]\narrivals = { poisson = { rate = 1 } }", "4:12", "{ poisson = { rate = 1 } }", &["the events of `invoke` never end, and the scenario has no `duration`", "duration = \"10m\""]),
        ("all", "[function.f]\nduration = \"1s\"\n[[source.cloudwatch_events]]\nschedule = \"rate(1 day)\"", "4:12", "\"rate(1 day)\"", &["never end"]),
        ("all", "[function.f]\nduration = \"1s\"\n[[source.invoke]]\narrivals = { clients = { count = 2, think_time = \"1s\" } }", "4:12", "{ clients = { count = 2, think_time = \"1s\" } }", &["never end"]),
    ], &[]);
}

#[test]
fn names_of_things() {
    #[rustfmt::skip] // one row per rule
    check(&[
        ("end", "[function.g]\nduration = \"1s\"", "4:1", "[[source.invoke]]", &["source `invoke` has no `target`", "`f`, `g`"]),
        ("invoke", "arrivals = { every = \"1s\" }\ntarget = \"ff\"", "6:10", "\"ff\"", &["no function `ff`"]),
        ("all", "duration = \"1m\"\n[function.alert]\nduration = \"1s\"\n[[source.sns]]\ntarget = \"alret\"\narrivals = { every = \"1s\" }", "5:10", "\"alret\"", &["no function `alret`", "did you mean `alert`?"]),
        ("all", "duration = \"1m\"\n[function.\"a b\"]\nduration = \"1s\"\n[[source.sns]]\narrivals = { every = \"1s\" }", "2:11", "\"a b\"", &["cannot be a name"]),
        ("invoke", "name = \"a\"\narrivals = { every = \"1s\" }\n[[source.sns]]\nname = \"a\"\narrivals = { every = \"1s\" }", "8:8", "\"a\"", &["two sources are named `a`", "the first"]),
        ("invoke", "name = \"kinesis\"\narrivals = { every = \"1s\" }", "5:8", "\"kinesis\"", &["is the name of a kind of source"]),
        ("invoke", "name = \"Big One\"\narrivals = { every = \"1s\" }", "5:8", "\"Big One\"", &["a-z, then a-z, 0-9, `_`, `-`"]),
        ("invoke", "name = \"\"\narrivals = { every = \"1s\" }", "5:8", "\"\"", &["a-z, then a-z, 0-9, `_`, `-`"]),
        ("end", "[expect]\n\"sources.invoke.latency_ms.p9\" = 1", "7:1", "\"sources.invoke.latency_ms.p9\"", &["no metric `sources.invoke.latency_ms.p9`", "did you mean `sources.invoke.latency_ms.p9"]),
        ("end", "[expect]\n\"colour\" = 1", "7:1", "\"colour\"", &["a metric's name is its path in the summary"]),
        ("end", "[expect]\n\"sources.invoke.events\" = \"about 3\"", "7:27", "\"about 3\"", &["what `sources.invoke.events` is to be cannot be read", "a number, \"< 3000\""]),
        ("end", "[expect]\n\"sources.invoke.events\" = [5, 3]", "7:27", "[5, 3]", &["[low, high]"]),
        ("end", "[expect]\n\"sources.invoke.events\" = [5]", "7:27", "[5]", &["list of 1"]),
        ("end", "[expect]\n\"sources.invoke.events\" = true", "7:27", "true", &["expected a number"]),
    ], &[]);
    let two = scenario("end", "[[source.invoke]]\narrivals = { every = \"1s\" }");
    let report = pushpull::read("bad.toml", &two, &[], &inputs()).unwrap_err().to_string();
    println!("{report}");
    for want in ["bad.toml:4:1", "bad.toml:6:1", "several `invoke` sources, and this one has no `name`"] {
        assert!(report.contains(want), "{report}");
    }
}

#[test]
fn files() {
    #[rustfmt::skip] // one row per rule
    check(&[
        ("arrivals", "{ trace = { file = \"gone.csv\", column = \"time\" } }", "5:31", "\"gone.csv\"", &["gone.csv: no such file"]),
        ("arrivals", "{ trace = { file = \"letters.csv\", column = \"time\" } }", "5:31", "\"letters.csv\"", &["letters.csv:4: column `time`: expected a time of 0 or more", "found `soon`"]),
        ("arrivals", "{ trace = { file = \"negative.csv\", column = \"time\" } }", "5:31", "\"negative.csv\"", &["negative.csv:3: column `time`", "found `-1`"]),
        ("arrivals", "{ trace = { file = \"descending.csv\", column = \"time\" } }", "5:31", "\"descending.csv\"", &["descending.csv:4: column `time`: instants must ascend, and `4.5` is earlier"]),
        ("arrivals", "{ trace = { file = \"targets.csv\", column = \"time\", target_column = \"target\" } }", "5:31", "\"targets.csv\"", &["targets.csv:3: column `target`: no function `g` in this scenario"]),
        ("arrivals", "{ trace = { file = \"good.csv\", column = \"tme\" } }", "5:52", "\"tme\"", &["good.csv", "no column `tme`", "the columns are `time`, `target`"]),
        ("arrivals", "{ trace = { file = \"good.csv\", column = \"time\", duration_column = \"took\" } }", "5:78", "\"took\"", &["no column `took`", "`time`, `target`"]),
        ("arrivals", "{ trace = { file = \"header.csv\", column = \"time\" } }", "5:31", "\"header.csv\"", &["column `time` has no values"]),
        ("arrivals", "{ trace = { file = \"nothing.csv\", column = \"time\" } }", "5:31", "\"nothing.csv\"", &["nothing.csv: the file is empty; its first line must name the columns"]),
        ("arrivals", "{ trace = { file = \"late.csv\", column = \"time\", scale = 1000 } }", "5:31", "\"late.csv\"", &["late.csv:3: column `time`: `1135296000` times the scale of 1000 is more than 36 years"]),
        ("all", "[function.f]\nduration = \"1s\"\n[[source.invoke]]\narrivals = { trace = { file = \"late.csv\", column = \"time\", repeat = 3 } }", "4:31", "\"late.csv\"", &["played 3 times, the trace takes more than 36 years"]),
        ("arrivals", "{ trace = { file = \"good.csv\", column = \"time\", unit = \"sec\" } }", "5:67", "\"sec\"", &["allowed: \"ns\", \"us\", \"ms\", \"s\", \"m\" or \"h\""]),
        ("arrivals", "{ counts = { file = \"counts.csv\", column = \"events\" } }", "5:32", "\"counts.csv\"", &["counts.csv:3: column `events`: expected a whole number of events", "found `1.5`"]),
        ("arrivals", "{ counts = { file = \"counts.csv\", column = \"event\" } }", "5:55", "\"event\"", &["no column `event`; the columns are `events`"]),
        ("kinesis", "arrivals = { trace = { file = \"good.csv\", column = \"time\", target_column = \"target\" } }", "5:76", "\"target\"", &["a stream's mapping calls one function"]),
        ("law", "{ empirical = { file = \"header.csv\", column = \"time\" } }", "3:35", "\"header.csv\"", &["column `time` has no values"]),
        ("law", "{ empirical = { file = \"letters.csv\", column = \"time\" } }", "3:35", "\"letters.csv\"", &["letters.csv:4"]),
        ("law", "{ empirical = { file = \"good.csv\", column = \"tme\" } }", "3:56", "\"tme\"", &["no column `tme`"]),
        ("law", "{ mixture = [{ weight = 1, of = { empirical = { file = \"gone.csv\", column = \"time\" } } }] }", "3:67", "\"gone.csv\"", &["no such file"]),
        ("s3", "arrivals = { every = \"1s\" }\ndelivery = { empirical = { file = \"gone.csv\", column = \"time\" } }", "6:35", "\"gone.csv\"", &["no such file"]),
    ], &[]);
}

#[test]
fn whole_texts() {
    #[rustfmt::skip] // one row per rule
    check(&[
        ("all", "duration = \"1m\"\n[[source.invoke]]\narrivals = { every = \"1s\" }", "1:1", "d", &["the scenario has no function", "add `[function.NAME]` with its `duration`"]),
        ("all", "duration = \"1m\"\n[function.f]\nduration = \"1s\"", "1:1", "d", &["the scenario has no event source", "`s3`", "`kinesis`"]),
        ("all", "duration = \"1m\"\n[function.f]\nduration = ", "3:12", "", &["expected"]),
        ("all", "duration = \"1m\n[function.f]", "1:15", "", &["1 | duration = \"1m"]),
        ("all", "duration = \"1m\"\nduration = \"2m\"", "2:1", "duration", &["duplicate key"]),
        ("all", "[function.f\nduration = \"1s\"", "1:12", "", &["]"]),
    ], &[]);
    for text in ["", "\n", "# only\n# comments\n", "\u{feff}"] {
        let report = pushpull::read("bad.toml", text, &[], &inputs()).unwrap_err().to_string();
        println!("{report}\n");
        for want in ["bad.toml:1:1", "has no event source", "has no function"] {
            assert!(report.contains(want), "{text:?}\n{report}");
        }
    }
}

#[test]
fn assignments() {
    let text = scenario("end", "");
    #[rustfmt::skip] // one row per rule
    let rows = [
        ("seed", "--set:1:1", "seed", "expected PATH=VALUE"),
        ("sede=1", "--set:1:1", "sede", "did you mean `seed`?"),
        ("source.lgos.payload_size=1KB", "--set:1:8", "lgos", "known: `invoke`"),
        ("source.invok.payload_size=1KB", "--set:1:8", "invok", "did you mean `invoke`?"),
        ("source.invoke.payload_sise=1KB", "--set:1:15", "payload_sise", "did you mean `payload_size`?"),
        ("source.invoke.payload_size=5", "--set:1:28", "5", "sizes are strings with a unit"),
        ("source.invoke.arrivals.constant.rate=-5", "--set:1:38", "-5", "too small"),
        ("function.g.timeout=5s", "--set:1:10", "g", "known: `f`"),
        ("function.f.timeout=5", "--set:1:20", "5", "durations are strings with a unit"),
        ("function.f.timeout=20m", "--set:1:20", "20m", "from \"1s\" to \"15m\""),
        ("function.f.memory_size=99", "--set:1:24", "99", "a whole number from 128 to 10240"),
        ("function.f.duration=abc", "--set:1:21", "abc", "duration"),
        ("warm_up=1h", "--set:1:9", "1h", "leaves nothing of the duration"),
        ("profile=2017", "--set:1:9", "2017", "allowed: \"2018\""),
    ];
    // A name may look like a number.
    let dated = pushpull::read("good.toml", &text, &["profile=2018".to_owned()], &inputs()).unwrap();
    assert_eq!(dated.profile.name(), "2018");
    for (set, at, underlined, want) in rows {
        let report = pushpull::read("bad.toml", &text, &[set.to_owned()], &inputs()).unwrap_err().to_string();
        println!("{set}\n{report}\n");
        assert_eq!(place(&report), (at.to_owned(), underlined.to_owned()), "{set}\n{report}");
        assert!(report.contains(want), "{set}: `{want}` is not in:\n{report}");
    }
}

/// What is wrong with a value somewhere in a schema: its TOML, the wrong part marked by [`MARK`] before it.
struct Bad {
    toml: String,
    /// What the report says of it.
    wants: Vec<String>,
}

const MARK: char = '\u{1}';

/// Makes bad values for everything that a schema bounds, so that a new key is covered by itself.
struct Walk {
    root: Value,
    /// References on the way, so that a distribution within a distribution ends.
    within: Vec<String>,
}

impl Walk {
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(target) => self.resolve(self.root.pointer(target.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    fn branches(schema: &Value) -> Vec<Value> {
        let found = ["anyOf", "oneOf", "allOf"].iter().filter_map(|union| schema[union].as_array()).flatten();
        found.filter(|one| one["type"] != "null").cloned().collect()
    }

    /// Some value that fits.
    fn example(&self, schema: &Value) -> String {
        let resolved = self.resolve(schema);
        let format = schema["x-format"].as_str().or(resolved["x-format"].as_str()).or(resolved["format"].as_str());
        if let Some(branch) = Self::branches(resolved).first() {
            return self.example(branch);
        }
        if let Some(only) = resolved.get("const").or(resolved["enum"].get(0)) {
            return only.to_string();
        }
        let kind = resolved["type"].as_str().or(resolved["type"][0].as_str()).unwrap_or("object");
        match (kind, format) {
            ("string", Some("duration")) => schema.get("x-minimum").map_or("\"1s\"".into(), Value::to_string),
            ("string", Some("size")) => "\"1KB\"".into(),
            ("string", Some("timestamp")) => "\"2026-01-05T00:00:00Z\"".into(),
            ("string", _) => "\"x\"".into(),
            ("boolean", _) => "true".into(),
            ("integer" | "number", _) => "1".into(),
            ("array", _) => self.list(resolved, 0, None),
            _ => self.table(resolved, "", ""),
        }
    }

    /// A list whose element at `place` is `bad`.
    fn list(&self, schema: &Value, place: usize, bad: Option<&str>) -> String {
        let fixed = schema["prefixItems"].as_array().cloned().unwrap_or_default();
        let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
        let length = fixed.len().max(least).max(if bad.is_some() { place + 1 } else { 0 });
        let item = |at: usize| match bad {
            Some(bad) if at == place => bad.to_owned(),
            _ => self.example(fixed.get(at).unwrap_or(&schema["items"])),
        };
        format!("[{}]", (0..length).map(item).collect::<Vec<_>>().join(", "))
    }

    /// A table with what it must have, and `key` besides.
    fn table(&self, schema: &Value, key: &str, value: &str) -> String {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut keys: Vec<String> = required
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| *name != key)
            .map(|name| format!("{name} = {}", self.example(&schema["properties"][name])))
            .collect();
        keys.extend((!key.is_empty()).then(|| format!("{key} = {value}")));
        format!("{{ {} }}", keys.join(", "))
    }

    fn bad(&mut self, schema: &Value) -> Vec<Bad> {
        if let Some(target) = schema["$ref"].as_str().map(str::to_owned) {
            if self.within.contains(&target) {
                return vec![];
            }
            let mut whole = self.resolve(schema).clone();
            // What stands beside a reference narrows it.
            for (keyword, value) in schema.as_object().unwrap().iter().filter(|(keyword, _)| *keyword != "$ref") {
                whole[keyword] = value.clone();
            }
            self.within.push(target);
            let found = self.bad(&whole);
            self.within.pop();
            return found;
        }
        let mut found = vec![];
        for branch in Self::branches(schema) {
            found.extend(self.bad(&branch));
        }
        found.extend(self.of_scalar(schema));
        if schema["type"] == "array" {
            let fixed = schema["prefixItems"].as_array().cloned().unwrap_or_default();
            for (place, item) in fixed.iter().chain(schema.get("items").filter(|items| items.is_object())).enumerate() {
                let below = self.bad(item);
                found.extend(
                    below.into_iter().map(|bad| Bad { toml: self.list(schema, place, Some(&bad.toml)), ..bad }),
                );
            }
        }
        for (key, property) in schema["properties"].as_object().cloned().unwrap_or_default() {
            let below = self.bad(&property);
            found.extend(below.into_iter().map(|bad| Bad { toml: self.table(schema, &key, &bad.toml), ..bad }));
        }
        let of_map = schema["patternProperties"].as_object().and_then(|patterns| patterns.values().next());
        if let Some(of_map) = of_map.or(schema.get("additionalProperties").filter(|more| more.is_object())) {
            let below = self.bad(&of_map.clone());
            found.extend(below.into_iter().map(|bad| Bad { toml: self.table(schema, "f", &bad.toml), ..bad }));
        }
        if schema["additionalProperties"] == false {
            let toml = self.table(schema, &format!("{MARK}zzz"), "1");
            found.push(Bad { toml, wants: vec!["unknown key `zzz`".into()] });
        }
        found
    }

    /// Values out of the range, of another type, or not among those listed.
    fn of_scalar(&self, schema: &Value) -> Vec<Bad> {
        let types = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        let mut found = vec![];
        let mut add = |value: String, wants: &[&str]| {
            found
                .push(Bad { toml: format!("{MARK}{value}"), wants: wants.iter().map(|want| (*want).into()).collect() });
        };
        let is_whole = types.contains(&"integer");
        for (keyword, step, says) in [
            ("minimum", -1.0, "too small"),
            ("exclusiveMinimum", 0.0, "too small"),
            ("maximum", 1.0, "too large"),
            ("exclusiveMaximum", 0.0, "too large"),
        ] {
            if let Some(bound) = schema[keyword].as_f64() {
                let value = bound + step * if is_whole { 1.0 } else { 0.5 };
                add(if is_whole { format!("{value}") } else { format!("{value:?}") }, &[says, "allowed: "]);
            }
        }
        if types.contains(&"number") {
            for value in ["nan", "inf", "-inf"] {
                add(value.into(), &["must be a finite number"]);
            }
        }
        let format = schema["x-format"].as_str().or(schema["format"].as_str()).unwrap_or_default();
        for (keyword, says) in [("x-minimum", "too small"), ("x-maximum", "too large")] {
            let Some(bound) = schema[keyword].as_str() else { continue };
            let (value, unit) = match format {
                "duration" => (parse_duration(bound).unwrap(), "ns"),
                "size" => (parse_size(bound).unwrap(), "B"),
                other => panic!("a bound on `{other}`: {schema}"),
            };
            // Bounds are compared as floating-point numbers, whose last digits a long time does not have.
            let step = (value >> 40).max(1);
            let value = if keyword == "x-minimum" { value - step } else { value + step };
            add(format!("\"{value}{unit}\""), &[says, bound]);
        }
        match format {
            "duration" => {
                add("\"-1s\"".into(), &["a duration is never negative"]);
                add("5".into(), &["durations are strings with a unit"]);
                add("\"5\"".into(), &["durations are strings with a unit"]);
            }
            "size" => add("5".into(), &["sizes are strings with a unit"]),
            _ => {}
        }
        if schema["enum"].as_array().is_some_and(|values| values.iter().any(Value::is_string)) {
            add("\"zzz\"".into(), &["is \"zzz\"; allowed: "]);
        }
        if !types.is_empty() {
            add(if types.contains(&"boolean") { "\"zzz\"" } else { "true" }.into(), &["expected ", "found "]);
        }
        found
    }
}

/// Every range, type and set of names that the schema knows is kept, each problem at its place and alone.
#[test]
fn every_bound_of_the_schema() {
    let root = json_schema();
    let mut walk = Walk { root: root.clone(), within: vec![] };
    let mut seen = BTreeSet::new();
    let mut bounds = 0;
    let mut wrong = String::new();
    for (key, schema) in root["properties"].as_object().unwrap() {
        for Bad { toml, wants } in walk.bad(schema) {
            if !seen.insert(toml.clone()) {
                continue;
            }
            let marked = format!("{key} = {toml}");
            let column = marked.chars().position(|c| c == MARK).unwrap() + 1;
            let text = marked.replace(MARK, "");
            let report = match pushpull::read("bad.toml", &text, &[], &inputs()) {
                Ok(_) => "not refused".into(),
                Err(report) => report.to_string(),
            };
            let is_placed = place(&report).0 == format!("bad.toml:1:{column}");
            let is_alone = report.matches("error: ").count() == 1;
            if !(is_placed && is_alone && wants.iter().all(|want| report.contains(want))) {
                wrong += &format!("{wants:?} at {column}:\n{text}\n{report}\n\n");
            }
            bounds += usize::from(wants[0].starts_with("too "));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    println!("{} bad values, {bounds} of them out of range", seen.len());
    assert!(bounds > 100 && seen.len() > 500, "{bounds} of {}: the walk has lost its way", seen.len());
}

/// An empty folder for one test of the binary.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bad_input_{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pushpull")).current_dir(folder).args(arguments).output().unwrap()
}

/// Bad input ends with status 2, says why on standard error alone, and leaves no output behind.
#[test]
fn nothing_is_written() {
    let folder = folder("nothing");
    let good = scenario("end", "");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("good.toml", good.as_bytes());
    write("empty.toml", b"");
    write("key.toml", scenario("top", "sede = 1").as_bytes());
    write("latin.toml", b"seed = 1\nabout = \"caf\xe9\"\n");
    write("trace.csv", b"time,target\n0,f\n1,f\n0.5,f\n");
    write("short.csv", b"time,target\n0,f\n1\n");
    write("latin.csv", b"time,target\n0,f\n1,\xe9\n");
    let trace = |file, column: &str| {
        scenario("arrivals", &format!("{{ trace = {{ file = \"{file}\", column = \"{column}\" }} }}"))
    };
    write("crlf.csv", b"\r\ntime,target\r\n0,f\r\n\r\n1,f\r\n0.5,f\r\n");
    write("blank.csv", b"time,target\n\n0,\"f\n\"\n\n\n1\n");
    write("nothing.csv", b"");
    write("trace.toml", trace("trace.csv", "time").as_bytes());
    write("crlf.toml", trace("crlf.csv", "time").as_bytes());
    write("crlf_column.toml", trace("crlf.csv", "tme").as_bytes());
    write("blank.toml", trace("blank.csv", "time").as_bytes());
    write("nothing.toml", trace("nothing.csv", "time").as_bytes());
    write("unnamed.toml", trace("", "time").as_bytes());
    write("column.toml", trace("trace.csv", "tme").as_bytes());
    write("short.toml", trace("short.csv", "time").as_bytes());
    write("latin_trace.toml", trace("latin.csv", "time").as_bytes());
    write("gone.toml", trace("gone.csv", "time").as_bytes());
    write("folder_trace.toml", trace(".", "time").as_bytes());
    std::fs::create_dir(folder.join("folder.toml")).unwrap();
    let before = names(&folder);
    #[rustfmt::skip] // one row per rule
    let rows: &[(&[&str], &[&str])] = &[
        (&["key.toml"], &["key.toml:1:1", "did you mean `seed`?"]),
        (&["empty.toml"], &["empty.toml:1:1", "no function", "no event source"]),
        (&["missing.toml"], &["error: missing.toml: no such file"]),
        (&["folder.toml"], &["error: folder.toml: a folder, not a file"]),
        (&["latin.toml"], &["error: latin.toml:2:13: not UTF-8 text"]),
        (&["trace.toml"], &["trace.toml:5:31", "trace.csv:4: column `time`: instants must ascend"]),
        (&["column.toml"], &["column.toml:5:53", "no column `tme`", "did you mean `time`?"]),
        (&["short.toml"], &["short.toml:5:31", "short.csv:3: 1 field, and the header has 2"]),
        (&["latin_trace.toml"], &["latin.csv:3: not UTF-8 text"]),
        (&["crlf.toml"], &["crlf.csv:6: column `time`: instants must ascend"]),
        (&["crlf_column.toml"], &["crlf.csv:2: no column `tme`"]),
        (&["blank.toml"], &["blank.csv:7: 1 field, and the header has 2"]),
        (&["nothing.toml"], &["nothing.csv: the file is empty; its first line must name the columns"]),
        (&["unnamed.toml"], &["unnamed.toml:5:31", "the name of the file is empty"]),
        (&["gone.toml"], &["gone.csv: no such file"]),
        (&["folder_trace.toml"], &["a folder, not a file"]),
        (&["good.toml", "--set", "source.invok.payload_size=1KB"], &["did you mean `invoke`?"]),
        (&["good.toml", "key.toml"], &["key.toml:1:1"]),
        (&["good.toml", "good.toml"], &["would both write to"]),
        (&["good.toml", "--out", "good.toml"], &["good.toml is a file; --out takes a folder"]),
        (&["good.toml", "--seed", "x"], &["--seed"]),
        (&["good.toml", "--sede", "1"], &["--sede"]),
        (&[], &["SCENARIO"]),
    ];
    for (arguments, wants) in rows {
        let facts: &[&str] = if arguments.len() < 2 { &["--facts", "facts.csv"] } else { &[] };
        for extra in [&["--quiet"][..], &["--json"], facts] {
            let output = run(&folder, &[&["run"], *arguments, extra].concat());
            let said = String::from_utf8(output.stderr).unwrap();
            println!("{arguments:?}\n{said}");
            assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{said}");
            assert!(output.stdout.is_empty(), "{arguments:?}");
            assert_eq!(names(&folder), before, "{arguments:?}");
            for want in *wants {
                assert!(said.contains(want), "{arguments:?}: `{want}` is not in:\n{said}");
            }
        }
    }
    // A check tells everything that is wrong with all of them.
    let output = run(&folder, &["check", "key.toml", "good.toml", "missing.toml", "trace.toml"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.matches("error: ").count(), 3, "{said}");
    assert_eq!(names(&folder), before);
}

fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
