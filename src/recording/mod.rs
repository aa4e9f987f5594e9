//! What is recorded while a run goes on.
//!
//! The [`Recorder`] hears every fact and keeps sums, levels and histograms, never events; an [`Outcome`] is what it knows at the end.
//! Every actor has it at hand in its [`Context`], by its own type: what is counted of a fact becomes part of the code that tells it.

mod claims;
mod closing;
mod completion;
mod context;
mod counting;
mod histogram;
mod interval;
mod level;
mod outcome;
mod quantity;
mod recorder;

pub use claims::Claim;
pub use closing::Peaks;
pub use completion::{After, Completion};
pub use context::{Context, Ended};
pub use counting::Started;
pub use interval::{FunctionColumn, Minute, Owner, SourceColumn, Timeline};
pub use level::Level;
pub use outcome::{FunctionFigures, Outcome, SourceFigures};
pub use quantity::{Quantiles, Quantity};
pub use recorder::{Recorder, Watch};
