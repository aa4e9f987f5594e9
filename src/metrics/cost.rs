//! What a run would have cost: the use that a run made, by function and by source, at the prices of the table.

use serde::Serialize;

use crate::platform::{FunctionSpec, LEAST_STORAGE};
use crate::scenario::{Scenario, Source};
use crate::source::Charged;
use crate::time::SimTime;

use super::price::{Bill, MONTH, SourceUsage, Usage, provisioned_seconds, source_charges};
use super::{FunctionFigures, Outcome, SourceFigures};

/// What a run would have cost in USD.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    total: f64,
    lambda_requests: f64,
    lambda_duration: f64,
    provisioned: f64,
    ephemeral_storage: f64,
    sources: f64,
    /// The total of a month of this load: the window's, over 730 hours. None without a window, and none with a backlog, which comes once.
    per_month: Option<f64>,
}

/// What a run would have cost, and the parts of its functions and sources at list prices: tiers and the free tier are the account's.
pub(super) struct Costs {
    pub total: Cost,
    pub functions: Vec<f64>,
    pub sources: Vec<f64>,
}

pub(super) fn costs(scenario: &Scenario, outcome: &Outcome) -> Costs {
    let (from, to) = outcome.window;
    let (window, seconds) = (to.since(from).as_secs_f64(), to.max(outcome.ended_at).since(from).as_secs_f64());
    let usages: Vec<Usage> =
        scenario.functions.iter().zip(&outcome.functions).map(|((_, spec), figures)| usage(spec, figures)).collect();
    let sources = |times: f64, seconds: f64| {
        let charges = |(source, figures)| charges(scenario, source, figures, from, times, seconds / 3600.0);
        scenario.sources.iter().zip(&outcome.sources).map(charges).collect::<Vec<f64>>()
    };
    let provisioned = provisioned_seconds(scenario.duration.map(|_| window), seconds);
    let of_run = Bill::of(&usages, provisioned, scenario.profile, scenario.account.free_tier);
    let of_sources = sources(1.0, seconds);
    // What lies there at the beginning comes once, and not with every window.
    let has_backlog = scenario.sources.iter().any(|source| backlog(scenario, source, from) > 0);
    let per_month = (window > 0.0 && !has_backlog).then(|| {
        let times = MONTH / window;
        let usages: Vec<Usage> = usages.iter().map(|usage| usage.scaled(times)).collect();
        Bill::of(&usages, MONTH, scenario.profile, scenario.account.free_tier).total()
            + sources(times, MONTH).iter().sum::<f64>()
    });
    let of_all_sources = of_sources.iter().sum::<f64>();
    Costs {
        total: Cost {
            total: of_run.total() + of_all_sources,
            lambda_requests: of_run.requests,
            lambda_duration: of_run.duration,
            provisioned: of_run.provisioned,
            ephemeral_storage: of_run.storage,
            sources: of_all_sources,
            per_month,
        },
        functions: usages
            .iter()
            .map(|usage| Bill::of(&[*usage], provisioned, scenario.profile, false).total())
            .collect(),
        sources: of_sources,
    }
}

fn usage(spec: &FunctionSpec, figures: &FunctionFigures) -> Usage {
    let gb = f64::from(spec.memory_size) / 1024.0;
    let storage_gb = (spec.ephemeral_storage.0 as f64 / 1e6 - LEAST_STORAGE.0 as f64 / 1e6) / 1024.0;
    let seconds = |ms: u64| ms as f64 / 1e3;
    Usage {
        architecture: spec.architecture,
        requests: (figures.invocations + figures.extra_requests) as f64,
        gb_seconds: seconds(figures.billed_ms - figures.provisioned_billed_ms) * gb,
        provisioned_gb_seconds: seconds(figures.provisioned_billed_ms) * gb,
        provisioned_gb: spec.provisioned_concurrent_executions.unwrap_or(0) as f64 * gb,
        storage_gb_seconds: seconds(figures.billed_ms) * storage_gb,
    }
}

/// How many of a source's events were written before the run; they count where there is no warm-up.
fn backlog(scenario: &Scenario, source: &Source, from: SimTime) -> u64 {
    if from == SimTime::ZERO { source.definition.backlog(scenario.start) } else { 0 }
}

/// What the service of a source charges for `times` as many events, within `hours` from `from` on.
fn charges(
    scenario: &Scenario,
    source: &Source,
    figures: &SourceFigures,
    from: SimTime,
    times: f64,
    hours: f64,
) -> f64 {
    let common = source.definition.common();
    let kind = source.kind.name;
    // Schedules are free; what matches a pattern is an event that somebody paid for.
    let is_free = kind == "cloudwatch_events" && common.arrivals.is_none();
    let backlog = backlog(scenario, source, from);
    let readable = figures.events - figures.unwritten;
    let mut charged = source.definition.charged();
    if let Charged::Stream { shards, .. } = &mut charged {
        shards.iter_mut().for_each(|(at, _)| *at = at.saturating_sub(from.since(SimTime::ZERO)));
    }
    source_charges(&SourceUsage {
        kind,
        charged: &charged,
        // Where nothing has happened yet, nothing of the backlog has either.
        events: if is_free { 0.0 } else { readable.saturating_sub(backlog) as f64 * times },
        readable: readable as f64 * times,
        payload_bytes: common.payload_bytes(),
        hours,
        requests: figures.requests as f64 * times,
        unit_hours: figures.poller_units.area() as f64 / 3.6e12 * times,
    })
}
