//! The sheet of paper: shapes and text at positions in pixels, and the finished SVG.
//!
//! Plotters' SVG backend knows whole pixels only, so it draws at ten times the size and the `viewBox` scales it back.
//! It knows no dashes either: the thousands of a stroke's width say which it has, and [`finish`] makes them dashes.
//! Its vertical centring depends on the viewer's typeface, so texts stand on a baseline placed here.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, RGBAColor, RGBColor, ShapeStyle, TextStyle};

use super::text::{self, FAMILY, Face};
use super::{Heading, palette};

/// Backend units in a pixel.
const UNITS: f64 = 10.0;
/// Plotters divides font sizes by this on their way into an SVG.
const PLOTTERS_EM: f64 = 1.24;
/// The class of every chart's root element, so that its style reaches nothing else on a page.
const CLASS: &str = "pushpull-chart";

/// A position in pixels: x to the right, y downwards.
pub(super) type Spot = (f64, f64);

/// From the middle of a line of text down to its baseline, in em: between those of small letters and capitals.
const BASELINE: f64 = 0.33;
/// Added to the width of a stroke to say what it is made of.
const PATTERN: u32 = 1000;

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    colour: RGBAColor,
    width: f64,
    pattern: Pattern,
}

/// What a line is made of.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    Solid,
    Dashes,
    Dots,
    /// Dashes of the turn `place` among `of` lines that lie upon each other.
    Turns {
        place: u32,
        of: u32,
    },
}

/// Length of a turn, in backend units.
const TURN: u32 = 80;

impl Pattern {
    /// The number of [`PATTERN`]s that tells it.
    fn code(self) -> u32 {
        match self {
            Pattern::Solid => 0,
            Pattern::Dashes => 1,
            Pattern::Dots => 2,
            Pattern::Turns { place, of } => 10 * of + place,
        }
    }

    /// The attributes of the pattern with this code.
    fn attributes(code: u32) -> String {
        match code {
            0 => String::new(),
            1 => " stroke-dasharray=\"60 40\"".to_owned(),
            2 => " stroke-dasharray=\"10 30\"".to_owned(),
            code => {
                let (of, place) = (code / 10, code % 10);
                let (gap, start) = (TURN * (of - 1), TURN * ((of - place) % of));
                format!(" stroke-dasharray=\"{TURN} {gap}\" stroke-dashoffset=\"{start}\"")
            }
        }
    }
}

impl Stroke {
    /// A solid line.
    pub(super) fn solid(colour: RGBColor, width: f64) -> Stroke {
        let colour = colour.to_rgba();
        Stroke { colour, width, pattern: Pattern::Solid }
    }

    /// The same line, dashed where `dashed` holds.
    pub(super) fn dashed(self, dashed: bool) -> Stroke {
        let pattern = if dashed { Pattern::Dashes } else { self.pattern };
        Stroke { pattern, ..self }
    }

    /// The turn `place` of the same line among `of` that lie upon each other, fewer than ten: each is seen.
    pub(super) fn turn(self, place: usize, of: usize) -> Stroke {
        Stroke { pattern: Pattern::Turns { place: place as u32, of: of as u32 }, ..self }
    }

    /// A thin, dotted line of the same colour, for what leads from a line to its label.
    pub(super) fn leader(self) -> Stroke {
        Stroke { colour: self.colour.mix(0.7), width: 1.0, pattern: Pattern::Dots }
    }

    /// The colour without its opacity.
    pub(super) fn colour(self) -> RGBColor {
        RGBColor(self.colour.0, self.colour.1, self.colour.2)
    }

    fn style(self) -> ShapeStyle {
        let width = (self.width * UNITS).round() as u32 + PATTERN * self.pattern.code();
        self.colour.stroke_width(width)
    }
}

/// On which side of its position a text stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    /// The text starts there.
    Start,
    /// The text's middle is there.
    Middle,
    /// The text ends there.
    End,
}

/// What charts draw on.
pub(super) struct Canvas<'s> {
    area: DrawingArea<SVGBackend<'s>, Shift>,
}

/// A chart of `width` x `height` pixels: the ground, the heading, and what `draw` adds.
pub(super) fn chart(
    heading: &Heading,
    (width, height): Spot,
    draw: impl FnOnce(&Canvas) -> Result<(), String>,
) -> Result<String, String> {
    text::register()?;
    let mut svg = String::new();
    {
        let size = (units(width) as u32, units(height) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let canvas = Canvas { area };
        canvas.rectangle((0.0, 0.0), (width, height), palette::GROUND)?;
        canvas.heading(heading, width)?;
        draw(&canvas)?;
        canvas.area.present().map_err(|e| e.to_string())?;
    }
    Ok(finish(&svg, heading, (width, height)))
}

impl<'s> Canvas<'s> {
    /// A line through `spots`.
    pub(super) fn path(&self, spots: &[Spot], stroke: Stroke) -> Result<(), String> {
        let mut spots: Vec<(i32, i32)> = spots.iter().copied().map(to_units).collect();
        spots.dedup();
        self.draw(&PathElement::new(spots, stroke.style()))
    }

    /// A filled shape with the corners `spots`.
    pub(super) fn shape(&self, spots: &[Spot], colour: RGBColor, opacity: f64) -> Result<(), String> {
        let mut spots: Vec<(i32, i32)> = spots.iter().copied().map(to_units).collect();
        spots.dedup();
        self.draw(&Polygon::new(spots, colour.mix(opacity)))
    }

    /// A filled rectangle.
    pub(super) fn rectangle(&self, from: Spot, to: Spot, colour: RGBColor) -> Result<(), String> {
        self.draw(&Rectangle::new([to_units(from), to_units(to)], colour.filled()))
    }

    /// A filled circle.
    pub(super) fn dot(&self, at: Spot, radius: f64, colour: RGBColor) -> Result<(), String> {
        self.draw(&Circle::new(to_units(at), units(radius), colour.filled()))
    }

    /// A line of text, vertically centred on `at`.
    pub(super) fn text(
        &self,
        at: Spot,
        anchor: Anchor,
        face: Face,
        colour: RGBColor,
        text: &str,
    ) -> Result<(), String> {
        let text = text::clean(text);
        if text.is_empty() {
            return Ok(());
        }
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let baseline = (at.0, at.1 + BASELINE * face.size);
        let size = face.size * UNITS * PLOTTERS_EM;
        let font = FontDesc::new(FontFamily::Name(FAMILY), size, face.style());
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Center));
        self.area.draw_text(&text, &style, to_units(baseline)).map_err(|e| e.to_string())
    }

    fn heading(&self, heading: &Heading, width: f64) -> Result<(), String> {
        let room = width - 2.0 * super::MARGIN;
        for (y, face, colour, text) in [
            (26.0, text::TITLE, palette::INK, &heading.title),
            (50.0, text::SUBTITLE, palette::GREY, &heading.subtitle),
        ] {
            let text = face.fit_around(text, &heading.names, room);
            self.text((super::MARGIN, y), Anchor::Start, face, colour, &text)?;
        }
        Ok(())
    }

    fn draw<'a, E>(&self, element: &'a E) -> Result<(), String>
    where
        &'a E: PointCollection<'a, (i32, i32)>,
        E: Drawable<SVGBackend<'s>>,
    {
        self.area.draw(element).map_err(|e| e.to_string())
    }
}

fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

fn to_units((x, y): Spot) -> (i32, i32) {
    (units(x), units(y))
}

/// Plotters' SVG made ready for readers: scaled, titled, with a stack of typefaces and with its dashes.
fn finish(svg: &str, heading: &Heading, (width, height): Spot) -> String {
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let title = text::escape(&heading.title);
    let subtitle = text::escape(&heading.subtitle);
    let view = format!("0 0 {} {}", units(width), units(height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{CLASS}\" role=\"img\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"{view}\">\n\
         <title>{title}</title>\n<desc>{subtitle}</desc>\n\
         <style>.{CLASS} text {{ font-family: \"{FAMILY}\", \"Helvetica Neue\", Arial, sans-serif; }} \
         .{CLASS} polyline {{ stroke-linejoin: round; }}</style>"
    );
    // Quotes inside texts are entities, so these patterns meet attributes only.
    let body = body
        .replace(&format!(" font-family=\"{FAMILY}\""), "")
        .replace(" dy=\"0.5ex\"", "")
        .replace(" opacity=\"1\"", "");
    let mut rest = body.as_str();
    while let Some((before, after)) = rest.split_once("stroke-width=\"") {
        let (width, after) = after.split_once('"').unwrap_or((after, ""));
        let number: u32 = width.parse().unwrap_or(0);
        let dashes = Pattern::attributes(number / PATTERN);
        out += &format!("{before}stroke-width=\"{}\"{dashes}", number % PATTERN);
        rest = after;
    }
    out + rest
}
