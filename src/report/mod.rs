//! Reports: one file per medium. They read an [`Outcome`](crate::metrics::Outcome) and its summary, and write.

pub mod chart;
mod charts;
mod facts;
mod folder;
mod json;
mod studies;
mod study_charts;
mod tables;
mod text;

pub use charts::charts;
pub use facts::FactsCsv;
pub use folder::{Folder, temporary};
pub use json::{Json, compare_json, plan_json, search_json, sweep_json};
pub use studies::{Planned, Searched, Side, Sweep, SweepPoint};
pub use study_charts::{compare_chart, differences_chart, plan_chart, search_chart, sweep_chart, unknowns_chart};
pub use tables::{compare_csv, plan_csv, search_csv, series_csv, summary_csv, sweep_csv, unknowns_csv};
pub use text::{compare_text, overload_text, plan_text, search_text, sweep_text, text};
