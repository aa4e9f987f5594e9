//! AWS CloudFormation: custom resources of a stack, answered by the function through a presigned URL.
//!
//! AWS documents the call as asynchronous; the seed table of 2018 has it as synchronous, and a scenario may choose. What the
//! stack waits for is the function's answer, so the response of this source is the time until the resource is done, and the
//! service timeout where the function never answers.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::InvocationType;
use crate::time::SimDuration;

use super::common::Common;
use super::mapping::Backoff;
use super::plan::{Plan, Waiter};
use super::push::{PushService, kind};
use super::sender::{RULE_BACKOFF, RULE_JITTER, Sender, Tries};
use super::{KeyProblem, Kind};

pub(super) const KIND: Kind = kind::<CloudFormation>(
    "cloudformation",
    "custom resource of a stack: CloudFormation calls Lambda (push, Event or RequestResponse)",
);

/// `[[source.cloudformation]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct CloudFormation {
    /// `"Event"` (default; AWS Lambda Developer Guide: "CloudFormation invokes your Lambda function asynchronously") or
    /// `"RequestResponse"` (as the table of 2018 has it).
    #[serde(default = "asynchronous")]
    invocation_type: InvocationType,
    /// How long the stack waits for the resource, `"1s"` to `"1h"`. Default `"1h"` (AWS::CloudFormation::CustomResource,
    /// ServiceTimeout: "The default value is 3600 seconds").
    #[serde(default = "hour")]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    service_timeout: SimDuration,
    /// How long CloudFormation waits between its tries where Lambda does not accept, `{ base, cap }`. Default `{ base = "1s", cap = "488s" }`,
    /// which AWS does not document.
    retry_backoff: Option<Backoff>,
    /// Share of a wait by which a retry comes early at most, drawn evenly, 0 to 1. Default 0.5, which AWS does not document.
    #[schemars(range(min = 0.0, max = 1.0))]
    retry_jitter: Option<f64>,
}

fn asynchronous() -> InvocationType {
    InvocationType::Event
}
fn hour() -> SimDuration {
    SimDuration::from_secs(3600)
}

impl PushService for CloudFormation {
    fn plan(&self) -> Plan {
        let plain = Plan::plain(self.invocation_type);
        match self.invocation_type {
            InvocationType::Event => Plan {
                waiter: Waiter::Outcome(self.service_timeout),
                sender: Some(Sender {
                    tries: Tries::LikeRule("CloudFormation", self.retry_backoff.unwrap_or(RULE_BACKOFF)),
                    jitter: self.retry_jitter.unwrap_or(RULE_JITTER),
                    dead_letter_queue: false,
                }),
                ..plain
            },
            _ => Plan { patience: Some(self.service_timeout), ..plain },
        }
    }

    fn problems(&self, _: &Common) -> Vec<KeyProblem> {
        match self.invocation_type {
            InvocationType::DryRun => {
                vec![(vec!["invocation_type"], "CloudFormation calls with `Event` or `RequestResponse`".into())]
            }
            InvocationType::RequestResponse => {
                let given =
                    [("retry_backoff", self.retry_backoff.is_some()), ("retry_jitter", self.retry_jitter.is_some())];
                let only = "a synchronous call is not made again; this goes with `invocation_type = \"Event\"`";
                given.into_iter().filter(|(_, given)| *given).map(|(key, _)| (vec![key], only.into())).collect()
            }
            InvocationType::Event => vec![],
        }
    }
}
