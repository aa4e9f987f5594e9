//! The summary: a run in the words of the contract, as JSON and as the root of every metric's name.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::{Fate, InvocationType, Part};
use crate::platform::Architecture;
use crate::recording::Quantiles;
use crate::scenario::{Expectation, Names, Scenario};

use super::cost::{Cost, costs};
use super::findings::{Confidence, Overload, PrecisionReached, Theory, Unknown, WarmUpFound};
use super::{FunctionFigures, Outcome, SourceFigures, price};

/// The summary of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The scenario's name.
    pub scenario: String,
    /// What was changed of the scenario as it is written, each `PATH=VALUE`; for reports to people.
    #[serde(skip)]
    pub set: Vec<String>,
    /// The seed of all draws.
    pub seed: u64,
    /// The dated set of AWS's rules.
    pub profile: &'static str,
    /// Time in which sources emitted.
    pub duration_s: f64,
    /// Left out of all statistics.
    pub warm_up_s: f64,
    /// When every event had its fate and no invocation ran.
    pub ended_at_s: f64,
    /// By name.
    pub sources: BTreeMap<String, SourceSummary>,
    /// By name.
    pub functions: BTreeMap<String, FunctionSummary>,
    /// By name.
    pub destinations: BTreeMap<String, DestinationSummary>,
    /// All functions together.
    pub account: AccountSummary,
    /// What it would have cost.
    pub cost_usd: Cost,
    /// With `warm_up = "auto"`: what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUpFound>,
    /// With replications: each metric's interval. The figures above are those of the first replication.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub confidence: BTreeMap<String, Confidence>,
    /// With a precision asked: how far each was reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub precision: Vec<PrecisionReached>,
    /// Closed forms that apply, beside what was simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub theory: Vec<Theory>,
    /// Queues that can only grow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overloads: Vec<Overload>,
    /// With the unknowns asked: how far figures depend on them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknowns: Vec<Unknown>,
    /// What the scenario expects, and whether it was met.
    pub expect: Vec<Verdict>,
    /// What the model takes for granted that AWS does not document.
    pub assumptions: Vec<String>,
}

/// A source in the summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceSummary {
    kind: &'static str,
    events: u64,
    processed: u64,
    rejected: u64,
    dead_lettered: u64,
    dropped: u64,
    expired: u64,
    filtered: u64,
    in_flight: u64,
    deliveries: u64,
    throughput_per_s: Option<f64>,
    backlog: MeanMax,
    response_ms: Quantiles,
    /// Callers by the HTTP status of the last answer that each got.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<u16, u64>,
    latency_ms: Quantiles,
    latency_parts_ms: PartMeans,
    iterator_age_ms: Quantiles,
    cost_usd: f64,
}

/// Means of a latency's parts; they add up to its mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct PartMeans {
    delivery: Option<f64>,
    poll: Option<f64>,
    batching: Option<f64>,
    blocked: Option<f64>,
    throttled: Option<f64>,
    retry: Option<f64>,
    init: Option<f64>,
    handler: Option<f64>,
}

/// A function in the summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunctionSummary {
    invocations: u64,
    errors: u64,
    timeouts: u64,
    throttles: u64,
    cold_starts: u64,
    cold_start_rate: Option<f64>,
    duration_ms: Quantiles,
    billed_ms: u64,
    batch_size: MeanMax,
    concurrent_executions: MeanMax,
    environments: MeanMax,
    async_events_received: u64,
    async_event_age_ms: Quantiles,
    async_events_dropped: u64,
    provisioned_invocations: u64,
    spillover_invocations: u64,
    cost_usd: f64,
}

/// Mean and maximum of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct MeanMax {
    mean: Option<f64>,
    max: Option<f64>,
}

/// A destination in the summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DestinationSummary {
    kind: &'static str,
    messages: u64,
}

/// All functions together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountSummary {
    concurrent_executions: MeanMax,
}

/// One line of `[expect]` after a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The metric's name.
    pub metric: String,
    /// What is expected, as written.
    pub want: String,
    /// What came out.
    pub got: Option<f64>,
    /// Whether it is as expected.
    pub met: bool,
}

impl Verdict {
    /// Holds a figure against an expectation; one that cannot exist meets none.
    fn new(expectation: &Expectation, got: Option<f64>) -> Verdict {
        let met = got.is_some_and(|value| expectation.want.holds(value));
        Verdict { metric: expectation.metric.clone(), want: expectation.want.to_string(), got, met }
    }
}

impl Summary {
    /// The summary of `outcome`, a run of `scenario` with `seed`; `[expect]` is judged.
    pub fn new(scenario: &Scenario, seed: u64, outcome: &Outcome) -> Summary {
        let names = scenario.names();
        let mut summary = Summary::figures(scenario, seed, outcome, &names);
        if !scenario.expect.is_empty() {
            let wanted = scenario.expect.iter().map(|expectation| (expectation.metric.as_str(), None));
            let mut got: BTreeMap<&str, Option<f64>> = wanted.collect();
            super::metrics(&summary, |name, value| {
                if let Some(place) = got.get_mut(name) {
                    *place = value;
                }
            });
            summary.judge(scenario, |metric| got[metric]);
        }
        summary
    }

    /// Takes the intervals of replications; `[expect]` is judged by their means from now on.
    pub fn set_confidence(&mut self, scenario: &Scenario, confidence: BTreeMap<String, Confidence>) {
        self.judge(scenario, |metric| confidence.get(metric).and_then(|interval| interval.mean));
        self.confidence = confidence;
    }

    fn judge(&mut self, scenario: &Scenario, got: impl Fn(&str) -> Option<f64>) {
        let verdict = |expectation: &Expectation| Verdict::new(expectation, got(&expectation.metric));
        self.expect = scenario.expect.iter().map(verdict).collect();
    }

    fn figures(scenario: &Scenario, seed: u64, outcome: &Outcome, names: &Names) -> Summary {
        let costs = costs(scenario, outcome);
        let mean_max = |mean, max: i64| MeanMax { mean, max: Some(max as f64) };
        let sources = scenario.sources.iter().zip(&outcome.sources).enumerate().map(|(place, (source, figures))| {
            let shape = source.definition.figures();
            let backlog = if shape.backlog {
                mean_max(outcome.backlog_mean(place), figures.backlog_max)
            } else {
                MeanMax::default()
            };
            let throughput = outcome.throughput(place);
            let cost = costs.sources[place];
            let mut summary = source_summary(source.kind.name, figures, throughput, backlog, cost);
            for (answer, status) in source.definition.statuses() {
                *summary.answers.entry(status).or_default() += figures.answers[answer as usize];
            }
            (source.name.clone(), summary)
        });
        let functions = names.functions.iter().zip(&outcome.functions).enumerate().map(|(place, (name, figures))| {
            let concurrency = mean_max(outcome.concurrency_mean(place), figures.concurrency_max);
            let environments = mean_max(outcome.environments_mean(place), figures.environments_max);
            (name.clone(), function_summary(figures, concurrency, environments, costs.functions[place]))
        });
        let destinations =
            scenario.destinations().into_iter().zip(&outcome.destinations).map(|(destination, messages)| {
                (destination.name, DestinationSummary { kind: destination.kind.name(), messages: *messages })
            });
        Summary {
            scenario: scenario.name.clone(),
            set: vec![],
            seed,
            profile: scenario.profile.name(),
            duration_s: scenario.duration.map_or(outcome.window.1.as_secs_f64(), |duration| duration.as_secs_f64()),
            warm_up_s: scenario.warm_up.length().as_secs_f64(),
            ended_at_s: outcome.ended_at.as_secs_f64(),
            sources: sources.collect(),
            functions: functions.collect(),
            destinations: destinations.collect(),
            account: AccountSummary {
                concurrent_executions: mean_max(outcome.account_concurrency_mean(), outcome.account_concurrency_max),
            },
            cost_usd: costs.total,
            warm_up: None,
            confidence: BTreeMap::new(),
            precision: vec![],
            theory: vec![],
            overloads: vec![],
            unknowns: vec![],
            expect: vec![],
            assumptions: assumptions(scenario),
        }
    }

    /// Whether everything that the scenario expects was met.
    pub fn met(&self) -> bool {
        self.expect.iter().all(|verdict| verdict.met)
    }

    /// The summary as a text of JSON, on one line or for people.
    pub fn json(&self, pretty: bool) -> String {
        let text = if pretty { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        text.expect("a summary has only strings as keys") + "\n"
    }

    /// The summary as one JSON value.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a summary has only strings as keys")
    }
}

/// What the model and its prices take for granted.
fn assumptions(scenario: &Scenario) -> Vec<String> {
    let provisioned_on_arm64 = scenario.functions.iter().any(|(_, function)| {
        function.architecture == Architecture::Arm64 && function.provisioned_concurrent_executions.is_some()
    });
    let extra_requests = scenario.sources.iter().map(|source| &source.definition).any(|source| {
        source.invocation_type() == InvocationType::Event && price::extra_requests(source.common().payload_bytes()) > 0
    });
    let of_lambda = price::assumptions_of_lambda(provisioned_on_arm64, extra_requests);
    let of_sources =
        scenario.sources.iter().flat_map(|source| price::assumptions(source.kind.name, &source.definition.charged()));
    let mut assumptions = scenario.assumptions();
    for assumption in of_lambda.into_iter().chain(of_sources) {
        if assumptions.iter().all(|known| known != assumption) {
            assumptions.push(assumption.to_owned());
        }
    }
    assumptions
}

fn source_summary(
    kind: &'static str,
    figures: &SourceFigures,
    throughput_per_s: Option<f64>,
    backlog: MeanMax,
    cost_usd: f64,
) -> SourceSummary {
    let fate = |fate: Fate| figures.fates[fate as usize];
    let count = figures.latency.count();
    let part = |part: Part| (count > 0).then(|| figures.parts[part as usize] as f64 / count as f64 / 1e6);
    SourceSummary {
        kind,
        events: figures.events,
        processed: fate(Fate::Processed),
        rejected: fate(Fate::Rejected),
        dead_lettered: fate(Fate::DeadLettered),
        dropped: fate(Fate::Dropped),
        expired: fate(Fate::Expired),
        filtered: fate(Fate::Filtered),
        in_flight: figures.events - figures.fates.iter().sum::<u64>(),
        deliveries: figures.deliveries,
        throughput_per_s,
        backlog,
        response_ms: figures.response.quantiles(),
        answers: BTreeMap::new(),
        latency_ms: figures.latency.quantiles(),
        latency_parts_ms: PartMeans {
            delivery: part(Part::Delivery),
            poll: part(Part::Poll),
            batching: part(Part::Batching),
            blocked: part(Part::Blocked),
            throttled: part(Part::Throttled),
            retry: part(Part::Retry),
            init: part(Part::Init),
            handler: part(Part::Handler),
        },
        iterator_age_ms: figures.iterator_age.quantiles(),
        cost_usd,
    }
}

fn function_summary(
    figures: &FunctionFigures,
    concurrent_executions: MeanMax,
    environments: MeanMax,
    cost_usd: f64,
) -> FunctionSummary {
    let per_invocation = |sum: u64| (figures.invocations > 0).then(|| sum as f64 / figures.invocations as f64);
    FunctionSummary {
        invocations: figures.invocations,
        errors: figures.errors,
        timeouts: figures.timeouts,
        throttles: figures.throttles,
        cold_starts: figures.cold_starts,
        cold_start_rate: per_invocation(figures.cold_starts),
        duration_ms: figures.duration.quantiles(),
        billed_ms: figures.billed_ms,
        batch_size: MeanMax {
            mean: per_invocation(figures.records),
            max: (figures.invocations > 0).then_some(f64::from(figures.batch_max)),
        },
        concurrent_executions,
        environments,
        async_events_received: figures.async_received,
        async_event_age_ms: figures.async_age.quantiles(),
        async_events_dropped: figures.async_dropped,
        provisioned_invocations: figures.provisioned,
        spillover_invocations: figures.spillover,
        cost_usd,
    }
}
