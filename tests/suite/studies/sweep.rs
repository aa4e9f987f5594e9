//! Sweeps: a tidy table of the whole grid, and one that was stopped goes on where it was.

use std::process::Stdio;
use std::time::Duration;

use super::loss_system;
use crate::sandbox::Sandbox;
use crate::support::summary;

#[test]
fn every_point_and_metric_has_a_row() {
    let sandbox = Sandbox::new().with("loss.toml", &loss_system("20s", 30.0, 6));
    let line = "sweep loss.toml --vary function.f.reserved_concurrent_executions=5,6 \
                --vary source.invoke.arrivals.poisson.rate=10..40log3 --replications 2";
    // A range with words is one argument.
    let mut command = sandbox.command(&line.replace("10..40log3", "RATES"));
    let arguments: Vec<_> =
        command.get_args().map(|word| word.to_string_lossy().replace("RATES", "10..40 log 3")).collect();
    command = sandbox.command("");
    let ended = command.args(arguments).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let csv = sandbox.text("output/loss-sweep/sweep.csv");
    let header = "point,function.f.reserved_concurrent_executions,source.invoke.arrivals.poisson.rate,metric,unit,seed,mean,low,high,level,n";
    assert_eq!(csv.lines().next(), Some(header));
    let metrics = summary(&loss_system("20s", 30.0, 6), 1);
    let row = |start: &str| csv.lines().filter(|row| row.starts_with(start)).collect::<Vec<_>>();
    assert_eq!(row("4,6,20,sources.invoke.rejected,count,1,").len(), 1, "{csv}");
    assert_eq!(row("0,").len(), row("5,").len());
    assert_eq!(csv.lines().count(), 1 + 6 * row("0,").len());
    assert!(metrics.find("sources.invoke.rejected").is_some());
    // A point is what `run` gives under the same assignments.
    let set = "--set function.f.reserved_concurrent_executions=6 --set source.invoke.arrivals.poisson.rate=20";
    let run = sandbox.run(&format!("run loss.toml {set} --replications 2 --json --no-charts")).line();
    let mean = run["confidence"]["sources.invoke.rejected"]["mean"].as_f64().unwrap();
    assert!(row("4,6,20,sources.invoke.rejected,")[0].contains(&format!(",{mean},")), "{mean}");
}

#[test]
fn a_stopped_sweep_goes_on_and_loses_nothing() {
    let sandbox = Sandbox::new().with("loss.toml", &loss_system("10m", 40.0, 8));
    let line = |out: &str| {
        format!(
            "sweep loss.toml --vary function.f.reserved_concurrent_executions=4..23 --replications 4 --threads 1 --out {out}"
        )
    };
    sandbox.ok(&line("whole"));
    let mut child = sandbox.command(&line("stopped")).stdout(Stdio::null()).spawn().unwrap();
    let runs = || std::fs::read_to_string(sandbox.0.join("stopped/.unfinished")).unwrap_or_default().lines().count();
    while runs() < 4 {
        std::thread::sleep(Duration::from_millis(2));
        assert!(child.try_wait().unwrap().is_none(), "it was done before it could be stopped");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!sandbox.0.join("stopped/summary.json").exists());
    // A line that was cut off is no run.
    let path = sandbox.0.join("stopped/.unfinished");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 5]).unwrap();
    let ended = sandbox.run(&line("stopped"));
    assert!(ended.err.contains("going on where it was stopped"), "{}", ended.err);
    for name in ["sweep.csv", "summary.json", "sweep.svg"] {
        assert!(sandbox.text(&format!("stopped/{name}")) == sandbox.text(&format!("whole/{name}")), "{name} differs");
    }
    assert!(!path.exists(), "the journal goes when the sweep is done");
    // Another study in the same folder begins anew.
    std::fs::write(&path, text).unwrap();
    let ended = sandbox.run(&format!("{} --seed 9", line("stopped")));
    assert_eq!((ended.status, ended.err.contains("going on")), (0, false), "{}", ended.err);
}

/// Points are compared over the same time: what the slowest of them leaves out, all do.
#[test]
fn all_points_leave_out_the_same_beginning() {
    let backlog = "warm_up = 'auto'\nduration = '1h'\n[function.f]\nduration = '100ms'\ninit_duration = '0s'\n[[source.kinesis]]\n\
                   batch_size = 1\nenhanced_fan_out = true\nbacklog = { events = 3000, age = '10m' }\narrivals = { poisson = { rate = 5.0 } }\n";
    let sandbox = Sandbox::new().with("backlog.toml", backlog);
    let text =
        sandbox.ok("sweep backlog.toml --vary function.f.duration=100ms,70ms --replications 2 --no-charts --out out");
    assert!(text.contains("The first") && text.contains("is left out."), "{text}");
    let csv = sandbox.text("out/sweep.csv");
    let warm_ups: Vec<&str> = csv.lines().filter(|line| line.contains(",warm_up_s,")).collect();
    let values: std::collections::BTreeSet<&str> =
        warm_ups.iter().map(|line| line.split(',').skip_while(|cell| *cell != "warm_up_s").nth(2).unwrap()).collect();
    assert!(warm_ups.len() == 2 && values.len() == 1 && !values.contains("0"), "{warm_ups:?}");
}

#[test]
fn a_folder_in_the_place_of_the_journal_is_named() {
    let sandbox = Sandbox::new().with("loss.toml", &loss_system("30s", 30.0, 6)).with("out/.unfinished/in-it", "");
    let ended = sandbox.run("sweep loss.toml --vary function.f.timeout=1s,2s --out out --quiet");
    assert_eq!((ended.status, ended.err.as_str()), (1, "error: out/.unfinished: a folder, not a file\n"));
}

/// The runs of one sweep that was stopped are no runs of another, and that they are given up is said.
#[test]
fn another_sweep_says_that_it_gives_up_the_runs_of_the_first() {
    let sandbox = Sandbox::new()
        .with("loss.toml", &loss_system("30s", 30.0, 6))
        .with("out/.unfinished", "\"other\"\n[0,0,[1.0]]\n");
    let ended = sandbox.run("sweep loss.toml --vary function.f.timeout=1s,2s --replications 2 --no-charts --out out");
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert!(ended.err.contains("another sweep, which was stopped, are given up in out"), "{}", ended.err);
}
