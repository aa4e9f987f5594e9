//! Lines in a plot: their points made drawable, the foremost of them chosen, drawn and labelled.

use super::axes::Plot;
use super::canvas::{Canvas, Spot, Stroke};
use super::labels::Label;
use super::number::HUGE;
use super::{palette, text};

/// More lines than this cannot be told apart: the others are drawn in a pale grey.
pub(super) const MOST_LINES: usize = 8;
/// Lines of so few points show each point.
const FEW_POINTS: usize = 12;
/// Lines of so many points are drawn thinner, or a restless one would become a band.
const MANY_POINTS: usize = 200;
/// A line that ends so far before the plot's end shows where.
const EARLY: f64 = 12.0;
/// Opacity of the area below a line.
const FILL: f64 = 0.22;

/// How a line joins its points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineStyle {
    /// Straight from point to point.
    #[default]
    Line,
    /// Each value holds until the next point.
    Step,
    /// Straight from point to point, with the area below filled.
    Area,
}

/// A line ready to be drawn.
pub(super) struct Series<'a> {
    /// Its name.
    pub(super) label: &'a str,
    /// Its points by ascending x, cut where a value is missing.
    pub(super) runs: Vec<Vec<(f64, f64)>>,
    /// How it is drawn.
    pub(super) style: LineStyle,
}

impl<'a> Series<'a> {
    /// Points without a position are left out, points without a value interrupt the line, negative values are 0.
    pub(super) fn new(label: &'a str, points: &[(f64, f64)], style: LineStyle) -> Series<'a> {
        let placed = points.iter().filter(|(x, _)| x.is_finite());
        let mut placed: Vec<(f64, f64)> = placed.map(|(x, y)| (x.clamp(-HUGE, HUGE), *y)).collect();
        placed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let runs = placed.split(|(_, y)| !y.is_finite()).filter(|run| !run.is_empty());
        let clamped = |run: &[(f64, f64)]| run.iter().map(|(x, y)| (*x, y.clamp(0.0, HUGE))).collect();
        Series { label, runs: runs.map(clamped).collect(), style }
    }

    /// All points.
    pub(super) fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.runs.iter().flatten().copied()
    }

    /// The largest value.
    pub(super) fn max(&self) -> Option<f64> {
        self.points().map(|(_, y)| y).reduce(f64::max)
    }

    fn draw(&self, canvas: &Canvas, plot: &Plot, stroke: Stroke) -> Result<(), String> {
        let few = self.points().count() <= FEW_POINTS;
        for run in &self.runs {
            let spots = self.outline(plot, run);
            if let (LineStyle::Area, [(first, _), .., (last, _)]) = (self.style, &spots[..]) {
                let mut corners = spots.clone();
                corners.extend([(*last, plot.bottom), (*first, plot.bottom)]);
                canvas.shape(&corners, stroke.colour(), FILL)?;
            }
            if spots.len() > 1 {
                canvas.path(&spots, stroke)?;
            }
            if few || run.len() == 1 {
                for point in run {
                    canvas.dot(plot.at(*point), 3.0, stroke.colour())?;
                }
            }
        }
        Ok(())
    }

    fn outline(&self, plot: &Plot, run: &[(f64, f64)]) -> Vec<Spot> {
        let mut spots: Vec<Spot> = Vec::with_capacity(2 * run.len());
        for point in run {
            let spot = plot.at(*point);
            if let (LineStyle::Step, Some((_, y))) = (self.style, spots.last()) {
                spots.push((spot.0, *y));
            }
            spots.push(spot);
        }
        spots
    }
}

/// The lines of a plot, and which of them have a colour and a label.
pub(super) struct Cast<'a> {
    shown: Vec<(&'a Series<'a>, Stroke)>,
    faint: Vec<&'a Series<'a>>,
}

impl<'a> Cast<'a> {
    /// The `most` lines with the largest `value` are shown, in their given order.
    pub(super) fn new(series: &'a [Series<'a>], most: usize, value: impl Fn(&Series) -> f64) -> Cast<'a> {
        let mut order: Vec<usize> = (0..series.len()).collect();
        order.sort_by(|a, b| value(&series[*b]).total_cmp(&value(&series[*a])));
        let faint = order.split_off(order.len().min(most));
        order.sort_unstable();
        let shown = order.iter().enumerate().map(|(place, index)| {
            let (colour, dashed) = palette::line(place);
            let width = if series[*index].points().count() > MANY_POINTS { 1.4 } else { 2.0 };
            (&series[*index], Stroke::solid(colour, width).dashed(dashed))
        });
        Cast { shown: shown.collect(), faint: faint.iter().map(|index| &series[*index]).collect() }
    }

    /// Draws the lines, the pale ones below the others.
    pub(super) fn draw(&self, canvas: &Canvas, plot: &Plot) -> Result<(), String> {
        for series in &self.faint {
            series.draw(canvas, plot, faint())?;
        }
        for (series, stroke) in &self.shown {
            series.draw(canvas, plot, *stroke)?;
            let end = series.points().last().map(|last| plot.at(last));
            if let Some(end) = end.filter(|(x, _)| *x < plot.right - EARLY) {
                canvas.dot(end, 3.0, stroke.colour())?;
            }
        }
        Ok(())
    }

    /// What the labels say.
    pub(super) fn texts(&self) -> Vec<String> {
        let shown = self.shown.iter().map(|(series, _)| {
            let name = text::clean(series.label);
            if series.runs.is_empty() && !name.is_empty() { name + " (no data)" } else { name }
        });
        let more = match self.faint.len() {
            0 => String::new(),
            n => format!("and {n} more"),
        };
        shown.chain([more]).collect()
    }

    /// The labels, each at the end of its line.
    pub(super) fn labels(&self, plot: &Plot) -> Vec<Label> {
        let shown = self.shown.iter().map(|(series, stroke)| {
            let end = series.points().last().map(|last| plot.at(last));
            (end, end.and(Some(*stroke)))
        });
        let more = (None, Some(faint()));
        let labels = self.texts().into_iter().zip(shown.chain([more]));
        labels.filter(|(text, _)| !text.is_empty()).map(|(text, (end, stroke))| Label { text, end, stroke }).collect()
    }
}

/// How the lines without a label are drawn.
fn faint() -> Stroke {
    Stroke::solid(palette::FAINT, 1.0)
}
