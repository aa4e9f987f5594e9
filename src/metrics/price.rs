//! Prices, and what they make of a use: us-east-1, USD, without taxes, as published up to 2026.
//!
//! Every price names its source. "Confirmed": read in AWS's words or in several price tables that agree; "unconfirmed": from
//! a single place, or from memory. Volume is that of one month; what is free each month is taken off only on request.

use crate::platform::Architecture;
use crate::profile::Profile;
use crate::source::Charged;
use crate::time::SimDuration;

/// A request to Lambda. Confirmed: AWS Lambda pricing, "$0.20 per 1M requests".
const REQUEST: f64 = 0.20e-6;

/// Requests that an asynchronous event of `payload_bytes` is charged beyond the first: one for each 64 KB above 256 KB. Unconfirmed:
/// AWS Lambda pricing.
pub fn extra_requests(payload_bytes: u64) -> u64 {
    payload_bytes.saturating_sub(256 * 1024).div_ceil(64 * 1024)
}

/// GB-seconds of a month and the price of each, tier by tier, on x86_64. The first tier is confirmed (AWS Lambda pricing, "first 6
/// billion GB-seconds"); the others are unconfirmed.
const X86_64: [(f64, f64); 3] = [(6e9, 0.000_016_666_7), (9e9, 0.000_015), (f64::INFINITY, 0.000_013_333_4)];
/// A GB-second while durations were billed in steps of 100 ms, without tiers. Confirmed: AWS Lambda pricing, text before December
/// 2020, "$0.00001667 for every GB-second used".
const X86_64_BEFORE_DECEMBER_2020: [(f64, f64); 1] = [(f64::INFINITY, 0.000_016_67)];
/// The same on arm64. The first tier's price is confirmed (AWS Lambda pricing), the rest is unconfirmed.
const ARM64: [(f64, f64); 3] = [(7.5e9, 0.000_013_333_4), (11.25e9, 0.000_012_000_1), (f64::INFINITY, 0.000_010_666_7)];

/// A GB-second of configured provisioned concurrency on x86_64. Confirmed: AWS Lambda pricing.
const PROVISIONED_X86_64: f64 = 0.000_004_166_7;
/// The same on arm64. Unconfirmed.
const PROVISIONED_ARM64: f64 = 0.000_003_333_4;
/// A GB-second of an invocation on provisioned concurrency, on x86_64. Confirmed: AWS Lambda pricing.
const PROVISIONED_DURATION_X86_64: f64 = 0.000_009_722_2;
/// The same on arm64. Unconfirmed.
const PROVISIONED_DURATION_ARM64: f64 = 0.000_007_777_8;
/// Provisioned concurrency is charged in steps of this length, in seconds. Confirmed: AWS Lambda pricing, "rounded up to the nearest 5
/// minutes".
const PROVISIONED_STEP: f64 = 300.0;

/// A GB-second of `/tmp` above 512 MB. Confirmed: AWS Lambda pricing.
const STORAGE: f64 = 0.000_000_030_9;

/// Requests that are free each month. Confirmed: AWS Lambda pricing.
const FREE_REQUESTS: f64 = 1e6;
/// GB-seconds that are free each month. "The Lambda free tier does not apply to functions that have Provisioned Concurrency enabled"
/// (AWS Lambda pricing).
const FREE_GB_SECONDS: f64 = 400_000.0;

/// Seconds of a month: 730 hours, as AWS's own calculations have it.
pub const MONTH: f64 = 730.0 * 3600.0;

/// What a function used, or is expected to use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Sets the price.
    pub architecture: Architecture,
    /// Invocations.
    pub requests: f64,
    /// Memory in GB times billed seconds, on demand.
    pub gb_seconds: f64,
    /// The same on provisioned concurrency.
    pub provisioned_gb_seconds: f64,
    /// Memory of all provisioned environments in GB.
    pub provisioned_gb: f64,
    /// `/tmp` above 512 MB in GB times billed seconds.
    pub storage_gb_seconds: f64,
}

impl Usage {
    /// `times` as many invocations.
    pub fn scaled(self, times: f64) -> Usage {
        Usage {
            requests: self.requests * times,
            gb_seconds: self.gb_seconds * times,
            provisioned_gb_seconds: self.provisioned_gb_seconds * times,
            storage_gb_seconds: self.storage_gb_seconds * times,
            ..self
        }
    }
}

/// What Lambda charges in USD.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bill {
    /// For requests.
    pub requests: f64,
    /// For the time of invocations.
    pub duration: f64,
    /// For provisioned environments, used or not.
    pub provisioned: f64,
    /// For `/tmp` above 512 MB.
    pub storage: f64,
}

impl Bill {
    /// Of an account with `functions`, whose provisioned concurrency is charged for `seconds`, at the prices of `profile`; `free_tier`:
    /// less what is free in a month.
    pub fn of(functions: &[Usage], seconds: f64, profile: Profile, free_tier: bool) -> Bill {
        let sum = |of: &dyn Fn(&Usage) -> f64| functions.iter().map(of).sum::<f64>();
        let may_be_free = |usage: &Usage| free_tier && usage.provisioned_gb == 0.0;
        let freed = |most: f64, of: &dyn Fn(&Usage) -> f64| {
            most.min(sum(&|usage| if may_be_free(usage) { of(usage) } else { 0.0 }))
        };
        let on_demand = |architecture: Architecture| {
            move |usage: &Usage| if usage.architecture == architecture { usage.gb_seconds } else { 0.0 }
        };
        let (x86_64, arm64) = (on_demand(Architecture::X86_64), on_demand(Architecture::Arm64));
        // Assumption: the dearer seconds are the free ones.
        let free_x86_64 = freed(FREE_GB_SECONDS, &x86_64);
        let free_arm64 = freed(FREE_GB_SECONDS - free_x86_64, &arm64);
        let of_x86_64: &[_] = if profile < Profile::December2020 { &X86_64_BEFORE_DECEMBER_2020 } else { &X86_64 };
        Bill {
            requests: (sum(&|usage| usage.requests) - freed(FREE_REQUESTS, &|usage| usage.requests)) * REQUEST,
            duration: tiered(sum(&x86_64) - free_x86_64, of_x86_64)
                + tiered(sum(&arm64) - free_arm64, &ARM64)
                + sum(&|usage| usage.provisioned_gb_seconds * provisioned(usage.architecture).1),
            provisioned: sum(&|usage| usage.provisioned_gb * seconds * provisioned(usage.architecture).0),
            storage: sum(&|usage| usage.storage_gb_seconds) * STORAGE,
        }
    }

    /// All of it.
    pub fn total(&self) -> f64 {
        self.requests + self.duration + self.provisioned + self.storage
    }
}

/// Seconds for which provisioned concurrency is charged in a run of which `elapsed` seconds count; `window` of them are given. Assumption:
/// what the last invocations take beyond is not rounded up, since it is the run that breaks off there.
pub(super) fn provisioned_seconds(window: Option<f64>, elapsed: f64) -> f64 {
    let in_steps = |seconds: f64| (seconds / PROVISIONED_STEP).ceil() * PROVISIONED_STEP;
    window.map_or(in_steps(elapsed), |window| in_steps(window).max(elapsed))
}

/// A GB-second configured, and one of an invocation.
const fn provisioned(architecture: Architecture) -> (f64, f64) {
    match architecture {
        Architecture::X86_64 => (PROVISIONED_X86_64, PROVISIONED_DURATION_X86_64),
        Architecture::Arm64 => (PROVISIONED_ARM64, PROVISIONED_DURATION_ARM64),
    }
}

fn tiered(volume: f64, tiers: &[(f64, f64)]) -> f64 {
    let mut rest = volume;
    let mut cost = 0.0;
    for (size, price) in tiers {
        let here = rest.min(*size);
        cost += here * price;
        rest -= here;
    }
    cost
}

/// Kinesis: an hour of a shard. Confirmed: Amazon Kinesis Data Streams pricing.
const SHARD_HOUR: f64 = 0.015;
/// Kinesis: a PUT payload unit of 25 KB. Price unconfirmed, unit confirmed.
const PUT_UNIT: f64 = 0.014e-6;
const PUT_UNIT_BYTES: u64 = 25 * 1024;
/// Kinesis: an hour of a stream in on-demand mode. Confirmed: Amazon Kinesis Data Streams pricing.
const STREAM_HOUR: f64 = 0.04;
/// Kinesis: a GB written to an on-demand stream, each record rounded up to 1 KB. Price unconfirmed, rounding confirmed.
const ON_DEMAND_GB_IN: f64 = 0.08;
/// Kinesis: a GB read from an on-demand stream; with enhanced fan-out. Unconfirmed.
const ON_DEMAND_GB_OUT: (f64, f64) = (0.04, 0.05);
/// Kinesis: an hour of an enhanced fan-out consumer on a shard, and a GB that it reads. Unconfirmed.
const FAN_OUT: (f64, f64) = (0.015, 0.013);
/// Kinesis: an hour of a shard whose records are kept for more than 24 h. Unconfirmed.
const EXTENDED_SHARD_HOUR: f64 = 0.02;
/// Kafka: an hour of an event poller unit. Confirmed: AWS Lambda Developer Guide, "Kafka event source scaling modes".
const POLLER_UNIT_HOUR: f64 = 0.185;
/// SQS: a request to a FIFO queue. Unconfirmed.
const SQS_FIFO_REQUEST: f64 = 0.50e-6;
/// SQS: a request, one for each 64 KB. Confirmed: Amazon SQS pricing, standard queues.
const SQS_REQUEST: f64 = 0.40e-6;
/// SNS: a publication, one for each 64 KB; the delivery to Lambda is free. Unconfirmed.
const SNS_PUBLICATION: f64 = 0.50e-6;
/// API Gateway: a request to a REST API, first 333 million; what its own limit refuses is not charged. Confirmed: Amazon API Gateway
/// pricing.
const REST_REQUEST: f64 = 3.50e-6;
/// EventBridge: a custom event, one for each 64 KB; AWS's own events and schedules are free. Unconfirmed.
const CUSTOM_EVENT: f64 = 1.00e-6;
/// Bytes of one request to SQS, SNS or EventBridge. Confirmed: their pricing pages, "64 KB chunk".
const CHUNK_BYTES: u64 = 64 * 1024;

/// Pollers of an idle SQS mapping: five, each with a long poll open (AWS Lambda Developer Guide,
/// "Using Lambda with Amazon SQS").
const IDLE_POLLERS: f64 = 5.0;
/// Length in seconds of their long polls.
const LONG_POLL: f64 = 20.0;

/// What a source used of its own service within some hours.
#[derive(Clone, Copy, Debug)]
pub struct SourceUsage<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// What is charged besides events.
    pub charged: &'a Charged,
    /// Events written, published or sent.
    pub events: f64,
    /// Records that were there to be read, from a stream.
    pub readable: f64,
    /// Bytes of each.
    pub payload_bytes: u64,
    /// How long.
    pub hours: f64,
    /// Requests to the service: of Lambda's pollers, or of an API's clients.
    pub requests: f64,
    /// Hours of poller units, beyond those that are always there.
    pub unit_hours: f64,
}

/// What the service of a source charges itself, in USD.
pub fn source_charges(usage: &SourceUsage<'_>) -> f64 {
    let SourceUsage { kind, charged, events, readable, payload_bytes, hours, requests, unit_hours } = *usage;
    let units = |bytes: u64| events * payload_bytes.div_ceil(bytes).max(1) as f64;
    let sqs = |price: f64| {
        let idle_polls = IDLE_POLLERS * hours * 3600.0 / LONG_POLL;
        (units(CHUNK_BYTES) + requests + idle_polls) * price
    };
    match (charged, kind) {
        (Charged::Stream { owned, shards, on_demand, enhanced_fan_out, extended_retention }, _) => {
            let gb_read = readable * payload_bytes as f64 / 1e9;
            let shard_hours = shard_hours(shards, hours);
            let stream = match (owned, on_demand) {
                (false, _) => 0.0,
                (true, true) => hours * STREAM_HOUR + units(1024) * 1024.0 / 1e9 * ON_DEMAND_GB_IN,
                (true, false) => {
                    let kept = if *extended_retention { EXTENDED_SHARD_HOUR } else { 0.0 };
                    shard_hours * (SHARD_HOUR + kept) + units(PUT_UNIT_BYTES) * PUT_UNIT
                }
            };
            let reads = match (on_demand, enhanced_fan_out) {
                (true, false) => gb_read * ON_DEMAND_GB_OUT.0,
                (true, true) => gb_read * ON_DEMAND_GB_OUT.1,
                (false, true) => shard_hours * FAN_OUT.0 + gb_read * FAN_OUT.1,
                (false, false) => 0.0,
            };
            stream + reads
        }
        (Charged::KafkaPollers { least_units }, _) => (f64::from(*least_units) * hours + unit_hours) * POLLER_UNIT_HOUR,
        (Charged::FifoQueue, _) => sqs(SQS_FIFO_REQUEST),
        (Charged::Events, "sqs") => sqs(SQS_REQUEST),
        (Charged::Events, "sns") => units(CHUNK_BYTES) * SNS_PUBLICATION,
        (Charged::Events, "api_gateway") => requests * REST_REQUEST,
        (Charged::Events, "cloudwatch_events") => units(CHUNK_BYTES) * CUSTOM_EVENT,
        // Reads of DynamoDB streams by Lambda are free, and the other services charge nothing for calling it.
        (Charged::Events, _) => 0.0,
    }
}

/// Hours of shards of a stream that has another number of them from each instant on.
fn shard_hours(shards: &[(SimDuration, u32)], hours: f64) -> f64 {
    let from = |place: usize| shards.get(place).map_or(hours, |(from, _)| (from.as_secs_f64() / 3600.0).min(hours));
    (0..shards.len()).map(|place| f64::from(shards[place].1) * (from(place + 1) - from(place))).sum()
}

/// What the charges of a source of `kind` take for granted.
pub(super) fn assumptions(kind: &str, charged: &Charged) -> Vec<&'static str> {
    let mut assumptions = Vec::new();
    if let Charged::Stream { owned, on_demand, enhanced_fan_out, extended_retention, .. } = *charged {
        let unconfirmed = [
            (owned && !on_demand, "the price of a Kinesis PUT payload unit is not confirmed"),
            (
                owned && !on_demand && extended_retention,
                "the price of keeping Kinesis records for longer is not confirmed",
            ),
            (on_demand, "the prices of GB written to and read from on-demand Kinesis streams are not confirmed"),
            (enhanced_fan_out && !on_demand, "the prices of enhanced fan-out are not confirmed"),
        ];
        assumptions.extend(holding(unconfirmed));
    }
    if kind == "sqs" {
        assumptions.push(
            "an SQS mapping always has five long polls of 20 s open, which are charged besides its other requests",
        );
    }
    if *charged == Charged::FifoQueue {
        assumptions.push("the price of requests to SQS FIFO queues is not confirmed");
    }
    if kind == "sns" || kind == "cloudwatch_events" {
        assumptions.push("the prices of SNS publications and EventBridge events are not confirmed");
    }
    assumptions
}

/// What the charges of Lambda itself take for granted, where a function has provisioned concurrency on arm64, and where an asynchronous
/// event is charged as several requests.
pub(super) fn assumptions_of_lambda(provisioned_on_arm64: bool, extra_requests: bool) -> Vec<&'static str> {
    let unconfirmed = [
        (provisioned_on_arm64, "the prices of provisioned concurrency on arm64 are not confirmed"),
        (
            extra_requests,
            "that asynchronous events are charged as one more request for each 64 KB above 256 KB is not confirmed",
        ),
    ];
    holding(unconfirmed).collect()
}

/// Those of which it is true that they hold.
fn holding<const N: usize>(rows: [(bool, &'static str); N]) -> impl Iterator<Item = &'static str> {
    rows.into_iter().filter(|(holds, _)| *holds).map(|(_, assumption)| assumption)
}
