//! The keys at the top of a scenario, and the JSON Schema of the whole.

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::platform::{AccountSpec, FunctionSpec};
use crate::profile::Profile;
use crate::source::KINDS;
use crate::time::SimDuration;

use super::WarmUp;

/// A scenario of pushpull: event sources, the functions they call, and what is expected of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "pushpull scenario")]
pub(super) struct Keys {
    /// The question that the scenario answers, for a newcomer.
    #[serde(default)]
    pub about: String,
    /// The dated set of AWS's rules. Default: the newest.
    #[serde(default)]
    pub profile: Profile,
    /// Seed of all random draws. Default 1.
    #[serde(default = "one")]
    pub seed: u64,
    /// Virtual time in which sources emit, such as `"1h"`. Default: until every arrival process is exhausted.
    #[schemars(extend("x-minimum" = "1ns"))]
    pub duration: Option<SimDuration>,
    /// Left out of all statistics, or `"auto"`: until pilot runs have settled (MSER-5). Default `"0s"`.
    #[serde(default)]
    pub warm_up: WarmUp,
    /// How long work in flight may take to end after `duration`. Default `"24h"`.
    #[serde(default = "day")]
    pub drain: SimDuration,
    /// What virtual time 0 is on the calendar. Default `"2026-01-05T00:00:00Z"`, a Monday.
    #[serde(default = "monday")]
    #[schemars(extend("x-format" = "timestamp"))]
    pub start: String,
    /// Limits of the account in its Region.
    #[serde(default)]
    pub account: AccountSpec,
    /// Functions, `[function.NAME]`.
    #[serde(default)]
    #[schemars(extend("x-name-pattern" = "[a-zA-Z0-9_-][a-zA-Z0-9_-]*"))]
    pub function: BTreeMap<String, FunctionSpec>,
    /// Event sources, `[[source.KIND]]`. Read kind by kind.
    #[serde(default)]
    #[schemars(skip)]
    pub source: BTreeMap<String, Vec<toml::Table>>,
    /// What figures are to be, by metric: a number, a comparison such as `"< 3000"`, or `[low, high]`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, WantSpec>")]
    pub expect: toml::Table,
}

/// What a metric is to be.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum WantSpec {
    /// Equal to this.
    Number(f64),
    /// A comparison: `"< 3000"`, `"<= 3000"`, `"> 0"`, `">= 1"`.
    Comparison(String),
    /// Between these, both included.
    Range((f64, f64)),
}

fn one() -> u64 {
    1
}
fn day() -> SimDuration {
    SimDuration::from_secs(24 * 3600)
}
fn monday() -> String {
    "2026-01-05T00:00:00Z".into()
}

/// The JSON Schema (draft 2020-12) of a scenario.
pub fn json_schema() -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let mut kinds = serde_json::Map::new();
    for kind in KINDS {
        let mut keys = (kind.schema)(&mut generator).to_value();
        keys["description"] = json!(kind.about);
        kinds.insert(kind.name.to_owned(), json!({ "type": "array", "description": kind.about, "items": keys }));
    }
    let mut schema = generator.into_root_schema_for::<Keys>().to_value();
    schema["additionalProperties"] = json!(false);
    schema["properties"]["source"] = json!({
        "description": "Event sources, `[[source.KIND]]`.",
        "type": "object",
        "properties": kinds,
        "additionalProperties": false,
    });
    schema
}
