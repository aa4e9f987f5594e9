//! Sources that Lambda polls in shards: from the keys of a stream and of a mapping on it to the running machine (`shard`).
//!
//! What differs between services is in their [`Plan`]. Several mappings may share one stream: each has its own copy of every
//! event, and its own function; what they share is the stream's read limits.

use std::collections::VecDeque;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::arrivals::{Arrivals, ArrivalsSpec};
use crate::distribution::DistributionSpec;
use crate::engine::{DestinationKind, InvocationType};
use crate::inputs::InputError;
use crate::profile::{Feature, Rules};
use crate::time::{SECOND, SimDuration, SimTime};
use crate::units::Size;

use super::coming::Coming;
use super::common::Common;
use super::consumers::{ConsumerScaling, Consumers, units_of};
use super::lane::{Cut, Policy};
use super::mapping::{Backlog, MappingSpec, PartitionKeys, StartingPosition};
use super::partition::Keys;
use super::poison::Poison;
use super::producers::WriteLimit;
use super::reads::ReadLimit;
use super::resharding::{OnDemandGrowth, Resharding};
use super::shard::{Polling, Pull, Setting};
use super::stream::{self, Filter, Stream};
use super::stream_plan::{ConsumerPlan, Plan, StreamCharge};
use super::window::Windows;
use super::{Charged, Definition, EventSource, Figures, KeyProblem, Kind, Mode, Shape, Site, merged};

/// 0 to 900 whole seconds, 0 for none (AWS Lambda API reference, TumblingWindowInSeconds).
const SHORTEST_TUMBLING_WINDOW: SimDuration = SimDuration::from_secs(1);

/// Largest payload of a batch: "the 6 MB payload limit" ends a batch (AWS Lambda Developer Guide, "How Lambda processes records
/// from stream and queue-based event sources").
const BATCH_PAYLOAD: u64 = 6 * 1024 * 1024;

/// The keys of a stream service.
pub(super) trait StreamService:
    std::fmt::Debug + Send + Sync + JsonSchema + for<'de> Deserialize<'de> + 'static
{
    /// Keys of mappings that this service does not have.
    const STRANGE: &'static [&'static str] = &[];
    /// What it fixes.
    fn plan(&self) -> Plan;
    /// Those of its own keys that belong to the stream, and whether the scenario gives them.
    fn keys_of_stream(&self) -> Vec<(&'static str, bool)> {
        vec![]
    }
    /// What no single key can show to be wrong.
    fn problems(&self, _mapping: &MappingSpec) -> Vec<KeyProblem> {
        vec![]
    }
    /// What it uses that it did not always have, besides what all mappings on streams have.
    fn features(&self, _common: &Common, _mapping: &MappingSpec) -> Vec<Feature> {
        vec![]
    }
}

/// The kind of a stream service.
pub(super) const fn kind<T: StreamService>(name: &'static str, about: &'static str) -> Kind {
    Kind {
        name,
        mode: Mode::Pull,
        about,
        schema: |generator| {
            let mut mapping = MappingSpec::json_schema(generator);
            if let Some(serde_json::Value::Object(keys)) = mapping.get_mut("properties") {
                keys.retain(|key, _| !T::STRANGE.contains(&key.as_str()));
            }
            merged(vec![Common::json_schema(generator), mapping, T::json_schema(generator)])
        },
        read: |table| {
            let wrong = |error: toml::de::Error| error.message().to_owned();
            let common: Common = table.clone().try_into().map_err(wrong)?;
            let mapping: MappingSpec = table.clone().try_into().map_err(wrong)?;
            let service: T = table.try_into().map_err(wrong)?;
            let plan = service.plan();
            let stream = StreamSpec::new(name_of::<T>(), &common, &mapping, plan.clone());
            let mut problems = service.problems(&mapping);
            if mapping.stream.is_some() {
                // What is said of a key that the mapping cannot have need not be said as well.
                let strange = strange_keys(&common, &mapping, service.keys_of_stream());
                problems.retain(|(keys, _)| strange.iter().all(|(key, _)| !keys.starts_with(key)));
                problems.extend(strange);
            }
            let features = service.features(&common, &mapping);
            Ok(Box::new(StreamDefinition { problems, features, common, plan, stream, mapping }))
        },
    }
}

/// What a mapping cannot say of a stream that is another source's.
fn strange_keys(common: &Common, mapping: &MappingSpec, service: Vec<(&'static str, bool)>) -> Vec<KeyProblem> {
    let given = [
        ("arrivals", common.arrivals.is_some()),
        ("payload_size", common.payload_size.is_some()),
        ("backlog", mapping.backlog.is_some()),
        ("partition_keys", mapping.partition_keys.is_some()),
        ("shard_count", mapping.shard_count.is_some()),
    ];
    let problem = |key| (vec![key], format!("`{key}` belongs to the stream, and `stream` names another source's"));
    given.into_iter().chain(service).filter(|(_, given)| *given).map(|(key, _)| problem(key)).collect()
}

fn name_of<T>() -> &'static str {
    std::any::type_name::<T>()
}

/// A stream as its source describes it; mappings that share it take it over.
#[derive(Clone, Debug)]
pub struct StreamSpec {
    /// What makes two streams of one kind.
    service: &'static str,
    arrivals: Option<ArrivalsSpec>,
    payload: u64,
    shard_count: u32,
    partition_keys: Option<PartitionKeys>,
    backlog: Backlog,
    plan: Plan,
    /// The source that owns the stream, where it is another one.
    owner: Option<String>,
    /// Mappings that poll it.
    consumers: u32,
}

impl StreamSpec {
    /// Whether its own source polls it, and is not pushed its records.
    pub fn is_polled(&self) -> bool {
        self.plan.polling_interval.is_some()
    }

    fn new(service: &'static str, common: &Common, mapping: &MappingSpec, plan: Plan) -> StreamSpec {
        StreamSpec {
            service,
            arrivals: common.arrivals.clone(),
            payload: common.payload_bytes(),
            shard_count: mapping.shard_count.unwrap_or(plan.shard_count),
            partition_keys: mapping.partition_keys,
            backlog: mapping.backlog.unwrap_or(Backlog { events: 0, age: SimDuration::ZERO }),
            plan,
            owner: None,
            consumers: 1,
        }
    }
}

#[derive(Debug)]
struct StreamDefinition {
    common: Common,
    mapping: MappingSpec,
    plan: Plan,
    stream: StreamSpec,
    problems: Vec<KeyProblem>,
    /// What its service did not always have.
    features: Vec<Feature>,
}

impl StreamDefinition {
    /// From write to readable.
    fn propagation(&self) -> DistributionSpec {
        let usual = || self.plan.propagation.with(self.stream.consumers).into();
        self.mapping.propagation.clone().unwrap_or_else(usual)
    }

    /// Time between polls of a shard; none where records are pushed.
    fn polling_interval(&self) -> Option<SimDuration> {
        self.plan.polling_interval.map(|interval| self.mapping.polling_interval.unwrap_or(interval))
    }

    /// How long a batch waits for more records.
    fn batching_window(&self) -> SimDuration {
        self.mapping.maximum_batching_window.unwrap_or(self.plan.batching_window)
    }

    /// Records of a batch: as many as may be and as its payload holds; at least one, though Lambda could not hand it over.
    fn most_records(&self) -> u32 {
        let (grown, of) = self.plan.payload_growth;
        let most = BATCH_PAYLOAD * of / grown / self.stream.payload;
        most.clamp(1, u64::from(self.mapping.batch_size)) as u32
    }

    /// Bytes of a record in the payload of a call.
    fn record_in_call(&self) -> Size {
        let (grown, of) = self.plan.payload_growth;
        Size((self.stream.payload * grown).div_ceil(of))
    }

    /// Records that one poll moves: as many as may be and as its bytes hold.
    fn poll_records(&self) -> u64 {
        self.plan.poll_records.min(self.plan.poll_bytes / self.stream.payload).max(1)
    }

    /// Retries of a batch after function errors; none: until its records expire.
    fn most_retries(&self) -> Option<u32> {
        let with_destination = self.plan.retries_with_destination.filter(|_| self.mapping.on_failure.is_some());
        self.mapping.maximum_retry_attempts.0.or(with_destination)
    }

    /// Where on the calendar the mapping begins to read, if the scenario says it.
    fn starts_at(&self) -> Option<DateTime<Utc>> {
        self.mapping.starting_position_timestamp.as_ref().and_then(|text| text.parse().ok())
    }

    /// Whether the mapping begins with what was written so long before `start`, or earlier.
    fn begins_before(&self, age: SimDuration, start: DateTime<Utc>) -> bool {
        let reach = self.starts_at().and_then(|from| (start - from).num_nanoseconds()).unwrap_or(i64::MAX);
        i128::from(reach) >= i128::from(age.nanos())
    }
}

impl Definition for StreamDefinition {
    fn common(&self) -> &Common {
        &self.common
    }

    fn invocation_type(&self) -> InvocationType {
        InvocationType::RequestResponse
    }

    fn figures(&self) -> Figures {
        Figures { response: false, backlog: true, iterator_age: true, latency: true }
    }

    fn is_endless(&self) -> bool {
        self.stream.arrivals.as_ref().is_some_and(ArrivalsSpec::is_endless)
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        self.mapping.propagation.iter().map(|spec| (vec!["propagation"], spec)).collect()
    }

    fn shared_stream(&self) -> Option<&str> {
        self.mapping.stream.as_deref()
    }

    fn stream(&self) -> Option<&StreamSpec> {
        Some(&self.stream)
    }

    fn share_stream(&mut self, stream: &StreamSpec, owner: Option<&str>, consumers: u32) -> Result<(), String> {
        if stream.service != self.stream.service {
            return Err("a mapping reads a stream of its own kind".into());
        }
        self.stream = StreamSpec { owner: owner.map(str::to_owned), consumers, ..stream.clone() };
        Ok(())
    }

    fn shape(&self) -> Shape {
        let (stream, mapping) = (&self.stream, &self.mapping);
        let changes = stream.plan.on_demand.is_some() || !stream.plan.reshard.is_empty();
        if changes || stream.owner.is_some() || self.plan.consumers.is_some() || mapping.tumbling_window().is_some() {
            return Shape::Other;
        }
        Shape::Lanes {
            shards: stream.shard_count,
            lanes: mapping.parallelization_factor,
            batch_size: self.most_records(),
            polling_interval: self.polling_interval(),
            poll_records: self.poll_records(),
            window: self.batching_window(),
            pass_rate: mapping.filter_pass_rate,
            keys: stream.partition_keys,
            // Records that become too old may be given up after the first.
            tries: match mapping.maximum_record_age.0 {
                Some(_) => Some(1),
                None => self.most_retries().map(|retries| retries + 1),
            },
            has_backlog: stream.backlog.events > 0,
        }
    }

    fn problems(&self) -> Vec<KeyProblem> {
        let mut problems = self.problems.clone();
        let kept = self.plan.retention_period;
        if let Some(backlog) =
            self.mapping.backlog.filter(|backlog| backlog.age >= kept && self.mapping.stream.is_none())
        {
            let gone = format!("records {} old are no longer there: the stream keeps them for {kept}", backlog.age);
            problems.push((vec!["backlog", "age"], gone));
        }
        if !matches!(
            self.mapping.on_failure,
            None | Some(DestinationKind::Sqs | DestinationKind::Sns | DestinationKind::S3)
        ) {
            problems.push((vec!["on_failure"], "a stream's mapping sends to \"sqs\", \"sns\" or \"s3\"".into()));
        }
        if self.mapping.tumbling_window().is_some()
            && (self.stream.plan.on_demand.is_some() || !self.stream.plan.reshard.is_empty())
        {
            // "If you increase or decrease the number of shards, ... windows of the parent shard are ended" leaves the rest open.
            problems.push((vec!["tumbling_window"], "not together with resharding".into()));
        }
        if self.mapping.tumbling_window().is_some_and(|window| window < SHORTEST_TUMBLING_WINDOW) {
            let what = format!(
                "a tumbling window lasts \"1s\" to \"15m\", or \"0s\" for none; this one {}",
                self.mapping.tumbling_window
            );
            problems.push((vec!["tumbling_window"], what));
        }
        let at_timestamp = self.mapping.starting_position == StartingPosition::AtTimestamp;
        match (at_timestamp, &self.mapping.starting_position_timestamp) {
            (true, None) => problems.push((
                vec!["starting_position"],
                "\"AT_TIMESTAMP\" needs a `starting_position_timestamp`, which Kinesis and Kafka have".into(),
            )),
            (false, Some(_)) => problems.push((
                vec!["starting_position_timestamp"],
                "goes with `starting_position = \"AT_TIMESTAMP\"` only".into(),
            )),
            _ => {}
        }
        match &self.common.arrivals {
            _ if self.mapping.stream.is_some() => {}
            None if self.mapping.backlog.is_none() => problems.push((
                vec![],
                "this source has neither `arrivals` nor a `backlog`: where do its records come from?".into(),
            )),
            Some(ArrivalsSpec::Clients { .. }) => problems.push((
                vec!["arrivals", "clients"],
                "a closed loop of clients needs answers to wait for: synchronous sources only".into(),
            )),
            Some(ArrivalsSpec::Trace(trace)) if trace.target_column.is_some() => problems.push((
                vec!["arrivals", "trace", "target_column"],
                "a stream's mapping calls one function, its `target`".into(),
            )),
            _ => {}
        }
        problems
    }

    fn problems_from(&self, start: DateTime<Utc>) -> Vec<KeyProblem> {
        // "The date can't be in the future" (AWS::Lambda::EventSourceMapping, StartingPositionTimestamp).
        match self.starts_at() {
            Some(from) if from > start => {
                let late = "lies after the `start` of the scenario, when the mapping begins to read";
                vec![(vec!["starting_position_timestamp"], late.into())]
            }
            _ => vec![],
        }
    }

    fn features(&self) -> Vec<Feature> {
        let mapping = &self.mapping;
        let failures = mapping.maximum_retry_attempts.0.is_some()
            || mapping.maximum_record_age.0.is_some()
            || mapping.bisect_batch_on_function_error
            || mapping.on_failure.is_some();
        let of_mapping = Feature::used([
            (Feature::PARALLELIZATION_FACTOR, mapping.parallelization_factor > 1),
            (Feature::STREAM_FAILURES, failures),
            (Feature::TUMBLING_WINDOWS, mapping.tumbling_window().is_some()),
            (Feature::STREAM_RESPONSES, mapping.reports_failures()),
            (Feature::FILTERS, mapping.filter_pass_rate < 1.0),
        ]);
        [self.features.clone(), of_mapping].concat()
    }

    fn advice(&self, timeout: SimDuration, _reserved: Option<u64>, _: &Rules) -> Vec<String> {
        let mut advice = Vec::new();
        // "event source mappings for Amazon MSK, self-managed Apache Kafka ... only support functions with maximum timeout limits of
        // 14 minutes" (AWS Lambda Developer Guide, "Configuring Amazon MSK event sources for Lambda").
        let longest = SimDuration::from_secs(14 * 60);
        if self.plan.consumers.is_some() && timeout > longest {
            advice.push(format!("the function's timeout is {timeout}; AWS supports at most {longest} for Kafka"));
        }
        // "Each shard can support up to five read transactions per second" (Kinesis Developer Guide, "Quotas and limits").
        let shortest = SimDuration::from_nanos(SECOND / u64::from(self.plan.polls_per_second.max(1)));
        if let Some(interval) = self.polling_interval().filter(|interval| *interval < shortest) {
            advice.push(format!(
                "a shard is polled every {interval}; the service answers a poll every {shortest} at most"
            ));
        }
        let (record, most) = (self.record_in_call(), Size(BATCH_PAYLOAD));
        if record > most {
            advice.push(format!(
                "a record takes {record} in a call, and Lambda at most {most}: it could never be handed over; here it is a batch of its own"
            ));
        }
        advice
    }

    fn backlog(&self, start: DateTime<Utc>) -> u64 {
        let Backlog { events, age } = self.stream.backlog;
        let is_read = match self.mapping.starting_position {
            StartingPosition::TrimHorizon => true,
            StartingPosition::AtTimestamp => self.begins_before(age, start),
            StartingPosition::Latest => false,
        };
        if is_read { events } else { 0 }
    }

    fn charged(&self) -> Charged {
        match self.plan.charge {
            StreamCharge::Free => Charged::Events,
            StreamCharge::Pollers(pollers) => Charged::KafkaPollers { least_units: units_of(pollers) },
            StreamCharge::Kinesis => Charged::Stream {
                owned: self.stream.owner.is_none(),
                shards: [&[(SimDuration::ZERO, self.stream.shard_count)][..], &self.stream.plan.reshard].concat(),
                on_demand: self.stream.plan.on_demand.is_some(),
                enhanced_fan_out: self.plan.polling_interval.is_none(),
                extended_retention: self.stream.plan.retention_period > SimDuration::from_secs(24 * 3600),
            },
        }
    }

    fn destinations(&self) -> Vec<(&'static str, &DestinationKind)> {
        self.mapping.on_failure.iter().map(|kind| ("on_failure", kind)).collect()
    }

    fn assumptions(&self) -> Vec<String> {
        let mut assumptions =
            vec![format!("stream retry back-off {}: not documented by AWS", self.mapping.retry_backoff)];
        assumptions.push(if let Some(ConsumerPlan { scaling: ConsumerScaling { factor }, .. }) = self.plan.consumers {
            format!(
                "the consumers of a Kafka mapping grow {factor} times as many each minute in which records wait, shrink likewise where none do or, on demand, calls were throttled, and are dealt the partitions in turn: not documented by AWS"
            )
        } else {
            "a freed lane takes what was read already, else waits for the next poll: not documented by AWS".into()
        });
        if self.mapping.propagation.is_none() {
            assumptions.extend(self.plan.propagation.assumption(self.stream.consumers));
        }
        if self.plan.consumers.is_some() && self.plan.read_bytes.is_some() {
            assumptions.push("a provisioned poller of Kafka reads its partitions in turn, at most two seconds' worth at once: AWS documents 5 MB a second".into());
        }
        if self.plan.readers > 1 && self.stream.consumers > 1 {
            assumptions.push(format!(
                "each of the {} readers that a shard is made for may poll it {} times a second: AWS documents their number only",
                self.plan.readers, self.stream.plan.polls_per_second
            ));
        }
        if self.mapping.parallelization_factor > 1 {
            assumptions
                .push("partition keys are hashed evenly over the lanes of a shard: not documented by AWS".into());
        }
        if let Some((_, _, retry)) = &self.plan.write {
            assumptions.push(format!(
                "a producer whose write is refused tries again after {} ms, doubling to {} ms, until {} s have passed: the default of the Kinesis Producer Library for the end, not documented by AWS for the waits",
                retry.base.nanos() as f64 / 1e6,
                retry.cap.nanos() as f64 / 1e6,
                retry.record_ttl.as_secs_f64()
            ));
        }
        if let Some(OnDemandGrowth { period, factor }) = self.plan.on_demand {
            assumptions.push(format!(
                "an on-demand stream looks at its load every {period} and makes room for {factor} times as much: AWS documents 15m and 2, not the rule"
            ));
        }
        assumptions
    }

    fn build(&self, site: Site<'_>) -> Result<Box<dyn EventSource>, InputError> {
        let (mapping, spec, plan) = (&self.mapping, &self.stream, &self.stream.plan);
        // The records of a shared stream are the same for all that read it.
        let key = spec.owner.as_deref().map_or(site.key, |owner| (site.key_of)(owner));
        let none = ArrivalsSpec::At(vec![]);
        let arrivals = spec.arrivals.as_ref().unwrap_or(&none);
        let until = site.until.unwrap_or(SimTime::NEVER);
        let arrivals = Arrivals::new(arrivals, until, key.named("arrivals"), site.inputs, site.functions)?;
        let backlog = self.backlog(site.start);
        let skipped = spec.backlog.events - backlog;
        let at = |after: &SimDuration| SimTime::ZERO + *after;
        let resharding = if let Some(growth) = plan.on_demand {
            Some(Resharding::OnDemand { growth, next: SimTime::ZERO + growth.period, records: 0 })
        } else {
            let moments: VecDeque<_> = plan.reshard.iter().map(|(after, shards)| (at(after), *shards)).collect();
            (!moments.is_empty()).then_some(Resharding::Planned(moments))
        };
        let keys = Keys::new(spec.partition_keys, key, mapping.parallelization_factor);
        let stream = Stream::new(stream::Parts {
            source: site.id,
            coming: Coming::new(arrivals, keys, skipped, backlog),
            lanes: mapping.parallelization_factor,
            filter: Filter { pass_rate: mapping.filter_pass_rate, key: site.key },
            propagation: (site.sampler)(&self.propagation()),
            key: key.named("propagation"),
            shards: spec.shard_count,
            backlog_age: spec.backlog.age,
            write_limit: plan.write.clone().map(|(records, bytes, retry)| WriteLimit {
                records,
                bytes,
                record_bytes: spec.payload,
                retry,
            }),
            resharding,
        });
        let owner = spec.owner.as_deref().unwrap_or(site.name);
        let interval = self.polling_interval();
        let read_limit =
            ReadLimit::new(plan.polls_per_second * self.plan.readers.min(spec.consumers).max(1), self.plan.read_bytes);
        // Enhanced fan-out has its own throughput; everybody else shares the shard's.
        let reads = if interval.is_some() { site.reads.of(owner) } else { Rc::default() };
        let setting = Setting {
            id: site.id,
            target: site.target,
            key: site.key,
            permission: self.common.permission,
            polling: match interval {
                Some(interval) => Polling::Every { interval, phase: mapping.polling_phase },
                None => Polling::Pushed { from: mapping.polling_phase.unwrap_or(SimDuration::ZERO) },
            },
            shares_polls: interval.is_some() && spec.consumers > 1,
            read_limit,
            retention: plan.retention_period,
            poll_records: self.poll_records(),
            record_bytes: spec.payload,
            lanes: mapping.parallelization_factor,
            cut: Cut {
                most: self.most_records() as usize,
                window: self.batching_window(),
                window_opens_with_a_record: self.plan.consumers.is_some(),
                tumbling: mapping
                    .tumbling_window()
                    .map(|width| Windows::new(width, site.start.timestamp(), (backlog, spec.backlog.age))),
            },
            policy: Policy {
                maximum_retry_attempts: self.most_retries(),
                maximum_record_age: mapping.maximum_record_age.0,
                bisect: mapping.bisect_batch_on_function_error,
                backoff: mapping.retry_backoff,
            },
            answer: mapping.reports_failures().then_some(site.batch_item_failures),
            duplicate_rate: self.common.duplicate_rate,
            consumers: self.plan.consumers.map(|plan| Consumers::new(plan, spec.shard_count)),
            on_failure: (site.destination)("on_failure"),
            // Without a set end of emission the last arrival ends the window of statistics, and must be met on time.
            eager: site.watched || site.until.is_none(),
        };
        Ok(Box::new(Pull::new(setting, stream, reads, Poison::new(&self.common, site.key))))
    }
}
