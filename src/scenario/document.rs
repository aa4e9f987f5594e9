//! A scenario's text as a tree of values that know their place, and `--set` on top of it.
//!
//! TOML itself is read by the `toml` crate; what the keys mean is the schema's business (`check`) and that of later
//! stages, which come back here to have their problems placed.

use std::{ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
    value::Datetime,
};

use super::diagnostic::{Diagnostic, Origin, Place, Problem, Report};

/// Deeper than any scenario; tables in tables beyond it could exhaust the stack.
const DEPTH: usize = 100;

/// A step of a path in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a table.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<String> for Step {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A value and where it stands; a table under a header stands at its header.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(Datetime),
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key with its value; tables are small and keep the order of the text, so they are lists.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) node: Node,
}

/// A scenario that is well-formed TOML; nothing more is known of it until it is checked.
#[derive(Debug, Clone)]
pub struct Document {
    pub(super) root: Node,
    /// The file and the assignments so far.
    pub(super) origins: usize,
}

impl Document {
    /// Reads the text of a scenario.
    ///
    /// # Errors
    /// All syntax errors.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Report> {
        // A byte order mark is no column of the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let origin = Arc::new(Origin { number: 0, name: file_name.into(), text: text.into() });
        let mut reader = Reader { origin, offset: 0, problems: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        reader.problems = errors.iter().map(|error| reader.syntax_error(error)).collect();
        if reader.problems.is_empty() {
            let root = reader.node(Spanned::new(table.span(), DeValue::Table(table.into_inner())), 0);
            if reader.problems.is_empty() {
                return Ok(Self { root, origins: 1 });
            }
        }
        Err(Report::new(reader.problems))
    }

    /// The plain values, without places; a date with a time becomes the string that it was written as.
    #[must_use]
    pub fn to_toml(&self) -> toml::Table {
        match self.root.value.plain() {
            toml::Value::Table(table) => table,
            _ => toml::Table::new(),
        }
    }

    /// Places problems that a later stage found.
    #[must_use]
    pub fn report(&self, problems: Vec<Problem>) -> Report {
        let placed = problems.into_iter().map(|problem| Diagnostic {
            place: self.place(&problem.path, problem.on_key).clone(),
            message: problem.message,
            label: problem.label,
            help: problem.help,
            related: problem
                .related
                .iter()
                .map(|(path, label)| (self.place(path, false).clone(), label.clone()))
                .collect(),
        });
        Report::new(placed.collect())
    }

    /// Where a path leads; where it leaves the document, the place of the last value on it.
    fn place(&self, path: &[Step], on_key: bool) -> &Place {
        let (mut node, mut key) = (&self.root, &self.root.place);
        for step in path {
            match (&node.value, step) {
                (Value::Table(entries), Step::Key(wanted)) => match entries.iter().find(|e| e.key == *wanted) {
                    Some(entry) => (node, key) = (&entry.node, &entry.key_place),
                    None => return &node.place,
                },
                (Value::Array(items), Step::Index(index)) => match items.get(*index) {
                    Some(item) => (node, key) = (item, &item.place),
                    None => return &node.place,
                },
                _ => return &node.place,
            }
        }
        if on_key { key } else { &node.place }
    }
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        if let Value::Table(entries) = &self.value { entries } else { &[] }
    }
}

impl Value {
    fn plain(&self) -> toml::Value {
        match self {
            Self::String(text) => text.clone().into(),
            Self::Integer(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Boolean(yes) => (*yes).into(),
            Self::Datetime(instant) => instant.to_string().into(),
            Self::Array(items) => toml::Value::Array(items.iter().map(|item| item.value.plain()).collect()),
            Self::Table(entries) => {
                toml::Value::Table(entries.iter().map(|entry| (entry.key.clone(), entry.node.value.plain())).collect())
            }
        }
    }
}

/// The value that fills a text from `start` on, as `--set` takes it; text that is no TOML stands for itself.
pub(super) fn read_value(origin: &Arc<Origin>, start: usize) -> Result<Node, Report> {
    let text = origin.text[start..].trim_start();
    let offset = origin.text.len() - text.len();
    let text = text.trim_end();
    let mut reader = Reader { origin: Arc::clone(origin), offset, problems: Vec::new() };
    let node = match DeValue::parse(text) {
        Ok(value) => reader.node(value, 0),
        Err(_) => Node { place: reader.place(0..text.len()), value: Value::String(text.into()) },
    };
    if reader.problems.is_empty() { Ok(node) } else { Err(Report::new(reader.problems)) }
}

/// Makes nodes of what the `toml` crate read.
struct Reader {
    origin: Arc<Origin>,
    /// Where the text that was parsed begins in the origin.
    offset: usize,
    problems: Vec<Diagnostic>,
}

impl Reader {
    fn place(&self, span: Range<usize>) -> Place {
        Place::new(&self.origin, span.start + self.offset..span.end + self.offset)
    }

    fn syntax_error(&self, error: &toml::de::Error) -> Diagnostic {
        Diagnostic::new(&self.place(error.span().unwrap_or(0..0)), error.message(), "")
    }

    fn node(&mut self, spanned: Spanned<DeValue<'_>>, depth: usize) -> Node {
        let place = self.place(spanned.span());
        if depth > DEPTH {
            self.problems.push(Diagnostic::new(&place, "tables and lists are nested too deeply", ""));
            return Node { place, value: Value::Boolean(false) };
        }
        let value = match spanned.into_inner() {
            DeValue::String(text) => Value::String(text.into_owned()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Value::Integer(number),
                Err(_) => {
                    let largest = format!("whole numbers go from {} to {}", i64::MIN, i64::MAX);
                    self.problems.push(Diagnostic::new(&place, "a whole number is too large", largest));
                    Value::Integer(0)
                }
            },
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(yes) => Value::Boolean(yes),
            DeValue::Datetime(instant) => Value::Datetime(instant),
            DeValue::Array(items) => Value::Array(items.into_iter().map(|item| self.node(item, depth + 1)).collect()),
            DeValue::Table(table) => {
                Value::Table(table.into_iter().map(|(key, value)| self.entry(&key, value, depth)).collect())
            }
        };
        Node { place, value }
    }

    fn entry(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, value: Spanned<DeValue<'_>>, depth: usize) -> Entry {
        Entry { key: key.get_ref().to_string(), key_place: self.place(key.span()), node: self.node(value, depth + 1) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SAMPLE: &str = r#"
seed = 42
start = 2026-01-05T00:00:00Z
[function.alert]
duration = "80ms"
outages = [{ from = "1m", to = "2m" }]
[[source.kinesis]]
name = "logs"
arrivals = { constant = { rate = 5 } }
[[source.kinesis]]
name = "audit"
[[source.sqs]]
delay = "1s"
"#;

    pub(in super::super) fn sample() -> Document {
        Document::parse("x.toml", SAMPLE).unwrap()
    }

    #[test]
    fn syntax() {
        #[rustfmt::skip] // one row per rule
        let rows = [
            ("a = 1\na = 2\nb = \nc = [1,\n", "x.toml:2:1"),
            ("a = 1\na = 2\nb = \nc = [1,\n", "x.toml:3:5"),
            ("seed = 99999999999999999999", "too large"),
            ("a = 1\r\n\r\né = 2", "x.toml:3:1"),
        ];
        for (text, want) in rows {
            let report = Document::parse("x.toml", text).expect_err(text).to_string();
            assert!(report.contains(want), "{text}\n{report}");
        }
        let deep = format!("a = {0}{1}", "{ a.a.a.a = ".repeat(50), "}".repeat(50));
        assert!(Document::parse("x.toml", &deep).is_err());
        for text in ["", "\u{feff}", "# only a comment", "\r\n\r\n"] {
            assert!(Document::parse("x.toml", text).unwrap().to_toml().is_empty(), "{text:?}");
        }
        assert_eq!(sample().to_toml()["start"].as_str(), Some("2026-01-05T00:00:00Z"));
    }

    #[test]
    fn later_problems_are_placed() {
        let mut document = sample();
        document.set("source.logs.batch_size=20").unwrap();
        let logs = || vec![Step::from("source"), "kinesis".into(), 0.into()];
        let key = |key: &str| [logs(), vec![key.into()]].concat();
        let report = document.report(vec![
            Problem::at(key("batch_size"), "too much").label("this").related(logs(), "of this source").help("less"),
            Problem::at(key("name"), "bad").on_key(),
            Problem::at(key("window"), "absent"),
        ]);
        let want = "\
error: absent
 --> x.toml:7:1
  |
7 | [[source.kinesis]]
  | ^^^^^^^^^^^^^^^^^^

error: bad
 --> x.toml:8:1
  |
8 | name = \"logs\"
  | ^^^^

error: too much
 --> --set:1:24
  |
1 | source.logs.batch_size=20
  |                        ^^ this
  |
 ::: x.toml:7:1
  |
7 | [[source.kinesis]]
  | ------------------ of this source
  |
  = help: less";
        assert_eq!(report.to_string(), want);
        assert_eq!(document.report(Vec::new()).to_string(), "");
    }
}
