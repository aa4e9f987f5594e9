//! Calls that a function takes in a row, and ends that are counted together, come to what they come to one by one.
//!
//! Where somebody reads every fact, each call is a message and each end is told by itself; where nobody does, few are. Each scenario
//! is run both ways, and must give the same figures.

use pushpull::inputs::MemoryInputs;

use crate::invariants;

const CALL: &str = "[[source.invoke]]\nname = \"s\"\n";
const EVENT: &str = "[[source.invoke]]\nname = \"s\"\ninvocation_type = \"Event\"\n";
const CONSTANT: &str = "arrivals = { constant = { rate = 10 } }\n";
const POISSON: &str = "arrivals = { poisson = { rate = 100 } }\n";

/// A scenario of 130 seconds: the account, what belongs to the function, its sources.
fn scenario(account: &str, function: &str, sources: &str) -> String {
    format!("duration = \"130s\"\n{account}\n[function.f]\ntimeout = \"10s\"\n{function}\n{sources}\n")
}

#[test]
fn they_come_to_what_they_come_to_one_by_one() {
    let second = |arrivals: &str| format!("[[source.sns]]\nname = \"t\"\n{arrivals}");
    let exponential = "duration = { exponential = { mean = \"200ms\" } }\n";
    let rows = [
        ("an end at the instant of a call", "", "duration = \"100ms\"", format!("{CALL}{CONSTANT}")),
        (
            "environments that go between calls",
            "",
            "duration = \"10ms\"\nkeep_alive = \"50ms\"",
            format!("{CALL}{CONSTANT}"),
        ),
        ("environments that are not kept", "", "duration = \"10ms\"\nkeep_alive = \"0s\"", format!("{CALL}{POISSON}")),
        (
            "a random keep-alive",
            "",
            "duration = \"9ms\"\nkeep_alive = { exponential = { mean = \"1s\" } }",
            format!("{CALL}{POISSON}"),
        ),
        (
            "a lifetime",
            "",
            "duration = \"90ms\"\nmax_lifetime = \"2s\"\nreuse = \"random\"",
            format!("{CALL}{POISSON}"),
        ),
        ("a reserve", "", "duration = \"90ms\"\nreserved_concurrent_executions = 9", format!("{CALL}{POISSON}")),
        ("a full account", "[account]\nconcurrent_executions = 7", exponential, format!("{CALL}{POISSON}")),
        (
            "requests of the account",
            "[account]\nconcurrent_executions = 9",
            "duration = \"0s\"",
            format!("{CALL}{POISSON}"),
        ),
        (
            "provisioned environments",
            "",
            "duration = \"90ms\"\nprovisioned_concurrent_executions = 8\nprovisioned_allocation = \"0s\"",
            format!("{CALL}{POISSON}"),
        ),
        (
            "errors, crashes and timeouts",
            "",
            "duration = { exponential = { mean = \"3s\" } }\nerror_rate = 0.1\ncrash_rate = 0.1",
            format!("{CALL}{CONSTANT}"),
        ),
        (
            "a service out of order",
            "[account]\nservice_outages = [{ from = \"20s\", to = \"30s\" }]",
            exponential,
            format!("{CALL}{POISSON}"),
        ),
        ("a warm-up", "warm_up = \"61s\"", exponential, format!("{CALL}{POISSON}")),
        ("a dry run", "", exponential, format!("{CALL}invocation_type = \"DryRun\"\n{CONSTANT}")),
        ("no permission", "", exponential, format!("{CALL}permission = false\n{CONSTANT}")),
        ("two sources at the same instants", "", exponential, format!("{CALL}{CONSTANT}{}", second(CONSTANT))),
        ("two sources", "", exponential, format!("{CALL}{POISSON}{}", second(POISSON))),
        ("events", "", &format!("{exponential}error_rate = 0.2"), format!("{EVENT}{POISSON}")),
        (
            "events of a stopped function",
            "",
            "duration = \"1s\"\nreserved_concurrent_executions = 0",
            format!("{EVENT}{POISSON}"),
        ),
        ("events in a full account", "[account]\nconcurrent_executions = 7", exponential, format!("{EVENT}{POISSON}")),
        (
            "events that are given up",
            "",
            "duration = \"1s\"\nerror_rate = 0.5\nreserved_concurrent_executions = 90\nevent_invoke_config = { maximum_event_age = \"60s\", maximum_retry_attempts = 1, on_failure = \"sqs\" }",
            format!("{EVENT}{POISSON}"),
        ),
        (
            "events with a message of success",
            "",
            "duration = \"1s\"\nevent_invoke_config = { on_success = \"sqs\" }",
            format!("{EVENT}{POISSON}"),
        ),
        ("events that come twice", "", exponential, format!("{EVENT}duplicate_rate = 0.1\n{POISSON}")),
        ("poisoned events", "", exponential, format!("{EVENT}poison = [{{ event = 5, times = 1 }}]\n{POISSON}")),
        ("a trace", "", exponential, format!("{CALL}arrivals = {{ trace = {{ file = \"t.csv\", column = \"at\" }} }}")),
        (
            "a trace that brings handler times",
            "",
            exponential,
            format!(
                "{EVENT}arrivals = {{ trace = {{ file = \"t.csv\", column = \"at\", duration_column = \"time\" }} }}"
            ),
        ),
    ];
    let trace: String = (0..500).map(|row| format!("{}.{},0.{}\n", row / 4, row % 4, row % 10)).collect();
    let inputs = MemoryInputs::new().with("t.csv", &format!("at,time\n{trace}"));
    for (what, account, function, sources) in rows {
        let text = scenario(account, function, &sources);
        for seed in 0..2 {
            invariants::assert_holds(what, &text, seed, &inputs);
        }
    }
}

/// Messages of a queue that a free poller receives as they occur, and where something is in their way.
#[test]
fn messages_that_pass_come_to_what_they_come_to_one_by_one() {
    let queue = |keys: &str| format!("[[source.sqs]]\nname = \"q\"\n{keys}\n");
    let poisson = |keys: &str| queue(&format!("arrivals = {{ poisson = {{ rate = 100 }} }}\n{keys}"));
    let second = "[[source.sqs]]\nname = \"r\"\narrivals = { poisson = { rate = 30 } }\n";
    let call = format!("{CALL}{POISSON}");
    // Some pollers are added, and go only where nothing comes for 20 s.
    let instants = (0..2000)
        .map(|n| n * 10)
        .chain([20_500, 20_500, 20_500, 35_000, 50_000, 65_000])
        .chain((8000..8500).map(|n| n * 10));
    let now_and_then = format!(
        "arrivals = {{ at = [{}] }}\npoller_scaling = {{ step = \"5s\", reset = \"20s\" }}",
        instants.map(|millis| format!("\"{millis}ms\"")).collect::<Vec<_>>().join(", ")
    );
    let too_long = format!(
        "arrivals = {{ at = [{}] }}\nbatch_size = 1\nmaximum_concurrency = 2\nvisibility_timeout = \"120s\"\nretention_period = \"60s\"",
        (0..30).map(|n| format!("\"{}ms\"", if n < 2 { n } else { 1000 + 100 * n })).collect::<Vec<_>>().join(", ")
    );
    let twice = [vec!["\"0s\""; 100], vec!["\"20s\""; 200]].concat().join(", ");
    let trace: String = (0..2000).map(|row| format!("{},0.{}\n", f64::from(row) / 16.0, row % 10)).collect();
    let inputs = MemoryInputs::new().with("t.csv", &format!("at,time\n{trace}"));
    let quick = "duration = { exponential = { mean = \"20ms\" } }";
    let slow = "duration = { exponential = { mean = \"60ms\" } }";
    let rows = [
        ("pollers are free", "", quick, poisson("")),
        ("pollers are mostly busy", "", slow, poisson("")),
        ("few pollers", "", quick, poisson("maximum_concurrency = 2")),
        ("one message at a time", "", slow, poisson("batch_size = 1")),
        ("ends at the instants of messages", "", "duration = \"100ms\"", queue(CONSTANT)),
        ("steps of pollers at the instants of messages", "", "duration = \"2s\"", queue(CONSTANT)),
        (
            "environments that go at the instants of messages",
            "",
            "duration = \"2s\"\ninit_duration = \"0s\"\nkeep_alive = \"1s\"",
            queue(&format!("{CONSTANT}maximum_concurrency = 2"))
                + CALL
                + "arrivals = { at = [\"0s\", \"0s\", \"0s\"] }",
        ),
        ("messages that wait too long", "", "duration = \"9s\"\nreserved_concurrent_executions = 0", queue(&too_long)),
        ("several at one instant", "", quick, queue("arrivals = { bursts = { size = 4, every = \"150ms\" } }")),
        (
            "a queue that is empty for long",
            "",
            slow,
            queue(
                "arrivals = { ramp = [[\"0s\", 200], [\"40s\", 200], [\"41s\", 0], [\"105s\", 0], [\"106s\", 200], [\"130s\", 200]] }",
            ),
        ),
        (
            "pollers that begin anew soon",
            "",
            slow,
            poisson("poller_scaling = { step = \"1s\", reset = \"1s\" }").replace("rate = 100", "rate = 4"),
        ),
        ("a queue that is empty now and then", "", "duration = \"110ms\"", queue(&now_and_then)),
        ("a queue that is polled from later on", "", quick, poisson("polling_phase = \"9s\"")),
        (
            "a stopped function",
            "",
            "duration = \"9ms\"\nreserved_concurrent_executions = 0",
            poisson("visibility_timeout = \"10s\"\nretention_period = \"60s\""),
        ),
        (
            "a queue that is empty but for what is in flight",
            "",
            "duration = \"9s\"",
            queue(&format!("arrivals = {{ at = [{}] }}\npoller_scaling = {{ step = \"5s\", reset = \"8s\" }}", twice)),
        ),
        (
            "handler times that come with messages",
            "",
            quick,
            queue("arrivals = { trace = { file = \"t.csv\", column = \"at\", duration_column = \"time\" } }"),
        ),
        // Those of 0.2 s and of 2.2 s are tried again at 3.2 s, when those of 0.1 s are over.
        (
            "retries of batches at one instant",
            "",
            "duration = \"300ms\"\ninit_duration = \"0s\"\nreserved_concurrent_executions = 1",
            queue(
                "arrivals = { at = [\"0s\", \"0s\", \"100ms\", \"100ms\", \"200ms\", \"200ms\", \"2100ms\", \"2100ms\", \"2200ms\", \"2200ms\"] }\npoller_scaling = { minimum = 5 }",
            ),
        ),
        // Those of 0.1 s and of 2.1 s are tried again at 3.1 s, when one of them finds room.
        (
            "retries at one instant",
            "",
            "duration = \"1200ms\"\ninit_duration = \"0s\"\nreserved_concurrent_executions = 1",
            queue(
                "arrivals = { at = [\"0s\", \"100ms\", \"1050ms\", \"1300ms\", \"2100ms\", \"20s\", \"30s\"] }\npoller_scaling = { minimum = 5 }",
            ),
        ),
        ("errors", "", "duration = \"9ms\"\nerror_rate = 0.02", poisson("visibility_timeout = \"10s\"")),
        (
            "messages that fail too often",
            "",
            "duration = \"9ms\"\nerror_rate = 0.1\ncrash_rate = 0.1",
            poisson("visibility_timeout = \"10s\"\nmax_receive_count = 2"),
        ),
        (
            "timeouts",
            "",
            "duration = { exponential = { mean = \"3s\" } }",
            poisson("visibility_timeout = \"10s\"\nretention_period = \"60s\"").replace("rate = 100", "rate = 2"),
        ),
        ("a reserve", "", &format!("{quick}\nreserved_concurrent_executions = 3"), poisson("")),
        (
            "requests of the account",
            "[account]\nconcurrent_executions = 9",
            "duration = \"0s\"",
            poisson("visibility_timeout = \"10s\""),
        ),
        (
            "provisioned environments",
            "",
            &format!("{quick}\nprovisioned_concurrent_executions = 2\nprovisioned_allocation = \"0s\""),
            poisson(""),
        ),
        (
            "a service out of order",
            "[account]\nservice_outages = [{ from = \"20s\", to = \"30s\" }]",
            quick,
            poisson("visibility_timeout = \"10s\""),
        ),
        ("a warm-up", "warm_up = \"61s\"", quick, poisson("")),
        ("messages that lie there", "", quick, poisson("backlog = { events = 900, age = \"9s\" }")),
        ("a window", "", quick, poisson("maximum_batching_window = \"1s\"")),
        ("a delay", "", quick, poisson("delay = \"1s\"")),
        ("a way", "", quick, poisson("propagation = \"5ms\"")),
        ("a filter", "", quick, poisson("filter_pass_rate = 0.5")),
        ("messages that come twice", "", quick, poisson("duplicate_rate = 0.1")),
        ("poisoned messages", "", quick, poisson("poison = [{ event = 5, times = 1 }]\nvisibility_timeout = \"10s\"")),
        (
            "answers of which items failed",
            "",
            &format!("{quick}\nerror_rate = 0.1"),
            poisson("function_response_types = [\"ReportBatchItemFailures\"]\nvisibility_timeout = \"10s\""),
        ),
        (
            "answers that cannot be read",
            "",
            &format!("{quick}\nbatch_item_failures = \"malformed\""),
            poisson(
                "function_response_types = [\"ReportBatchItemFailures\"]\nvisibility_timeout = \"10s\"\nmax_receive_count = 2",
            ),
        ),
        ("a FIFO queue", "", quick, poisson("fifo = true\nmessage_groups = 5")),
        ("provisioned pollers", "", quick, poisson("provisioned_pollers = { minimum = 2, maximum = 3 }")),
        ("no permission", "", quick, poisson("permission = false\nretention_period = \"60s\"")),
        ("two queues", "", quick, format!("{}{second}", poisson(""))),
        ("two queues and errors", "", &format!("{quick}\nerror_rate = 0.05"), format!("{}{second}", poisson(""))),
        ("a queue beside calls", "", quick, format!("{}{call}", poisson(""))),
    ];
    for (what, account, function, sources) in rows {
        let text = scenario(account, function, &sources);
        for seed in 0..2 {
            invariants::assert_holds(what, &text, seed, &inputs);
        }
    }
}

/// A poller receives all messages of one instant together, whether they are known at the same time or not.
#[test]
fn messages_of_one_instant_are_received_together() {
    let text = "duration = \"40us\"\naccount.concurrent_executions = \"unlimited\"\n[function.f]\nduration = \"2ns\"\ninit_duration = \"0s\"\n[[source.sqs]]\narrivals = { poisson = { rate = 1e9 } }\n";
    for seed in 0..4 {
        invariants::assert_holds("a thousand million messages a second", text, seed, &MemoryInputs::new());
    }
}

/// A run without an end of emission: its window ends with the last event, wherever in a row that comes.
#[test]
fn a_row_may_be_the_last() {
    for last in [1, 31, 32, 33, 64, 65, 100] {
        let trace: String = (0..last).map(|row| format!("{row}\n")).collect();
        let inputs = MemoryInputs::new().with("t.csv", &format!("at\n{trace}"));
        let text = format!(
            "[function.f]\nduration = \"1500ms\"\n{CALL}arrivals = {{ trace = {{ file = \"t.csv\", column = \"at\" }} }}\n"
        );
        invariants::assert_holds(&format!("{last} rows"), &text, 1, &inputs);
    }
}
