//! CSV files beside a scenario, read row by row.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use csv::ByteRecord;

use crate::inputs::{InputError, Inputs, Rows};

use super::describe;

/// The files beside a scenario. What a run cannot read any more is kept.
#[derive(Clone, Default)]
pub struct Files {
    folder: PathBuf,
    failure: Arc<Mutex<Option<InputError>>>,
    /// All that were opened, as the scenario names them.
    opened: Arc<Mutex<BTreeMap<String, Opened>>>,
}

/// A file as it was when it was opened first, so that a change can be told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opened {
    pub path: PathBuf,
    bytes: u64,
    /// When it was changed last.
    modified: Option<SystemTime>,
}

impl Opened {
    fn of(path: PathBuf, metadata: &Metadata) -> Opened {
        Opened { path, bytes: metadata.len(), modified: metadata.modified().ok() }
    }

    /// Whether it is another file now, or none.
    fn is_other(&self) -> bool {
        self.path.metadata().map_or(true, |now| Opened::of(self.path.clone(), &now) != *self)
    }
}

impl Files {
    /// The files in `folder`.
    pub fn beside(folder: PathBuf) -> Files {
        Files { folder, failure: Arc::default(), opened: Arc::default() }
    }

    /// What was opened so far.
    pub(super) fn opened(&self) -> BTreeMap<String, Opened> {
        self.opened.lock().map_or(BTreeMap::new(), |opened| opened.clone())
    }

    /// What a run could not read first, else which file is not what it was when the scenario was read.
    pub(super) fn failure(&self) -> Option<InputError> {
        let failure = self.failure.lock().map_or(None, |failure| failure.clone());
        failure.or_else(|| {
            let (file, _) = self.opened().into_iter().find(|(_, was)| was.is_other())?;
            Some(InputError { file, line: None, message: "changed while the run went on".into() })
        })
    }
}

impl Inputs for Files {
    fn open(&self, file: &str, columns: &[&str]) -> Result<Box<dyn Rows>, InputError> {
        let path = self.folder.join(file);
        let error = |line: Option<u64>, message: String| InputError { file: file.to_owned(), line, message };
        if file.is_empty() {
            return Err(error(None, "the name of the file is empty".into()));
        }
        // Asked before it is opened, since to open a pipe is to wait for its writer.
        let metadata = path.metadata().map_err(|failure| error(None, describe(&failure)))?;
        if metadata.is_dir() {
            return Err(error(None, "a folder, not a file".into()));
        }
        if !metadata.is_file() {
            return Err(error(None, "a pipe can be read only once; give a file".into()));
        }
        let mut reader = open(&path).map_err(|failure| error(None, describe(&failure)))?;
        let first = || Some(line_at(&path, 0).unwrap_or(1));
        let mut header = reader.headers().map_err(|failure| error(first(), explain(&failure)))?.clone();
        if header.is_empty() {
            return Err(InputError::no_header(file));
        }
        header.trim();
        if let Ok(mut opened) = self.opened.lock() {
            opened.entry(file.to_owned()).or_insert_with(|| Opened::of(path.clone(), &metadata));
        }
        let mut picks = Vec::new();
        for column in columns {
            picks.push(header.iter().position(|name| name == *column).ok_or_else(|| {
                let known: Vec<String> = header.iter().map(|name| format!("`{name}`")).collect();
                let near = crate::scenario::nearest(column, header.iter())
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                error(first(), format!("no column `{column}`; the columns are {}{near}", known.join(", ")))
            })?);
        }
        Ok(Box::new(FileRows {
            file: file.to_owned(),
            path,
            reader,
            row: ByteRecord::new(),
            picks,
            files: self.clone(),
        }))
    }

    fn changed(&self, error: InputError) {
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert(error);
        }
    }
}

/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;

fn open(path: &Path) -> io::Result<csv::Reader<File>> {
    Ok(csv::ReaderBuilder::new().buffer_capacity(BUFFER).from_reader(File::open(path)?))
}

/// The line of the row that is read from `start` on: the reader passes over what is left of the end of the line before, and over
/// blank lines, without counting them. Only what is wrong is told with its line, so that the file may be read again for it.
fn line_at(path: &Path, start: u64) -> io::Result<u64> {
    let mut line = 1;
    for (place, byte) in (0..).zip(BufReader::new(File::open(path)?).bytes()) {
        let byte = byte?;
        if place >= start && !matches!(byte, b'\r' | b'\n') {
            break;
        }
        line += u64::from(byte == b'\n');
    }
    Ok(line)
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
    files: Files,
}

impl FileRows {
    fn error(&self, line: Option<u64>, message: String) -> InputError {
        InputError { file: self.file.clone(), line, message }
    }

    fn line_of(&self, row: &csv::Position) -> u64 {
        line_at(&self.path, row.byte()).unwrap_or(row.line())
    }
}

impl Rows for FileRows {
    fn advance(&mut self) -> Result<bool, InputError> {
        let is_row = self.reader.read_byte_record(&mut self.row).map_err(|error| {
            let line = error.position().map(|row| self.line_of(row));
            self.error(line, explain(&error))
        })?;
        if !self.row.as_slice().is_ascii() && self.row.iter().any(|field| str::from_utf8(field).is_err()) {
            return Err(self.error(Some(self.line()), "not UTF-8 text".into()));
        }
        Ok(is_row)
    }

    fn rewind(&mut self) -> Result<(), InputError> {
        self.reader = open(&self.path).map_err(|error| self.error(None, describe(&error)))?;
        Ok(())
    }

    fn field(&self, column: usize) -> &[u8] {
        // Only the fields that are looked at are trimmed: a trace has millions of rows.
        self.row.get(self.picks[column]).unwrap_or_default().trim_ascii()
    }

    fn line(&self) -> u64 {
        self.row.position().map_or(0, |row| self.line_of(row))
    }

    fn changed(&self, error: InputError) {
        self.files.changed(error);
    }
}
