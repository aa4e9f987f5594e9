//! The keys of an event source mapping on a stream, under AWS's names (AWS::Lambda::EventSourceMapping).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::DistributionSpec;
use crate::time::SimDuration;

/// How many keys records have.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, untagged)]
pub enum PartitionKeys {
    /// So many, equally likely.
    Count(#[schemars(range(min = 1, max = 1_000_000_000))] u64),
    /// So many, the k-th most frequent in proportion to k^-zipf.
    Zipf {
        /// How many.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        count: u64,
        /// The exponent; 0: equally likely.
        #[schemars(range(min = 0.0, max = 10.0))]
        zipf: f64,
    },
}

/// Records that lie in the stream when the run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backlog {
    /// How many.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub events: u64,
    /// How old they are. Default `"0s"`.
    #[serde(default)]
    pub age: SimDuration,
}

/// The mapping's keys.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MappingSpec {
    /// Open shards of the stream, 1 to 10000. Default 1.
    #[schemars(range(min = 1, max = 10_000))]
    pub shard_count: u32,
    /// Largest number of records in a batch, 1 to 10000. Default 100.
    #[schemars(range(min = 1, max = 10_000))]
    pub batch_size: u32,
    /// How long records are gathered before the function is called, `"0s"` to `"300s"`. Default `"0s"`: as soon as there are
    /// records.
    #[schemars(extend("x-maximum" = "300s"))]
    pub maximum_batching_window: SimDuration,
    /// Batches of one shard in flight at once, 1 to 10; order is kept per partition key. Default 1.
    #[schemars(range(min = 1, max = 10))]
    pub parallelization_factor: u32,
    /// How many partition keys records have, a number or `{ count, zipf }`. Default: every record its own.
    pub partition_keys: Option<PartitionKeys>,
    /// Records that lie in the stream when the run starts.
    pub backlog: Option<Backlog>,
    /// From the write of a record until it can be read. Default by service.
    pub propagation: Option<DistributionSpec>,
    /// Time from one poll of a shard to the next. Default by service.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "1h"))]
    pub polling_interval: Option<SimDuration>,
    /// When each shard is first polled. Default: at random within one interval.
    pub polling_phase: Option<SimDuration>,
}

impl Default for MappingSpec {
    fn default() -> Self {
        MappingSpec {
            shard_count: 1,
            batch_size: 100,
            maximum_batching_window: SimDuration::ZERO,
            parallelization_factor: 1,
            partition_keys: None,
            backlog: None,
            propagation: None,
            polling_interval: None,
            polling_phase: None,
        }
    }
}
