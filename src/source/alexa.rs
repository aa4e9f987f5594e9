//! Amazon Alexa: a user speaks to a skill, and waits for the function's answer.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::InvocationType;
use crate::time::SimDuration;

use super::Kind;
use super::plan::Plan;
use super::push::{PushService, kind};

pub(super) const KIND: Kind =
    kind::<Alexa>("alexa", "user speaks to a skill: Alexa calls Lambda (push, RequestResponse)");

/// `[[source.alexa]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Alexa {}

/// The user hears an error when the skill takes "more than eight seconds" (Alexa Skills Kit, smart home troubleshooting guide,
/// SKILL_RESPONSE_TIMEOUT_EXCEPTION). Alexa does not try again.
const RESPONSE_LIMIT: SimDuration = SimDuration::from_secs(8);

impl PushService for Alexa {
    fn plan(&self) -> Plan {
        Plan { patience: Some(RESPONSE_LIMIT), ..Plan::plain(InvocationType::RequestResponse) }
    }
}
