//! Whether one value fits one alternative of a schema, and if not, why; and what a message calls a value.

use serde_json::Value as Json;

use super::{
    document::Value,
    schema::{self, Alternative, Format, Range},
};
use crate::units::{parse_duration, parse_size};

/// Whether an alternative is for values of this type at all.
pub(super) fn admits(one: &Alternative, value: &Value) -> bool {
    let kinds = schema::types(one);
    kinds.is_empty()
        || kinds.iter().any(|kind| match value {
            Value::String(_) => *kind == "string",
            Value::Integer(_) => ["integer", "number"].contains(kind),
            Value::Float(_) => *kind == "number",
            Value::Boolean(_) => *kind == "boolean",
            Value::Datetime(_) => *kind == "string" && Format::of(one) == Format::Timestamp,
            Value::Array(_) => *kind == "array",
            Value::Table(_) => *kind == "object",
        })
}

/// Why a value of the right type is refused; empty where the list of what is allowed says it all.
#[allow(clippy::cast_precision_loss, reason = "bounds are round; both sides of a comparison round alike")]
pub(super) fn refuse(one: &Alternative, value: &Value) -> Option<String> {
    if let Some(constants) = schema::constants(one) {
        return (!constants.iter().any(|constant| equal(constant, value))).then(String::new);
    }
    let in_range = |number: f64| Range::of(one).refuse(number).map(Into::into);
    match (value, Format::of(one)) {
        (Value::Integer(number), _) => in_range(*number as f64),
        (Value::Float(number), _) if !number.is_finite() => Some("must be a finite number".into()),
        (Value::Float(number), _) => in_range(*number),
        (Value::String(text), Format::Duration) => parse_duration(text).map_or_else(Some, |ns| in_range(ns as f64)),
        (Value::String(text), Format::Size) => parse_size(text).map_or_else(Some, |bytes| in_range(bytes as f64)),
        (Value::String(text), Format::Timestamp) => not_an_instant(text.parse().ok()),
        (Value::Datetime(instant), _) => not_an_instant(Some(*instant)),
        (Value::String(text), Format::Destination) => (!text.starts_with("lambda:")).then(String::new),
        (Value::String(text), Format::Plain) => {
            let limit = |keyword| one.get(keyword).and_then(Json::as_u64);
            let count = text.chars().count() as u64;
            let pattern = one.get("x-name-pattern").and_then(Json::as_str);
            let misnamed = pattern.filter(|pattern| !schema::name_matches(pattern, text));
            match (limit("minLength"), limit("maxLength")) {
                (Some(least), _) if count < least => Some(format!("at least {least} characters are needed")),
                (_, Some(most)) if count > most => Some(format!("at most {most} characters are allowed")),
                _ => misnamed.map(|pattern| format!("names have the form {pattern}")),
            }
        }
        _ => None,
    }
}

fn not_an_instant(instant: Option<toml::value::Datetime>) -> Option<String> {
    let whole = instant
        .is_some_and(|i| i.date.is_some() && i.offset.is_some() && i.time.is_some_and(|time| time.second.is_some()));
    (!whole).then(|| "a date, a time with seconds and an offset such as Z are needed".into())
}

fn equal(constant: &Json, value: &Value) -> bool {
    match value {
        Value::String(text) => constant == text.as_str(),
        Value::Integer(number) => constant == *number,
        Value::Float(number) => constant.as_f64() == Some(*number),
        Value::Boolean(yes) => constant == *yes,
        _ => false,
    }
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a decimal number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() > 40 => {
            format!("{:?}...", text.chars().take(40).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Datetime(instant) => instant.to_string(),
        Value::Array(_) | Value::Table(_) => kind(value).into(),
    }
}
