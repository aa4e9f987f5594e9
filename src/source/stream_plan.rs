//! What a service with streams fixes: the plan by which the shards of its streams are read.

use crate::time::SimDuration;

use super::consumers::ConsumerScaling;
use super::mapping::WriteRetry;
use super::propagation::Propagation;
use super::resharding::OnDemandGrowth;

/// What a stream service fixes, or a source's own keys say.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Time between polls of a shard; none: records are pushed to the mapping as soon as they can be read.
    pub polling_interval: Option<SimDuration>,
    /// From write to readable.
    pub propagation: Propagation,
    /// How long records are kept.
    pub retention_period: SimDuration,
    /// Most records that one poll moves.
    pub poll_records: u64,
    /// Most bytes that one poll moves.
    pub poll_bytes: u64,
    /// Readers for which the polls of a shard suffice.
    pub readers: u32,
    /// Polls of a shard in a second, for each of these readers.
    pub polls_per_second: u32,
    /// Bytes a second that the polls of a shard, or a consumer of several, may read.
    pub read_bytes: Option<u64>,
    /// Bytes of the invocation's payload per byte of record, as a fraction.
    pub payload_growth: (u64, u64),
    /// Records and bytes that a shard takes in a second, and what producers do beyond.
    pub write: Option<(u64, u64, WriteRetry)>,
    /// How the stream makes room for its load by itself, where it does.
    pub on_demand: Option<OnDemandGrowth>,
    /// Shards where the scenario does not say.
    pub shard_count: u32,
    /// When the stream gets another number of shards.
    pub reshard: Vec<(SimDuration, u32)>,
    /// The batching window where the scenario does not say.
    pub batching_window: SimDuration,
    /// Consumers that read several shards each, instead of a poller for every shard.
    pub consumers: Option<ConsumerPlan>,
    /// Retries where a destination is set and no number of retries.
    pub retries_with_destination: Option<u32>,
    /// Who charges for the stream.
    pub charge: StreamCharge,
}

/// Who charges for a stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum StreamCharge {
    /// Nobody: reads of DynamoDB streams by Lambda are free.
    Free,
    /// Kinesis.
    Kinesis,
    /// Lambda, for provisioned pollers of a Kafka mapping.
    Pollers(u32),
}

/// How many consumers read the shards.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConsumerPlan {
    pub least: u32,
    pub most: u32,
    /// Batches that each has in flight at most.
    pub each: u32,
    /// Whether throttled calls take some of them away.
    pub yields: bool,
    pub scaling: ConsumerScaling,
}
