//! Labels at the right of a plot, one a line, each led to from the end of its line and never on top of another.

use super::canvas::{Anchor, Canvas, Spot, Stroke};
use super::{MARGIN, palette, text};

/// Height of a label.
pub(super) const ROW: f64 = 16.0;
/// From the plot to the sample of the line.
const LEAD: f64 = 16.0;
/// Length of the sample.
const SAMPLE: f64 = 16.0;
/// From the sample to the text.
const GAP: f64 = 6.0;
/// The widest text.
const MOST: f64 = 230.0;

/// One label.
pub(super) struct Label {
    /// What it says.
    pub(super) text: String,
    /// The end of the line that it names, if it names just one; else it stands at the bottom.
    pub(super) end: Option<Spot>,
    /// How that is drawn.
    pub(super) stroke: Option<Stroke>,
}

/// The room that labels with these texts take right of the plot, the margin included.
pub(super) fn width<'a>(texts: impl IntoIterator<Item = &'a str>) -> f64 {
    let widths = texts.into_iter().map(|label| text::SMALL.width(label));
    let widest = widths.fold(0.0, f64::max).min(MOST);
    if widest > 0.0 { LEAD + SAMPLE + GAP + widest + MARGIN } else { MARGIN }
}

/// `name` and what is told after it: only the name is cut.
pub(super) fn fit(name: &str, note: &str) -> String {
    text::SMALL.fit_name(name, MOST - text::SMALL.width(&format!("…{note}"))) + note
}

/// Draws the labels right of `right`, between `top` and `bottom`.
pub(super) fn draw(canvas: &Canvas, labels: &[Label], right: f64, (top, bottom): (f64, f64)) -> Result<(), String> {
    let wanted = labels.iter().map(|label| label.end.map_or(bottom, |(_, y)| y));
    let places = spread(&wanted.collect::<Vec<_>>(), ROW, (top, bottom));
    let start = right + LEAD;
    for (label, y) in labels.iter().zip(places) {
        if let Some(stroke) = label.stroke {
            canvas.path(&[(start, y), (start + SAMPLE, y)], stroke)?;
            if let Some(end) = label.end {
                let leader = [end, (right, end.1), (start - 2.0, y)];
                canvas.path(&leader, stroke.leader())?;
            }
        }
        let colour = match label.end {
            Some(_) => palette::INK,
            None => palette::GREY,
        };
        let name = text::SMALL.fit_name(&label.text, MOST);
        let at = (start + SAMPLE + GAP, y);
        canvas.text(at, Anchor::Start, text::SMALL, colour, &name)?;
    }
    Ok(())
}

/// Places at least `gap` apart, in the order of `wanted` and, in sum of squares, as near to it as can be; all within
/// the range if they fit. Pools neighbours that are too close until none are (isotonic regression).
fn spread(wanted: &[f64], gap: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let gaps = order.len().saturating_sub(1) as f64;
    let gap = if gaps > 0.0 { gap.min((bottom - top) / gaps) } else { gap };
    // With the gaps taken out, places need only not decrease.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, index) in order.iter().enumerate() {
        let mut pool = (wanted[*index] - rank as f64 * gap, 1);
        while let Some((place, size)) = pools.pop_if(|(place, _)| *place > pool.0) {
            let sum = place * size as f64 + pool.0 * pool.1 as f64;
            pool = (sum / (size + pool.1) as f64, size + pool.1);
        }
        pools.push(pool);
    }
    let lowest = (bottom - gaps * gap).max(top);
    let placed = pools.into_iter().flat_map(|(place, size)| std::iter::repeat_n(place.clamp(top, lowest), size));
    let mut places = vec![0.0; wanted.len()];
    for (rank, (place, index)) in placed.zip(order).enumerate() {
        places[index] = place + rank as f64 * gap;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_apart_stay() {
        assert_eq!(spread(&[50.0, 10.0], 16.0, (0.0, 100.0)), [50.0, 10.0]);
    }

    #[test]
    fn labels_that_are_close_part_evenly() {
        assert_eq!(spread(&[50.0, 50.0], 16.0, (0.0, 100.0)), [42.0, 58.0]);
        assert_eq!(spread(&[0.0, 1.0], 16.0, (0.0, 100.0)), [0.0, 16.0]);
        assert_eq!(spread(&[99.0, 99.0], 16.0, (0.0, 100.0)), [84.0, 100.0]);
    }

    #[test]
    fn too_many_labels_share_the_room() {
        let places = spread(&[5.0; 11], 16.0, (0.0, 100.0));
        assert_eq!(places[0], 0.0);
        assert!((places[10] - 100.0).abs() < 1e-9);
        assert!(spread(&[], 16.0, (0.0, 100.0)).is_empty());
    }
}
