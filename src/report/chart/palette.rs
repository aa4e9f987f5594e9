//! Colours: Okabe and Ito's, which colour-blind readers can tell apart, and a few greys.

use plotters::style::RGBColor;

/// The page.
pub(super) const GROUND: RGBColor = RGBColor(0xff, 0xff, 0xff);
/// Titles and labels.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Subtitles, tick labels and notes.
pub(super) const GREY: RGBColor = RGBColor(0x59, 0x59, 0x59);
/// Limits.
pub(super) const LIMIT: RGBColor = RGBColor(0x44, 0x44, 0x44);
/// Baselines.
pub(super) const AXIS: RGBColor = RGBColor(0x99, 0x99, 0x99);
/// Lines that are too many to be told apart.
pub(super) const FAINT: RGBColor = RGBColor(0xcc, 0xcc, 0xcc);
/// The ground of a time that does not count.
pub(super) const SHADE: RGBColor = RGBColor(0xf1, 0xf1, 0xf1);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const VERMILION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
const YELLOW: RGBColor = RGBColor(0xf0, 0xe4, 0x42);
const BLACK: RGBColor = RGBColor(0x00, 0x00, 0x00);
const STONE: RGBColor = RGBColor(0xb0, 0xb0, 0xb0);

/// Colours of lines, in order.
const LINES: [RGBColor; 7] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK];
/// Colours of the latency parts, in the order in which an event meets them; the same in every chart.
const PARTS: [(&str, RGBColor); 8] = [
    ("delivery", STONE),
    ("poll", YELLOW),
    ("batching", GREEN),
    ("blocked", PURPLE),
    ("throttled", ORANGE),
    ("retry", VERMILION),
    ("init", SKY),
    ("handler", BLUE),
];

/// What is best, meets what is asked for, or is better.
pub(super) const GOOD: RGBColor = BLUE;
/// What misses what is asked for, or is worse.
pub(super) const BAD: RGBColor = VERMILION;
/// What is open.
pub(super) const OPEN: RGBColor = ORANGE;

/// Colours of a range of figures, from the least to the largest: viridis from its light end, whose lightness falls all
/// the way, whichever colours a reader can tell apart.
const RANGE: [RGBColor; 9] = [
    RGBColor(0xfd, 0xe7, 0x25),
    RGBColor(0xad, 0xdc, 0x30),
    RGBColor(0x5e, 0xc9, 0x62),
    RGBColor(0x28, 0xae, 0x80),
    RGBColor(0x21, 0x91, 0x8c),
    RGBColor(0x2c, 0x72, 0x8e),
    RGBColor(0x3b, 0x52, 0x8b),
    RGBColor(0x47, 0x2d, 0x7b),
    RGBColor(0x44, 0x01, 0x54),
];

/// The colour of what lies at `place`, from 0 to 1, in a range of figures.
pub(super) fn range(place: f64) -> RGBColor {
    let place = place.clamp(0.0, 1.0) * (RANGE.len() - 1) as f64;
    let step = (place as usize).min(RANGE.len() - 2);
    let (from, to, part) = (RANGE[step], RANGE[step + 1], place - step as f64);
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// The colour of the `index`th line, and whether it is dashed (once the colours have been used up).
pub(super) fn line(index: usize) -> (RGBColor, bool) {
    (LINES[index % LINES.len()], (index / LINES.len()) % 2 == 1)
}

/// The colour of a latency part; a name that is not one of them takes the `index`th line's.
pub(super) fn part(name: &str, index: usize) -> RGBColor {
    let known = PARTS.iter().find(|(part, _)| *part == name);
    known.map_or(line(index).0, |(_, colour)| *colour)
}

/// Black or white, whichever contrasts more with `ground`.
pub(super) fn ink_on(ground: RGBColor) -> RGBColor {
    // In linear light both contrast equally with 0.179.
    if luminance(ground) < 0.179 { GROUND } else { BLACK }
}

/// Weights of the sRGB channels in luminance.
fn luminance(colour: RGBColor) -> f64 {
    let linear = |channel: u8| (f64::from(channel) / 255.0).powi(2);
    0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_easy_to_read_on_every_colour() {
        let grounds = PARTS.iter().map(|(_, colour)| *colour).chain(LINES).chain(RANGE);
        for ground in grounds {
            let (one, other) = (luminance(ground) + 0.05, luminance(ink_on(ground)) + 0.05);
            let contrast = one.max(other) / one.min(other);
            assert!(contrast >= 4.5, "{ground:?}: {contrast}");
        }
    }

    #[test]
    fn a_range_darkens_all_the_way() {
        let lights: Vec<f64> = (0..=100).map(|percent| luminance(range(f64::from(percent) / 100.0))).collect();
        assert!(lights.is_sorted_by(|a, b| a > b), "{lights:?}");
    }
}
