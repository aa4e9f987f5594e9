//! Figures: what is made of what was recorded.
//!
//! A [`Summary`] is an [`Outcome`] in the words of the contract. A metric's name is its path in the summary.

mod cost;
mod findings;
pub mod price;
mod summary;
mod table;

pub use crate::recording::{
    FunctionColumn, FunctionFigures, Level, Minute, Outcome, Owner, Quantity, Recorder, SourceColumn, SourceFigures,
    Timeline, Watch,
};

pub use cost::Cost;
pub use findings::{Change, Confidence, Overload, PrecisionReached, Theory, Unknown, WarmUpFound};
pub use summary::{Summary, Verdict};
pub use table::{Better, better, is_share, metrics, names, nearest_metric, unit, unknown_metrics};
