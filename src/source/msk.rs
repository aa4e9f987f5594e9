//! Apache Kafka (Amazon MSK): Lambda's consumers read the partitions of a topic and call the function with batches.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::profile::Feature;
use crate::time::SimDuration;

use super::common::Common;
use super::consumers::ConsumerScaling;
use super::mapping::MappingSpec;
use super::propagation::Propagation;
use super::stream_plan::{ConsumerPlan, Plan, StreamCharge};
use super::streaming::{StreamService, kind};
use super::{KeyProblem, Kind};

pub(super) const KIND: Kind = kind::<Msk>(
    "msk",
    "messages in the partitions of a Kafka topic: Lambda's consumers read them (pull, RequestResponse)",
);

/// `[[source.msk]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Msk {
    /// Partitions of the topic, 1 to 10000. Default 1.
    #[schemars(range(min = 1, max = 10_000))]
    partitions: Option<u32>,
    /// Consumers that are always there, and at most: each takes up to 5 concurrent calls and reads 5 MB a second. Default: on-demand mode, one consumer at
    /// first and up to one a partition.
    provisioned_pollers: Option<ProvisionedPollers>,
    /// How the number of consumers grows and shrinks, `{ factor }`. Default `{ factor = 2 }`, which AWS does not document.
    #[serde(default)]
    consumer_scaling: ConsumerScaling,
    /// How long records are kept. Default `"7d"` (Apache Kafka, log.retention.hours: 168).
    #[schemars(extend("x-minimum" = "1m", "x-maximum" = "365d"))]
    retention_period: Option<SimDuration>,
}

/// `ProvisionedPollerConfig` of a Kafka mapping.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ProvisionedPollers {
    /// 1 to 200. Default 1.
    #[schemars(range(min = 1, max = 200))]
    minimum: u32,
    /// 1 to 2000. Default 200.
    #[schemars(range(min = 1, max = 2000))]
    maximum: u32,
}

impl Default for ProvisionedPollers {
    fn default() -> Self {
        ProvisionedPollers { minimum: 1, maximum: 200 }
    }
}

/// How long records are kept where the scenario does not say.
const RETENTION: SimDuration = SimDuration::from_secs(7 * 24 * 3600);

/// "Each event poller can handle up to 5 MB/sec of throughput or up to 5 concurrent invocations" (AWS Lambda Developer Guide, "Kafka
/// event source scaling").
const CALLS_PER_PROVISIONED_POLLER: u32 = 5;
/// See [`CALLS_PER_PROVISIONED_POLLER`]; no throughput is documented for on-demand mode.
const BYTES_PER_PROVISIONED_POLLER: u64 = 5_000_000;
/// "The maximum number of retries is 10 if you set an on-failure destination and infinite retries" (same guide).
const RETRIES_WITH_DESTINATION: u32 = 10;

impl StreamService for Msk {
    /// Keys of a mapping that AWS does not have for Kafka.
    const STRANGE: &'static [&'static str] =
        &["shard_count", "parallelization_factor", "tumbling_window", "polling_interval"];

    fn plan(&self) -> Plan {
        let (least, most, each) = match self.provisioned_pollers {
            Some(pollers) => (pollers.minimum, pollers.maximum, CALLS_PER_PROVISIONED_POLLER),
            None => (1, u32::MAX, 1),
        };
        let read_bytes = self.provisioned_pollers.map(|_| BYTES_PER_PROVISIONED_POLLER);
        Plan {
            // Consumers wait for records at the broker.
            polling_interval: None,
            propagation: Propagation::NONE,
            retention_period: self.retention_period.unwrap_or(RETENTION),
            poll_records: u64::MAX,
            // Assumption: of what it may read, a second's worth at a time, and its partitions in turn.
            poll_bytes: read_bytes.unwrap_or(u64::MAX),
            readers: 1,
            polls_per_second: 1,
            read_bytes,
            // Records travel in base64.
            payload_growth: (4, 3),
            write: None,
            on_demand: None,
            shard_count: self.partitions.unwrap_or(1),
            reshard: vec![],
            // "For Amazon MSK, ... the default batching window is 500 ms" (AWS::Lambda::EventSourceMapping).
            batching_window: SimDuration::from_millis(500),
            consumers: Some(ConsumerPlan {
                least,
                most,
                each,
                yields: self.provisioned_pollers.is_none(),
                scaling: self.consumer_scaling,
            }),
            retries_with_destination: Some(RETRIES_WITH_DESTINATION),
            charge: self
                .provisioned_pollers
                .map_or(StreamCharge::Free, |pollers| StreamCharge::Pollers(pollers.minimum)),
        }
    }

    fn keys_of_stream(&self) -> Vec<(&'static str, bool)> {
        vec![("partitions", self.partitions.is_some()), ("retention_period", self.retention_period.is_some())]
    }

    fn problems(&self, mapping: &MappingSpec) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        if let Some(pollers) = self.provisioned_pollers.filter(|pollers| pollers.minimum > pollers.maximum) {
            problems.push((
                vec!["provisioned_pollers"],
                format!("`minimum` is {}, above `maximum`, which is {}", pollers.minimum, pollers.maximum),
            ));
        }
        if self.provisioned_pollers.is_none() {
            let given = [
                ("maximum_retry_attempts", mapping.maximum_retry_attempts.0.is_some()),
                ("maximum_record_age", mapping.maximum_record_age.0.is_some()),
                ("bisect_batch_on_function_error", mapping.bisect_batch_on_function_error),
                ("function_response_types", mapping.reports_failures()),
            ];
            for (key, _) in given.into_iter().filter(|(_, given)| *given) {
                problems.push((
                    vec![key],
                    "a Kafka mapping has this in provisioned mode only: set `provisioned_pollers`".into(),
                ));
            }
        }
        problems
    }

    fn features(&self, _: &Common, _: &MappingSpec) -> Vec<Feature> {
        Feature::used([(Feature::KAFKA, true), (Feature::KAFKA_POLLERS, self.provisioned_pollers.is_some())])
    }
}
