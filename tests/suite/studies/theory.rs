//! Closed forms stand beside the figures of which they speak, and queues that can only grow are told up front.

use std::path::Path;

use pushpull::study::{Workers, erlang_b, overloads, replicate_all, theory};

use super::{Alone, loss_system};
use crate::sandbox::Sandbox;
use crate::support::summary;

const REPLICATIONS: usize = 6;

/// The laws that apply to a scenario's text, each with its theoretical value; all of them agree with the simulation.
fn laws(text: &str) -> Vec<(&'static str, f64)> {
    let alone = Alone::new(text);
    let workers = Workers::new(None, &()).unwrap();
    let runs = replicate_all(&[alone.subject()], 1, REPLICATIONS, &workers, &()).pop().unwrap();
    let told = theory(alone.subject(), &runs, 0.95);
    for law in &told {
        assert_eq!(law.agrees, Some(true), "{}: {} beside {:?}\n{text}", law.law, law.theory, law.simulated);
        // Not because the interval is wide.
        let half = (law.simulated.high.unwrap() - law.simulated.low.unwrap()) / 2.0;
        assert!(half <= 0.1 * law.theory, "{}: {} beside {:?}", law.law, law.theory, law.simulated);
    }
    told.into_iter().map(|law| (law.law, law.theory)).collect()
}

fn function(duration: &str) -> String {
    format!("function.f = {{ duration = {duration}, init_duration = '0s', timeout = '15m' }}\n")
}

#[test]
fn each_law_stands_where_it_applies() {
    let top =
        |duration: &str, warm_up: &str| format!("duration = '{duration}'\nwarm_up = '{warm_up}'\ndrain = '30d'\n");
    let kinesis = |keys: &str| format!("[[source.kinesis]]\npropagation = '0s'\n{keys}\n");
    let close = |got: &[(&str, f64)], want: &[(&str, f64)]| {
        assert_eq!(got.len(), want.len(), "{got:?}");
        for ((law, value), (start, expected)) in got.iter().zip(want) {
            assert!(
                law.starts_with(start) && (value - expected).abs() < 1e-9 * expected,
                "{law} {value}, not {start} {expected}"
            );
        }
    };
    // Losses, and no M/G/infinity, since calls are refused.
    close(&laws(&loss_system("10m", 40.0, 8)), &[("Erlang B", erlang_b(8, 8.0))]);
    // More calls than the quota of requests has room for, most of which find no server and use none of it up.
    close(&laws(&loss_system("10m", 100.0, 8)), &[("Erlang B", erlang_b(8, 20.0))]);
    // All are served at once: 20 calls a second of 0.5 s.
    let lognormal = function("{ lognormal = { mean = '500ms', cv = 1.0 } }");
    let calls = "[[source.s3]]\narrivals = { poisson = { rate = 20 } }\n";
    close(&laws(&(top("30m", "1m") + &lognormal + calls)), &[("M/G/∞", 10.0)]);
    // 40 records a second in 4 shards: half an interval, and lanes that work a quarter of the time (10 batches a second would be
    // half a second each; a poll finds ten records, and a batch of them takes 0.25 s).
    let polled =
        top("1h", "10s") + &function("'250ms'") + &kinesis("shard_count = 4\narrivals = { poisson = { rate = 40 } }");
    let got = laws(&polled);
    // Ten records a poll and lane, of which hardly any is empty; each waits half a second, so that 20 wait.
    let near = |place: usize, law: &str, value: f64| {
        let (name, got) = got[place];
        assert!(name.starts_with(law) && (got - value).abs() < 0.02 * value, "{law} {value}: {name} {got}");
    };
    assert_eq!((got.len(), got[0]), (4, ("polling: half an interval", 500.0)), "{got:?}");
    near(1, "Little", 20.0);
    near(2, "batching: the records that a poll finds", 10.0);
    near(3, "utilisation", 0.25);
    // Windows of 10 s and calls of 0.25 s: 10.25 s of 10 records a second.
    let windows = top("3h", "1m")
        + &function("'250ms'")
        + &kinesis("maximum_batching_window = '10s'\nbatch_size = 1000\narrivals = { poisson = { rate = 10 } }");
    let got = laws(&windows);
    assert!(
        got.iter().any(|(law, value)| law.starts_with("batching: rate x") && (value - 102.5).abs() < 1e-9),
        "{got:?}"
    );
    // One record a batch, pushed: M/G/1 at load 0.5 with squared coefficient of variation 1/4.
    let gamma = function("{ gamma = { mean = '1s', cv = 0.5 } }");
    let pushed = kinesis("enhanced_fan_out = true\nbatch_size = 1\narrivals = { poisson = { rate = 0.5 } }");
    let got = laws(&(top("48h", "1h") + &gamma + &pushed));
    let [(little, _), rest @ ..] = &got[..] else { panic!("{got:?}") };
    assert!(little.starts_with("Little"), "{little}");
    close(rest, &[("utilisation", 0.5), ("M/G/1", 625.0)]);
    // Messages one by one, four at once, at load 3/4: Erlang C gives 0.5094 s.
    let exponential = function("{ exponential = { mean = '1s' } }");
    let queue = "[[source.sqs]]\nbatch_size = 1\nmaximum_concurrency = 4\nvisibility_timeout = '12h'\narrivals = { poisson = { rate = 3 } }\n";
    let waits = 0.509_433_962_264_151;
    let got = laws(&(top("24h", "1h") + &exponential + queue));
    close(&got[1..], &[("M/M/c", 1e3 * waits)]);
}

#[test]
fn what_the_windows_edges_cut_off_is_no_disagreement() {
    let calls = |arrivals: &str| format!("[[source.invoke]]\narrivals = {arrivals}\n");
    let pushed = |arrivals: &str| calls(arrivals).replace("invoke", "s3");
    let polled = |arrivals: &str| {
        let keys = "polling_phase = '0s'\npropagation = '0s'\nbatch_size = 20";
        format!("[[source.kinesis]]\n{keys}\narrivals = {arrivals}\n")
    };
    for (top, duration, source, law, why) in [
        ("duration = '20m'", "'1s'", calls("{ constant = { rate = 10 } }"), "M/G", "nobody is there at first"),
        ("duration = '20m'", "'1s'", pushed("{ constant = { rate = 10 } }"), "M/G", "the last are on their way"),
        ("duration = '10m'", "'100ms'", calls("{ every = '37s' }"), "M/G", "16 events in 16.2 periods"),
        ("duration = '10m'", "'100ms'", calls("{ bursts = { size = 10, every = '37s' } }"), "M/G", "17 of 16.2 bursts"),
        (
            "duration = '20m'\nwarm_up = '1m'",
            "'50ms'",
            polled("{ bursts = { size = 20, every = '37s' } }"),
            "utilisation",
            "31 of 30.8 bursts",
        ),
        (
            "duration = '601s'\nwarm_up = '9500ms'",
            "'50ms'",
            polled("{ constant = { rate = 10 } }"),
            "utilisation",
            "592 of 591.5 polls",
        ),
        (
            "duration = '661s'\nwarm_up = '60200ms'\ndrain = '30d'",
            "'50ms'",
            polled("{ bursts = { size = 100, every = '60s' } }").replace("phase = '0s'", "phase = '500ms'"),
            "Little",
            "a burst that waits as the window begins",
        ),
    ] {
        let text = format!("{top}\n{}{source}", function(duration));
        assert!(laws(&text).iter().any(|(name, _)| name.starts_with(law)), "{law} is not told: {why}");
    }
}

#[test]
fn a_law_is_silent_where_its_premises_are_not_the_scenarios() {
    for (text, why) in [
        (loss_system("5s", 40.0, 8), "too short"),
        (loss_system("10m", 40.0, 8).replace("poisson", "constant"), "arrivals that are not independent"),
        (loss_system("10m", 40.0, 8).replace("[[source.invoke]]", "[[source.invoke]]\nclient_retry = {}"), "retries"),
        (loss_system("10m", 40.0, 8).replace("init_duration = \"0s\"", "init_duration = \"1s\""), "cold starts"),
        (
            loss_system("10m", 40.0, 8).replace("[[source.invoke]]", "error_rate = 0.1\n[[source.s3]]"),
            "asynchronous retries",
        ),
        (loss_system("10m", 40.0, 8).replace("200ms\" } }", "500ms\" } }\ntimeout = \"1s\""), "calls that are cut off"),
    ] {
        assert_eq!(laws(&text), [], "{why}");
    }
    let loss = |rate: f64, service: &str, keys: &str| {
        loss_system("10m", rate, 10).replace("{ exponential = { mean = \"200ms\" } }", &format!("{service}\n{keys}"))
    };
    let shared = "account.concurrent_executions = 110\n".to_owned()
        + &loss_system("1m", 40.0, 8).replace("[[source.invoke]]", "[[source.invoke]]\nname = 'one'\ntarget = 'f'")
        + "[[source.invoke]]\nname = 'other'\ntarget = 'g'\narrivals = { poisson = { rate = 1090 } }\n\
           [function.g]\nduration = '10ms'\ninit_duration = '0s'\n";
    let table = "[[source.dynamodb]]\nbatch_size = 10000\narrivals = { poisson = { rate = 4600 } }\n";
    for (text, law, why) in [
        (loss(120.0, "'10ms'", ""), "Erlang B", "the quota of requests refuses, too"),
        (loss(95.0, "'100ms'", ""), "Erlang B", "the quota of requests is near"),
        (loss(20.0, "'400ms'", "scaling_rate = 1\nkeep_alive = '1s'"), "Erlang B", "environments come slowly"),
        (loss(50.0, "'10ms'", ""), "Erlang B", "nothing is refused in any run"),
        (shared, "Erlang B", "another function uses the account's quota up"),
        (format!("duration = '3m'\n{}{table}", function("'10ms'")), "polling", "polls leave records behind"),
    ] {
        assert!(laws(&text).iter().all(|(name, _)| !name.starts_with(law)), "{law}: {why}");
    }
}

#[test]
fn a_queue_that_can_only_grow_is_told_with_its_rate() {
    // What is told, and how much waits at the end: more comes in 1,000 s than is processed.
    let top = "duration = '1000s'\ndrain = '30d'\n";
    for (text, owner, load, capacity) in [
        // A lane takes 1 s for a record.
        (
            function("'1s'") + "[[source.kinesis]]\nbatch_size = 1\narrivals = { poisson = { rate = 3 } }\n",
            "sources.kinesis",
            3.0,
            1.0,
        ),
        // Three lanes, batches of 10 that take 1 s + 10 x 0.1 s, of which a tenth fails and comes again.
        (
            "function.f = { duration = '1s', duration_per_record = '100ms', error_rate = 0.1, init_duration = '0s' }\n\
             [[source.kinesis]]\nbatch_size = 10\nparallelization_factor = 3\narrivals = { poisson = { rate = 20 } }\n"
                .to_owned(),
            "sources.kinesis",
            20.0,
            13.5,
        ),
        // The most frequent of two keys goes through one lane of many.
        (
            function("'1s'")
                + "[[source.kinesis]]\nbatch_size = 1\nparallelization_factor = 9\npartition_keys = 2\narrivals = { poisson = { rate = 4 } }\n",
            "sources.kinesis",
            2.0,
            1.0,
        ),
        (
            function("'1s'")
                + "[[source.sqs]]\nbatch_size = 1\nmaximum_concurrency = 4\nvisibility_timeout = '12h'\narrivals = { poisson = { rate = 6 } }\n",
            "sources.sqs",
            6.0,
            4.0,
        ),
        // Two groups, whose messages follow each other.
        (
            function("'1s'")
                + "[[source.sqs]]\nfifo = true\nmessage_groups = 2\nbatch_size = 1\nvisibility_timeout = '12h'\narrivals = { poisson = { rate = 3 } }\n",
            "sources.sqs",
            3.0,
            2.0,
        ),
        // A backlog keeps no queue from growing.
        (
            function("'1s'")
                + "[[source.kinesis]]\nbatch_size = 1\nbacklog = { events = 10 }\narrivals = { poisson = { rate = 3 } }\n",
            "sources.kinesis",
            3.0,
            1.0,
        ),
        // Half of the batches fail, and are given up.
        (
            "function.f = { duration = '100ms', error_rate = 0.5, init_duration = '0s' }\n\
             [[source.kinesis]]\nbatch_size = 10\nenhanced_fan_out = true\nmaximum_retry_attempts = 0\non_failure = 'sqs'\narrivals = { poisson = { rate = 150 } }\n"
                .to_owned(),
            "sources.kinesis",
            150.0,
            100.0,
        ),
        // A fifth of the messages comes a second time, and none a third; failures leave the pollers as many as they are.
        (
            "function.f = { duration = '100ms', error_rate = 0.2, init_duration = '0s' }\n\
             [[source.sqs]]\nbatch_size = 1\nmaximum_concurrency = 3\nmax_receive_count = 2\nvisibility_timeout = '10s'\npoller_scaling.decrease_factor = 1.0\narrivals = { poisson = { rate = 40 } }\n"
                .to_owned(),
            "sources.sqs",
            40.0,
            25.0,
        ),
        // Calls that are ended at 2 s, and fail; each record takes half a second.
        (
            "function.f = { duration = '20s', duration_per_record = '500ms', timeout = '2s', init_duration = '0s' }\n\
             [[source.kinesis]]\nbatch_size = 2\nenhanced_fan_out = true\nmaximum_retry_attempts = 1\narrivals = { poisson = { rate = 5 } }\n"
                .to_owned(),
            "sources.kinesis",
            5.0,
            0.5,
        ),
        (
            "function.f = { duration = '1s', init_duration = '0s', reserved_concurrent_executions = 5 }\n\
             [[source.s3]]\narrivals = { poisson = { rate = 8 } }\n"
                .to_owned(),
            "functions.f",
            8.0,
            5.0,
        ),
    ] {
        let text = format!("{top}{text}");
        let told = overloads(Alone::new(&text).subject());
        let [one] = &told[..] else { panic!("{told:?}\n{text}") };
        assert_eq!((one.owner.as_str(), one.load_per_s), (owner, load), "{one:?}");
        assert!((one.capacity_per_s - capacity).abs() < 1e-9, "{one:?}");
        // The hottest key is one of two that both grow.
        let queues = if text.contains("partition_keys") { 2.0 } else { 1.0 };
        let source = text.split("[[source.").nth(1).unwrap().split(']').next().unwrap();
        let waiting = summary(&text, 1).get(&format!("sources.{source}.backlog.max"));
        let want = 1000.0 * queues * one.growth_per_s;
        assert!((waiting - want).abs() < 0.12 * want, "{one:?}: {waiting} wait after 1,000 s");
    }
    let enough = function("'1s'") + "[[source.kinesis]]\nbatch_size = 1\narrivals = { poisson = { rate = 0.9 } }\n";
    let given_up = "function.f = { duration = '100ms', error_rate = 0.5 }\n";
    for text in [
        enough,
        format!(
            "{given_up}[[source.kinesis]]\nbatch_size = 10\nenhanced_fan_out = true\nmaximum_retry_attempts = 0\narrivals = {{ poisson = {{ rate = 75 }} }}\n"
        ),
        // A full batch would take longer than the timeout, and batches of what is there do not.
        "function.f = { duration = '100ms', duration_per_record = '10ms' }\n[[source.kinesis]]\nbatch_size = 1000\narrivals = { poisson = { rate = 20 } }\n".to_owned(),
        // Too old after a minute, which may be after one try.
        format!(
            "{given_up}[[source.kinesis]]\nbatch_size = 10\nenhanced_fan_out = true\nmaximum_record_age = '60s'\narrivals = {{ poisson = {{ rate = 75 }} }}\n"
        ),
        format!(
            "{given_up}[[source.sqs]]\nbatch_size = 1\nmaximum_concurrency = 5\nmax_receive_count = 1\narrivals = {{ poisson = {{ rate = 30 }} }}\n"
        ),
        // One and a half tries each.
        format!(
            "{given_up}[[source.sqs]]\nbatch_size = 1\nmaximum_concurrency = 3\nmax_receive_count = 2\narrivals = {{ poisson = {{ rate = 19 }} }}\n"
        ),
        "function.f = { duration = '20s', timeout = '2s', reserved_concurrent_executions = 10, event_invoke_config.maximum_retry_attempts = 0 }\n\
         [[source.s3]]\narrivals = { constant = { rate = 2 } }\n"
            .to_owned(),
    ] {
        assert_eq!(overloads(Alone::new(&format!("{top}{text}")).subject()), [], "{text}");
    }
}

#[test]
fn overloads_are_told_before_the_run_and_in_its_summary() {
    let text = "duration = '60s'\nfunction.f.duration = '1s'\n[[source.kinesis]]\nbatch_size = 1\narrivals = { poisson = { rate = 3 } }\n";
    let sandbox = Sandbox::new().with("grow.toml", text);
    let ended = sandbox.run("run grow.toml --no-charts --json");
    assert!(
        ended.err.contains(
            "warning: grow: sources.kinesis is overloaded: 3 events a second come, 1 lane can process 1 at most"
        ),
        "{}",
        ended.err
    );
    assert_eq!(ended.line()["overloads"][0]["growth_per_s"].as_f64(), Some(2.0));
    assert!(sandbox.ok("run grow.toml --no-charts").contains("! sources.kinesis is overloaded"));
    assert_eq!(sandbox.run("run grow.toml --no-charts --quiet").err, "");
}

#[test]
fn no_shipped_scenario_is_told_to_disagree() {
    let workers = Workers::new(None, &()).unwrap();
    let mut applied = 0;
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let alone = Alone::new(&std::fs::read_to_string(&path).unwrap());
        let runs = replicate_all(&[alone.subject()], alone.0.seed, 3, &workers, &()).pop().unwrap();
        for law in theory(alone.subject(), &runs, 0.95) {
            assert_eq!(law.agrees, Some(true), "{}: {} {:?}", path.display(), law.law, law.simulated);
            applied += 1;
        }
    }
    assert!(applied > 5, "{applied} laws applied");
}
