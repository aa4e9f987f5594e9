//! What is wrong with a scenario, and where: problems in the order of the text, drawn as rustc draws its own.
//!
//! Knows nothing of TOML or of what a scenario means; a place is a range of bytes in a text that has a name.

use std::{fmt, ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::document::Step;

/// More than this many problems at once help nobody: the rest is counted.
const SHOWN: usize = 20;

/// A text that values come from: the scenario, or one `--set`.
#[derive(Debug)]
pub(super) struct Origin {
    /// Orders the texts: 0 is the file, then each `--set` as given.
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) text: String,
}

/// A stretch of a text.
#[derive(Debug, Clone)]
pub(super) struct Place {
    origin: Arc<Origin>,
    range: Range<usize>,
}

impl Place {
    pub(super) fn new(origin: &Arc<Origin>, range: Range<usize>) -> Self {
        // A range that cuts a character, or lies outside, would make the drawing panic.
        let boundary = |at: usize| (0..=at.min(origin.text.len())).rev().find(|&at| origin.text.is_char_boundary(at));
        let end = boundary(range.end).unwrap_or(0);
        let start = boundary(range.start.min(end)).unwrap_or(0);
        Self { origin: Arc::clone(origin), range: start..end }
    }

    pub(super) fn text(&self) -> &str {
        &self.origin.text[self.range.clone()]
    }
}

/// One problem at its place.
#[derive(Debug, Clone)]
pub(super) struct Diagnostic {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
    pub(super) related: Vec<(Place, String)>,
}

impl Diagnostic {
    pub(super) fn new(place: &Place, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { place: place.clone(), message: message.into(), label: label.into(), help: None, related: Vec::new() }
    }

    pub(super) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    fn draw(&self, level: &Level<'static>) -> Group<'_> {
        let primary = AnnotationKind::Primary.span(self.place.range.clone()).label(some(&self.label));
        let mut snippet = snippet(&self.place.origin).annotation(primary);
        let mut elsewhere = Vec::new();
        for (place, label) in &self.related {
            let context = AnnotationKind::Context.span(place.range.clone()).label(some(label));
            if Arc::ptr_eq(&place.origin, &self.place.origin) {
                snippet = snippet.annotation(context);
            } else {
                elsewhere.push(self::snippet(&place.origin).annotation(context));
            }
        }
        let group = level.clone().primary_title(self.message.as_str()).element(snippet).elements(elsewhere);
        group.elements(self.help.as_deref().map(|help| Level::HELP.message(help)))
    }
}

fn snippet(origin: &Origin) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    Snippet::source(origin.text.as_str()).path(origin.name.as_str())
}

fn some(label: &str) -> Option<&str> {
    (!label.is_empty()).then_some(label)
}

/// A problem that a later stage found at a path; the [`Document`](super::document::Document) knows where that is.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The value that is wrong; where the path leaves the document, the last table that exists.
    pub path: Vec<Step>,
    /// The headline.
    pub message: String,
    /// What stands under the underlined text; may be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that matter, each with its label.
    pub related: Vec<(Vec<Step>, String)>,
    /// Underline the key, not its value.
    pub on_key: bool,
}

impl Problem {
    /// A problem with the value at `path`.
    pub fn at(path: impl Into<Vec<Step>>, message: impl Into<String>) -> Self {
        let (path, message) = (path.into(), message.into());
        Self { path, message, label: String::new(), help: None, related: Vec::new(), on_key: false }
    }

    /// What stands under the underlined text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Another place that matters.
    #[must_use]
    pub fn related(mut self, path: impl Into<Vec<Step>>, label: impl Into<String>) -> Self {
        self.related.push((path.into(), label.into()));
        self
    }

    /// Underline the key, not its value.
    #[must_use]
    pub fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }
}

/// One or more problems, in the order of the text, ready to be shown.
#[derive(Debug, Clone)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    warnings: bool,
}

impl Report {
    pub(super) fn new(mut diagnostics: Vec<Diagnostic>) -> Self {
        let key = |d: &Diagnostic| (d.place.origin.number, d.place.range.start);
        diagnostics.sort_by_key(key);
        diagnostics.dedup_by(|a, b| key(a) == key(b) && a.message == b.message);
        Self { diagnostics, warnings: false }
    }

    /// The same problems, but not refusals: they are headed `warning`.
    #[must_use]
    pub fn as_warnings(mut self) -> Self {
        self.warnings = true;
        self
    }

    /// How many problems there are; 0 only for a report made of none.
    #[must_use]
    pub fn count(&self) -> usize {
        self.diagnostics.len()
    }

    /// The text to show: every problem with its place, the first twenty of them.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let level = if self.warnings { Level::WARNING } else { Level::ERROR };
        let shown = self.diagnostics.iter().take(SHOWN);
        let mut parts: Vec<String> = shown.map(|one| renderer.render(&[one.draw(&level)])).collect();
        if let Some(more) = self.count().checked_sub(SHOWN).filter(|more| *more > 0) {
            parts.push(renderer.render(&[Group::with_title(level.primary_title(format!("and {more} more")))]));
        }
        parts.join("\n\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}

/// Nearest of the candidates, if near enough to be a misspelling, another spelling of the same words
/// (`BatchSize`) or the same beginning with another end (`timeout_seconds`).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    let scored = candidates.into_iter().filter_map(|candidate| {
        let other = plain(candidate);
        let likeness = strsim::jaro_winkler(&word, &other);
        let typos = strsim::damerau_levenshtein(&word, &other);
        let allowed = word.chars().count().min(other.chars().count()) / 3;
        (typos <= allowed || likeness >= 0.9).then_some((likeness, candidate))
    });
    // The first of equals, so that the answer depends on the order of the candidates alone.
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, candidate)| candidate)
}

/// The candidates, those most like `word` first.
pub(super) fn by_likeness<'a>(word: &str, mut candidates: Vec<&'a str>) -> Vec<&'a str> {
    let word = plain(word);
    candidates.sort_by(|a, b| {
        let likeness = |candidate| strsim::jaro_winkler(&word, &plain(candidate));
        likeness(b).total_cmp(&likeness(a))
    });
    candidates
}

/// Case and separators are no part of a name's likeness; nor is what lies beyond any sensible length.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}

/// `a`, `b` or `c`, each as `quote` writes it.
pub(super) fn listed<S: AsRef<str>>(words: &[S], last: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().into(),
        [first @ .., end] => {
            let first: Vec<_> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", first.join(", "), end.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_key() {
        let keys = [
            "batch_size",
            "memory_size",
            "timeout",
            "reserved_concurrent_executions",
            "on_failure",
            "maximum_record_age",
        ];
        #[rustfmt::skip] // one row per rule
        let rows = [
            ("batchsize", Some("batch_size")),
            ("BatchSize", Some("batch_size")),
            ("bacth_size", Some("batch_size")),
            ("timeout_seconds", Some("timeout")),
            ("reserved_concurency", Some("reserved_concurrent_executions")),
            ("MaximumRecordAgeInSeconds", Some("maximum_record_age")),
            ("colour", None),
            ("x", None),
            ("", None),
        ];
        for (word, want) in rows {
            assert_eq!(nearest(word, keys), want, "{word}");
        }
    }

    #[test]
    fn only_twenty_are_shown() {
        let origin = Arc::new(Origin { number: 0, name: "x.toml".into(), text: "a\n".repeat(30) });
        let one = |at| Diagnostic::new(&Place::new(&origin, at..at + 1), "wrong", "here");
        let report = Report::new((0..30).rev().map(|line| one(line * 2)).collect());
        let text = report.to_string();
        assert!(text.starts_with("error: wrong\n --> x.toml:1:1\n"), "{text}");
        assert!(text.ends_with("\n\nerror: and 10 more"), "{text}");
        assert!(report.as_warnings().render(true).contains("warning"));
    }

    #[test]
    fn places_are_in_characters() {
        let origin = Arc::new(Origin { number: 0, name: "x.toml".into(), text: "é = 1\r\nüü = \"ß\"\r\n".into() });
        let at = origin.text.find("\"ß").unwrap_or(0);
        let text = Report::new(vec![Diagnostic::new(&Place::new(&origin, at..at + 4), "m", "l")]).to_string();
        assert_eq!(text, "error: m\n --> x.toml:2:6\n  |\n2 | üü = \"ß\"\n  |      ^^^ l");
        // Ranges that make no sense are drawn all the same.
        for (start, end) in [(1, 2), (5, 900), (900, 5)] {
            let range = start..end;
            assert!(!Report::new(vec![Diagnostic::new(&Place::new(&origin, range), "m", "l")]).to_string().is_empty());
        }
    }
}
