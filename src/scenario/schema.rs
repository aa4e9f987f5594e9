//! What a JSON Schema allows, and words for it: the subset of draft 2020-12 that schemars writes, and a few keywords of
//! our own (`x-minimum`, `x-maximum`, `x-name-pattern`, the formats `duration`, `size` and `timestamp`).
//!
//! Knows nothing of documents. Regular expressions are left out: `pattern` is for editors, `x-name-pattern` for us.

use serde_json::{Map, Value as Json};

use super::diagnostic::listed;
use crate::units::{parse_duration, parse_size};

/// One way of satisfying a schema: keywords without references or unions.
pub(super) type Alternative = Map<String, Json>;

/// References within references: more than any schema has, so that one that turns in a circle ends.
const REFERENCES: usize = 32;

/// The ways of satisfying a schema, flat, without the `null` that stands for an absent key. None: anything goes.
pub(super) fn alternatives(root: &Json, schema: &Json) -> Vec<Alternative> {
    let mut all = expand(root, schema, &Alternative::new(), REFERENCES);
    all.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
    all
}

/// What stands beside a reference or a union holds for each of its alternatives: `outer` brings it down to them.
fn expand(root: &Json, schema: &Json, outer: &Alternative, depth: usize) -> Vec<Alternative> {
    // Copied without the definitions, which are most of a whole schema.
    let keywords = schema.as_object().into_iter().flatten();
    let keywords = keywords.filter(|(keyword, _)| *keyword != "$defs");
    let mut own: Alternative = keywords.map(|(keyword, value)| (keyword.clone(), value.clone())).collect();
    let target = own.remove("$ref");
    let parts = own.remove("allOf");
    let unions = [own.remove("anyOf"), own.remove("oneOf")];
    let mut found = vec![merged(own, outer)];
    if depth == 0 {
        return found;
    }
    let target = target.and_then(|target| root.pointer(target.as_str()?.strip_prefix('#')?));
    for part in target.into_iter().chain(list(parts.as_ref())) {
        found = found.iter().flat_map(|one| expand(root, part, one, depth - 1)).collect();
    }
    for branches in unions.iter().flatten() {
        let branch = |one| list(Some(branches)).iter().flat_map(move |branch| expand(root, branch, one, depth - 1));
        found = found.iter().flat_map(branch).collect();
    }
    found
}

/// Nearer to the use wins, but keys of a table add up.
fn merged(mut inner: Alternative, outer: &Alternative) -> Alternative {
    for (keyword, value) in outer {
        match (inner.get_mut(keyword), value) {
            (Some(Json::Object(keys)), Json::Object(more)) => keys.extend(more.clone()),
            (Some(Json::Array(names)), Json::Array(more)) if keyword == "required" => {
                names.extend(more.iter().cloned())
            }
            _ => drop(inner.insert(keyword.clone(), value.clone())),
        }
    }
    inner
}

/// The elements of a keyword that holds a list.
pub(super) fn list(keyword: Option<&Json>) -> &[Json] {
    keyword.and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// The keys of a table that have a schema of their own.
pub(super) fn properties(one: &Alternative) -> impl Iterator<Item = (&str, &Json)> {
    one.get("properties").and_then(Json::as_object).into_iter().flatten().map(|(key, schema)| (key.as_str(), schema))
}

pub(super) fn required(one: &Alternative) -> Vec<&str> {
    list(one.get("required")).iter().filter_map(Json::as_str).collect()
}

/// The schema of keys that a table does not name, where there is one: a map.
pub(super) fn of_map(one: &Alternative) -> Option<&Json> {
    let patterns = one.get("patternProperties").and_then(Json::as_object);
    let by_pattern = patterns.and_then(|patterns| patterns.values().next());
    by_pattern.or_else(|| one.get("additionalProperties").filter(|schema| schema.is_object()))
}

/// Refuses keys that it does not name.
pub(super) fn is_closed(one: &Alternative) -> bool {
    ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .any(|keyword| one.get(*keyword) == Some(&Json::Bool(false)))
}

/// The key of a variant of an enum, `{ poisson = ... }`.
pub(super) fn tag(one: &Alternative) -> Option<&str> {
    match (required(one).as_slice(), properties(one).count()) {
        ([tag], 1) if is_closed(one) => Some(tag),
        _ => None,
    }
}

/// The only values allowed, where they are listed one by one.
pub(super) fn constants(one: &Alternative) -> Option<Vec<&Json>> {
    let listed = one.get("enum").map(|values| list(Some(values)).iter().filter(|value| !value.is_null()).collect());
    one.get("const").map(|only| vec![only]).or(listed)
}

/// The JSON types that are allowed; none: any.
pub(super) fn types(one: &Alternative) -> Vec<&str> {
    match one.get("type") {
        Some(Json::String(kind)) => vec![kind],
        Some(kinds) => list(Some(kinds)).iter().filter_map(Json::as_str).filter(|kind| *kind != "null").collect(),
        None => {
            let values = constants(one).unwrap_or_default();
            let mut kinds: Vec<_> = values.into_iter().map(type_name).collect();
            kinds.extend(
                ["properties", "additionalProperties", "required"]
                    .iter()
                    .any(|k| one.contains_key(*k))
                    .then_some("object"),
            );
            kinds.extend(["items", "prefixItems"].iter().any(|k| one.contains_key(*k)).then_some("array"));
            kinds
        }
    }
}

fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// What the text of a string stands for. `x-format` is for schemas whose editors take `duration` for ISO 8601's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Duration,
    Size,
    Timestamp,
    Destination,
}

impl Format {
    pub(super) fn of(one: &Alternative) -> Self {
        match one.get("x-format").or_else(|| one.get("format")).and_then(Json::as_str) {
            Some("duration") => Self::Duration,
            Some("size") => Self::Size,
            Some("timestamp") => Self::Timestamp,
            Some("destination") => Self::Destination,
            _ => Self::Plain,
        }
    }

    /// What to tell somebody who left the unit out.
    pub(super) fn unit_hint(self) -> Option<&'static str> {
        match self {
            Self::Duration => Some("durations are strings with a unit, such as \"5m\""),
            Self::Size => Some("sizes are strings with a unit, such as \"6MB\""),
            Self::Plain | Self::Timestamp | Self::Destination => None,
        }
    }
}

/// The edges of what a number or a quantity with a unit may be, as they are written and to compare by.
pub(super) struct Range<'a> {
    one: &'a Alternative,
    parse: fn(&Json) -> Option<f64>,
    keywords: [&'static str; 4],
}

impl<'a> Range<'a> {
    pub(super) fn of(one: &'a Alternative) -> Self {
        let numbers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
        let units = ["x-minimum", "x-maximum", "", ""];
        #[allow(clippy::cast_precision_loss, reason = "bounds are round; both sides of a comparison round alike")]
        let (parse, keywords): (fn(&Json) -> Option<f64>, _) = match Format::of(one) {
            Format::Duration => (|bound| parse_duration(bound.as_str()?).ok().map(|ns| ns as f64), units),
            Format::Size => (|bound| parse_size(bound.as_str()?).ok().map(|bytes| bytes as f64), units),
            Format::Plain | Format::Timestamp | Format::Destination => (Json::as_f64, numbers),
        };
        Self { one, parse, keywords }
    }

    fn bound(&self, which: usize) -> Option<(f64, String)> {
        let written = self.one.get(self.keywords[which])?;
        let value = (self.parse)(written)?;
        // `1.0` is how schemars writes 1 for a decimal number.
        Some((value, written.as_f64().map_or_else(|| written.to_string(), |number| number.to_string())))
    }

    /// Why a value is out of the range.
    pub(super) fn refuse(&self, value: f64) -> Option<&'static str> {
        let violates =
            |which, outside: fn(f64, f64) -> bool| self.bound(which).is_some_and(|(bound, _)| outside(value, bound));
        if violates(0, |a, b| a < b) || violates(2, |a, b| a <= b) {
            return Some("too small");
        }
        if violates(1, |a, b| a > b) || violates(3, |a, b| a >= b) {
            return Some("too large");
        }
        // schemars states the width of 32-bit numbers as a format alone.
        let (low, high) = match self.one.get("format").and_then(Json::as_str) {
            Some("uint32") => (0.0, f64::from(u32::MAX)),
            Some("int32") => (f64::from(i32::MIN), f64::from(i32::MAX)),
            _ => return None,
        };
        (value < low).then_some("too small").or((value > high).then_some("too large"))
    }

    fn words(&self, noun: &str) -> String {
        let [least, most, above, below] = [0, 1, 2, 3].map(|which| self.bound(which).map(|(_, text)| text));
        match (least, most, above, below) {
            (Some(least), Some(most), ..) => format!("{noun} from {least} to {most}"),
            (Some(least), _, _, Some(below)) => format!("{noun} from {least} to below {below}"),
            (_, Some(most), Some(above), _) => format!("{noun} above {above}, up to {most}"),
            (_, _, Some(above), Some(below)) => format!("{noun} between {above} and {below}"),
            (Some(least), ..) => format!("{noun} of at least {least}"),
            (_, Some(most), ..) => format!("{noun} of at most {most}"),
            (_, _, Some(above), _) => format!("{noun} above {above}"),
            (_, _, _, Some(below)) => format!("{noun} below {below}"),
            _ => noun.into(),
        }
    }
}

/// What all the alternatives together allow: `-1, "unlimited" or a whole number from 60 to 604800`.
pub(super) fn describe(all: &[Alternative]) -> String {
    let mut words: Vec<String> = all.iter().filter_map(constants).flatten().map(Json::to_string).collect();
    let tags: Vec<_> = all.iter().filter_map(tag).map(|tag| format!("`{tag}`")).collect();
    for one in all.iter().filter(|one| constants(one).is_none()) {
        let kinds = types(one);
        words.extend(
            kinds
                .iter()
                .filter(|kind| **kind != "object" || tags.len() < 2 || tag(one).is_none())
                .map(|kind| noun(kind, one)),
        );
    }
    if tags.len() > 1 {
        words.push(format!("a table with one of {}", listed(&tags, "or")));
    }
    let mut seen = Vec::new();
    words.retain(|word| {
        !seen.contains(word) && {
            seen.push(word.clone());
            true
        }
    });
    if words.is_empty() { "anything".into() } else { listed(&words, "or") }
}

fn noun(kind: &str, one: &Alternative) -> String {
    match (kind, Format::of(one)) {
        ("integer", _) => Range::of(one).words("a whole number"),
        ("number", _) => Range::of(one).words("a number"),
        ("boolean", _) => "true or false".into(),
        ("array", _) => match (one.get("minItems"), one.get("maxItems")) {
            (Some(least), Some(most)) if least == most => format!("a list of {least}"),
            _ => "a list".into(),
        },
        ("object", _) => match keys(one) {
            keys if keys.is_empty() => "a table".into(),
            keys => format!("a table with {keys}"),
        },
        // The bounds, where there are any, show how it is written.
        (_, Format::Duration) => match Range::of(one).words("a duration") {
            words if words == "a duration" => "a duration such as \"5m\"".into(),
            words => words,
        },
        (_, Format::Size) => match Range::of(one).words("a size") {
            words if words == "a size" => "a size such as \"6MB\"".into(),
            words => words,
        },
        (_, Format::Destination) => "\"lambda:NAME\" of a function".into(),
        (_, Format::Timestamp) => "a time such as \"2026-01-05T00:00:00Z\"".into(),
        (_, Format::Plain) => match one.get("x-name-pattern").and_then(Json::as_str) {
            Some(pattern) => format!("a name of the form {pattern}"),
            None => "a string".into(),
        },
    }
}

/// The keys that a table must have: `median` and `p99`.
pub(super) fn keys(one: &Alternative) -> String {
    listed(&required(one).iter().map(|key| format!("`{key}`")).collect::<Vec<_>>(), "and")
}

/// Whether a name has the form `[first][rest]*`, each of them single characters and ranges. Any other pattern, which
/// would be ours to mend, lets everything pass.
pub(super) fn name_matches(pattern: &str, name: &str) -> bool {
    let classes =
        pattern.strip_prefix('[').and_then(|rest| rest.strip_suffix("]*")).and_then(|both| both.split_once("]["));
    let Some((first, rest)) = classes else {
        return true;
    };
    let mut characters = name.chars();
    characters.next().is_some_and(|c| in_class(first, c)) && characters.all(|c| in_class(rest, c))
}

fn in_class(class: &str, wanted: char) -> bool {
    let class: Vec<char> = class.chars().collect();
    let in_range = class.windows(3).any(|w| w[1] == '-' && (w[0]..=w[2]).contains(&wanted));
    let is_dash_of_range = |at: usize| class[at] == '-' && at > 0 && at + 1 < class.len();
    in_range || class.iter().enumerate().any(|(at, c)| *c == wanted && !is_dash_of_range(at))
}

/// The sections of a scenario that know a key, written as their headers.
pub(super) fn homes(root: &Json, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    search(root, root, &[], false, key, &mut found);
    found
}

fn search(root: &Json, schema: &Json, path: &[&str], is_element: bool, key: &str, found: &mut Vec<String>) {
    let mut all = alternatives(root, schema);
    let (Some(one), true) = (all.pop(), all.is_empty()) else {
        return;
    };
    if let Some(element) = one.get("items").filter(|_| !is_element) {
        return search(root, element, path, true, key, found);
    }
    if properties(&one).any(|(known, _)| known == key) {
        found.push(match (path.join("."), is_element) {
            (path, _) if path.is_empty() => "the top level".into(),
            (path, false) => format!("[{path}]"),
            (path, true) => format!("[[{path}]]"),
        });
    }
    // `[function.NAME.event_invoke_config]` is as deep as sections go.
    if path.len() < 3 {
        for (name, schema) in properties(&one).chain(of_map(&one).map(|schema| ("NAME", schema))) {
            search(root, schema, &[path, &[name]].concat(), false, key, found);
        }
    }
}
