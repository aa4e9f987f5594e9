//! How much of a run's beginning is left out of all statistics.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::time::SimDuration;

/// What is left out at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUp {
    /// So much.
    Fixed(SimDuration),
    /// As much as pilot runs need to settle: see [`crate::study::find_warm_up`]. A single run by itself leaves out nothing.
    Auto,
}

impl Default for WarmUp {
    fn default() -> Self {
        WarmUp::Fixed(SimDuration::ZERO)
    }
}

impl WarmUp {
    /// What a run leaves out.
    pub fn length(self) -> SimDuration {
        match self {
            WarmUp::Fixed(length) => length,
            WarmUp::Auto => SimDuration::ZERO,
        }
    }
}

impl<'de> Deserialize<'de> for WarmUp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "auto" {
            return Ok(WarmUp::Auto);
        }
        text.parse().map(WarmUp::Fixed).map_err(D::Error::custom)
    }
}

impl JsonSchema for WarmUp {
    fn schema_name() -> Cow<'static, str> {
        "WarmUp".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "x-format": "duration" },
            { "type": "string", "enum": ["auto"] },
        ] })
    }
}
