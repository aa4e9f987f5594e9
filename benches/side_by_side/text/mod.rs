//! What is read and written beside a run: facts, traces, large scenarios.

pub mod facts;
pub mod load;
pub mod trace;
