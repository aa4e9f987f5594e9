//! What a scenario says of the account and of each function, under AWS's own names in snake case.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::distribution::DistributionSpec;
use crate::engine::{BatchItemFailures, DestinationKind};
use crate::profile::Feature;
use crate::recording::Claim;
use crate::time::SimDuration;
use crate::units::Size;

use super::runtime::{PackageType, Runtime};

/// `[account]`: limits of the account in its Region.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSpec {
    /// Concurrent executions of all functions together, or `"unlimited"`. Default 1000 (AWS Lambda Developer Guide, "Lambda
    /// quotas": concurrent executions, default quota 1,000).
    pub concurrent_executions: Limit,
    /// Environments that all functions of the Region may get at once, where the profile has such a limit (before November 2023).
    /// Default 3000, that of the largest Regions (500 and 1000 elsewhere).
    #[schemars(range(min = 1, max = 1_000_000))]
    pub burst_concurrency: Option<u64>,
    /// Times in which Lambda's own service answers 500, so that callers and senders have to try again.
    pub service_outages: Vec<ServiceOutage>,
    /// Invocations of one chain of requests after which the next is stopped, 2 to 255. Default 16: "approximately 16 times" (AWS
    /// Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops").
    #[schemars(range(min = 2, max = 255))]
    pub recursive_loop_limit: u8,
    /// Whether the monthly free tier is taken off the cost: 1 million requests and 400,000 GB-seconds. Default false.
    pub free_tier: bool,
}

/// A time in which Lambda's service is out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceOutage {
    /// Its first instant.
    pub from: SimDuration,
    /// The first instant after it.
    pub to: SimDuration,
}

/// Assumption: exactly 16, and all functions of the chain count together.
pub(super) const RECURSIVE_LOOP_LIMIT: u8 = 16;

impl Default for AccountSpec {
    fn default() -> Self {
        AccountSpec {
            concurrent_executions: Limit::Count(1000),
            burst_concurrency: None,
            service_outages: vec![],
            recursive_loop_limit: RECURSIVE_LOOP_LIMIT,
            free_tier: false,
        }
    }
}

/// A count, or `"unlimited"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Limit {
    /// At most so many.
    Count(u64),
    /// No limit.
    Unlimited(Unlimited),
}

/// The word `"unlimited"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Unlimited {
    /// No limit.
    #[serde(rename = "unlimited")]
    Unlimited,
}

impl Limit {
    /// The count, where there is a limit.
    pub const fn count(self) -> Option<u64> {
        match self {
            Limit::Count(count) => Some(count),
            Limit::Unlimited(_) => None,
        }
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 10_000_000 }, { "type": "string", "enum": ["unlimited"] }] })
    }
}

/// The instruction set of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// AWS Graviton.
    Arm64,
}

/// Which of several idle environments serves the next invocation. AWS does not document it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// The one used last: 99.6 % of choices in logs of 29,746 real calls (us-east-1, 2020).
    #[default]
    MostRecent,
    /// The one idle longest.
    LeastRecent,
    /// The one created first.
    Oldest,
    /// The one created last.
    Newest,
    /// Any, equally likely.
    Random,
}

/// What Lambda does about a chain of requests that comes back again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum RecursiveLoop {
    /// Stops it.
    #[default]
    Terminate,
    /// Lets it go on, until the run is over.
    Allow,
}

/// A time in which a function fails more often.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// Its first instant.
    pub from: SimDuration,
    /// The first instant after it.
    pub to: SimDuration,
    /// Probability that an invocation which starts within it ends in a function error. Default 1.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub error_rate: f64,
}

fn certain() -> f64 {
    1.0
}

/// `[function.NAME.event_invoke_config]`: what happens to asynchronous events (AWS::Lambda::EventInvokeConfig).
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventInvokeConfig {
    /// Retries after a function error, 0 to 2. Default 2.
    #[schemars(range(min = 0, max = 2))]
    pub maximum_retry_attempts: u32,
    /// How long an event may wait in the queue, `"60s"` to `"6h"`. Default `"6h"`.
    #[schemars(extend("x-minimum" = "60s", "x-maximum" = "6h"))]
    pub maximum_event_age: SimDuration,
    /// Where a message goes when an event is given up: `"sqs"`, `"sns"`, `"s3"` or `"eventbridge"`.
    pub on_failure: Option<DestinationKind>,
    /// Where a message goes when an event was processed: `"sqs"`, `"sns"` or `"eventbridge"`.
    pub on_success: Option<DestinationKind>,
    /// Where an event goes when it is given up: `"sqs"` or `"sns"`.
    pub dead_letter_queue: Option<DestinationKind>,
    /// Time from Lambda's 202 to the first attempt of an event that finds the function free. Default: log-normal, median
    /// 40 ms, 99th percentile 110 ms (inferred from published measurements of 2022).
    pub queue_delay: Option<DistributionSpec>,
    /// The waits of an event whose tries are throttled grow by this factor, from 1 s to 5 minutes; 1.1 to 300. Default 2.
    #[schemars(range(min = 1.1, max = 300.0))]
    pub throttle_backoff_factor: f64,
}

impl Default for EventInvokeConfig {
    fn default() -> Self {
        EventInvokeConfig {
            maximum_retry_attempts: 2,
            maximum_event_age: SimDuration::from_secs(21_600),
            on_failure: None,
            on_success: None,
            dead_letter_queue: None,
            queue_delay: None,
            throttle_backoff_factor: THROTTLE_BACKOFF_FACTOR,
        }
    }
}

/// Assumption: the waits double, as an emulator validated against the service has it; AWS documents the ends.
const THROTTLE_BACKOFF_FACTOR: f64 = 2.0;

/// Assumption: time from Lambda's 202 to the first attempt. Bitesize Serverless, "Serverless Messaging: Latency Compared"
/// (2022): asynchronous less synchronous Step Functions calls, 41 to 43 ms at the median, 57 to 63 ms at the 99th percentile of
/// the differences; the tail is widened, since quantiles do not subtract.
pub const DEFAULT_QUEUE_DELAY: DistributionSpec =
    DistributionSpec::lognormal(SimDuration::from_millis(40), SimDuration::from_millis(110));

/// Assumption: the Init phase where the scenario does not say. STeLLAR (IISWC 2021), AWS: cold 448 ms median and about 670 ms at the
/// 99th percentile, less the 44 ms of a warm call and the platform's share of 275 ms.
pub const DEFAULT_INIT: DistributionSpec =
    DistributionSpec::lognormal(SimDuration::from_millis(129), SimDuration::from_millis(351));

/// Assumption: what it takes to start from a snapshot where the scenario does not say: an estimate; no figures are documented.
pub const DEFAULT_RESTORE: DistributionSpec = DistributionSpec::Constant(SimDuration::from_millis(200));

/// Memory that a function could have before December 2020: 3,008 MB.
const FORMER_MEMORY: u32 = 3_008;

/// Storage in `/tmp` that every function has: 512 MB.
pub const LEAST_STORAGE: Size = Size(512_000_000);

/// `[function.NAME]`: a function's settings and how its handler behaves.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionSpec {
    /// Handler time of an invocation, without cold start. Required; may be `"0s"`.
    pub duration: DistributionSpec,
    /// Added once for each record of a batch. Default `"0s"`.
    #[serde(default)]
    pub duration_per_record: SimDuration,
    /// What a cold start adds before the handler; with `snap_start`, the restore. Default: with `runtime`, what was measured for it
    /// and 275 ms for the platform; without, these and log-normal, median 129 ms, 99th percentile 351 ms (STeLLAR 2021). "The Init
    /// phase is limited to 10 seconds" (AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle"); a
    /// longer one is run again as a part of the invocation. A restore takes at most 10 s.
    #[serde(default)]
    pub init_duration: Option<DistributionSpec>,
    /// What runs the code, such as `"python3.13"`: sets how long a cold start takes where `init_duration` is not given.
    #[serde(default)]
    pub runtime: Option<Runtime>,
    /// How the code is packed, `"Zip"` (default) or `"Image"`: an image starts more slowly.
    #[serde(default)]
    pub package_type: PackageType,
    /// Whether cold starts restore a snapshot instead of initialising (SnapStart: Java, Python, .NET). Default false.
    #[serde(default)]
    pub snap_start: bool,
    /// Memory in MB, 128 to 10240. Default 128.
    #[serde(default = "least_memory")]
    #[schemars(range(min = 128, max = 10_240))]
    pub memory_size: u32,
    /// Share of the handler's time that is computing, 0 to 1, and so depends on memory: durations are stated at 1,769 MB, which
    /// comes with one CPU (AWS Lambda Developer Guide, "Configure Lambda function memory"); with less, this share takes 1,769 MB /
    /// `memory_size` times as long, with more as much less as `threads` have CPUs. Default 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub cpu_bound: f64,
    /// Threads that compute at once, 1 to 6: with more memory than 1,769 MB, as many of its CPUs make the computing share faster.
    /// Default 1.
    #[serde(default = "one_thread")]
    #[schemars(range(min = 1, max = 6))]
    pub threads: u32,
    /// Size of `/tmp`, `"512MB"` (default) to `"10240MB"`; what is above 512 MB is charged.
    #[serde(default = "least_storage")]
    #[schemars(extend("x-minimum" = "512MB", "x-maximum" = "10240MB"))]
    pub ephemeral_storage: Size,
    /// Instruction set, `"x86_64"` (default) or `"arm64"`; it sets the price.
    #[serde(default)]
    pub architecture: Architecture,
    /// Longest handler time, `"1s"` to `"15m"`; an invocation that reaches it ends in a function error. Default `"3s"`.
    #[serde(default = "default_timeout")]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "15m"))]
    pub timeout: SimDuration,
    /// Probability that an invocation ends in a function error, 0 to 1. Default 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub error_rate: f64,
    /// Probability that an invocation ends in a crash of the runtime, 0 to 1: a function error after which the environment has to
    /// initialise again, within its next invocation. Default 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub crash_rate: f64,
    /// What the handler answers where its event source mapping asks for the records that failed: `"poisoned"` (default) names the
    /// poisoned records, `"none"` names none, `"throws"` fails, `"malformed"` is no valid answer.
    #[serde(default)]
    pub batch_item_failures: BatchItemFailures,
    /// Handler time of an invocation that ends in a function error. Default: as `duration`.
    #[serde(default)]
    pub error_duration: Option<DistributionSpec>,
    /// Times in which another error rate holds.
    #[serde(default)]
    pub outages: Vec<Outage>,
    /// Concurrency kept for this function, which is also its limit; 0 stops the function. Default: none, it shares the
    /// account's.
    #[serde(default)]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub reserved_concurrent_executions: Option<u64>,
    /// Environments that are made ahead of calls and kept; part of the reserve, where there is one. Default: none.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub provisioned_concurrent_executions: Option<u64>,
    /// Time from instant 0 until all provisioned environments are ready; before, none serves a call. Default: 1 minute of
    /// preparation, and 6,000 environments a minute (AWS Lambda Developer Guide, "Configuring provisioned concurrency").
    #[serde(default)]
    pub provisioned_allocation: Option<SimDuration>,
    /// New environments that the function gets within 10 s, refilled continuously, or `"unlimited"`. Default by profile; 1000
    /// since November 2023 (AWS Lambda Developer Guide, "Lambda scaling behavior": "1,000 execution environment instances every
    /// 10 seconds"), before that the Region's burst.
    #[serde(default)]
    pub scaling_rate: Option<Limit>,
    /// How long an idle environment is kept. Default `"10m"` (measured, not documented).
    #[serde(default = "keep_alive")]
    pub keep_alive: DistributionSpec,
    /// How long an environment lives at most; it is shut down when idle. Default: no limit.
    #[serde(default)]
    pub max_lifetime: Option<DistributionSpec>,
    /// Which idle environment is taken: `most_recent` (default), `least_recent`, `oldest`, `newest`, `random`.
    #[serde(default)]
    pub reuse: Reuse,
    /// `"Terminate"` (default): Lambda does not invoke the function in a chain of requests that is longer than the account's
    /// `recursive_loop_limit`; `"Allow"`: it does, for ever where nothing else ends it (AWS::Lambda::Function, RecursiveLoop).
    #[serde(default)]
    pub recursive_loop: RecursiveLoop,
    /// What happens to asynchronous events.
    #[serde(default)]
    pub event_invoke_config: Option<EventInvokeConfig>,
}

fn least_memory() -> u32 {
    128
}
/// Assumption: a handler computes in one thread, so that more than one CPU makes it no faster.
fn one_thread() -> u32 {
    1
}
fn least_storage() -> Size {
    LEAST_STORAGE
}
fn default_timeout() -> SimDuration {
    SimDuration::from_secs(3)
}
/// Assumption: idle environments live 10 minutes. Shilkov, "AWS Lambda: Cold Starts After 10 Minutes" (2019); STeLLAR (2021),
/// footnote 5.
fn keep_alive() -> DistributionSpec {
    DistributionSpec::Constant(SimDuration::from_secs(600))
}

impl FunctionSpec {
    /// What it uses that Lambda did not always have.
    pub fn features(&self) -> Vec<Feature> {
        let default = EventInvokeConfig::default();
        let config = self.event_invoke_config.as_ref().unwrap_or(&default);
        let asynchronous = config.maximum_retry_attempts != default.maximum_retry_attempts
            || config.maximum_event_age != default.maximum_event_age
            || config.on_failure.is_some()
            || config.on_success.is_some();
        Feature::used([
            (Feature::ASYNCHRONOUS_CONFIG, asynchronous),
            (Feature::PROVISIONED_CONCURRENCY, self.provisioned_concurrent_executions.is_some()),
            (Feature::LARGE_MEMORY, self.memory_size > FORMER_MEMORY),
            (Feature::IMAGES, self.package_type == PackageType::Image),
            (Feature::ARM64, self.architecture == Architecture::Arm64),
            (Feature::EPHEMERAL_STORAGE, self.ephemeral_storage > LEAST_STORAGE),
            (Feature::SNAP_START, self.snap_start),
        ])
    }

    /// What the function has of the account's concurrency for itself.
    pub fn claim(&self) -> Claim {
        Claim { reserved: self.reserved_concurrent_executions, provisioned: self.provisioned_concurrent_executions }
    }

    /// The distributions of the function with the key of each.
    pub fn distributions(&self) -> Vec<(&'static [&'static str], &DistributionSpec)> {
        let queue_delay = self.event_invoke_config.as_ref().and_then(|config| config.queue_delay.as_ref());
        let optional: [(&'static [&'static str], Option<&DistributionSpec>); 6] = [
            (&["duration"], Some(&self.duration)),
            (&["init_duration"], self.init_duration.as_ref()),
            (&["error_duration"], self.error_duration.as_ref()),
            (&["keep_alive"], Some(&self.keep_alive)),
            (&["max_lifetime"], self.max_lifetime.as_ref()),
            (&["event_invoke_config", "queue_delay"], queue_delay),
        ];
        optional.into_iter().filter_map(|(key, spec)| spec.map(|spec| (key, spec))).collect()
    }
}
