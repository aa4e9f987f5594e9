//! What happens when: panels of lines and limits above each other, on one axis of virtual time.

use super::axes::{self, FOOT, HEAD, Plot};
use super::canvas::{self, Canvas, Stroke};
use super::labels::{self, Label};
use super::number::{self, HUGE};
use super::scale::Scale;
use super::series::{Cast, LineStyle, MOST_LINES, Series};
use super::{Heading, WIDTH, palette, text};

/// Height of a panel with its title.
const PANEL: f64 = 220.0;
/// Above a plot, for the panel's title.
const PANEL_HEAD: f64 = 30.0;
/// Below a plot, before the next panel.
const PANEL_FOOT: f64 = 14.0;
/// A limit further above the data than this factor would squash them: it is a note instead.
const FAR: f64 = 4.0;
/// Limits with a label.
const MOST_LIMITS: usize = 3;
/// A maximum this far above what a line usually is would squash the line: then the axis is logarithmic.
const SPIKE: f64 = 50.0;
/// What a logarithmic panel shows below its maximum.
const LOG_DEPTH: f64 = 1e7;

/// A line over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its name, shown at its end.
    pub label: String,
    /// Seconds of virtual time, and the value then. A value that is not finite interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: LineStyle,
}

/// A limit that the lines cannot or should not cross, drawn as a dashed line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limit {
    /// Its name, such as "reserved concurrency"; its value is added unless it is there.
    pub label: String,
    /// Where it lies.
    pub value: f64,
}

/// What a panel measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// How many, in whole numbers.
    #[default]
    Count,
    /// How many a second; their tick labels are by the second, minute, hour or day, whatever reads best.
    PerSecond,
    /// Times; their tick labels are in whatever unit reads best.
    Milliseconds,
}

/// One plot of the chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What the y axis shows, without the unit.
    pub y_title: String,
    /// The unit of its values.
    pub unit: Unit,
    /// The lines, the most important first.
    pub lines: Vec<Line>,
    /// The limits.
    pub limits: Vec<Limit>,
}

/// Draws panels above each other on one time axis. A limit more than four times above all data is named at the upper
/// edge of its panel instead of drawn. Times and rates get a logarithmic axis if a spike would squash all else.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn over_time(heading: &Heading, panels: &[Panel]) -> Result<String, String> {
    text::register()?;
    let none = [Panel::default()];
    let panels = if panels.is_empty() { &none } else { panels };
    let lines: Vec<Vec<Series>> = panels.iter().map(|panel| panel.lines.iter().map(series).collect()).collect();
    let parts: Vec<Part> = panels.iter().zip(&lines).map(|(panel, lines)| Part::new(panel, lines)).collect();
    let height = HEAD + PANEL * parts.len() as f64 - PANEL_FOOT + FOOT;
    canvas::chart(heading, (WIDTH, height), |canvas| draw(canvas, parts))
}

fn series(line: &Line) -> Series<'_> {
    Series::new(&line.label, &line.points, line.style)
}

fn draw(canvas: &Canvas, parts: Vec<Part>) -> Result<(), String> {
    let plot_height = PANEL - PANEL_HEAD - PANEL_FOOT;
    let gutters = parts.iter().map(|part| axes::gutter(&part.y, plot_height));
    let left = gutters.fold(0.0, f64::max);
    let texts: Vec<String> = parts.iter().flat_map(Part::texts).collect();
    let right = WIDTH - labels::width(texts.iter().map(String::as_str));
    let x = clock(&parts);
    let last = parts.len() - 1;
    for (i, part) in parts.into_iter().enumerate() {
        let top = HEAD + PANEL * i as f64 + PANEL_HEAD;
        let bottom = top + plot_height;
        let plot = Plot { left, top, right, bottom, x: x.clone(), y: part.y.clone() };
        part.draw(canvas, &plot)?;
        if i == last {
            plot.x_axis(canvas, "virtual time")?;
        }
    }
    Ok(())
}

/// The time axis that all panels share.
fn clock(parts: &[Part]) -> Scale {
    let series = parts.iter().flat_map(|part| part.lines.iter());
    let times = series.flat_map(Series::points).map(|(x, _)| x);
    let (from, to) = times.fold((f64::MAX, f64::MIN), |(from, to), x| (from.min(x), to.max(x)));
    if from <= to { Scale::clock(from, to, 7.0) } else { Scale::clock(0.0, 60.0, 7.0) }
}

/// A panel with what follows from its data.
struct Part<'a> {
    panel: &'a Panel,
    lines: &'a [Series<'a>],
    cast: Cast<'a>,
    y: Scale,
    near: Vec<&'a Limit>,
    far: Vec<&'a Limit>,
}

impl<'a> Part<'a> {
    fn new(panel: &'a Panel, lines: &'a [Series<'a>]) -> Part<'a> {
        let data = lines.iter().filter_map(Series::max).fold(0.0, f64::max);
        let limits = panel.limits.iter().filter(|limit| limit.value.is_finite());
        let (near, far): (Vec<&Limit>, Vec<&Limit>) = limits.partition(|limit| limit.value <= FAR * data);
        let max = near.iter().map(|limit| limit.value).fold(data, f64::max);
        let y = match panel.unit {
            _ if lines.iter().all(|series| series.runs.is_empty()) => Scale::blank(),
            Unit::Count => Scale::counts(max, 5.5),
            Unit::PerSecond => match spiked(lines, data) {
                Some(min) => Scale::rate_magnitudes(min, max),
                None => Scale::rates(max, 5.5),
            },
            Unit::Milliseconds => match spiked(lines, data) {
                Some(min) => Scale::magnitudes(min, max),
                None => Scale::durations(max, 5.5),
            },
        };
        // All labels of a panel have to fit beside it.
        let rows = ((PANEL - PANEL_HEAD - PANEL_FOOT) / labels::ROW) as usize + 1;
        let most = MOST_LINES.min(rows - near.len().min(MOST_LIMITS) - 1);
        Part { panel, lines, cast: Cast::new(lines, most, |series| series.max().unwrap_or(-1.0)), y, near, far }
    }

    fn labelled(&self) -> impl Iterator<Item = &'a Limit> {
        self.near.iter().take(MOST_LIMITS).copied()
    }

    fn texts(&self) -> Vec<String> {
        let limits = self.labelled().map(|limit| text::clean(&named(limit, self.panel.unit)));
        self.cast.texts().into_iter().chain(limits).collect()
    }

    fn draw(&self, canvas: &Canvas, plot: &Plot) -> Result<(), String> {
        let scale = if plot.y.is_log() { " (log scale)" } else { "" };
        let title = format!("{}{scale}", self.panel.y_title);
        plot.grid(canvas, &title)?;
        if self.lines.iter().all(|series| series.runs.is_empty()) {
            plot.no_data(canvas)?;
        }
        self.cast.draw(canvas, plot)?;
        let stroke = Stroke::solid(palette::LIMIT, 1.2).dashed(true);
        for limit in &self.near {
            let y = plot.height_of(limit.value);
            canvas.path(&[(plot.left, y), (plot.right, y)], stroke)?;
        }
        let limits = self.labelled().map(|limit| Label {
            text: text::clean(&named(limit, self.panel.unit)),
            end: Some((plot.right, plot.height_of(limit.value))),
            stroke: Some(stroke),
        });
        let mut labels = self.cast.labels(plot);
        labels.extend(limits.filter(|label| !label.text.is_empty()));
        labels::draw(canvas, &labels, plot.right, (plot.top, plot.bottom))?;
        self.note(canvas, plot, &title)
    }

    /// Names the limits that are not drawn or have no label.
    fn note(&self, canvas: &Canvas, plot: &Plot, title: &str) -> Result<(), String> {
        let unlabelled = self.near.len().saturating_sub(MOST_LIMITS);
        let names = self.far.iter().map(|limit| named(limit, self.panel.unit));
        let names = names.collect::<Vec<_>>().join(", ");
        match (names.is_empty(), unlabelled) {
            (true, 0) => Ok(()),
            (true, n) => plot.note(canvas, title, &format!("and {n} more limits"), ""),
            (false, _) => plot.note(canvas, title, &names, " ↑ beyond the axis"),
        }
    }
}

/// A limit's name, and its value unless the name has it.
fn named(limit: &Limit, unit: Unit) -> String {
    let label = &limit.label;
    let value = limit.value.min(HUGE);
    let value = match unit {
        Unit::Count => number::shortest(value),
        Unit::PerSecond => number::shortest(value) + "/s",
        Unit::Milliseconds => number::duration(value),
    };
    let has_value = [value.as_str(), value.trim_end_matches("/s")]
        .iter()
        .any(|value| has_word(&label.replace(',', ""), &value.replace(',', "")));
    if has_value { label.clone() } else { format!("{label} {value}") }
}

/// Whether `word` stands in `text`, and not as a part of a longer word or number.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '.';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !before.ends_with(goes_on) && !after.starts_with(goes_on)
    })
}

/// Where a logarithmic axis should start, if one helps: the maximum is far above what some line usually is.
fn spiked(lines: &[Series], max: f64) -> Option<f64> {
    let usual = lines.iter().filter_map(|series| {
        let mut values: Vec<f64> = series.points().map(|(_, y)| y).filter(|y| *y > 0.0).collect();
        let middle = values.len() / 2;
        (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
    });
    let usual = usual.fold(max, f64::min);
    let values = lines.iter().flat_map(Series::points).map(|(_, y)| y);
    let min = values.filter(|y| *y > 0.0).fold(max, f64::min);
    (max > SPIKE * usual).then(|| min.max(max / LOG_DEPTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_named_with_its_value_once() {
        let name = |label: &str, value, unit| {
            let label = label.to_owned();
            named(&Limit { label, value }, unit)
        };
        assert_eq!(name("account 1,000", 1000.0, Unit::Count), "account 1,000");
        assert_eq!(name("account (1000)", 1000.0, Unit::Count), "account (1000)");
        assert_eq!(name("p99 goal", 9.0, Unit::Count), "p99 goal 9");
        assert_eq!(name("quota 50", 50.0, Unit::PerSecond), "quota 50");
        assert_eq!(name("retention", 8.64e7, Unit::Milliseconds), "retention 24 h");
    }
}
