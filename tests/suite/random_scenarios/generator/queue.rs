//! SQS queues.

use super::arrivals::{Sender, arrivals};
use super::draft::Draft;
use super::duplicates;
use super::scene::Scene;

pub fn queue(draft: &mut Draft, scene: &Scene) {
    let has_backlog = draft.dice.chance(35);
    if has_backlog {
        let age = draft.dice.pick(&["", ", age = \"1ms\"", ", age = \"59s\"", ", age = \"30s\""]);
        let events = draft.dice.between(0, 150);
        draft.key("backlog", format!("{{ events = {events}{age} }}"));
    }
    if !has_backlog || draft.dice.chance(80) {
        let arrivals = arrivals(&mut draft.dice, scene, Sender::Producer);
        draft.key("arrivals", arrivals);
    }
    draft.maybe_text(15, "payload_size", &["1B", "1KiB", "1MiB"]);
    // No function of these scenarios runs for more than 30 s.
    draft.maybe_text(40, "visibility_timeout", &["30s", "31s", "45.5s", "2m"]);
    draft.maybe(40, "max_receive_count", &["1", "2", "3", "10"]);
    draft.maybe_text(25, "delay", &["1ns", "300ms", "1s", "70s"]);
    // Without an end to the retries of a day's drain, most of a run would be tries.
    draft.maybe_text(100, "retention_period", &["60s", "61s", "90s", "10m"]);
    pollers(draft);
    batches(draft);
    draft.maybe(40, "function_response_types", &["[\"ReportBatchItemFailures\"]"]);
    draft.maybe(15, "retry_backoff", &["{ base = \"1ms\", cap = \"3s\" }", "{ base = \"10s\", cap = \"10s\" }"]);
    draft.maybe(25, "filter_pass_rate", &["0.0", "0.5", "1", "0.9"]);
    draft.maybe_time(30, "propagation", 1);
    draft.maybe_text(15, "polling_phase", &["0s", "1ns", "500ms", "3s"]);
}

fn pollers(draft: &mut Draft) {
    if draft.dice.chance(30) {
        draft.maybe(100, "maximum_concurrency", &["2", "3", "7", "1000"]);
    } else {
        draft.maybe(15, "provisioned_pollers", &["{}", "{ maximum = 2 }", "{ minimum = 5, maximum = 9 }"]);
    }
    draft.maybe(
        15,
        "poller_scaling",
        &["{}", "{ step = \"1s\", reset = \"1s\" }", "{ minimum = 7, decrease_factor = 0.0 }", "{ step = \"60s\" }"],
    );
}

/// The order of messages, and how many are received together.
fn batches(draft: &mut Draft) {
    if draft.dice.chance(35) {
        draft.key("fifo", true);
        draft.maybe_text(30, "fifo_throughput_limit", &["perQueue", "perMessageGroupId"]);
        draft.maybe(80, "message_groups", &["1", "2", "10", "{ count = 20, zipf = 1.2 }"]);
        draft.maybe(100, "batch_size", &["1", "2", "10"]);
        return;
    }
    duplicates(draft);
    if draft.dice.chance(50) {
        draft.maybe(100, "batch_size", &["1", "2", "25", "10000"]);
        draft.maybe_text(100, "maximum_batching_window", &["1s", "1.5s", "5s", "40s"]);
    }
}
