//! What reports on studies read: the runs of each scenario beside what was asked.

use crate::metrics::{Confidence, Outcome};
use crate::scenario::Scenario;
use crate::study::{Axis, Candidate, Found, Goal, Replications, Search};

/// One side of a comparison.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// Assignments that both sides have.
    pub set: &'a [String],
    /// Assignments that this side alone has.
    pub changes: &'a [String],
    /// All its runs.
    pub replications: &'a Replications,
    /// The outcome of the first.
    pub first: &'a Outcome,
}

impl Side<'_> {
    /// The scenario's name, and what this side alone changes of it.
    pub(super) fn title(&self) -> String {
        let changes = self.changes.iter().map(|change| format!(" {change}")).collect::<String>();
        format!("{}{changes}", self.scenario.name)
    }
}

/// A grid of settings, and what came out at each point.
pub struct Sweep<'a> {
    /// The varied keys.
    pub axes: &'a [Axis],
    /// Assignments that all points have.
    pub set: &'a [String],
    /// The points, the last axis running fastest.
    pub points: Vec<SweepPoint<'a>>,
    /// The metrics that lead; none: those that lead by themselves.
    pub metrics: Vec<String>,
    /// Confidence level of the intervals.
    pub level: f64,
}

/// A point of a grid.
pub struct SweepPoint<'a> {
    /// The place of its value on each axis.
    pub places: &'a [usize],
    /// What was run.
    pub scenario: &'a Scenario,
    /// All its runs.
    pub replications: &'a Replications,
}

impl SweepPoint<'_> {
    /// The interval of a metric; empty where the point does not have it.
    pub(super) fn interval(&self, metric: &str, level: f64) -> Confidence {
        let nothing = Confidence { mean: None, low: None, high: None, level, n: 0 };
        self.replications.place(metric).map_or(nothing, |place| self.replications.confidence(place, level))
    }
}

impl Sweep<'_> {
    /// The metrics that lead: those asked for, else the 99th percentile of each source's latency, and the cost.
    pub(super) fn leading(&self) -> Vec<String> {
        if !self.metrics.is_empty() {
            return self.metrics.clone();
        }
        let first = &self.points[0].scenario;
        let latency = first.sources.iter().map(|source| format!("sources.{}.latency_ms.p99", source.name));
        latency.chain(["cost_usd.total".to_owned()]).collect()
    }

    /// The values of a point.
    pub(super) fn values(&self, point: &SweepPoint<'_>) -> Vec<&str> {
        values(self.axes, point.places)
    }
}

/// The values of a point of a grid.
fn values<'a>(axes: &'a [Axis], places: &[usize]) -> Vec<&'a str> {
    axes.iter().zip(places).map(|(axis, place)| axis.values[*place].as_str()).collect()
}

/// A searched grid.
pub struct Planned<'a> {
    /// The varied keys.
    pub axes: &'a [Axis],
    /// Assignments that all points have.
    pub set: &'a [String],
    /// The place of each candidate's value on each axis.
    pub places: Vec<&'a [usize]>,
    /// What was asked.
    pub goal: &'a Goal,
    /// What became of each point.
    pub candidates: &'a [Candidate],
    /// The scenario of the first point.
    pub scenario: &'a Scenario,
}

impl Planned<'_> {
    /// `key = value` of each varied key of a candidate.
    pub(super) fn setting(&self, candidate: usize) -> String {
        let values = values(self.axes, self.places[candidate]);
        let pairs = self.axes.iter().zip(values).map(|(axis, value)| format!("{} = {value}", axis.path));
        pairs.collect::<Vec<_>>().join(", ")
    }

    /// The values of a candidate.
    pub(super) fn values(&self, candidate: usize) -> Vec<&str> {
        values(self.axes, self.places[candidate])
    }

    /// The best, where any meets everything.
    pub fn best(&self) -> Option<usize> {
        self.candidates.iter().position(|candidate| candidate.standing == crate::study::Standing::Best)
    }

    /// The candidate that misses by least: its place, the requirement that binds it, and by how much.
    pub(super) fn nearest_miss(&self) -> Option<(usize, usize, f64)> {
        let misses = self.candidates.iter().enumerate().filter_map(|(place, candidate)| {
            candidate.binding(self.goal).map(|(requirement, miss)| (place, requirement, miss))
        });
        misses.min_by(|a, b| a.2.total_cmp(&b.2))
    }
}

/// A search for the highest or lowest value of a key.
pub struct Searched<'a> {
    /// The key.
    pub path: &'a str,
    /// Assignments that all values are tried with.
    pub set: &'a [String],
    /// What was asked.
    pub search: &'a Search,
    /// What came out.
    pub found: &'a Found,
    /// The scenario as it is written.
    pub scenario: &'a Scenario,
}
