//! The finished runs of a sweep, one line of JSON each, beside its output: a sweep that was stopped goes on where it was. The file
//! goes when the sweep is done.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::study::{Figures, Journal};

use super::output::unfinished;
use super::{Failure, describe};

/// The file's name.
const NAME: &str = ".unfinished";

/// Finished runs, known from before and new ones.
pub(super) struct Runs {
    path: PathBuf,
    known: BTreeMap<(usize, usize), Figures>,
    forgot: bool,
    file: Mutex<(File, Option<io::Error>)>,
}

impl Runs {
    /// Opens the journal in `folder`, which is made where it is missing. What another study left there is forgotten: `study`
    /// says all that the figures depend on.
    ///
    /// # Errors
    /// What the file system says, and of what.
    pub(super) fn open(folder: &Path, study: &str) -> Result<Runs, Failure> {
        fs::create_dir_all(folder).map_err(|error| unfinished(folder, &describe(&error)))?;
        let path = folder.join(NAME);
        Runs::begin(path.clone(), study).map_err(|error| unfinished(&path, &describe(&error)))
    }

    fn begin(path: PathBuf, study: &str) -> io::Result<Runs> {
        let first = serde_json::to_string(study)?;
        let text = fs::read_to_string(&path).unwrap_or_default();
        let (known, forgot) = match text.split_once('\n') {
            Some((study, runs)) if *study == first => (runs.split_inclusive('\n').filter_map(read).collect(), false),
            Some((_, runs)) => (BTreeMap::new(), !runs.is_empty()),
            None => (BTreeMap::new(), false),
        };
        // Written anew, so that a line which was cut off does not stand before what follows.
        let mut file = File::create(&path)?;
        writeln!(file, "{first}")?;
        for (run, figures) in &known {
            file.write_all(line(*run, figures)?.as_bytes())?;
        }
        Ok(Runs { path, known, forgot, file: Mutex::new((file, None)) })
    }

    /// Runs known from before.
    pub(super) fn known(&self) -> usize {
        self.known.len()
    }

    /// Whether runs of another study lay there.
    pub(super) fn forgot(&self) -> bool {
        self.forgot
    }

    /// What kept a run from being written down, if anything did.
    pub(super) fn failure(&self) -> Option<String> {
        let file = self.file.lock().ok()?;
        file.1.as_ref().map(|error| format!("{}: {error}", self.path.display()))
    }

    /// The sweep is done.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// A whole line; what was cut off is none.
fn read(line: &str) -> Option<((usize, usize), Figures)> {
    let (subject, replication, figures) = serde_json::from_str(line.strip_suffix('\n')?).ok()?;
    Some(((subject, replication), figures))
}

fn line((subject, replication): (usize, usize), figures: &Figures) -> io::Result<String> {
    Ok(serde_json::to_string(&(subject, replication, figures))? + "\n")
}

impl Journal for Runs {
    fn recall(&self, subject: usize, replication: usize) -> Option<Figures> {
        self.known.get(&(subject, replication)).cloned()
    }

    fn keep(&self, subject: usize, replication: usize, figures: &Figures) {
        if let Ok(mut file) = self.file.lock() {
            let written = line((subject, replication), figures).and_then(|line| file.0.write_all(line.as_bytes()));
            if let Err(error) = written {
                file.1.get_or_insert(error);
            }
        }
    }
}
