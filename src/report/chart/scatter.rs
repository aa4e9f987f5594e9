//! What each choice costs and what it gives: points of two figures that both should be low, and the front of those that
//! no other beats. Marks differ in shape and colour by how a choice stands to what is required.

use plotters::style::RGBColor;

use super::axes::{self, FOOT, HEAD, Plot};
use super::canvas::{self, Anchor, Canvas, Spot, Stroke};
use super::marker::Marker;
use super::number::HUGE;
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
    x_title: &str,
    x_unit: Unit,
    y_title: &str,
    y_unit: Unit,
    points: &[Choice],
) -> Result<String, String> {
    let points: Vec<Point> = points.iter().filter_map(Point::new).collect();
    canvas::chart(heading, (WIDTH, HEIGHT), |canvas| {
        let (top, bottom) = (HEAD + ABOVE, HEIGHT - FOOT);
        let x = x_unit.scale_of(points.iter().map(|point| point.x), 8.0);
        let y = y_unit.scale_of(points.iter().map(|point| point.y), 8.0);
        let plot = Plot { left: axes::gutter(&y, bottom - top), top, right: WIDTH - MARGIN - 8.0, bottom, x, y };
        let log = |title: &str, is_log| if is_log { format!("{title} (log scale)") } else { title.to_owned() };
        plot.grid(canvas, &log(y_title, plot.y.is_log()))?;
        plot.x_axis(canvas, &log(x_title, plot.x.is_log()))?;
        if points.is_empty() {
            return plot.no_data(canvas);
        }
        draw(canvas, &plot, &points)
    })
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

fn draw(canvas: &Canvas, plot: &Plot, points: &[Point]) -> Result<(), String> {
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
    labels(canvas, plot, points, (&front, &steps))
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

/// A rectangle: left, top, right and bottom.
type Area = (f64, f64, f64, f64);

fn overlap(a: Area, b: Area) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

/// Labels the best, wherever there is room, and points of the front, or without one all, where that covers nothing.
fn labels(canvas: &Canvas, plot: &Plot, points: &[Point], (front, line): (&[Point], &[Spot])) -> Result<(), String> {
    let area = |point: &Point| {
        let ((x, y), (_, radius, _)) = (plot.at((point.x, point.y)), point.standing.mark());
        (x - radius, y - radius, x + radius, y + radius)
    };
    let side = |ends: &[Spot]| {
        let ((x1, y1), (x2, y2)) = (ends[0], ends[1]);
        (x1.min(x2) - 1.0, y1.min(y2) - 1.0, x1.max(x2) + 1.0, y1.max(y2) + 1.0)
    };
    let marks: Vec<Area> = points.iter().map(area).chain(line.windows(2).map(side)).collect();
    let mut taken: Vec<Area> = Vec::new();
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
        let inside = |a: &Area| a.0 >= plot.left && a.2 <= plot.right && a.1 >= plot.top && a.3 <= plot.bottom;
        let places = places(area(point), face, &label);
        let free = |a: &Area| !taken.iter().any(|other| overlap(*a, *other));
        let mut usable = places.iter().copied().filter(|a| inside(a) && free(a)).collect::<Vec<_>>().into_iter();
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
