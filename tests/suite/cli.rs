//! The command line, as a user types it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::{Ended, Sandbox};
use crate::support::{Figures, parse_facts};

const SMALL: &str = r#"
duration = "3m"
function.f.duration = "20ms"
function.f.error_rate = 0.05
[[source.s3]]
name = "uploads"
arrivals = { poisson = { rate = 2.0 } }
[[source.kinesis]]
name = "logs"
arrivals = { constant = { rate = 5.0 } }
"#;

/// A sandbox that holds `small.toml`.
fn small() -> Sandbox {
    Sandbox::new().with("small.toml", SMALL)
}

const FACTS_HEADER: &str =
    "time_s,fact,function,source,first_event,last_event,n_events,invocation,attempt,environment,condition,invoke_count";

/// Names of the tables, and of nothing else.
const TABLES: [&str; 3] = ["series.csv", "summary.csv", "summary.json"];

#[test]
fn run_writes_tables_and_charts_and_nothing_else() {
    let sandbox = small();
    let out = sandbox.ok("run small.toml");
    assert!(out.contains("uploads") && out.contains("logs") && out.contains("output/small"), "{out}");
    let mut names = sandbox.names();
    names.retain(|name| name != "small.toml");
    assert!(TABLES.iter().all(|table| names.contains(&format!("output/small/{table}"))), "{names:?}");
    let charts = names.iter().filter(|name| name.ends_with(".svg")).count();
    assert_eq!(names.len(), TABLES.len() + charts, "temporary files are left: {names:?}");
    assert!(charts >= 3, "{names:?}");
    let ended = sandbox.run("run small.toml --quiet --out quiet");
    assert_eq!((ended.status, ended.out.as_str(), ended.err.as_str()), (0, "", ""));
}

#[test]
fn json_is_one_line_a_scenario_and_equals_the_file() {
    let sandbox = small().with("other.toml", SMALL);
    let one = sandbox.run("run small.toml --json --no-charts");
    assert_eq!((one.status, one.err.as_str()), (0, ""));
    assert_eq!(one.line(), sandbox.json("output/small/summary.json"));
    let out = sandbox.ok("run small.toml other.toml --json --no-charts --out all");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for (line, name) in lines.iter().zip(["small", "other"]) {
        assert_eq!(line["scenario"], name);
        assert_eq!(*line, sandbox.json(&format!("all/{name}/summary.json")));
    }
}

#[test]
fn set_and_seed_change_what_they_name() {
    let sandbox = small();
    let run = |rest: &str| sandbox.run(&format!("run small.toml --json --no-charts {rest}")).line();
    let plain = run("");
    assert_eq!((&plain["seed"], plain["sources"]["logs"]["events"].as_u64()), (&1.into(), Some(900)));
    assert_eq!(run("--set duration=1m")["sources"]["logs"]["events"], 300);
    assert_eq!(run("--set source.logs.arrivals.constant.rate=10")["sources"]["logs"]["events"], 1800);
    let both = run("--set function.f.error_rate=0 --set function.f.duration=40ms");
    assert_eq!(both["functions"]["f"]["duration_ms"]["p50"], 40.0);
    assert_eq!(both["functions"]["f"]["errors"], 0);
    let other = run("--seed 7");
    assert_eq!(other["seed"], 7);
    assert_ne!(other["sources"]["uploads"], plain["sources"]["uploads"]);
    assert_eq!(run("--set seed=7"), other);
    assert_eq!(run("--seed 1"), plain);
    for wrong in ["--set", "--set duration", "--set nonsense=1", "--set source.none.batch_size=1", "--seed x"] {
        sandbox.refused(&format!("run small.toml --out refused {wrong}"));
    }
    assert!(!sandbox.0.join("refused").exists());
}

#[test]
fn what_was_changed_and_what_is_left_out_is_told() {
    let sandbox = small();
    let set = "--set duration=1m --set warm_up=10s";
    let text = sandbox.ok(&format!("run small.toml {set}"));
    assert!(text.contains("\nwith duration=1m, warm_up=10s\n"), "{text}");
    assert!(text.contains("\nThe first 10 s is left out.\n"), "{text}");
    let costs = text.lines().skip_while(|line| !line.starts_with("This would cost"));
    assert!(costs.take(2).all(|line| line.chars().count() <= 110), "{text}");
    let chart = |name: &str| sandbox.text(&format!("output/small/{name}.svg"));
    for name in ["latency", "latency-parts", "concurrency", "throughput", "backlog"] {
        assert!(chart(name).contains(" · with duration=1m, warm_up=10s\n"), "{name}");
    }
    for name in ["concurrency", "throughput", "backlog"] {
        assert!(chart(name).contains("warm-up\n"), "{name}");
    }
    // Each step is so long.
    assert!(chart("concurrency").contains("concurrent executions, maximum in 200 ms\n"));
    assert!(chart("throughput").contains("events emitted, mean of 200 ms\n"));
    let plain = sandbox.ok("run small.toml --out plain");
    assert!(!plain.contains("\nwith ") && !plain.contains("left out"), "{plain}");
    for line in [
        "compare small.toml --set-b function.f.memory_size=512",
        "sweep small.toml --vary function.f.memory_size=512,1024",
        "plan small.toml --vary function.f.memory_size=512,1024 --require sources.logs.latency_ms.p99<60000",
        "plan small.toml --find source.logs.arrivals.constant.rate --max --tolerance 50% --require sources.logs.events<400",
    ] {
        let text = sandbox.run(&format!("{line} {set} --replications 2 --out study")).out;
        assert!(text.contains("\nwith duration=1m, warm_up=10s\n"), "{line}: {text}");
        let charts =
            sandbox.files().into_iter().filter(|(name, _)| name.starts_with("study/") && name.ends_with(".svg"));
        for (name, bytes) in charts {
            assert!(String::from_utf8(bytes).unwrap().contains("with duration=1m, warm_up=10s\n"), "{line}: {name}");
        }
    }
}

/// A run without events has tables without empty heads, and one replication no range of seeds.
#[test]
fn where_there_is_nothing_no_head_stands_alone() {
    let none = "duration = '1m'\nfunction.f.duration = '1s'\n[[source.invoke]]\narrivals = { at = [] }\n";
    let sandbox = small().with("none.toml", none);
    assert!(!sandbox.ok("run none.toml --no-charts").contains("p99"));
    let text = sandbox.ok("sweep small.toml --vary duration=1m,2m --replications 1 --no-charts");
    assert!(text.contains("1 replication each, seed 1\n"), "{text}");
}

#[test]
fn a_dash_is_standard_input() {
    let sandbox = small();
    let ended = sandbox.piped("run - --json --no-charts", SMALL);
    let mut from_file = sandbox.run("run small.toml --json --no-charts").line();
    assert_eq!(ended.status, 0, "{}", ended.err);
    from_file["scenario"] = "stdin".into();
    assert_eq!(ended.line(), from_file);
    assert_eq!(sandbox.json("output/stdin/summary.json"), from_file);
    assert_eq!(sandbox.piped("check -", SMALL).status, 0);
    let ended = sandbox.piped("check -", "duration = 3\n");
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("duration"), "{}", ended.err);
}

#[test]
fn an_unmet_expectation_ends_with_1_and_is_written_all_the_same() {
    let sandbox = small()
        .with(
            "unmet.toml",
            &format!("{SMALL}[expect]\n\"sources.logs.events\" = \"< 10\"\n\"sources.uploads.dropped\" = 0\n"),
        )
        .with("met.toml", &format!("{SMALL}[expect]\n\"sources.logs.events\" = 900\n"));
    sandbox.ok("run met.toml --no-charts");
    for (rest, said) in [("", ""), (" --quiet", "sources.logs.events"), (" --json", "sources.logs.events")] {
        let ended = sandbox.run(&format!("run unmet.toml --no-charts --out unmet{rest}"));
        assert_eq!(ended.status, 1, "{}", ended.err);
        assert!(ended.err.contains(said) && !ended.err.contains("dropped"), "{}", ended.err);
        assert!(TABLES.iter().all(|table| sandbox.0.join("unmet").join(table).exists()));
        fs::remove_dir_all(sandbox.0.join("unmet")).unwrap();
    }
    assert!(sandbox.run("run unmet.toml --no-charts").out.contains("sources.logs.events"));
    // The others still run, and the last does not hide the first.
    let ended = sandbox.run("run unmet.toml met.toml --json --no-charts");
    assert_eq!((ended.status, ended.out.lines().count()), (1, 2));
    let verdicts: Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
    let first = &verdicts["expect"][0];
    assert_eq!((first["met"].as_bool(), first["got"].as_f64()), (Some(false), Some(900.0)));
    assert_eq!(verdicts["expect"].as_array().unwrap().len(), 2);
}

#[test]
fn scenarios_that_share_a_folder_are_refused_before_anything_runs() {
    let sandbox = Sandbox::new().with("one/a.toml", SMALL).with("two/a.toml", SMALL).with("b.toml", SMALL);
    let before = sandbox.names();
    for line in
        ["run one/a.toml two/a.toml", "run b.toml one/a.toml two/a.toml --out all", "run b.toml ./b.toml --out all"]
    {
        let err = sandbox.refused(line);
        assert!(err.contains("would both write"), "{err}");
        assert_eq!(sandbox.names(), before);
    }
}

#[test]
fn bad_input_leaves_the_old_output_as_it_was() {
    let sandbox = small().with("bad.toml", "duration = \"1m\"\nfunctoin.f.duration = \"1s\"\n");
    let trace = SMALL.replace("{ poisson = { rate = 2.0 } }", r#"{ trace = { file = "t.csv", column = "t" } }"#);
    let sandbox = sandbox.with("trace.toml", &trace).with("t.csv", "t\n1\n3\n2\n");
    sandbox.ok("run small.toml --out kept --facts facts.csv");
    let before = sandbox.files();
    for line in [
        "run bad.toml --out kept --facts facts.csv",
        "run missing.toml --out kept --facts facts.csv",
        "run trace.toml --out kept --facts facts.csv",
        "run small.toml bad.toml --out kept",
        "run small.toml --out kept --set duration=5",
        "run small.toml small.toml --out kept --facts facts.csv",
    ] {
        let err = sandbox.refused(line);
        assert!(sandbox.files() == before, "{line}: {err}");
    }
    let err = sandbox.refused("run bad.toml");
    assert!(err.contains("bad.toml:2:1") && err.contains("function"), "{err}");
    let err = sandbox.refused("run trace.toml");
    assert!(err.contains("t.csv:4") && err.contains("ascend"), "{err}");
}

#[test]
fn what_cannot_be_written_is_said_and_half_of_it_is_not() {
    let sandbox = small().with("plain", "a file").with("taken/summary.csv/in-it", "a folder in the way");
    sandbox.ok("run small.toml --out good --no-charts");
    fs::create_dir(sandbox.0.join("folder")).unwrap();
    let before = sandbox.files();
    for (line, said) in [
        ("run small.toml --out plain", "plain"),
        ("run small.toml --out plain/below", "plain is a file"),
        ("run small.toml --out taken", "taken"),
        ("run small.toml --out new --facts plain/facts.csv", "plain/facts.csv"),
        ("run small.toml --out new --facts nowhere/facts.csv", "nowhere/facts.csv"),
        ("run small.toml --out new --facts folder", "folder"),
    ] {
        let ended = sandbox.run(line);
        assert!(ended.status == 1 || ended.status == 2, "{line}: {}", ended.status);
        assert!(ended.err.starts_with("error: ") && ended.err.contains(said), "{line}: {}", ended.err);
        assert!(!ended.err.contains("panicked") && ended.out.is_empty(), "{line}: {}", ended.err);
        assert!(sandbox.files() == before, "{line}: {:?}", sandbox.names());
    }
}

#[test]
fn without_charts_none_is_written_and_stale_ones_go() {
    let sandbox = small();
    sandbox.ok("run small.toml --out out");
    fs::write(sandbox.0.join("out/notes.txt"), "mine").unwrap();
    assert!(sandbox.names().iter().any(|name| name.ends_with(".svg")));
    sandbox.ok("run small.toml --out out --no-charts");
    let mut want: Vec<String> = TABLES.iter().map(|table| format!("out/{table}")).collect();
    want.splice(0..0, ["out/notes.txt".to_owned()]);
    want.push("small.toml".into());
    assert_eq!(sandbox.names(), want);
}

#[test]
fn facts_are_whole_and_agree_with_the_summary() {
    let sandbox = small().with("other.toml", SMALL).with("facts.csv", "old");
    let summary = sandbox.run("run small.toml --json --no-charts --facts facts.csv").line();
    let csv = sandbox.text("facts.csv");
    assert!(csv.starts_with(&format!("{FACTS_HEADER}\n")) && csv.ends_with('\n'));
    let rows = parse_facts(&csv);
    assert!(rows.is_sorted_by_key(|row| row.nanos));
    for source in ["logs", "uploads"] {
        let count = |fact: &str| -> u64 {
            rows.iter().filter(|row| row.source == source && row.fact == fact).filter_map(|row| row.n_events).sum()
        };
        assert_eq!(count("emitted"), summary["sources"][source]["events"].as_u64().unwrap());
        assert_eq!(count("processed"), summary["sources"][source]["processed"].as_u64().unwrap());
    }
    assert!(sandbox.names().iter().all(|name| !name.starts_with("facts.csv.")));
    let err = sandbox.refused("run small.toml other.toml --facts both.csv");
    assert!(err.contains("--facts"), "{err}");
    assert!(!sandbox.0.join("both.csv").exists());
}

#[cfg(unix)]
#[test]
fn facts_go_to_a_device_as_it_is() {
    use std::os::unix::fs::FileTypeExt;
    let sandbox = small();
    sandbox.ok("run small.toml --no-charts --facts /dev/null");
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    // A device without room: the failure is told, and there are no tables of a run that could not be finished.
    if Path::new("/dev/full").exists() {
        let ended = sandbox.run("run small.toml --no-charts --out full --facts /dev/full");
        assert_eq!((ended.status, ended.out.as_str()), (1, ""), "{}", ended.err);
        assert!(ended.err.contains("/dev/full") && !sandbox.0.join("full").exists(), "{}", ended.err);
    }
}

#[cfg(unix)]
#[test]
fn standard_output_without_room_is_told() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let sandbox = small();
    for line in ["list", "schema", "run small.toml --json --no-charts"] {
        let output = sandbox.command(line).stdout(full.try_clone().unwrap()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {err}");
        assert!(err.contains("standard output") && !err.contains("panicked"), "{line}: {err}");
    }
}

#[test]
fn there_are_no_escape_codes_outside_a_terminal() {
    let sandbox = small().with("bad.toml", "functoin.f.duration = \"1s\"\n");
    for line in ["list", "schema", "run small.toml", "check small.toml", "check bad.toml", "--help", "nonsense"] {
        for no_color in [None, Some("1"), Some("")] {
            let mut command = sandbox.command(line);
            no_color.map(|value| command.env("NO_COLOR", value));
            let ended = Ended::of(command.output().unwrap());
            assert!(
                !ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'),
                "{line}: {}{}",
                ended.out,
                ended.err
            );
            assert!(!ended.out.contains('\r') && !ended.err.contains('\r'), "{line}");
        }
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_panic() {
    let sandbox = small()
        .with("unmet.toml", &format!("{SMALL}[expect]\n\"sources.logs.events\" = 1\n"))
        .with("bad.toml", "functoin.f.duration = \"1s\"\n");
    for (line, status) in [
        ("list", 0),
        ("schema", 0),
        ("run small.toml --no-charts", 0),
        ("run small.toml --no-charts --json", 0),
        ("check small.toml", 0),
        ("--help", 0),
    ] {
        let mut child = sandbox.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = Ended::of(child.wait_with_output().unwrap());
        assert_eq!((ended.status, ended.err.as_str()), (status, ""), "{line}");
    }
    for (line, status) in [("run unmet.toml --no-charts --quiet", 1), ("check bad.toml", 2), ("nonsense", 2)] {
        let mut child = sandbox.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(status), "{line}");
    }
}

#[test]
fn new_gives_a_scenario_that_runs_and_writes_over_none() {
    let sandbox = Sandbox::new();
    sandbox.ok("new mine");
    assert_eq!(sandbox.names(), ["mine.toml"]);
    let text = sandbox.text("mine.toml");
    assert!(text.lines().any(|line| line.starts_with("profile") && line.contains("\"2025-11\"")), "{text}");
    sandbox.ok("check mine.toml");
    sandbox.ok("run mine.toml");
    assert!(sandbox.0.join("output/mine/summary.json").exists());
    fs::write(sandbox.0.join("mine.toml"), "# changed\n").unwrap();
    for line in ["new mine", "new mine.toml"] {
        let err = sandbox.refused(line);
        assert!(err.contains("mine.toml"), "{err}");
        assert_eq!(sandbox.text("mine.toml"), "# changed\n");
    }
    sandbox.refused("new nowhere/mine");
    sandbox.refused("new");
    assert!(!sandbox.0.join("nowhere").exists());
}

#[test]
fn check_tells_of_every_scenario_and_writes_nothing() {
    let bad = "functoin.f.duration = \"1s\"\n";
    let sandbox = small().with("bad.toml", bad).with("worse.toml", "duration = \n");
    let before = sandbox.names();
    assert_eq!(sandbox.ok("check small.toml").lines().count(), 1);
    assert_eq!(sandbox.ok("check small.toml --quiet"), "");
    let ended = sandbox.run("check small.toml bad.toml worse.toml missing.toml");
    assert_eq!(ended.status, 2);
    for file in ["bad.toml", "worse.toml", "missing.toml"] {
        assert!(ended.err.contains(file), "{}", ended.err);
    }
    assert!(sandbox.run("check small.toml --set function.f.timeout=1h").status == 2);
    assert_eq!(sandbox.names(), before);
}

#[test]
fn a_change_that_one_of_several_does_not_take_is_told_with_its_name() {
    let sandbox = small().with("other.toml", &SMALL.replace("function.f.", "function.g."));
    for line in ["check small.toml other.toml", "run small.toml other.toml"] {
        let err = sandbox.refused(&format!("{line} --set function.f.timeout=5s --quiet"));
        assert!(err.contains("other.toml: --set:1:10") && !err.contains("small.toml"), "{err}");
    }
    assert!(sandbox.refused("check other.toml --set function.f.timeout=5s").contains("--> --set:1:10"));
}

#[test]
fn a_warm_up_that_outlasts_the_last_event_is_told() {
    let text = |warm_up: &str| {
        format!(
            "warm_up = \"{warm_up}\"\nfunction.f.duration = \"1s\"\n[[source.invoke]]\narrivals = {{ at = [\"1s\", \"5s\"] }}\n"
        )
    };
    let sandbox = Sandbox::new().with("short.toml", &text("4s")).with("long.toml", &text("5s"));
    assert_eq!(sandbox.run("run short.toml --no-charts").err, "");
    for (line, told) in
        [("run long.toml --json", true), ("run long.toml --replications 3", true), ("run long.toml --quiet", false)]
    {
        let ended = sandbox.run(&format!("{line} --no-charts"));
        assert_eq!(ended.status, 0);
        assert_eq!(
            ended.err.contains("warning: long: the warm-up of 5s leaves nothing"),
            told,
            "{line}: {}",
            ended.err
        );
    }
}

#[test]
fn schema_and_list_hold_every_kind() {
    let sandbox = Sandbox::new();
    let (schema, list) = (sandbox.ok("schema"), sandbox.ok("list"));
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["$schema"].as_str().is_some_and(|name| name.contains("json-schema.org")));
    let text = schema.to_string();
    let kinds: Vec<&str> = pushpull::source::KINDS.iter().map(|kind| kind.name).collect();
    for kind in
        ["s3", "api_gateway", "sns", "cloudformation", "cloudwatch_events", "alexa", "invoke", "dynamodb", "kinesis"]
    {
        assert!(kinds.contains(&kind), "{kind}");
    }
    let profiles = pushpull::profile::Profile::ALL.iter().map(|(profile, _)| profile.name());
    for name in profiles.chain(kinds) {
        assert!(text.contains(&format!("\"{name}\"")), "the schema lacks {name}");
        let row = list.lines().find(|line| line.split_whitespace().next() == Some(name));
        assert!(row.is_some_and(|row| row.split_whitespace().count() > 2), "{name} has no line:\n{list}");
    }
    for name in ["lognormal", "empirical", "mixture", "poisson", "ramp", "trace", "counts", "clients"] {
        assert!(list.contains(&format!("  {name} ")), "{name} has no line:\n{list}");
    }
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn what_is_not_understood_ends_with_2() {
    let sandbox = small();
    for line in
        ["nonsense", "run", "check", "run small.toml --nonsense", "list more", "run small.toml --out", "--nonsense"]
    {
        sandbox.refused(line);
    }
    assert_eq!(sandbox.run("").status, 2);
    assert_eq!(sandbox.names(), ["small.toml"]);
    assert!(sandbox.ok("--version").contains(env!("CARGO_PKG_VERSION")));
    let help = sandbox.ok("--help");
    for verb in ["run", "check", "list", "new", "schema"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(verb)), "{help}");
        assert!(sandbox.ok(&format!("{verb} --help")).contains("Usage"));
    }
}

/// The rows of a CSV file without quotes, after its header.
fn csv<'a>(text: &'a str, header: &str) -> Vec<Vec<&'a str>> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(header));
    let width = header.split(',').count();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == width));
    rows
}

#[test]
fn summary_csv_agrees_with_the_json() {
    fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, Option<f64>>) {
        match value {
            Value::Object(entries) => {
                entries.iter().for_each(|(key, value)| leaves(&format!("{path}.{key}"), value, found));
            }
            Value::Number(_) | Value::Null => drop(found.insert(path.into(), value.as_f64())),
            _ => {}
        }
    }
    let sandbox = small();
    let json = sandbox.run("run small.toml --json --no-charts --set function.f.error_rate=0").line();
    let mut want = BTreeMap::new();
    for root in ["ended_at_s", "duration_s", "warm_up_s", "sources", "functions", "destinations", "account", "cost_usd"]
    {
        leaves(root, &json[root], &mut want);
    }
    let text = sandbox.text("output/small/summary.csv");
    let mut seen = BTreeMap::new();
    for row in csv(&text, "metric,value,unit") {
        let (metric, value, unit) = (row[0], row[1], row[2]);
        let value = (!value.is_empty()).then(|| value.parse::<f64>().unwrap());
        // The JSON reader may be off by the last bit.
        let agree = match (value, want[metric]) {
            (Some(a), Some(b)) => (a - b).abs() <= b.abs() * 1e-15,
            (a, b) => a == b,
        };
        assert!(agree, "{metric}: {value:?}, {:?}", want[metric]);
        assert!(seen.insert(metric.to_owned(), value).is_none(), "{metric} stands twice");
        let named = |end: &str| metric.split('.').any(|part| part.ends_with(end));
        let unit_of = if named("_per_s") {
            "1/s"
        } else if named("_ms") {
            "ms"
        } else if named("_usd") {
            "USD"
        } else if named("_rate") {
            "1"
        } else if named("_s") {
            "s"
        } else {
            "count"
        };
        assert_eq!(unit, unit_of, "{metric}");
    }
    let missing: Vec<_> = want.keys().filter(|metric| !seen.contains_key(*metric)).collect();
    assert!(missing.iter().all(|metric| ["duration_s", "warm_up_s"].contains(&metric.as_str())), "{missing:?}");
    assert!(seen.len() > 50 && seen.values().any(Option::is_none));
}

#[test]
fn series_csv_holds_minutes_that_add_up() {
    const METRICS: [&str; 19] = [
        "Invocations",
        "Errors",
        "Throttles",
        "Duration",
        "ConcurrentExecutions",
        "UnreservedConcurrentExecutions",
        "ClaimedAccountConcurrency",
        "IteratorAge",
        "AsyncEventsReceived",
        "AsyncEventsDropped",
        "AsyncEventAge",
        "Environments",
        "EventsEmitted",
        "EventsProcessed",
        "Backlog",
        "PolledEventCount",
        "InvokedEventCount",
        "FailedInvokeEventCount",
        "FilteredOutEventCount",
    ];
    let sandbox = small();
    let figures = Figures(sandbox.run("run small.toml --json --no-charts").line());
    let text = sandbox.text("output/small/series.csv");
    let rows = csv(&text, "time_s,owner,metric,stat,value");
    let times: Vec<u64> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().all(|time| time % 60 == 0), "{times:?}");
    assert_eq!(times[0], 0);
    for row in &rows {
        assert!(METRICS.contains(&row[2]) && ["Sum", "Average", "Maximum"].contains(&row[3]), "{row:?}");
        assert!(["account", "functions.f", "sources.logs", "sources.uploads"].contains(&row[1]), "{row:?}");
    }
    let values = |owner: &str, metric: &str, stat: &str| -> Vec<f64> {
        let rows = rows.iter().filter(|row| row[1..4] == [owner, metric, stat]);
        rows.map(|row| row[4].parse().unwrap()).collect()
    };
    for (owner, metric, total) in [
        ("functions.f", "Invocations", "functions.f.invocations"),
        ("functions.f", "Errors", "functions.f.errors"),
        ("functions.f", "Throttles", "functions.f.throttles"),
        ("functions.f", "AsyncEventsReceived", "functions.f.async_events_received"),
        ("sources.logs", "EventsEmitted", "sources.logs.events"),
        ("sources.logs", "EventsProcessed", "sources.logs.processed"),
        ("sources.uploads", "EventsProcessed", "sources.uploads.processed"),
    ] {
        assert_eq!(values(owner, metric, "Sum").iter().sum::<f64>(), figures.get(total), "{total}");
    }
    for (owner, metric, most) in [
        ("functions.f", "ConcurrentExecutions", "functions.f.concurrent_executions.max"),
        ("account", "ConcurrentExecutions", "account.concurrent_executions.max"),
        ("sources.logs", "IteratorAge", "sources.logs.iterator_age_ms.max"),
    ] {
        let found = values(owner, metric, "Maximum").into_iter().fold(0.0, f64::max);
        assert!((found - figures.get(most)).abs() < 1e-6, "{most}: {found}");
    }
}
