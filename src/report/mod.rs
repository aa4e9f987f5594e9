//! Reports: one file per medium. They read an [`Outcome`](crate::metrics::Outcome) and its summary, and write.

pub mod chart;
mod charts;
mod facts;
mod folder;
mod tables;
mod text;

pub use charts::charts;
pub use facts::FactsCsv;
pub use folder::Folder;
pub use tables::{series_csv, summary_csv};
pub use text::text;
