//! Amazon Kinesis Data Streams: Lambda polls each shard and calls the function with batches of records.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::profile::Feature;
use crate::time::SimDuration;

use super::common::Common;
use super::mapping::{MappingSpec, WriteRetry};
use super::propagation::Propagation;
use super::resharding::OnDemandGrowth;
use super::stream_plan::{Plan, StreamCharge};
use super::streaming::{StreamService, kind};
use super::{KeyProblem, Kind};

pub(super) const KIND: Kind = kind::<Kinesis>(
    "kinesis",
    "records in the shards of a stream: Lambda polls each once a second (pull, RequestResponse)",
);

/// "Each shard can support up to 1 MB/sec or 1,000 records/sec write throughput" (Kinesis Developer Guide, "Quotas and limits").
const SHARD_RECORDS: u64 = 1_000;
/// See [`SHARD_RECORDS`].
const SHARD_BYTES: u64 = 1024 * 1024;

/// Largest record until late 2025, when it became 10 MiB: "The maximum size of the data payload of a record before base64-encoding
/// is up to 1 MB" (same page, text of 2023).
const FORMER_RECORD: u64 = 1024 * 1024;

/// `[[source.kinesis]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Kinesis {
    /// How long records are kept, `"24h"` to `"8760h"`. Default `"24h"` (AWS::Kinesis::Stream, RetentionPeriodHours).
    #[schemars(extend("x-minimum" = "24h", "x-maximum" = "8760h"))]
    retention_period: Option<SimDuration>,
    /// Whether the stream makes room for its load by itself, from 4 shards on, instead of having `shard_count`. Default false.
    on_demand: Option<bool>,
    /// How an on-demand stream makes room, `{ period, factor }`. Default `{ period = "15m", factor = 2 }`, a rule that AWS does not
    /// document.
    on_demand_growth: Option<OnDemandGrowth>,
    /// When the stream gets another number of shards: at most twice as many or half as many, at most 10 times in 24 hours.
    reshard: Option<Vec<Reshard>>,
    /// Whether the mapping is a consumer with enhanced fan-out: records are pushed to it as soon as they can be read, with
    /// throughput of its own. Default false.
    #[serde(default)]
    enhanced_fan_out: bool,
    /// What producers do when a shard refuses a record.
    write_retry: Option<WriteRetry>,
}

/// A change of the number of shards.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reshard {
    /// When.
    at: SimDuration,
    /// Shards from then on.
    #[schemars(range(min = 1, max = 10_000))]
    shard_count: u32,
}

/// Changes of the number of shards in [`RESHARD_PERIOD`]: what a stream cannot do is "scale more than ten times per rolling 24-hour
/// period" (Kinesis API reference, UpdateShardCount).
const RESHARDS: usize = 10;
/// See [`RESHARDS`].
const RESHARD_PERIOD: SimDuration = SimDuration::from_secs(24 * 3600);

/// How long records are kept where the scenario does not say.
const RETENTION: SimDuration = SimDuration::from_secs(24 * 3600);

impl Kinesis {
    fn is_on_demand(&self) -> bool {
        self.on_demand.unwrap_or(false)
    }

    fn reshards(&self) -> &[Reshard] {
        self.reshard.as_deref().unwrap_or_default()
    }
}

impl StreamService for Kinesis {
    fn plan(&self) -> Plan {
        Plan {
            // "Lambda polls each shard in your Kinesis stream for records using HTTP protocol ... at a base rate of once per
            // second" (AWS Lambda Developer Guide, "Using Lambda to process records from Kinesis").
            polling_interval: (!self.enhanced_fan_out).then_some(SimDuration::from_secs(1)),
            // "An average of around 200 ms if you have one consumer ... 1000 ms if you have five"; with enhanced fan-out "typically an
            // average of 70 ms" (Kinesis Developer Guide, "Develop enhanced fan-out consumers"). Assumption: in between in proportion.
            propagation: Propagation {
                length: SimDuration::from_millis(if self.enhanced_fan_out { 70 } else { 200 }),
                grows: !self.enhanced_fan_out,
                origin: "AWS's typical figure",
            },
            retention_period: self.retention_period.unwrap_or(RETENTION),
            // GetRecords: "up to 10 MiB of data", "up to 10,000 records" (Kinesis API reference).
            poll_records: 10_000,
            poll_bytes: 10 * 1024 * 1024,
            // "Each shard can support up to five read transactions per second", of all that poll it (Kinesis Developer Guide, "Quotas and limits").
            readers: 1,
            polls_per_second: 5,
            // "Up to a maximum total data read rate of 2 MB per second" of a shard, or of a shard and consumer with enhanced
            // fan-out (Kinesis Developer Guide, "Quotas and limits").
            read_bytes: Some(2 * 1024 * 1024),
            // Records travel in base64.
            payload_growth: (4, 3),
            write: Some((SHARD_RECORDS, SHARD_BYTES, self.write_retry.clone().unwrap_or_default())),
            on_demand: self.is_on_demand().then(|| self.on_demand_growth.unwrap_or_default()),
            // "By default, new data streams created with the on-demand capacity mode have 4 MB/s of write throughput" (same guide).
            shard_count: if self.is_on_demand() { 4 } else { 1 },
            reshard: self.reshards().iter().map(|reshard| (reshard.at, reshard.shard_count)).collect(),
            batching_window: SimDuration::ZERO,
            consumers: None,
            retries_with_destination: None,
            charge: StreamCharge::Kinesis,
        }
    }

    fn keys_of_stream(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("retention_period", self.retention_period.is_some()),
            ("on_demand", self.on_demand.is_some()),
            ("on_demand_growth", self.on_demand_growth.is_some()),
            ("reshard", self.reshard.is_some()),
            ("write_retry", self.write_retry.is_some()),
        ]
    }

    fn problems(&self, mapping: &MappingSpec) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        if self.is_on_demand() && mapping.shard_count.is_some() {
            problems.push((vec!["shard_count"], "an on-demand stream has no `shard_count` of its own to set".into()));
        }
        if self.is_on_demand() && !self.reshards().is_empty() {
            problems.push((vec!["reshard"], "an on-demand stream reshards by itself".into()));
        }
        if !self.is_on_demand() && self.on_demand_growth.is_some() {
            problems.push((vec!["on_demand_growth"], "goes with `on_demand = true` only".into()));
        }
        if self.enhanced_fan_out && mapping.polling_interval.is_some() {
            problems.push((vec!["polling_interval"], "a consumer with enhanced fan-out does not poll".into()));
        }
        let mut before = mapping.shard_count.unwrap_or(1);
        let mut last = SimDuration::ZERO;
        for reshard in self.reshards() {
            // "You can't scale up to more than double your current shard count"; nor "below half" (Kinesis API reference,
            // UpdateShardCount).
            if reshard.shard_count > 2 * before || 2 * reshard.shard_count < before {
                problems.push((
                    vec!["reshard"],
                    format!(
                        "from {before} to {} shards; a reshard at most doubles or halves them",
                        reshard.shard_count
                    ),
                ));
            }
            if reshard.at < last {
                problems
                    .push((vec!["reshard"], format!("instants must ascend, and {} comes after {last}", reshard.at)));
            }
            (before, last) = (reshard.shard_count, reshard.at);
        }
        let many = self.reshards().windows(RESHARDS + 1);
        let mut ends = many.filter_map(|reshards| Some((reshards.first()?.at, reshards.last()?.at)));
        if let Some((first, last)) = ends.find(|(first, last)| last.saturating_sub(*first) < RESHARD_PERIOD) {
            problems.push((
                vec!["reshard"],
                format!(
                    "{} reshards from {first} to {last}; a stream takes at most {RESHARDS} in {RESHARD_PERIOD}",
                    RESHARDS + 1
                ),
            ));
        }
        problems
    }

    fn features(&self, common: &Common, _: &MappingSpec) -> Vec<Feature> {
        Feature::used([
            (Feature::ON_DEMAND_STREAMS, self.is_on_demand()),
            (Feature::LARGE_RECORDS, common.payload_bytes() > FORMER_RECORD),
        ])
    }
}
