//! Functions: how their code behaves, what they may use, and what becomes of asynchronous events.

use super::draft::{Draft, quoted};
use super::time::time;

/// A function that claims at most `left` of the account's concurrency for itself.
pub fn function(draft: &mut Draft, number: u64, functions: u64, left: &mut u64) {
    draft.line(format!("\n[function.f{number}]"));
    handler(draft);
    failures(draft);
    let is_provisioned = concurrency(draft, left);
    cold_starts(draft, is_provisioned);
    environments(draft);
    let loops = if draft.dice.chance(15) { draft.dice.pick(&["Terminate", "Allow"]) } else { "" };
    if !loops.is_empty() {
        draft.text("recursive_loop", loops);
    }
    if draft.dice.chance(60) {
        // A loop that nothing stops would fill the drain with invocations.
        let callees = if loops == "Allow" { 0 } else { functions };
        event_invoke_config(draft, number, callees);
    }
}

fn handler(draft: &mut Draft) {
    let duration = time(&mut draft.dice, 2);
    draft.key("duration", duration);
    let timeout = draft.dice.pick(&["1s", "1s", "1.5s", "3s", "3s", "30s"]);
    draft.text("timeout", timeout);
    draft.maybe_text(15, "duration_per_record", &["1ms", "20ms", "1ns"]);
    draft.maybe(10, "cpu_bound", &["0.01", "0.2", "1.0"]);
    draft.maybe(8, "threads", &["1", "2", "6"]);
    draft.maybe(15, "memory_size", &["128", "1769", "10240"]);
    draft.maybe_text(10, "architecture", &["arm64", "x86_64"]);
}

fn failures(draft: &mut Draft) {
    draft.maybe(35, "error_rate", &["0.0", "0.01", "0.2", "0.5", "1.0", "1"]);
    draft.maybe_time(20, "error_duration", 1);
    draft.maybe(10, "crash_rate", &["0.1", "1.0"]);
    if draft.dice.chance(15) {
        let rate = draft.dice.pick(&["", ", error_rate = 0.5", ", error_rate = 0.0"]);
        draft.key("outages", format!("[{{ from = \"1s\", to = \"3s\"{rate} }}, {{ from = \"3s\", to = \"6.5s\" }}]"));
    }
    draft.maybe_text(50, "batch_item_failures", &["poisoned", "none", "throws", "malformed"]);
}

/// Reserved and provisioned concurrency and the rate of new environments; gives back whether there are provisioned ones.
fn concurrency(draft: &mut Draft, left: &mut u64) -> bool {
    draft.maybe(40, "scaling_rate", &["1", "2", "5", "20", "\"unlimited\""]);
    if draft.dice.chance(30) {
        let most = if draft.dice.chance(50) { 3 } else { 20 };
        let reserved = draft.dice.below(most).min(*left);
        *left -= reserved;
        draft.key("reserved_concurrent_executions", reserved);
        let is_provisioned = reserved > 0 && draft.dice.chance(25);
        if is_provisioned {
            let count = 1 + draft.dice.below(reserved);
            provisioned(draft, count);
        }
        is_provisioned
    } else if *left > 0 && draft.dice.chance(15) {
        let count = (1 + draft.dice.below(5)).min(*left);
        *left -= count;
        provisioned(draft, count);
        true
    } else {
        false
    }
}

/// The rows of facts do not tell when provisioned environments are ready: here, from the start.
fn provisioned(draft: &mut Draft, count: u64) {
    draft.key("provisioned_concurrent_executions", count);
    draft.text("provisioned_allocation", "0s");
}

fn cold_starts(draft: &mut Draft, is_provisioned: bool) {
    draft.maybe_time(55, "init_duration", 1);
    let runtimes =
        ["python3.12", "python3.13", "java17", "java21", "dotnet8", "nodejs22.x", "ruby3.4", "provided.al2023"];
    if !is_provisioned && draft.dice.chance(12) {
        draft.key("snap_start", true);
        draft.maybe_text(50, "runtime", &runtimes[..5]);
        draft.maybe_text(20, "package_type", &["Zip"]);
        return;
    }
    draft.maybe_text(20, "runtime", &runtimes);
    draft.maybe_text(15, "package_type", &["Zip", "Image", "Image"]);
    draft.maybe_text(5, "ephemeral_storage", &["512MB", "10240MB"]);
}

fn environments(draft: &mut Draft) {
    if draft.dice.chance(60) {
        let keep_alive = if draft.dice.chance(40) {
            time(&mut draft.dice, 2)
        } else {
            quoted(draft.dice.pick(&["0s", "1ms", "1s", "3s"]))
        };
        draft.key("keep_alive", keep_alive);
    }
    if draft.dice.chance(25) {
        let lifetime = if draft.dice.chance(50) {
            time(&mut draft.dice, 2)
        } else {
            quoted(draft.dice.pick(&["0s", "1s", "5s", "1m"]))
        };
        draft.key("max_lifetime", lifetime);
    }
    draft.maybe_text(50, "reuse", &["most_recent", "least_recent", "oldest", "newest", "random"]);
}

/// What becomes of asynchronous events; the first so many functions may be destinations.
fn event_invoke_config(draft: &mut Draft, number: u64, functions: u64) {
    draft.line(format!("[function.f{number}.event_invoke_config]"));
    draft.maybe(60, "maximum_retry_attempts", &["0", "1", "2"]);
    draft.maybe_text(60, "maximum_event_age", &["60s", "61s", "90s", "3m", "6h"]);
    destination(draft, "on_failure", &["sqs", "sns", "s3", "eventbridge"], functions);
    destination(draft, "on_success", &["sqs", "sns", "eventbridge"], functions);
    draft.maybe_text(30, "dead_letter_queue", &["sqs", "sns"]);
    draft.maybe_time(30, "queue_delay", 1);
    draft.maybe(10, "throttle_backoff_factor", &["1.1", "2", "3.5", "300"]);
}

/// A destination: one of `kinds`, or a function, which may be the same one.
fn destination(draft: &mut Draft, key: &str, kinds: &[&str], functions: u64) {
    if functions > 0 && draft.dice.chance(8) {
        let function = draft.dice.below(functions);
        draft.text(key, &format!("lambda:f{function}"));
    } else {
        draft.maybe_text(40, key, kinds);
    }
}
