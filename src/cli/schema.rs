//! `pushpull schema`: the JSON Schema of a scenario, for editors.

use crate::scenario::json_schema;

pub(super) fn text() -> String {
    format!("{:#}\n", json_schema())
}
