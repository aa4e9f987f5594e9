//! The plot: a rectangle with a scale along each side, its grid, its tick labels and the titles of its axes.

use super::canvas::{Anchor, Canvas, Spot, Stroke};
use super::scale::{Scale, Tick};
use super::{MARGIN, WIDTH, palette, text};

/// Below the heading.
pub(super) const HEAD: f64 = 68.0;
/// Below a plot, for the tick labels and the title of its x axis.
pub(super) const FOOT: f64 = 56.0;
/// From a plot's upper edge up to the middle of its title.
const TITLE_ABOVE: f64 = 19.0;
/// Between a plot and the tick labels on its left.
const GAP: f64 = 8.0;
/// The least distance of two tick labels on the y axis.
const ROW: f64 = 20.0;
/// What two labels may overlap by: places are not exact.
const HAIR: f64 = 1e-6;
/// Between two tick labels on the x axis.
const SPACE: f64 = 12.0;

/// A rectangle: left, top, right and bottom.
pub(super) type Area = (f64, f64, f64, f64);

/// A rectangle in which values are drawn.
pub(super) struct Plot {
    /// Its left edge.
    pub(super) left: f64,
    /// Its upper edge.
    pub(super) top: f64,
    /// Its right edge.
    pub(super) right: f64,
    /// Its lower edge.
    pub(super) bottom: f64,
    /// From left to right.
    pub(super) x: Scale,
    /// From the bottom to the top.
    pub(super) y: Scale,
}

/// The room left of a plot of this height for the margin and the tick labels of `y`.
pub(super) fn gutter(y: &Scale, height: f64) -> f64 {
    let ticks = fitting(&y.ticks, |tick| row(y.at(tick.value) * height));
    let widths = ticks.iter().map(|tick| text::SMALL.width(&tick.label));
    MARGIN + widths.fold(24.0, f64::max) + GAP
}

impl Plot {
    /// Where the point (x, y) is drawn.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Spot {
        let across = self.left + self.x.at(x) * (self.right - self.left);
        (across, self.height_of(y))
    }

    /// Where the value `y` is drawn.
    pub(super) fn height_of(&self, y: f64) -> f64 {
        self.bottom - self.y.at(y) * (self.bottom - self.top)
    }

    /// Whether an area lies within the plot.
    pub(super) fn has_room(&self, (left, top, right, bottom): Area) -> bool {
        left >= self.left && top >= self.top && right <= self.right && bottom <= self.bottom
    }

    /// The title of the y axis as it is shown, with room beside it for a note.
    fn title(&self, y_title: &str) -> String {
        text::AXIS.fit(y_title, 0.6 * (WIDTH - 2.0 * MARGIN))
    }

    /// A note above the plot's right end that ends in `last`, beside the title of the y axis.
    pub(super) fn note(&self, canvas: &Canvas, y_title: &str, note: &str, last: &str) -> Result<(), String> {
        let title = text::AXIS.width(&self.title(y_title));
        let room = self.right - MARGIN - title - 24.0;
        let note = match room - text::SMALL.width(last) {
            left if left > 24.0 => text::SMALL.fit(note, left) + last,
            _ => text::SMALL.fit(&format!("{note}{last}"), room),
        };
        let at = (self.right, self.top - TITLE_ABOVE);
        canvas.text(at, Anchor::End, text::SMALL, palette::GREY, &note)
    }

    /// The grid, the baseline, and the tick labels and title of the y axis.
    pub(super) fn grid(&self, canvas: &Canvas, y_title: &str) -> Result<(), String> {
        self.y_title(canvas, y_title)?;
        self.columns(canvas)?;
        for tick in self.y_ticks() {
            let y = self.height_of(tick.value);
            canvas.path(&[(self.left, y), (self.right, y)], Stroke::solid(palette::GRID, 1.0))?;
            self.y_label(canvas, tick)?;
        }
        let baseline = [(self.left, self.bottom), (self.right, self.bottom)];
        canvas.path(&baseline, Stroke::solid(palette::AXIS, 1.0))
    }

    /// The tick labels and the title of the y axis, without a grid.
    pub(super) fn y_axis(&self, canvas: &Canvas, y_title: &str) -> Result<(), String> {
        self.y_title(canvas, y_title)?;
        self.y_ticks().into_iter().try_for_each(|tick| self.y_label(canvas, tick))
    }

    fn y_title(&self, canvas: &Canvas, y_title: &str) -> Result<(), String> {
        let at = (MARGIN, self.top - TITLE_ABOVE);
        canvas.text(at, Anchor::Start, text::AXIS, palette::INK, &self.title(y_title))
    }

    fn y_label(&self, canvas: &Canvas, tick: &Tick) -> Result<(), String> {
        let at = (self.left - GAP, self.height_of(tick.value));
        canvas.text(at, Anchor::End, text::SMALL, palette::GREY, &tick.label)
    }

    /// The grid of the x axis only, for bars.
    pub(super) fn columns(&self, canvas: &Canvas) -> Result<(), String> {
        for tick in self.x_ticks() {
            let (x, _) = self.at((tick.value, 0.0));
            let ends = [(x, self.top), (x, self.bottom)];
            canvas.path(&ends, Stroke::solid(palette::GRID, 1.0))?;
        }
        Ok(())
    }

    /// The tick labels and the title of the x axis.
    pub(super) fn x_axis(&self, canvas: &Canvas, title: &str) -> Result<(), String> {
        for tick in self.x_ticks() {
            let (from, to) = self.x_label(tick);
            let at = (f64::midpoint(from, to), self.bottom + 16.0);
            canvas.text(at, Anchor::Middle, text::SMALL, palette::GREY, &tick.label)?;
        }
        let middle = f64::midpoint(self.left, self.right);
        let title = text::AXIS.fit(title, WIDTH - 2.0 * MARGIN);
        let half = text::AXIS.width(&title) / 2.0;
        let x = middle.min(WIDTH - MARGIN - half).max(MARGIN + half);
        canvas.text((x, self.bottom + 38.0), Anchor::Middle, text::AXIS, palette::INK, &title)
    }

    /// Says in the middle that there is nothing to show.
    pub(super) fn no_data(&self, canvas: &Canvas) -> Result<(), String> {
        let x = f64::midpoint(self.left, self.right);
        let at = (x, f64::midpoint(self.top, self.bottom));
        // A patch of the ground keeps grid lines out of the words.
        let (from, to) = ((x - 36.0, at.1 - 10.0), (x + 36.0, at.1 + 10.0));
        canvas.rectangle(from, to, palette::GROUND)?;
        canvas.text(at, Anchor::Middle, text::SUBTITLE, palette::GREY, "no data")
    }

    fn y_ticks(&self) -> Vec<&Tick> {
        fitting(&self.y.ticks, |tick| row(self.height_of(tick.value)))
    }

    fn x_ticks(&self) -> Vec<&Tick> {
        fitting(&self.x.ticks, |tick| {
            let (from, to) = self.x_label(tick);
            (from - SPACE / 2.0, to + SPACE / 2.0)
        })
    }

    /// Where a tick's label starts and ends: centred on it, but never off the sheet.
    fn x_label(&self, tick: &Tick) -> (f64, f64) {
        let half = text::SMALL.width(&tick.label) / 2.0;
        let (x, _) = self.at((tick.value, 0.0));
        let x = x.min(WIDTH - MARGIN / 2.0 - half).max(MARGIN / 2.0 + half);
        (x - half, x + half)
    }
}

fn row(y: f64) -> (f64, f64) {
    (y - ROW / 2.0, y + ROW / 2.0)
}

/// The ticks whose `extent` does not touch that of an earlier one.
fn fitting(ticks: &[Tick], extent: impl Fn(&Tick) -> (f64, f64)) -> Vec<&Tick> {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    let mut kept = Vec::new();
    for tick in ticks {
        let (from, to) = extent(tick);
        if taken.iter().all(|(start, end)| to <= *start + HAIR || from >= *end - HAIR) {
            taken.push((from, to));
            kept.push(tick);
        }
    }
    kept
}
