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
use super::plan::{Plan, Waiter};
use super::push::{PushService, kind};
use super::sender::{Sender, Tries};
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
                sender: Some(Sender { tries: Tries::LikeRule("CloudFormation"), dead_letter_queue: false }),
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
            _ => vec![],
        }
    }
}
