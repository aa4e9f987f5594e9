//! From a file's name to a scenario: the text is read once, and scenarios are made of it with other keys.

use std::io;
use std::path::{Path, PathBuf};

use crate::reading::read_document;
use crate::scenario::{Document, Scenario};
use crate::study::Subject;

use super::files::Files;
use super::{Failure, describe};

/// Changes of keys, each `PATH=VALUE`, with the option that makes them.
pub(super) type Changes<'a> = [(&'a str, &'a [String])];

/// The text of a scenario file and the files beside it.
pub(super) struct Text {
    path: String,
    text: String,
    /// The files beside it.
    pub files: Files,
}

impl Text {
    /// Reads a file, or standard input where it is `-`.
    pub(super) fn open(path: &str) -> Result<Text, Failure> {
        if let Some(what) = misnamed(path) {
            return Err(Failure::Input(format!("error: {path}: {what}")));
        }
        let unreadable = |error: io::Error| Failure::Input(format!("error: {path}: {}", describe(&error)));
        let (bytes, folder) = if path == "-" {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::stdin(), &mut bytes).map_err(unreadable)?;
            (bytes, PathBuf::new())
        } else {
            let folder = Path::new(path).parent().map(PathBuf::from).unwrap_or_default();
            (std::fs::read(path).map_err(unreadable)?, folder)
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            let line = 1 + valid.matches('\n').count();
            let column = 1 + valid.rsplit('\n').next().unwrap_or_default().chars().count();
            Failure::Input(format!("error: {path}:{line}:{column}: not UTF-8 text"))
        })?;
        Ok(Text { path: path.to_owned(), text, files: Files::beside(folder) })
    }

    /// All that the figures of a study of this text depend on, besides what is changed in it.
    pub(super) fn fingerprint(&self) -> String {
        format!("{} {:?} {:?}", env!("CARGO_PKG_VERSION"), self.text, self.files.opened())
    }

    /// The scenario with some keys changed, each `PATH=VALUE`.
    pub(super) fn scenario(&self, changes: &Changes<'_>) -> Result<Scenario, Failure> {
        Ok(read_document(&self.path, &self.document(changes)?, &self.files)?)
    }

    /// The values as written, with some keys changed.
    pub(super) fn document(&self, changes: &Changes<'_>) -> Result<Document, Failure> {
        let mut document = Document::parse(&self.path, &self.text)?;
        for (option, sets) in changes {
            sets.iter().try_for_each(|set| document.set_by(option, set))?;
        }
        Ok(document)
    }
}

/// What is wrong with the name of a scenario file, if anything: a folder is to be called like the scenario.
pub(super) fn misnamed(path: &str) -> Option<String> {
    let stem = Path::new(path).file_stem()?.to_str()?;
    [".", ".."].contains(&stem).then(|| format!("`{stem}` is no name of a scenario"))
}

/// A scenario file, read, with its text and the files beside it.
pub(super) struct Loaded {
    pub scenario: Scenario,
    pub text: Text,
}

/// Reads a scenario file, or standard input where it is `-`, and changes it.
pub(super) fn load(path: &str, changes: &Changes<'_>) -> Result<Loaded, Failure> {
    let text = Text::open(path)?;
    Ok(Loaded { scenario: text.scenario(changes)?, text })
}

impl Loaded {
    /// What to run.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { scenario: &self.scenario, inputs: &self.text.files }
    }
}
