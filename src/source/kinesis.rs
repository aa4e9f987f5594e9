//! Amazon Kinesis Data Streams: Lambda polls each shard and calls the function with batches of records.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::time::SimDuration;

use super::Kind;
use super::shard::{Plan, StreamService, kind};

pub(super) const KIND: Kind = kind::<Kinesis>(
    "kinesis",
    "records in the shards of a stream: Lambda polls each once a second (pull, RequestResponse)",
);

/// `[[source.kinesis]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Kinesis {
    /// How long records are kept, `"24h"` to `"8760h"`. Default `"24h"` (AWS::Kinesis::Stream, RetentionPeriodHours).
    #[serde(default = "day")]
    #[schemars(extend("x-minimum" = "24h", "x-maximum" = "8760h"))]
    retention_period: SimDuration,
}

fn day() -> SimDuration {
    SimDuration::from_secs(24 * 3600)
}

impl StreamService for Kinesis {
    fn plan(&self) -> Plan {
        Plan {
            // "Lambda polls each shard in your Kinesis stream for records using HTTP protocol ... at a base rate of once per
            // second" (AWS Lambda Developer Guide, "Using Lambda to process records from Kinesis").
            polling_interval: SimDuration::from_secs(1),
            // "an average of around 200 ms if you have one consumer" (Kinesis Developer Guide, "Building consumers").
            propagation: SimDuration::from_millis(200).into(),
            retention_period: self.retention_period,
            // GetRecords: "up to 10 MiB of data", "up to 10,000 records" (Kinesis API reference).
            poll_records: 10_000,
            poll_bytes: 10 * 1024 * 1024,
            // Records travel in base64.
            payload_growth: (4, 3),
        }
    }
}
