//! Where the time goes: a bar for each source, cut into the parts of its mean latency.

use super::axes::{FOOT, HEAD, Plot};
use super::canvas::{self, Anchor, Canvas, Stroke};
use super::number::{self, HUGE};
use super::scale::{HEADROOM, LOG_FROM, Scale};
use super::{Heading, MARGIN, WIDTH, palette, text};

/// More bars than this make no readable chart.
const MOST_BARS: usize = 40;
/// The widest name.
const MOST_NAME: f64 = 220.0;
/// Height of a row of the legend.
const LEGEND_ROW: f64 = 22.0;
/// The legend's coloured squares.
const SQUARE: f64 = 12.0;
/// Free space around a direct label.
const PAD: f64 = 3.0;

/// One bar of the chart of where the time goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// Its name, shown at its left.
    pub label: String,
    /// The parts in milliseconds, by name, in order of their place in the bar. No parts: no data.
    pub parts: Vec<(String, f64)>,
}

/// Draws stacked horizontal bars with the total at each end and a legend of the parts that occur. Totals that differ
/// by more than a factor of 30 do not share a scale: then each bar shows the shares of its own total. The chart is as
/// high as its bars need.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn latency_by_part(heading: &Heading, bars: &[Bar]) -> Result<String, String> {
    // The legend is measured before the canvas exists.
    text::register()?;
    let chart = Chart::new(bars);
    let rows = chart.bars.len().max(1) as f64;
    let more = if chart.left_out > 0 { 24.0 } else { 0.0 };
    let top = HEAD + 8.0 + chart.legend_rows() * LEGEND_ROW;
    let bottom = top + rows * chart.pitch() + 8.0;
    let size = (WIDTH, bottom + more + FOOT);
    canvas::chart(heading, size, |canvas| chart.draw(canvas, (top, bottom)))
}

/// A bar with what is drawable of its parts, the names by their index in the legend.
struct Stack<'a> {
    label: &'a str,
    parts: Vec<(usize, f64)>,
    total: f64,
    is_empty: bool,
}

struct Chart<'a> {
    bars: Vec<Stack<'a>>,
    left_out: usize,
    /// The parts that take time in some bar.
    names: Vec<&'a str>,
    /// Whether each bar is scaled to its own total.
    shares: bool,
}

impl<'a> Chart<'a> {
    fn new(bars: &'a [Bar]) -> Chart<'a> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in bars.iter().flat_map(|bar| takes_time(&bar.parts)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        // In the order of the bars' parts, which is that of an event's way, even if the first bar lacks some.
        let order = |name: &str| {
            let places = bars.iter().filter_map(|bar| bar.parts.iter().position(|p| p.0 == name));
            places.max().unwrap_or(0)
        };
        names.sort_by_key(|name| order(name));
        let stacks = bars.iter().map(|bar| {
            let parts =
                takes_time(&bar.parts).filter_map(|(name, ms)| Some((names.iter().position(|n| *n == name)?, ms)));
            let parts: Vec<(usize, f64)> = parts.collect();
            Stack {
                label: &bar.label,
                total: parts.iter().map(|(_, ms)| ms).sum(),
                parts,
                is_empty: !bar.parts.iter().any(|(_, ms)| ms.is_finite()),
            }
        });
        let mut stacks: Vec<Stack> = stacks.collect();
        let left_out = stacks.len().saturating_sub(MOST_BARS);
        if left_out > 0 {
            let mut totals: Vec<f64> = stacks.iter().map(|bar| bar.total).collect();
            totals.sort_by(|a, b| b.total_cmp(a));
            let least = totals[MOST_BARS - 1];
            stacks.retain(|bar| bar.total >= least);
            stacks.truncate(MOST_BARS);
        }
        let totals = || stacks.iter().map(|bar| bar.total).filter(|ms| *ms > 0.0);
        let max = totals().fold(0.0, f64::max);
        let shares = max > LOG_FROM * totals().fold(max, f64::min);
        Chart { bars: stacks, left_out, names, shares }
    }

    fn scale(&self) -> Scale {
        let max = self.bars.iter().map(|bar| bar.total).fold(0.0, f64::max);
        if self.bars.iter().all(|bar| bar.is_empty) {
            Scale::blank()
        } else if self.shares {
            Scale::shares()
        } else {
            // Durations leave a little room above the maximum; here the totals have theirs beside the plot.
            Scale::durations((0.0, max / HEADROOM), 6.0)
        }
    }

    /// Height of a bar with the space around it.
    fn pitch(&self) -> f64 {
        if self.bars.len() <= 10 { 40.0 } else { 26.0 }
    }

    fn draw(&self, canvas: &Canvas, (top, bottom): (f64, f64)) -> Result<(), String> {
        self.legend(canvas)?;
        let names = self.bars.iter().map(|bar| text::SMALL.width(bar.label));
        let ends = self.bars.iter().map(|bar| text::AXIS.width(&total(bar)));
        let plot = Plot {
            left: MARGIN + names.fold(40.0, f64::max).min(MOST_NAME) + 10.0,
            top,
            right: WIDTH - MARGIN - 8.0 - ends.fold(24.0, f64::max),
            bottom,
            x: self.scale(),
            y: Scale::blank(),
        };
        plot.columns(canvas)?;
        let names = text::SMALL.fit_names(&self.bars.iter().map(|bar| bar.label).collect::<Vec<_>>(), MOST_NAME);
        for (i, (bar, name)) in self.bars.iter().zip(names).enumerate() {
            let middle = top + 4.0 + (i as f64 + 0.5) * self.pitch();
            canvas.text((plot.left - 10.0, middle), Anchor::End, text::SMALL, palette::INK, &name)?;
            self.bar(canvas, &plot, bar, middle)?;
        }
        if self.bars.is_empty() {
            plot.no_data(canvas)?;
        }
        let baseline = [(plot.left, top), (plot.left, bottom)];
        canvas.path(&baseline, Stroke::solid(palette::AXIS, 1.0))?;
        if self.left_out > 0 {
            let at = (MARGIN, bottom + FOOT - 2.0);
            let note = format!("and {} more, with shorter means", self.left_out);
            canvas.text(at, Anchor::Start, text::SMALL, palette::GREY, &note)?;
        }
        plot.x_axis(
            canvas,
            if self.shares {
                "share of the bar's own mean latency (the means differ too much for one scale)"
            } else {
                "mean latency"
            },
        )
    }

    fn bar(&self, canvas: &Canvas, plot: &Plot, bar: &Stack, middle: f64) -> Result<(), String> {
        let half = self.pitch() * 0.32;
        let scale = if self.shares { 1.0 / bar.total } else { 1.0 };
        let place = |ms: f64| plot.at((ms * scale, 0.0)).0;
        let mut start = 0.0;
        for (index, ms) in &bar.parts {
            let (left, right) = (place(start), place(start + ms));
            start += ms;
            let colour = self.colour(*index);
            // A hair of the ground keeps neighbours apart, unless that would be all that is left.
            let seam = if right - left > 3.0 { 1.0 } else { 0.0 };
            let (upper, lower) = ((left, middle - half), (right - seam, middle + half));
            canvas.rectangle(upper, lower, colour)?;
            let short = number::duration(*ms);
            let long = format!("{} {short}", text::clean(self.names[*index]));
            let fits = |label: &String| text::SMALL.width(label) + 2.0 * PAD <= right - left;
            if let Some(label) = [long, short].into_iter().find(fits) {
                let at = (f64::midpoint(left, right), middle);
                let ink = palette::ink_on(colour);
                canvas.text(at, Anchor::Middle, text::SMALL, ink, &label)?;
            }
        }
        let end = if bar.total > 0.0 { place(start) } else { plot.left };
        let ink = if bar.is_empty { palette::GREY } else { palette::INK };
        canvas.text((end + 8.0, middle), Anchor::Start, text::AXIS, ink, &total(bar))
    }

    fn colour(&self, index: usize) -> plotters::style::RGBColor {
        palette::part(self.names[index], index)
    }

    fn legend_rows(&self) -> f64 {
        self.legend_places().last().map_or(0.0, |(_, row, _)| row + 1.0)
    }

    /// Left edge, row and text of each entry.
    fn legend_places(&self) -> Vec<(f64, f64, String)> {
        let (mut x, mut row) = (MARGIN, 0.0);
        let mut places = Vec::new();
        for name in &self.names {
            let name = text::SMALL.fit_name(name, MOST_NAME);
            let width = SQUARE + 6.0 + text::SMALL.width(&name) + 20.0;
            if x + width > WIDTH - MARGIN && x > MARGIN {
                (x, row) = (MARGIN, row + 1.0);
            }
            places.push((x, row, name));
            x += width;
        }
        places
    }

    fn legend(&self, canvas: &Canvas) -> Result<(), String> {
        for (index, (x, row, name)) in self.legend_places().iter().enumerate() {
            let y = HEAD + 8.0 + row * LEGEND_ROW;
            let (upper, lower) = ((*x, y - SQUARE / 2.0), (x + SQUARE, y + SQUARE / 2.0));
            canvas.rectangle(upper, lower, self.colour(index))?;
            let at = (x + SQUARE + 6.0, y);
            canvas.text(at, Anchor::Start, text::SMALL, palette::INK, name)?;
        }
        Ok(())
    }
}

/// The parts that take time.
fn takes_time(parts: &[(String, f64)]) -> impl Iterator<Item = (&str, f64)> {
    let parts = parts.iter().filter(|(_, ms)| ms.is_finite() && *ms > 0.0);
    parts.map(|(name, ms)| (name.as_str(), ms.min(HUGE)))
}

/// What stands at the end of a bar.
fn total(bar: &Stack) -> String {
    if bar.is_empty { "no data".to_owned() } else { number::duration(bar.total) }
}
