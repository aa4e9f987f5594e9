//! The walk over a scenario: a row for each rule, and what users are told.

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
        let source = if line.contains("source.") { String::new() } else { format!("[[source.kinesis]]\n{source}\n") };
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
    assert!(report.contains(" --> --set:1:16\n  |\n1 | function.alert.mem=1\n  |                ^^^ not"), "{report}");
}

#[test]
fn odd_schemas_end() {
    let document = Document::parse("x.toml", SAMPLE).unwrap();
    for schema in [json!(true), json!(null), json!({ "$ref": "#" }), json!({ "$ref": 3, "anyOf": 4, "properties": [] })]
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
