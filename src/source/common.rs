//! The keys that every event source has.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::arrivals::ArrivalsSpec;
use crate::units::Size;

/// An event that makes every invocation holding it fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, untagged)]
pub enum PoisonSpec {
    /// The event's number, from 0: it fails for ever.
    Always(u64),
    /// It fails a few times only.
    Times {
        /// The event's number, from 0.
        event: u64,
        /// How many of its first deliveries fail.
        #[schemars(range(min = 1, max = 1_000_000))]
        times: u32,
    },
}

/// The keys of every event source.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct Common {
    /// The source's name in figures. Default: its kind, where it is alone of its kind.
    pub name: Option<String>,
    /// The function it calls. Default: the only function.
    pub target: Option<String>,
    /// When events occur.
    pub arrivals: Option<ArrivalsSpec>,
    /// Size of each event. Default `"256B"`.
    #[schemars(extend("x-minimum" = "1B", "x-maximum" = "10MiB"))]
    pub payload_size: Option<Size>,
    /// Whether the source may call the function; without permission Lambda answers AccessDenied (403). Default true.
    #[serde(default = "yes")]
    pub permission: bool,
    /// Numbers (from 0) of the events that make every invocation holding them fail; `{ event = 3, times = 2 }`: only its
    /// first two deliveries fail.
    #[serde(default)]
    pub poison: Vec<PoisonSpec>,
    /// Probability that an event is poisoned, 0 to 1. Default 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub poison_rate: f64,
    /// Probability that an event comes a second time, 0 to 1; what becomes of it is decided the first time alone. Asynchronous:
    /// Lambda's queue holds two copies, each invoked and tried again on its own. Streams: the batch that processed the record is
    /// sent once more. Standard queues: the deleted message can be received again. Default 0 (AWS Lambda Developer Guide, "Error
    /// handling for asynchronous invocation": "it's possible for [the function] to receive the same event from Lambda multiple
    /// times").
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub duplicate_rate: f64,
}

impl Default for Common {
    fn default() -> Self {
        Common {
            name: None,
            target: None,
            arrivals: None,
            payload_size: None,
            permission: yes(),
            poison: vec![],
            poison_rate: 0.0,
            duplicate_rate: 0.0,
        }
    }
}

/// Bytes of an event where the scenario does not say.
const DEFAULT_PAYLOAD: u64 = 256;

impl Common {
    /// Bytes of each event.
    pub fn payload_bytes(&self) -> u64 {
        self.payload_size.map_or(DEFAULT_PAYLOAD, |size| size.0)
    }
}

fn yes() -> bool {
    true
}
