//! Direct calls of Lambda's Invoke API, by an SDK or the command line.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{Answer, InvocationType};

use super::Kind;
use super::common::Common;
use super::plan::{ClientRetry, Plan};
use super::push::{PushService, SYNCHRONOUS_PAYLOAD, kind};

pub(super) const KIND: Kind =
    kind::<InvokeApi>("invoke", "direct call of the Invoke API (push, RequestResponse, Event or DryRun)");

/// `[[source.invoke]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct InvokeApi {
    /// `"RequestResponse"` (default): wait for the answer; `"Event"`: queue the event; `"DryRun"`: check permission and
    /// parameters only.
    #[serde(default = "synchronous")]
    invocation_type: InvocationType,
    /// How the client tries again after 429, 5xx or a timeout. Default: not at all.
    client_retry: Option<ClientRetry>,
}

fn synchronous() -> InvocationType {
    InvocationType::RequestResponse
}

impl PushService for InvokeApi {
    /// A function error is an answer, too: "the status code is 200" (Lambda API reference, Invoke).
    fn statuses(&self, common: &Common) -> Vec<(Answer, u16)> {
        let refused = if common.payload_bytes() > SYNCHRONOUS_PAYLOAD { 413 } else { 403 };
        let lasting = [(Answer::Refused, refused), (Answer::Unavailable, 500)];
        let own = match self.invocation_type {
            InvocationType::RequestResponse => {
                vec![(Answer::Done, 200), (Answer::FunctionError, 200), (Answer::Throttled, 429)]
            }
            InvocationType::DryRun => vec![(Answer::Done, 204)],
            // Its caller is not waited for.
            InvocationType::Event => return vec![],
        };
        own.into_iter().chain(lasting).collect()
    }

    fn plan(&self) -> Plan {
        Plan { client_retry: self.client_retry.clone(), ..Plan::plain(self.invocation_type) }
    }
}
