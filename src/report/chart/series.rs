//! Lines in a plot: their points made drawable, the foremost of them chosen, drawn and labelled.

use plotters::style::RGBColor;

use super::axes::Plot;
use super::canvas::{Canvas, Spot, Stroke};
use super::labels::{self, Label};
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
/// Opacity of the band around a line: several may lie upon each other.
const BAND: f64 = 0.16;
/// Half the width of the bar at the end of an interval.
const CAP: f64 = 3.0;

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

/// Which of the colours a line has: lines of one source or function have the same in all charts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// The place of what it is of.
    pub place: usize,
    /// Whether it is another figure of the same: dashed.
    pub dashed: bool,
}

impl Ink {
    /// Its colour, and whether it is dashed.
    fn look(self) -> (RGBColor, bool) {
        let (colour, dashed) = palette::line(self.place);
        (colour, dashed != self.dashed)
    }
}

/// A line ready to be drawn.
pub(super) struct Series<'a> {
    /// Its name.
    pub(super) label: &'a str,
    /// What is told after the name.
    note: &'a str,
    ink: Option<Ink>,
    /// Its points by ascending x, cut where a value is missing.
    pub(super) runs: Vec<Vec<(f64, f64)>>,
    look: Look,
}

/// How a series is drawn.
enum Look {
    /// A line through its points.
    Line(LineStyle),
    /// A dot at each point, and how far each may be off: x, low and high, cut where one of the two is missing.
    Estimates { ranges: Vec<Vec<(f64, f64, f64)>>, joined: bool },
}

impl<'a> Series<'a> {
    /// Points without a position are left out, points without a value interrupt the line, negative values are 0.
    pub(super) fn new(label: &'a str, points: &[(f64, f64)], style: LineStyle) -> Series<'a> {
        let placed = points.iter().filter(|(x, _)| x.is_finite());
        let mut placed: Vec<(f64, f64)> = placed.map(|(x, y)| (x.clamp(-HUGE, HUGE), *y)).collect();
        placed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let runs = placed.split(|(_, y)| !y.is_finite()).filter(|run| !run.is_empty());
        let clamped = |run: &[(f64, f64)]| run.iter().map(|(x, y)| (*x, y.clamp(0.0, HUGE))).collect();
        Series { label, note: "", ink: None, runs: runs.map(clamped).collect(), look: Look::Line(style) }
    }

    /// The same in a colour of its own, or without one in that of its place in the chart.
    pub(super) fn inked(self, ink: Option<Ink>) -> Series<'a> {
        Series { ink, ..self }
    }

    /// The same with something after its name.
    pub(super) fn noted(self, note: &'a str) -> Series<'a> {
        Series { note, ..self }
    }

    /// The same as [`new`](Series::new) for values (x, mean, low, high) by ascending x. Each mean has a dot; where they are `joined` a line
    /// and a band connect them, else each has an interval of its own.
    pub(super) fn estimates(label: &'a str, points: &[(f64, f64, f64, f64)], joined: bool) -> Series<'a> {
        let means: Vec<(f64, f64)> = points.iter().map(|(x, mean, ..)| (*x, *mean)).collect();
        let known =
            |(_, mean, low, high): &(f64, f64, f64, f64)| mean.is_finite() && low.is_finite() && high.is_finite();
        let ranges = points.split(|point| !known(point)).filter(|run| !run.is_empty());
        let range = |(x, _, low, high): &(f64, f64, f64, f64)| {
            let (low, high) = (low.clamp(0.0, HUGE), high.clamp(0.0, HUGE));
            (x.clamp(-HUGE, HUGE), low.min(high), high.max(low))
        };
        let ranges = ranges.map(|run| run.iter().map(range).collect()).collect();
        Series { look: Look::Estimates { ranges, joined }, ..Series::new(label, &means, LineStyle::Line) }
    }

    /// All points.
    pub(super) fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.runs.iter().flatten().copied()
    }

    /// The largest value.
    pub(super) fn max(&self) -> Option<f64> {
        self.points().map(|(_, y)| y).reduce(f64::max)
    }

    /// The largest value that may be meant: the largest end of an interval, or the largest value.
    pub(super) fn reach(&self) -> Option<f64> {
        let ends = self.ranges().iter().flatten().map(|(_, _, high)| *high);
        ends.chain(self.max()).reduce(f64::max)
    }

    /// Whether both are the same line.
    fn covers(&self, other: &Series) -> bool {
        !self.runs.is_empty() && self.runs == other.runs
    }

    fn ranges(&self) -> &[Vec<(f64, f64, f64)>] {
        match &self.look {
            Look::Line(_) => &[],
            Look::Estimates { ranges, .. } => ranges,
        }
    }

    /// The band or the intervals.
    fn draw_ranges(&self, canvas: &Canvas, plot: &Plot, stroke: Stroke) -> Result<(), String> {
        let joined = matches!(self.look, Look::Estimates { joined: true, .. });
        for run in self.ranges() {
            if let ([_, _, ..], true) = (&run[..], joined) {
                let upper = run.iter().map(|(x, _, high)| plot.at((*x, *high)));
                let lower = run.iter().rev().map(|(x, low, _)| plot.at((*x, *low)));
                canvas.shape(&upper.chain(lower).collect::<Vec<_>>(), stroke.colour(), BAND)?;
            }
            let is_band = joined && run.len() > 1;
            let whisker = Stroke::solid(stroke.colour(), 1.4);
            for (x, low, high) in run {
                let (lower, upper) = (plot.at((*x, *low)), plot.at((*x, *high)));
                if !is_band {
                    canvas.path(&[lower, upper], whisker)?;
                    canvas.path(&[(lower.0 - CAP, lower.1), (lower.0 + CAP, lower.1)], whisker)?;
                }
                let (x, y) = upper;
                if !plot.y.holds(*high) {
                    // An arrow: it goes on beyond the axis.
                    canvas.path(&[(x - CAP, y + CAP), (x, y), (x + CAP, y + CAP)], whisker)?;
                } else if !is_band {
                    canvas.path(&[(x - CAP, y), (x + CAP, y)], whisker)?;
                }
            }
        }
        Ok(())
    }

    fn draw(&self, canvas: &Canvas, plot: &Plot, stroke: Stroke) -> Result<(), String> {
        let (style, dots, joined) = match self.look {
            Look::Line(style) => (style, self.points().count() <= FEW_POINTS, true),
            Look::Estimates { joined, .. } => (LineStyle::Line, true, joined),
        };
        for run in &self.runs {
            let spots = outline(plot, run, style);
            if let (LineStyle::Area, [(first, _), .., (last, _)]) = (style, &spots[..]) {
                let mut corners = spots.clone();
                corners.extend([(*last, plot.bottom), (*first, plot.bottom)]);
                canvas.shape(&corners, stroke.colour(), FILL)?;
            }
            if spots.len() > 1 && joined {
                canvas.path(&spots, stroke)?;
            }
            if dots || run.len() == 1 {
                for point in run {
                    canvas.dot(plot.at(*point), 3.0, stroke.colour())?;
                }
            }
        }
        Ok(())
    }
}

/// A line with a colour and a label.
struct Shown<'a> {
    series: &'a Series<'a>,
    /// How its label shows it.
    sample: Stroke,
    /// How it is drawn: lines that lie upon each other take turns.
    stroke: Stroke,
}

/// The lines of a plot, and which of them have a colour and a label.
pub(super) struct Cast<'a> {
    shown: Vec<Shown<'a>>,
    faint: Vec<&'a Series<'a>>,
}

impl<'a> Cast<'a> {
    /// The `most` lines with the largest `value` are shown, in their given order.
    pub(super) fn new(all: &'a [Series<'a>], most: usize, value: impl Fn(&Series) -> f64) -> Cast<'a> {
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by(|a, b| value(&all[*b]).total_cmp(&value(&all[*a])));
        let faint = order.split_off(order.len().min(most));
        order.sort_unstable();
        let mut taken: Vec<(RGBColor, bool)> = Vec::new();
        let shown = order.iter().enumerate().map(|(place, index)| {
            let series = &all[*index];
            let wanted = series.ink.map_or_else(|| palette::line(place), Ink::look);
            let mut looks = [wanted].into_iter().chain((0..2 * MOST_LINES).map(palette::line));
            let (colour, dashed) = looks.find(|look| !taken.contains(look)).unwrap_or(wanted);
            taken.push((colour, dashed));
            let width = if series.points().count() > MANY_POINTS { 1.4 } else { 2.0 };
            let sample = Stroke::solid(colour, width).dashed(dashed);
            let equal: Vec<usize> = order.iter().copied().filter(|other| series.covers(&all[*other])).collect();
            let turn = equal.iter().position(|other| other == index).filter(|_| equal.len() > 1);
            Shown { series, sample, stroke: turn.map_or(sample, |turn| sample.turn(turn, equal.len())) }
        });
        Cast { shown: shown.collect(), faint: faint.iter().map(|index| &all[*index]).collect() }
    }

    /// Draws the lines, the pale ones below the others.
    pub(super) fn draw(&self, canvas: &Canvas, plot: &Plot) -> Result<(), String> {
        for series in &self.faint {
            series.draw(canvas, plot, faint())?;
        }
        for Shown { series, stroke, .. } in &self.shown {
            series.draw_ranges(canvas, plot, *stroke)?;
        }
        for Shown { series, stroke, .. } in &self.shown {
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
        let shown = self.shown.iter().map(|Shown { series, .. }| match text::clean(series.label) {
            name if name.is_empty() => name,
            name if series.runs.is_empty() => labels::fit(&name, " (no data)"),
            name => labels::fit(&name, series.note),
        });
        let more = match self.faint.len() {
            0 => String::new(),
            n => format!("and {n} more"),
        };
        shown.chain([more]).collect()
    }

    /// The labels, each at the end of its line.
    pub(super) fn labels(&self, plot: &Plot) -> Vec<Label> {
        let shown = self.shown.iter().map(|Shown { series, sample, .. }| {
            let end = series.points().last().map(|last| plot.at(last));
            (end, end.and(Some(*sample)))
        });
        let more = (None, Some(faint()));
        let labels = self.texts().into_iter().zip(shown.chain([more]));
        labels.filter(|(text, _)| !text.is_empty()).map(|(text, (end, stroke))| Label { text, end, stroke }).collect()
    }
}

/// The corners of a line.
fn outline(plot: &Plot, run: &[(f64, f64)], style: LineStyle) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::with_capacity(2 * run.len());
    for point in run {
        let spot = plot.at(*point);
        if let (LineStyle::Step, Some((_, y))) = (style, spots.last()) {
            spots.push((spot.0, *y));
        }
        spots.push(spot);
    }
    spots
}

/// How the lines without a label are drawn.
fn faint() -> Stroke {
    Stroke::solid(palette::FAINT, 1.0)
}
