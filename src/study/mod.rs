//! Studies: many runs, and what they tell together. How sure a figure is, which of two scenarios is better, which settings are
//! needed, what theory says.
//!
//! The core knows one run. Here runs are spread over threads ([`Workers`]), with seeds of their own ([`replicate`]); what comes
//! out is the same for any number of threads. Nothing here reads or writes files.

mod compare;
mod confidence;
mod find;
mod plan;
mod replications;
mod requirement;
mod theory;
mod unknowns;
mod vary;
mod warm_up;
mod workers;

pub use compare::{Difference, Evidence, compare};
pub use confidence::{confidence, mean_and_error, t_quantile};
pub use find::{Found, Search, Trial, find};
pub use plan::{Candidate, Goal, Standing, plan};
pub use replications::{
    Enough, Journal, Precision, Replications, known_metric, replicate, replicate_all, replicate_pair, seed_of,
};
pub use requirement::{Holds, Requirement};
pub use theory::{erlang_b, erlang_c, is_within_reach, overloads, pollaczek_khinchine, theory};
pub use unknowns::{Alternative, alternatives, unknowns};
pub use vary::{Axis, MOST_POINTS, assignments, grid};
pub use warm_up::{find_warm_up, mser5};
pub use workers::{Figures, Progress, Subject, Workers};
