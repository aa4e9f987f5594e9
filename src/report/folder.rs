//! The output folder: every file is written under a temporary name and renamed, the summary last, so that a failure leaves
//! what was there before.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files that a run may write; those that it does not write this time are removed where an earlier run left them.
const KNOWN: [&str; 16] = [
    "summary.csv",
    "series.csv",
    "latency.svg",
    "latency-parts.svg",
    "concurrency.svg",
    "throughput.svg",
    "backlog.svg",
    "compare.csv",
    "compare.svg",
    "differences.svg",
    "unknowns.csv",
    "unknowns.svg",
    "sweep.csv",
    "sweep.svg",
    "plan.csv",
    "plan.svg",
];

/// The last file to appear: where it is, the folder is whole.
const LAST: &str = "summary.json";

/// Files waiting to be written.
pub struct Folder {
    path: PathBuf,
    files: Vec<(&'static str, String)>,
}

impl Folder {
    /// Nothing yet, for the folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Folder {
        Folder { path: path.into(), files: Vec::new() }
    }

    /// Whether a run may write a file of this name into its folder.
    pub fn writes(name: &str) -> bool {
        name == LAST || KNOWN.contains(&name)
    }

    /// Adds a file.
    pub fn add(&mut self, name: &'static str, text: String) {
        self.files.push((name, text));
    }

    /// Writes all files, and `summary` last.
    ///
    /// # Errors
    /// What the file system says; no file that was there before has then changed, as far as it allows.
    pub fn write(mut self, summary: String) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        self.files.push((LAST, summary));
        let written = self.stage().and_then(|()| self.replace());
        if written.is_err() {
            self.files.iter().for_each(|(name, _)| drop(fs::remove_file(self.temporary(name))));
        }
        written
    }

    fn temporary(&self, name: &str) -> PathBuf {
        temporary(&self.path.join(name))
    }

    /// Writes all files under their temporary names.
    fn stage(&self) -> io::Result<()> {
        self.files.iter().try_for_each(|(name, text)| fs::write(self.temporary(name), text))?;
        // What cannot be replaced is found before anything is.
        match self.files.iter().find(|(name, _)| self.path.join(name).is_dir()) {
            Some((name, _)) => Err(io::Error::other(format!("{name} is a folder, and a file is to be written there"))),
            None => Ok(()),
        }
    }

    /// What an earlier run left and this one does not write; none where no summary tells of such a run, since the files are then
    /// somebody else's.
    fn stale(&self) -> Vec<&'static str> {
        let is_own = self.path.join(LAST).is_file();
        let is_left = |known: &&str| {
            is_own && self.path.join(known).is_file() && self.files.iter().all(|(name, _)| name != known)
        };
        KNOWN.into_iter().filter(is_left).collect()
    }

    /// Lets the files take their places; an old summary must not stand beside new tables.
    fn replace(&self) -> io::Result<()> {
        for name in self.stale() {
            remove(&self.path.join(name))?;
        }
        remove(&self.path.join(LAST))?;
        self.files.iter().try_for_each(|(name, _)| fs::rename(self.temporary(name), self.path.join(name)))
    }
}

/// Where a file is written until it takes its place: beside it, hidden, and under a name of this process alone.
pub fn temporary(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    target.with_file_name(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
