//! What a scenario says at its top: how long it runs, under which rules, in which account.

use super::draft::Draft;

/// What the parts of a scenario know of each other.
pub struct Scene {
    pub functions: u64,
    /// Whether they are many that have little in common.
    pub is_crowd: bool,
    /// Time of emission; empty: until all arrivals are over.
    pub duration: &'static str,
    /// The streams so far.
    pub streams: Vec<Owner>,
}

/// A source with a stream of its own, which others may share.
pub struct Owner {
    pub name: String,
    pub kind: &'static str,
    pub reshards: bool,
}

/// Long enough for an on-demand stream to look at its load.
const LONG: &str = "16m";

impl Scene {
    /// That of a few functions, or of a crowd of so many.
    pub fn draw(draft: &mut Draft, crowd: Option<u64>) -> Scene {
        let functions = crowd.unwrap_or_else(|| draft.dice.between(1, 4));
        let duration = duration(draft);
        warm_up(draft, duration);
        drain(draft, duration, crowd.is_some());
        draft.maybe_text(10, "start", &["2026-03-01T10:07:03Z", "2026-01-05T00:00:01Z"]);
        Scene { functions, is_crowd: crowd.is_some(), duration, streams: Vec::new() }
    }

    pub fn is_timed(&self) -> bool {
        !self.duration.is_empty()
    }

    /// Whether it takes minutes, so that sources have to be slow for the run to stay small.
    pub fn is_long(&self) -> bool {
        self.duration == LONG
    }
}

fn duration(draft: &mut Draft) -> &'static str {
    let duration = match draft.dice.below(100) {
        0 => LONG,
        1..20 => return "",
        _ => draft.dice.pick(&["2s", "2s", "5s", "9.999999999s", "10s", "30s", "61s"]),
    };
    draft.text("duration", duration);
    duration
}

fn warm_up(draft: &mut Draft, duration: &str) {
    match draft.dice.below(10) {
        0..=4 => {}
        5 | 6 => draft.text("warm_up", "1s"),
        7 => draft.text("warm_up", "0.5s"),
        8 => draft.text("warm_up", "1.999999999s"),
        _ if !duration.is_empty() => draft.text("warm_up", "1ns"),
        // Longer than most of what happens.
        _ => draft.text("warm_up", "1m"),
    }
}

fn drain(draft: &mut Draft, duration: &str, is_crowd: bool) {
    let long = ["2m", "10m", "30m", "2h", "24h"];
    // Hours of tries of what a long run, or a crowd, leaves over would take most of the time of this test.
    let is_much = is_crowd || matches!(duration, "30s" | "61s" | LONG);
    let drains = if is_much { &["30s", "2m"][..] } else { &long[..] };
    let drain = if draft.dice.chance(50) {
        draft.dice.pick(&["0s", "0s", "1ns", "700ms", "5s"])
    } else {
        draft.dice.pick(drains)
    };
    draft.text("drain", drain);
}

/// The rules and the limits that all functions share; gives back how much concurrency they may claim for themselves.
pub fn account(draft: &mut Draft) -> u64 {
    profile(draft);
    draft.maybe(10, "account.recursive_loop_limit", &["2", "3", "16", "40"]);
    service_outages(draft);
    // Reserves need 100 unreserved beside them.
    let account = draft.dice.pick(&["1", "2", "7", "20", "110", "130", "1000", "\"unlimited\""]);
    draft.key("account.concurrent_executions", account);
    account.parse::<u64>().map_or(1000, |account| account.saturating_sub(100))
}

fn profile(draft: &mut Draft) {
    if draft.dice.chance(80) {
        return;
    }
    let profile = draft.dice.pick(&["2018", "2019-11", "2020-12", "2023-11", "2025-08", "2025-11"]);
    draft.text("profile", profile);
    if matches!(profile, "2018" | "2019-11" | "2020-12") {
        draft.maybe(50, "account.burst_concurrency", &["1", "3", "20", "3000"]);
    }
}

fn service_outages(draft: &mut Draft) {
    draft.maybe(
        12,
        "account.service_outages",
        &[
            "[]",
            "[{ from = \"0s\", to = \"1ns\" }]",
            "[{ from = \"1s\", to = \"2.5s\" }]",
            "[{ from = \"0s\", to = \"1s\" }, { from = \"3s\", to = \"40s\" }]",
            "[{ from = \"2s\", to = \"10m\" }]",
        ],
    );
}
