//! Event sources: one file per AWS service, named as the service.
//!
//! A service's file holds its keys, what it does by default and why, and one [`Kind`]. The three machines behind them all are
//! `push` (the service calls Lambda, one event at a time), `shard` (Lambda polls the shards of a `stream` and calls
//! with batches, one lane at a time) and `queue` (Lambda's `pollers` receive the `messages` of a queue in batches).

mod alexa;
mod answers;
mod api_gateway;
pub mod chain;
mod cloudformation;
mod cloudwatch_events;
mod coming;
mod common;
mod consumers;
mod dynamodb;
mod emission;
mod fates;
mod fresh_batch;
mod invoke;
mod kinesis;
mod lane;
mod mapping;
mod message;
mod message_fates;
mod message_groups;
mod messages;
mod msk;
mod newcomers;
mod notes;
mod numbered;
mod partition;
mod passing;
mod plan;
mod poison;
mod pollers;
mod producers;
mod propagation;
mod push;
mod queue;
mod queue_batch;
mod reads;
mod records;
mod resharding;
mod s3;
mod sender;
mod shape;
mod shard;
mod slab;
mod sns;
mod sqs;
mod storage;
mod stream;
mod stream_plan;
mod streaming;
mod window;

use std::collections::BTreeSet;
use std::fmt::Debug;

use chrono::{DateTime, Utc};
use schemars::{Schema, SchemaGenerator};

use crate::distribution::{Distribution, DistributionSpec};
use crate::engine::{
    Answer, BatchItemFailures, Calls, DestinationId, DestinationKind, FunctionId, InvocationType, Settle, SourceId,
    Wake,
};
use crate::inputs::{InputError, Inputs};
use crate::profile::{Feature, Rules};
use crate::random::Key;
use crate::recording::{After, Context};
use crate::time::{SimDuration, SimTime};

pub use common::{Common, PoisonSpec};
pub use mapping::{Backlog, MappingSpec, PartitionKeys};
pub use plan::ClientRetry;
pub use reads::StreamReads;
pub use shape::Shape;
pub use streaming::StreamSpec;

/// The kinds of event source, in order of name. A new one is one line here, one `mod` line above and one file.
pub const KINDS: &[Kind] = &[
    alexa::KIND,
    api_gateway::KIND,
    cloudformation::KIND,
    cloudwatch_events::KIND,
    dynamodb::KIND,
    invoke::KIND,
    kinesis::KIND,
    msk::KIND,
    s3::KIND,
    sns::KIND,
    sqs::KIND,
];

/// Who acts: the service that has the event, or Lambda.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The service calls Lambda for each event.
    Push,
    /// Lambda polls the source and calls the function with batches.
    Pull,
}

/// A kind of event source, as `[[source.NAME]]` in a scenario.
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Push or pull.
    pub mode: Mode,
    /// One line on it.
    pub about: &'static str,
    /// The JSON Schema of its keys.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads a table that fits the schema.
    pub read: fn(toml::Table) -> Result<Box<dyn Definition>, String>,
}

impl Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What is wrong with a key: its path below the source, what is wrong, and what to do.
pub type KeyProblem = (Vec<&'static str>, String);

/// One source of a scenario: its keys, read and ready to be built.
pub trait Definition: Debug + Send + Sync {
    /// The keys that all sources have.
    fn common(&self) -> &Common;
    /// How it calls its function.
    fn invocation_type(&self) -> InvocationType;
    /// Which figures it can have.
    fn figures(&self) -> Figures;
    /// Whether events occur without end.
    fn is_endless(&self) -> bool {
        self.common().arrivals.as_ref().is_some_and(|arrivals| arrivals.is_endless())
    }
    /// The distributions among its own keys.
    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)>;
    /// What no single key can show to be wrong.
    fn problems(&self) -> Vec<KeyProblem>;
    /// The HTTP status of each answer that its callers can get, where it speaks HTTP.
    fn statuses(&self) -> Vec<(Answer, u16)> {
        vec![]
    }
    /// What is wrong with its keys in a scenario that begins at `start`.
    fn problems_from(&self, _start: DateTime<Utc>) -> Vec<KeyProblem> {
        vec![]
    }
    /// What is wrong with its keys for a function with this timeout.
    fn problems_with(&self, _function_timeout: SimDuration) -> Vec<KeyProblem> {
        vec![]
    }
    /// The destinations of its messages: their key, and what they are.
    fn destinations(&self) -> Vec<(&'static str, &DestinationKind)> {
        vec![]
    }
    /// What it takes for granted that AWS does not document.
    fn assumptions(&self) -> Vec<String>;
    /// What it takes for granted besides, where Lambda's own service is out of order.
    fn assumptions_in_outages(&self) -> Vec<String> {
        vec![]
    }
    /// The source whose stream it reads, where that is another one.
    fn shared_stream(&self) -> Option<&str> {
        None
    }
    /// Its stream, where it has one.
    fn stream(&self) -> Option<&StreamSpec> {
        None
    }
    /// Takes over a stream that `consumers` mappings poll, of the source `owner` where that is another one.
    ///
    /// # Errors
    /// Why it cannot.
    fn share_stream(&mut self, _: &StreamSpec, _owner: Option<&str>, _consumers: u32) -> Result<(), String> {
        Err("this source reads no stream".into())
    }
    /// What queueing theory needs to know of it.
    fn shape(&self) -> Shape {
        Shape::Other
    }
    /// What it uses that Lambda did not always have.
    fn features(&self) -> Vec<Feature> {
        vec![]
    }
    /// What AWS advises and it does not follow, and what can never succeed under `rules`, with a function that may run for `timeout` and
    /// has `reserved` concurrency.
    fn advice(&self, _timeout: SimDuration, _reserved: Option<u64>, _rules: &Rules) -> Vec<String> {
        vec![]
    }
    /// How many of its events lie in its stream or queue when the scenario begins, at `start`.
    fn backlog(&self, _start: DateTime<Utc>) -> u64 {
        0
    }
    /// What its service charges for, besides its events.
    fn charged(&self) -> Charged {
        Charged::Events
    }
    /// The running source.
    fn build(&self, site: Site<'_>) -> Result<Box<dyn EventSource>, InputError>;
}

/// What the service of a source charges for.
#[derive(Clone, Debug, PartialEq)]
pub enum Charged {
    /// Events, if anything.
    Events,
    /// A Kinesis stream.
    Stream {
        /// Whether the stream is the source's own, and not another's that it reads.
        owned: bool,
        /// Shards from each instant of the run on.
        shards: Vec<(SimDuration, u32)>,
        /// Whether the stream makes room by itself.
        on_demand: bool,
        /// Whether the mapping is a consumer with enhanced fan-out.
        enhanced_fan_out: bool,
        /// Whether records are kept for more than 24 h.
        extended_retention: bool,
    },
    /// Requests to a FIFO queue.
    FifoQueue,
    /// Kafka's pollers, in units that are billed.
    KafkaPollers {
        /// Units that are always there.
        least_units: u32,
    },
}

/// Which figures a source can have, besides those that all have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Somebody waits for an answer.
    pub response: bool,
    /// Events can wait in a stream or queue.
    pub backlog: bool,
    /// Records have an iterator age.
    pub iterator_age: bool,
    /// Events reach an invocation at all.
    pub latency: bool,
}

/// Where a source is built.
pub struct Site<'a> {
    /// Its place among the sources.
    pub id: SourceId,
    /// Its name.
    pub name: &'a str,
    /// The root of its draws.
    pub key: Key,
    /// The function it calls.
    pub target: FunctionId,
    /// That function's timeout.
    pub function_timeout: SimDuration,
    /// All functions' names, in the order of their ids.
    pub functions: &'a [String],
    /// The end of emission, where the scenario sets one.
    pub until: Option<SimTime>,
    /// What instant 0 is on the calendar.
    pub start: DateTime<Utc>,
    /// Where traces come from.
    pub inputs: &'a dyn Inputs,
    /// Makes distributions ready.
    pub sampler: &'a mut dyn FnMut(&DistributionSpec) -> Distribution,
    /// Whether every fact is read, so that each must be told at its own instant.
    pub watched: bool,
    /// The rules of the scenario's profile.
    pub rules: Rules,
    /// Concurrent executions of the account, where they are limited.
    pub account_concurrency: Option<u64>,
    /// What its function answers for poisoned records.
    pub batch_item_failures: BatchItemFailures,
    /// The root of another source's draws.
    pub key_of: &'a dyn Fn(&str) -> Key,
    /// Read limits of streams that several sources poll, by the stream's owner.
    pub reads: &'a mut StreamReads,
    /// The destination that one of its keys names.
    pub destination: &'a dyn Fn(&str) -> Option<DestinationId>,
}

/// A running source.
pub trait EventSource {
    /// When it next acts.
    fn next_wake(&self) -> Wake;
    /// Acts, as it wanted to; says when it next acts.
    fn wake(&mut self, wake: Wake, ctx: &mut Context<'_>) -> Wake;
    /// Hears what became of one of its calls; says when it next acts, where that may have changed.
    fn settle(&mut self, settle: &Settle, ctx: &mut Context<'_>) -> Option<Wake>;
    /// The calls that it will make next, as long as nothing comes back from them and nobody else acts; none where it may have to act
    /// between them.
    fn calls(&self, _ctx: &Context<'_>) -> Option<Calls<'_>> {
        None
    }
    /// So many of these were made, the last of them now; says when it next acts.
    fn called(&mut self, _calls: usize, _ctx: &mut Context<'_>) -> Wake {
        self.next_wake()
    }
    /// What follows from the end of a call that succeeds, where that only counts: of any call, or of those [in a
    /// row](EventSource::calls) if it keeps nothing of them.
    fn after(&self) -> Option<After> {
        None
    }
    /// Hears that a call has ended of which it keeps nothing, and that it waits for; says when it next acts.
    fn over(&mut self, _ctx: &mut Context<'_>) -> Wake {
        self.next_wake()
    }
    /// Takes a message that one of the scenario's functions sent to its target; `hops` invocations led to it.
    fn relay(&mut self, _hops: u8, _ctx: &mut Context<'_>) {}
    /// Tells all that happened before `ctx.now` and was not yet told; sources that tell at once have nothing to do.
    fn catch_up(&mut self, _ctx: &mut Context<'_>) {}
    /// Whether no more events will occur.
    fn is_exhausted(&self) -> bool;
    /// Whether a call is still to come that no event waits for.
    fn owes_call(&self) -> bool {
        false
    }
}

/// One object schema of all properties of `parts`.
fn merged(parts: Vec<Schema>) -> Schema {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for part in parts {
        if let Some(serde_json::Value::Object(more)) = part.get("properties") {
            properties.extend(more.clone());
        }
        if let Some(serde_json::Value::Array(more)) = part.get("required") {
            required.extend(more.clone());
        }
    }
    schemars::json_schema!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// When the first of several things is due; never, where there is none.
fn first_at(due: &BTreeSet<(SimTime, u64)>) -> SimTime {
    due.first().map_or(SimTime::NEVER, |(at, _)| *at)
}
