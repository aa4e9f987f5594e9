//! A figure over two varied keys: a grid of coloured cells for each figure, below each other, each with colours of its
//! own.
//!
//! Cells are of one size, whatever the distance of the values; what has no figure is grey with a dash.

use super::axes::{FOOT, HEAD, Plot};
use super::canvas::{self, Anchor, Canvas};
use super::key_axis::KeyAxis;
use super::number::HUGE;
use super::scale::{LOG_FROM, Scale};
use super::text::{self, Face};
use super::unit::{ALIKE, Unit};
use super::{Heading, MARGIN, WIDTH, palette};

/// Above a grid, for the panel's title and that of the y axis.
const PANEL_HEAD: f64 = 58.0;
/// Between two panels.
const SPACE: f64 = 12.0;
/// More rows or columns than this make no readable chart.
const MOST_CELLS: usize = 100;
/// The widest cell.
const MOST_WIDTH: f64 = 120.0;
/// The lowest and the highest cell, and the grid that the rows should share.
const HEIGHTS: (f64, f64, f64) = (8.0, 36.0, 600.0);
/// The widest name of a row.
const MOST_NAME: f64 = 180.0;
/// From the names of the rows to the grid.
const GAP: f64 = 8.0;
/// Free space around a figure in its cell.
const PAD: (f64, f64) = (4.0, 2.0);
/// Between two cells.
const SEAM: f64 = 1.0;
/// Size of the legend's bar, and of how many colours it is made.
const LEGEND: (f64, f64, usize) = (120.0, 12.0, 30);

/// One grid of the chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatPanel {
    /// What the cells show, without the unit.
    pub title: String,
    /// The unit of the figures.
    pub unit: Unit,
    /// A row for each value of the y axis, in it a figure for each value of the x axis. What is not finite, and what
    /// is missing, is no figure.
    pub cells: Vec<Vec<f64>>,
}

/// Draws a grid for each figure, coloured from its least to its largest value, with the values in the cells as far as
/// they fit. Values that hardly differ have one colour, those that span more than a factor of 30 get logarithmic colours. Rows go up if their values ascend as
/// numbers, else down in the given order. Of more than 100 rows or columns the first are shown.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn heat_map(heading: &Heading, x: &KeyAxis, y: &KeyAxis, panels: &[HeatPanel]) -> Result<String, String> {
    text::register()?;
    let none = [HeatPanel::default()];
    let panels = if panels.is_empty() { &none } else { panels };
    let grid = Grid::new(x, y);
    let height = HEAD + grid.pitch() * panels.len() as f64 - SPACE + grid.note_height();
    canvas::chart(heading, (WIDTH, height), |canvas| {
        for (i, panel) in panels.iter().enumerate() {
            grid.draw(canvas, panel, HEAD + grid.pitch() * i as f64)?;
        }
        grid.note(canvas, height)
    })
}

/// What all panels share.
struct Grid {
    x: KeyAxis,
    y: KeyAxis,
    upwards: bool,
    /// Columns and rows that are not shown.
    left_out: (usize, usize),
    left: f64,
    cell: (f64, f64),
}

impl Grid {
    fn new(x: &KeyAxis, y: &KeyAxis) -> Grid {
        let upwards = y.is_numeric();
        let left_out = (x.values.len().saturating_sub(MOST_CELLS), y.values.len().saturating_sub(MOST_CELLS));
        let first = |key: &KeyAxis| {
            let values = key.values.iter().take(MOST_CELLS).cloned();
            KeyAxis { values: values.collect(), ..key.clone() }
        };
        let (x, mut y) = (first(x), first(y));
        let names = y.names();
        y.values = text::SMALL.fit_names(&names.iter().map(String::as_str).collect::<Vec<_>>(), MOST_NAME);
        let names = y.values.iter().map(|name| text::SMALL.width(name));
        let left = MARGIN + names.fold(24.0, f64::max) + GAP;
        let (columns, rows) = (x.values.len().max(1) as f64, y.values.len().max(1) as f64);
        let (low, high, all) = HEIGHTS;
        let cell = (((WIDTH - MARGIN - left) / columns).min(MOST_WIDTH), (all / rows).clamp(low, high));
        Grid { x, y, upwards, left_out, left, cell }
    }

    fn is_empty(&self) -> bool {
        self.x.values.is_empty() || self.y.values.is_empty()
    }

    /// Height of a grid.
    fn height(&self) -> f64 {
        self.cell.1 * self.y.values.len().max(1) as f64
    }

    /// Height of a panel with its titles.
    fn pitch(&self) -> f64 {
        PANEL_HEAD + self.height() + FOOT + SPACE
    }

    fn draw(&self, canvas: &Canvas, panel: &HeatPanel, from: f64) -> Result<(), String> {
        let top = from + PANEL_HEAD;
        let width = if self.is_empty() { WIDTH - MARGIN - self.left } else { self.cell.0 * self.x.values.len() as f64 };
        let mut names = self.y.values.clone();
        if !self.upwards {
            names.reverse();
        }
        let plot = Plot {
            left: self.left,
            top,
            right: self.left + width,
            bottom: top + self.height(),
            x: self.x.places(width),
            y: Scale::places(names),
        };
        let colours = Colours::new(panel, (self.x.values.len(), self.y.values.len()));
        let legend = colours.legend(canvas, panel.unit, from + 10.0)?;
        let title = text::PANEL.fit(&panel.title, legend - 24.0 - MARGIN);
        canvas.text((MARGIN, from + 10.0), Anchor::Start, text::PANEL, palette::INK, &title)?;
        plot.y_axis(canvas, &self.y.title)?;
        plot.x_axis(canvas, &self.x.title)?;
        if colours.is_empty() {
            return plot.no_data(canvas);
        }
        self.cells(canvas, panel, &plot, &colours)
    }

    fn cells(&self, canvas: &Canvas, panel: &HeatPanel, plot: &Plot, colours: &Colours) -> Result<(), String> {
        let rows = self.y.values.len();
        let fits = |face: Face, text: &str| {
            face.width(text) + 2.0 * PAD.0 <= self.cell.0 && face.size + 2.0 * PAD.1 <= self.cell.1
        };
        let figure = |row: usize, column: usize| figure(panel, row, column);
        let mut figures =
            (0..rows).flat_map(|row| (0..self.x.values.len()).filter_map(move |column| figure(row, column)));
        let face =
            if figures.all(|value| fits(text::SMALL, &panel.unit.short(value))) { text::SMALL } else { text::TINY };
        for row in 0..rows {
            let place = if self.upwards { row } else { rows - 1 - row };
            for column in 0..self.x.values.len() {
                let (x, y) = plot.at((column as f64, place as f64));
                let (across, down) = (self.cell.0 / 2.0, self.cell.1 / 2.0);
                let value = figure(row, column);
                let colour = value.map_or(palette::GRID, |value| colours.of(value));
                canvas.rectangle((x - across, y - down), (x + across - SEAM, y + down - SEAM), colour)?;
                let (label, ink) = match value {
                    Some(value) => (panel.unit.short(value), palette::ink_on(colour)),
                    None => ("\u{2013}".to_owned(), palette::GREY),
                };
                if fits(face, &label) {
                    canvas.text((x, y), Anchor::Middle, face, ink, &label)?;
                }
            }
        }
        Ok(())
    }

    fn note_height(&self) -> f64 {
        if self.left_out == (0, 0) { 0.0 } else { 24.0 }
    }

    /// Says how much is not shown.
    fn note(&self, canvas: &Canvas, height: f64) -> Result<(), String> {
        let note = match self.left_out {
            (0, 0) => return Ok(()),
            (columns, 0) => format!("and {columns} more columns"),
            (0, rows) => format!("and {rows} more rows"),
            (columns, rows) => format!("and {columns} more columns and {rows} more rows"),
        };
        canvas.text((MARGIN, height - 16.0), Anchor::Start, text::SMALL, palette::GREY, &note)
    }
}

/// The figure of a cell, if it has one.
fn figure(panel: &HeatPanel, row: usize, column: usize) -> Option<f64> {
    let value = panel.cells.get(row)?.get(column)?;
    value.is_finite().then(|| value.clamp(0.0, HUGE))
}

/// How the figures of a panel become colours.
struct Colours {
    low: f64,
    high: f64,
    /// The least positive figure, if the colours are logarithmic.
    log_from: Option<f64>,
}

impl Colours {
    fn new(panel: &HeatPanel, (columns, rows): (usize, usize)) -> Colours {
        let figures = (0..rows).flat_map(|row| (0..columns).filter_map(move |column| figure(panel, row, column)));
        let (mut low, mut high, mut positive) = (f64::MAX, f64::MIN, f64::MAX);
        for value in figures {
            (low, high) = (low.min(value), high.max(value));
            if value > 0.0 {
                positive = positive.min(value);
            }
        }
        let log_from = (high > LOG_FROM * positive).then_some(positive);
        Colours { low, high, log_from }
    }

    fn is_empty(&self) -> bool {
        self.low > self.high
    }

    /// Whether the figures hardly differ: then colours would show noise.
    fn are_alike(&self) -> bool {
        self.high - self.low <= ALIKE * self.high
    }

    fn of(&self, value: f64) -> plotters::style::RGBColor {
        let place = match self.log_from {
            Some(from) => (value.max(from) / from).log10() / (self.high / from).log10(),
            None => (value - self.low) / (self.high - self.low),
        };
        palette::range(if self.are_alike() { 0.5 } else { place })
    }

    /// Draws the least and the largest figure with the colours between, at the right, and says where that starts.
    fn legend(&self, canvas: &Canvas, unit: Unit, y: f64) -> Result<f64, String> {
        let right = WIDTH - MARGIN;
        if self.is_empty() {
            return Ok(right);
        }
        let (width, height, steps) = LEGEND;
        let (low, high) = (unit.short(self.low), unit.short(self.high));
        canvas.text((right, y), Anchor::End, text::SMALL, palette::INK, &high)?;
        let end = right - text::SMALL.width(&high) - GAP;
        let start = end - width;
        let step = width / steps as f64;
        for i in 0..steps {
            let part = if self.are_alike() { 0.5 } else { i as f64 / (steps - 1) as f64 };
            let left = start + i as f64 * step;
            // Each reaches to the end, so that no seam shows between it and the next.
            let (upper, lower) = ((left, y - height / 2.0), (end, y + height / 2.0));
            canvas.rectangle(upper, lower, palette::range(part))?;
        }
        canvas.text((start - GAP, y), Anchor::End, text::SMALL, palette::INK, &low)?;
        let before = start - GAP - text::SMALL.width(&low);
        if self.log_from.is_none() {
            return Ok(before);
        }
        let name = "logarithmic colours";
        canvas.text((before - 16.0, y), Anchor::End, text::SMALL, palette::GREY, name)?;
        Ok(before - 16.0 - text::SMALL.width(name))
    }
}
