//! `--set PATH=VALUE` on top of a document: finds the place, by a source's name too, and puts the value there.
//!
//! Knows the sections of a scenario but no schema: whether the value may stand there is for the check afterwards.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{
    diagnostic::{Diagnostic, Origin, Place, Report, by_likeness, listed, nearest},
    document::{Document, Entry, Node, Value, read_value},
};

/// Keys whose value is a table of one key that says which kind it is: `--set ...arrivals.poisson.rate=5` on
/// `{ constant = ... }` means another kind, not two.
const TAGGED: [&str; 12] = [
    "arrivals",
    "delivery",
    "duration",
    "error_duration",
    "init_duration",
    "keep_alive",
    "max_lifetime",
    "of",
    "overhead",
    "propagation",
    "queue_delay",
    "think_time",
];

/// Keys whose value is a name, even where it looks like a number: `--set profile=2018`.
const NAMES: [&str; 4] = ["about", "name", "profile", "target"];

impl Document {
    /// Applies one `--set PATH=VALUE`, such as `source.logs.batch_size=500`. VALUE is TOML, else a string; a source is
    /// found by its name, or by its kind where one source of that kind has no name. Keys that the document does not
    /// have yet are made. A refused assignment changes nothing.
    ///
    /// # Errors
    /// The assignment has another form, or its path leads through something that cannot be.
    pub fn set(&mut self, assignment: &str) -> Result<(), Report> {
        self.set_by("--set", assignment)
    }

    /// The same for an assignment that `option` made.
    ///
    /// # Errors
    /// As those of `set`; their places name the option.
    pub fn set_by(&mut self, option: &str, assignment: &str) -> Result<(), Report> {
        let origin = Arc::new(Origin { number: self.origins, name: option.into(), text: assignment.into() });
        self.origins += 1;
        let refuse = |problem| Report::new(vec![problem]);
        let Some((path, start)) = split(&origin) else {
            let all = Place::new(&origin, 0..assignment.len());
            return Err(refuse(Diagnostic::new(
                &all,
                "not an assignment",
                "expected PATH=VALUE, such as source.logs.batch_size=500",
            )));
        };
        let mut value = read_value(&origin, start)?;
        let is_name = path.last().is_some_and(|part| NAMES.contains(&part.key.as_str()));
        if is_name && !matches!(value.value, Value::String(_)) {
            value.value = Value::String(value.place.text().to_owned());
        }
        let path = self.resolve(path).map_err(refuse)?;
        put(&mut self.root, &path, value).map_err(refuse)
    }

    /// The number above 0 at a path such as `source.api.arrivals.poisson.rate`, as `set` takes it.
    ///
    /// # Errors
    /// That the path leads nowhere, or to something else.
    pub fn number(&self, path: &str) -> Result<f64, String> {
        let node = self.find(path)?;
        match node.value {
            Value::Integer(number) if number > 0 => Ok(number as f64),
            Value::Float(number) if number > 0.0 && number.is_finite() => Ok(number),
            _ => Err(format!("its value is {}, and a number above 0 is needed", node.place.text())),
        }
    }

    /// Whether the document sets the key at a path, as `set` takes it.
    pub fn sets(&self, path: &str) -> bool {
        self.find(path).is_ok()
    }

    /// The keys on the way to a path, the same however it names a source; none where it leads nowhere.
    pub fn keys(&self, path: &str) -> Option<Vec<String>> {
        let parts = self.parts(path).ok()?;
        Some(parts.into_iter().map(|part| part.key).collect())
    }

    fn parts(&self, path: &str) -> Result<Vec<Part>, String> {
        let origin = Arc::new(Origin { number: self.origins, name: "path".into(), text: path.into() });
        let parts = keys(&origin, path).ok_or("not a path such as source.api.arrivals.poisson.rate")?;
        self.resolve(parts).map_err(|problem| match problem.help {
            Some(help) => format!("{}; {help}", problem.message),
            None => problem.message,
        })
    }

    fn find(&self, path: &str) -> Result<&Node, String> {
        self.parts(path)?.iter().try_fold(&self.root, |node, part| {
            let next = match &node.value {
                Value::Array(items) => part.key.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => node.get(&part.key),
            };
            next.ok_or_else(|| {
                let near = nearest(&part.key, node.entries().iter().map(|entry| entry.key.as_str()));
                let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                format!(
                    "the scenario does not set `{}`, and the search begins with its value: give it one by --set{near}",
                    part.key
                )
            })
        })
    }

    /// Turns the name of a source into its kind and number, and makes sure that a named section exists.
    fn resolve(&self, mut path: Vec<Part>) -> Result<Vec<Part>, Diagnostic> {
        let [section, name, ..] = path.as_slice() else {
            return Ok(path);
        };
        let entries = self.root.get(&section.key).map_or(&[][..], Node::entries);
        if section.key == "function" && path.len() > 2 && !entries.iter().any(|e| e.key == name.key) {
            return Err(unknown_name(section, name, entries.iter().map(|e| e.key.as_str()).collect()));
        }
        if section.key != "source" {
            return Ok(path);
        }
        // By number, as `source.kinesis.0.batch_size`, or a whole kind at once: as it stands.
        let by_kind = path.get(2).is_none_or(|next| next.key.parse::<usize>().is_ok());
        let sources = sources(entries);
        if let Some((_, kind, index)) = sources.iter().find(|(known, ..)| *known == name.key) {
            let place = name.place.clone();
            let steps = [(*kind).to_string(), index.to_string()];
            path.splice(1..2, steps.map(|key| Part { key, place: place.clone() }));
        } else if !(by_kind && entries.iter().any(|e| e.key == name.key)) {
            return Err(unknown_name(section, name, sources.iter().map(|(known, ..)| *known).collect()));
        }
        Ok(path)
    }
}

/// One key of an assignment's path.
struct Part {
    key: String,
    place: Place,
}

/// The path of an assignment, and where its value begins.
fn split(origin: &Arc<Origin>) -> Option<(Vec<Part>, usize)> {
    // A quoted key may hold a `=`: the path ends at the first one that leaves well-formed keys before it.
    origin.text.match_indices('=').find_map(|(at, _)| Some((keys(origin, &origin.text[..at])?, at + 1)))
}

fn keys(origin: &Arc<Origin>, path: &str) -> Option<Vec<Part>> {
    if path.contains(['\n', '\r']) {
        return None;
    }
    // TOML's own dotted key, given a value so that it can be parsed.
    let line = format!("{path}=0");
    let mut table = DeTable::parse(&line).ok()?.into_inner();
    let mut parts = Vec::new();
    loop {
        let (key, value) = table.into_iter().next()?;
        parts.push(Part { key: key.get_ref().to_string(), place: Place::new(origin, key.span()) });
        match value.into_inner() {
            DeValue::Table(inner) => table = inner,
            _ => return Some(parts),
        }
    }
}

/// The name, kind and number of every source that an assignment can name.
fn sources(kinds: &[Entry]) -> Vec<(&str, &str, usize)> {
    let mut found = Vec::new();
    for kind in kinds {
        let Value::Array(elements) = &kind.node.value else {
            continue;
        };
        let mut nameless = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            match element.get("name").map(|name| &name.value) {
                Some(Value::String(name)) => found.push((name.as_str(), kind.key.as_str(), index)),
                Some(_) => {}
                None => nameless.push(index),
            }
        }
        if let [only] = nameless[..] {
            found.push((&kind.key, &kind.key, only));
        }
    }
    found
}

fn unknown_name(section: &Part, name: &Part, known: Vec<&str>) -> Diagnostic {
    let near = nearest(&name.key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let names: Vec<_> = by_likeness(&name.key, known).iter().take(12).map(|name| format!("`{name}`")).collect();
    let label = if names.is_empty() { "there is none yet".into() } else { format!("known: {}", listed(&names, "and")) };
    Diagnostic::new(&name.place, format!("no {} is named `{}`", section.key, name.key), label).help(near)
}

/// Puts a value at the end of a path, making or replacing what must be on the way.
fn put(root: &mut Node, path: &[Part], value: Node) -> Result<(), Diagnostic> {
    let mut node = root;
    for (depth, part) in path.iter().enumerate() {
        // Where a value has to give way to a table, the table belongs to the key before.
        let before = &path[depth.saturating_sub(1)];
        if !matches!(node.value, Value::Array(_) | Value::Table(_)) {
            *node = Node { place: before.place.clone(), value: Value::Table(Vec::new()) };
        }
        node = match &mut node.value {
            Value::Array(items) => {
                let count = items.len();
                let index = part.key.parse::<usize>().ok();
                let item = index.and_then(|index| items.get_mut(index));
                item.ok_or_else(|| {
                    let label = format!("expected a number below {count}");
                    Diagnostic::new(
                        &part.place,
                        format!("`{}` is a list of {count}, counted from 0", before.key),
                        label,
                    )
                })?
            }
            Value::Table(entries) => {
                // Sections and their names (`[function.duration]`) are never tags, however they are called.
                let tagged = depth > 2 && TAGGED.contains(&before.key.as_str());
                if tagged && entries.len() == 1 && entries[0].key != part.key {
                    entries.clear();
                    node.place = before.place.clone();
                }
                child(entries, part, depth + 1 == path.len())
            }
            _ => unreachable!("made a table above"),
        };
    }
    *node = value;
    Ok(())
}

/// The value under a key, an empty table if there was none.
fn child<'a>(entries: &'a mut Vec<Entry>, part: &Part, is_last: bool) -> &'a mut Node {
    let at = entries.iter().position(|entry| entry.key == part.key).unwrap_or_else(|| {
        let node = Node { place: part.place.clone(), value: Value::Table(Vec::new()) };
        entries.push(Entry { key: part.key.clone(), key_place: part.place.clone(), node });
        entries.len() - 1
    });
    let entry = &mut entries[at];
    if is_last {
        entry.key_place = part.place.clone();
    }
    &mut entry.node
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::sample;

    #[test]
    fn assignments() {
        // What is assigned, what the document says there afterwards.
        #[rustfmt::skip] // one row per rule
        let rows = [
            ("seed=7", "seed", "7"),
            (" seed = 7 ", "seed", "7"),
            ("seed=\"7\"", "seed", "\"7\""),
            ("about=5m or so", "about", "\"5m or so\""),
            ("about=a=b", "about", "\"a=b\""),
            ("about=", "about", "\"\""),
            ("drain=1h", "drain", "\"1h\""),
            ("account.concurrent_executions=unlimited", "account", "{ concurrent_executions = \"unlimited\" }"),
            ("expect.\"a=b.c\"=[1, 2]", "expect", "{ \"a=b.c\" = [1, 2] }"),
            ("source.logs.batch_size=500", "source.kinesis.0.batch_size", "500"),
            ("source.audit.name=a", "source.kinesis.1.name", "\"a\""),
            ("source.sqs.delay=2s", "source.sqs.0.delay", "\"2s\""),
            ("source.kinesis.1.batch_size=5", "source.kinesis.1.batch_size", "5"),
            ("source.logs.arrivals.constant.rate=20", "source.kinesis.0.arrivals", "{ constant = { rate = 20 } }"),
            ("source.logs.arrivals.poisson.rate=20", "source.kinesis.0.arrivals", "{ poisson = { rate = 20 } }"),
            ("source.audit.arrivals.every=5m", "source.kinesis.1.arrivals", "{ every = \"5m\" }"),
            ("source.logs.arrivals={at=['0s']}", "source.kinesis.0.arrivals", "{ at = [\"0s\"] }"),
            ("function.alert.duration.gamma.cv=1", "function.alert.duration", "{ gamma = { cv = 1 } }"),
            ("function.alert.outages.0.from=30s", "function.alert.outages.0.from", "\"30s\""),
            ("function.new={duration='1s'}", "function.new", "{ duration = \"1s\" }"),
        ];
        for (assignment, path, want) in rows {
            let mut document = sample();
            document.set(assignment).unwrap_or_else(|report| panic!("{assignment}\n{report}"));
            let mut value = &toml::Value::Table(document.to_toml());
            for key in path.split('.') {
                let found = key.parse::<usize>().map_or_else(|_| value.get(key), |index| value.get(index));
                value = found.unwrap_or_else(|| panic!("{assignment}: no {key}"));
            }
            assert_eq!(value.to_string(), want, "{assignment}");
        }
    }

    #[test]
    fn one_key_has_one_path() {
        let document = sample();
        for (one, other) in [
            ("source.logs.batch_size", "source.kinesis.0.batch_size"),
            ("source.audit.name", "source.\"kinesis\".1.name"),
            ("seed", " \"seed\" "),
        ] {
            assert!(document.keys(one).is_some() && document.keys(one) == document.keys(other), "{one} {other}");
        }
        assert_ne!(document.keys("source.logs.batch_size"), document.keys("source.audit.batch_size"));
        assert_eq!(document.keys("source.lgos.batch_size"), None);
    }

    #[test]
    fn refused_assignments() {
        #[rustfmt::skip] // one row per rule
        let rows = [
            ("", "expected PATH=VALUE"),
            ("seed", "expected PATH=VALUE"),
            ("=7", "expected PATH=VALUE"),
            ("a b=7", "expected PATH=VALUE"),
            ("a\nb=7", "expected PATH=VALUE"),
            ("seed=99999999999999999999", "--set:1:6"),
            ("source.lgos.batch_size=5", "did you mean `logs`?"),
            ("source.lgos.batch_size=5", "known: `logs`, `sqs` and `audit`"),
            ("source.kinesis.batch_size=5", "no source is named `kinesis`"),
            ("function.alrt.timeout=5", "no function is named `alrt`"),
            ("source.kinesis.7.name=a", "`kinesis` is a list of 2"),
            ("function.alert.outages.first.from=1s", "--set:1:24"),
        ];
        for (assignment, want) in rows {
            let mut document = sample();
            let report = document.set(assignment).expect_err(assignment).to_string();
            assert!(report.contains(want), "{assignment}\n{report}");
            assert_eq!(document.to_toml(), sample().to_toml(), "{assignment}");
        }
    }
}
