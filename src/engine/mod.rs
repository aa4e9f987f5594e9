//! The engine: what actors say to each other, when they act next, and what is told of it.
//!
//! It knows neither sources nor functions. An actor says when it next acts (`next_wake`), acts when the clock gets there
//! (`wake`), and answers messages at the same instant; nobody schedules a callback, so nothing is ever stale.

mod agenda;
mod destination;
mod fact;
mod message;

pub use agenda::{Agenda, CLASS_BITS, Class, Wake};
pub use destination::{Destination, DestinationKind};
pub use fact::{Answer, Call, Concurrency, Condition, Fact, Fate, MappingCount, Part, Parts};
pub use message::{
    BatchItemFailures, Calls, Ending, Events, InvocationType, Invoke, Reason, Reply, Run, Settle, Verdict,
};

/// A function, by its place among the scenario's functions in order of name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionId(pub u32);

/// A source, by its place among the scenario's sources in order of name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub u32);

/// A destination, by its place in the list of the scenario's destinations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DestinationId(pub u32);

/// The names behind the ids of a run.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Functions.
    pub functions: Vec<String>,
    /// Sources.
    pub sources: Vec<String>,
    /// Destinations.
    pub destinations: Vec<String>,
}
