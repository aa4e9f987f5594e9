//! A document against its JSON Schema: every key and value in one walk, so that all problems come at once.
//!
//! The later, typed reading of the values can then only fail where keys contradict one another.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use super::{
    diagnostic::{Diagnostic, Place, Report, listed, nearest},
    document::{Document, Entry, Node, Step, Value},
    fits::{admits, kind, refuse, shown},
    schema::{self, Alternative, Format},
};

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

#[cfg(test)]
mod tests;
