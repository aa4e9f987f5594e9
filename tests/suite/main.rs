//! The tests of pushpull, one theme a module.

mod bad_input;
mod calls_in_a_row;
mod cases;
mod cli;
mod determinism;
mod files;
mod invariants;
mod random_scenarios;
mod readme;
mod records_together;
mod sandbox;
mod scenarios;
mod service_rules;
mod studies;
mod support;
mod theory;
mod tidy;
mod traces;
