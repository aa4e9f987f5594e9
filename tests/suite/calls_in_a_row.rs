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
