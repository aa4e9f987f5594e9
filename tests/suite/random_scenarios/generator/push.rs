//! Sources that call Lambda themselves.

use super::arrivals::{Sender, arrivals};
use super::draft::Draft;
use super::duplicates;
use super::scene::Scene;

pub fn push(draft: &mut Draft, scene: &Scene, kind: &str) {
    let sender = invocation_type(draft, kind);
    if kind == "cloudwatch_events" && scene.is_timed() && draft.dice.chance(30) {
        draft.maybe_text(100, "schedule", &["rate(1 minute)", "cron(* * * * ? *)", "cron(0/2 0 ? * MON *)"]);
    } else {
        let arrivals = arrivals(&mut draft.dice, scene, sender);
        draft.key("arrivals", arrivals);
    }
    // A topic takes no message above 256 KiB, a rule no event above 1 MiB.
    let most = match kind {
        "sns" => 3,
        "cloudwatch_events" => 5,
        _ => 7,
    };
    draft.maybe_text(15, "payload_size", &["1B", "1KiB", "200KiB", "300KiB", "1MiB", "2MB", "10MiB"][..most]);
    if sender == Sender::Service {
        duplicates(draft);
    }
    match kind {
        "api_gateway" => gateway(draft),
        "cloudformation" => {
            draft.maybe_text(50, "service_timeout", &["1s", "5s", "70s", "1h"]);
            if sender == Sender::Service {
                tries(draft);
            }
        }
        "s3" | "sns" | "cloudwatch_events" => delivery(draft, kind),
        _ => {}
    }
    if matches!(kind, "api_gateway" | "invoke") && draft.dice.chance(50) {
        let base = draft.dice.pick(&["", ", base = \"0s\"", ", base = \"100ms\"", ", base = \"1s\", cap = \"1.5s\""]);
        let attempts = draft.dice.between(1, 5);
        draft.key("client_retry", format!("{{ attempts = {attempts}{base} }}"));
    }
}

/// Draws how a source calls, where it has the choice.
fn invocation_type(draft: &mut Draft, kind: &str) -> Sender {
    let invocation_type = match kind {
        "api_gateway" => draft.dice.pick(&["RequestResponse", "RequestResponse", "Event"]),
        "cloudformation" => draft.dice.pick(&["Event", "Event", "RequestResponse"]),
        "invoke" => draft.dice.pick(&["RequestResponse", "RequestResponse", "Event", "DryRun"]),
        "alexa" => return Sender::Caller,
        _ => return Sender::Service,
    };
    draft.text("invocation_type", invocation_type);
    if invocation_type == "Event" { Sender::Service } else { Sender::Caller }
}

fn gateway(draft: &mut Draft) {
    draft.maybe_text(50, "integration_timeout", &["50ms", "500ms", "1s", "29s"]);
    if draft.dice.chance(30) {
        let (rate, burst) = (draft.dice.pick(&["1.5", "10", "100"]), draft.dice.pick(&["1", "2.5", "10"]));
        draft.key("throttle", format!("{{ rate = {rate}, burst = {burst} }}"));
    }
    draft.maybe_time(50, "overhead", 1);
}

/// How a sender waits between its tries, as rules do.
fn tries(draft: &mut Draft) {
    draft.maybe(20, "retry_backoff", &["{ base = \"1ms\", cap = \"10s\" }", "{ base = \"3s\", cap = \"1s\" }"]);
    draft.maybe(20, "retry_jitter", &["0", "0.1", "1.0"]);
}

/// The way to Lambda, and what the sender does where Lambda does not accept.
fn delivery(draft: &mut Draft, kind: &str) {
    draft.maybe_time(50, "delivery", 2);
    if kind != "s3" {
        draft.maybe_text(30, "dead_letter_queue", &["sqs"]);
    }
    if kind == "sns" {
        draft.maybe(20, "retry_jitter", &["0", "0.5", "1"]);
    } else {
        tries(draft);
    }
    if kind == "cloudwatch_events" {
        draft.maybe(
            30,
            "retry_policy",
            &["{ maximum_retry_attempts = 0 }", "{ maximum_retry_attempts = 2 }", "{ maximum_event_age = \"60s\" }"],
        );
    }
}
