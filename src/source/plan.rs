//! What differs between push services: how each calls Lambda.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::DistributionSpec;
use crate::engine::InvocationType;
use crate::time::SimDuration;

use super::sender::Sender;

/// How a client that got 429, 5xx or no answer in time tries again.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientRetry {
    /// Tries in all, the first included, 1 to 100. Default 3, as in AWS's SDKs (standard mode).
    #[schemars(range(min = 1, max = 100))]
    pub attempts: u32,
    /// The longest wait before the first retry; it doubles with each. The wait is drawn evenly from zero to it. Default `"1s"`.
    pub base: SimDuration,
    /// No wait is longer. Default `"20s"`.
    pub cap: SimDuration,
}

impl Default for ClientRetry {
    fn default() -> Self {
        ClientRetry { attempts: 3, base: SimDuration::from_secs(1), cap: SimDuration::from_secs(20) }
    }
}

/// How a service calls Lambda.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub invocation_type: InvocationType,
    /// From the event (or the request) to Lambda.
    pub delivery: DistributionSpec,
    /// From Lambda's answer back to the caller.
    pub answer: DistributionSpec,
    /// Who waits for an answer.
    pub waiter: Waiter,
    /// How long a caller waits for one answer of Lambda.
    pub patience: Option<SimDuration>,
    /// (rate, burst) of requests before Lambda.
    pub throttle: Option<(f64, f64)>,
    pub client_retry: Option<ClientRetry>,
    /// How the service itself tries again to hand an asynchronous event over.
    pub sender: Option<Sender>,
    /// Whether a function error reaches the client as a 5xx, which it tries again; else it is an answer (200).
    pub errors_are_5xx: bool,
    /// Events at the instants of a calendar instead of `arrivals`.
    pub schedule: Option<Schedule>,
}

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    /// Nobody, or the caller of a synchronous call for the function's own answer.
    Caller,
    /// A client of an asynchronous call, for Lambda's 202.
    Acceptance,
    /// Somebody who learns of the outcome by another way, and waits for it no longer than this.
    Outcome(SimDuration),
}

/// When a calendar's events occur.
#[derive(Clone, Debug)]
pub(super) enum Schedule {
    /// Every so often.
    Rate(SimDuration),
    /// At the moments that a cron expression matches.
    Cron(Box<croner::Cron>),
}

impl Plan {
    /// A plan without hops, limits or retries.
    pub(super) fn plain(invocation_type: InvocationType) -> Plan {
        Plan {
            invocation_type,
            delivery: SimDuration::ZERO.into(),
            answer: SimDuration::ZERO.into(),
            waiter: Waiter::Caller,
            patience: None,
            throttle: None,
            client_retry: None,
            sender: None,
            errors_are_5xx: false,
            schedule: None,
        }
    }
}

/// The moments from `start` on that `cron` matches.
pub(super) fn cron_moments(
    cron: &croner::Cron,
    start: DateTime<Utc>,
) -> impl Iterator<Item = DateTime<Utc>> + Send + use<> {
    let cron = cron.clone();
    std::iter::successors(cron.find_next_occurrence(&start, true).ok(), move |moment| {
        cron.find_next_occurrence(moment, false).ok()
    })
}
