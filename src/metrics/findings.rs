//! What a study adds to the summary of a run: plain figures, made in `study`.

use std::collections::BTreeMap;

use serde::Serialize;

/// The mean of a metric over independent replications, and the interval that holds its expectation with confidence `level`. A
/// figure that no replication has is `null`; so are the bounds where there are fewer than two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Confidence {
    /// Mean over the replications.
    pub mean: Option<f64>,
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Between 0 and 1.
    pub level: f64,
    /// Replications in which the figure exists.
    pub n: usize,
}

/// How precisely a metric's mean is known, against what was asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrecisionReached {
    /// The metric's name.
    pub metric: String,
    /// Half-width of its interval over its mean, as asked.
    pub wanted: f64,
    /// The same as reached; `null` where there is no mean.
    pub reached: Option<f64>,
    /// Whether it was reached.
    pub met: bool,
}

/// What `warm_up = "auto"` came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WarmUpFound {
    /// The rule.
    pub rule: &'static str,
    /// Pilot runs whose level of work was looked at.
    pub pilot_runs: usize,
    /// What is left out; `null` where the runs were too short to tell, and nothing is.
    pub found_s: Option<f64>,
    /// Why nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A closed form that applies to the scenario, beside what was simulated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Theory {
    /// The closed form.
    pub law: &'static str,
    /// The figure of which it speaks: a metric, or what is made of metrics.
    pub of: String,
    /// The figure's unit.
    pub unit: &'static str,
    /// What theory says.
    pub theory: f64,
    /// What was simulated.
    pub simulated: Confidence,
    /// Whether the interval, at a stricter level, explains what is between them; `null` without one.
    pub agrees: Option<bool>,
}

/// A queue into which more comes than its servers process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overload {
    /// The source or function whose queue it is.
    pub owner: String,
    /// Its servers.
    pub servers: String,
    /// Events a second that come.
    pub load_per_s: f64,
    /// Events a second that can be processed.
    pub capacity_per_s: f64,
    /// By so many events a second the queue grows.
    pub growth_per_s: f64,
}

/// One of several ways in which Lambda may behave where AWS does not document it, against the scenario as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unknown {
    /// What is assumed instead.
    pub name: &'static str,
    /// The keys that make it so.
    pub set: Vec<String>,
    /// By metric that differs with confidence: the change.
    pub changes: BTreeMap<String, Change>,
}

/// How a metric changes under another assumption: the mean of paired differences with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The metric's mean as the scenario is.
    pub base: f64,
    /// Mean of the differences.
    pub mean: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}
