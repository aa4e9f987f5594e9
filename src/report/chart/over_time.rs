//! What happens when: panels of lines and limits above each other, on one axis of virtual time.

use super::Heading;
use super::panels::{self, Limit, Mark, Part};
use super::scale::Scale;
use super::series::{Ink, LineStyle, Series};
use super::unit::Unit;

/// A line over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its name, shown at its end.
    pub label: String,
    /// Seconds of virtual time, and the value then. A value that is not finite interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: LineStyle,
    /// Its colour; without one, by its place in the panel.
    pub ink: Option<Ink>,
}

/// One plot of the chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What the y axis shows, without the unit.
    pub y_title: String,
    /// The unit of its values.
    pub unit: Unit,
    /// The lines, the most important first.
    pub lines: Vec<Line>,
    /// The limits.
    pub limits: Vec<Limit>,
}

/// Draws panels above each other on one time axis; the first `warm_up` seconds are shaded. A limit more than four times above all data is named at the upper
/// edge of its panel instead of drawn. Times and rates get a logarithmic axis if a spike would squash all else.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn over_time(heading: &Heading, warm_up: f64, panels: &[Panel]) -> Result<String, String> {
    let lines: Vec<Vec<Series>> = panels.iter().map(|panel| panel.lines.iter().map(series).collect()).collect();
    let parts = panels.iter().zip(&lines);
    let parts = parts.map(|(panel, lines)| Part::new(&panel.y_title, panel.unit, lines, &panel.limits));
    let mark = (warm_up > 0.0).then(|| Mark::Before(warm_up, "warm-up".to_owned()));
    panels::chart(heading, parts.collect(), mark, |_| (clock(&lines), "virtual time".to_owned()))
}

fn series(line: &Line) -> Series<'_> {
    Series::new(&line.label, &line.points, line.style).inked(line.ink)
}

/// The time axis that all panels share.
fn clock(lines: &[Vec<Series>]) -> Scale {
    let times = lines.iter().flatten().flat_map(Series::points).map(|(x, _)| x);
    let (from, to) = times.fold((f64::MAX, f64::MIN), |(from, to), x| (from.min(x), to.max(x)));
    if from <= to { Scale::clock(from, to, 7.0) } else { Scale::clock(0.0, 60.0, 7.0) }
}
