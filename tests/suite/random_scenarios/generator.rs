//! Random scenarios: text over everything that the schema offers, small enough to run in milliseconds.

use std::fmt::Write as _;

use pushpull::inputs::MemoryInputs;

/// A scenario and the files beside it.
pub struct Generated {
    pub text: String,
    pub inputs: MemoryInputs,
}

/// Draws of the generator: SplitMix64, independent of the simulator's own generators.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.number() % n
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

/// The scenario of a seed.
pub fn scenario(seed: u64) -> Generated {
    let mut dice = Dice::new(seed);
    let functions = dice.between(1, 4);
    let duration =
        if dice.chance(20) { "" } else { dice.pick(&["2s", "2s", "5s", "9.999999999s", "10s", "30s", "61s"]) };
    let is_timed = !duration.is_empty();
    let mut text = String::new();
    let add = |text: &mut String, line: String| writeln!(text, "{line}").unwrap();

    add(&mut text, format!("about = \"random scenario {seed}\""));
    if is_timed {
        add(&mut text, format!("duration = \"{duration}\""));
    }
    match dice.below(10) {
        0..=4 => {}
        5 | 6 => add(&mut text, "warm_up = \"1s\"".into()),
        7 => add(&mut text, "warm_up = \"0.5s\"".into()),
        8 => add(&mut text, "warm_up = \"1.999999999s\"".into()),
        _ if is_timed => add(&mut text, "warm_up = \"1ns\"".into()),
        // Longer than most of what happens.
        _ => add(&mut text, "warm_up = \"1m\"".into()),
    }
    let long = ["2m", "10m", "30m", "2h", "24h"];
    // Hours of tries of what a long run leaves over would take most of the time of this test.
    let drains = if matches!(duration, "30s" | "61s") { &["30s", "2m"][..] } else { &long[..] };
    let drain = if dice.chance(50) { dice.pick(&["0s", "0s", "1ns", "700ms", "5s"]) } else { dice.pick(drains) };
    add(&mut text, format!("drain = \"{drain}\""));

    // Reserves need 100 unreserved beside them.
    let account = dice.pick(&["1", "2", "7", "20", "110", "130", "1000", "\"unlimited\""]);
    add(&mut text, format!("account.concurrent_executions = {account}"));
    let mut left = account.parse::<u64>().map_or(1000, |account| account.saturating_sub(100));
    for number in 0..functions {
        function(&mut dice, &mut text, number, &mut left);
    }
    let sources = dice.between(1, 3);
    for number in 0..sources {
        source(&mut dice, &mut text, number, functions, duration);
    }
    Generated { text, inputs: files(&mut dice, functions) }
}

/// The rows of facts do not tell when provisioned environments are ready: here, from the start.
fn provisioned(count: u64) -> String {
    format!("provisioned_concurrent_executions = {count}\nprovisioned_allocation = \"0s\"")
}

fn function(dice: &mut Dice, text: &mut String, number: u64, left: &mut u64) {
    let mut add = |line: String| writeln!(text, "{line}").unwrap();
    add(format!("\n[function.f{number}]"));
    let duration = time(dice, 2);
    add(format!("duration = {duration}"));
    add(format!("timeout = \"{}\"", dice.pick(&["1s", "1s", "1.5s", "3s", "3s", "30s"])));
    if dice.chance(60) {
        let init = time(dice, 1);
        add(format!("init_duration = {init}"));
    }
    if dice.chance(15) {
        add(format!("duration_per_record = \"{}\"", dice.pick(&["1ms", "20ms", "1ns"])));
    }
    if dice.chance(35) {
        add(format!("error_rate = {}", dice.pick(&["0.0", "0.01", "0.2", "0.5", "1.0", "1"])));
    }
    if dice.chance(20) {
        let duration = time(dice, 1);
        add(format!("error_duration = {duration}"));
    }
    if dice.chance(15) {
        let rate = dice.pick(&["", ", error_rate = 0.5", ", error_rate = 0.0"]);
        add(format!("outages = [{{ from = \"1s\", to = \"3s\"{rate} }}, {{ from = \"3s\", to = \"6.5s\" }}]"));
    }
    if dice.chance(30) {
        let most = if dice.chance(50) { 3 } else { 20 };
        let reserved = dice.below(most).min(*left);
        *left -= reserved;
        add(format!("reserved_concurrent_executions = {reserved}"));
        if reserved > 0 && dice.chance(25) {
            add(provisioned(1 + dice.below(reserved)));
        }
    } else if *left > 0 && dice.chance(15) {
        let count = (1 + dice.below(5)).min(*left);
        *left -= count;
        add(provisioned(count));
    }
    if dice.chance(10) {
        add(format!("crash_rate = {}", dice.pick(&["0.1", "1.0"])));
    }
    if dice.chance(10) {
        add(format!("cpu_bound = {}", dice.pick(&["0.01", "0.2"])));
    }
    if dice.chance(40) {
        add(format!("scaling_rate = {}", dice.pick(&["1", "2", "5", "20", "\"unlimited\""])));
    }
    if dice.chance(60) {
        let keep_alive = if dice.chance(40) { time(dice, 2) } else { quoted(dice.pick(&["0s", "1ms", "1s", "3s"])) };
        add(format!("keep_alive = {keep_alive}"));
    }
    if dice.chance(25) {
        let lifetime = if dice.chance(50) { time(dice, 2) } else { quoted(dice.pick(&["0s", "1s", "5s", "1m"])) };
        add(format!("max_lifetime = {lifetime}"));
    }
    if dice.chance(50) {
        let reuse = dice.pick(&["most_recent", "least_recent", "oldest", "newest", "random"]);
        add(format!("reuse = \"{reuse}\""));
    }
    if dice.chance(10) {
        add("architecture = \"arm64\"\nmemory_size = 10240".into());
    }
    if dice.chance(60) {
        add(format!("[function.f{number}.event_invoke_config]"));
        if dice.chance(60) {
            add(format!("maximum_retry_attempts = {}", dice.below(3)));
        }
        if dice.chance(60) {
            add(format!("maximum_event_age = \"{}\"", dice.pick(&["60s", "61s", "90s", "3m", "6h"])));
        }
        if dice.chance(40) {
            add(format!("on_failure = \"{}\"", dice.pick(&["sqs", "sns", "s3", "eventbridge"])));
        }
        if dice.chance(40) {
            add(format!("on_success = \"{}\"", dice.pick(&["sqs", "sns", "eventbridge"])));
        }
        if dice.chance(30) {
            add(format!("dead_letter_queue = \"{}\"", dice.pick(&["sqs", "sns"])));
        }
        if dice.chance(30) {
            let delay = time(dice, 1);
            add(format!("queue_delay = {delay}"));
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A distribution of time, of milliseconds to a few seconds; `depth` bounds the mixtures in it.
fn time(dice: &mut Dice, depth: u32) -> String {
    let short = ["1ns", "1us", "1ms", "3ms", "10ms", "30ms", "100ms", "250ms"];
    let long = ["300ms", "0.999999999s", "1s", "1.5s", "2s", "4s"];
    match dice.below(if depth > 1 { 14 } else { 13 }) {
        0 => quoted("0s"),
        1 | 2 => quoted(dice.pick(&short)),
        3 => quoted(dice.pick(&long)),
        4 => format!("{{ uniform = {{ min = \"{}\", max = \"{}\" }} }}", dice.pick(&short), dice.pick(&long)),
        5 => format!("{{ exponential = {{ mean = \"{}\" }} }}", dice.pick(&short)),
        6 => format!("{{ exponential = {{ mean = \"{}\" }} }}", dice.pick(&long)),
        7 => format!("{{ lognormal = {{ median = \"{}\", p99 = \"{}\" }} }}", dice.pick(&short), dice.pick(&long)),
        8 => format!(
            "{{ lognormal = {{ mean = \"{}\", cv = {} }} }}",
            dice.pick(&short),
            dice.pick(&["0.1", "1", "5.0"])
        ),
        9 => format!("{{ gamma = {{ mean = \"{}\", cv = {} }} }}", dice.pick(&short), dice.pick(&["0.1", "1", "3.5"])),
        10 => format!(
            "{{ weibull = {{ scale = \"{}\", shape = {} }} }}",
            dice.pick(&short),
            dice.pick(&["0.5", "1", "4"])
        ),
        11 => {
            format!("{{ pareto = {{ min = \"{}\", shape = {} }} }}", dice.pick(&short), dice.pick(&["0.7", "1.5", "4"]))
        }
        12 => "{ empirical = { file = \"times.csv\", column = \"ms\", unit = \"ms\" } }".into(),
        _ => {
            let (a, b) = (time(dice, depth - 1), time(dice, depth - 1));
            format!("{{ mixture = [{{ weight = 9, of = {a} }}, {{ weight = 0.5, of = {b} }}] }}")
        }
    }
}

/// When events occur; a process without end only where the scenario has a duration.
fn arrivals(dice: &mut Dice, duration: &str, is_push: bool, is_synchronous: bool) -> String {
    let is_timed = !duration.is_empty();
    let endless = if is_timed { 0 } else { 6 };
    match dice.between(endless, if is_timed && is_synchronous { 12 } else { 10 }) {
        0 | 1 => format!("{{ poisson = {{ rate = {} }} }}", dice.pick(&["0.5", "3.0", "10", "25.5", "40.0"])),
        2 => format!("{{ constant = {{ rate = {} }} }}", dice.pick(&["0.333", "1", "7.0", "10", "30.0"])),
        3 => format!("{{ every = \"{}\" }}", dice.pick(&["100ms", "333ms", "1s", "1.5s", "5s"])),
        4 | 5 => format!(
            "{{ bursts = {{ size = {}, every = \"{}\" }} }}",
            dice.between(1, 40),
            dice.pick(&["1s", "2.5s", "10s"])
        ),
        6 => format!(
            "{{ at = {} }}",
            dice.pick(&["[]", "[\"0s\"]", "[\"0s\", \"0s\", \"1.5s\", \"9s\"]", "[\"1ns\", \"2s\", \"2s\", \"70s\"]"])
        ),
        7 => format!(
            "{{ ramp = {} }}",
            dice.pick(&[
                "[[\"0s\", 0.0], [\"5s\", 20.0], [\"10s\", 0.0]]",
                "[[\"1s\", 30], [\"1s\", 3], [\"20s\", 5.5]]"
            ])
        ),
        8 => format!(
            "{{ counts = {{ file = \"counts.csv\", column = \"n\", period = \"{}\" }} }}",
            dice.pick(&["1ms", "1s", "2s"])
        ),
        9 | 10 => {
            let mut keys = String::from("file = \"trace.csv\", column = \"ms\", unit = \"ms\"");
            if dice.chance(30) {
                keys += &format!(", scale = {}", dice.pick(&["0.1", "2", "3.3"]));
            }
            if dice.chance(40) {
                keys += &format!(", repeat = {}", dice.between(1, 4));
            }
            if dice.chance(40) {
                keys += ", duration_column = \"took\"";
            }
            if is_push && dice.chance(40) {
                keys += ", target_column = \"who\"";
            }
            format!("{{ trace = {{ {keys} }} }}")
        }
        _ => {
            // Clients that hardly think send thousands of requests a second.
            let think_time = match dice.below(4) {
                0 if duration == "2s" => quoted(dice.pick(&["0s", "1ns", "1ms"])),
                1 => "{ exponential = { mean = \"1s\" } }".into(),
                2 => "{ uniform = { min = \"50ms\", max = \"2s\" } }".into(),
                _ => quoted(dice.pick(&["100ms", "1s"])),
            };
            format!("{{ clients = {{ count = {}, think_time = {think_time} }} }}", dice.between(1, 12))
        }
    }
}

fn source(dice: &mut Dice, text: &mut String, number: u64, functions: u64, duration: &str) {
    let is_timed = !duration.is_empty();
    let mut add = |line: String| writeln!(text, "{line}").unwrap();
    let kinds = [
        "alexa",
        "api_gateway",
        "cloudformation",
        "cloudwatch_events",
        "invoke",
        "s3",
        "sns",
        "kinesis",
        "kinesis",
        "dynamodb",
        "sqs",
        "sqs",
    ];
    let kind = dice.pick(&kinds);
    add(format!("\n[[source.{kind}]]\nname = \"s{number}\"\ntarget = \"f{}\"", dice.below(functions)));
    let is_push = !matches!(kind, "kinesis" | "dynamodb" | "sqs");
    let invocation_type = match kind {
        "api_gateway" => dice.pick(&["RequestResponse", "RequestResponse", "Event"]),
        "cloudformation" => dice.pick(&["Event", "Event", "RequestResponse"]),
        "invoke" => dice.pick(&["RequestResponse", "RequestResponse", "Event", "DryRun"]),
        "alexa" | "kinesis" | "dynamodb" | "sqs" => "RequestResponse",
        _ => "Event",
    };
    if matches!(kind, "api_gateway" | "cloudformation" | "invoke") {
        add(format!("invocation_type = \"{invocation_type}\""));
    }
    if is_push {
        if kind == "cloudwatch_events" && is_timed && dice.chance(30) {
            add(format!(
                "schedule = \"{}\"",
                dice.pick(&["rate(1 minute)", "cron(* * * * ? *)", "cron(0/2 0 ? * MON *)"])
            ));
        } else {
            let arrivals = arrivals(dice, duration, true, invocation_type != "Event");
            add(format!("arrivals = {arrivals}"));
        }
    }
    match kind {
        "api_gateway" => {
            if dice.chance(50) {
                add(format!("integration_timeout = \"{}\"", dice.pick(&["50ms", "500ms", "1s", "29s"])));
            }
            if dice.chance(30) {
                add(format!(
                    "throttle = {{ rate = {}, burst = {} }}",
                    dice.pick(&["1.5", "10", "100"]),
                    dice.pick(&["1", "2.5", "10"])
                ));
            }
            if dice.chance(50) {
                let overhead = time(dice, 1);
                add(format!("overhead = {overhead}"));
            }
        }
        "cloudformation" if dice.chance(50) => {
            add(format!("service_timeout = \"{}\"", dice.pick(&["1s", "5s", "70s", "1h"])))
        }
        "s3" | "sns" | "cloudwatch_events" if dice.chance(50) => {
            let delivery = time(dice, 2);
            add(format!("delivery = {delivery}"));
        }
        _ => {}
    }
    if matches!(kind, "api_gateway" | "invoke") && dice.chance(50) {
        let base = dice.pick(&["", ", base = \"0s\"", ", base = \"100ms\"", ", base = \"1s\", cap = \"1.5s\""]);
        add(format!("client_retry = {{ attempts = {}{base} }}", dice.between(1, 5)));
    }
    if dice.chance(6) {
        add("permission = false".into());
    }
    if dice.chance(30) {
        add(format!(
            "poison = {}",
            dice.pick(&["[0]", "[3, 17]", "[{ event = 2, times = 1 }]", "[{ event = 0, times = 3 }, 5]"])
        ));
    }
    if dice.chance(15) {
        add(format!("poison_rate = {}", dice.pick(&["0.01", "0.3", "1.0"])));
    }
    if dice.chance(15) {
        let sizes = if kind == "sqs" { &["1B", "1KiB", "1MiB"][..] } else { &["1B", "1KiB", "1MiB", "2MB", "10MiB"] };
        add(format!("payload_size = \"{}\"", dice.pick(sizes)));
    }
    if kind == "sqs" {
        queue(dice, text, duration);
    } else if !is_push {
        stream(dice, text, kind, duration);
    }
}

fn queue(dice: &mut Dice, text: &mut String, duration: &str) {
    let mut add = |line: String| writeln!(text, "{line}").unwrap();
    let has_backlog = dice.chance(35);
    if has_backlog {
        let age = dice.pick(&["", ", age = \"1ms\"", ", age = \"59s\"", ", age = \"30s\""]);
        add(format!("backlog = {{ events = {}{age} }}", dice.between(0, 150)));
    }
    if !has_backlog || dice.chance(80) {
        let arrivals = arrivals(dice, duration, false, false);
        add(format!("arrivals = {arrivals}"));
    }
    // No function of these scenarios runs for more than 30 s.
    if dice.chance(40) {
        add(format!("visibility_timeout = \"{}\"", dice.pick(&["30s", "31s", "45.5s", "2m"])));
    }
    if dice.chance(40) {
        add(format!("max_receive_count = {}", dice.pick(&["1", "2", "3", "10"])));
    }
    if dice.chance(25) {
        add(format!("delay = \"{}\"", dice.pick(&["1ns", "300ms", "1s", "70s"])));
    }
    // Without an end to the retries of a day's drain, most of a run would be tries.
    add(format!("retention_period = \"{}\"", dice.pick(&["60s", "61s", "90s", "10m"])));
    if dice.chance(30) {
        add(format!("maximum_concurrency = {}", dice.pick(&["2", "3", "7", "1000"])));
    } else if dice.chance(15) {
        add(format!("provisioned_pollers = {{ {} }}", dice.pick(&["", "maximum = 2", "minimum = 5, maximum = 9"])));
    }
    if dice.chance(35) {
        add("fifo = true".into());
        if dice.chance(80) {
            add(format!("message_groups = {}", dice.pick(&["1", "2", "10", "{ count = 20, zipf = 1.2 }"])));
        }
        add(format!("batch_size = {}", dice.pick(&["1", "2", "10"])));
    } else if dice.chance(50) {
        add(format!("batch_size = {}", dice.pick(&["1", "2", "25", "10000"])));
        add(format!("maximum_batching_window = \"{}\"", dice.pick(&["1s", "1.5s", "5s", "40s"])));
    }
    if dice.chance(40) {
        add("function_response_types = [\"ReportBatchItemFailures\"]".into());
    }
    if dice.chance(25) {
        add(format!("filter_pass_rate = {}", dice.pick(&["0.0", "0.5", "1", "0.9"])));
    }
    if dice.chance(30) {
        let propagation = time(dice, 1);
        add(format!("propagation = {propagation}"));
    }
}

fn stream(dice: &mut Dice, text: &mut String, kind: &str, duration: &str) {
    let mut add = |line: String| writeln!(text, "{line}").unwrap();
    let has_backlog = dice.chance(35);
    if has_backlog {
        let age = dice.pick(&["", ", age = \"1ms\"", ", age = \"90s\"", ", age = \"23h\"", ", age = \"23h59m30s\""]);
        add(format!("backlog = {{ events = {}{age} }}", dice.between(0, 150)));
    }
    if !has_backlog || dice.chance(80) {
        let arrivals = arrivals(dice, duration, false, false);
        add(format!("arrivals = {arrivals}"));
    }
    if dice.chance(60) {
        add(format!("shard_count = {}", dice.between(1, 4)));
    }
    if dice.chance(40) {
        add(format!("parallelization_factor = {}", dice.between(1, 3)));
    }
    if dice.chance(70) {
        add(format!("batch_size = {}", dice.pick(&["1", "2", "7", "25", "10000"])));
    }
    if dice.chance(40) {
        add(format!("maximum_batching_window = \"{}\"", dice.pick(&["0s", "1ns", "300ms", "1s", "5s", "40s"])));
    }
    if dice.chance(50) {
        add(format!(
            "partition_keys = {}",
            dice.pick(&["1", "2", "10", "{ count = 20, zipf = 1.2 }", "{ count = 5, zipf = 0 }"])
        ));
    }
    if dice.chance(40) {
        let propagation = time(dice, 1);
        add(format!("propagation = {propagation}"));
    }
    if dice.chance(30) {
        add(format!("polling_interval = \"{}\"", dice.pick(&["1ms", "33ms", "250ms", "1s", "7s"])));
    }
    if dice.chance(30) {
        add(format!("polling_phase = \"{}\"", dice.pick(&["0s", "1ns", "500ms", "3s"])));
    }
    if kind == "kinesis" && dice.chance(20) {
        add("retention_period = \"48h\"".into());
    }
    if dice.chance(40) {
        add(format!("maximum_retry_attempts = {}", dice.pick(&["-1", "\"unlimited\"", "0", "1", "5", "10000"])));
    }
    if dice.chance(25) {
        add(format!("maximum_record_age = {}", dice.pick(&["-1", "\"60s\"", "\"95s\"", "\"10m\""])));
    }
    if dice.chance(40) {
        add("bisect_batch_on_function_error = true".into());
    }
    if dice.chance(40) {
        add(format!("on_failure = \"{}\"", dice.pick(&["sqs", "sns", "s3"])));
    }
    if dice.chance(20) {
        add(format!("filter_pass_rate = {}", dice.pick(&["0.0", "0.5", "1"])));
    }
    if dice.chance(10) {
        add("starting_position = \"TRIM_HORIZON\"".into());
    }
    if kind == "kinesis" && dice.chance(20) {
        add("enhanced_fan_out = true".into());
    }
}

/// The files that scenarios name.
fn files(dice: &mut Dice, functions: u64) -> MemoryInputs {
    let mut trace = String::from("who,ms,took\n");
    let mut at = dice.below(3) * 500;
    for _ in 0..dice.between(1, 59) {
        writeln!(trace, "f{},{at},{}", dice.below(functions), dice.below(1_500)).unwrap();
        at += if dice.chance(20) { 0 } else { dice.below(400) };
    }
    let mut counts = String::from("n\n");
    for _ in 0..dice.between(1, 9) {
        writeln!(counts, "{}", dice.below(20)).unwrap();
    }
    let mut times = String::from("ms\n");
    for _ in 0..dice.between(1, 9) {
        writeln!(times, "{}", dice.below(2_000)).unwrap();
    }
    MemoryInputs::new().with("trace.csv", &trace).with("counts.csv", &counts).with("times.csv", &times)
}
