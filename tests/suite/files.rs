//! Files that a run reads and writes: what changes meanwhile, what lies in the way, what is somebody else's.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::sandbox::{Ended, Sandbox};

/// A scenario whose one source has these arrivals.
fn scenario(arrivals: &str) -> String {
    format!("function.f.duration = \"20ms\"\n[[source.invoke]]\nname = \"calls\"\narrivals = {arrivals}\n")
}

/// A scenario that takes a while.
const LONG: &str = r#"
duration = "10m"
function.f.duration = "20ms"
[[source.invoke]]
name = "steady"
arrivals = { poisson = { rate = 500.0 } }
[[source.sns]]
name = "played"
arrivals = { trace = { file = "t.csv", column = "t" } }
"#;

/// A first scenario, which writes over what a second has read: the second could not be finished, whatever it meets.
#[test]
fn what_changes_before_the_run_is_told() {
    let first = format!("duration = \"3m\"\n{}", scenario("{ poisson = { rate = 1.0 } }"));
    let empirical = "duration = \"1m\"\nfunction.f.duration = { empirical = { file = \"all/first/series.csv\", column = \"v\" } }\n\
                     [[source.invoke]]\narrivals = { every = \"1s\" }\n";
    let of = |kind: &str, column: &str| {
        scenario(&format!("{{ {kind} = {{ file = \"all/first/series.csv\", column = \"{column}\" }} }}"))
    };
    for (what, second, was, says) in [
        ("no column", of("trace", "t"), "t\n1\n2\n", "series.csv:1: no column `t`"),
        ("no column of an empirical distribution", empirical.into(), "v\n1\n2\n", "series.csv:1: no column `v`"),
        ("descending rows", of("trace", "value"), "value\n1\n2\n", "series.csv:"),
        ("unreadable counts", of("counts", "stat"), "stat\n1\n2\n", "series.csv:2: column `stat`"),
        ("other rows", of("trace", "time_s"), "time_s\n1\n2\n", "series.csv: changed while the run went on"),
        ("no file", of("trace", "value").replace("series.csv", "latency.svg"), "value\n1\n2\n", "latency.svg"),
    ] {
        let sandbox = Sandbox::new().with("first.toml", &first).with("second.toml", &second);
        let sandbox = sandbox.with("all/first/series.csv", was).with("all/first/latency.svg", was);
        let sandbox = sandbox.with("all/first/summary.json", "{}");
        let ended = sandbox.run("run first.toml second.toml --out all --no-charts --quiet");
        assert_eq!((ended.status, ended.out.as_str()), (1, ""), "{what}: {}", ended.err);
        assert!(ended.err.starts_with("error: all/first/") && ended.err.contains(says), "{what}: {}", ended.err);
        assert_eq!(ended.err.lines().count(), 1, "{what}: {}", ended.err);
        assert!(!sandbox.0.join("all/second").exists(), "{what}");
    }
}

#[test]
fn what_changes_during_the_run_is_told() {
    let rows: String = (0..600).map(|second| format!("{second}\n")).collect();
    let sandbox = Sandbox::new().with("long.toml", LONG).with("t.csv", &format!("t\n{rows}"));
    let mut command = sandbox.command("run long.toml --facts facts.csv --replications 2 --quiet");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while sandbox.names().len() == 2 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    // A temporary file has a hidden name, for a run that is stopped leaves it behind.
    let hidden: Vec<String> = sandbox.names().into_iter().filter(|name| name.starts_with(".facts.csv.")).collect();
    fs::write(sandbox.0.join("t.csv"), "t\n5\n").unwrap();
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!((ended.status, hidden.len()), (1, 1), "{}", ended.err);
    assert!(ended.err.starts_with("error: t.csv") && ended.err.lines().count() == 1, "{}", ended.err);
    assert_eq!(sandbox.names(), ["long.toml", "t.csv"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_file_of_rows() {
    let sandbox = Sandbox::new().with("stdin.toml", &scenario("{ trace = { file = \"/dev/stdin\", column = \"t\" } }"));
    let sandbox = sandbox.with("pipe.toml", &scenario("{ trace = { file = \"pipe\", column = \"t\" } }"));
    assert!(std::process::Command::new("mkfifo").arg(sandbox.0.join("pipe")).status().unwrap().success());
    for ended in [sandbox.piped("run stdin.toml", "t\n1\n"), sandbox.run("check pipe.toml")] {
        assert_eq!(ended.status, 2, "{}", ended.err);
        assert!(ended.err.contains("a pipe can be read only once; give a file"), "{}", ended.err);
    }
}

#[test]
fn facts_are_written_over_nothing_of_the_run() {
    let sandbox = Sandbox::new()
        .with("in/a.toml", &scenario("{ trace = { file = \"t.csv\", column = \"t\" } }"))
        .with("in/t.csv", "t\n1\n2\n")
        .with("old/summary.json", "{}");
    let before = sandbox.files();
    for (line, says) in [
        ("run in/a.toml --facts in/a.toml", "in/a.toml: the scenario itself"),
        ("run in/a.toml --facts ./in/../in/a.toml", "the scenario itself"),
        ("run in/a.toml --facts in/t.csv", "in/t.csv: the scenario reads this file"),
        ("run in/a.toml --facts out --out out", "the output folder is to be there"),
        ("run in/a.toml --facts out --out out/below", "the output folder is to be there"),
        ("run in/a.toml --facts old --out old", "a folder, not a file"),
        ("run in/a.toml --facts old/summary.json --out old", "the run writes another file there"),
        ("run in/a.toml --facts old/latency.svg --out old", "the run writes another file there"),
        ("run in/a.toml --facts in", "a folder, not a file"),
        ("run in/a.toml --facts nowhere/facts.csv --replications 2", "no such folder"),
        ("run in/a.toml --facts /dev/stdout", "--quiet"),
        ("run in/a.toml --facts /dev/stdout --quiet --json", "no --json"),
    ] {
        let err = sandbox.refused(line);
        assert!(err.starts_with("error: --facts ") && err.contains(says), "{line}: {err}");
        assert!(sandbox.files() == before, "{line}: {:?}", sandbox.names());
    }
    sandbox.ok("run in/a.toml --facts old/facts.csv --out old");
}

#[cfg(unix)]
#[test]
fn facts_follow_a_link_and_leave_what_is_there_where_the_run_fails() {
    let rows = format!("t\n{}", (0..5).map(|second| format!("{second}\n")).collect::<String>());
    let sandbox = Sandbox::new()
        .with("a.toml", &scenario("{ trace = { file = \"t.csv\", column = \"t\" } }"))
        .with("t.csv", &rows)
        .with("there/old.csv", "old\n")
        .with("taken/summary.csv/in-it", "a folder in the way");
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, sandbox.0.join(name)).unwrap();
    link("there/old.csv", "link.csv");
    link("there/new.csv", "dangling.csv");
    link("a.toml", "scenario.csv");
    assert!(sandbox.refused("run a.toml --facts scenario.csv").contains("the scenario itself"));
    let unmet = sandbox.run("run a.toml --facts link.csv --set duration=soon");
    assert_eq!((unmet.status, sandbox.text("there/old.csv").as_str()), (2, "old\n"));
    for (name, target) in [("link.csv", "there/old.csv"), ("dangling.csv", "there/new.csv")] {
        sandbox.ok(&format!("run a.toml --no-charts --facts {name}"));
        assert!(sandbox.0.join(name).is_symlink());
        assert!(sandbox.text(target).starts_with("time_s,fact,"), "{target}");
    }
}

#[cfg(unix)]
#[test]
fn facts_go_to_standard_output_behind_what_is_there() {
    let sandbox = Sandbox::new().with("a.toml", &format!("duration = \"1m\"\n{}", scenario("{ every = \"1s\" }")));
    let line = "run a.toml --no-charts --quiet --facts /dev/stdout";
    let facts = sandbox.ok(line);
    assert!(facts.starts_with("time_s,fact,") && facts.lines().count() > 60);
    // What a file held before is neither cut off nor written over.
    let path = sandbox.0.join("log.txt");
    fs::write(&path, "before\n").unwrap();
    let file = fs::File::options().append(true).open(&path).unwrap();
    assert!(sandbox.command(line).stdout(file).status().unwrap().success());
    assert_eq!(sandbox.text("log.txt"), format!("before\n{facts}"));
    // A reader that has gone away is no failure.
    let mut child = sandbox.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
}

#[test]
fn only_what_a_run_left_is_removed() {
    let every = format!("duration = \"1m\"\n{}", scenario("{ every = \"1s\" }"));
    let sandbox = Sandbox::new().with("a.toml", &every).with("...toml", &every).with("..toml", &every);
    let sandbox = sandbox.with("mine/plan.csv", "mine").with("mine/latency.svg", "mine");
    sandbox.ok("run a.toml --no-charts --out mine");
    assert_eq!((sandbox.text("mine/plan.csv").as_str(), sandbox.text("mine/latency.svg").as_str()), ("mine", "mine"));
    // A folder that is called like its parent, or like the one it lies in, is none of its own.
    for line in ["run ...toml", "run ..toml", "check ./...toml", "new ..", "new .", "new mine/..", "new mine/."] {
        let err = sandbox.refused(line);
        assert!(err.contains("is no name of a scenario"), "{line}: {err}");
    }
    assert!(!Path::new(&sandbox.0).join("summary.json").exists());
}
