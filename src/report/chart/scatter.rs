//! What each choice costs and what it gives: points of two figures that both should be low, and the front of those that
//! no other beats. Marks differ in shape and colour by how a choice stands to what is required.

use plotters::style::RGBColor;

use super::axes::{self, Area, FOOT, HEAD, Plot};
use super::canvas::{self, Anchor, Canvas, Spot, Stroke};
use super::marker::Marker;
use super::number::HUGE;
use super::scale::Scale;
use super::text::{self, Face};
use super::unit::Unit;
use super::{Heading, MARGIN, WIDTH, palette};

/// Height of the chart in pixels.
const HEIGHT: f64 = 560.0;
/// Above the plot, for the legend and the title of the y axis.
const ABOVE: f64 = 58.0;
/// The widest label.
const MOST_LABEL: f64 = 220.0;
/// So many points of the front may have a label.
const MOST_LABELS: usize = 40;
/// What is required is beyond the axis if it is further from all points than this factor.
const FAR: f64 = 4.0;
/// From a mark to its label.
const GAP: f64 = 5.0;
/// What the legend says of the line.
const FRONT: &str = "best trade-offs (Pareto front)";

/// One choice: a point of the chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Its name.
    pub label: String,
    /// Its figure on the x axis, such as its latency; a choice without one has no point.
    pub x: f64,
    /// Its figure on the y axis, such as its cost; a choice without one has no point.
    pub y: f64,
    /// How it stands to what is required.
    pub standing: Standing,
}

/// How a choice stands to what is required.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It meets all requirements, and is the choice to take.
    Best,
    /// It meets all requirements.
    Meets,
    /// It misses a requirement.
    Misses,
    /// The runs were too few to tell.
    #[default]
    Undecided,
}

/// All of them, the foremost last.
const STANDINGS: [Standing; 4] = [Standing::Misses, Standing::Undecided, Standing::Meets, Standing::Best];

impl Standing {
    fn name(self) -> &'static str {
        match self {
            Standing::Best => "best",
            Standing::Meets => "meets all requirements",
            Standing::Misses => "misses a requirement",
            Standing::Undecided => "undecided",
        }
    }

    /// Shape, size and colour.
    fn mark(self) -> (Marker, f64, RGBColor) {
        match self {
            Standing::Best => (Marker::Star, 10.0, palette::GOOD),
            Standing::Meets => (Marker::Disc, 4.5, palette::GOOD),
            Standing::Misses => (Marker::Cross, 4.5, palette::BAD),
            Standing::Undecided => (Marker::Ring, 4.5, palette::OPEN),
        }
    }

    fn meets(self) -> bool {
        matches!(self, Standing::Best | Standing::Meets)
    }
}

/// What an axis shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// Its title, without the unit.
    pub title: String,
    /// The unit of its figures.
    pub unit: Unit,
    /// What is required of them: a line at each.
    pub required: Vec<f64>,
}

impl Measure {
    /// The axis of these figures, and of what is required where that is near them.
    fn scale(&self, figures: impl Iterator<Item = f64> + Clone) -> Scale {
        let (low, high) = (figures.clone().fold(f64::MAX, f64::min), figures.clone().fold(0.0, f64::max));
        let near = self.required.iter().copied().filter(|limit| (low / FAR..=high * FAR).contains(limit));
        self.unit.scale_of(figures.chain(near), 8.0)
    }

    fn title(&self, scale: &Scale) -> String {
        if scale.is_log() { format!("{} (log scale)", self.title) } else { self.title.clone() }
    }
}

/// Draws choices by two figures that both should be low, with a stepped line through those that meet all requirements
/// and that no other such choice beats. The best is labelled, the others on the line, or without a line all, as far as their
/// labels fit.
/// Figures that span more than a factor of 30 get a logarithmic axis, those far from zero one that does not start
/// there.
///
/// # Errors
/// If the drawing library fails; no data makes it.
pub fn trade_off(
    heading: &Heading,
    x_measure: &Measure,
    y_measure: &Measure,
    points: &[Choice],
) -> Result<String, String> {
    let points: Vec<Point> = points.iter().filter_map(Point::new).collect();
    canvas::chart(heading, (WIDTH, HEIGHT), |canvas| {
        let (top, bottom) = (HEAD + ABOVE, HEIGHT - FOOT);
        let x = x_measure.scale(points.iter().map(|point| point.x));
        let y = y_measure.scale(points.iter().map(|point| point.y));
        let plot = Plot { left: axes::gutter(&y, bottom - top), top, right: WIDTH - MARGIN - 8.0, bottom, x, y };
        plot.grid(canvas, &y_measure.title(&plot.y))?;
        plot.x_axis(canvas, &x_measure.title(&plot.x))?;
        if points.is_empty() {
            return plot.no_data(canvas);
        }
        let required = required(canvas, &plot, [x_measure, y_measure])?;
        draw(canvas, &plot, &points, required)
    })
}

/// Draws a line with a label at each value that is required, names those beyond the axes, and says where the labels stand.
fn required(canvas: &Canvas, plot: &Plot, [x_measure, y_measure]: [&Measure; 2]) -> Result<Vec<Area>, String> {
    let stroke = Stroke::solid(palette::LIMIT, 1.2).dashed(true);
    let mut taken: Vec<Area> = Vec::new();
    let mut mark = |ends: [Spot; 2], label: String, places: [Spot; 2]| {
        canvas.path(&ends, stroke)?;
        let (width, height) = (text::SMALL.width(&label), text::SMALL.size + 4.0);
        let areas = places.map(|(left, middle)| (left, middle - height / 2.0, left + width, middle + height / 2.0));
        let free = |area: &&Area| plot.has_room(**area) && !taken.iter().any(|other| overlap(**area, *other));
        let Some(area) = areas.iter().find(free).copied() else { return Ok(()) };
        taken.push(area);
        let at = (area.0, f64::midpoint(area.1, area.3));
        canvas.text(at, Anchor::Start, text::SMALL, palette::LIMIT, &label)
    };
    let label = |measure: &Measure, value: f64| format!("required {}", measure.unit.exact(value));
    for value in x_measure.required.iter().copied().filter(|value| plot.x.holds(*value)) {
        let ((x, _), label) = (plot.at((value, 0.0)), label(x_measure, value));
        let left = x - GAP - text::SMALL.width(&label);
        let y = plot.bottom - 10.0;
        mark([(x, plot.top), (x, plot.bottom)], label, [(x + GAP, y), (left, y)])?;
    }
    for value in y_measure.required.iter().copied().filter(|value| plot.y.holds(*value)) {
        let (y, label) = (plot.height_of(value), label(y_measure, value));
        let left = plot.right - GAP - text::SMALL.width(&label);
        mark([(plot.left, y), (plot.right, y)], label, [(left, y - 9.0), (left, y + 9.0)])?;
    }
    let beyond = [(x_measure, &plot.x), (y_measure, &plot.y)].into_iter().flat_map(|(measure, scale)| {
        let values = measure.required.iter().filter(|value| value.is_finite() && !scale.holds(**value));
        values.map(|value| label(measure, *value))
    });
    let beyond = beyond.collect::<Vec<_>>().join(", ");
    if !beyond.is_empty() {
        plot.note(canvas, &y_measure.title(&plot.y), &beyond, " beyond the axis")?;
    }
    Ok(taken)
}

/// A choice that has a place.
#[derive(Clone, Copy)]
struct Point<'a> {
    label: &'a str,
    x: f64,
    y: f64,
    standing: Standing,
}

impl<'a> Point<'a> {
    fn new(choice: &'a Choice) -> Option<Point<'a>> {
        let (x, y) = (choice.x.clamp(0.0, HUGE), choice.y.clamp(0.0, HUGE));
        let placed = choice.x.is_finite() && choice.y.is_finite();
        placed.then_some(Point { label: &choice.label, x, y, standing: choice.standing })
    }
}

fn draw(canvas: &Canvas, plot: &Plot, points: &[Point], taken: Vec<Area>) -> Result<(), String> {
    let front = front(points);
    let spots: Vec<Spot> = front.iter().map(|point| plot.at((point.x, point.y))).collect();
    let line = Stroke::solid(palette::GOOD, 1.4);
    let mut steps: Vec<Spot> = Vec::new();
    for spot in &spots {
        if let Some((_, y)) = steps.last() {
            steps.push((spot.0, *y));
        }
        steps.push(*spot);
    }
    if steps.len() > 1 {
        canvas.path(&steps, line)?;
    }
    for standing in STANDINGS {
        let (marker, radius, colour) = standing.mark();
        for point in points.iter().filter(|point| point.standing == standing) {
            marker.draw(canvas, plot.at((point.x, point.y)), radius, colour)?;
        }
    }
    legend(canvas, points, (steps.len() > 1).then_some(line))?;
    labels(canvas, plot, points, (&front, &steps), taken)
}

/// The choices that meet all requirements and that no other such choice beats, by ascending x.
fn front<'a>(points: &[Point<'a>]) -> Vec<Point<'a>> {
    let mut meeting: Vec<Point> = points.iter().filter(|point| point.standing.meets()).copied().collect();
    meeting.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let mut front: Vec<Point> = Vec::new();
    for point in meeting {
        if front.last().is_none_or(|last| point.y < last.y) {
            front.push(point);
        }
    }
    front
}

/// A row with each standing that occurs and the line.
fn legend(canvas: &Canvas, points: &[Point], line: Option<Stroke>) -> Result<(), String> {
    let (mut x, y) = (MARGIN, HEAD + 8.0);
    for standing in STANDINGS.into_iter().rev() {
        if points.iter().any(|point| point.standing == standing) {
            let (marker, radius, colour) = standing.mark();
            marker.draw(canvas, (x + 8.0, y), radius.min(8.0), colour)?;
            canvas.text((x + 22.0, y), Anchor::Start, text::SMALL, palette::INK, standing.name())?;
            x += 22.0 + text::SMALL.width(standing.name()) + 20.0;
        }
    }
    match line {
        Some(line) => {
            canvas.path(&[(x, y), (x + 16.0, y)], line)?;
            canvas.text((x + 22.0, y), Anchor::Start, text::SMALL, palette::INK, FRONT)
        }
        None => Ok(()),
    }
}

fn overlap(a: Area, b: Area) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

/// Labels the best, wherever there is room, and points of the front, or without one all, where that covers nothing.
fn labels(
    canvas: &Canvas,
    plot: &Plot,
    points: &[Point],
    (front, line): (&[Point], &[Spot]),
    mut taken: Vec<Area>,
) -> Result<(), String> {
    let area = |point: &Point| {
        let ((x, y), (_, radius, _)) = (plot.at((point.x, point.y)), point.standing.mark());
        (x - radius, y - radius, x + radius, y + radius)
    };
    let side = |ends: &[Spot]| {
        let ((x1, y1), (x2, y2)) = (ends[0], ends[1]);
        (x1.min(x2) - 1.0, y1.min(y2) - 1.0, x1.max(x2) + 1.0, y1.max(y2) + 1.0)
    };
    let marks: Vec<Area> = points.iter().map(area).chain(line.windows(2).map(side)).collect();
    let best = points.iter().filter(|point| point.standing == Standing::Best);
    // Where nothing meets what is required, all that was tried has a name.
    let named = if front.is_empty() { points } else { front };
    let others = named.iter().filter(|point| point.standing != Standing::Best);
    for (i, point) in best.chain(others).take(MOST_LABELS).enumerate() {
        let face = if point.standing == Standing::Best { text::AXIS } else { text::SMALL };
        let label = face.fit_name(point.label, MOST_LABEL);
        if label.is_empty() {
            continue;
        }
        let places = places(area(point), face, &label);
        let free = |a: &Area| !taken.iter().any(|other| overlap(*a, *other));
        let mut usable =
            places.iter().copied().filter(|a| plot.has_room(*a) && free(a)).collect::<Vec<_>>().into_iter();
        let place = usable.clone().find(|a| !marks.iter().any(|mark| overlap(*a, *mark)));
        // The first label stands on marks rather than nowhere.
        let place = if i == 0 { place.or_else(|| usable.next()) } else { place };
        if let Some(place) = place {
            taken.push(place);
            let at = (place.0, f64::midpoint(place.1, place.3));
            canvas.text(at, Anchor::Start, face, palette::INK, &label)?;
        }
    }
    Ok(())
}

/// Where a label may stand around a mark, the best place first: the line of the front leaves the upper right free.
fn places((left, top, right, bottom): Area, face: Face, label: &str) -> Vec<Area> {
    let (width, height) = (face.width(label), face.size + 4.0);
    let (x, y) = (f64::midpoint(left, right), f64::midpoint(top, bottom));
    let across = [right + GAP, x - width / 2.0, left - GAP - width];
    let down = [top - GAP - height / 2.0, y - height / 2.0, bottom + GAP - height / 2.0];
    let (above, below) = (top - 2.0 - height, bottom + 2.0);
    let corners = [
        (across[0], down[0]),
        (across[0], down[1]),
        (across[2], down[2]),
        (across[2], down[1]),
        (across[1], above),
        (across[1], below),
        (across[0], down[2]),
        (across[2], down[0]),
        (right - width, below),
        (left, above),
    ];
    corners.map(|(x, y)| (x, y, x + width, y + height)).to_vec()
}
