//! The keys of a stream and of an event source mapping on it, under AWS's names (AWS::Lambda::EventSourceMapping).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::distribution::DistributionSpec;
use crate::engine::DestinationKind;
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

impl PartitionKeys {
    /// How many.
    pub fn count(self) -> u64 {
        match self {
            PartitionKeys::Count(count) | PartitionKeys::Zipf { count, .. } => count,
        }
    }
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

/// A number of retries, or `-1` or `"unlimited"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries(pub Option<u32>);

/// An age, or `-1` or `"unlimited"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Age(pub Option<SimDuration>);

/// What stands for no limit beside a limit of type `T`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Limited<T> {
    To(T),
    Infinite(i64),
    Word(String),
}

impl<T> Limited<T> {
    fn limit<E: serde::de::Error>(self) -> Result<Option<T>, E> {
        match self {
            Limited::To(limit) => Ok(Some(limit)),
            Limited::Infinite(-1) => Ok(None),
            Limited::Word(word) if word == "unlimited" => Ok(None),
            _ => Err(E::custom("a limit, -1 or \"unlimited\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Retries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Limited::deserialize(deserializer)?.limit().map(Retries)
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Limited::<String>::deserialize(deserializer)? {
            Limited::To(text) if text != "unlimited" => {
                text.parse().map(|age| Age(Some(age))).map_err(D::Error::custom)
            }
            Limited::To(_) => Ok(Age(None)),
            other => other.limit::<D::Error>().map(|_| Age(None)),
        }
    }
}

impl JsonSchema for Retries {
    fn schema_name() -> Cow<'static, str> {
        "Retries".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": -1, "maximum": 10_000 }, { "type": "string", "enum": ["unlimited"] }] })
    }
}

impl JsonSchema for Age {
    fn schema_name() -> Cow<'static, str> {
        "Age".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "x-format": "duration", "x-minimum": "60s", "x-maximum": "7d" },
            { "type": "integer", "enum": [-1] },
            { "type": "string", "enum": ["unlimited"] },
        ] })
    }
}

/// What a function's answer to a batch may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum FunctionResponseType {
    /// Which records of the batch failed.
    ReportBatchItemFailures,
}

/// Where a mapping begins to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum StartingPosition {
    /// With the oldest record of the stream.
    #[default]
    #[serde(rename = "TRIM_HORIZON")]
    TrimHorizon,
    /// With the first record written from now on: what lies in the stream is not read.
    #[serde(rename = "LATEST")]
    Latest,
    /// With the first record written at `starting_position_timestamp` or later (Kinesis and Kafka).
    #[serde(rename = "AT_TIMESTAMP")]
    AtTimestamp,
}

/// Waits between the tries of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// The first wait; each that follows is twice as long.
    #[schemars(extend("x-minimum" = "1ms"))]
    pub base: SimDuration,
    /// No wait is longer.
    #[schemars(extend("x-minimum" = "1ms"))]
    pub cap: SimDuration,
}

impl Backoff {
    /// The wait after so many waits before.
    pub(super) fn wait(&self, before: u32) -> SimDuration {
        self.base.doubled(before, self.cap)
    }
}

impl std::fmt::Display for Backoff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} s x 2^n, at most {} s", self.base.as_secs_f64(), self.cap.as_secs_f64())
    }
}

/// What a producer does when a shard refuses a record (`ProvisionedThroughputExceededException`).
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WriteRetry {
    /// Tries in all, the first included. Default 1000, which `record_ttl` ends before.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub attempts: u32,
    /// The wait before the second try; it doubles with each, drawn from the upper half. Default `"100ms"`.
    #[schemars(extend("x-minimum" = "1ms"))]
    pub base: SimDuration,
    /// No wait is longer. Default `"1s"`.
    #[schemars(extend("x-minimum" = "1ms"))]
    pub cap: SimDuration,
    /// A record that could not be written for so long is dropped. Default `"30s"` (Kinesis Producer Library, RecordTtl: 30000 ms).
    pub record_ttl: SimDuration,
}

impl Default for WriteRetry {
    fn default() -> Self {
        WriteRetry {
            attempts: 1000,
            base: SimDuration::from_millis(100),
            cap: SimDuration::from_secs(1),
            record_ttl: SimDuration::from_secs(30),
        }
    }
}

/// Assumption: AWS documents no waits; a recorded run of the real service (2025-11-25: an always failing batch of one record, 60 s
/// of maximum age, 8 tries) fits 0.25 s and not 0.5 s or 1 s. That they stop growing is an assumption, too.
const RETRY: Backoff = Backoff { base: SimDuration::from_millis(250), cap: SimDuration::from_secs(60) };

/// The mapping's keys, and those of the stream that all stream services share.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MappingSpec {
    /// One more mapping on the stream of this source, instead of `arrivals`; it has a function of its own, and its own copy of
    /// every event.
    pub stream: Option<String>,
    /// Open shards of the stream, 1 to 10000. Default 1.
    #[schemars(range(min = 1, max = 10_000))]
    pub shard_count: Option<u32>,
    /// How many partition keys records have, a number or `{ count, zipf }`. Default: every record its own.
    pub partition_keys: Option<PartitionKeys>,
    /// Records that lie in the stream when the run starts.
    pub backlog: Option<Backlog>,
    /// From the write of a record until it can be read. Default by service.
    pub propagation: Option<DistributionSpec>,
    /// Largest number of records in a batch, 1 to 10000. Default 100.
    #[schemars(range(min = 1, max = 10_000))]
    pub batch_size: u32,
    /// How long records are gathered before the function is called, `"0s"` to `"300s"`. Default `"0s"`, as soon as there are
    /// records; for Kafka `"500ms"`.
    #[schemars(extend("x-maximum" = "300s"))]
    pub maximum_batching_window: Option<SimDuration>,
    /// Batches of one shard in flight at once, 1 to 10; order is kept per partition key. Default 1.
    #[schemars(range(min = 1, max = 10))]
    pub parallelization_factor: u32,
    /// `"TRIM_HORIZON"` (default): from the oldest record; `"LATEST"`: only what is written from now on; `"AT_TIMESTAMP"`: what was
    /// written at `starting_position_timestamp` or later (not DynamoDB).
    pub starting_position: StartingPosition,
    /// An instant of the calendar, such as `"2026-01-04T23:00:00Z"`, not after the scenario's `start`.
    #[schemars(extend("x-format" = "timestamp"))]
    pub starting_position_timestamp: Option<String>,
    /// Retries of a batch after function errors, 0 to 10000, or `-1` or `"unlimited"` (default): until its records expire.
    /// Throttles use up none.
    pub maximum_retry_attempts: Retries,
    /// Records older than this are discarded instead of tried, `"60s"` to `"7d"`, or `-1` or `"unlimited"` (default).
    pub maximum_record_age: Age,
    /// How long a batch that failed or was throttled waits, `{ base, cap }`. Default `{ base = "250ms", cap = "60s" }`, which AWS
    /// does not document.
    pub retry_backoff: Backoff,
    /// Whether a failed batch is split in two, which uses up no retry. Default false.
    pub bisect_batch_on_function_error: bool,
    /// `["ReportBatchItemFailures"]`: the function says which records failed; those before the first are done. Default: none.
    #[schemars(extend("maxItems" = 1))]
    pub function_response_types: Vec<FunctionResponseType>,
    /// Length of tumbling windows, `"1s"` to `"15m"`: a batch lies within one, and each ends with a call of its own. Default `"0s"`:
    /// none.
    #[schemars(extend("x-maximum" = "15m"))]
    pub tumbling_window: SimDuration,
    /// Share of the records that pass the mapping's filters, 0 to 1; the others are never part of a batch. Default 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub filter_pass_rate: f64,
    /// Where a message goes when a batch is given up: `"sqs"`, `"sns"` or `"s3"`. Default: nowhere.
    pub on_failure: Option<DestinationKind>,
    /// Time from one poll of a shard to the next. Default by service; a shard of Kinesis answers five polls a second.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "1h"))]
    pub polling_interval: Option<SimDuration>,
    /// When each shard is first polled, or its records are first pushed. Default: at random within one interval, or `"0s"` where
    /// records are pushed.
    pub polling_phase: Option<SimDuration>,
}

impl Default for MappingSpec {
    fn default() -> Self {
        MappingSpec {
            stream: None,
            shard_count: None,
            partition_keys: None,
            backlog: None,
            propagation: None,
            batch_size: 100,
            maximum_batching_window: None,
            parallelization_factor: 1,
            starting_position: StartingPosition::TrimHorizon,
            starting_position_timestamp: None,
            maximum_retry_attempts: Retries(None),
            maximum_record_age: Age(None),
            retry_backoff: RETRY,
            bisect_batch_on_function_error: false,
            function_response_types: vec![],
            tumbling_window: SimDuration::ZERO,
            filter_pass_rate: 1.0,
            on_failure: None,
            polling_interval: None,
            polling_phase: None,
        }
    }
}

impl MappingSpec {
    /// The length of its tumbling windows, where it has any.
    pub fn tumbling_window(&self) -> Option<SimDuration> {
        (!self.tumbling_window.is_zero()).then_some(self.tumbling_window)
    }

    /// Whether the function's answer says which records failed.
    pub fn reports_failures(&self) -> bool {
        !self.function_response_types.is_empty()
    }
}
