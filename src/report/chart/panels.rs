//! Panels above each other on one x axis: the lines, limits and labels of each, with what all of them share.
//!
//! For [`over_time()`](super::over_time()) and [`bands()`](super::bands()), which differ in their x axis and lines.

use super::axes::{self, FOOT, HEAD, Plot};
use super::canvas::{self, Anchor, Canvas, Stroke};
use super::labels::{self, Label};
use super::number::HUGE;
use super::scale::Scale;
use super::series::{Cast, MOST_LINES, Series};
use super::unit::Unit;
use super::{Heading, WIDTH, palette, text};

/// Height of a panel with its title.
const PANEL: f64 = 220.0;
/// Above a plot, for the panel's title.
const PANEL_HEAD: f64 = 30.0;
/// Below a plot, before the next panel.
const PANEL_FOOT: f64 = 14.0;
/// A limit or an interval's end further above the data than this factor would squash them: it is off the axis instead.
const FAR: f64 = 4.0;
/// Limits with a label.
const MOST_LIMITS: usize = 3;
/// Beside and above the label of a mark.
const LABEL_GAP: f64 = 4.0;
const LABEL_DOWN: f64 = 9.0;
/// A maximum this far above what a line usually is would squash the line: then the axis is logarithmic.
const SPIKE: f64 = 50.0;
/// What a logarithmic panel shows below its maximum.
const LOG_DEPTH: f64 = 1e7;

/// A limit that the lines cannot or should not cross, drawn as a dashed line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limit {
    /// Its name, such as "reserved concurrency"; its value is added unless it is there.
    pub label: String,
    /// Where it lies.
    pub value: f64,
}

/// A place on the x axis of all panels.
pub(super) enum Mark {
    /// A line there.
    At(f64, String),
    /// All before it is shaded.
    Before(f64, String),
}

impl Mark {
    fn draw(&self, canvas: &Canvas, plot: &Plot) -> Result<(), String> {
        match self {
            Mark::At(x, _) => {
                let (x, _) = plot.at((*x, 0.0));
                canvas.path(&[(x, plot.top), (x, plot.bottom)], Stroke::solid(palette::AXIS, 1.0))
            }
            Mark::Before(x, _) => {
                let (x, _) = plot.at((*x, 0.0));
                canvas.rectangle((plot.left, plot.top), (x, plot.bottom), palette::SHADE)
            }
        }
    }

    /// What it is: in the uppermost panel.
    fn label(&self, canvas: &Canvas, plot: &Plot) -> Result<(), String> {
        let (x, label) = match self {
            Mark::At(x, label) => (plot.at((*x, 0.0)).0, label),
            Mark::Before(_, label) => (plot.left, label),
        };
        let label = text::SMALL.fit(label, (plot.right - plot.left) / 2.0 - LABEL_GAP);
        let is_right = x + LABEL_GAP + text::SMALL.width(&label) > plot.right;
        let (x, anchor) = if is_right { (x - LABEL_GAP, Anchor::End) } else { (x + LABEL_GAP, Anchor::Start) };
        canvas.text((x, plot.top + LABEL_DOWN), anchor, text::SMALL, palette::GREY, &label)
    }
}

/// Draws panels above each other. `x` is asked for the x axis and its title once the width of the plots is known.
pub(super) fn chart(
    heading: &Heading,
    mut parts: Vec<Part>,
    mark: Option<Mark>,
    x: impl FnOnce(f64) -> (Scale, String),
) -> Result<String, String> {
    text::register()?;
    if parts.is_empty() {
        parts.push(Part::new("", Unit::Count, &[], &[]));
    }
    let height = HEAD + PANEL * parts.len() as f64 - PANEL_FOOT + FOOT;
    canvas::chart(heading, (WIDTH, height), |canvas| draw(canvas, &parts, mark.as_ref(), x))
}

fn draw(
    canvas: &Canvas,
    parts: &[Part],
    mark: Option<&Mark>,
    x: impl FnOnce(f64) -> (Scale, String),
) -> Result<(), String> {
    let plot_height = PANEL - PANEL_HEAD - PANEL_FOOT;
    let gutters = parts.iter().map(|part| axes::gutter(&part.y, plot_height));
    let left = gutters.fold(0.0, f64::max);
    let texts: Vec<String> = parts.iter().flat_map(Part::texts).collect();
    let right = WIDTH - labels::width(texts.iter().map(String::as_str));
    let (x, x_title) = x(right - left);
    for (i, part) in parts.iter().enumerate() {
        let top = HEAD + PANEL * i as f64 + PANEL_HEAD;
        let bottom = top + plot_height;
        let plot = Plot { left, top, right, bottom, x: x.clone(), y: part.y.clone() };
        mark.map_or(Ok(()), |mark| mark.draw(canvas, &plot))?;
        part.draw(canvas, &plot)?;
        if i == 0 {
            mark.map_or(Ok(()), |mark| mark.label(canvas, &plot))?;
        }
        if i + 1 == parts.len() {
            plot.x_axis(canvas, &x_title)?;
        }
    }
    Ok(())
}

/// A panel with what follows from its data.
pub(super) struct Part<'a> {
    y_title: &'a str,
    unit: Unit,
    lines: &'a [Series<'a>],
    cast: Cast<'a>,
    y: Scale,
    near: Vec<&'a Limit>,
    far: Vec<&'a Limit>,
}

impl<'a> Part<'a> {
    /// A panel of these lines and limits.
    pub(super) fn new(y_title: &'a str, unit: Unit, lines: &'a [Series<'a>], limits: &'a [Limit]) -> Part<'a> {
        let means = lines.iter().filter_map(Series::max).fold(0.0, f64::max);
        let reach = lines.iter().filter_map(Series::reach).fold(means, f64::max);
        let data = if means > 0.0 { reach.min(FAR * means) } else { reach };
        // No interval makes a probability larger than 1.
        let data = if unit == Unit::Share && means <= 1.0 { data.min(1.0) } else { data };
        let limits = limits.iter().filter(|limit| limit.value.is_finite());
        let (near, far): (Vec<&Limit>, Vec<&Limit>) = limits.partition(|limit| limit.value <= FAR * data);
        let max = near.iter().map(|limit| limit.value).fold(data, f64::max);
        let y = if lines.iter().all(|series| series.runs.is_empty()) {
            Scale::blank()
        } else {
            match spiked(lines, means).filter(|_| !matches!(unit, Unit::Count | Unit::Share)) {
                Some(min) => unit.log_scale(min, max, true),
                None => unit.scale((0.0, max), 5.5),
            }
        };
        // All labels of a panel have to fit beside it.
        let rows = ((PANEL - PANEL_HEAD - PANEL_FOOT) / labels::ROW) as usize + 1;
        let most = MOST_LINES.min(rows - near.len().min(MOST_LIMITS) - 1);
        let cast = Cast::new(lines, most, |series| series.max().unwrap_or(-1.0));
        Part { y_title, unit, lines, cast, y, near, far }
    }

    fn labelled(&self) -> impl Iterator<Item = &'a Limit> {
        self.near.iter().take(MOST_LIMITS).copied()
    }

    fn texts(&self) -> Vec<String> {
        let limits = self.labelled().map(|limit| text::clean(&named(limit, self.unit)));
        self.cast.texts().into_iter().chain(limits).collect()
    }

    fn draw(&self, canvas: &Canvas, plot: &Plot) -> Result<(), String> {
        let scale = if plot.y.is_log() { " (log scale)" } else { "" };
        let title = format!("{}{scale}", self.y_title);
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
            text: text::clean(&named(limit, self.unit)),
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
        let names = self.far.iter().take(MOST_LIMITS).map(|limit| named(limit, self.unit));
        let names = names.collect::<Vec<_>>().join(", ");
        let more = |n: usize| format!("and {n} more limit{}", if n == 1 { "" } else { "s" });
        let beyond = match self.far.len().saturating_sub(MOST_LIMITS) {
            0 => " ↑ beyond the axis".to_owned(),
            n => format!(" {} ↑ beyond the axis", more(n)),
        };
        match (names.is_empty(), unlabelled) {
            (true, 0) => Ok(()),
            (true, n) => plot.note(canvas, title, &more(n), ""),
            (false, 0) => plot.note(canvas, title, &names, &beyond),
            (false, n) => plot.note(canvas, title, &names, &format!("{beyond}, {}", more(n))),
        }
    }
}

/// A limit's name, and its value unless the name has it.
fn named(limit: &Limit, unit: Unit) -> String {
    let label = &limit.label;
    let value = unit.exact(limit.value.min(HUGE));
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
