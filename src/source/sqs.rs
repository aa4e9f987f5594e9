//! Amazon SQS: Lambda's pollers receive messages from a standard or FIFO queue and call the function with batches of them.
//!
//! A message is hidden while it is worked on. Lambda deletes it when the function succeeds; otherwise it is visible again after
//! the visibility timeout, until it was received too often and moves to the dead-letter queue, or is too old.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::arrivals::ArrivalsSpec;
use crate::distribution::DistributionSpec;
use crate::engine::{DestinationKind, InvocationType};
use crate::inputs::InputError;
use crate::profile::{Feature, Rules};
use crate::time::{SimDuration, SimTime};

use super::common::Common;
use super::mapping::{Backlog, Backoff, FunctionResponseType, PartitionKeys};
use super::pollers::{CEILING, POLLER_BATCHES, PollerScaling, Pollers};
use super::queue::{Plan, Queue};
use super::{Charged, Definition, EventSource, Figures, KeyProblem, Kind, Mode, Shape, Site, merged};

pub(super) const KIND: Kind = Kind {
    name: "sqs",
    mode: Mode::Pull,
    about: "messages of a standard or FIFO queue: Lambda receives up to 10 at a time (pull, RequestResponse)",
    schema: |generator| merged(vec![Common::json_schema(generator), Sqs::json_schema(generator)]),
    read: |table| {
        let wrong = |error: toml::de::Error| error.message().to_owned();
        let common: Common = table.clone().try_into().map_err(wrong)?;
        let keys: Sqs = table.try_into().map_err(wrong)?;
        Ok(Box::new(SqsDefinition { common, keys }))
    },
};

/// Most messages of one ReceiveMessage: "Valid values: 1 to 10" (SQS API reference, MaxNumberOfMessages); so, too, the largest
/// batch of a FIFO queue, and the largest without a window.
pub(super) const MOST_RECEIVED: u32 = 10;
/// Largest message: 1 MiB since August 2025 (SQS Developer Guide, "Amazon SQS message quotas").
const MESSAGE_PAYLOAD: u64 = 1024 * 1024;
/// And before: 256 KiB (same page, text of 2023).
const FORMER_MESSAGE_PAYLOAD: u64 = 256 * 1024;
/// Messages of a standard queue in flight, about 120,000 (SQS Developer Guide, "Amazon SQS message quotas").
const MOST_IN_FLIGHT: u64 = 120_000;
/// Assumption: waits between the tries of a throttled batch; AWS documents none.
const RETRY: Backoff = Backoff { base: SimDuration::from_secs(1), cap: SimDuration::from_secs(20) };
/// What Lambda adds to the batching window and the function's timeout where together they exceed the visibility timeout, and sets
/// the visibility timeout of what it receives to the sum (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", text of
/// 2023).
const VISIBILITY_RESERVE: SimDuration = SimDuration::from_secs(30);

/// Pollers that stand ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ProvisionedPollers {
    /// Least number, 2 to 200. Default 2 (AWS::Lambda::EventSourceMapping, ProvisionedPollerConfig).
    #[schemars(range(min = 2, max = 200))]
    minimum: u64,
    /// Greatest number, 2 to 10000. Default 200 (same type).
    #[schemars(range(min = 2, max = 10_000))]
    maximum: u64,
}

impl Default for ProvisionedPollers {
    fn default() -> Self {
        ProvisionedPollers { minimum: 2, maximum: 200 }
    }
}

/// Where the limit of calls of a FIFO queue applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
enum FifoThroughputLimit {
    /// 300 calls of ReceiveMessage a second for the whole queue.
    #[default]
    #[serde(rename = "perQueue")]
    PerQueue,
    /// High throughput: no limit that a queue of this size meets.
    #[serde(rename = "perMessageGroupId")]
    PerMessageGroupId,
}

/// `[[source.sqs]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
struct Sqs {
    /// Whether the queue is a FIFO queue. Default false: standard.
    fifo: bool,
    /// How many message groups a FIFO queue has, a number or `{ count, zipf }`. Default: every message its own.
    message_groups: Option<PartitionKeys>,
    /// `"perQueue"`: a FIFO queue answers at most 300 receives of up to 10 messages a second; `"perMessageGroupId"`: high
    /// throughput, no such limit. Default `"perQueue"` (AWS::SQS::Queue, FifoThroughputLimit).
    fifo_throughput_limit: FifoThroughputLimit,
    /// How long a received message is hidden, up to `"12h"`. Default `"30s"` (AWS::SQS::Queue, VisibilityTimeout).
    #[schemars(extend("x-maximum" = "12h"))]
    visibility_timeout: SimDuration,
    /// After how many receives a message moves to the dead-letter queue instead, 1 to 1000. Default: no dead-letter queue.
    #[schemars(range(min = 1, max = 1000))]
    max_receive_count: Option<u32>,
    /// How long a new message is hidden, up to `"15m"`. Default `"0s"` (AWS::SQS::Queue, DelaySeconds).
    #[schemars(extend("x-maximum" = "15m"))]
    delay: SimDuration,
    /// How long messages are kept, `"60s"` to `"14d"`. Default `"4d"` (AWS::SQS::Queue, MessageRetentionPeriod).
    #[schemars(extend("x-minimum" = "60s", "x-maximum" = "14d"))]
    retention_period: SimDuration,
    /// Most batches in flight at once, 2 to 1000. Default: none, at most 1250 (AWS::Lambda::EventSourceMapping, ScalingConfig).
    #[schemars(range(min = 2, max = 1000))]
    maximum_concurrency: Option<u64>,
    /// Pollers that stand ready, `{ minimum, maximum }`: each at most 10 batches at once, 10 receives and 1 MB a second. Default:
    /// none, Lambda provides pollers as needed.
    provisioned_pollers: Option<ProvisionedPollers>,
    /// How the number of batches in flight grows and shrinks, `{ step, minimum, decrease_factor, reset }`. Default `{ step = "10s",
    /// minimum = 2, decrease_factor = 0.5, reset = "60s" }`, which AWS does not document.
    poller_scaling: PollerScaling,
    /// Largest number of messages in a batch, 1 to 10000, of a FIFO queue at most 10; above 10 with a window of at least 1 s.
    /// Default 10 (AWS::Lambda::EventSourceMapping, BatchSize).
    #[schemars(range(min = 1, max = 10_000))]
    batch_size: u32,
    /// How long messages are gathered before the function is called, up to `"300s"`; standard queues only. Default `"0s"`: not at
    /// all.
    #[schemars(extend("x-maximum" = "300s"))]
    maximum_batching_window: SimDuration,
    /// `["ReportBatchItemFailures"]`: the function says which messages of a batch failed. Default: a batch fails as a whole.
    function_response_types: Vec<FunctionResponseType>,
    /// Probability that a message passes the mapping's filter, 0 to 1; others are deleted. Default 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    filter_pass_rate: f64,
    /// How long a throttled batch waits, `{ base, cap }`. Default `{ base = "1s", cap = "20s" }`, which AWS does not document.
    retry_backoff: Backoff,
    /// Messages that lie in the queue when the run starts.
    backlog: Option<Backlog>,
    /// From the sending of a message until it is in the queue. Default `"0s"`.
    propagation: DistributionSpec,
    /// When the pollers first call the queue. Default `"0s"`.
    polling_phase: SimDuration,
}

impl Default for Sqs {
    fn default() -> Self {
        Sqs {
            fifo: false,
            message_groups: None,
            fifo_throughput_limit: FifoThroughputLimit::default(),
            visibility_timeout: SimDuration::from_secs(30),
            max_receive_count: None,
            delay: SimDuration::ZERO,
            retention_period: SimDuration::from_secs(4 * 24 * 3600),
            maximum_concurrency: None,
            provisioned_pollers: None,
            poller_scaling: PollerScaling::default(),
            batch_size: 10,
            maximum_batching_window: SimDuration::ZERO,
            function_response_types: vec![],
            filter_pass_rate: 1.0,
            retry_backoff: RETRY,
            backlog: None,
            propagation: SimDuration::ZERO.into(),
            polling_phase: SimDuration::ZERO,
        }
    }
}

#[derive(Debug)]
struct SqsDefinition {
    common: Common,
    keys: Sqs,
}

/// Where redriven messages go.
static DEAD_LETTER_QUEUE: DestinationKind = DestinationKind::Sqs;

impl Definition for SqsDefinition {
    fn common(&self) -> &Common {
        &self.common
    }

    fn invocation_type(&self) -> InvocationType {
        InvocationType::RequestResponse
    }

    fn figures(&self) -> Figures {
        Figures { response: false, backlog: true, iterator_age: false, latency: true }
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        vec![(vec!["propagation"], &self.keys.propagation)]
    }

    fn shape(&self) -> Shape {
        let provisioned = self.keys.provisioned_pollers.map(|pollers| POLLER_BATCHES * pollers.maximum);
        let groups = self.keys.message_groups.map_or(u64::MAX, PartitionKeys::count);
        Shape::Batches {
            at_once: self.keys.maximum_concurrency.or(provisioned).unwrap_or(CEILING).min(groups),
            batch_size: self.keys.batch_size,
            pass_rate: self.keys.filter_pass_rate,
            in_order: self.keys.fifo,
            tries: self.keys.max_receive_count,
            has_backlog: self.keys.backlog.is_some(),
        }
    }

    fn problems(&self) -> Vec<KeyProblem> {
        let Sqs { fifo, batch_size, maximum_batching_window: window, retention_period, .. } = self.keys;
        let mut problems: Vec<KeyProblem> = vec![];
        let mut add = |key: &'static str, what: &str| problems.push((vec![key], what.to_owned()));
        if fifo && batch_size > MOST_RECEIVED {
            add("batch_size", "a batch of a FIFO queue holds at most 10 messages");
        } else if batch_size > MOST_RECEIVED && window < SimDuration::from_secs(1) {
            add("batch_size", "a batch of more than 10 messages needs a `maximum_batching_window` of at least 1 s");
        }
        if fifo && !window.is_zero() {
            add("maximum_batching_window", "a FIFO queue has no batching window");
        }
        if fifo && self.common.duplicate_rate > 0.0 {
            // "FIFO queues do not introduce duplicate messages" (SQS Developer Guide, "Exactly-once processing").
            add("duplicate_rate", "a FIFO queue brings no message twice");
        }
        if !fifo && self.keys.message_groups.is_some() {
            add("message_groups", "a standard queue has no message groups; set `fifo = true`");
        }
        if !fifo && self.keys.fifo_throughput_limit != FifoThroughputLimit::PerQueue {
            add("fifo_throughput_limit", "a standard queue has no such limit; set `fifo = true`");
        }
        if self.keys.maximum_concurrency.is_some() && self.keys.provisioned_pollers.is_some() {
            add("maximum_concurrency", "not together with `provisioned_pollers`");
        }
        if self.keys.provisioned_pollers.is_some_and(|pollers| pollers.minimum > pollers.maximum) {
            add("provisioned_pollers", "the minimum of pollers is above their maximum");
        }
        if self.common.payload_bytes() > MESSAGE_PAYLOAD {
            add("payload_size", "a message of SQS holds at most 1 MiB");
        }
        if let Some(backlog) = self.keys.backlog.filter(|backlog| backlog.age >= retention_period) {
            let age = backlog.age;
            let gone = format!("messages {age} old are no longer there: the queue keeps them for {retention_period}");
            problems.push((vec!["backlog", "age"], gone));
        }
        match &self.common.arrivals {
            None if self.keys.backlog.is_none() => {
                let nothing = "this source has neither `arrivals` nor a `backlog`: where do its messages come from?";
                problems.push((vec![], nothing.into()));
            }
            Some(ArrivalsSpec::Clients { .. }) => {
                let waits = "a closed loop of clients needs answers to wait for: synchronous sources only";
                problems.push((vec!["arrivals", "clients"], waits.into()));
            }
            Some(ArrivalsSpec::Trace(trace)) if trace.target_column.is_some() => {
                let one = "a queue's mapping calls one function, its `target`";
                problems.push((vec!["arrivals", "trace", "target_column"], one.into()));
            }
            _ => {}
        }
        problems
    }

    fn problems_with(&self, function_timeout: SimDuration) -> Vec<KeyProblem> {
        // "Queue visibility timeout: ... seconds is less than Function timeout: ... seconds": so AWS refuses the mapping.
        let visibility = self.keys.visibility_timeout;
        if function_timeout <= visibility {
            return vec![];
        }
        let longer = format!(
            "the function may run for {function_timeout}, longer than the queue's visibility timeout of {visibility}"
        );
        vec![(vec!["visibility_timeout"], longer)]
    }

    fn features(&self) -> Vec<Feature> {
        let keys = &self.keys;
        Feature::used([
            (Feature::FIFO_QUEUES, keys.fifo),
            (Feature::QUEUE_WINDOWS, !keys.maximum_batching_window.is_zero()),
            (Feature::QUEUE_RESPONSES, !keys.function_response_types.is_empty()),
            (Feature::FILTERS, keys.filter_pass_rate < 1.0),
            (Feature::MAXIMUM_CONCURRENCY, keys.maximum_concurrency.is_some()),
            (Feature::LARGE_MESSAGES, self.common.payload_bytes() > FORMER_MESSAGE_PAYLOAD),
            (Feature::PROVISIONED_POLLERS, keys.provisioned_pollers.is_some()),
        ])
    }

    fn advice(&self, timeout: SimDuration, reserved: Option<u64>, _: &Rules) -> Vec<String> {
        let mut advice = Vec::new();
        // "Set your queue's visibility timeout to at least six times your function timeout, plus the value of
        // MaximumBatchingWindowInSeconds" (AWS Lambda Developer Guide, "Configuring a queue to use with Lambda").
        let advised = timeout.saturating_mul(6) + self.keys.maximum_batching_window;
        if self.keys.visibility_timeout < advised {
            advice.push(format!(
                "the visibility timeout is {}; AWS advises six times the function's timeout plus the batching window, {advised}",
                self.keys.visibility_timeout
            ));
        }
        // "Set reserved concurrency to at least 5" (same guide).
        if let Some(reserved) = reserved.filter(|reserved| (1..5).contains(reserved)) {
            advice.push(format!("the function has {reserved} reserved; AWS advises at least 5 for a queue"));
        }
        advice
    }

    fn backlog(&self, _start: DateTime<Utc>) -> u64 {
        self.keys.backlog.map_or(0, |backlog| backlog.events)
    }

    fn charged(&self) -> Charged {
        if self.keys.fifo { Charged::FifoQueue } else { Charged::Events }
    }

    fn destinations(&self) -> Vec<(&'static str, &DestinationKind)> {
        self.keys.max_receive_count.iter().map(|_| ("dead_letter_queue", &DEAD_LETTER_QUEUE)).collect()
    }

    fn assumptions(&self) -> Vec<String> {
        let PollerScaling { step, minimum, decrease_factor, reset } = self.keys.poller_scaling;
        let minimum =
            if self.keys.provisioned_pollers.is_some() { "their minimum".into() } else { minimum.to_string() };
        let mut assumptions = vec![
            "a message is received as soon as it is visible and a poller is free: long polls end at once".to_owned(),
            format!(
                "pollers of a queue are added every {step} while messages wait and none of their calls is throttled, and back at their start after {reset} of an empty queue: AWS documents the rate a minute only"
            ),
            format!(
                "function errors (without ReportBatchItemFailures) and throttles bring a queue's concurrent batches down to {decrease_factor} of them, at most once in {reset} and not below {minimum}: AWS documents that they are reduced"
            ),
            format!(
                "a throttled batch of a queue is sent again after {}: not documented by AWS",
                self.keys.retry_backoff
            ),
            "a queue's concurrent batches never exceed the account's concurrent executions".to_owned(),
            "messages stay hidden while their invocation runs, even past the visibility timeout; SQS would hand them out again"
                .to_owned(),
        ];
        if self.keys.fifo {
            assumptions.push("messages sent to a FIFO queue are never held up by its limit of calls".to_owned());
        }
        if self.keys.provisioned_pollers.is_some() {
            assumptions.push("provisioned pollers of a queue share their limits of throughput".to_owned());
        }
        assumptions
    }

    fn build(&self, site: Site<'_>) -> Result<Box<dyn EventSource>, InputError> {
        let keys = &self.keys;
        let window = keys.maximum_batching_window;
        let needed = window + site.function_timeout;
        let visibility = if !window.is_zero() && needed > keys.visibility_timeout {
            needed + VISIBILITY_RESERVE
        } else {
            keys.visibility_timeout
        };
        let pollers = match keys.provisioned_pollers {
            Some(ProvisionedPollers { minimum, maximum }) => {
                Pollers::provisioned(minimum, maximum, keys.poller_scaling)
            }
            None => {
                // Assumption: Lambda does not poll for more than the account can run at once; a function's reserve it does not heed.
                let most = [keys.maximum_concurrency, site.account_concurrency].into_iter().flatten().min();
                Pollers::on_demand(site.rules.sqs_growth_per_minute, most, keys.poller_scaling)
            }
        };
        let plan = Plan {
            fifo: keys.fifo,
            limited: keys.fifo && keys.fifo_throughput_limit == FifoThroughputLimit::PerQueue,
            message_groups: keys.message_groups,
            most_in_flight: if keys.fifo { site.rules.fifo_in_flight } else { MOST_IN_FLIGHT },
            visibility,
            max_receive_count: keys.max_receive_count,
            delay: keys.delay,
            retention: keys.retention_period,
            batch_size: keys.batch_size,
            window,
            answer: keys.function_response_types.first().map(|_| site.batch_item_failures),
            filter_pass_rate: keys.filter_pass_rate,
            backoff: keys.retry_backoff,
            backlog: keys.backlog.unwrap_or(Backlog { events: 0, age: SimDuration::ZERO }),
            begins: SimTime::ZERO + keys.polling_phase,
            pollers,
        };
        Ok(Box::new(Queue::new(plan, &self.common, &keys.propagation, site)?))
    }
}
