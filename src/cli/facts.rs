//! Where `--facts` writes: a file that appears under its name only when it is whole and the run is done; a device, a pipe or
//! standard output as it goes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::metrics::Outcome;
use crate::report::{FactsCsv, Folder, temporary};
use crate::simulate;

use super::load::Loaded;
use super::output::Output;
use super::{Failure, describe};

/// The facts of a run, on their way.
pub(super) struct Facts {
    /// As it was asked for.
    path: PathBuf,
    out: Box<dyn Write>,
    /// Of a file: its temporary name, and its own.
    file: Option<(PathBuf, PathBuf)>,
}

impl Facts {
    /// Opens `path` for the facts of a run that writes its tables to `folder`.
    ///
    /// # Errors
    /// It cannot be written, or something that the run reads or writes lies there.
    pub(super) fn open(
        path: &Path,
        scenario: &str,
        of: &Loaded,
        folder: &Path,
        output: &Output,
    ) -> Result<Facts, Failure> {
        let refuse = |what: &str| Failure::Input(format!("error: --facts {}: {what}", path.display()));
        if is_standard_output(path) {
            if output.json || !output.quiet {
                return Err(refuse("standard output would hold the summary as well; it needs --quiet, and no --json"));
            }
            return Ok(Facts { path: path.to_owned(), out: buffered(io::stdout()), file: None });
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => refuse("no such folder"),
            _ => refuse(&describe(&error)),
        };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Err(refuse("a folder, not a file")),
            // A device or a pipe is written to as it is.
            Ok(metadata) if !metadata.is_file() => {
                let device = File::options().write(true).open(path).map_err(failed)?;
                return Ok(Facts { path: path.to_owned(), out: buffered(device), file: None });
            }
            _ => {}
        }
        // What a link leads to is written, and the link stays.
        let target = resolved(path);
        if let Some(what) = taken(&target, scenario, of, folder) {
            return Err(refuse(what));
        }
        if target.file_name().is_none() {
            return Err(refuse("no name of a file"));
        }
        let temporary = temporary(&target);
        let out = buffered(File::create(&temporary).map_err(failed)?);
        Ok(Facts { path: path.to_owned(), out, file: Some((temporary, target)) })
    }

    /// Simulates with every fact written.
    pub(super) fn simulate(&mut self, of: &Loaded, seed: u64) -> Result<Outcome, Failure> {
        let mut facts = FactsCsv::new(&mut self.out);
        let outcome = simulate(&of.scenario, seed, &of.text.files, &mut facts);
        match facts.finish(&of.scenario.names()).map(drop) {
            // A reader that has gone away is no failure.
            Err(error) if self.file.is_some() || error.kind() != io::ErrorKind::BrokenPipe => {
                Err(self.unfinished(&error))
            }
            _ => Ok(outcome),
        }
    }

    /// The run is done: the file takes its place.
    pub(super) fn keep(mut self) -> Result<(), Failure> {
        if let Some((temporary, target)) = &self.file {
            fs::rename(temporary, target).map_err(|error| self.unfinished(&error))?;
        }
        self.file = None;
        Ok(())
    }

    fn unfinished(&self, error: &io::Error) -> Failure {
        Failure::Unfinished(format!("{}: {}", self.path.display(), describe(error)))
    }
}

/// The facts of a run that could not be finished are not kept.
impl Drop for Facts {
    fn drop(&mut self) {
        if let Some((temporary, _)) = &self.file {
            let _ = fs::remove_file(temporary);
        }
    }
}

fn buffered(out: impl Write + 'static) -> Box<dyn Write> {
    Box::new(BufWriter::with_capacity(1 << 16, out))
}

/// Whether `path` is standard output, by one of its names or as the file that it goes to.
fn is_standard_output(path: &Path) -> bool {
    let is_same = || path.canonicalize().ok().zip(Path::new("/dev/stdout").canonicalize().ok());
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
        || path.is_file() && is_same().is_some_and(|(here, there)| here == there)
}

/// What lies at `target` that facts must not be written over.
fn taken(target: &Path, scenario: &str, of: &Loaded, folder: &Path) -> Option<&'static str> {
    let folder = resolved(folder);
    let is_own = |name: &OsStr| name.to_str().is_some_and(Folder::writes);
    if scenario != "-" && resolved(Path::new(scenario)) == target {
        Some("the scenario itself")
    } else if of.text.files.opened().values().any(|file| resolved(&file.path) == target) {
        Some("the scenario reads this file")
    } else if folder.starts_with(target) {
        Some("the output folder is to be there")
    } else if target.parent() == Some(&folder) && target.file_name().is_some_and(is_own) {
        Some("the run writes another file there")
    } else {
        None
    }
}

/// As many links as Linux follows.
const MOST_LINKS: u32 = 40;

/// Where a path leads, through links, whether or not anything lies there.
fn resolved(path: &Path) -> PathBuf {
    fn follow(path: &Path, links: u32) -> PathBuf {
        if let Ok(whole) = path.canonicalize() {
            return whole;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match (path.read_link(), path.file_name()) {
            (Ok(target), _) if links > 0 => follow(&folder.join(target), links - 1),
            (_, Some(name)) => follow(folder, links).join(name),
            (_, None) => path.to_owned(),
        }
    }
    follow(path, MOST_LINKS)
}
