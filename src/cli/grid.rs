//! The grid of a sweep or plan: all scenarios are read before anything runs.

use crate::report::SweepPoint;
use crate::scenario::{Document, Scenario, WarmUp};
use crate::study::{Axis, Replications, Subject, Workers, assignments, grid, overloads};

use super::load::Text;
use super::replicating::Replicating;
use super::{Failure, complain, warn, warn_of_overloads};

/// Overloaded points that are told one by one.
const MOST_TOLD: usize = 3;

/// The points of a grid, read and ready to run.
pub(super) struct Grid {
    pub text: Text,
    pub axes: Vec<Axis>,
    pub points: Vec<Point>,
}

/// A point of the grid.
pub(super) struct Point {
    /// The place of its value on each axis.
    pub places: Vec<usize>,
    pub scenario: Scenario,
}

impl Point {
    /// The point with its runs.
    pub(super) fn swept<'a>(&'a self, replications: &'a Replications) -> SweepPoint<'a> {
        SweepPoint { places: &self.places, scenario: &self.scenario, replications }
    }
}

/// Refuses axes that vary one key under two paths, or the seed.
fn differ(axes: &[Axis], document: &Document) -> Result<(), String> {
    let keys: Vec<_> = axes.iter().map(|axis| document.keys(&axis.path)).collect();
    for (place, (axis, key)) in axes.iter().zip(&keys).enumerate() {
        if key.as_deref().is_some_and(|key| key == ["seed"]) {
            return Err("seed: all points have the same seeds; --replications runs more of them".into());
        }
        if let Some(other) = keys[..place].iter().position(|other| key.is_some() && other == key) {
            let (one, other) = (&axes[other].path, &axis.path);
            return Err(format!("`{other}`: the same key as `{one}`; its values belong into one list"));
        }
    }
    Ok(())
}

impl Grid {
    /// Reads `scenario` at every point of the grid that `vary` spans, each with the keys that `set` changes on top.
    pub(super) fn read(scenario: &str, set: &[String], vary: &[String]) -> Result<Grid, Failure> {
        let refuse = |what: String| Failure::Input(format!("error: --vary {what}"));
        let text = Text::open(scenario)?;
        let takes = |path: &str, number: f64| {
            text.scenario(&[("--set", set), ("--vary", &[format!("{path}={number:?}")])]).is_ok()
        };
        let axes = vary.iter().map(|axis| Axis::parse(axis, &takes)).collect::<Result<Vec<_>, _>>().map_err(refuse)?;
        let places = grid(&axes).map_err(refuse)?;
        // What is wrong without any variation is told first.
        text.scenario(&[("--set", set)])?;
        differ(&axes, &text.document(&[("--set", set)])?).map_err(refuse)?;
        let mut points = Vec::new();
        for places in places {
            let here = assignments(&axes, &places);
            points.push(Point { scenario: text.scenario(&[("--set", set), ("--vary", &here)])?, places });
        }
        Ok(Grid { text, axes, points })
    }

    /// The first point's scenario, for what all have in common.
    pub(super) fn first(&self) -> &Scenario {
        &self.points[0].scenario
    }

    /// What AWS advises and the first point does not follow, and which points take in more than they can process.
    pub(super) fn warn(&self) {
        warn(self.first());
        let overloaded = self.points.iter().zip(self.subjects()).filter_map(|(point, subject)| {
            let overloads = overloads(subject);
            (!overloads.is_empty()).then_some((point, overloads))
        });
        let overloaded: Vec<_> = overloaded.collect();
        for (point, overloads) in overloaded.iter().take(MOST_TOLD) {
            let setting = assignments(&self.axes, &point.places).join(", ");
            warn_of_overloads(&format!("{} at {setting}", point.scenario.name), overloads);
        }
        if let Some(more @ 1..) = overloaded.len().checked_sub(MOST_TOLD) {
            complain(&format!("warning: {more} more of {} points are overloaded", self.points.len()));
        }
    }

    /// Finds the warm-up where the scenario leaves it to us: the latest of all points, so that they count the same events.
    pub(super) fn settle(&mut self, replicating: &Replicating, workers: &Workers<'_>) {
        if self.points.iter().all(|point| point.scenario.warm_up != WarmUp::Auto) {
            return;
        }
        for Point { scenario, places } in &mut self.points {
            let setting = assignments(&self.axes, places).join(", ");
            replicating.settle(scenario, &format!("{} at {setting}", scenario.name), &self.text.files, workers);
        }
        let latest = self.points.iter().map(|point| point.scenario.warm_up.length()).max().unwrap_or_default();
        self.points.iter_mut().for_each(|point| point.scenario.warm_up = WarmUp::Fixed(latest));
    }

    /// What to run.
    pub(super) fn subjects(&self) -> Vec<Subject<'_>> {
        let files = &self.text.files;
        self.points.iter().map(|point| Subject { scenario: &point.scenario, inputs: files }).collect()
    }
}
