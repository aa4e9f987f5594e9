//! Replications: seeds of their own, every figure with an interval, the same bytes for any number of threads.

use pushpull::study::erlang_b;
use serde_json::Value;

use super::loss_system;
use crate::sandbox::Sandbox;
use crate::support::summary;

fn sandbox() -> Sandbox {
    Sandbox::new().with("loss.toml", &loss_system("30s", 30.0, 6))
}

#[test]
fn each_figure_is_the_mean_of_runs_that_can_be_looked_at() {
    let sandbox = sandbox();
    let line = |rest: &str| sandbox.run(&format!("run loss.toml --no-charts --json {rest}")).line();
    let all = line("--seed 5 --replications 4");
    let metric = "sources.invoke.latency_ms.p99";
    let runs: Vec<f64> = (5..9).map(|seed| summary(&loss_system("30s", 30.0, 6), seed).get(metric)).collect();
    let interval = &all["confidence"][metric];
    let mean = runs.iter().sum::<f64>() / 4.0;
    assert!((interval["mean"].as_f64().unwrap() - mean).abs() < 1e-9, "{interval} {runs:?}");
    assert_eq!((interval["n"].as_u64(), interval["level"].as_f64()), (Some(4), Some(0.95)));
    assert!(
        interval["low"].as_f64() < interval["mean"].as_f64() && interval["mean"].as_f64() < interval["high"].as_f64()
    );
    // The summary itself is that of the first seed, and a figure that does not exist has no interval either.
    assert_eq!(all["sources"], line("--seed 5")["sources"]);
    assert_eq!(all["confidence"]["sources.invoke.iterator_age_ms.p99"]["mean"], Value::Null);
    assert_eq!(line("--seed 5").get("confidence"), None, "one run has no intervals");
    // A higher level takes a wider interval.
    let wide = &line("--seed 5 --replications 4 --level 99%")["confidence"][metric];
    assert!(wide["high"].as_f64() > interval["high"].as_f64());
}

#[test]
fn every_metric_of_the_summary_has_its_row() {
    let sandbox = sandbox();
    sandbox.ok("run loss.toml --replications 3 --out out");
    let names: Vec<String> =
        sandbox.text("out/summary.csv").lines().skip(1).map(|row| row.split(',').next().unwrap().into()).collect();
    let confidence = &sandbox.json("out/summary.json")["confidence"];
    assert!(names.len() > 60);
    assert!(names.iter().all(|name| confidence.get(name).is_some()), "{confidence:#}");
    let header = sandbox.text("out/summary.csv").lines().next().unwrap().to_owned();
    assert_eq!(header, "metric,value,unit,mean,low,high,level,n");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let sandbox = sandbox();
    let mut all = Vec::new();
    for threads in [1, 2, 7] {
        sandbox.ok(&format!("run loss.toml --replications 9 --threads {threads} --out run-{threads}"));
        sandbox.ok(&format!("sweep loss.toml --vary function.f.reserved_concurrent_executions=4..7 --threads {threads} --out sweep-{threads}"));
        let bytes = |name: &str| sandbox.text(&format!("{name}-{threads}/summary.json"));
        all.push((bytes("run"), bytes("sweep"), sandbox.text(&format!("sweep-{threads}/sweep.csv"))));
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn runs_go_on_until_a_figure_is_known_well_enough() {
    let sandbox = sandbox();
    let metric = "sources.invoke.latency_ms.mean";
    let line = |rest: &str| sandbox.run(&format!("run loss.toml --no-charts --json {rest}")).line();
    let known = line(&format!("--precision {metric}=1%"));
    let (interval, told) = (&known["confidence"][metric], &known["precision"][0]);
    let half = (interval["high"].as_f64().unwrap() - interval["low"].as_f64().unwrap()) / 2.0;
    assert!(half / interval["mean"].as_f64().unwrap() <= 0.01, "{interval}");
    assert_eq!((told["met"].as_bool(), told["wanted"].as_f64()), (Some(true), Some(0.01)));
    let runs = interval["n"].as_u64().unwrap();
    assert!((11..1000).contains(&runs), "{runs} runs");
    // The same, whatever the threads.
    assert_eq!(line(&format!("--precision {metric}=1% --threads 1")), known);
    // It says when that was not reached.
    let short = line(&format!("--precision {metric}=0.1% --max-replications 12"));
    assert_eq!(
        (short["precision"][0]["met"].as_bool(), short["confidence"][metric]["n"].as_u64()),
        (Some(false), Some(12))
    );
    let text = sandbox.ok(&format!("run loss.toml --no-charts --precision {metric}=0.1% --max-replications 12"));
    assert!(text.contains("asked and not reached"), "{text}");
}

#[test]
fn expectations_are_judged_by_means() {
    let text = loss_system("30s", 30.0, 6);
    // The mean over many seeds of Erlang's loss is close to 30 x 28 x B(6, 6); single runs are not.
    let lost = 30.0 * 28.0 * erlang_b(6, 6.0);
    let expect = format!("{text}\n[expect]\n\"sources.invoke.rejected\" = [{}, {}]\n", lost - 8.0, lost + 8.0);
    let sandbox = Sandbox::new().with("loss.toml", &expect);
    let out = sandbox.run("run loss.toml --no-charts --json --replications 60").line();
    let verdict = &out["expect"][0];
    assert_eq!(verdict["got"], out["confidence"]["sources.invoke.rejected"]["mean"]);
    assert_eq!(verdict["met"].as_bool(), Some(true), "{verdict}");
}
