//! Amazon DynamoDB Streams: Lambda polls each shard and calls the function with batches of changes.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::profile::Feature;
use crate::time::SimDuration;

use super::Kind;
use super::common::Common;
use super::mapping::MappingSpec;
use super::propagation::Propagation;
use super::stream_plan::{Plan, StreamCharge};
use super::streaming::{StreamService, kind};

pub(super) const KIND: Kind = kind::<DynamoDb>(
    "dynamodb",
    "changes of a table, in the shards of its stream: Lambda polls each four times a second (pull, RequestResponse)",
);

/// `[[source.dynamodb]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct DynamoDb {
    /// Polls of a shard in a second, for each of the two readers that it is made for, 4 to 1000. Default 5, which AWS does not
    /// document.
    #[schemars(range(min = 4, max = 1000))]
    polls_per_second: Option<u32>,
}

/// Assumption: as many as Kinesis allows; AWS documents the number of readers only.
const POLLS_PER_SECOND: u32 = 5;

/// Largest batch until about 2021: "Amazon DynamoDB Streams - Default 100. Max 1,000" (AWS Lambda API reference, BatchSize, text of
/// 2020).
const FORMER_BATCH: u32 = 1_000;

impl StreamService for DynamoDb {
    /// "AT_TIMESTAMP is supported only for Amazon Kinesis streams, Amazon DocumentDB, Amazon MSK, and self-managed Apache Kafka"
    /// (AWS::Lambda::EventSourceMapping).
    const STRANGE: &'static [&'static str] = &["starting_position_timestamp"];

    fn plan(&self) -> Plan {
        Plan {
            // "Lambda polls shards in your DynamoDB stream for records at a base rate of 4 times per second" (AWS Lambda
            // Developer Guide, "Using AWS Lambda with Amazon DynamoDB").
            polling_interval: Some(SimDuration::from_millis(250)),
            // Assumption: inferred from measured trigger latencies; AWS says "in near-real time".
            propagation: Propagation {
                length: SimDuration::from_millis(90),
                grows: false,
                origin: "inferred from measured trigger latencies",
            },
            // "All data in DynamoDB Streams is subject to a 24-hour lifetime" (Amazon DynamoDB Developer Guide).
            retention_period: SimDuration::from_secs(24 * 3600),
            // GetRecords: "up to 1 MB of data or 1000 stream records, whichever comes first" (DynamoDB Streams API reference).
            poll_records: 1_000,
            poll_bytes: 1024 * 1024,
            // "No more than two processes at most should be reading from the same stream shard at the same time. Having more than two
            // readers per shard can result in throttling" (Amazon DynamoDB Developer Guide).
            readers: 2,
            polls_per_second: self.polls_per_second.unwrap_or(POLLS_PER_SECOND),
            read_bytes: None,
            payload_growth: (1, 1),
            // A table's own write capacity is not modelled.
            write: None,
            on_demand: None,
            shard_count: 1,
            reshard: vec![],
            batching_window: SimDuration::ZERO,
            consumers: None,
            retries_with_destination: None,
            charge: StreamCharge::Free,
        }
    }

    fn keys_of_stream(&self) -> Vec<(&'static str, bool)> {
        vec![("polls_per_second", self.polls_per_second.is_some())]
    }

    fn features(&self, _: &Common, mapping: &MappingSpec) -> Vec<Feature> {
        Feature::used([(Feature::LARGE_BATCHES, mapping.batch_size > FORMER_BATCH)])
    }
}
