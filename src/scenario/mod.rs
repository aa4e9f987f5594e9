//! A scenario: what a user writes, read and checked, plain and valid.
//!
//! Text becomes a [`Document`] whose values know their places; the JSON Schema made from the documented structs finds unknown
//! keys, wrong types and ranges; what no single key can show is checked here. After that, a problem is a bug.

mod assign;
mod check;
mod diagnostic;
mod document;
mod expect;
mod fits;
mod keys;
mod rules;
mod schema;
mod warm_up;

use chrono::{DateTime, Utc};

use crate::engine::{Destination, DestinationKind};
use crate::platform::{AccountSpec, FunctionSpec, Platform};
use crate::profile::Profile;
use crate::source::{Definition, Kind};
use crate::time::SimDuration;

pub use crate::engine::Names;
pub use diagnostic::{Problem, Report, nearest};
pub use document::{Document, Step};
pub use expect::{Expectation, Want};
pub use keys::json_schema;
pub use warm_up::WarmUp;

/// A scenario, valid as it stands.
#[derive(Debug)]
pub struct Scenario {
    /// Its name: the stem of its file.
    pub name: String,
    /// What it asks.
    pub about: String,
    /// The dated set of AWS's rules.
    pub profile: Profile,
    /// The seed of all draws.
    pub seed: u64,
    /// Time in which sources emit; none: until all arrival processes are exhausted.
    pub duration: Option<SimDuration>,
    /// Left out of all statistics.
    pub warm_up: WarmUp,
    /// How long work in flight may take to end after the emission.
    pub drain: SimDuration,
    /// What instant 0 is on the calendar.
    pub start: DateTime<Utc>,
    /// Limits of the account.
    pub account: AccountSpec,
    /// Functions in order of name.
    pub functions: Vec<(String, FunctionSpec)>,
    /// Sources in order of name.
    pub sources: Vec<Source>,
    /// What the figures are to be.
    pub expect: Vec<Expectation>,
}

/// A source of a scenario.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static Kind,
    /// The function that it calls, by its place.
    pub target: u32,
    /// Where the scenario's document holds it.
    pub path: Vec<Step>,
    /// Its keys.
    pub definition: Box<dyn Definition>,
}

impl Scenario {
    /// Reads a document.
    ///
    /// # Errors
    /// Everything that is wrong with it, each at its place. What its files hold is not looked at: see [`crate::read`].
    pub fn read(name: &str, document: &Document) -> Result<Scenario, Report> {
        document.check(&json_schema())?;
        rules::read(name, document)
    }

    /// The names behind the ids of a run.
    pub fn names(&self) -> Names {
        Names {
            functions: self.functions.iter().map(|(name, _)| name.clone()).collect(),
            sources: self.sources.iter().map(|source| source.name.clone()).collect(),
            destinations: self.destinations().into_iter().map(|destination| destination.name).collect(),
        }
    }

    /// The destinations that messages go to, in the order of their ids: those of functions, then those of sources.
    pub fn destinations(&self) -> Vec<Destination> {
        let of_source = |source: &Source| {
            let name = source.name.clone();
            let destination = move |(of, kind): (&str, &DestinationKind)| Destination {
                name: format!("{name}.{of}"),
                kind: kind.clone(),
            };
            source.definition.destinations().into_iter().map(destination).collect::<Vec<_>>()
        };
        let functions = Platform::destinations(&self.functions).into_iter();
        functions.chain(self.sources.iter().flat_map(of_source)).collect()
    }

    /// What the model takes for granted in this scenario that AWS does not document.
    pub fn assumptions(&self) -> Vec<String> {
        let mut assumptions: Vec<String> = Vec::new();
        let platform = crate::platform::assumptions(&self.account, &self.functions, self.receives_async_events());
        let outages = !self.account.service_outages.is_empty();
        let of_sources = self.sources.iter().flat_map(|source| source.definition.assumptions());
        let in_outages = self.sources.iter().filter(|_| outages);
        let in_outages = in_outages.flat_map(|source| source.definition.assumptions_in_outages());
        for assumption in platform.into_iter().chain(of_sources).chain(in_outages) {
            if !assumptions.contains(&assumption) {
                assumptions.push(assumption);
            }
        }
        if self.sources.iter().filter(|source| source.kind.name == "api_gateway").count() > 1 {
            assumptions.push(
                "each API has its request limit to itself; AWS's 10,000 requests a second are those of all APIs of an account"
                    .to_owned(),
            );
        }
        let sources = self.sources.iter().flat_map(|source| source.definition.features());
        let functions = self.functions.iter().flat_map(|(_, spec)| spec.features());
        for feature in sources.chain(functions).filter(|feature| feature.since > self.profile) {
            let (name, profile, since) = (feature.name, self.profile.name(), feature.since.name());
            let assumption = format!("{name}: AWS did not have this under profile {profile}, but by {since}");
            if !assumptions.contains(&assumption) {
                assumptions.push(assumption);
            }
        }
        assumptions
    }

    /// What AWS advises and the scenario does not follow, and what of it can never succeed.
    pub fn advice(&self) -> Vec<String> {
        let rules = self.profile.rules();
        let of_source = |source: &Source| {
            let (_, function) = &self.functions[source.target as usize];
            let advice = source.definition.advice(function.timeout, function.reserved_concurrent_executions, &rules);
            advice.into_iter().map(|advice| format!("source `{}`: {advice}", source.name)).collect::<Vec<_>>()
        };
        self.sources.iter().flat_map(of_source).collect()
    }

    fn receives_async_events(&self) -> bool {
        self.sources.iter().any(|source| source.definition.invocation_type() == crate::engine::InvocationType::Event)
    }
}
