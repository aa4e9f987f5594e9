//! Reports for a terminal.

mod compare;
mod confidence;
mod findings;
mod format;
mod leading;
mod plan;
mod run;
mod sweep;

pub use compare::compare_text;
pub(super) use findings::is_small;
pub use findings::overload as overload_text;
pub(super) use leading::leading;
pub use plan::{plan_text, search_text};
pub use run::text;
pub use sweep::sweep_text;
