//! Comparisons: the same events on both sides, and evidence only where there is a difference.

use crate::sandbox::Sandbox;

/// A function whose handler times vary, called often.
const API: &str = r#"
    duration = "2m"
    [function.f]
    duration = { lognormal = { median = "80ms", p99 = "400ms" } }
    init_duration = "0s"
    cpu_bound = 1.0
    memory_size = 1769
    [[source.invoke]]
    arrivals = { poisson = { rate = 50.0 } }
"#;

#[test]
fn both_sides_see_the_same_events() {
    let sandbox = Sandbox::new().with("api.toml", API);
    let out = sandbox.run("compare api.toml --set-b function.f.memory_size=1650 --json --no-charts --seed 9").line();
    let metrics = &out["metrics"];
    assert_eq!(metrics["sources.invoke.events"]["evidence"].as_str(), Some("equal"));
    let mean = &metrics["sources.invoke.latency_ms.mean"];
    assert_eq!(mean["evidence"].as_str(), Some("worse"), "less memory is slower: {mean}");
    assert!(mean["narrower"].as_f64().unwrap() > 5.0, "{mean}");
    // Of an interval around the known difference: 1769 / 1650 - 1 = 7.2 % of the mean.
    let share = mean["difference"]["mean"].as_f64().unwrap() / mean["a"]["mean"].as_f64().unwrap();
    assert!((share - (1769.0 / 1650.0 - 1.0)).abs() < 1e-3, "{share}");
    assert_eq!((out["replications"].as_u64(), out["seed"].as_u64()), (Some(10), Some(9)));
}

#[test]
fn without_a_difference_nothing_is_better() {
    let sandbox = Sandbox::new().with("api.toml", API);
    // Environments live longer than the run on both sides.
    let text = sandbox.ok("compare api.toml --set-b function.f.keep_alive=20m --no-charts --replications 4");
    assert!(text.contains("None of the leading figures differs"), "{text}");
    let csv = sandbox.text("output/api-vs-api/compare.csv");
    assert!(csv.starts_with("metric,unit,a,b,difference,low,high,level,n,evidence,narrower\n"), "{csv}");
    assert!(csv.lines().skip(1).all(|row| row.contains(",equal,") || row.contains(",no evidence,")), "{csv}");
}

/// What was nothing on side A, and what side B alone expects, has a row; what has none is counted.
#[test]
fn the_chart_of_differences_leaves_nothing_out() {
    let some = API.to_owned() + "[expect]\n\"sources.invoke.events\" = \"> 1\"\n";
    let sandbox = Sandbox::new().with("a.toml", API).with("b.toml", &some);
    let chart = |line: &str| {
        sandbox.run(&format!("compare a.toml {line} --replications 3 --out out"));
        sandbox.text("out/differences.svg")
    };
    let svg = chart("b.toml --set-b function.f.error_rate=0.5 --set-b source.invoke.arrivals.poisson.rate=7");
    assert!(svg.contains("\n0 → ") && svg.contains("sources.invoke.events\n") && !svg.contains("no data"), "{svg}");
    let svg = chart("--set-b function.f.keep_alive=20m");
    assert!(svg.contains("no leading figure differs\n") && !svg.contains("no data"), "{svg}");
    let source = |kind: &str| API[API.find("[[source").unwrap()..].replace("source.invoke", &format!("source.{kind}"));
    let sandbox = sandbox.with("many.toml", &[API, &source("s3"), &source("sns"), &source("kinesis")].concat());
    sandbox.run("compare many.toml --set-b function.f.memory_size=512 --set-b duration=1m --replications 3 --out many");
    assert!(sandbox.text("many/differences.svg").contains(" more: see compare.csv\n"));
}

#[test]
fn two_files_and_what_only_one_of_them_has() {
    let other = API.replace("source.invoke", "source.s3").replace("function.f", "function.g");
    let sandbox = Sandbox::new().with("a.toml", API).with("b.toml", &other);
    let text = sandbox.ok("compare a.toml b.toml --replications 2 --out here");
    assert!(text.contains("Only A has the source `invoke`. Only B has the source `s3`."), "{text}");
    assert!(text.contains("Only A has the function `f`. Only B has the function `g`."), "{text}");
    assert_eq!(
        sandbox.names(),
        ["a.toml", "b.toml", "here/compare.csv", "here/compare.svg", "here/differences.svg", "here/summary.json"]
    );
}

/// A run's counts and costs can only be compared over the same time.
#[test]
fn both_sides_are_measured_over_the_same_time_or_it_is_told() {
    let longer = API.replace("2m", "3m");
    let backlog = "warm_up = 'auto'\nduration = '1h'\n[function.f]\nduration = '100ms'\ninit_duration = '0s'\n[[source.kinesis]]\n\
                   batch_size = 1\nenhanced_fan_out = true\nbacklog = { events = 3000, age = '10m' }\narrivals = { poisson = { rate = 5.0 } }\n";
    let sandbox = Sandbox::new().with("a.toml", API).with("b.toml", &longer).with("backlog.toml", backlog);
    let text = sandbox.ok("compare a.toml b.toml --replications 2 --no-charts");
    assert!(text.contains("A is measured over 2 min, B over 3 min: counts and costs"), "{text}");
    let faster = "compare backlog.toml --set-b function.f.duration=70ms --replications 3 --no-charts";
    let text = sandbox.ok(faster);
    assert!(text.contains("Both sides are measured over 60 min without the first"), "{text}");
    let metrics = &sandbox.run(&format!("{faster} --json")).line()["metrics"];
    // Records of the backlog that one side still processes in its window are all that differs.
    let [a, b] = ["a", "b"].map(|side| metrics["sources.kinesis.events"][side]["mean"].as_f64().unwrap());
    assert_eq!(a, b, "the same events on both sides");
}

/// Comparisons that the project shows: pairing makes their leading intervals at least five times narrower, or the text says why not.
#[test]
fn pairing_helps_or_says_why_not() {
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    for (line, helps) in [
        (
            "api-gateway-web-backend.toml --set function.backend.cpu_bound=0.5 --set function.backend.memory_size=1024 \
             --set-b function.backend.memory_size=1280",
            true,
        ),
        ("kinesis-log-alerts.toml --set-b source.logs.enhanced_fan_out=true", false),
    ] {
        let text = Sandbox::new().ok(&format!("compare {scenarios}/{line} --no-charts"));
        let times = text.lines().filter_map(|row| row.strip_suffix(" x")?.rsplit(' ').next()?.parse::<f64>().ok());
        let narrow: Vec<f64> = times.collect();
        assert!(narrow.len() > 10, "{text}");
        assert_eq!(narrow.iter().all(|times| *times >= 5.0), helps, "{text}");
        let prose = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(prose.contains("It is below 5 for"), !helps, "{text}");
    }
}
