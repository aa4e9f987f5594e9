//! Amazon API Gateway: requests of clients, answered by the function (Lambda proxy integration), or taken and answered at once
//! (a service proxy in front of Lambda's Invoke API with invocation type `Event`).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::DistributionSpec;
use crate::engine::{Answer, InvocationType};
use crate::profile::Feature;
use crate::time::SimDuration;

use super::common::Common;
use super::plan::{ClientRetry, Plan, Waiter};
use super::push::{PushService, kind};
use super::{KeyProblem, Kind};

pub(super) const KIND: Kind =
    kind::<ApiGateway>("api_gateway", "request to an API: API Gateway calls Lambda (push, RequestResponse or Event)");

/// `[[source.api_gateway]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct ApiGateway {
    /// `"RequestResponse"` (default): the function's answer is the API's; `"Event"`: the client gets an empty answer at once.
    #[serde(default = "synchronous")]
    invocation_type: InvocationType,
    /// How long API Gateway waits for Lambda, `"50ms"` to `"5m"`; then the client gets 504, while the function runs on.
    /// Default `"29s"` (API Gateway Developer Guide, "Quotas": integration timeout "50 milliseconds - 29 seconds"). AWS raises that for
    /// Regional and private REST APIs on request, up to 300 s (Service Quotas, "Maximum integration timeout in milliseconds").
    #[serde(default = "integration_timeout")]
    #[schemars(extend("x-minimum" = "50ms", "x-maximum" = "5m"))]
    integration_timeout: SimDuration,
    /// API Gateway's own limit of requests. Default: 10,000 a second, burst 5,000 (API Gateway Developer Guide, "Quotas").
    #[serde(default)]
    throttle: Throttle,
    /// How a client tries again after 429, 5xx or a timeout. Default: not at all.
    client_retry: Option<ClientRetry>,
    /// API Gateway's own time, once on the way in and once on the way back. Default `"10ms"`.
    overhead: Option<DistributionSpec>,
}

/// A token bucket of requests.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Throttle {
    /// Requests per second.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
    rate: f64,
    /// Requests that may come at once.
    #[schemars(range(min = 1.0, max = 1e9))]
    burst: f64,
}

impl Default for Throttle {
    fn default() -> Self {
        Throttle { rate: 10_000.0, burst: 5_000.0 }
    }
}

fn synchronous() -> InvocationType {
    InvocationType::RequestResponse
}
fn integration_timeout() -> SimDuration {
    LONGEST_USUAL_TIMEOUT
}

/// The longest integration timeout that AWS gives without a request.
const LONGEST_USUAL_TIMEOUT: SimDuration = SimDuration::from_secs(29);

/// Assumption: half of the 10 to 30 ms that secondary sources give for a REST API's overhead, on each side.
const DEFAULT_OVERHEAD: DistributionSpec = DistributionSpec::Constant(SimDuration::from_millis(10));

impl ApiGateway {
    /// Whether it waits longer than AWS lets it without a request.
    fn waits_longer(&self) -> bool {
        self.integration_timeout > LONGEST_USUAL_TIMEOUT
    }
}

impl PushService for ApiGateway {
    fn plan(&self) -> Plan {
        let overhead = self.overhead.clone().unwrap_or(DEFAULT_OVERHEAD);
        let asynchronous = self.invocation_type == InvocationType::Event;
        Plan {
            delivery: overhead.clone(),
            answer: overhead,
            waiter: if asynchronous { Waiter::Acceptance } else { Waiter::Caller },
            patience: (!asynchronous).then_some(self.integration_timeout),
            throttle: Some((self.throttle.rate, self.throttle.burst)),
            client_retry: self.client_retry.clone(),
            // "502 Bad Gateway" for a function error or a malformed answer.
            errors_are_5xx: true,
            ..Plan::plain(self.invocation_type)
        }
    }

    /// "429", "500", "502" and "504" (API Gateway Developer Guide, "Gateway response types"): by the gateway's own limit, where Lambda
    /// does not take the call, for a function error, and without an answer in time.
    fn statuses(&self, _: &Common) -> Vec<(Answer, u16)> {
        let mut statuses = vec![
            (Answer::Done, 200),
            (Answer::Limited, 429),
            (Answer::Throttled, 500),
            (Answer::Unavailable, 500),
            (Answer::Refused, 500),
        ];
        if self.invocation_type == InvocationType::RequestResponse {
            statuses.extend([(Answer::FunctionError, 502), (Answer::Timeout, 504)]);
        }
        statuses
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        self.overhead.iter().map(|spec| (vec!["overhead"], spec)).collect()
    }

    fn problems(&self, _: &Common) -> Vec<KeyProblem> {
        match self.invocation_type {
            InvocationType::DryRun => {
                vec![(vec!["invocation_type"], "API Gateway calls with `RequestResponse` or `Event`".into())]
            }
            _ => vec![],
        }
    }

    fn assumptions(&self) -> Vec<String> {
        let mut assumptions = Vec::new();
        if self.overhead.is_none() {
            assumptions.push("API Gateway adds 10 ms on the way in and 10 ms on the way back: secondary sources, not documented by AWS".into());
        }
        if self.waits_longer() {
            assumptions.push(format!(
                "AWS has raised the API's integration timeout to {}, and its request limits are as set: \"this might require a reduction \
                 in your Region-level throttle quota\"",
                self.integration_timeout
            ));
        }
        assumptions
    }

    fn features(&self) -> Vec<Feature> {
        Feature::used([(Feature::LONG_INTEGRATIONS, self.waits_longer())])
    }
}
