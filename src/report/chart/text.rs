//! Text as it will be seen: the typeface, its widths, and what is cut so that it fits.
//!
//! Widths are those of Noto Sans. Helvetica and Arial are a little narrower; some slack covers wider stand-ins.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// The name under which plotters knows the typeface, and the first choice of the viewer.
pub(super) const FAMILY: &str = "Noto Sans";
/// Viewers without Noto Sans may fall back to a wider face (DejaVu Sans is about a tenth wider).
const SLACK: f64 = 1.1;
/// The same for bold text, where faces differ more.
const BOLD_SLACK: f64 = 1.2;
/// So much of a name is left in any line: what comes last in the line is less.
const LEAST_NAME: f64 = 180.0;
/// Height of a Noto Sans line in em: ab_glyph scales by the line, SVG by the em.
const LINE: f64 = 1.362;
/// Measured at this many times the size, since plotters cuts widths to whole pixels.
const PRECISION: f64 = 64.0;

/// Registers the typeface once; plotters can draw and measure no text before.
pub(super) fn register() -> Result<(), String> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    DONE.get_or_init(|| {
        for (style, bytes) in [(FontStyle::Normal, notosans::REGULAR_TTF), (FontStyle::Bold, notosans::BOLD_TTF)] {
            register_font(FAMILY, style, bytes).map_err(|_| format!("the typeface {FAMILY} cannot be read"))?;
        }
        Ok(())
    })
    .clone()
}

/// Size and weight of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Face {
    /// Pixels per em.
    pub(super) size: f64,
    /// Bold rather than regular.
    pub(super) bold: bool,
}

/// Tick labels, legends and notes.
pub(super) const SMALL: Face = face(12.0, false);
/// Titles of axes and panels.
pub(super) const AXIS: Face = face(12.5, true);
/// The chart's title.
pub(super) const TITLE: Face = face(18.0, true);
/// The title of a panel that has one beside those of its axes.
pub(super) const PANEL: Face = face(14.0, true);
/// Figures where there is little room.
pub(super) const TINY: Face = face(10.0, false);
/// The line below the title.
pub(super) const SUBTITLE: Face = face(13.0, false);

const fn face(size: f64, bold: bool) -> Face {
    Face { size, bold }
}

impl Face {
    /// Plotters' style for the weight.
    pub(super) fn style(self) -> FontStyle {
        if self.bold { FontStyle::Bold } else { FontStyle::Normal }
    }

    /// Width of `text` in pixels, on the safe side.
    pub(super) fn width(self, text: &str) -> f64 {
        let text = clean(text);
        let font = FontDesc::new(FontFamily::Name(FAMILY), self.size * LINE * PRECISION, self.style());
        // Scripts that Noto Sans lacks (Chinese, emoji) come from another face, an em wide.
        let foreign = text.chars().filter(|c| *c >= '\u{1100}' && !is_punctuation(*c));
        let foreign = foreign.count() as f64 * 0.5 * self.size;
        let (pixels, _) = font.box_size(&text).unwrap_or((0, 0));
        let slack = if self.bold { BOLD_SLACK } else { SLACK };
        f64::from(pixels) / PRECISION * slack + foreign
    }

    /// `text` in one line of at most `room` pixels; what does not fit is cut at the end.
    pub(super) fn fit(self, text: &str, room: f64) -> String {
        self.shorten(text, room, |chars, kept| {
            let head: String = chars[..kept].iter().collect();
            format!("{}…", head.trim_end_matches([' ', '.', ',', '·']))
        })
    }

    /// `text` in one line of at most `room` pixels; what does not fit is cut from the middle, since names of one
    /// family mostly differ at an end.
    pub(super) fn fit_name(self, text: &str, room: f64) -> String {
        self.shorten(text, room, |chars, kept| middle_cut(chars, kept, 0.5))
    }

    /// `texts` as [`fit_name`](Face::fit_name) has them, cut elsewhere where names that differ would look the same.
    pub(super) fn fit_names(self, texts: &[&str], room: f64) -> Vec<String> {
        let distinct = |texts: &[String]| texts.iter().collect::<BTreeSet<_>>().len();
        let all = distinct(&texts.iter().map(|text| clean(text)).collect::<Vec<_>>());
        let cut = |head: f64| -> Vec<String> {
            texts.iter().map(|text| self.shorten(text, room, |chars, kept| middle_cut(chars, kept, head))).collect()
        };
        // More of the end, or of the beginning.
        let mut tries = [0.5, 0.3, 0.7, 0.1, 0.9].into_iter().map(cut);
        tries.find(|names| distinct(names) == all).unwrap_or_else(|| cut(0.5))
    }

    /// `line` in at most `room` pixels; what is cut first is the `names` in it.
    pub(super) fn fit_around(self, line: &str, names: &[String], room: f64) -> String {
        let line = clean(line);
        let names: Vec<String> = names.iter().map(|name| clean(name)).filter(|name| !name.is_empty()).collect();
        let (mut rest, mut count) = (line.clone(), 0);
        for name in &names {
            count += rest.matches(name).count();
            rest = rest.replace(name, "…");
        }
        let mut fitted = line;
        if self.width(&fitted) > room && count > 0 {
            let each = ((room - self.width(&rest)) / count as f64).max(LEAST_NAME);
            names.iter().for_each(|name| fitted = fitted.replace(name, &self.fit_name(name, each)));
        }
        self.fit(&fitted, room)
    }

    /// The longest `cut(chars, kept)` that is not wider than `room`.
    fn shorten(self, text: &str, room: f64, cut: impl Fn(&[char], usize) -> String) -> String {
        let text = clean(text);
        // Even narrow letters are a fifth of an em: no need to measure what cannot fit.
        let most = (room.max(0.0) / self.size * 5.0) as usize + 1;
        let chars: Vec<char> = text.chars().collect();
        if chars.len() <= most && self.width(&text) <= room {
            return text;
        }
        let (mut fits, mut too_many) = (0, chars.len().min(most));
        while fits + 1 < too_many {
            let kept = usize::midpoint(fits, too_many);
            if self.width(&cut(&chars, kept)) <= room {
                fits = kept;
            } else {
                too_many = kept;
            }
        }
        cut(&chars, fits)
    }
}

/// So many of the characters, the part `head` of them from the beginning and the others from the end.
fn middle_cut(chars: &[char], kept: usize, head: f64) -> String {
    let first = (kept as f64 * head).ceil() as usize;
    let head: String = chars[..first].iter().collect();
    let tail: String = chars[chars.len() - (kept - first)..].iter().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// The general punctuation that Noto Sans has, and arrows.
fn is_punctuation(c: char) -> bool {
    ('\u{2000}'..='\u{22ff}').contains(&c)
}

/// One line that XML may hold: control characters and the like become spaces.
pub(super) fn clean(text: &str) -> String {
    let printable = |c: char| match c {
        c if c.is_control() || c.is_whitespace() => ' ',
        '\u{fffe}' | '\u{ffff}' => ' ',
        c => c,
    };
    let line: String = text.chars().map(printable).collect();
    line.trim().to_owned()
}

/// `text` with XML's special characters written as entities.
pub(super) fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_fits_stays_whole() {
        register().unwrap();
        assert_eq!(SMALL.fit("orders", 100.0), "orders");
        assert_eq!(SMALL.fit_name("orders", 100.0), "orders");
    }

    #[test]
    fn text_that_does_not_fit_is_cut() {
        register().unwrap();
        let name = "payments-production-eu-central-1-consumer-v2";
        assert!(SMALL.fit(name, 100.0).starts_with("payments-p"));
        assert!(SMALL.fit_name(name, 100.0).ends_with("-v2"));
        for room in [0.0, 5.0, 50.0, 100.0] {
            assert!(SMALL.width(&SMALL.fit_name(name, room)) <= room.max(20.0));
        }
    }

    #[test]
    fn names_that_differ_are_cut_so_that_they_still_do() {
        register().unwrap();
        let of = |number: &str| format!("sources.source-number-{number}-of-many-more.throughput_per_s");
        let (one, other) = (of("1"), of("2"));
        assert_eq!(SMALL.fit_name(&one, 200.0), SMALL.fit_name(&other, 200.0), "there is something to do");
        let names = SMALL.fit_names(&[&one, &other, &one], 200.0);
        assert!(names[0] != names[1] && names[0] == names[2], "{names:?}");
        assert!(names.iter().all(|name| SMALL.width(name) <= 200.0 && name.contains('…')));
        assert_eq!(SMALL.fit_names(&["orders", "payments"], 200.0), ["orders", "payments"]);
    }

    #[test]
    fn of_a_line_that_is_too_long_the_name_is_cut() {
        register().unwrap();
        let (name, rest) = ("a-very-long-scenario-name".repeat(9), " · seed 7 · profile 2025-11-17");
        let line = |name: &str| format!("{name}{rest}");
        let fitted = SUBTITLE.fit_around(&line(&name), std::slice::from_ref(&name), 600.0);
        assert!(fitted.ends_with(rest) && fitted.contains('…') && SUBTITLE.width(&fitted) <= 600.0, "{fitted}");
        assert_eq!(SUBTITLE.fit_around(&line("seed"), &["seed".to_owned()], 600.0), line("seed"));
        assert!(SUBTITLE.fit_around(&line(&name), &[], 600.0).ends_with('…'));
    }

    #[test]
    fn widths_are_those_of_the_typeface() {
        register().unwrap();
        assert!(SMALL.width("iiii") < SMALL.width("MMMM") / 2.0);
        assert!((SMALL.width("0") - 12.0 * 0.572 * SLACK).abs() < 0.1);
    }
}
