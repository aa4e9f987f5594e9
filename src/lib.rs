//! pushpull simulates the event sources of AWS Lambda: how events reach a function, where they wait, what is refused, and what
//! latency and throughput come of it.
//!
//! A [`Scenario`](scenario::Scenario) says which sources call which functions, and how both behave. [`simulate`] runs it on a
//! virtual clock and gives an [`Outcome`](metrics::Outcome); a [`Summary`](metrics::Summary) says it in AWS's words.
//!
//! ```text
//!  sources ── Invoke ──▶ platform: admission, environments, asynchronous queue
//!     ▲                      │
//!     └────── Settle ────────┘            engine: who acts next, at one instant in one documented order
//!                 │ facts
//!                 ▼
//!             recorder ──▶ Outcome ──▶ Summary ──▶ tables, charts, [expect]
//! ```
//!
//! What must never be:
//! - two invocations at once in one environment, or a limit exceeded at any instant;
//! - an event with two fates, or with none at the end of a run that was not cut off;
//! - a run that depends on a file, a clock, a thread or a hash order: the same scenario and seed give the same bytes.
//!
//! # Example
//! ```
//! use pushpull::{inputs::MemoryInputs, metrics::Summary};
//!
//! let text = r#"
//!     duration = "1m"
//!     function.thumbnail.duration = { exponential = { mean = "200ms" } }
//!     [[source.invoke]]
//!     arrivals = { poisson = { rate = 50.0 } }
//! "#;
//! let inputs = MemoryInputs::new();
//! let scenario = pushpull::read("example", text, &[], &inputs).unwrap();
//! let outcome = pushpull::simulate(&scenario, scenario.seed, &inputs, &mut ());
//! let summary = Summary::new(&scenario, scenario.seed, &outcome).to_json();
//! // Little's law: 50 calls a second of 0.2 s (and a few cold starts) keep some ten environments busy.
//! let busy = summary["functions"]["thumbnail"]["concurrent_executions"]["mean"].as_f64().unwrap();
//! assert!((8.0..12.0).contains(&busy), "{busy}");
//! ```

pub mod arrivals;
pub mod cli;
pub mod distribution;
mod draw;
pub mod engine;
pub mod inputs;
pub mod metrics;
pub mod platform;
pub mod profile;
pub mod random;
mod reading;
pub mod recording;
pub mod report;
pub mod scenario;
mod simulation;
pub mod source;
pub mod study;
pub mod time;
pub mod token_bucket;
pub mod units;

pub use reading::read;
pub use simulation::simulate;
