//! Figures: what is recorded while a run goes on, and what is made of it.
//!
//! The [`Recorder`] hears every fact and keeps sums, levels and histograms, never events. An [`Outcome`] is what it knows at the
//! end; a [`Summary`] is that in the words of the contract. A metric's name is its path in the summary.

mod claims;
mod cost;
mod counting;
mod findings;
mod histogram;
mod interval;
mod level;
mod outcome;
pub mod price;
mod quantity;
mod recorder;
mod summary;
mod table;

pub use cost::Cost;
pub use findings::{Change, Confidence, Overload, PrecisionReached, Theory, Unknown, WarmUpFound};
pub use interval::{FunctionColumn, Minute, Owner, SourceColumn, Timeline};
pub use level::Level;
pub use outcome::{FunctionFigures, Outcome, SourceFigures};
pub use quantity::Quantity;
pub use recorder::{Recorder, Watch};
pub use summary::{Summary, Verdict};
pub use table::{Better, better, is_share, metrics, names, nearest_metric, unit, unknown_metrics};
