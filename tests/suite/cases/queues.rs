//! Cases of SQS: waits of closed forms, the growth of pollers, recordings of redrive and of batches.

use pushpull::engine::Fact;

use super::{Case, number_after, poisson, scenario};
use crate::support::{Row, facts, refusal, summary, summary_and_facts, watch};

/// A queue in front of so many servers: a FIFO queue of one group, or pollers with a maximum concurrency.
pub(super) fn queue_wait(case: &Case) {
    let rate = case.given("lambda=");
    let servers = number_after(case.load(), "c=").unwrap_or(1.0);
    let (words, service) = if case.load().contains("exactly") {
        ("exactly", format!("'{}s'", case.given("exactly")))
    } else {
        ("mean service", format!("{{ exponential = {{ mean = '{}s' }} }}", case.given("mean service")))
    };
    assert_eq!(case.given(words), 1.0);
    let keys = if servers > 1.0 {
        format!("maximum_concurrency = {servers}")
    } else {
        "fifo = true\nmessage_groups = 1".into()
    };
    // Not before the pollers have grown to their number, and worked off what came in the meantime.
    let ramp = if servers > 5.0 { 1000.0 } else { 0.0 };
    let warm_up = ramp + number_after(case.0["inputs"]["warmup"].as_str().unwrap(), "").unwrap() / rate;
    let figures = summary(
        &scenario(
            &super::window(case, rate, warm_up),
            &format!("duration = {service}\ninit_duration = '0s'"),
            "sqs",
            &format!("visibility_timeout = '15m'\nbatch_size = 1\n{keys}\n{}", poisson(rate)),
        ),
        1,
    );
    let wait: f64 =
        ["poll", "blocked"].map(|part| figures.get(&format!("sources.s.latency_parts_ms.{part}"))).iter().sum();
    case.holds("value", wait / 1e3);
}

/// A window that the first message opens, for so many messages of at most so many a batch.
fn window(case: &Case, messages: f64, most: f64) -> crate::support::Figures {
    let (rate, length) = (case.given("Poisson"), case.given("W="));
    summary(
        &scenario(
            &format!("duration = '{:.3}s'", messages / rate),
            "duration = '0s'\ninit_duration = '0s'",
            "sqs",
            &format!(
                "visibility_timeout = '15m'\nbatch_size = {most}\nmaximum_batching_window = '{length}s'\n{}",
                poisson(rate)
            ),
        ),
        1,
    )
}

pub(super) fn window_delay(case: &Case) {
    let figures = window(case, case.arrivals(), 10_000.0);
    case.holds("value", figures.get("sources.s.latency_ms.mean") / 1e3);
}

pub(super) fn window_and_size(case: &Case) {
    // N counts batches.
    let most = case.given("B=");
    let figures = window(case, case.arrivals() * most, most);
    case.holds("value", figures.get("functions.f.batch_size.mean"));
}

pub(super) fn serial_group(case: &Case) {
    let (messages, length) = (case.given(""), case.given("duration"));
    assert!(case.load().contains("one message group, batch 1"));
    let text = scenario(
        "",
        &format!("duration = '{length}s'\ninit_duration = '0s'"),
        "sqs",
        &format!(
            "visibility_timeout = '15m'\nfifo = true\nmessage_groups = 1\nbatch_size = 1\nbacklog = {{ events = {messages} }}"
        ),
    );
    let (figures, facts) = summary_and_facts(&text, 1);
    let started = super::times(&facts, "started");
    let finished = super::times(&facts, "finished");
    case.holds("value", finished.last().unwrap() - started[0]);
    assert_eq!(figures.get("functions.f.concurrent_executions.max"), 1.0, "{}: peak concurrency 1", case.id());
}

/// When each call starts that a full queue gets before November 2023, in seconds; calls take a minute.
fn ramp() -> Vec<(f64, i64)> {
    let text = scenario(
        "profile = '2020-12'\ndrain = '0s'\nduration = '30m'\naccount.concurrent_executions = 'unlimited'",
        "duration = '1m'\ninit_duration = '0s'\nscaling_rate = 'unlimited'",
        "sqs",
        "visibility_timeout = '15m'\nbatch_size = 1\nbacklog = { events = 40000 }",
    );
    let (mut running, mut levels) = (0, Vec::new());
    watch(&text, 1, |at, fact| {
        match fact {
            Fact::Started { .. } => running += 1,
            Fact::Ended { .. } => running -= 1,
            _ => return,
        }
        levels.push((at.as_secs_f64(), running));
    });
    levels
}

/// Minutes until so many run.
fn minutes_to(levels: &[(f64, i64)], most: f64) -> f64 {
    levels.iter().find(|(_, running)| *running as f64 >= most).unwrap().0 / 60.0
}

pub(super) fn minutes_of_ramp(case: &Case) {
    assert_eq!((case.given("from"), case.given("+")), (5.0, 60.0));
    case.holds("value", minutes_to(&ramp(), case.given("to")));
}

pub(super) fn ramp_by_the_minute(case: &Case) {
    let levels = ramp();
    let after = |minutes: f64| levels.iter().take_while(|(at, _)| *at <= minutes * 60.0 + 1.0).last().unwrap().1 as f64;
    for minute in 1..20 {
        let added = after(f64::from(minute + 1)) - after(f64::from(minute));
        assert_eq!(added, case.expected("added_per_min"), "{}: in minute {minute}", case.id());
    }
    let minutes = minutes_to(&levels, 1250.0);
    let arithmetic = number_after(case.0["tolerance"].as_str().unwrap(), "").unwrap();
    assert!((minutes - arithmetic).abs() < 0.2, "{}: {minutes} min", case.id());
    assert!((minutes - case.expected("to_1250_min")).abs() < 1.0, "{}: {minutes} min", case.id());
}

pub(super) fn first_pollers(case: &Case) {
    let length = case.input("duration_s");
    let text = scenario(
        &format!("duration = '{length}s'\ndrain = '0s'"),
        &format!("duration = '{length}s'\ninit_duration = '0s'"),
        "sqs",
        &format!(
            "visibility_timeout = '15m'\nbatch_size = {}\nbacklog = {{ events = {} }}",
            case.input("batch_size"),
            case.input("messages")
        ),
    );
    let started = super::times(&facts(&text, 1), "started");
    let running = started.iter().filter(|at| **at <= 5.0).count();
    assert_eq!(running as f64, case.expected("concurrency_at_5_s"), "{}", case.id());
}

pub(super) fn no_over_polling(case: &Case) {
    let limit = case.input("maximum_concurrency");
    let (figures, facts) = summary_and_facts(
        &scenario(
            "",
            &format!(
                "timeout = '{}s'\nduration = '{}s'\nreserved_concurrent_executions = {limit}",
                case.input("visibility_timeout_s"),
                case.input("duration_s")
            ),
            "sqs",
            &format!(
                "batch_size = {}\nmaximum_concurrency = {limit}\nvisibility_timeout = '{}s'\nmax_receive_count = {}\n\
                 backlog = {{ events = {} }}",
                case.input("batch_size"),
                case.input("visibility_timeout_s"),
                case.input("max_receive_count"),
                case.input("messages")
            ),
        )
        .replacen("timeout = '15m'\n", "", 1),
        1,
    );
    assert_eq!(
        figures.get("destinations.s.dead_letter_queue.messages"),
        case.expected("dlq_messages"),
        "{}",
        case.id()
    );
    assert_eq!(figures.get("sources.s.processed"), case.expected("processed"), "{}", case.id());
    let drained = *super::times(&facts, "finished").last().unwrap();
    assert_eq!(case.0["tolerance"], "DLQ exactly 0; drain 200..215 s");
    assert!((case.expected("drain_s")..=215.0).contains(&drained), "{}: {drained} s", case.id());
}

pub(super) fn low_traffic(case: &Case) {
    assert_eq!(case.0["inputs"]["messages"], "1 then silence");
    let text = scenario(
        "",
        "duration = '0s'",
        "sqs",
        &format!(
            "visibility_timeout = '15m'\nmaximum_batching_window = '{}s'\narrivals = {{ at = ['7s'] }}",
            case.input("window_s")
        ),
    );
    let wait = super::times(&facts(&text, 1), "started")[0] - 7.0;
    assert!(wait <= case.expected("wait_s_max"), "{}: {wait} s", case.id());
}

/// The seconds, receives and keys of a recorded queue.
fn recorded(case: &Case, keys: &str) -> String {
    format!(
        "visibility_timeout = '{}s'\nmax_receive_count = {}\n{keys}",
        case.input("visibility_timeout_s"),
        case.input("max_receive_count")
    )
}

fn short(text: String) -> String {
    text.replacen("timeout = '15m'\n", "timeout = '1s'\n", 1)
}

pub(super) fn redrive(case: &Case) {
    case.is_exact();
    assert_eq!(case.0["inputs"]["function"], "fails twice");
    let keys = recorded(
        case,
        &format!(
            "batch_size = {}\npoison = [{{ event = 0, times = 2 }}]\narrivals = {{ at = ['0s'] }}",
            case.input("batch_size")
        ),
    );
    let (figures, facts) =
        summary_and_facts(&short(scenario("", "duration = '0s'\ninit_duration = '0s'", "sqs", &keys)), 1);
    let started: Vec<&Row> = facts.iter().filter(|row| row.fact == "started").collect();
    assert_eq!(started.len() as f64, case.expected("invocations"), "{}", case.id());
    let receives: Vec<u64> = started.iter().filter_map(|row| row.attempt).collect();
    assert_eq!(serde_json::json!(receives), case.0["expected"]["receive_counts"], "{}", case.id());
    assert_eq!(
        figures.get("destinations.s.dead_letter_queue.messages"),
        case.expected("dlq_messages"),
        "{}",
        case.id()
    );
    assert_eq!(case.0["expected"]["dlq_empty_after_first"], true);
    assert!(super::times(&facts, "delivered_to_destination")[0] > started[1].time, "{}", case.id());
}

pub(super) fn empty_answer(case: &Case) {
    case.is_exact();
    assert_eq!(case.0["inputs"]["function_returns"], "{}");
    let keys = recorded(
        case,
        &format!(
            "function_response_types = ['ReportBatchItemFailures']\nbacklog = {{ events = {} }}",
            case.input("messages")
        ),
    );
    let figures = summary(&short(scenario("", "duration = '0s'", "sqs", &keys)), 1);
    assert_eq!(figures.get("functions.f.invocations"), case.expected("invocations"), "{}", case.id());
    assert_eq!(
        figures.get("destinations.s.dead_letter_queue.messages"),
        case.expected("dlq_messages"),
        "{}",
        case.id()
    );
    assert_eq!(case.0["expected"]["queue_empty_after"], true);
    assert_eq!(figures.get("sources.s.processed"), figures.get("sources.s.events"), "{}", case.id());
}

pub(super) fn window_needed(case: &Case) {
    assert_eq!(case.expected_text("error"), "InvalidParameterValueException");
    let keys = format!(
        "visibility_timeout = '15m'\nbatch_size = {}\nmaximum_batching_window = '{}s'\narrivals = {{ at = ['0s'] }}",
        case.input("batch_size"),
        case.input("window_s")
    );
    let refusal = refusal(&scenario("", "duration = '0s'", "sqs", &keys));
    assert!(refusal.contains("needs a `maximum_batching_window`"), "{}: {refusal}", case.id());
}

pub(super) fn two_batches(case: &Case) {
    let messages = number_after(case.0["inputs"]["messages"].as_str().unwrap(), "").unwrap();
    let (figures, facts) = summary_and_facts(
        &scenario(
            "",
            &format!("duration = '100ms'\nreserved_concurrent_executions = {}", case.input("reserved_concurrency")),
            "sqs",
            &format!(
                "visibility_timeout = '15m'\nbatch_size = {}\nmaximum_batching_window = '{}s'\nmaximum_concurrency = {}\n\
                 backlog = {{ events = {messages} }}",
                case.input("batch_size"),
                case.input("window_s"),
                case.input("maximum_concurrency")
            ),
        ),
        1,
    );
    assert_eq!(figures.get("functions.f.invocations"), case.expected("batches"), "{}", case.id());
    assert_eq!(figures.get("sources.s.processed"), case.expected("records"), "{}", case.id());
    let receives: Vec<u64> = facts
        .iter()
        .filter(|row| row.fact == "started")
        .flat_map(|row| vec![row.attempt.unwrap(); row.n_events.unwrap() as usize])
        .collect();
    assert_eq!(serde_json::json!(receives), case.0["expected"]["receive_counts"], "{}", case.id());
    assert!(figures.get("functions.f.concurrent_executions.max") <= case.input("maximum_concurrency"), "{}", case.id());
}

pub(super) fn raises(case: &Case) {
    assert_eq!(case.0["inputs"]["messages"], "1 bad + 1 good, preloaded");
    assert_eq!(case.0["inputs"]["response_types"][0], "ReportBatchItemFailures");
    let keys = recorded(
        case,
        &format!(
            "function_response_types = ['ReportBatchItemFailures']\nbatch_size = {}\npoison = [0]\n\
             backlog = {{ events = 2 }}",
            case.input("batch_size")
        ),
    );
    let function = "duration = '0s'\nbatch_item_failures = 'throws'";
    let figures = summary(&short(scenario("", function, "sqs", &keys)), 1);
    assert_eq!(
        figures.get("destinations.s.dead_letter_queue.messages"),
        case.expected("dlq_messages"),
        "{}",
        case.id()
    );
}
