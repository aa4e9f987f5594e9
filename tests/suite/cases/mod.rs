//! Checked cases: figures that closed forms, AWS's documentation and recordings of the real service give for a described
//! situation (`tests/data/cases.json`).
//!
//! Each test builds the situation from a case's inputs and holds the outcome against the case's own figures within its own
//! tolerance. Random cases have the stated number of arrivals and seed 1; a 99 % band is met by chance 99 times of 100.

mod costs;
mod platform;
mod queues;
mod streams;

use pushpull::engine::{Fact, Reason};
use serde_json::Value;

use crate::support::{Figures, Row, facts, summary, summary_and_facts, watch};

const FILE: &str = include_str!("../../data/cases.json");

/// A case of the file.
pub(super) struct Case(pub(super) Value);

/// The case named `id`.
pub(super) fn case(id: &str) -> Case {
    let cases: Vec<Value> = serde_json::from_str(FILE).unwrap();
    Case(cases.into_iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("no case `{id}`")))
}

impl Case {
    pub(super) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    /// A figure among the inputs.
    pub(super) fn input(&self, key: &str) -> f64 {
        self.0["inputs"][key].as_f64().unwrap_or_else(|| panic!("{}: no number `inputs.{key}`", self.id()))
    }

    /// The description of the situation.
    pub(super) fn load(&self) -> &str {
        self.0["inputs"]["load"].as_str().unwrap()
    }

    /// The number that follows `words` in the description.
    pub(super) fn given(&self, words: &str) -> f64 {
        number_after(self.load(), words).unwrap_or_else(|| panic!("{}: no `{words}`: {}", self.id(), self.load()))
    }

    /// The number that follows `words` in the description, where there is one.
    fn find_given(&self, words: &str) -> Option<f64> {
        number_after(self.load(), words)
    }

    /// How many arrivals are to be observed.
    pub(super) fn arrivals(&self) -> f64 {
        self.input("N")
    }

    pub(super) fn expected(&self, key: &str) -> f64 {
        self.0["expected"][key].as_f64().unwrap_or_else(|| panic!("{}: no number `expected.{key}`", self.id()))
    }

    pub(super) fn expected_text(&self, key: &str) -> &str {
        self.0["expected"][key].as_str().unwrap_or_else(|| panic!("{}: no text `expected.{key}`", self.id()))
    }

    /// The tolerance as an absolute number: what follows `+-`, or as many per cent of `of`.
    pub(super) fn tolerance(&self, of: f64) -> f64 {
        let text = self.0["tolerance"].as_str().unwrap();
        let value = number_after(text, "+-").unwrap_or_else(|| panic!("{}: tolerance `{text}`", self.id()));
        let rest =
            text.split("+-").nth(1).unwrap().trim_start_matches(|c: char| c.is_ascii_digit() || ".e-".contains(c));
        if rest.trim_start().starts_with('%') { value / 100.0 * of } else { value }
    }

    /// Asserts that `got` is what the case expects under `key`, within its tolerance.
    pub(super) fn holds(&self, key: &str, got: f64) {
        let want = self.expected(key);
        let tolerance = self.tolerance(want);
        assert!((got - want).abs() <= tolerance, "{} {}: {got} for {want} +-{tolerance}", self.id(), self.0["title"]);
    }

    /// Asserts that the tolerance is none.
    pub(super) fn is_exact(&self) {
        assert!(self.0["tolerance"].as_str().unwrap().starts_with("exact"), "{}: tolerance", self.id());
    }
}

/// The first number after `words` in `text`.
pub(super) fn number_after(text: &str, words: &str) -> Option<f64> {
    let rest = &text[text.find(words)? + words.len()..];
    let rest = rest.trim_start();
    let digits = |c: char| c.is_ascii_digit() || ".,e-".contains(c);
    let end = rest.find(|c| !digits(c)).unwrap_or(rest.len());
    let number = rest[..end].trim_end_matches(['.', ',', 'e', '-']).replace(',', "");
    number.parse().ok()
}

/// One test a line: `name: check => cases`.
macro_rules! cases {
    ($($test:ident: $check:path => [$($id:literal),+];)*) => {
        $(
            #[test]
            fn $test() {
                $($check(&case($id));)+
            }
        )*

        /// All cases that a test stands for.
        const COVERED: &[&str] = &[$($($id),+),*];
    };
}

cases! {
    blocked_calls: erlang_b => ["A-B01", "A-B03", "A-B05", "A-B07"];
    concurrency_without_a_limit: offered_load => ["A-C02"];
    concurrency_varies_as_poisson: poisson_variance => ["A-C04"];
    cold_starts_of_one_environment: single_environment => ["A-D01", "A-D03"];
    cold_starts_of_instant_calls: instant_calls => ["A-D05"];
    cold_starts_with_random_keep_alive: random_keep_alive => ["A-D07"];
    pool_at_a_hundredth_a_second: keep_alive_pool => ["A-D08a2", "A-D08b1"];
    pool_at_a_tenth_a_second: keep_alive_pool => ["A-D09a1", "A-D09a3", "A-D09b2"];
    pool_at_nearly_one_a_second: keep_alive_pool => ["A-D10a2", "A-D10b1"];
    pool_at_ten_a_second: keep_alive_pool => ["A-D11a1", "A-D11a3"];
    wait_for_a_poll: poll_wait => ["A-E02"];
    batches_between_polls: poll_batches => ["A-E03b", "A-E04b"];
    windows_back_to_back: batching_windows => ["A-E10"];
    scaling_rate: scaling => ["A-F01", "A-F03"];
    token_buckets: token_bucket => ["A-F05", "A-F07"];
    overloaded_stream: iterator_age => ["A-G02"];
    saturated_shards: invocation_rate => ["A-G04"];
    throttled_for_ever: throttled_attempts => ["A-G08"];
    calls_further_apart_than_the_keep_alive: periodic_calls => ["A-G14"];
    concurrency_is_rate_times_duration: rate_times_duration => ["D02", "D04", "D06"];
    requests_per_second: requests_quota => ["D08"];
    what_reserves_leave: unreserved_pool => ["D16"];
    scaling_rate_is_not_saved_up: burst_after_idling => ["D18"];
    one_lane_a_shard: lanes => ["D26"];
    fewer_keys_than_lanes: few_keys => ["D28"];
    a_window_ends_a_batch: window_ends => ["D30"];
    payload_ends_a_batch: payload_ends => ["D32"];
    waits_after_errors: error_delays => ["D40"];
    failure_without_retries: no_retries => ["L46"];
    timeline_of_retries: retry_timeline => ["L48"];
    dead_letter_after_retries: dead_letter => ["L50"];
    too_old_for_a_retry: event_age => ["L52"];
    a_stopped_function: reserved_zero => ["L54"];
    a_timeout_is_a_function_error: timeout => ["L62"];
    wait_for_one_server: queues::queue_wait => ["A-A02", "A-A04"];
    wait_for_a_few_servers: queues::queue_wait => ["A-A06"];
    wait_for_a_hundred_servers: queues::queue_wait => ["A-A08"];
    windows_opened_by_a_message: queues::window_delay => ["A-E06"];
    windows_with_a_largest_batch: queues::window_and_size => ["A-E08"];
    a_group_is_serial: queues::serial_group => ["A-G06"];
    pollers_in_twenty_minutes: queues::minutes_of_ramp => ["A-G12"];
    pollers_at_the_start: queues::first_pollers => ["D42"];
    pollers_by_the_minute: queues::ramp_by_the_minute => ["D44"];
    maximum_concurrency: queues::no_over_polling => ["D46"];
    a_window_with_little_traffic: queues::low_traffic => ["D48"];
    redrive_after_two_receives: queues::redrive => ["L36"];
    an_empty_answer_is_success: queues::empty_answer => ["L40"];
    an_error_fails_the_whole_batch: queues::raises => ["L38"];
    large_batches_need_a_window: queues::window_needed => ["L42"];
    a_large_batch_and_the_rest: queues::two_batches => ["L44"];
    bisecting: streams::bisecting => ["A-G10", "D34"];
    the_lowest_failure_is_the_checkpoint: streams::checkpoint => ["D36"];
    a_record_lost_with_its_neighbour: streams::lost_neighbour => ["D38"];
    messages_after_retries: streams::after_retries => ["L02", "L04"];
    partial_failure: streams::partial_failure => ["L06"];
    unreadable_answers: streams::unreadable_answer => ["L08", "L10", "L12"];
    answers_of_complete_success: streams::complete_success => ["L14"];
    too_old_while_retried: streams::too_old_while_retried => ["L16"];
    too_old_to_be_tried: streams::too_old_to_be_tried => ["L18"];
    records_older_than_the_mapping: streams::older_than_the_mapping => ["L20"];
    defaults_of_mappings: streams::defaults => ["L24"];
    provisioned_concurrency_spills_over: platform::spillover => ["D10"];
    provisioned_concurrency_in_steps: platform::provisioned_steps => ["D12"];
    provisioned_concurrency_is_ready_at_once: platform::allocation => ["D14"];
    a_burst_of_the_region: platform::region_burst => ["D20", "D22"];
    a_burst_on_provisioned_concurrency: platform::provisioned_burst => ["D24"];
    provisioned_environments_come_first: platform::provisioned_first => ["L58"];
    price_of_a_month: costs::month => ["D50", "D52"];
    price_of_provisioned_concurrency: costs::provisioned => ["D54"];
    price_of_an_older_month: costs::older_month => ["D56"];
}

#[test]
fn every_case_has_a_test() {
    let cases: Vec<Value> = serde_json::from_str(FILE).unwrap();
    let ids: Vec<&str> = cases.iter().map(|case| case["id"].as_str().unwrap()).collect();
    let missing: Vec<_> = ids.iter().filter(|id| !COVERED.contains(id)).collect();
    assert!(missing.is_empty(), "cases without a test: {missing:?}");
    let unique: std::collections::BTreeSet<_> = COVERED.iter().collect();
    assert_eq!((unique.len(), ids.len()), (COVERED.len(), COVERED.len()), "each case once");
}

/// Where the file that the cases were taken from lies at hand (`PUSHPULL_CASES`), the copy must say the same.
#[test]
fn cases_are_as_published() {
    let Some(path) = std::env::var_os("PUSHPULL_CASES") else {
        eprintln!("skipped: PUSHPULL_CASES names no file");
        return;
    };
    let published: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases: Vec<Value> = serde_json::from_str(FILE).unwrap();
    for case in &cases {
        let original = published.iter().find(|other| other["id"] == case["id"]);
        let original = original.unwrap_or_else(|| panic!("case {} was not published", case["id"]));
        for key in ["inputs", "expected", "tolerance"] {
            assert_eq!(case[key], original[key], "case {}: `{key}`", case["id"]);
        }
    }
}

/// A scenario of one function `f` and one source `s`: top-level keys, keys of the function, of the source.
pub(super) fn scenario(top: &str, function: &str, kind: &str, source: &str) -> String {
    format!("{top}\n[function.f]\ntimeout = '15m'\n{function}\n[[source.{kind}]]\nname = 's'\n{source}\n")
}

pub(super) const UNLIMITED: &str = "[account]\nconcurrent_executions = 'unlimited'";

/// `duration` for so many Poisson arrivals after a warm-up of so many seconds, and both keys.
pub(super) fn window(case: &Case, rate: f64, warm_up: f64) -> String {
    format!("duration = '{:.3}s'\nwarm_up = '{warm_up:.3}s'", case.arrivals() / rate + warm_up)
}

pub(super) fn poisson(rate: f64) -> String {
    format!("arrivals = {{ poisson = {{ rate = {rate} }} }}")
}

fn erlang_b(case: &Case) {
    let (rate, servers) = (case.given("lambda="), case.given("c="));
    let mean = case.given("mean service");
    let service = if case.load().contains("lognormal") {
        format!("{{ lognormal = {{ mean = '{mean}s', cv = {} }} }}", case.given("lognormal cv"))
    } else {
        format!("{{ exponential = {{ mean = '{mean}s' }} }}")
    };
    let warm_up = number_after(case.0["inputs"]["warmup"].as_str().unwrap(), "").unwrap() / rate;
    let figures = summary(
        &scenario(
            &format!("{}\n[account]\nconcurrent_executions = {}", window(case, rate, warm_up), servers + 100.0),
            &format!(
                "duration = {service}\ninit_duration = '0s'\nreserved_concurrent_executions = {servers}\n\
                 scaling_rate = 'unlimited'"
            ),
            "api_gateway",
            &format!("overhead = '0s'\n{}", poisson(rate)),
        ),
        1,
    );
    case.holds("value", figures.get("functions.f.throttles") / figures.get("sources.s.events"));
}

fn offered_load(case: &Case) {
    let (rate, mean) = (case.given("lambda="), case.given("mean duration"));
    let figures = summary(
        &scenario(
            &format!("{}\n{UNLIMITED}", window(case, rate, 0.0)),
            &format!("duration = {{ exponential = {{ mean = '{mean}s' }} }}\ninit_duration = '0s'"),
            "invoke",
            &poisson(rate),
        ),
        1,
    );
    case.holds("value", figures.get("functions.f.concurrent_executions.mean"));
}

fn poisson_variance(case: &Case) {
    let (rate, mean) = (case.given("lambda="), case.given("mean"));
    let text = scenario(
        &format!("{}\n{UNLIMITED}", window(case, rate, 0.0)),
        &format!("duration = {{ lognormal = {{ mean = '{mean}s', cv = 1.5 }} }}\ninit_duration = '0s'"),
        "invoke",
        &poisson(rate),
    );
    let (mut running, mut seen) = (0.0, Vec::new());
    watch(&text, 1, |at, fact| match fact {
        Fact::Emitted { .. } if at.as_secs_f64() > 20.0 * mean => seen.push(running),
        Fact::Started { .. } => running += 1.0,
        Fact::Ended { .. } => running -= 1.0,
        _ => {}
    });
    let count = seen.len() as f64;
    let average = seen.iter().sum::<f64>() / count;
    case.holds("value", seen.iter().map(|seen| (seen - average).powi(2)).sum::<f64>() / count);
}

fn single_environment(case: &Case) {
    let (rate, keep_alive) = (case.given("lambda="), case.given("T="));
    let figures = summary(
        &scenario(
            &window(case, rate, 0.0),
            &format!(
                "duration = {{ exponential = {{ mean = '2s' }} }}\nkeep_alive = '{keep_alive}s'\n\
                 reserved_concurrent_executions = 1"
            ),
            "invoke",
            &poisson(rate),
        ),
        1,
    );
    case.holds("value", figures.get("functions.f.cold_start_rate"));
}

fn instant_calls(case: &Case) {
    // The description gives the rate as a fraction, "1/300".
    let rate = case.given("lambda=1/").recip();
    let figures = summary(
        &scenario(
            &format!("{}\n{UNLIMITED}", window(case, rate, 0.0)),
            &format!(
                "duration = '{}ms'\ninit_duration = '0s'\nkeep_alive = '{}s'",
                case.given("duration"),
                case.given("T=")
            ),
            "invoke",
            &poisson(rate),
        ),
        1,
    );
    case.holds("value", figures.get("functions.f.cold_start_rate"));
}

fn random_keep_alive(case: &Case) {
    let rate = case.given("lambda=");
    let figures = summary(
        &scenario(
            &format!("{}\n{UNLIMITED}", window(case, rate, 0.0)),
            &format!(
                "duration = {{ exponential = {{ mean = '{}s' }} }}\ninit_duration = '0s'\n\
                 keep_alive = {{ exponential = {{ mean = '{}s' }} }}",
                case.given("service exp"),
                case.given("idle life exp mean")
            ),
            "invoke",
            &poisson(rate),
        ),
        1,
    );
    case.holds("value", figures.get("functions.f.cold_start_rate"));
}

fn keep_alive_pool(case: &Case) {
    let title = case.0["title"].as_str().unwrap();
    let (rate, warm, cold) = (case.given("lambda="), case.given("warm exp"), case.given("cold exp"));
    let reuse = if title.contains("most recently used") { "most_recent" } else { "newest" };
    assert!(reuse == "most_recent" || title.contains("most recently created"), "{title}");
    let warm_up = 60.0 * number_after(case.0["inputs"]["warmup"].as_str().unwrap(), "").unwrap();
    // A cold start comes before the handler. An exponential time of mean `cold` is, exactly, one of mean `warm` and, with
    // probability 1 - warm / cold, another of mean `cold`.
    let figures = summary(
        &scenario(
            &format!("{}\n{UNLIMITED}", window(case, rate, warm_up)),
            &format!(
                "duration = {{ exponential = {{ mean = '{warm}s' }} }}\nkeep_alive = '{}s'\nreuse = '{reuse}'\n\
                 init_duration = {{ mixture = [{{ weight = {warm}, of = '0s' }}, \
                 {{ weight = {}, of = {{ exponential = {{ mean = '{cold}s' }} }} }}] }}",
                case.given("T="),
                cold - warm
            ),
            "invoke",
            &poisson(rate),
        ),
        1,
    );
    let figure = match title {
        _ if title.ends_with("P(cold)") => "cold_start_rate",
        _ if title.ends_with("mean environments (busy+idle)") => "environments.mean",
        _ if title.ends_with("mean running") => "concurrent_executions.mean",
        _ => panic!("{title}"),
    };
    case.holds("value", figures.get(&format!("functions.f.{figure}")));
}

/// A stream that is polled every so often, as the service whose period that is, and calls an instant function.
fn polled(period: f64, top: &str, source: &str) -> String {
    let kind = if period == 0.25 { "dynamodb" } else { "kinesis" };
    scenario(
        top,
        "duration = '0s'\ninit_duration = '0s'",
        kind,
        &format!("propagation = '0s'\npolling_interval = '{period}s'\n{source}"),
    )
}

fn poll_wait(case: &Case) {
    let rate = 10.0;
    let text = polled(case.given("poll every"), &window(case, rate, 0.0), &poisson(rate));
    case.holds("value", summary(&text, 1).get("sources.s.latency_parts_ms.poll") / 1e3);
}

fn poll_batches(case: &Case) {
    let (period, rate) = (case.given("poll every"), case.given("Poisson"));
    // N counts polls that find something.
    let polls = case.arrivals() / (1.0 - f64::exp(-rate * period));
    let text = polled(period, &format!("duration = '{}s'", (polls * period).round()), &poisson(rate));
    case.holds("value", summary(&text, 1).get("functions.f.batch_size.mean"));
}

fn batching_windows(case: &Case) {
    let rate = case.given("Poisson");
    let text = polled(
        1.0,
        &window(case, rate, 0.0),
        &format!("polling_phase = '0s'\nmaximum_batching_window = '{}s'\n{}", case.given("W="), poisson(rate)),
    );
    case.holds("value", summary(&text, 1).get("sources.s.latency_ms.mean") / 1e3);
}

fn scaling(case: &Case) {
    // A-F03 refers to the situation of A-F01.
    let situation = self::case("A-F01");
    let (rate, seconds) = (situation.given("rate"), situation.given("for"));
    let text = scenario(
        &format!("duration = '{seconds}s'\n[account]\nconcurrent_executions = {}", situation.given("account limit")),
        &format!(
            "duration = '{}s'\ninit_duration = '0s'\nscaling_rate = {}",
            situation.given("s of"),
            situation.given("burst")
        ),
        "invoke",
        &format!("arrivals = {{ constant = {{ rate = {rate} }} }}"),
    );
    let facts = facts(&text, 1);
    match case.id() {
        "A-F01" => case.holds("value", facts.iter().filter(|row| row.fact == "started").count() as f64),
        _ => case.holds("value", facts.iter().find(|row| row.fact == "throttled").unwrap().time),
    }
}

fn token_bucket(case: &Case) {
    let rate = case.given("Poisson");
    let figures = summary(
        &scenario(
            &window(case, rate, 0.0),
            "duration = '0s'\ninit_duration = '0s'",
            "api_gateway",
            &format!(
                "overhead = '0s'\nthrottle = {{ rate = {}, burst = {} }}\n{}",
                case.given("r="),
                case.given("burst"),
                poisson(rate)
            ),
        ),
        1,
    );
    case.holds("value", figures.get("sources.s.rejected") / figures.get("sources.s.events"));
}

fn iterator_age(case: &Case) {
    let rate = case.given("inflow");
    let at = number_after(case.0["title"].as_str().unwrap(), "t=").unwrap();
    let text = scenario(
        &format!("duration = '{}s'", at + 1.0),
        &format!("duration = '{}s'\ninit_duration = '0s'", case.given("duration")),
        "kinesis",
        &format!(
            "shard_count = {}\nbatch_size = {}\nparallelization_factor = {}\narrivals = {{ constant = {{ rate = {rate} }} }}",
            number_after(case.load(), "").unwrap(),
            case.given("batch"),
            case.given("PF=")
        ),
    );
    let facts = facts(&text, 1);
    let last = facts.iter().rfind(|row| row.fact == "started" && row.time <= at).unwrap();
    case.holds("value", last.time - last.last_event.unwrap() as f64 / rate);
}

fn invocation_rate(case: &Case) {
    let (shards, seconds) = (number_after(case.load(), "").unwrap(), 1_000.0);
    let figures = summary(
        &scenario(
            &format!("duration = '{seconds}s'\ndrain = '1s'"),
            &format!("duration = '{}s'\ninit_duration = '0s'", case.given("duration")),
            "kinesis",
            &format!(
                "shard_count = {shards}\nbatch_size = 10\nparallelization_factor = {}\nbacklog = {{ events = 100000 }}",
                case.given("PF=")
            ),
        ),
        1,
    );
    case.holds("value", figures.get("functions.f.invocations") / seconds);
}

fn throttled_attempts(case: &Case) {
    // A client calls the only place again the moment it is free, and each call takes the longest time that there is.
    let text = format!(
        "duration = '7h'\n[function.f]\nduration = '15m'\ntimeout = '15m'\ninit_duration = '0s'\n\
         reserved_concurrent_executions = 1\nevent_invoke_config = {{ maximum_event_age = '{}h', queue_delay = '0s' }}\n\
         [[source.invoke]]\nname = 'busy'\narrivals = {{ clients = {{ count = 1, think_time = '0s' }} }}\n\
         [[source.invoke]]\nname = 's'\ninvocation_type = 'Event'\narrivals = {{ at = ['1s'] }}\n",
        case.given("age limit")
    );
    let facts = facts(&text, 1);
    let tries: Vec<&Row> = facts.iter().filter(|row| row.fact == "throttled" && row.source == "s").collect();
    case.holds("value", tries.len() as f64);
    let limit = case.given("256 then");
    let waits: Vec<f64> = tries.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
    let want: Vec<f64> = (0..waits.len() as i32).map(|n| f64::powi(2.0, n).min(limit)).collect();
    assert!(waits.iter().zip(want).all(|(wait, want)| (wait - want).abs() < 1e-6), "{waits:?}");
}

fn periodic_calls(case: &Case) {
    let calls = number_after(case.0["title"].as_str().unwrap(), "cold starts in").unwrap();
    let every = case.given("every");
    let figures = summary(
        &scenario(
            &format!("duration = '{}s'", every * calls + 1.0),
            &format!(
                "duration = '{}s'\ninit_duration = '0s'\nkeep_alive = '{}s'",
                case.given("calls of"),
                case.given("T=")
            ),
            "invoke",
            &format!("arrivals = {{ every = '{every}s' }}"),
        ),
        1,
    );
    assert_eq!(figures.get("functions.f.invocations"), calls);
    case.holds("value", figures.get("functions.f.cold_starts"));
}

fn rate_times_duration(case: &Case) {
    let rate = case.input("rate_per_s");
    assert_eq!(case.0["inputs"]["account_concurrency"], "unlimited");
    let figures = summary(
        &scenario(
            &format!("duration = '{}s'\nwarm_up = '2s'\n{UNLIMITED}", 2.0 + 100_000.0 / rate),
            &format!(
                "duration = {{ exponential = {{ mean = '{}s' }} }}\ninit_duration = '0s'\nscaling_rate = 'unlimited'",
                case.input("duration_s")
            ),
            "invoke",
            &format!("arrivals = {{ constant = {{ rate = {rate} }} }}"),
        ),
        1,
    );
    case.holds("concurrency", figures.get("functions.f.concurrent_executions.mean"));
}

fn requests_quota(case: &Case) {
    let run = |account: f64| {
        let seconds = 5.0;
        let figures = summary(
            &scenario(
                // The bucket holds a second's worth at the start.
                &format!(
                    "duration = '{}s'\nwarm_up = '2s'\n[account]\nconcurrent_executions = {account}",
                    2.0 + seconds
                ),
                &format!(
                    "duration = '{}s'\ninit_duration = '0s'\nscaling_rate = 'unlimited'",
                    case.input("duration_s")
                ),
                "invoke",
                &format!("arrivals = {{ constant = {{ rate = {} }} }}", case.input("rate_per_s")),
            ),
            1,
        );
        (figures.get("functions.f.invocations") / seconds, figures.get("functions.f.throttles") / seconds)
    };
    let (accepted, throttled) = run(case.input("account_concurrency"));
    case.holds("accepted_per_s", accepted);
    case.holds("throttled_per_s", throttled);
    assert_eq!(run(case.expected("needed_limit")).1, 0.0, "{}: enough for all", case.id());
    // Far enough below that the second's worth in the bucket is used up within the run.
    assert!(run(0.8 * case.expected("needed_limit")).1 > 0.0, "{}: not enough", case.id());
}

fn unreserved_pool(case: &Case) {
    case.is_exact();
    let mut text = format!("duration = '1s'\n[account]\nconcurrent_executions = {}\n", case.input("account"));
    let reserved: Vec<f64> =
        case.0["inputs"]["reserved"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    for place in 0..case.input("functions") as usize {
        text += &format!("[function.f{place}]\nduration = '10s'\ntimeout = '10s'\n");
        if let Some(reserved) = reserved.get(place) {
            text += &format!("reserved_concurrent_executions = {reserved}\n");
        }
        text += &format!(
            "[[source.invoke]]\nname = 'calls{place}'\ntarget = 'f{place}'\n\
             arrivals = {{ bursts = {{ size = 400, every = '1m' }} }}\n"
        );
    }
    let figures = summary(&text, 1);
    let accepted = |place: usize| figures.get(&format!("functions.f{place}.invocations"));
    assert_eq!(accepted(0), reserved[0]);
    assert_eq!(accepted(1), reserved[1]);
    let others: f64 = (2..case.input("functions") as usize).map(accepted).sum();
    assert_eq!(others, case.expected("shared_by_other_8"), "{}", case.id());
}

fn burst_after_idling(case: &Case) {
    case.is_exact();
    let at = format!("'{}s'", case.given("idle"));
    let calls = case.given("then") as usize;
    let figures = summary(
        &scenario(
            "duration = '70s'\n[account]\nconcurrent_executions = 10000",
            "duration = '1m'",
            "invoke",
            &format!("arrivals = {{ at = [{}] }}", vec![at; calls].join(", ")),
        ),
        1,
    );
    assert_eq!(figures.get("functions.f.invocations"), case.expected("accepted"), "{}", case.id());
    assert_eq!(figures.get("functions.f.throttles"), case.expected("throttled"), "{}", case.id());
}

fn saturated(case: &Case, keys: &str) -> f64 {
    let text = scenario(
        "duration = '20s'\ndrain = '0s'",
        "duration = '3s'\ninit_duration = '0s'",
        "kinesis",
        &format!(
            "shard_count = {}\nparallelization_factor = {}\nbatch_size = 10\nbacklog = {{ events = 50000 }}\n{keys}",
            case.input("shards"),
            case.input("parallelization_factor")
        ),
    );
    summary(&text, 1).get("functions.f.concurrent_executions.max")
}

fn lanes(case: &Case) {
    case.is_exact();
    assert_eq!(saturated(case, ""), case.expected("max_concurrency"), "{}", case.id());
}

fn few_keys(case: &Case) {
    assert!(case.0["tolerance"].as_str().unwrap().starts_with("<=3"));
    let keys = format!("partition_keys = {}", case.input("partition_keys"));
    let most = saturated(case, &keys);
    assert!((2.0..=case.expected("max_concurrency")).contains(&most), "{}: {most}", case.id());
}

fn window_text(case: &Case, source: &str) -> String {
    scenario(
        "duration = '100s'",
        "duration = '0s'\ninit_duration = '0s'",
        "kinesis",
        &format!(
            "propagation = '0s'\npolling_phase = '{}s'\nmaximum_batching_window = '{}s'\nbatch_size = {}\n{source}",
            case.input("opens_s"),
            case.input("window_s"),
            case.input("batch_size")
        ),
    )
}

fn window_ends(case: &Case) {
    assert_eq!(case.input("records"), 5.0);
    let text = window_text(case, "arrivals = { at = ['8s', '15.5s', '20s', '33.3s', '46s'] }");
    let facts = facts(&text, 1);
    let started: Vec<&Row> = facts.iter().filter(|row| row.fact == "started").collect();
    assert_eq!(started.len(), 1, "{}", case.id());
    case.holds("invoked_at_s", started[0].time);
    assert_eq!(started[0].n_events.map(|n| n as f64), Some(case.expected("batch")), "{}", case.id());
}

fn payload_ends(case: &Case) {
    assert_eq!(case.0["inputs"]["records"], "1 MB each, 1/s from t=8 s");
    let times: Vec<String> = (8..60).map(|second| format!("'{second}s'")).collect();
    let text = window_text(case, &format!("payload_size = '1MB'\narrivals = {{ at = [{}] }}", times.join(", ")));
    let facts = facts(&text, 1);
    let first = facts.iter().find(|row| row.fact == "started").unwrap();
    let range = |key: &str| {
        let bound = |place: usize| case.0["expected"][key][place].as_f64().unwrap();
        bound(0)..=bound(1)
    };
    assert!(range("batch").contains(&(first.n_events.unwrap() as f64)), "{}: {first:?}", case.id());
    assert!(range("invoked_at_s").contains(&first.time), "{}: {first:?}", case.id());
    assert!(first.time < case.expected("invoked_before_s"));
}

/// One asynchronous event at 0 s for a function with `config`; keys of the function.
pub(super) fn queued(function: &str, config: &str) -> (Figures, Vec<Row>) {
    let text = scenario(
        "",
        &format!("{function}\nevent_invoke_config = {{ {config} }}"),
        "invoke",
        "invocation_type = 'Event'\narrivals = { at = ['0s'] }",
    );
    summary_and_facts(&text, 1)
}

/// A function that raises at once.
pub(super) const RAISES: &str = "duration = '0s'\nerror_rate = 1.0";

pub(super) fn times(facts: &[Row], fact: &str) -> Vec<f64> {
    facts.iter().filter(|row| row.fact == fact).map(|row| row.time).collect()
}

fn error_delays(case: &Case) {
    assert_eq!(case.0["tolerance"], "-10 % .. +10 % per gap");
    let (_, facts) = queued(RAISES, "");
    let tries = times(&facts, "started");
    let want: Vec<f64> =
        case.0["expected"]["attempt_offsets_s"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    assert_eq!(tries.len(), want.len(), "{}", case.id());
    for (tries, want) in tries.windows(2).zip(want.windows(2)) {
        let (gap, want) = (tries[1] - tries[0], want[1] - want[0]);
        assert!((gap / want - 1.0).abs() <= 0.1, "{}: {gap} for {want}", case.id());
    }
}

pub(super) fn retries(case: &Case) -> String {
    format!("maximum_retry_attempts = {}", case.input("max_retry_attempts"))
}

fn no_retries(case: &Case) {
    let (figures, facts) = queued(RAISES, &format!("{}, on_failure = 'sqs'", retries(case)));
    let message = facts.iter().find(|row| row.fact == "delivered_to_destination").unwrap();
    assert_eq!(message.condition, case.expected_text("condition"));
    assert_eq!(message.invoke_count.map(|count| count as f64), Some(case.expected("approximateInvokeCount")));
    assert_eq!(figures.get("functions.f.errors"), 1.0, "functionError {}", case.expected_text("functionError"));
    assert!(message.time <= case.expected("test_time_s"), "{message:?}");
}

fn retry_timeline(case: &Case) {
    case.is_exact();
    let (_, facts) = queued(RAISES, &retries(case));
    let started: Vec<&Row> = facts.iter().filter(|row| row.fact == "started").collect();
    for (key, count) in case.0["expected"].as_object().unwrap() {
        if let Some(at) = key.strip_prefix("attempts_at_") {
            let at: f64 = at.trim_end_matches("_s").replace('_', ".").parse().unwrap();
            let tries = started.iter().filter(|row| row.time <= at).count();
            assert_eq!(tries as f64, count.as_f64().unwrap(), "{}: {key}", case.id());
        }
    }
    assert_eq!(case.0["expected"]["same_request_id"], true);
    assert!(started.iter().all(|row| row.first_event == Some(0)), "all tries are of the same event");
    let environments: std::collections::BTreeSet<_> = started.iter().map(|row| &row.environment).collect();
    assert_eq!(environments.len() as f64, case.expected("environments"), "{}", case.id());
}

fn dead_letter(case: &Case) {
    // The body of the message and the code of the error are not modelled.
    assert_eq!(case.0["tolerance"], "exact; 155..185 s");
    let (figures, facts) = queued(RAISES, "dead_letter_queue = 'sqs'");
    assert_eq!(figures.get("destinations.f.dead_letter_queue.messages"), case.expected("dlq_messages"));
    let at = times(&facts, "delivered_to_destination");
    assert!(at.len() == 1 && (155.0..=185.0).contains(&at[0]), "{}: {at:?}", case.id());
}

fn event_age(case: &Case) {
    let config =
        format!("{}, maximum_event_age = '{}s', on_failure = 'sqs'", retries(case), case.input("max_event_age_s"));
    let (_, facts) = queued(RAISES, &config);
    assert_eq!(times(&facts, "started").len() as f64, case.expected("attempts"), "{}", case.id());
    let message = facts.iter().find(|row| row.fact == "delivered_to_destination").unwrap();
    assert_eq!(message.condition, case.expected_text("condition"));
    assert_eq!(message.invoke_count.map(|count| count as f64), Some(case.expected("approximateInvokeCount")));
    assert!(message.time <= case.expected("destination_at_s_le"), "{message:?}");
}

fn reserved_zero(case: &Case) {
    case.is_exact();
    let function = format!("duration = '1s'\nreserved_concurrent_executions = {}", case.input("reserved_concurrency"));
    let (figures, facts) = queued(&function, &format!("{}, on_failure = 'sqs'", retries(case)));
    assert_eq!(case.expected("async_http"), 202.0);
    assert_eq!(times(&facts, "accepted").len(), 1, "{}: 202", case.id());
    assert_eq!(figures.get("functions.f.invocations"), 0.0);
    let message = facts.iter().find(|row| row.fact == "delivered_to_destination").unwrap();
    assert_eq!(message.condition, case.expected_text("condition"));
    assert_eq!(message.invoke_count.map(|count| count as f64), Some(case.expected("approximateInvokeCount")));
    assert!(message.time <= case.expected("destination_at_s_le"), "{message:?}");
    let mut reasons = Vec::new();
    watch(&scenario("", &function, "invoke", "arrivals = { at = ['0s'] }"), 1, |_, fact| {
        if let Fact::Throttled(_, reason) = fact {
            reasons.push(*reason);
        }
    });
    assert_eq!(reasons, [Reason::ReservedFunctionConcurrentInvocationLimitExceeded]);
    assert!(case.expected_text("sync").ends_with("Reason ReservedFunctionConcurrentInvocationLimitExceeded"));
}

fn timeout(case: &Case) {
    case.is_exact();
    let seconds = number_after(case.0["inputs"]["function"].as_str().unwrap(), "runs").unwrap();
    let text = format!(
        "[function.f]\nduration = '{seconds}s'\ninit_duration = '0s'\ntimeout = '{}s'\n\
         [[source.invoke]]\nname = 's'\nclient_retry = {{}}\narrivals = {{ at = ['0s'] }}\n",
        case.input("timeout_s")
    );
    let (figures, facts) = summary_and_facts(&text, 1);
    let after = number_after(case.expected_text("message"), "timed out after").unwrap();
    assert_eq!(times(&facts, "timed_out"), [after], "{}", case.id());
    assert_eq!((figures.get("functions.f.errors"), figures.get("functions.f.timeouts")), (1.0, 1.0));
    // 200: the caller has its answer, which names the error, and does not call again.
    assert_eq!(case.expected("http"), 200.0);
    assert_eq!(times(&facts, "rejected"), [after]);
    assert_eq!(figures.get("sources.s.deliveries"), 1.0);
}
