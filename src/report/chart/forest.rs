//! Effects beside each other: an interval for each around the line of no change, with its name, figure and a note.
//!
//! Intervals that are far longer than the effects are cut at the edge, with an arrow. A legend says what the marks mean.

use plotters::style::RGBColor;

use super::axes::{FOOT, HEAD, Plot};
use super::canvas::{self, Anchor, Canvas, Spot, Stroke};
use super::marker::Marker;
use super::number::{self, HUGE};
use super::scale::Scale;
use super::{Heading, MARGIN, WIDTH, palette, text};

/// Height of a row.
const ROW: f64 = 28.0;
/// The widest name.
const MOST_NAME: f64 = 260.0;
/// Height of the legend with the space below it.
const LEGEND: f64 = 26.0;
/// Height of the note below.
const NOTE: f64 = 22.0;
/// The widest figure in place of a change.
const MOST_FIGURE: f64 = 150.0;
/// The widest note.
const MOST_NOTE: f64 = 290.0;
/// Between the columns of text and the plot.
const GAP: f64 = 14.0;
/// Half the height of the bar at the end of an interval.
const CAP: f64 = 4.0;
/// An interval that reaches further than this many times the largest effect is cut.
const FAR: f64 = 2.0;
/// The axis reaches at least this far in percent.
const LEAST: f64 = 0.1;

/// The rows of a chart, and what is said around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// The title of the axis.
    pub x_title: String,
    /// The rows, from the top.
    pub rows: Vec<Effect>,
    /// What stands below the rows, such as how many there are besides.
    pub note: String,
    /// What is said where there is no row.
    pub none: String,
}

/// A change in percent: a row of the chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effect {
    /// What changed, or what made the change.
    pub label: String,
    /// The change in percent: 12.5 is an eighth more. Not finite: there is none, and no mark.
    pub mean: f64,
    /// What stands in place of the change in percent where there is none, such as "0 → 2"; empty: "no data".
    pub figure: String,
    /// Lower end of the interval; not finite: no interval.
    pub low: f64,
    /// Upper end of the interval; not finite: no interval.
    pub high: f64,
    /// What to make of it, such as "better"; shown at the right.
    pub note: String,
    /// How it is marked.
    pub tone: Tone,
}

/// What an effect means; it says which shape and colour marks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Better: a blue disc.
    Good,
    /// Worse: a vermilion diamond.
    Bad,
    /// Changed, but not for better or worse: a grey ring.
    Neutral,
    /// Not known to have changed: a black square.
    #[default]
    None,
}

impl Tone {
    fn name(self) -> &'static str {
        match self {
            Tone::Good => "better",
            Tone::Bad => "worse",
            Tone::Neutral => "neither better nor worse",
            Tone::None => "no evidence of a change",
        }
    }

    fn mark(self) -> (Marker, RGBColor) {
        match self {
            Tone::Good => (Marker::Disc, palette::GOOD),
            Tone::Bad => (Marker::Diamond, palette::BAD),
            Tone::Neutral => (Marker::Ring, palette::GREY),
            Tone::None => (Marker::Square, palette::INK),
        }
    }
}

/// All of them, in the order of the legend.
const TONES: [Tone; 4] = [Tone::Good, Tone::Bad, Tone::Neutral, Tone::None];

/// Draws horizontal intervals around a zero line, one a row in the given order; the chart is as high as its rows need.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn forest(heading: &Heading, effects: &Effects) -> Result<String, String> {
    text::register()?;
    let rows: Vec<Row> = effects.rows.iter().map(Row::new).collect();
    let top = if rows.iter().any(|row| row.mean.is_some()) { HEAD + LEGEND } else { HEAD };
    let bottom = top + 8.0 + ROW * rows.len().max(2) as f64;
    let more = if effects.note.is_empty() { 0.0 } else { NOTE };
    canvas::chart(heading, (WIDTH, bottom + FOOT + more), |canvas| {
        legend(canvas, &rows)?;
        let at = (MARGIN, bottom + FOOT + 4.0);
        let note = text::SMALL.fit(&effects.note, WIDTH - 2.0 * MARGIN);
        canvas.text(at, Anchor::Start, text::SMALL, palette::GREY, &note)?;
        draw(canvas, effects, &rows, (top, bottom))
    })
}

/// The marks that occur and what they mean, in a row.
fn legend(canvas: &Canvas, rows: &[Row]) -> Result<(), String> {
    let (mut x, y) = (MARGIN, HEAD + 8.0);
    for tone in TONES {
        if rows.iter().any(|row| row.mean.is_some() && row.effect.tone == tone) {
            let (marker, colour) = tone.mark();
            marker.draw(canvas, (x + 6.0, y), 5.0, colour)?;
            canvas.text((x + 18.0, y), Anchor::Start, text::SMALL, palette::INK, tone.name())?;
            x += 18.0 + text::SMALL.width(tone.name()) + 20.0;
        }
    }
    Ok(())
}

/// An effect as it is drawn.
struct Row<'a> {
    effect: &'a Effect,
    mean: Option<f64>,
    range: Option<(f64, f64)>,
    figure: String,
}

impl<'a> Row<'a> {
    fn new(effect: &'a Effect) -> Row<'a> {
        let known = |value: f64| value.is_finite().then(|| value.clamp(-HUGE, HUGE));
        let mean = known(effect.mean);
        let ends = mean.and(known(effect.low).zip(known(effect.high)));
        let range = ends.map(|(low, high)| (low.min(high), high.max(low)));
        let figure = match mean {
            Some(mean) => number::change(mean),
            None if effect.figure.is_empty() => "no data".to_owned(),
            None => text::SMALL.fit(&effect.figure, MOST_FIGURE),
        };
        Row { effect, mean, range, figure }
    }
}

/// The axis: all effects and zero, and the intervals unless they are far longer.
fn scale(rows: &[Row]) -> Scale {
    let means = || rows.iter().filter_map(|row| row.mean);
    if means().next().is_none() {
        return Scale::blank();
    }
    let most = FAR * means().map(f64::abs).fold(LEAST, f64::max);
    let ends = || rows.iter().filter_map(|row| row.range).map(|(low, high)| (low.max(-most), high.min(most)));
    let low = means().chain(ends().map(|(low, _)| low)).fold(0.0, f64::min);
    let high = means().chain(ends().map(|(_, high)| high)).fold(0.0, f64::max);
    Scale::changes((low, high), 7.0)
}

fn draw(canvas: &Canvas, effects: &Effects, rows: &[Row], (top, bottom): (f64, f64)) -> Result<(), String> {
    let widest = |texts: &[String]| texts.iter().map(|t| text::SMALL.width(t)).fold(0.0, f64::max);
    let names = text::SMALL.fit_names(&rows.iter().map(|row| &*row.effect.label).collect::<Vec<_>>(), MOST_NAME);
    let notes: Vec<String> = rows.iter().map(|row| text::SMALL.fit(&row.effect.note, MOST_NOTE)).collect();
    let figures = rows.iter().map(|row| text::AXIS.width(&row.figure)).fold(0.0, f64::max);
    let notes_left = WIDTH - MARGIN - widest(&notes);
    let figures_right = if widest(&notes) > 0.0 { notes_left - GAP } else { notes_left };
    let plot = Plot {
        left: MARGIN + widest(&names).max(40.0) + GAP,
        top,
        right: figures_right - figures - GAP,
        bottom,
        x: scale(rows),
        y: Scale::blank(),
    };
    if rows.is_empty() {
        let at = (f64::midpoint(plot.left, plot.right), f64::midpoint(top, bottom));
        let none = text::SUBTITLE.fit(&effects.none, plot.right - plot.left);
        canvas.text(at, Anchor::Middle, text::SUBTITLE, palette::GREY, &none)?;
    } else if rows.iter().any(|row| row.mean.is_some()) {
        plot.columns(canvas)?;
        let (zero, _) = plot.at((0.0, 0.0));
        canvas.path(&[(zero, top), (zero, bottom)], Stroke::solid(palette::LIMIT, 1.2))?;
    }
    for (i, row) in rows.iter().enumerate() {
        let y = top + 4.0 + (i as f64 + 0.5) * ROW;
        canvas.text((plot.left - GAP, y), Anchor::End, text::SMALL, palette::INK, &names[i])?;
        let is_known = row.mean.is_some() || !row.effect.figure.is_empty();
        let ink = if is_known { palette::INK } else { palette::GREY };
        canvas.text((figures_right, y), Anchor::End, text::AXIS, ink, &row.figure)?;
        canvas.text((notes_left, y), Anchor::Start, text::SMALL, palette::GREY, &notes[i])?;
        mark(canvas, &plot, row, y)?;
    }
    plot.x_axis(canvas, &effects.x_title)
}

/// The interval and the mark of a row.
fn mark(canvas: &Canvas, plot: &Plot, row: &Row, y: f64) -> Result<(), String> {
    let (marker, colour) = row.effect.tone.mark();
    let place = |value: f64| plot.at((value, 0.0)).0;
    if let Some((low, high)) = row.range {
        let stroke = Stroke::solid(colour, 1.8);
        canvas.path(&[(place(low), y), (place(high), y)], stroke)?;
        for (value, away) in [(low, -1.0), (high, 1.0)] {
            let x = place(value);
            let end: [Spot; 3] = if plot.x.holds(value) {
                [(x, y - CAP), (x, y), (x, y + CAP)]
            } else {
                [(x - away * CAP, y - CAP), (x, y), (x - away * CAP, y + CAP)]
            };
            canvas.path(&end, stroke)?;
        }
    }
    match row.mean {
        Some(mean) => marker.draw(canvas, (place(mean), y), 5.0, colour),
        None => Ok(()),
    }
}
