//! The cases (a) to (g): for each its scenario, its floor, and what it must reach.

use crate::Size;
use crate::figures::Figures;
use crate::floors::stream::Mapping;
use crate::floors::{self, MILLISECOND, SECOND};
use crate::measure::{Line, Target, side_by_side};
use crate::workload::{Unit, Workload};

/// The usual handler: 200 ms on average.
const MEAN: f64 = 200.0 * MILLISECOND as f64;

/// A function called `f` with the usual handler and no time limit that it meets.
const FUNCTION: &str = r#"
[function.f]
timeout       = "15m"
duration      = { exponential = { mean = "200ms" } }
init_duration = "500ms"
keep_alive    = "10m"
"#;

/// Case (a): 1,000 calls a second to one function, `calls` in all.
pub fn base(calls: u64) -> Workload {
    let seconds = calls / 1000;
    let scenario = format!(
        r#"
        duration = "{seconds}s"
        {FUNCTION}
        [[source.invoke]]
        arrivals = {{ poisson = {{ rate = 1000.0 }} }}
        "#
    );
    Workload::new(&scenario, move || floors::synchronous::run(1000.0, MEAN, seconds * SECOND))
}

pub fn synchronous(size: Size) -> Line {
    Line {
        about: "1,000 calls/s to one function, synchronous",
        unit: "invocation",
        target: Target::Ratio(1.6),
        timing: base(size.pick(500_000, 1_000_000)).time(size.pick(5, 11), Unit::Invocation),
    }
}

pub fn asynchronous(size: Size) -> Line {
    let seconds = size.pick(500, 1000);
    let scenario = format!(
        r#"
        duration = "{seconds}s"
        {FUNCTION}
        error_rate = 0.01
        [[source.invoke]]
        invocation_type = "Event"
        arrivals = {{ poisson = {{ rate = 1000.0 }} }}
        "#
    );
    let workload = Workload::new(&scenario, move || floors::asynchronous::run(1000.0, MEAN, 0.01, seconds * SECOND));
    Line {
        about: "the same asynchronous, 1 % errors, retries",
        unit: "invocation",
        target: Target::Ratio(2.0),
        timing: workload.time(size.pick(5, 11), Unit::Invocation),
    }
}

/// Case (c): how the stream is read, how many records are written a second, and how long a run takes.
const STREAM: Mapping = Mapping { shards: 100, lanes: 4, batch_size: 100 };
const RECORDS: f64 = 50_000.0;
fn stream_seconds(size: Size) -> u64 {
    size.pick(30, 100)
}

pub fn stream(size: Size) -> Line {
    let seconds = stream_seconds(size);
    let scenario = format!(
        r#"
        duration = "{seconds}s"
        {FUNCTION}
        [[source.kinesis]]
        arrivals               = {{ poisson = {{ rate = 50000.0 }} }}
        shard_count            = 100
        batch_size             = 100
        parallelization_factor = 4
        "#
    );
    let workload = Workload::new(&scenario, move || {
        let until = seconds * SECOND;
        floors::stream::run(STREAM, STREAM.records(RECORDS, until), MEAN, until)
    });
    Line {
        about: "Kinesis, 100 shards of 4 lanes, 50,000 records/s",
        unit: "record",
        target: Target::Ratio(2.0),
        timing: workload.time(size.pick(5, 7), Unit::Event),
    }
}

/// The floor of case (c), beside itself with pushpull's draws: what the same figures for the same seed ask for before all else.
pub fn keyed_stream(size: Size) -> Line {
    let until = stream_seconds(size) * SECOND;
    let counted = |figures: Figures| (figures.events, figures);
    let (timing, floor, keyed) = side_by_side(
        size.pick(5, 7),
        || counted(floors::stream::run(STREAM, STREAM.records(RECORDS, until), MEAN, until)),
        || counted(floors::stream::run(STREAM, STREAM.keyed_records(RECORDS, until), MEAN, until)),
    );
    floor.assert_alike(&keyed);
    Line { about: "the floor of (c), and the same with pushpull's draws", unit: "record", target: Target::None, timing }
}

pub fn queue(size: Size) -> Line {
    let seconds = size.pick(150, 400);
    let scenario = format!(
        r#"
        duration = "{seconds}s"
        [function.f]
        timeout       = "30s"
        duration      = {{ exponential = {{ mean = "100ms" }} }}
        init_duration = "500ms"
        [[source.sqs]]
        arrivals = {{ poisson = {{ rate = 5000.0 }} }}
        "#
    );
    let workload =
        Workload::new(&scenario, move || floors::queue::run(5000.0, 100.0 * MILLISECOND as f64, seconds * SECOND));
    Line {
        about: "SQS, 5,000 messages/s",
        unit: "message",
        target: Target::Ratio(2.0),
        timing: workload.time(size.pick(5, 7), Unit::Event),
    }
}

pub fn many_functions(size: Size) -> Line {
    const FUNCTIONS: usize = 1000;
    let seconds = size.pick(20, 40);
    let mut scenario = format!("duration = \"{seconds}s\"\naccount.concurrent_executions = \"unlimited\"\n");
    for number in 0..FUNCTIONS {
        scenario += &FUNCTION.replace("function.f", &format!("function.f{number}"));
        scenario += &format!(
            r#"
            [[source.invoke]]
            name     = "calls-{number}"
            target   = "f{number}"
            arrivals = {{ poisson = {{ rate = 50.0 }} }}
            "#
        );
    }
    let workload =
        Workload::new(&scenario, move || floors::many_functions::run(FUNCTIONS, 50_000.0, MEAN, seconds * SECOND));
    Line {
        about: "1,000 functions, 50,000 calls/s in all",
        unit: "invocation",
        target: Target::Ratio(2.0),
        timing: workload.time(size.pick(3, 7), Unit::Invocation),
    }
}

/// Case (f): a million events a second for so many seconds meet a function that runs 100 at once.
pub fn throttled(seconds: u64) -> Workload {
    const DRAIN: u64 = 30;
    let scenario = format!(
        r#"
        duration = "{seconds}s"
        drain    = "{DRAIN}s"
        {FUNCTION}
        reserved_concurrent_executions = 100
        [[source.invoke]]
        invocation_type = "Event"
        arrivals = {{ poisson = {{ rate = 1000000.0 }} }}
        "#
    );
    Workload::new(&scenario, move || {
        floors::backlog::run(1_000_000.0, MEAN, 100, seconds * SECOND, (seconds + DRAIN) * SECOND)
    })
}

/// Seconds of case (f).
pub const fn throttled_seconds(size: Size) -> u64 {
    match size {
        Size::Quick => 2,
        Size::Full => 10,
    }
}

pub fn backlog(size: Size) -> Line {
    Line {
        about: "a throttled asynchronous queue, 10 million events",
        unit: "attempt",
        target: Target::Asynchronous(2.0),
        timing: throttled(throttled_seconds(size)).time(3, Unit::Attempt),
    }
}

pub fn large(size: Size) -> Line {
    let millis = size.pick(800, 2000);
    let scenario = format!(
        r#"
        duration = "{millis}ms"
        account.concurrent_executions = "unlimited"
        {FUNCTION}
        scaling_rate = "unlimited"
        [[source.invoke]]
        arrivals = {{ poisson = {{ rate = 5000000.0 }} }}
        "#
    );
    let workload = Workload::new(&scenario, move || floors::synchronous::run(5_000_000.0, MEAN, millis * MILLISECOND));
    Line {
        about: "5 million calls/s to one function, a million busy environments",
        unit: "invocation",
        target: Target::Ratio(1.6),
        timing: workload.time(3, Unit::Invocation),
    }
}
