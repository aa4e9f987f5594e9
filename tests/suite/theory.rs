//! Closed forms: what queueing theory says of simple scenarios, held against many independent runs.
//!
//! Each row takes one figure from each of 24 runs with seeds of their own. Their mean lies within four of its standard errors
//! (which the spread between the runs gives) of the closed form; and that standard error is small, so that a row cannot pass by
//! being blunt. Little's law needs no statistics: it is an identity of every run.

use pushpull::engine::Fact;

use crate::support::{Figures, summary, watch};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=24;
/// Standard errors that the mean of the runs may lie off.
const MOST_ERRORS: f64 = 4.0;
/// The largest standard error of a row, relative to its closed form.
const BLUNTEST: f64 = 0.025;

/// A closed form of a figure of a scenario.
struct Row {
    law: &'static str,
    expect: f64,
    figure: fn(&Figures) -> f64,
    scenario: String,
}

fn row(law: &'static str, expect: f64, figure: fn(&Figures) -> f64, scenario: String) -> Row {
    Row { law, expect, figure, scenario }
}

/// Holds all rows and reports all that fail.
fn hold(rows: Vec<Row>) {
    let failures: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let runs: Vec<f64> = SEEDS.map(|seed| (row.figure)(&summary(&row.scenario, seed))).collect();
            misses(row.law, row.expect, &runs)
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// What is wrong with the mean of independent `runs` of a figure that is to be `expect`.
fn misses(law: &str, expect: f64, runs: &[f64]) -> Option<String> {
    let count = runs.len() as f64;
    let mean = runs.iter().sum::<f64>() / count;
    let variance = runs.iter().map(|run| (run - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    let z = (mean - expect) / error;
    let told = format!("{law}: {mean:.6} for {expect:.6}, z {z:.2}, standard error {:.4} of it", error / expect);
    (z.abs() > MOST_ERRORS || z.is_nan() || error > BLUNTEST * expect).then_some(told)
}

/// Share of the calls that Lambda answered 429.
fn throttled(figures: &Figures) -> f64 {
    figures.get("functions.f.throttles") / figures.events()
}

fn rejected(figures: &Figures) -> f64 {
    figures.source("rejected") / figures.events()
}

fn cold(figures: &Figures) -> f64 {
    figures.get("functions.f.cold_start_rate")
}

fn concurrency(figures: &Figures) -> f64 {
    figures.get("functions.f.concurrent_executions.mean")
}

fn batch_size(figures: &Figures) -> f64 {
    figures.get("functions.f.batch_size.mean")
}

fn deliveries(figures: &Figures) -> f64 {
    figures.source("deliveries") / figures.events()
}

fn throughput(figures: &Figures) -> f64 {
    figures.source("throughput_per_s")
}

fn latency(figures: &Figures) -> f64 {
    figures.source("latency_ms.mean")
}

impl Figures {
    /// A figure of the only source, which is named `s`.
    fn source(&self, metric: &str) -> f64 {
        self.get(&format!("sources.s.{metric}"))
    }

    fn events(&self) -> f64 {
        self.source("events")
    }
}

/// A scenario of one function without cold starts and one source: top-level keys, keys of the function, of the source.
fn scenario(top: &str, function: &str, kind: &str, source: &str) -> String {
    format!(
        "{top}\n[function.f]\ninit_duration = '0s'\ntimeout = '15m'\n{function}\n[[source.{kind}]]\nname = 's'\n{source}\n"
    )
}

/// Loss of `offered` load on `servers` places without a queue.
fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |loss, place| offered * loss / (f64::from(place) + offered * loss))
}

#[test]
fn a_concurrency_limit_loses_what_erlang_says() {
    let gateway = |limit: &str, service: &str, rate: f64, length: u32| {
        let (account, function) = match limit.strip_prefix("account ") {
            Some(limit) => (format!("[account]\nconcurrent_executions = {limit}"), String::new()),
            None => (String::new(), format!("reserved_concurrent_executions = {limit}")),
        };
        scenario(
            &format!("duration = '{length}s'\nwarm_up = '30s'\n{account}"),
            &format!("{function}\nduration = {service}"),
            "api_gateway",
            &format!("overhead = '0s'\narrivals = {{ poisson = {{ rate = {rate} }} }}"),
        )
    };
    let exponential = "{ exponential = { mean = '1s' } }";
    let lognormal = "{ lognormal = { mean = '1s', cv = 2 } }";
    hold(vec![
        row(
            "M/M/1/1: reserved concurrency 1 at load 0.5",
            erlang_b(1, 0.5),
            throttled,
            gateway("1", exponential, 0.5, 6_000),
        ),
        row(
            "M/M/10/10: reserved concurrency 10 at load 8",
            erlang_b(10, 8.0),
            throttled,
            gateway("10", exponential, 8.0, 600),
        ),
        row(
            "M/G/10/10: the same loss for log-normal service",
            erlang_b(10, 8.0),
            throttled,
            gateway("10", lognormal, 8.0, 800),
        ),
        row(
            "M/D/5/5: the same loss for constant service",
            erlang_b(5, 4.0),
            throttled,
            gateway("5", "'1s'", 4.0, 1_000),
        ),
        row(
            "M/M/10/10: an account limit loses as a reserve does",
            erlang_b(10, 8.0),
            throttled,
            gateway("account 10", exponential, 8.0, 600),
        ),
        row(
            "M/G/10/10: an account limit, log-normal service",
            erlang_b(10, 12.0),
            throttled,
            gateway("account 10", lognormal, 12.0, 500),
        ),
    ]);
}

#[test]
fn unlimited_concurrency_is_poisson_with_mean_rate_times_duration() {
    // 20/s of 0.5 s each.
    let text = |service: &str| {
        scenario(
            "duration = '200s'\nwarm_up = '20s'\n[account]\nconcurrent_executions = 'unlimited'",
            &format!("scaling_rate = 'unlimited'\nduration = {service}"),
            "invoke",
            "arrivals = { poisson = { rate = 20 } }",
        )
    };
    let laws = [
        ("M/D/inf", "'500ms'"),
        ("M/M/inf", "{ exponential = { mean = '500ms' } }"),
        ("M/G/inf, log-normal", "{ lognormal = { mean = '500ms', cv = 2 } }"),
        ("M/G/inf, gamma", "{ gamma = { mean = '500ms', cv = 0.5 } }"),
    ];
    hold(laws.iter().map(|(law, service)| row(law, 10.0, concurrency, text(service))).collect());
    // The variance over time equals the mean; taken about the known mean, its estimate has no bias.
    for (law, service) in laws {
        let runs: Vec<f64> = SEEDS
            .map(|seed| {
                let (warm_up, end) = (20e9, 200e9);
                let (mut running, mut since, mut squares) = (0i32, warm_up, 0.0);
                watch(&text(service), seed, |at, fact| {
                    let change = match fact {
                        Fact::Started { .. } => 1,
                        Fact::Ended { .. } => -1,
                        _ => return,
                    };
                    let at = (at.nanos() as f64).clamp(warm_up, end);
                    squares += (at - since) * (f64::from(running) - 10.0).powi(2);
                    since = at;
                    running += change;
                });
                squares / (end - warm_up)
            })
            .collect();
        assert_eq!(misses(&format!("{law}: variance"), 10.0, &runs), None);
    }
}

#[test]
fn one_environment_is_cold_when_the_gap_outlasts_its_keep_alive() {
    // The gap after a completion is exponential, whatever the service: P(cold) = E exp(-rate x keep-alive).
    let text = |keep_alive: &str, service: &str| {
        scenario(
            "duration = '12000s'\nwarm_up = '100s'",
            &format!("reserved_concurrent_executions = 1\nkeep_alive = {keep_alive}\nduration = {service}"),
            "invoke",
            "arrivals = { poisson = { rate = 0.1 } }",
        )
    };
    let exponential = "{ exponential = { mean = '2s' } }";
    hold(vec![
        row("constant keep-alive", f64::exp(-1.0), cold, text("'10s'", exponential)),
        row("constant keep-alive, constant service", f64::exp(-1.0), cold, text("'10s'", "'2s'")),
        row("longer keep-alive", f64::exp(-2.0), cold, text("'20s'", exponential)),
        row("exponential keep-alive", 0.5, cold, text("{ exponential = { mean = '10s' } }", exponential)),
        row(
            "uniform keep-alive",
            (1.0 - f64::exp(-2.0)) / 2.0,
            cold,
            text("{ uniform = { min = '0s', max = '20s' } }", exponential),
        ),
    ]);
}

#[test]
fn a_record_waits_half_a_period_for_its_poll() {
    let text = |kind: &str, shards: u32, seconds: u32, rate: f64| {
        scenario(
            &format!("duration = '{seconds}s'"),
            "duration = '0s'",
            kind,
            &format!("propagation = '0s'\nshard_count = {shards}\narrivals = {{ poisson = {{ rate = {rate} }} }}"),
        )
    };
    let wait: fn(&Figures) -> f64 = |figures| figures.source("latency_parts_ms.poll");
    let size = |rate: f64| rate / (1.0 - f64::exp(-rate));
    hold(vec![
        row("Kinesis polls once a second", 500.0, wait, text("kinesis", 1, 1_000, 2.0)),
        row("each of four shards has a phase of its own", 500.0, wait, text("kinesis", 4, 300, 8.0)),
        row("DynamoDB Streams polls four times a second", 125.0, wait, text("dynamodb", 1, 1_000, 2.0)),
        row("batch size given some, 0.5 records a poll", size(0.5), batch_size, text("kinesis", 1, 1_000, 0.5)),
        row("batch size given some, 2 records a poll", size(2.0), batch_size, text("kinesis", 1, 500, 2.0)),
        row("batch size given some, 2 records a poll of 0.25 s", size(2.0), batch_size, text("dynamodb", 1, 125, 8.0)),
    ]);
}

#[test]
fn a_record_waits_half_a_batching_window() {
    // Windows of an instant function follow each other without a gap, and here begin and end at polls.
    let text = |window: u32, rate: f64| {
        scenario(
            "duration = '1000s'",
            "duration = '0s'",
            "kinesis",
            &format!(
                "propagation = '0s'\npolling_phase = '0s'\nmaximum_batching_window = '{window}s'\nbatch_size = 1000\n\
                 arrivals = {{ poisson = {{ rate = {rate} }} }}"
            ),
        )
    };
    hold(vec![
        row("window of 5 s", 2_500.0, latency, text(5, 2.0)),
        row("window of 20 s", 10_000.0, latency, text(20, 1.0)),
        row("one batch a window", 40.0, batch_size, text(20, 2.0)),
    ]);
}

#[test]
fn a_lane_is_a_queue_with_one_server() {
    // One record a batch, read at once: the wait is that of M/G/1 (Pollaczek, Khinchine). Polls 1 ms apart shift it by 0.01 %.
    let service = 10.0;
    let text = |load: f64, law: &str| {
        scenario(
            "duration = '40000s'\nwarm_up = '1000s'\ndrain = '30d'",
            &format!("duration = {law}"),
            "kinesis",
            &format!(
                "propagation = '0s'\npolling_interval = '1ms'\nbatch_size = 1\nretention_period = '8760h'\n\
                 arrivals = {{ poisson = {{ rate = {} }} }}",
                load / service
            ),
        )
    };
    let wait = |load: f64, cv: f64| 1e3 * service * load / (1.0 - load) * (1.0 + cv * cv) / 2.0;
    let blocked: fn(&Figures) -> f64 = |figures| figures.source("latency_parts_ms.blocked");
    hold(vec![
        row("M/D/1 at load 0.5", wait(0.5, 0.0), blocked, text(0.5, "'10s'")),
        row("M/M/1 at load 0.5", wait(0.5, 1.0), blocked, text(0.5, "{ exponential = { mean = '10s' } }")),
        row("M/G/1 at load 0.6", wait(0.6, 0.5), blocked, text(0.6, "{ gamma = { mean = '10s', cv = 0.5 } }")),
    ]);
}

/// Loss of M/D/1/K at `load`, by the chain embedded at departures.
fn m_d_1_k_loss(load: f64, places: usize) -> f64 {
    let mut arrivals = vec![f64::exp(-load)];
    for count in 1..=places {
        arrivals.push(arrivals[count - 1] * load / count as f64);
    }
    let mut left = vec![1.0];
    for state in 0..places - 1 {
        let others: f64 = (1..=state).map(|from| left[from] * arrivals[state + 1 - from]).sum();
        let next = (left[state] - left[0] * arrivals[state] - others) / arrivals[0];
        left.push(next);
    }
    let empty = left[0] / left.iter().sum::<f64>();
    1.0 - 1.0 / (empty + load)
}

#[test]
fn a_token_bucket_loses_what_a_queue_of_its_size_would() {
    assert!((m_d_1_k_loss(2.0, 1) - 2.0 / 3.0).abs() < 1e-12);
    let text = |rate: f64, burst: u32, poisson: f64| {
        scenario(
            "duration = '3000s'\nwarm_up = '100s'",
            "duration = '0s'",
            "api_gateway",
            &format!(
                "overhead = '0s'\nthrottle = {{ rate = {rate}, burst = {burst} }}\n\
                 arrivals = {{ poisson = {{ rate = {poisson} }} }}"
            ),
        )
    };
    hold(vec![
        row("M/D/1/1 at load 2", m_d_1_k_loss(2.0, 1), rejected, text(1.0, 1, 2.0)),
        row("M/D/1/5 at load 0.9", m_d_1_k_loss(0.9, 5), rejected, text(3.0, 5, 2.7)),
        row("M/D/1/10 at load 1.2", m_d_1_k_loss(1.2, 10), rejected, text(1.0, 10, 1.2)),
    ]);
}

/// Engset's law: the chance of each number of busy places, of `servers`, for `clients` that offer `load` each while idle.
fn engset(clients: u32, servers: u32, load: f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    for busy in 1..=servers.min(clients) {
        weights.push(weights[busy as usize - 1] * f64::from(clients - busy + 1) * load / f64::from(busy));
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

#[test]
fn a_closed_loop_of_clients_goes_round_as_fast_as_it_can() {
    let text = |clients: u32, limit: &str, think: &str, service: &str, seconds: u32| {
        scenario(
            &format!("duration = '{seconds}s'\nwarm_up = '20s'"),
            &format!("duration = {service}\n{limit}"),
            "invoke",
            &format!("arrivals = {{ clients = {{ count = {clients}, think_time = {think} }} }}"),
        )
    };
    let exponential = |mean: &str| format!("{{ exponential = {{ mean = '{mean}' }} }}");
    let (second, half) = (&exponential("1s"), &exponential("500ms"));
    let reserved = "reserved_concurrent_executions = ";
    let busy = |clients, servers| -> f64 {
        engset(clients, servers, 0.5).iter().enumerate().map(|(busy, chance)| busy as f64 * chance).sum()
    };
    // A client that calls sees the others' equilibrium.
    let blocked = |clients: u32, servers: u32| engset(clients - 1, servers, 0.5)[servers as usize];
    hold(vec![
        row("no contention: N / (think + service)", 20.0 / 1.5, throughput, text(20, "", second, half, 300)),
        row("no contention, whatever the laws", 20.0 / 1.5, throughput, text(20, "", second, "'500ms'", 300)),
        row("one place: throughput", busy(5, 1) / 0.5, throughput, text(5, &format!("{reserved}1"), second, half, 600)),
        row("one place: 429", blocked(5, 1), rejected, text(5, &format!("{reserved}1"), second, half, 600)),
        row(
            "three places: throughput",
            busy(10, 3) / 0.5,
            throughput,
            text(10, &format!("{reserved}3"), second, half, 400),
        ),
        row("three places: 429", blocked(10, 3), rejected, text(10, &format!("{reserved}3"), second, half, 400)),
        row(
            "three places: 429 does not depend on the law of service",
            blocked(10, 3),
            rejected,
            text(10, &format!("{reserved}3"), second, "{ lognormal = { mean = '500ms', cv = 1.5 } }", 400),
        ),
    ]);
}

#[test]
fn a_ramp_brings_the_integral_of_its_rate() {
    let text = |points: &str, duration: u32| {
        scenario(
            &format!("duration = '{duration}s'\n[account]\nconcurrent_executions = 'unlimited'"),
            "duration = '0s'",
            "invoke",
            &format!("arrivals = {{ ramp = {points} }}"),
        )
    };
    hold(vec![
        row("up", 2_500.0, Figures::events, text("[['0s', 0.0], ['50s', 100.0]]", 100)),
        row(
            "up, level, a step, down",
            3_812.5,
            Figures::events,
            text("[['0s', 10.0], ['50s', 60.0], ['75s', 60.0], ['75s', 30.0], ['100s', 15.0]]", 100),
        ),
        row("cut off by the end of emission", 625.0, Figures::events, text("[['0s', 0.0], ['50s', 100.0]]", 25)),
        row("from an instant on", 1_000.0, Figures::events, text("[['60s', 20.0], ['110s', 20.0]]", 200)),
    ]);
}

#[test]
fn retries_are_as_many_as_failures_make_them() {
    let fails = "duration = '0s'\nerror_rate = 0.3";
    let gateway = || {
        scenario(
            "duration = '300s'",
            fails,
            "api_gateway",
            "client_retry = { attempts = 3, base = '1ms' }\narrivals = { poisson = { rate = 20 } }",
        )
    };
    let queued = || scenario("duration = '300s'", fails, "sns", "arrivals = { poisson = { rate = 20 } }");
    let dropped: fn(&Figures) -> f64 = |figures| figures.source("dropped") / figures.events();
    let stream = scenario(
        "duration = '30000s'",
        "duration = '0s'\nerror_rate = 0.5",
        "kinesis",
        "batch_size = 1\narrivals = { poisson = { rate = 0.1 } }",
    );
    let poison: Vec<String> = (0..200).map(|event| format!("{{ event = {event}, times = 1 }}")).collect();
    let backoff = scenario(
        "",
        "duration = '0s'",
        "api_gateway",
        &format!(
            "overhead = '0s'\nclient_retry = {{ base = '1s' }}\npoison = [{}]\n\
             arrivals = {{ ramp = [['0s', 10.0], ['15s', 10.0]] }}",
            poison.join(", ")
        ),
    );
    let retry: fn(&Figures) -> f64 = |figures| figures.source("latency_parts_ms.retry");
    hold(vec![
        row("three tries fail with p^3", 0.027, rejected, gateway()),
        row("three tries: 1 + p + p^2 deliveries", 1.39, deliveries, gateway()),
        row("an asynchronous event has three tries", 0.027, dropped, queued()),
        row("an asynchronous event: 1 + p + p^2 deliveries", 1.39, deliveries, queued()),
        row("a stream's batch is tried until it succeeds: 1 / (1 - p)", 2.0, deliveries, stream),
        row("full jitter waits half the base", 500.0, retry, backoff),
    ]);
}

/// L = lambda W as an identity: the summary's mean concurrency times the window is the sum of what its invocations took, and its
/// mean backlog times the window is what events waited. All events come in the first minute and end long before the window.
#[test]
fn littles_law_holds_in_every_run() {
    let window = 10_000.0;
    let instant = "event_invoke_config = { queue_delay = '100ms' }";
    let rows: &[(&str, &str, &str)] = &[
        // (kind, its keys, the latency parts in which an event waits in a stream or queue)
        ("invoke", "", ""),
        ("invoke", "invocation_type = 'Event'", "delivery throttled"),
        ("api_gateway", "", ""),
        ("api_gateway", "invocation_type = 'Event'\noverhead = '0s'", "delivery throttled"),
        ("alexa", "", ""),
        ("cloudformation", "", "delivery throttled"),
        ("cloudwatch_events", "delivery = '0s'", "delivery throttled"),
        ("s3", "delivery = '0s'", "delivery throttled"),
        ("sns", "delivery = '0s'", "delivery throttled"),
        ("dynamodb", "shard_count = 2", "delivery poll batching blocked throttled"),
        (
            "kinesis",
            "shard_count = 2\nparallelization_factor = 2\nmaximum_batching_window = '3s'",
            "delivery poll batching blocked throttled",
        ),
    ];
    for (kind, keys, waiting) in rows {
        for seed in 1..=3 {
            // Concurrency 4 for some 12 at once: synchronous calls are lost, all others wait for a place.
            let text = scenario(
                &format!("duration = '{window}s'"),
                &format!(
                    "duration = {{ exponential = {{ mean = '400ms' }} }}\ninit_duration = '300ms'\n{instant}\n\
                     reserved_concurrent_executions = 4"
                ),
                kind,
                &format!("{keys}\narrivals = {{ ramp = [['0s', 10.0], ['30s', 50.0], ['60s', 0.0]] }}"),
            )
            .replacen("init_duration = '0s'\n", "", 1);
            let figures = summary(&text, seed);
            assert!(figures.get("ended_at_s") < window, "{kind}: all ends within the window");
            let near = |what: &str, a: f64, b: f64| {
                assert!((a - b).abs() <= 1e-9 * b.abs() && b > 0.0, "{kind} {keys}, seed {seed}: {what}: {a} for {b}");
            };
            let busy = figures.get("functions.f.invocations") * figures.get("functions.f.duration_ms.mean")
                + figures.get("functions.f.cold_starts") * 300.0;
            near("concurrency", concurrency(&figures) * window * 1e3, busy);
            if waiting.is_empty() {
                continue;
            }
            assert_eq!(figures.source("processed"), figures.events(), "{kind}: nothing is lost");
            let part = |part: &str| figures.source(&format!("latency_parts_ms.{part}"));
            let waited: f64 = waiting.split(' ').map(part).sum();
            near("backlog", figures.source("backlog.mean") * window * 1e3, waited * figures.events());
        }
    }
}
