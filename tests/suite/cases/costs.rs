//! Cases about prices: AWS's own examples of a month, run at a thousandth of their load.
//!
//! A month's figures come from `cost_usd.per_month`, or from the price table with the usage of the case; what a run of the load
//! uses must be what the case says.

use pushpull::metrics::price::{Bill, Usage};
use pushpull::profile::Profile;

use crate::support::{Figures, summary};

use super::{Case, scenario};

/// One of so many requests is simulated.
const SCALE: f64 = 1_000.0;

/// Seconds of 730 hours at a thousandth.
const WINDOW: f64 = 730.0 * 3_600.0 / SCALE;

/// A run of the case's load within `seconds`, with more keys at the top and of the function.
fn run(case: &Case, seconds: f64, top: &str, function: &str) -> Figures {
    let requests = case.input("requests") / SCALE;
    let figures = summary(
        &format!(
            "{top}\n{}",
            scenario(
                &format!("duration = '{seconds}s'\naccount.free_tier = {}", case.0["inputs"]["free_tier"]),
                &format!(
                    "duration = '{}ms'\ninit_duration = '0s'\nmemory_size = {}\n{function}",
                    case.input("duration_ms"),
                    case.input("memory_mb")
                ),
                "invoke",
                &format!("arrivals = {{ at = [{}] }}", times(requests, seconds)),
            )
        ),
        1,
    );
    assert_eq!(figures.get("functions.f.invocations"), requests);
    figures
}

/// So many instants, evenly apart.
fn times(count: f64, seconds: f64) -> String {
    let at = |n: usize| format!("'{:.6}s'", n as f64 * seconds / count);
    (0..count as usize).map(at).collect::<Vec<_>>().join(", ")
}

/// GB-seconds of the whole load, as simulated.
fn gb_seconds(case: &Case, figures: &Figures) -> f64 {
    figures.get("functions.f.billed_ms") / 1e3 * case.input("memory_mb") / 1024.0 * SCALE
}

fn bill(case: &Case, profile: Profile, gb_seconds: f64, storage_gb: f64) -> Bill {
    let requests = case.input("requests");
    let usage = Usage {
        requests,
        gb_seconds,
        storage_gb_seconds: requests * case.input("duration_ms") / 1e3 * storage_gb,
        ..Usage::default()
    };
    Bill::of(&[usage], 0.0, profile, true)
}

pub(super) fn month(case: &Case) {
    let storage = case.0["inputs"]["ephemeral_mb"].as_f64();
    let function = storage.map_or(String::new(), |size| format!("ephemeral_storage = '{size}MB'"));
    let figures = run(case, WINDOW, "", &function);
    let gb_seconds = gb_seconds(case, &figures);
    let bill = bill(case, Profile::default(), gb_seconds, (storage.unwrap_or(512.0) - 512.0) / 1024.0);
    if case.0["expected"]["compute_gb_s"].is_number() {
        assert!((gb_seconds - case.expected("compute_gb_s")).abs() < 1e-6, "{}: {gb_seconds}", case.id());
        assert!((gb_seconds - 400_000.0 - case.expected("billable_gb_s")).abs() < 1e-6, "{}", case.id());
    }
    if storage.is_some() {
        case.holds("ephemeral_usd", bill.storage);
    }
    case.holds("compute_usd", bill.duration);
    case.holds("request_usd", bill.requests);
    case.holds("total_usd", bill.total());
    case.holds("total_usd", figures.get("cost_usd.per_month"));
}

pub(super) fn older_month(case: &Case) {
    let figures = run(case, WINDOW, "profile = '2018'", "");
    let gb_seconds = gb_seconds(case, &figures);
    assert!((gb_seconds - 400_000.0 - case.expected("billable_gb_s")).abs() < 1e-6, "{}: {gb_seconds}", case.id());
    let bill = bill(case, Profile::Year2018, gb_seconds, 0.0);
    case.holds("compute_usd", bill.duration);
    case.holds("request_usd", bill.requests);
    case.holds("total_usd", figures.get("cost_usd.per_month"));
}

pub(super) fn provisioned(case: &Case) {
    let function =
        format!("provisioned_allocation = '0s'\nprovisioned_concurrent_executions = {}", case.input("provisioned"));
    let figures = run(case, case.input("hours") * 3600.0, "", &function);
    assert_eq!(figures.get("functions.f.spillover_invocations"), 0.0);
    let (provisioned, duration, requests) = (
        figures.get("cost_usd.provisioned"),
        figures.get("cost_usd.lambda_duration") * SCALE,
        figures.get("cost_usd.lambda_requests") * SCALE,
    );
    case.holds("pc_usd", provisioned);
    case.holds("compute_usd", duration);
    case.holds("request_usd", requests);
    case.holds("total_usd", provisioned + duration + requests);
}
