//! Charts as SVG text: pure functions from plain data to a `String`, the same bytes for the same data.
//!
//! Of a run: [`latency_distribution()`] (quantiles on a "nines" axis), [`latency_by_part()`] (where the time goes) and
//! [`over_time()`] (panels on one time axis). Of a study: [`bands()`] (figures over a varied key), [`heat_map()`] (over
//! two), [`trade_off()`] (cost against latency) and [`forest()`] (changes with their intervals).
//!
//! Plotters only draws the shapes and measures the text; scales, axes and labels are laid out here, because direct
//! labels and humanised times need more say than its mesh gives. Any data makes a chart: what is not finite is left
//! out, what is too small or too large is clamped, and where nothing is left the chart says "no data". Nothing here
//! reads or writes files.

mod axes;
mod bands;
mod canvas;
mod forest;
mod heat_map;
mod key_axis;
mod labels;
mod latency_by_part;
mod latency_distribution;
mod marker;
pub(super) mod number;
mod over_time;
mod palette;
mod panels;
mod scale;
mod scatter;
mod series;
mod text;
mod unit;

pub use bands::{Band, BandPanel, bands};
pub use forest::{Effect, Effects, Tone, forest};
pub use heat_map::{HeatPanel, heat_map};
pub use key_axis::KeyAxis;
pub use latency_by_part::{Bar, latency_by_part};
pub use latency_distribution::{Curve, latency_distribution};
pub use over_time::{Line, Panel, over_time};
pub use panels::Limit;
pub use scatter::{Choice, Measure, Standing, trade_off};
pub use series::{Ink, LineStyle};
pub use unit::Unit;

/// What stands above a chart: what it shows, and where that comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// What the chart shows: bold, left aligned, and the SVG's accessible title.
    pub title: String,
    /// Scenario, seed and the like: grey, below the title.
    pub subtitle: String,
    /// The names of scenarios in the two: they are what is cut where a line is too long.
    pub names: Vec<String>,
}

/// Width of every chart in pixels.
const WIDTH: f64 = 960.0;
/// Free space left and right of everything.
const MARGIN: f64 = 24.0;

#[cfg(test)]
mod tests;
