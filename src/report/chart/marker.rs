//! Marks at points: shapes that can be told apart without their colour.
//! They know nothing of what they stand for: that is for the charts to say.

use plotters::style::RGBColor;

use super::canvas::{Canvas, Spot, Stroke};
use super::palette;

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Disc,
    Ring,
    Diamond,
    Square,
    Cross,
    Star,
}

impl Marker {
    /// Draws it around `at`, about as far as `radius`.
    pub(super) fn draw(self, canvas: &Canvas, at: Spot, radius: f64, colour: RGBColor) -> Result<(), String> {
        let around = |far: f64, angle: f64| (at.0 + far * angle.sin(), at.1 - far * angle.cos());
        let corners = |n: usize, far: &[f64]| -> Vec<Spot> {
            let corner = |i: usize| around(far[i % far.len()] * radius, std::f64::consts::TAU * i as f64 / n as f64);
            (0..n).map(corner).collect()
        };
        match self {
            Marker::Disc => canvas.dot(at, radius, colour),
            Marker::Ring => {
                canvas.dot(at, radius, colour)?;
                canvas.dot(at, radius - 1.8, palette::GROUND)
            }
            Marker::Diamond => canvas.shape(&corners(4, &[1.25]), colour, 1.0),
            Marker::Square => {
                let side = 0.85 * radius;
                canvas.rectangle((at.0 - side, at.1 - side), (at.0 + side, at.1 + side), colour)
            }
            Marker::Cross => {
                let (arm, stroke) = (0.8 * radius, Stroke::solid(colour, 1.8));
                canvas.path(&[(at.0 - arm, at.1 - arm), (at.0 + arm, at.1 + arm)], stroke)?;
                canvas.path(&[(at.0 - arm, at.1 + arm), (at.0 + arm, at.1 - arm)], stroke)
            }
            Marker::Star => canvas.shape(&corners(10, &[1.0, 0.45]), colour, 1.0),
        }
    }
}
