//! What queueing theory needs to know of a source.

use crate::time::SimDuration;

use super::PartitionKeys;

/// How a source's events become invocations, as far as theory speaks of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Each event is one call, and a caller that is refused gives up: no event comes twice.
    Calls,
    /// Records wait in shards, each of which has lanes that send one batch at a time.
    Lanes {
        /// Shards of the stream, the same for the whole run.
        shards: u32,
        /// Lanes of a shard.
        lanes: u32,
        /// Largest batch.
        batch_size: u32,
        /// Time between two polls of a shard; none where records are pushed.
        polling_interval: Option<SimDuration>,
        /// Most records that one poll finds.
        poll_records: u64,
        /// How long a batch waits for more records.
        window: SimDuration,
        /// Share of the records that pass the filter.
        pass_rate: f64,
        /// Keys of records, where they are few.
        keys: Option<PartitionKeys>,
        /// Tries that a failing batch is sure of; none: without end.
        tries: Option<u32>,
        /// Whether records lie in the stream as the run begins.
        has_backlog: bool,
    },
    /// Messages are received in batches, so many at once at most.
    Batches {
        /// Batches in flight.
        at_once: u64,
        /// Largest batch.
        batch_size: u32,
        /// Share of the messages that pass the filter.
        pass_rate: f64,
        /// Whether messages wait for others of their group.
        in_order: bool,
        /// Tries of a failing message; none: without end.
        tries: Option<u32>,
        /// Whether messages lie in the queue as the run begins.
        has_backlog: bool,
    },
    /// Anything else: limits before Lambda, retries, streams that change.
    Other,
}
