//! CSV files beside a scenario, read row by row.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use csv::ByteRecord;

use crate::inputs::{InputError, Inputs, Rows};

use super::describe;

/// The files beside a scenario. A failure while a run goes on ends the rows, and is kept.
#[derive(Clone, Default)]
pub struct Files {
    folder: PathBuf,
    failure: Arc<Mutex<Option<InputError>>>,
    /// All that were opened.
    opened: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Files {
    /// The files in `folder`.
    pub fn beside(folder: PathBuf) -> Files {
        Files { folder, failure: Arc::default(), opened: Arc::default() }
    }

    /// The first failure to read a row.
    pub(super) fn failure(&self) -> Option<InputError> {
        self.failure.lock().map_or(None, |failure| failure.clone())
    }
}

impl Files {
    /// What was opened so far: path, bytes and the time of the last change, so that a change of a file can be told.
    pub(super) fn opened(&self) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
        let opened = self.opened.lock().map_or(BTreeSet::new(), |opened| opened.clone());
        let state = |path: PathBuf| {
            let metadata = path.metadata().ok();
            let length = metadata.as_ref().map_or(0, std::fs::Metadata::len);
            (path, length, metadata.and_then(|metadata| metadata.modified().ok()))
        };
        opened.into_iter().map(state).collect()
    }
}

impl Inputs for Files {
    fn open(&self, file: &str, columns: &[&str]) -> Result<Box<dyn Rows>, InputError> {
        let path = self.folder.join(file);
        let error = |line: Option<u64>, message: String| InputError { file: file.to_owned(), line, message };
        if path.is_dir() {
            return Err(error(None, "a folder, not a file".into()));
        }
        let mut reader = open(&path).map_err(|failure| error(None, describe(&failure)))?;
        let mut header = reader.headers().map_err(|failure| error(Some(1), explain(&failure)))?.clone();
        header.trim();
        if let Ok(mut opened) = self.opened.lock() {
            opened.insert(path.clone());
        }
        let mut picks = Vec::new();
        for column in columns {
            picks.push(header.iter().position(|name| name == *column).ok_or_else(|| {
                let known: Vec<String> = header.iter().map(|name| format!("`{name}`")).collect();
                let near = crate::scenario::nearest(column, header.iter())
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                error(Some(1), format!("no column `{column}`; the columns are {}{near}", known.join(", ")))
            })?);
        }
        Ok(Box::new(FileRows {
            file: file.to_owned(),
            path,
            reader,
            row: ByteRecord::new(),
            picks,
            failure: self.failure.clone(),
        }))
    }
}

/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;

fn open(path: &Path) -> std::io::Result<csv::Reader<File>> {
    Ok(csv::ReaderBuilder::new().buffer_capacity(BUFFER).from_reader(File::open(path)?))
}

fn explain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} field{}, and the header has {expected_len}", if *len == 1 { "" } else { "s" })
        }
        // The header: a row is looked at as it is read.
        csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".into(),
        csv::ErrorKind::Io(error) => describe(error),
        _ => error.to_string(),
    }
}

struct FileRows {
    file: String,
    path: PathBuf,
    reader: csv::Reader<File>,
    row: ByteRecord,
    picks: Vec<usize>,
    failure: Arc<Mutex<Option<InputError>>>,
}

impl FileRows {
    fn fail(&self, line: Option<u64>, message: String) -> InputError {
        let error = InputError { file: self.file.clone(), line, message };
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert(error.clone());
        }
        error
    }
}

impl Rows for FileRows {
    fn advance(&mut self) -> Result<bool, InputError> {
        let is_row = self.reader.read_byte_record(&mut self.row).map_err(|error| {
            let line = error.position().map(csv::Position::line);
            self.fail(line, explain(&error))
        })?;
        if !self.row.as_slice().is_ascii() && self.row.iter().any(|field| str::from_utf8(field).is_err()) {
            return Err(self.fail(Some(self.line()), "not UTF-8 text".into()));
        }
        Ok(is_row)
    }

    fn rewind(&mut self) -> Result<(), InputError> {
        self.reader = open(&self.path).map_err(|error| self.fail(None, describe(&error)))?;
        Ok(())
    }

    fn field(&self, column: usize) -> &[u8] {
        // Only the fields that are looked at are trimmed: a trace has millions of rows.
        self.row.get(self.picks[column]).unwrap_or_default().trim_ascii()
    }

    fn line(&self) -> u64 {
        self.row.position().map_or(0, csv::Position::line)
    }
}
