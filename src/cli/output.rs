//! Where a verb writes, and what it prints.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::report::{Folder, Json};

use super::{Failure, describe, print};

#[derive(Args)]
pub(super) struct Output {
    /// Folder for tables and charts; `run` with several scenarios makes a folder for each in it [default: below output/, named after
    /// the scenario]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print what came out as one line of JSON a scenario, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Draw no charts
    #[arg(long)]
    pub no_charts: bool,
    /// Print nothing but what is wrong
    #[arg(long)]
    pub quiet: bool,
}

/// Tables or charts: (file name, text).
pub(super) type Files = Vec<(&'static str, String)>;

impl Output {
    /// The folder that was asked for, else `output/NAME`.
    pub(super) fn folder(&self, name: impl FnOnce() -> String) -> Result<PathBuf, Failure> {
        usable(self.out.clone().unwrap_or_else(|| Path::new("output").join(name())))
    }

    /// Writes what a study came to, and prints it.
    pub(super) fn write(
        &self,
        folder: &Path,
        tables: Files,
        charts: &dyn Fn() -> Result<Files, String>,
        json: &Json,
        text: &dyn Fn() -> String,
    ) -> Result<(), Failure> {
        let mut output = Folder::new(folder);
        tables.into_iter().for_each(|(name, table)| output.add(name, table));
        if !self.no_charts {
            let charts = charts().map_err(|error| unfinished(folder, &error))?;
            charts.into_iter().for_each(|(name, chart)| output.add(name, chart));
        }
        output.write(json.pretty()).map_err(|error| unfinished(folder, &describe(&error)))?;
        if self.json {
            print(&json.line())
        } else if self.quiet {
            Ok(())
        } else {
            print(&format!("{}\nwritten to {}\n", text(), folder.display()))
        }
    }
}

/// `folder`, unless a file lies in its place.
pub(super) fn usable(folder: PathBuf) -> Result<PathBuf, Failure> {
    // The nearest that is there of the folder and those around it.
    match folder.ancestors().find(|place| place.exists()) {
        Some(place) if !place.is_dir() => {
            Err(Failure::Input(format!("error: {} is a file; --out takes a folder", place.display())))
        }
        _ => Ok(folder),
    }
}

/// What kept a folder from being written.
pub(super) fn unfinished(folder: &Path, error: &dyn Display) -> Failure {
    Failure::Unfinished(format!("{}: {error}", folder.display()))
}
