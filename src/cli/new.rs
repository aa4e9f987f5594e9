//! `pushpull new`: a commented starter scenario.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;

use super::load::misnamed;
use super::{Failure, describe, print};

/// The starter scenario.
const STARTER: &str = include_str!("starter.toml");

#[derive(Args)]
pub(super) struct Arguments {
    /// Name of the scenario; `NAME.toml` is written here
    name: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let stem = arguments.name.strip_suffix(".toml").unwrap_or(&arguments.name);
    if stem.is_empty() || stem.starts_with('-') {
        return Err(Failure::Input(format!("error: `{}` is no name of a scenario", arguments.name)));
    }
    let file = format!("{stem}.toml");
    if let Some(what) = misnamed(&file) {
        return Err(Failure::Input(format!("error: {}: {what}", arguments.name)));
    }
    let path = PathBuf::from(file);
    // An existing scenario is never written over.
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Input(format!("error: {} is there already", path.display())),
        ErrorKind::NotFound => Failure::Input(format!("error: {}: no such folder", path.display())),
        _ => Failure::Input(format!("error: {}: {}", path.display(), describe(&error))),
    })?;
    file.write_all(STARTER.as_bytes())
        .map_err(|error| Failure::Unfinished(format!("{}: {}", path.display(), describe(&error))))?;
    print(&format!("{0} is written; run it with: pushpull run {0}\n", path.display()))
}
