//! Real and bursty arrivals: every row of a trace becomes one event, at its instant, with one fate.

use std::io::Write;
use std::path::Path;

use pushpull::inputs::MemoryInputs;
use pushpull::metrics::Summary;
use pushpull::report::FactsCsv;

use crate::support::{Figures, Row, parse_facts};

const FATES: [&str; 7] = ["processed", "rejected", "dead_lettered", "dropped", "expired", "filtered", "in_flight"];

const SECOND: u64 = 1_000_000_000;

/// A trace that the test makes: instants in nanoseconds, handler times in milliseconds, functions.
struct Bursty {
    instants: Vec<u64>,
    handlers: Vec<u64>,
    functions: Vec<&'static str>,
}

/// Numbers that look random (SplitMix64), uniform in (0, 1].
fn uniforms(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11).wrapping_add(1) as f64 / (1u64 << 53) as f64
    }
}

impl Bursty {
    /// Bursts a hundredth of a second between events, a hundred seconds between bursts.
    fn new(seed: u64, rows: usize) -> Bursty {
        let mut u = uniforms(seed);
        let mut bursty = Bursty { instants: vec![], handlers: vec![], functions: vec![] };
        let mut at = 0;
        for _ in 0..rows {
            let mean = if u() < 0.01 { 100.0 } else { 0.01 };
            at += (-u().ln() * mean * SECOND as f64) as u64;
            bursty.instants.push(at);
            bursty.handlers.push(1 + (u() * 50.0) as u64);
            bursty.functions.push(if u() < 0.3 { "a" } else { "b" });
        }
        bursty
    }

    /// The instants with nine decimals of a second.
    fn csv(&self) -> String {
        let rows = self.instants.iter().zip(&self.handlers).zip(&self.functions).map(|((at, handler), function)| {
            let seconds = format!("{}.{:09}", at / SECOND, at % SECOND);
            format!("x,{seconds},{}.{handler:03},{function}\n", 0)
        });
        format!("other,at,took,who\n{}", rows.collect::<String>())
    }

    fn gap_variation(&self) -> f64 {
        let gaps: Vec<f64> = self.instants.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        variance.sqrt() / mean
    }
}

/// The summary and the facts of a scenario whose file `t.csv` is `csv`.
fn play(text: &str, csv: &str) -> (Figures, Vec<Row>) {
    let inputs = MemoryInputs::new().with("t.csv", csv);
    let scenario = pushpull::read("test.toml", text, &[], &inputs).unwrap_or_else(|report| panic!("{text}\n{report}"));
    let mut facts = FactsCsv::new(Vec::new());
    let outcome = pushpull::simulate(&scenario, 1, &inputs, &mut facts);
    let rows = parse_facts(&String::from_utf8(facts.finish(&scenario.names()).unwrap()).unwrap());
    (Figures(Summary::new(&scenario, 1, &outcome).to_json()), rows)
}

/// A scenario of one source of `kind` named `x`, played from `t.csv` with `more` keys of the trace.
fn scenario(kind: &str, more: &str) -> String {
    format!(
        "function.f.duration = \"20ms\"\n[[source.{kind}]]\nname = \"x\"\n\
         arrivals = {{ trace = {{ file = \"t.csv\", {more} }} }}\n"
    )
}

fn emitted(rows: &[Row]) -> Vec<u64> {
    rows.iter().filter(|row| row.fact == "emitted").map(|row| row.nanos).collect()
}

/// Each event is emitted once, in order, and has one fate in the facts and in the summary.
fn assert_accounted(figures: &Figures, rows: &[Row], events: usize) {
    let figure = |fate: &str| figures.get(&format!("sources.x.{fate}"));
    assert_eq!(figure("events"), events as f64);
    assert_eq!(FATES.iter().map(|fate| figure(fate)).sum::<f64>(), events as f64);
    assert_eq!(figure("in_flight"), 0.0);
    let mut fates = vec![0; events];
    for row in rows.iter().filter(|row| row.source == "x" && FATES.contains(&row.fact.as_str())) {
        for event in row.first_event.unwrap()..=row.last_event.unwrap() {
            fates[event as usize] += 1;
        }
    }
    assert!(fates.iter().all(|fates| *fates == 1), "an event without a fate, or with two");
    let numbers = rows.iter().filter(|row| row.fact == "emitted").map(|row| row.first_event.unwrap());
    assert!(numbers.eq(0..events as u64));
}

#[test]
fn every_row_of_a_bursty_trace_becomes_one_event() {
    let bursty = Bursty::new(5, 5000);
    assert!(bursty.gap_variation() > 5.0, "{}", bursty.gap_variation());
    let csv = bursty.csv();
    for kind in ["api_gateway", "s3", "kinesis"] {
        let (figures, rows) = play(&scenario(kind, "column = \"at\""), &csv);
        assert_accounted(&figures, &rows, bursty.instants.len());
        assert_eq!(emitted(&rows), bursty.instants, "{kind}");
        assert_eq!(figures.get("sources.x.processed"), 5000.0, "{kind}");
        // What bursts are for: more at once than the mean rate would need; a shard is read by one environment at a time.
        assert_eq!(figures.get("functions.f.environments.max") > 1.0, kind != "kinesis", "{kind}");
    }
}

#[test]
fn bursts_that_meet_a_limit_still_leave_every_event_a_fate() {
    let bursty = Bursty::new(6, 5000);
    for kind in ["api_gateway", "s3", "kinesis"] {
        let mut text = scenario(kind, "column = \"at\"");
        text.insert_str(0, "function.f.reserved_concurrent_executions = 1\nfunction.f.error_rate = 0.02\n");
        let (figures, rows) = play(&text, &bursty.csv());
        assert_accounted(&figures, &rows, bursty.instants.len());
        assert_eq!(figures.get("functions.f.concurrent_executions.max"), 1.0, "{kind}");
    }
}

#[test]
fn an_event_brings_its_handler_time_and_its_function() {
    let bursty = Bursty::new(7, 1000);
    let more = "column = \"at\", duration_column = \"took\", target_column = \"who\"";
    for kind in ["invoke", "api_gateway", "s3"] {
        let mut text = scenario(kind, more).replace("function.f.", "function.a.");
        text.insert_str(0, "function.b.duration = \"2s\"\n");
        let text = text.replace("name = \"x\"", "name = \"x\"\ntarget = \"a\"");
        let (figures, rows) = play(&text, &bursty.csv());
        assert_accounted(&figures, &rows, 1000);
        for name in ["a", "b"] {
            let of: Vec<f64> = (0..1000)
                .filter(|event| bursty.functions[*event] == name)
                .map(|event| bursty.handlers[event] as f64)
                .collect();
            assert_eq!(figures.get(&format!("functions.{name}.invocations")), of.len() as f64, "{kind} {name}");
            let mean = figures.get(&format!("functions.{name}.duration_ms.mean"));
            assert!((mean - of.iter().sum::<f64>() / of.len() as f64).abs() < 1e-6, "{kind} {name}: {mean}");
        }
        for row in rows.iter().filter(|row| row.fact == "started") {
            assert_eq!(row.function, bursty.functions[row.first_event.unwrap() as usize], "{kind}");
        }
    }
}

#[test]
fn unit_scale_and_repeat_say_how_a_trace_is_played() {
    const ROWS: [u64; 4] = [250, 1000, 1000, 4000];
    let csv: String = ["at,took\n".into()].into_iter().chain(ROWS.iter().map(|at| format!("{at},10\n"))).collect();
    for (unit, nanos) in [("s", SECOND), ("ms", 1_000_000), ("us", 1_000)] {
        let more = format!("column = \"at\", unit = \"{unit}\"");
        let (figures, rows) = play(&scenario("invoke", &more), &csv);
        assert_accounted(&figures, &rows, 4);
        assert_eq!(emitted(&rows), ROWS.map(|at| at * nanos), "{unit}");
    }
    // The scale is of the instants only; the unit is of both columns.
    let more = "column = \"at\", unit = \"ms\", scale = 0.5, duration_column = \"took\"";
    let (figures, rows) = play(&scenario("invoke", more), &csv);
    assert_eq!(emitted(&rows), ROWS.map(|at| at * 500_000));
    assert!((figures.get("functions.f.duration_ms.mean") - 10.0).abs() < 1e-9);
    // Span 3.75 s, mean gap 1.25 s: each round starts one mean gap after the last event of the round before.
    let more = "column = \"at\", unit = \"ms\", repeat = 3";
    for kind in ["invoke", "kinesis"] {
        let (figures, rows) = play(&scenario(kind, more), &csv);
        assert_accounted(&figures, &rows, 12);
        let want: Vec<u64> = (0..3).flat_map(|round| ROWS.map(|at| (at + round * 5000) * 1_000_000)).collect();
        assert_eq!(emitted(&rows), want, "{kind}");
    }
    // `duration` ends the emission, whatever is left of the trace.
    let text = format!("duration = \"4s\"\n{}", scenario("invoke", "column = \"at\", unit = \"ms\""));
    assert_eq!(emitted(&play(&text, &csv).1), [250_000_000, SECOND, SECOND]);
}

#[test]
fn counts_become_events_of_their_period() {
    let counts = [0, 40, 3, 0, 0, 700, 1];
    let csv: String = ["minute,n\n".into()]
        .into_iter()
        .chain(counts.iter().enumerate().map(|(minute, n)| format!("{minute},{n}\n")))
        .collect();
    for (period, seconds) in [("", 60), (", period = \"10s\"", 10)] {
        for kind in ["api_gateway", "s3", "kinesis"] {
            let text = scenario(kind, "").replace("trace = { file = \"t.csv\",  }", &{
                format!("counts = {{ file = \"t.csv\", column = \"n\"{period} }}")
            });
            let (figures, rows) = play(&text, &csv);
            assert_accounted(&figures, &rows, counts.iter().sum());
            let mut found = [0; 7];
            emitted(&rows).iter().for_each(|at| found[(at / (seconds * SECOND)) as usize] += 1);
            assert_eq!(found, counts, "{kind}");
        }
    }
}

/// Set `PUSHPULL_TRACES` to a folder that holds `azure_llm_code_2023_arrivals.csv` (a column `t_s`) to play it.
#[test]
fn every_row_of_a_real_trace_becomes_one_event() {
    let Some(folder) = std::env::var_os("PUSHPULL_TRACES") else {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "skipped: PUSHPULL_TRACES is not set (1 test, 3 runs)");
        return;
    };
    let path = Path::new(&folder).join("azure_llm_code_2023_arrivals.csv");
    let csv = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let column = csv.lines().next().unwrap().split(',').position(|name| name == "t_s").unwrap();
    let instants: Vec<f64> =
        csv.lines().skip(1).map(|line| line.split(',').nth(column).unwrap().trim().parse().unwrap()).collect();
    assert_eq!(instants.len(), 8819);
    for kind in ["api_gateway", "s3", "kinesis"] {
        let (figures, rows) = play(&scenario(kind, "column = \"t_s\""), &csv);
        assert_accounted(&figures, &rows, 8819);
        let emitted = emitted(&rows);
        assert!(emitted.iter().zip(&instants).all(|(at, row)| (*at as f64 / 1e9 - row).abs() < 1e-6), "{kind}");
    }
}
