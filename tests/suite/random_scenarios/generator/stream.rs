//! Streams and the mappings on them: Kinesis, DynamoDB, Kafka.

use super::arrivals::{Sender, arrivals};
use super::draft::Draft;
use super::duplicates;
use super::scene::{Owner, Scene};

pub fn stream(draft: &mut Draft, scene: &mut Scene, kind: &'static str, number: u64) {
    let reshards = match shared(draft, scene, kind) {
        Some(place) => {
            draft.text("stream", &scene.streams[place].name);
            scene.streams[place].reshards
        }
        None => {
            let reshards = own_stream(draft, scene, kind);
            scene.streams.push(Owner { name: format!("s{number}"), kind, reshards });
            reshards
        }
    };
    duplicates(draft);
    batches(draft, kind);
    draft.maybe_text(30, "polling_phase", &["0s", "1ns", "500ms", "3s"]);
    if kind != "msk" {
        polls(draft, kind);
        if !reshards {
            draft.maybe_text(15, "tumbling_window", &["1s", "2.5s", "7s", "30s", "15m"]);
        }
    }
    let has_pollers = kind == "msk" && pollers(draft);
    if kind != "msk" || has_pollers {
        failures(draft);
    }
    draft.maybe_text(40, "on_failure", &["sqs", "sns", "s3"]);
    draft.maybe(20, "filter_pass_rate", &["0.0", "0.5", "1"]);
    draft.maybe_time(40, "propagation", 1);
    starting_position(draft, kind);
}

/// The place of a stream that the source shares, if it does.
fn shared(draft: &mut Draft, scene: &Scene, kind: &str) -> Option<usize> {
    let place = scene.streams.iter().position(|owner| owner.kind == kind)?;
    draft.dice.chance(60).then_some(place)
}

/// A stream of the source's own; gives back whether its shards change in number.
fn own_stream(draft: &mut Draft, scene: &Scene, kind: &str) -> bool {
    let ages = retention(draft, kind);
    let has_backlog = draft.dice.chance(35);
    if has_backlog {
        let (events, age) = (draft.dice.between(0, 150), draft.dice.pick(ages));
        draft.key("backlog", format!("{{ events = {events}{age} }}"));
    }
    if !has_backlog || draft.dice.chance(80) {
        let arrivals = arrivals(&mut draft.dice, scene, Sender::Producer);
        draft.key("arrivals", arrivals);
    }
    let large = if scene.is_long() { 60 } else { 15 };
    draft.maybe_text(large, "payload_size", &["1B", "1KiB", "1MiB", "2MB", "10MiB"]);
    draft.maybe(50, "partition_keys", &["1", "2", "10", "{ count = 20, zipf = 1.2 }", "{ count = 5, zipf = 0 }"]);
    match kind {
        "msk" => {
            draft.maybe(70, "partitions", &["1", "2", "3", "6"]);
            false
        }
        "kinesis" => {
            draft.maybe(
                12,
                "write_retry",
                &["{ attempts = 1 }", "{ attempts = 3, cap = \"100ms\" }", "{ record_ttl = \"1s\" }"],
            );
            let on_demand = draft.dice.chance(if scene.is_long() { 60 } else { 10 });
            if on_demand {
                draft.key("on_demand", true);
                draft.maybe(
                    40,
                    "on_demand_growth",
                    &["{}", "{ period = \"1m\" }", "{ factor = 1.0 }", "{ period = \"90s\", factor = 10 }"],
                );
            }
            on_demand || shards(draft)
        }
        _ => {
            draft.maybe(60, "shard_count", &["1", "2", "3", "4"]);
            draft.maybe(15, "polls_per_second", &["4", "5", "1000"]);
            false
        }
    }
}

/// How long records are kept; gives back ages that a backlog may have, as keys of it.
fn retention(draft: &mut Draft, kind: &str) -> &'static [&'static str] {
    match kind {
        "kinesis" => draft.maybe_text(20, "retention_period", &["24h", "48h"]),
        "msk" if draft.dice.chance(50) => {
            draft.maybe_text(100, "retention_period", &["1m", "61s", "5m"]);
            return &["", ", age = \"1ms\"", ", age = \"30s\"", ", age = \"59.9s\""];
        }
        _ => {}
    }
    &["", ", age = \"1ms\"", ", age = \"90s\"", ", age = \"23h\"", ", age = \"23h59m30s\""]
}

/// The number of shards and its changes, each to at most the double and at least the half.
fn shards(draft: &mut Draft) -> bool {
    let mut shards = if draft.dice.chance(60) { draft.dice.between(1, 4) } else { 1 };
    draft.key("shard_count", shards);
    if draft.dice.chance(75) {
        return false;
    }
    let mut changes = Vec::new();
    let moments = ["0s", "1s", "1.500000001s", "3s", "8s"];
    let mut place = 0;
    while place < moments.len() {
        shards = draft.dice.between(shards.div_ceil(2), (2 * shards).min(6).max(shards));
        changes.push(format!("{{ at = \"{}\", shard_count = {shards} }}", moments[place]));
        place += draft.dice.between(1, 4) as usize;
    }
    draft.key("reshard", format!("[{}]", changes.join(", ")));
    true
}

fn batches(draft: &mut Draft, kind: &str) {
    draft.maybe(70, "batch_size", &["1", "2", "7", "25", "10000"]);
    draft.maybe_text(40, "maximum_batching_window", &["0s", "1ns", "300ms", "1s", "5s", "40s"]);
    if kind != "msk" {
        draft.maybe(40, "parallelization_factor", &["1", "2", "3"]);
    }
}

fn polls(draft: &mut Draft, kind: &str) {
    if kind == "kinesis" && draft.dice.chance(20) {
        draft.key("enhanced_fan_out", true);
    } else {
        draft.maybe_text(30, "polling_interval", &["1ms", "33ms", "250ms", "1s", "7s"]);
    }
}

/// The pollers of a Kafka mapping; gives back whether they are provisioned.
fn pollers(draft: &mut Draft) -> bool {
    draft.maybe(15, "consumer_scaling", &["{}", "{ factor = 1.0 }", "{ factor = 1.3 }", "{ factor = 100 }"]);
    let provisioned = draft.dice.chance(50);
    if provisioned {
        let pollers = ["{}", "{ maximum = 1 }", "{ maximum = 2 }", "{ minimum = 2, maximum = 3 }"];
        draft.maybe(100, "provisioned_pollers", &pollers);
    }
    provisioned
}

/// What becomes of failing batches.
fn failures(draft: &mut Draft) {
    draft.maybe(15, "retry_backoff", &["{ base = \"100ms\", cap = \"3s\" }", "{ base = \"10s\", cap = \"10s\" }"]);
    draft.maybe(40, "maximum_retry_attempts", &["-1", "\"unlimited\"", "0", "1", "5", "10000"]);
    draft.maybe(25, "maximum_record_age", &["-1", "\"60s\"", "\"95s\"", "\"10m\""]);
    draft.maybe(40, "bisect_batch_on_function_error", &["true"]);
    draft.maybe(35, "function_response_types", &["[\"ReportBatchItemFailures\"]"]);
}

fn starting_position(draft: &mut Draft, kind: &str) {
    match draft.dice.below(20) {
        0 => draft.text("starting_position", "TRIM_HORIZON"),
        1 => draft.text("starting_position", "LATEST"),
        2 if kind != "dynamodb" => {
            draft.text("starting_position", "AT_TIMESTAMP");
            let moments = ["2026-01-05T00:00:00Z", "2026-01-04T23:59:00Z", "2026-01-04T01:00:00Z"];
            draft.maybe_text(100, "starting_position_timestamp", &moments);
        }
        _ => {}
    }
}
