//! Reports for a terminal.

mod confidence;
mod format;
mod run;

pub use run::text;
