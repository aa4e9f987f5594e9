//! Rows that a scenario reads from outside: traces, counts, measured times.
//!
//! The core asks for columns by name and never learns where they come from: the command line reads CSV files, a test or a
//! browser reads memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where rows come from.
pub trait Inputs: Sync {
    /// Opens `file` (a path relative to the scenario) and selects `columns` by their names in its header.
    fn open(&self, file: &str, columns: &[&str]) -> Result<Box<dyn Rows>, InputError>;
    /// Hears that a run cannot read what was in order when its scenario was read. The run goes on without it, and is worth nothing.
    ///
    /// # Panics
    /// Where nobody hears.
    fn changed(&self, error: InputError) {
        panic!("inputs changed after the scenario was read: {error}")
    }
}

/// Rows of the selected columns, one at a time.
pub trait Rows {
    /// Goes to the next row; `false` at the end.
    fn advance(&mut self) -> Result<bool, InputError>;
    /// Goes back to before the first row.
    fn rewind(&mut self) -> Result<(), InputError>;
    /// The selected column number `column` in the present row: UTF-8 text, without white space around it.
    fn field(&self, column: usize) -> &[u8];
    /// The same as text.
    fn text(&self, column: usize) -> &str {
        str::from_utf8(self.field(column)).unwrap_or_default()
    }
    /// The line of the present row in its file, from 1.
    fn line(&self) -> u64;
    /// As [`Inputs::changed`], in the midst of the rows: they end here.
    ///
    /// # Panics
    /// Where nobody hears.
    fn changed(&self, error: InputError) {
        panic!("inputs changed after the scenario was read: {error}")
    }
}

/// Where a scenario names a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUse<'a> {
    /// The keys of the table with `file`, below the value that was asked.
    pub path: Vec<String>,
    /// The file.
    pub file: &'a str,
    /// The columns that are read: the key that names each, and its name.
    pub columns: Vec<(&'static str, &'a str)>,
}

/// Why rows cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The file as the scenario names it.
    pub file: String,
    /// The line, from 1, where the trouble has one.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl InputError {
    /// A column that has a header and no rows.
    pub fn empty(file: &str, column: &str) -> InputError {
        InputError { file: file.to_owned(), line: None, message: format!("column `{column}` has no values") }
    }

    /// A file without even a header.
    pub fn no_header(file: &str) -> InputError {
        let message = "the file is empty; its first line must name the columns".into();
        InputError { file: file.to_owned(), line: None, message }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for InputError {}

/// Inputs held in memory: file name to CSV text with a header and without quotes.
#[derive(Clone, Debug, Default)]
pub struct MemoryInputs(BTreeMap<String, Arc<str>>);

impl MemoryInputs {
    /// No files at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    #[must_use]
    pub fn with(mut self, file: &str, text: &str) -> Self {
        self.0.insert(file.to_owned(), text.into());
        self
    }
}

impl Inputs for MemoryInputs {
    fn open(&self, file: &str, columns: &[&str]) -> Result<Box<dyn Rows>, InputError> {
        let error = |message: String| InputError { file: file.to_owned(), line: None, message };
        let text = self.0.get(file).cloned().ok_or_else(|| error("no such file".into()))?;
        if text.trim().is_empty() {
            return Err(InputError::no_header(file));
        }
        let header: Vec<&str> = text.lines().next().unwrap_or("").split(',').collect();
        let picks = columns
            .iter()
            .map(|name| {
                header.iter().position(|column| column == name).ok_or_else(|| {
                    let known: Vec<String> = header.iter().map(|name| format!("`{name}`")).collect();
                    error(format!("no column `{name}`; the columns are {}", known.join(", ")))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let start = text.find('\n').map_or(text.len(), |end| end + 1);
        Ok(Box::new(MemoryRows { text, start, offset: start, row: (0, 0), line: 1, picks }))
    }
}

struct MemoryRows {
    text: Arc<str>,
    start: usize,
    offset: usize,
    row: (usize, usize),
    line: u64,
    picks: Vec<usize>,
}

impl Rows for MemoryRows {
    fn advance(&mut self) -> Result<bool, InputError> {
        if self.offset >= self.text.len() {
            return Ok(false);
        }
        let end = self.text[self.offset..].find('\n').map_or(self.text.len(), |length| self.offset + length);
        self.row = (self.offset, end);
        self.offset = end + 1;
        self.line += 1;
        Ok(true)
    }

    fn rewind(&mut self) -> Result<(), InputError> {
        (self.offset, self.line) = (self.start, 1);
        Ok(())
    }

    fn field(&self, column: usize) -> &[u8] {
        self.text[self.row.0..self.row.1].split(',').nth(self.picks[column]).unwrap_or("").trim().as_bytes()
    }

    fn line(&self) -> u64 {
        self.line
    }
}
