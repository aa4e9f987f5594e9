//! Charts as SVG text: pure functions from plain data to a `String`, the same bytes for the same data.
//!
//! Three kinds: [`latency_distribution()`] (quantiles on a "nines" axis), [`latency_by_part()`] (where the time goes)
//! and [`over_time()`] (panels on one time axis). Plotters only draws the shapes and measures the text; scales, axes
//! and labels are laid out here, because direct labels and humanised times need more say than its mesh gives.
//! Any data makes a chart: what is not finite is left out, what is too small or too large is clamped, and where
//! nothing is left the chart says "no data". Nothing here reads or writes files.

mod axes;
mod canvas;
mod labels;
mod latency_by_part;
mod latency_distribution;
mod number;
mod over_time;
mod palette;
mod scale;
mod series;
mod text;

pub use latency_by_part::{Bar, latency_by_part};
pub use latency_distribution::{Curve, latency_distribution};
pub use over_time::{Limit, Line, Panel, Unit, over_time};
pub use series::LineStyle;

/// What stands above a chart: what it shows, and where that comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// What the chart shows: bold, left aligned, and the SVG's accessible title.
    pub title: String,
    /// Scenario, seed and the like: grey, below the title.
    pub subtitle: String,
}

/// Width of every chart in pixels.
const WIDTH: f64 = 960.0;
/// Free space left and right of everything.
const MARGIN: f64 = 24.0;

#[cfg(test)]
mod tests;
