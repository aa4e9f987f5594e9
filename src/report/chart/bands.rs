//! How figures follow a varied key: panels of lines above each other, on one axis of the key's values, each line with
//! the band in which its figure lies. It leaves out what happened during a run.

use super::Heading;
use super::key_axis::KeyAxis;
use super::panels::{self, Limit, Mark, Part};
use super::series::Series;
use super::unit::Unit;

/// How far apart the points of one category stand, as a part of the axis.
const APART: f64 = 0.02;
/// What the points of one category take of its width at most.
const MOST_WIDTH: f64 = 0.6;

/// A figure at each value of the key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// Its name, shown at its end.
    pub label: String,
    /// (mean, low, high) for each value of the axis. A mean that is not finite is a gap; so is, in the band, a low or
    /// high that is not.
    pub points: Vec<(f64, f64, f64)>,
}

/// One plot of the chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BandPanel {
    /// What the y axis shows, without the unit.
    pub y_title: String,
    /// The unit of its figures.
    pub unit: Unit,
    /// The lines, the most important first.
    pub lines: Vec<Band>,
    /// The limits, such as what is required.
    pub limits: Vec<Limit>,
}

/// Draws panels above each other on one axis of the values of a key: a dot at each figure, and a line with a band from
/// low to high through them; where the values are categories, each dot has an interval instead. Of more than eight
/// lines those with the largest values have colours and labels. An end of a band more than four times above all
/// figures lies beyond the axis; so does such a limit, which is named instead. Times, rates and costs get a logarithmic
/// axis if a spike would squash all else.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn bands(heading: &Heading, x: &KeyAxis, panels: &[BandPanel]) -> Result<String, String> {
    let (positions, joined) = (x.positions(), x.is_numeric());
    let lines: Vec<Vec<Series>> = panels.iter().map(|panel| lines(&panel.lines, &positions, joined)).collect();
    let parts = panels.iter().zip(&lines);
    let parts = parts.map(|(panel, lines)| Part::new(&panel.y_title, panel.unit, lines, &panel.limits));
    let mark = x.marked.as_ref().and_then(|(place, what)| Some(Mark::At(*positions.get(*place)?, what.clone())));
    panels::chart(heading, parts.collect(), mark, |width| x.scale(width))
}

/// The lines of a panel; in categories they stand side by side.
fn lines<'a>(bands: &'a [Band], positions: &[f64], joined: bool) -> Vec<Series<'a>> {
    let apart = (APART * positions.len() as f64).min(MOST_WIDTH / bands.len().max(1) as f64);
    let step = if joined { 0.0 } else { apart };
    let middle = bands.len().saturating_sub(1) as f64 / 2.0;
    let line = |(place, band): (usize, &'a Band)| {
        let aside = (place as f64 - middle) * step;
        let points = positions.iter().zip(&band.points);
        let points = points.map(|(x, (mean, low, high))| (x + aside, *mean, *low, *high));
        Series::estimates(&band.label, &points.collect::<Vec<_>>(), joined)
    };
    bands.iter().enumerate().map(line).collect()
}
