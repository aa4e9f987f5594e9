//! Destinations: where functions and mappings send messages about events.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

/// A destination that messages go to, named `OWNER.on_failure`, `OWNER.on_success` or `OWNER.dead_letter_queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its name in the summary.
    pub name: String,
    /// What it is.
    pub kind: DestinationKind,
}

/// What a destination is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DestinationKind {
    /// A standard SQS queue.
    Sqs,
    /// A standard SNS topic.
    Sns,
    /// An S3 bucket (failures only).
    S3,
    /// An EventBridge event bus.
    EventBridge,
    /// A function of the scenario, called asynchronously.
    Lambda(String),
}

impl<'de> Deserialize<'de> for DestinationKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        match &*text {
            "sqs" => Ok(DestinationKind::Sqs),
            "sns" => Ok(DestinationKind::Sns),
            "s3" => Ok(DestinationKind::S3),
            "eventbridge" => Ok(DestinationKind::EventBridge),
            other => match other.strip_prefix("lambda:") {
                Some(function) => Ok(DestinationKind::Lambda(function.to_owned())),
                None => Err(D::Error::custom(format!("`{other}` is no destination"))),
            },
        }
    }
}

impl JsonSchema for DestinationKind {
    fn schema_name() -> Cow<'static, str> {
        "DestinationKind".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "enum": ["sqs", "sns", "s3", "eventbridge"] },
            { "type": "string", "x-format": "destination", "pattern": "^lambda:" },
        ] })
    }
}

impl DestinationKind {
    /// The kind's name.
    pub const fn name(&self) -> &'static str {
        match self {
            DestinationKind::Sqs => "sqs",
            DestinationKind::Sns => "sns",
            DestinationKind::S3 => "s3",
            DestinationKind::EventBridge => "eventbridge",
            DestinationKind::Lambda(_) => "lambda",
        }
    }
}
