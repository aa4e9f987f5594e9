//! Reports.
pub mod chart;
