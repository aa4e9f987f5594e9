//! Direct calls of Lambda's Invoke API, by an SDK or the command line.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::InvocationType;

use super::Kind;
use super::plan::{ClientRetry, Plan};
use super::push::{PushService, kind};

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
    fn plan(&self) -> Plan {
        Plan { client_retry: self.client_retry.clone(), ..Plan::plain(self.invocation_type) }
    }
}
