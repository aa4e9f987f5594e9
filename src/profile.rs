//! Profiles: dated sets of what Lambda did then, so that one scenario runs under the rules of different years.
//!
//! A profile changes rules and figures only. A key that AWS did not have at its date is taken as it is, and the report says
//! so: a scenario may ask what a later feature would have changed under older rules.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::time::SimDuration;

/// A dated set of AWS's rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum Profile {
    /// The Lambda of the seed document.
    #[serde(rename = "2018")]
    Year2018,
    /// Lambda in November 2019.
    #[serde(rename = "2019-11")]
    November2019,
    /// Lambda in December 2020.
    #[serde(rename = "2020-12")]
    December2020,
    /// Lambda in November 2023.
    #[serde(rename = "2023-11")]
    November2023,
    /// Lambda in August 2025.
    #[serde(rename = "2025-08")]
    August2025,
    /// Lambda in November 2025.
    #[default]
    #[serde(rename = "2025-11")]
    November2025,
}

/// How fast new environments come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaling {
    /// All functions of the account in the Region together: a burst, then so many more a minute.
    Region {
        /// Environments that may come at once.
        burst: u64,
        /// More of them a minute.
        per_minute: f64,
    },
    /// Each function for itself: so many in 10 s, refilled continuously.
    Function {
        /// Environments in 10 s.
        environments: u64,
    },
}

/// What differs between profiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Whose rules these are.
    pub profile: Profile,
    /// How fast new environments come.
    pub scaling: Scaling,
    /// Durations are billed in steps of this length.
    pub billing_increment: SimDuration,
    /// Whether the cold start of a function with a managed runtime is billed.
    pub init_is_billed: bool,
    /// Largest event of an asynchronous call, in bytes.
    pub asynchronous_payload: u64,
    /// Concurrent batches by which an SQS mapping grows in a minute.
    pub sqs_growth_per_minute: u64,
    /// Messages of a FIFO queue that are in flight at most.
    pub fifo_in_flight: u64,
}

impl Profile {
    /// All profiles with one line on what each changes, the oldest first.
    pub const ALL: [(Profile, &'static str); 6] = [
        (
            Profile::Year2018,
            "the seed document's Lambda: burst of 3,000 new environments in the Region, then 500 a minute; duration billed in 100 ms, cold starts free; SQS mappings grow by 60 batches a minute; one batch of a shard at a time, and no way out for a failing one",
        ),
        (
            Profile::November2019,
            "several batches of a shard at a time; retries, age, splitting and destinations of failing batches; retries, age and destinations of asynchronous events; FIFO queues as sources",
        ),
        (
            Profile::December2020,
            "duration billed in 1 ms; 10 GB of memory; container images; provisioned concurrency; tumbling windows and partial responses of streams; Kafka",
        ),
        (
            Profile::November2023,
            "1,000 new environments for each function in 10 s; SQS mappings grow by 300 batches a minute; filters, SnapStart, on-demand streams, maximum concurrency of SQS mappings",
        ),
        (
            Profile::August2025,
            "cold starts are billed; FIFO queues with 120,000 messages in flight (before, 20,000), SQS messages up to 1 MiB (before, 256 KiB), provisioned pollers of Kafka",
        ),
        (
            Profile::November2025,
            "asynchronous events up to 1 MB (before, 256 KB), records of Kinesis up to 10 MiB (before, 1 MiB); provisioned pollers of SQS mappings",
        ),
    ];

    /// The profile's name.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Year2018 => "2018",
            Profile::November2019 => "2019-11",
            Profile::December2020 => "2020-12",
            Profile::November2023 => "2023-11",
            Profile::August2025 => "2025-08",
            Profile::November2025 => "2025-11",
        }
    }

    /// The rules of the profile.
    pub fn rules(self) -> Rules {
        Rules {
            profile: self,
            // "1,000 execution environment instances every 10 seconds" for each function since November 2023 (AWS Lambda
            // Developer Guide, "Lambda scaling behavior"). Before: "an initial burst ... of between 500 and 3000 ..., your
            // functions' concurrency can [then] scale by an additional 500 instances each minute" ("Lambda function scaling",
            // text of 2022), here with the 3,000 of the largest Regions.
            scaling: if self >= Profile::November2023 {
                Scaling::Function { environments: 1000 }
            } else {
                Scaling::Region { burst: 3000, per_minute: 500.0 }
            },
            // "rounded up to the nearest 1 ms" since December 2020; "rounded up to the nearest 100ms" before (AWS Lambda pricing).
            billing_increment: SimDuration::from_millis(if self >= Profile::December2020 { 1 } else { 100 }),
            // "Effective August 1, 2025, AWS will standardize billing for the INIT phase" (AWS Compute Blog).
            init_is_billed: self >= Profile::August2025,
            // "1 MB (asynchronous)"; 256 KB in the guide's text of 2023 ("Lambda quotas").
            asynchronous_payload: if self >= Profile::November2025 { 1024 * 1024 } else { 256 * 1024 },
            // "up to 300 more concurrent invokes per minute" (AWS Lambda Developer Guide, "Configuring scaling behavior for SQS
            // event source mappings"); 60 before (AWS Compute Blog, "Introducing faster polling scale-up", November 2023).
            sqs_growth_per_minute: if self >= Profile::November2023 { 300 } else { 60 },
            // "A maximum of 120,000 in-flight messages" since November 2024; "there can be a maximum of 20,000 in flight messages"
            // before (SQS Developer Guide, "Amazon SQS FIFO queue quotas").
            fifo_in_flight: if self >= Profile::August2025 { 120_000 } else { 20_000 },
        }
    }
}

/// What Lambda got in the course of the years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// As a scenario writes it, or in AWS's words.
    pub name: &'static str,
    /// The first profile that has it.
    pub since: Profile,
}

impl Feature {
    /// Announced in November 2019: "parallelization factor" of streams.
    pub const PARALLELIZATION_FACTOR: Feature = Feature::new("parallelization_factor", Profile::November2019);
    /// Announced in November 2019: retries, age, splitting and destinations of failing batches of streams.
    pub const STREAM_FAILURES: Feature = Feature::new("a way out for failing batches", Profile::November2019);
    /// Announced in November 2019: until then a mapping read standard queues only.
    pub const FIFO_QUEUES: Feature = Feature::new("FIFO queues as event sources", Profile::November2019);
    /// Announced in November 2019: retries, age and destinations of asynchronous events.
    pub const ASYNCHRONOUS_CONFIG: Feature =
        Feature::new("retries, age and destinations of asynchronous events", Profile::November2019);
    /// Announced in December 2019.
    pub const PROVISIONED_CONCURRENCY: Feature =
        Feature::new("provisioned_concurrent_executions", Profile::December2020);
    /// Announced in August 2020.
    pub const KAFKA: Feature = Feature::new("msk", Profile::December2020);
    /// Announced in December 2020: up to 10,240 MB.
    pub const LARGE_MEMORY: Feature = Feature::new("memory_size above 3,008 MB", Profile::December2020);
    /// Announced in December 2020.
    pub const IMAGES: Feature = Feature::new("package_type = \"Image\"", Profile::December2020);
    /// Announced in December 2020: of streams.
    pub const TUMBLING_WINDOWS: Feature = Feature::new("tumbling_window", Profile::December2020);
    /// Announced in December 2020 for streams.
    pub const STREAM_RESPONSES: Feature = Feature::new("function_response_types of streams", Profile::December2020);
    /// Announced in November 2020.
    pub const QUEUE_WINDOWS: Feature = Feature::new("maximum_batching_window of queues", Profile::December2020);
    /// Announced in November 2021 for queues.
    pub const QUEUE_RESPONSES: Feature = Feature::new("function_response_types of queues", Profile::November2023);
    /// Announced in November 2021.
    pub const FILTERS: Feature = Feature::new("filter_pass_rate", Profile::November2023);
    /// Announced in November 2021.
    pub const ON_DEMAND_STREAMS: Feature = Feature::new("on_demand", Profile::November2023);
    /// A mapping on a DynamoDB stream took batches of at most 1,000 until about 2021.
    pub const LARGE_BATCHES: Feature = Feature::new("batch_size of DynamoDB above 1,000", Profile::November2023);
    /// Announced in September 2021.
    pub const ARM64: Feature = Feature::new("arm64", Profile::November2023);
    /// Announced in March 2022: more than 512 MB.
    pub const EPHEMERAL_STORAGE: Feature = Feature::new("ephemeral_storage", Profile::November2023);
    /// Announced in November 2022.
    pub const SNAP_START: Feature = Feature::new("snap_start", Profile::November2023);
    /// Announced in January 2023.
    pub const MAXIMUM_CONCURRENCY: Feature = Feature::new("maximum_concurrency", Profile::November2023);
    /// Announced in June 2024.
    pub const LONG_INTEGRATIONS: Feature = Feature::new("integration_timeout above 29 s", Profile::August2025);
    /// Announced in November 2024 for Kafka.
    pub const KAFKA_POLLERS: Feature = Feature::new("provisioned_pollers of Kafka", Profile::August2025);
    /// Announced in August 2025 for queues: up to 1 MiB.
    pub const LARGE_MESSAGES: Feature = Feature::new("payload_size of queues above 256 KiB", Profile::August2025);
    /// Announced in November 2025 for queues.
    pub const PROVISIONED_POLLERS: Feature = Feature::new("provisioned_pollers of queues", Profile::November2025);
    /// Kinesis takes records of up to 10 MiB since late 2025.
    pub const LARGE_RECORDS: Feature = Feature::new("payload_size of Kinesis above 1 MiB", Profile::November2025);

    /// Those of `features` that are used.
    pub fn used<const N: usize>(features: [(Feature, bool); N]) -> Vec<Feature> {
        features.into_iter().filter(|(_, used)| *used).map(|(feature, _)| feature).collect()
    }

    const fn new(name: &'static str, since: Profile) -> Feature {
        Feature { name, since }
    }
}
