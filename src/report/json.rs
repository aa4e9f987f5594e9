//! Studies as JSON documents.

use serde_json::{Map, Value, json};

use crate::metrics::Confidence;
use crate::study::{Candidate, Difference, Holds, Requirement, Trial};

use super::studies::{Planned, Searched, Side, Sweep, SweepPoint};

/// A document.
pub struct Json(Value);

impl Json {
    /// On one line.
    pub fn line(&self) -> String {
        format!("{}\n", self.0)
    }

    /// For people.
    pub fn pretty(&self) -> String {
        format!("{:#}\n", self.0)
    }
}

fn bounds(interval: &Confidence) -> Value {
    json!({ "mean": interval.mean, "low": interval.low, "high": interval.high })
}

/// Two scenarios, and each metric that both have.
pub fn compare_json(sides: &[Side<'_>; 2], differences: &[Difference]) -> Json {
    let side = |side: &Side<'_>| {
        let scenario = side.scenario;
        let warm_up = scenario.warm_up.length().as_secs_f64();
        json!({
            "scenario": scenario.name,
            "set": side.changes,
            "profile": scenario.profile.name(),
            "warm_up_s": warm_up,
            "assumptions": scenario.assumptions(),
        })
    };
    let metrics: Map<String, Value> = differences
        .iter()
        .map(|one| {
            let figures = json!({
                "a": bounds(&one.a),
                "b": bounds(&one.b),
                "difference": bounds(&one.difference),
                "n": one.difference.n,
                "evidence": one.evidence,
                "narrower": one.narrower(),
            });
            (one.metric.clone(), figures)
        })
        .collect();
    Json(json!({
        "a": side(&sides[0]),
        "b": side(&sides[1]),
        "seed": sides[0].replications.seed,
        "replications": sides[0].replications.runs.len(),
        "level": differences.first().map(|one| one.difference.level),
        "metrics": metrics,
    }))
}

/// A grid of settings, and every metric at each point.
pub fn sweep_json(sweep: &Sweep<'_>) -> Json {
    let point = |point: &SweepPoint<'_>| {
        let metrics: Map<String, Value> = point
            .replications
            .metrics
            .iter()
            .enumerate()
            .map(|(place, metric)| {
                let interval = point.replications.confidence(place, sweep.level);
                let mut figures = bounds(&interval);
                figures["n"] = json!(interval.n);
                (metric.clone(), figures)
            })
            .collect();
        json!({
            "set": setting(sweep.axes.iter().map(|axis| axis.path.as_str()), sweep.values(point)),
            "warm_up_s": point.scenario.warm_up.length().as_secs_f64(),
            "metrics": metrics,
        })
    };
    let first = &sweep.points[0];
    Json(json!({
        "scenario": first.scenario.name,
        "seed": first.replications.seed,
        "replications": first.replications.runs.len(),
        "level": sweep.level,
        "points": sweep.points.iter().map(point).collect::<Vec<_>>(),
        "assumptions": first.scenario.assumptions(),
    }))
}

fn setting<'a>(paths: impl Iterator<Item = &'a str>, values: Vec<&str>) -> Map<String, Value> {
    paths.zip(values).map(|(path, value)| (path.to_owned(), json!(value))).collect()
}

/// What the intervals say of each requirement.
fn verdicts(requirements: &[Requirement], verdicts: &[(Confidence, Holds)]) -> Value {
    let each = requirements.iter().zip(verdicts).map(|(requirement, (interval, holds))| {
        let mut figures = bounds(interval);
        figures["require"] = json!(requirement.to_string());
        figures["holds"] = json!(holds);
        figures
    });
    each.collect()
}

/// A searched grid: what is best, and what became of each point.
pub fn plan_json(planned: &Planned<'_>) -> Json {
    let goal = planned.goal;
    let settings = |place| setting(planned.axes.iter().map(|axis| axis.path.as_str()), planned.values(place));
    let candidate = |(place, candidate): (usize, &Candidate)| {
        json!({
            "set": settings(place),
            "standing": candidate.standing,
            "replications": candidate.replications.runs.len(),
            "objective": bounds(&candidate.objective),
            "requirements": verdicts(&goal.requirements, &candidate.verdicts),
        })
    };
    let nearest = planned.nearest_miss().filter(|_| planned.best().is_none());
    Json(json!({
        "scenario": planned.scenario.name,
        "minimize": goal.minimize,
        "level": goal.level,
        "best": planned.best().map(settings),
        "nearest_miss": nearest.map(|(place, requirement, miss)| json!({
            "set": settings(place),
            "binds": goal.requirements[requirement].to_string(),
            "miss": miss.is_finite().then_some(miss),
        })),
        "points": planned.candidates.iter().enumerate().map(candidate).collect::<Vec<_>>(),
        "assumptions": planned.scenario.assumptions(),
    }))
}

/// A search: what was found, and all values tried.
pub fn search_json(searched: &Searched<'_>) -> Json {
    let (search, found) = (searched.search, searched.found);
    let trial = |trial: &Trial| {
        let verdicts = verdicts(&search.requirements, &trial.verdicts);
        json!({ "value": trial.value, "meets": trial.meets(), "requirements": verdicts })
    };
    Json(json!({
        "scenario": searched.scenario.name,
        "find": searched.path,
        "wanted": if search.highest { "highest" } else { "lowest" },
        "level": search.level,
        "replications": search.replications,
        "value": found.value,
        "beyond": found.beyond,
        "trials": found.trials.iter().map(trial).collect::<Vec<_>>(),
        "assumptions": searched.scenario.assumptions(),
    }))
}
