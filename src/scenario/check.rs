//! A document against its JSON Schema: every key and value in one walk, so that all problems come at once.
//!
//! The later, typed reading of the values can then only fail where keys contradict one another.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use super::{
    diagnostic::{Diagnostic, Place, Report, listed, nearest},
    document::{Document, Entry, Node, Step, Value},
    schema::{self, Alternative, Format, Range},
};
use crate::units::{parse_duration, parse_size};

/// Up to so many keys are listed when none is like the unknown one.
const LISTED: usize = 12;

impl Document {
    /// Checks keys, types and ranges against a JSON Schema as schemars writes it, `$defs` included.
    ///
    /// # Errors
    /// All problems, in the order of the text.
    pub fn check(&self, schema: &Json) -> Result<(), Report> {
        let mut checker = Checker { schema, path: Vec::new(), found: Vec::new(), expanded: FxHashMap::default() };
        let all = checker.alternatives(schema);
        checker.check(&self.root, &all);
        if checker.found.is_empty() { Ok(()) } else { Err(Report::new(checker.found)) }
    }
}

struct Checker<'a> {
    schema: &'a Json,
    path: Vec<Step>,
    found: Vec<Diagnostic>,
    /// The alternatives of schemas met before, by the schema's address: thousands of functions share theirs. What lies here stays,
    /// and so do the addresses within.
    expanded: FxHashMap<usize, Rc<[Alternative]>>,
}

impl Checker<'_> {
    /// The ways of satisfying a schema that is part of the whole one, or of alternatives that this gave.
    fn alternatives(&mut self, schema: &Json) -> Rc<[Alternative]> {
        let fresh = || schema::alternatives(self.schema, schema).into();
        self.expanded.entry(std::ptr::from_ref(schema).addr()).or_insert_with(fresh).clone()
    }

    fn check(&mut self, node: &Node, all: &[Alternative]) {
        let fitting: Vec<_> = all.iter().filter(|one| admits(one, &node.value)).collect();
        match (&node.value, fitting.as_slice()) {
            (_, []) if all.is_empty() => {}
            (_, []) => self.wrong_type(node, all),
            (Value::Table(entries), fitting) => self.table(node, entries, fitting),
            (Value::Array(items), [first, more @ ..]) => {
                let before = self.found.len();
                self.array(node, items, first);
                for other in more {
                    // Without problems is right; else the first one's tell as much as any other's.
                    if self.found.len() == before {
                        break;
                    }
                    let problems = self.found.split_off(before);
                    self.array(node, items, other);
                    if self.found.len() > before {
                        self.found.truncate(before);
                        self.found.extend(problems);
                    }
                }
            }
            (value, fitting) => {
                let reasons: Vec<_> = fitting.iter().filter_map(|one| refuse(one, value)).collect();
                if reasons.len() == fitting.len() {
                    self.wrong_value(node, all, reasons);
                }
            }
        }
    }

    fn check_below(&mut self, step: Step, node: &Node, all: &[Alternative]) {
        self.path.push(step);
        self.check(node, all);
        self.path.pop();
    }

    fn problem(&mut self, place: &Place, message: String, label: impl Into<String>, help: Option<String>) {
        self.found.push(Diagnostic::new(place, message, label).help(help));
    }

    fn wrong_type(&mut self, node: &Node, all: &[Alternative]) {
        let number = matches!(node.value, Value::Integer(_) | Value::Float(_));
        let unit = all.iter().find_map(|one| Format::of(one).unit_hint()).filter(|_| number);
        let wants = |kinds: &[&str]| all.iter().flat_map(schema::types).any(|kind| kinds.contains(&kind));
        let header = node.place.text();
        let help = match &node.value {
            Value::String(text) if text.parse::<f64>().is_ok() && wants(&["integer", "number"]) => {
                Some("write it without the quotes".into())
            }
            Value::String(text) if text.parse::<bool>().is_ok() && wants(&["boolean"]) => {
                Some("write it without the quotes".into())
            }
            Value::Table(_) if matches!(&self.path[..], [Step::Key(top), _] if top == "expect") => {
                Some("a metric's name stands in quotes, such as \"sources.logs.events\"".into())
            }
            Value::Table(_) if header.starts_with('[') && wants(&["array"]) => Some(format!("write [{header}]")),
            // A list made by headers stands where its first element does.
            Value::Array(items)
                if items.first().is_some_and(|item| item.place.text() == header)
                    && header.starts_with("[[")
                    && wants(&["object"]) =>
            {
                Some(format!("write {}", &header[1..header.len() - 1]))
            }
            _ => None,
        };
        let found = kind(&node.value);
        let message = format!("{}: expected {}, found {found}", self.name(), schema::describe(all));
        self.problem(&node.place, message, unit.map_or_else(|| format!("this is {found}"), Into::into), help);
    }

    fn wrong_value(&mut self, node: &Node, all: &[Alternative], reasons: Vec<String>) {
        let message = format!("{} is {}; allowed: {}", self.name(), shown(&node.value), schema::describe(all));
        let label = reasons.into_iter().max_by_key(|reason| !reason.is_empty()).unwrap_or_default();
        let number = matches!(node.value, Value::Integer(_) | Value::Float(_));
        let unit = all.iter().find_map(|one| Format::of(one).unit_hint()).filter(|_| number);
        let label = if label.is_empty() { unit.unwrap_or("not allowed here").into() } else { label };
        let known: Vec<_> = all.iter().filter_map(schema::constants).flatten().filter_map(Json::as_str).collect();
        let near = if let Value::String(text) = &node.value { nearest(text, known) } else { None };
        self.problem(&node.place, message, label, near.map(|near| format!("did you mean \"{near}\"?")));
    }

    fn array(&mut self, node: &Node, items: &[Node], one: &Alternative) {
        let limit = |keyword| one.get(keyword).and_then(Json::as_u64);
        let (least, most) = (limit("minItems"), limit("maxItems"));
        let count = items.len() as u64;
        if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
            let allowed = match (least, most) {
                (Some(least), Some(most)) if least == most => least.to_string(),
                (Some(least), Some(most)) => format!("{least} to {most}"),
                (least, most) => {
                    least.map_or_else(|| format!("at most {}", most.unwrap_or(0)), |least| format!("at least {least}"))
                }
            };
            let message = format!("{} is a list of {count}; allowed: {allowed}", self.name());
            self.problem(
                &node.place,
                message,
                if least.is_some_and(|least| count < least) { "too few" } else { "too many" },
                None,
            );
        }
        let first: Vec<_> =
            schema::list(one.get("prefixItems")).iter().map(|schema| self.alternatives(schema)).collect();
        let rest = one.get("items").map(|schema| self.alternatives(schema));
        for (index, item) in items.iter().enumerate() {
            if let Some(all) = first.get(index).or(rest.as_ref()) {
                self.check_below(Step::Index(index), item, all);
            }
        }
    }

    fn table(&mut self, node: &Node, entries: &[Entry], fitting: &[&Alternative]) {
        let tags: Vec<_> = fitting.iter().filter_map(|one| schema::tag(one)).collect();
        if tags.len() == fitting.len() && tags.len() > 1 {
            return self.variant(node, entries, fitting, &tags);
        }
        let score = |one: &&Alternative| {
            let matching = schema::properties(one).filter(|(key, _)| has(entries, key)).count();
            let missing = schema::required(one).into_iter().filter(|key| !has(entries, key)).count();
            (matching, std::cmp::Reverse(missing))
        };
        // The first of the best: `max_by_key` alone would take the last.
        if let Some(best) = fitting.iter().rev().max_by_key(|one| score(one)) {
            let takes: Vec<_> = fitting.iter().map(|one| schema::keys(one)).filter(|keys| !keys.is_empty()).collect();
            let choice = (fitting.len() > 1).then(|| format!("{} takes {}", self.name(), takes.join(", or ")));
            self.object(node, entries, best, choice);
        }
    }

    /// One of several tables of one key each, the key saying which.
    fn variant(&mut self, node: &Node, entries: &[Entry], variants: &[&Alternative], tags: &[&str]) {
        let expected = listed(&tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>(), "or");
        let mut first: Option<&Entry> = None;
        for entry in entries {
            let Some(at) = tags.iter().position(|tag| *tag == entry.key) else {
                let near = nearest(&entry.key, tags.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let message = format!("unknown key `{}`{}", entry.key, self.within(node));
                self.problem(&entry.key_place, message, format!("expected {expected}"), near);
                continue;
            };
            if let Some(first) = first {
                let message = format!(
                    "{} takes exactly one of {expected}, found `{}` and `{}`",
                    self.name(),
                    first.key,
                    entry.key
                );
                let mut problem = Diagnostic::new(&entry.key_place, message, "one too many");
                problem.related.push((first.key_place.clone(), "the first".into()));
                self.found.push(problem);
            }
            first = first.or(Some(entry));
            self.entries(&[entry], variants[at]);
        }
        if entries.is_empty() {
            let message = format!("{} takes exactly one of {expected}, found none", self.name());
            self.problem(&node.place, message, "nothing in here", None);
        }
    }

    fn object(&mut self, node: &Node, entries: &[Entry], one: &Alternative, choice: Option<String>) {
        self.entries(&entries.iter().collect::<Vec<_>>(), one);
        let known: Vec<_> = schema::properties(one).map(|(key, _)| key).collect();
        let mut meant = Vec::new();
        if schema::is_closed(one) && schema::of_map(one).is_none() {
            for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
                // A key that is not there yet is likelier meant than one that is: with `--set`, most are.
                let near = nearest(&entry.key, known.iter().copied().filter(|key| !has(entries, key)))
                    .or_else(|| nearest(&entry.key, known.iter().copied()));
                meant.extend(near);
                let help = self.where_else(&entry.key, near, &known, choice.as_ref());
                let message = format!("unknown key `{}`{}", entry.key, self.within(node));
                self.problem(&entry.key_place, message, "not known here", help);
            }
        }
        // A misspelt key is one problem, not two.
        let required = schema::required(one).into_iter();
        let missing: Vec<_> = required.filter(|key| !has(entries, key) && !meant.contains(key)).collect();
        if let [first, more @ ..] = missing.as_slice() {
            let words: Vec<_> = missing.iter().map(|key| format!("`{key}`")).collect();
            let words = listed(&words, "and");
            let about = || self.about(first, one).filter(|_| more.is_empty());
            let help = choice.or_else(about);
            let label = if more.is_empty() { "is required" } else { "are required" };
            let message = format!("missing {words}{}", self.within(node));
            self.problem(&node.place, message, format!("{words} {label}"), help);
        }
    }

    /// The values below a table, each against the schema of its key; unknown keys of a closed table are passed over.
    fn entries(&mut self, entries: &[&Entry], one: &Alternative) {
        let name_pattern = one.get("x-name-pattern").and_then(Json::as_str);
        let of_map = schema::of_map(one).map(|schema| self.alternatives(schema));
        for entry in entries {
            let own = schema::properties(one).find(|(key, _)| *key == entry.key);
            let own = own.map(|(_, schema)| self.alternatives(schema));
            if let (None, Some(pattern)) =
                (&own, name_pattern.filter(|pattern| !schema::name_matches(pattern, &entry.key)))
            {
                let message = format!("`{}` cannot be a name", entry.key);
                self.problem(&entry.key_place, message, format!("names have the form {pattern}"), None);
            }
            if let Some(all) = own.as_ref().or(of_map.as_ref()) {
                self.check_below(Step::Key(entry.key.clone()), &entry.node, all);
            }
        }
    }

    /// What somebody who wrote an unknown key may have meant.
    fn where_else(&self, key: &str, near: Option<&str>, known: &[&str], choice: Option<&String>) -> Option<String> {
        let homes = schema::homes(self.schema, key);
        let quoted = || known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>();
        match (homes.as_slice(), near, choice) {
            (_, None, Some(choice)) => Some(choice.clone()),
            ([first, second, third, _, _, ..], ..) => {
                Some(format!("it belongs in {first}, {second}, {third} or others"))
            }
            ([_, ..], ..) => Some(format!("it belongs in {}", listed(&homes, "or"))),
            (_, Some(near), _) => Some(format!("did you mean `{near}`?")),
            _ if known.is_empty() => Some("no keys are allowed here".into()),
            _ if known.len() <= LISTED => Some(format!("allowed here: {}", listed(&quoted(), "and"))),
            _ => None,
        }
    }

    /// What a key is for: the first sentence of its description, or how the section is written.
    fn about(&self, key: &str, one: &Alternative) -> Option<String> {
        let (_, schema) = schema::properties(one).find(|(known, _)| *known == key)?;
        let first = schema::alternatives(self.schema, schema).into_iter().next()?;
        if self.path.is_empty() && schema::of_map(&first).is_some() {
            return Some(format!("add a section [{key}.NAME]"));
        }
        let text = first.get("description")?.as_str()?.lines().next()?;
        let sentence = text.split(". ").next().unwrap_or(text).trim_end_matches('.');
        Some(format!("`{key}`: {sentence}"))
    }

    /// What a value is called: its key, and its number in a list.
    fn name(&self) -> String {
        let from = self.path.iter().rposition(|step| matches!(step, Step::Key(_))).unwrap_or(0);
        let words = self.path[from..].iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => format!("[{index}]"),
        });
        if self.path.is_empty() { "the scenario".into() } else { format!("`{}`", words.collect::<String>()) }
    }

    /// Where a key of a table stands: under its header, if it has one.
    fn within(&self, node: &Node) -> String {
        match node.place.text() {
            _ if self.path.is_empty() => " at the top level".into(),
            header if header.starts_with('[') => format!(" in {header}"),
            _ => format!(" in {}", self.name()),
        }
    }
}

fn has(entries: &[Entry], key: &str) -> bool {
    entries.iter().any(|entry| entry.key == key)
}

/// Whether an alternative is for values of this type at all.
fn admits(one: &Alternative, value: &Value) -> bool {
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
fn refuse(one: &Alternative, value: &Value) -> Option<String> {
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

fn kind(value: &Value) -> &'static str {
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

fn shown(value: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;

    // As the real schema is made: derived from documented structs. Only the shape is used.
    macro_rules! shapes { ($($item:item)*) => { $(#[derive(JsonSchema)] #[schemars(deny_unknown_fields)] #[allow(dead_code, missing_docs)] $item)* } }

    shapes! {
        struct Scenario {
            about: Option<String>,
            start: Option<Instant>,
            window: Option<Duration>,
            #[schemars(extend("x-minimum" = "60s", "x-maximum" = "6h"))]
            age: Option<Duration>,
            limit: Option<Limit>,
            #[schemars(extend("x-name-pattern" = "[a-z][a-z0-9_-]*"))]
            function: BTreeMap<String, Function>,
            #[schemars(default)]
            source: Sources,
        }
        struct Function {
            #[schemars(range(min = 128, max = 10240))]
            memory_size: Option<u32>,
            /// Handler time per invocation. More about it.
            duration: Distribution,
            #[schemars(range(min = 0.0, max = 1.0))]
            error_rate: Option<f64>,
            architecture: Option<Architecture>,
            cpu_bound: Option<bool>,
            outages: Option<Vec<Outage>>,
        }
        struct Outage { from: Duration, to: Duration }
        #[derive(Default)]
        struct Sources { kinesis: Option<Vec<Kinesis>>, sqs: Option<Vec<Sqs>> }
        struct Kinesis {
            name: Option<Name>,
            arrivals: Option<Arrivals>,
            #[schemars(range(min = 1, max = 10000))]
            batch_size: Option<u32>,
            #[schemars(length(min = 1, max = 3))]
            poison: Option<Vec<Poison>>,
            payload_size: Option<Size>,
        }
        struct Sqs { fifo: Option<bool>, delay: Option<Duration> }
        #[schemars(rename_all = "snake_case")]
        enum Arrivals { Poisson { rate: f64 }, Constant { rate: f64 }, Every(Duration), Ramp(Vec<(Duration, f64)>) }
        #[schemars(rename_all = "snake_case")]
        enum Tagged { Lognormal(Lognormal), Gamma { mean: Duration, cv: f64 }, Mixture(Vec<Distribution>) }
        #[schemars(untagged)]
        enum Lognormal { Quantiles { median: Duration, p99: Duration }, Moments { mean: Duration, cv: f64 } }
        #[schemars(untagged)]
        enum Distribution { Constant(Duration), Tagged(Tagged) }
        #[schemars(untagged)]
        enum Poison { Event(u64), Times { event: u64, times: u32 } }
        #[schemars(rename_all = "snake_case")]
        enum Architecture { /** Intel. */ X8664, /** ARM. */ Arm64 }
    }

    macro_rules! raw { ($($name:ident = $schema:tt)*) => { $(
        struct $name;
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema { schemars::json_schema!($schema) }
        }
    )* } }

    raw! {
        Duration = { "type": "string", "format": "duration" }
        Size = { "type": "string", "format": "size", "x-maximum": "6MB" }
        Instant = { "type": "string", "format": "timestamp" }
        Name = { "type": "string", "x-name-pattern": "[a-z][a-z0-9_-]*" }
        Limit = { "oneOf": [{ "type": "integer", "minimum": 60, "maximum": 604_800 }, { "enum": [-1, "unlimited"] }] }
    }

    const SAMPLE: &str = r#"# A comment.
about = "é"
start = 2026-01-05T00:00:00Z
limit = "unlimited"
age = "1h30m"

[function.alert]
memory_size = 512
duration = { lognormal = { median = "80ms", p99 = "400ms" } }
error_rate = 1
outages = [{ from = "1m", to = "2m" }]

[[source.kinesis]]
name = "logs"
arrivals = { ramp = [["0s", 10.0], ["10m", 500]] }
poison = [3, { event = 4, times = 2 }]

[[source.sqs]]
"#;

    fn schema() -> Json {
        schemars::schema_for!(Scenario).into()
    }

    fn problems(text: &str) -> String {
        let checked = Document::parse("x.toml", text).and_then(|document| document.check(&schema()));
        checked.map_or_else(|report| report.to_string(), |()| String::new())
    }

    #[test]
    fn sound_scenarios_pass() {
        assert_eq!(problems(SAMPLE), "");
        assert_eq!(problems(&SAMPLE.replace('\n', "\r\n")), "");
        for line in [
            "limit = -1",
            "limit = 60",
            "start = \"2026-01-05T00:00:00+01:00\"",
            "function.a.duration = { mixture = [\"1s\", { gamma = { mean = \"1s\", cv = 1 } }] }",
            "function.a.duration = { lognormal = { cv = 0.5, mean = \"1s\" } }",
        ] {
            let base = if line.starts_with("function") { String::new() } else { "\nfunction = {}".into() };
            assert_eq!(problems(&format!("{line}{base}")), "", "{line}");
        }
    }

    /// One row per rule: a top-level line, or one of a function or a source, and what is said about it.
    #[test]
    fn every_rule() {
        #[rustfmt::skip] // one row per rule
        let rows = [
            ("", "window = 5", "durations are strings with a unit, such as \"5m\""),
            ("", "window = \"5\"", "durations are strings with a unit"),
            ("", "window = \"-1s\"", "never negative"),
            ("", "window = \"7y\"", "unknown unit `y`; units are"),
            ("", "age = \"1s\"", "`age` is \"1s\"; allowed: a duration from \"60s\" to \"6h\""),
            ("", "age = \"7h\"", "too large"),
            ("", "start = 2026-01-05", "an offset such as Z"),
            ("", "start = \"2026-01-05T00:00Z\"", "an offset such as Z"),
            ("", "start = \"2026-02-30T00:00:00Z\"", "an offset such as Z"),
            ("", "start = \"2026-01-05T00:00:00+99:00\"", "an offset such as Z"),
            ("", "start = \"soon\"", "a time such as \"2026-01-05T00:00:00Z\""),
            ("", "about = 2026-01-05T00:00:00Z", "`about`: expected a string, found a date or time"),
            ("", "limit = 5", "`limit` is 5; allowed: -1, \"unlimited\" or a whole number from 60 to 604800"),
            ("", "limit = \"unlimitd\"", "did you mean \"unlimited\"?"),
            ("", "limit = true", "expected -1, \"unlimited\" or a whole number from 60 to 604800, found true or false"),
            ("", "colour = 1", "= help: allowed here: `about`"),
            ("", "batch_size = 1", "it belongs in [[source.kinesis]]"),
            ("", "abuot = 'x'", "unknown key `abuot` at the top level"),
            ("", "source.knesis = []", "did you mean `kinesis`?"),
            ("", "source.kinesis = { name = 'a' }", "`kinesis`: expected a list, found a table"),
            ("", "[source.sqs]", "= help: write [[source.sqs]]"),
            ("", "[[function.b]]", "= help: write [function.b]"),
            ("", "[function.B]\nduration = '1s'", "names have the form [a-z][a-z0-9_-]*"),
            ("", "[function.b]", "missing `duration` in [function.b]"),
            ("", "[function.b]", "= help: `duration`: Handler time per invocation"),
            ("f", "memory_size = 20000", "`memory_size` is 20000; allowed: a whole number from 128 to 10240"),
            ("f", "memory_size = 1", "^ too small"),
            ("f", "memory_size = \"512\"", "write it without the quotes"),
            ("f", "memory_size = 512.0", "expected a whole number from 128 to 10240, found a decimal number"),
            ("f", "error_rate = 1.5", "`error_rate` is 1.5; allowed: a number from 0 to 1"),
            ("f", "error_rate = nan", "must be a finite number"),
            ("f", "error_rate = 1e999", "must be a finite number"),
            ("f", "architecture = \"arm\"", "did you mean \"arm64\"?"),
            ("f", "architecture = \"mips\"", "allowed: \"x8664\" or \"arm64\""),
            ("f", "cpu_bound = \"true\"", "expected true or false, found a string"),
            ("f", "reserved = 1", "unknown key `reserved` in [function.a]"),
            ("f", "memorysize = 512", "did you mean `memory_size`?"),
            ("f", "cpu_bound = [[1]]", "expected true or false, found a list"),
            ("f", "outages = [{ from = \"1m\" }]", "missing `to` in `outages[0]`"),
            ("f", "outages = [{ from = \"1m\", to = 3 }]", "`to`: expected a duration"),
            ("s", "name = \"A b\"", "allowed: a name of the form"),
            ("s", "batch_size = 5000000000", "too large"),
            ("s", "payload_size = \"7MB\"", "allowed: a size of at most \"6MB\""),
            ("s", "payload_size = 7", "sizes are strings with a unit"),
            ("s", "poison = []", "`poison` is a list of 0; allowed: 1 to 3"),
            ("s", "poison = [-1]", "`poison[0]` is -1"),
            ("s", "poison = [{ event = 1, times = 5000000000 }]", "`times` is 5000000000"),
            ("s", "poison = [\"a\"]", "or a table with `event` and `times`, found a string"),
            ("s", "arrivals = \"poisson\"", "a table with one of `poisson`, `constant`, `every` or `ramp`"),
            ("s", "arrivals = { poison = { rate = 1 } }", "unknown key `poison` in `arrivals`"),
            ("s", "arrivals = { poison = { rate = 1 } }", "expected `poisson`, `constant`, `every` or `ramp`"),
            ("s", "arrivals = { poison = { rate = 1 } }", "did you mean `poisson`?"),
            ("s", "arrivals = {}", "found none"),
            ("s", "arrivals = { every = '1s', poisson = { rate = 1 } }", "found `every` and `poisson`"),
            ("s", "arrivals = { ramp = [['0s']] }", "`ramp[0]` is a list of 1; allowed: 2"),
            ("s", "arrivals = { ramp = [['0s', 'x']] }", "`ramp[0][1]`: expected a number, found a string"),
            ("d", "{ lognormal = { median = '1s' } }", "`lognormal` takes `median` and `p99`, or `mean` and `cv`"),
            ("d", "{ lognormal = { median = '1s', p99 = '2s', cv = 1 } }", "unknown key `cv` in `lognormal`"),
            ("d", "{ lognormal = {} }", "missing `median` and `p99` in `lognormal`"),
            ("d", "{ mixture = [{ gama = 1 }] }", "did you mean `gamma`?"),
            ("d", "80", "durations are strings with a unit"),
            ("d", "'80'", "durations are strings with a unit"),
        ];
        for (section, line, want) in rows {
            let duration = if section == "d" { line } else { "'1s'" };
            let top = if section.is_empty() { line } else { "" };
            let more = if section == "f" { line } else { "" };
            let source = if section == "s" { line } else { "name = 'logs'" };
            let (keys, header) = if top.starts_with('[') { ("", top) } else { (top, "") };
            let source =
                if line.contains("source.") { String::new() } else { format!("[[source.kinesis]]\n{source}\n") };
            let text = format!("{keys}\n[function.a]\nduration = {duration}\n{more}\n{source}{header}");
            let report = problems(&text);
            assert!(report.contains(want), "{text}\n{report}");
            assert_eq!(report.matches("error: ").count(), 1, "{text}\n{report}");
        }
    }

    #[test]
    fn looks_like_rustc() {
        let text =
            "about = 'ünï'\r\n[function.alert]\r\nduration = '1s'\r\nmemorysise = 20\r\n[function.b]\r\nduratoin = ''";
        let want = "\
error: unknown key `memorysise` in [function.alert]
 --> x.toml:4:1
  |
4 | memorysise = 20
  | ^^^^^^^^^^ not known here
  |
  = help: did you mean `memory_size`?

error: unknown key `duratoin` in [function.b]
 --> x.toml:6:1
  |
6 | duratoin = ''
  | ^^^^^^^^ not known here
  |
  = help: did you mean `duration`?";
        assert_eq!(problems(text), want);
    }

    #[test]
    fn an_empty_file_lacks_what_is_required() {
        for text in ["", "# nothing\n"] {
            let report = problems(text);
            assert!(report.starts_with("error: missing `function` at the top level\n --> x.toml:1:1\n"), "{report}");
            assert!(report.ends_with("= help: add a section [function.NAME]"), "{report}");
        }
    }

    #[test]
    fn assigned_values_are_checked_where_they_were_written() {
        let mut document = Document::parse("x.toml", SAMPLE).unwrap();
        document.set("source.logs.batch_size=99999").unwrap();
        document.set("function.alert.mem=1").unwrap();
        let report = document.check(&schema()).unwrap_err().to_string();
        assert!(report.contains(" --> --set:1:24\n  |\n1 | source.logs.batch_size=99999\n"), "{report}");
        assert!(
            report.contains(" --> --set:1:16\n  |\n1 | function.alert.mem=1\n  |                ^^^ not"),
            "{report}"
        );
    }

    #[test]
    fn odd_schemas_end() {
        let document = Document::parse("x.toml", SAMPLE).unwrap();
        for schema in
            [json!(true), json!(null), json!({ "$ref": "#" }), json!({ "$ref": 3, "anyOf": 4, "properties": [] })]
        {
            assert!(document.check(&schema).is_ok(), "{schema}");
        }
    }

    #[test]
    fn nothing_panics() {
        let schema = schema();
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap_or(0) % bound
        };
        let pieces = [
            "[",
            "]",
            "{",
            "}",
            "=",
            ".",
            "\"",
            "'",
            "\n",
            "\r",
            "é",
            "\u{3bc}",
            "\0",
            "-",
            "nan",
            "9".repeat(25).as_str(),
            "[[",
            "\"\"\"",
            ",",
            "#",
        ]
        .map(String::from);
        let values = [
            "1",
            "-1",
            "''",
            "'5m'",
            "'logs'",
            "[]",
            "{}",
            "{ every = '1s' }",
            "[[1]]",
            "true",
            "inf",
            "1979-05-27",
            "{ a.b = 1 }",
        ];
        let original: Vec<char> = SAMPLE.chars().collect();
        let mut read = 0;
        for _ in 0..2_000 {
            let mut text = original.clone();
            for _ in 0..=below(4) {
                let (at, from) = (below(text.len()), below(text.len()));
                let span = from..(from + below(12)).min(text.len());
                match below(8) {
                    0 => drop(text.drain(span)),
                    1 => drop(text.splice(at..at, pieces[below(pieces.len())].chars())),
                    2 => drop(text.splice(at..at, original[below(original.len())..].iter().copied().take(12))),
                    3 => text.swap(at, from),
                    // The likeliest to stay TOML: another value for a key.
                    _ => {
                        let equals = |c: &char| *c == '=';
                        let value = text[at..].iter().position(equals).map_or(at, |found| at + found + 1);
                        let end =
                            text[value..].iter().position(|c| "\n,}".contains(*c)).map_or(value, |found| value + found);
                        drop(text.splice(value..end, values[below(values.len())].chars()));
                    }
                }
            }
            let text: String = text.into_iter().collect();
            let line = text.lines().nth(below(text.lines().count())).unwrap_or_default().replace(" = ", "=");
            let mut documents = vec![Document::parse("x.toml", SAMPLE).unwrap()];
            match Document::parse("x.toml", &text) {
                Ok(document) => documents.push(document),
                Err(report) => drop(report.to_string()),
            }
            read += documents.len() - 1;
            for mut document in documents {
                for assignment in [line.clone(), format!("function.alert.{line}"), format!("source.logs.{line}")] {
                    drop(document.set(&assignment).map_err(|report| report.render(true)));
                }
                drop(document.check(&schema).map_err(|report| report.render(false)));
                drop(document.to_toml());
            }
        }
        assert!(read > 300, "only {read} of the mangled texts were TOML: the test has lost its grip");
    }
}
