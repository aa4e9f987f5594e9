//! The distribution of latencies: how long the percentile of the x axis waits, with room for the slowest.

use super::axes::{self, FOOT, HEAD, Plot};
use super::canvas::{self, Canvas};
use super::scale::{LOG_FROM, Scale};
use super::series::{Cast, Ink, LineStyle, MOST_LINES, Series};
use super::{Heading, WIDTH, labels};

/// Height of the chart in pixels.
const HEIGHT: f64 = 540.0;

/// One curve of the latency distribution.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Its name, shown at its end; cut if it is long.
    pub label: String,
    /// What is told after the name.
    pub note: String,
    /// Its colour; without one, by its place in the chart.
    pub ink: Option<Ink>,
    /// Quantiles: p from 0 to 1, and the milliseconds which that share of the events did not exceed. A point for
    /// p = 1 is the maximum; it stands right of all percentiles.
    pub points: Vec<(f64, f64)>,
}

/// Draws latencies over percentiles, on an axis where each further nine takes the same room. Times that span more
/// than a factor of 30 get a logarithmic axis. Of more than eight curves those with the largest last values have
/// colours and labels, the others are grey.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn latency_distribution(heading: &Heading, curves: &[Curve]) -> Result<String, String> {
    let series: Vec<Series> = curves.iter().map(series).collect();
    canvas::chart(heading, (WIDTH, HEIGHT), |canvas| draw(canvas, &series))
}

fn series(curve: &Curve) -> Series<'_> {
    let points = curve.points.iter().copied();
    let points = points.filter(|(p, ms)| (0.0..=1.0).contains(p) && ms.is_finite());
    Series::new(&curve.label, &points.collect::<Vec<_>>(), LineStyle::Line).inked(curve.ink).noted(&curve.note)
}

fn draw(canvas: &Canvas, series: &[Series]) -> Result<(), String> {
    let cast = Cast::new(series, MOST_LINES, |series| series.points().last().map_or(-1.0, |(_, ms)| ms));
    let (top, bottom) = (HEAD + 30.0, HEIGHT - FOOT);
    let y = times(series);
    let plot = Plot {
        left: axes::gutter(&y, bottom - top),
        top,
        right: WIDTH - labels::width(cast.texts().iter().map(String::as_str)),
        bottom,
        x: percentiles(series),
        y,
    };
    let scale = if plot.y.is_log() { " (log scale)" } else { "" };
    plot.grid(canvas, &format!("latency{scale}"))?;
    plot.x_axis(canvas, "percentile of events")?;
    if series.iter().all(|series| series.runs.is_empty()) {
        plot.no_data(canvas)?;
    }
    cast.draw(canvas, &plot)?;
    labels::draw(canvas, &cast.labels(&plot), plot.right, (top, bottom))
}

fn times(series: &[Series]) -> Scale {
    let times = || series.iter().flat_map(Series::points).map(|(_, ms)| ms);
    let max = times().fold(0.0, f64::max);
    let min = times().filter(|ms| *ms > 0.0).fold(max, f64::min);
    if series.iter().all(|series| series.runs.is_empty()) {
        Scale::blank()
    } else if max > LOG_FROM * min {
        Scale::magnitudes((min, max), times().any(|ms| ms <= 0.0))
    } else {
        Scale::durations((0.0, max), 6.0)
    }
}

fn percentiles(series: &[Series]) -> Scale {
    let shares = || series.iter().flat_map(Series::points).map(|(p, _)| p);
    let low = if shares().any(|p| p < 0.5) { 0.0 } else { 0.5 };
    let most = shares().filter(|p| *p < 1.0).fold(0.0, f64::max);
    Scale::nines(low, most, shares().any(|p| p >= 1.0))
}
