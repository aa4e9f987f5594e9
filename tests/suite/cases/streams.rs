//! Cases of mappings on streams: retries, ages, splitting, partial responses, positions.

use super::Case;
use crate::support::{Row, outcome, summary_and_facts};

/// A scenario of one mapping: keys of the function, kind and keys of the source.
fn mapped(function: &str, kind: &str, source: &str) -> String {
    format!(
        "[function.f]\nduration = '10ms'\ninit_duration = '0s'\n{function}\n[[source.{kind}]]\nname = 's'\npolling_phase = '0s'\npropagation = '0s'\n{source}\n"
    )
}

/// The keys that a case of one mapping gives.
fn keys(case: &Case) -> String {
    let inputs = &case.0["inputs"];
    let mut keys = String::new();
    for (key, ours) in [("batch_size", "batch_size"), ("max_retry_attempts", "maximum_retry_attempts")] {
        if let Some(value) = inputs[key].as_i64() {
            keys += &format!("{ours} = {value}\n");
        }
    }
    if let Some(window) = inputs["window_s"].as_i64() {
        keys += &format!("maximum_batching_window = '{window}s'\n");
    }
    if let Some(age) = inputs["max_record_age_s"].as_i64().filter(|age| *age > 0) {
        keys += &format!("maximum_record_age = '{age}s'\n");
    }
    if !inputs["response_types"].is_null() {
        keys += "function_response_types = ['ReportBatchItemFailures']\n";
    }
    keys
}

fn rows<'a>(facts: &'a [Row], fact: &'a str) -> impl Iterator<Item = &'a Row> {
    facts.iter().filter(move |row| row.fact == fact)
}

fn invocations(facts: &[Row]) -> f64 {
    rows(facts, "accepted").filter_map(|row| row.invocation).collect::<std::collections::BTreeSet<_>>().len() as f64
}

/// Holds the one message of a run against what the case says of it.
fn message(case: &Case, facts: &[Row]) {
    let messages: Vec<&Row> = rows(facts, "delivered_to_destination").collect();
    assert_eq!(messages.len() as f64, case.expected("destination_messages"), "{}", case.id());
    assert_eq!(messages[0].condition, case.expected_text("condition"), "{}", case.id());
    assert_eq!(messages[0].invoke_count.map(|count| count as f64), Some(case.expected("approximateInvokeCount")));
    assert_eq!(messages[0].n_events.map(|count| count as f64), Some(case.expected("batchSize")), "{}", case.id());
}

pub(super) fn bisecting(case: &Case) {
    let inputs = &case.0["inputs"];
    let batch = inputs["batch"].as_f64().or_else(|| case.find_given("batch")).unwrap();
    let want = if case.0["expected"]["value"].is_null() { "invocations" } else { "value" };
    let source = format!(
        "batch_size = {batch}\npoison = [{}]\nmaximum_retry_attempts = 0\nbisect_batch_on_function_error = true\non_failure = 'sqs'\nbacklog = {{ events = {batch} }}",
        batch / 2.0 + 1.0
    );
    let (figures, facts) = summary_and_facts(&mapped("", "kinesis", &source), 1);
    assert_eq!(invocations(&facts), case.expected(want), "{}", case.id());
    assert_eq!(figures.get("sources.s.processed"), batch - 1.0, "{}", case.id());
    let message = rows(&facts, "delivered_to_destination").next().unwrap();
    assert_eq!(message.n_events, Some(1), "{}", case.id());
}

pub(super) fn checkpoint(case: &Case) {
    let list = |value: &serde_json::Value| -> Vec<u64> {
        value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
    };
    let failed = list(&case.0["inputs"]["failed"]);
    let poison: Vec<String> = failed.iter().map(|number| format!("{{ event = {}, times = 1 }}", number - 1)).collect();
    let source = format!(
        "poison = [{}]\nfunction_response_types = ['ReportBatchItemFailures']\nbacklog = {{ events = {} }}",
        poison.join(", "),
        case.input("batch")
    );
    let (_, facts) = summary_and_facts(&mapped("", "kinesis", &source), 1);
    let second = rows(&facts, "accepted").nth(1).unwrap();
    let retried: Vec<u64> = (second.first_event.unwrap()..=second.last_event.unwrap()).map(|event| event + 1).collect();
    case.is_exact();
    assert_eq!(retried, list(&case.0["expected"]["retried"]));
}

pub(super) fn lost_neighbour(case: &Case) {
    let failed = case.input("fail") - 1.0;
    let source = format!(
        "{}function_response_types = ['ReportBatchItemFailures']\npoison = [{failed}]\non_failure = 'sqs'\nbacklog = {{ events = {} }}",
        keys(case),
        case.input("batch_size")
    );
    let (_, facts) = summary_and_facts(&mapped("", "dynamodb", &source), 1);
    let batches: Vec<Vec<u64>> = rows(&facts, "accepted")
        .map(|row| (row.first_event.unwrap()..=row.last_event.unwrap()).map(|event| event + 1).collect())
        .collect();
    let want: Vec<Vec<u64>> = serde_json::from_value(case.0["expected"]["batches"].clone()).unwrap();
    assert_eq!(batches, want);
    let message = rows(&facts, "delivered_to_destination").next().unwrap();
    assert_eq!(message.n_events, case.0["expected"]["dlq"]["batchSize"].as_u64());
}

pub(super) fn after_retries(case: &Case) {
    let kind = case.0["inputs"]["source"].as_str().unwrap();
    for destination in case.0["inputs"]["on_failure"].as_str().unwrap().split(" | ") {
        let source =
            format!("{}on_failure = '{}'\narrivals = {{ at = ['0s'] }}", keys(case), destination.to_lowercase());
        let (_, facts) = summary_and_facts(&mapped("error_rate = 1.0", kind, &source), 1);
        message(case, &facts);
        assert_eq!(invocations(&facts), case.expected("invocations"), "{} {destination}", case.id());
    }
}

pub(super) fn partial_failure(case: &Case) {
    let source = format!(
        "{}poison = [5]\non_failure = 'sqs'\narrivals = {{ at = ['0s', '100ms', '200ms', '300ms', '400ms', '500ms'] }}",
        keys(case)
    );
    let (_, facts) = summary_and_facts(&mapped("", "dynamodb", &source), 1);
    message(case, &facts);
    let mut deliveries = [0u64; 6];
    for row in rows(&facts, "accepted") {
        (row.first_event.unwrap()..=row.last_event.unwrap()).for_each(|event| deliveries[event as usize] += 1);
    }
    let want = &case.0["expected"]["deliveries_per_record"];
    for (event, deliveries) in deliveries.iter().enumerate() {
        assert_eq!(Some(*deliveries), want[event.to_string()].as_u64(), "{} record {event}", case.id());
    }
}

pub(super) fn unreadable_answer(case: &Case) {
    let throws = case.0["inputs"]["function"].as_str().is_some_and(|function| function == "raises");
    let function = if throws { "error_rate = 1.0" } else { "batch_item_failures = 'malformed'" };
    let source = format!("{}on_failure = 'sqs'\narrivals = {{ at = ['0s'] }}", keys(case));
    let (figures, facts) = summary_and_facts(&mapped(function, "kinesis", &source), 1);
    case.is_exact();
    message(case, &facts);
    assert_eq!(invocations(&facts), case.expected("invocations"), "{}", case.id());
    let errors = if case.0["expected"]["functionError"].is_null() { 0.0 } else { case.expected("invocations") };
    assert_eq!(figures.get("functions.f.errors"), errors, "{}", case.id());
}

pub(super) fn complete_success(case: &Case) {
    let source = format!("{}poison = [0]\non_failure = 'sqs'\narrivals = {{ at = ['0s'] }}", keys(case));
    let (figures, facts) = summary_and_facts(&mapped("batch_item_failures = 'none'", "kinesis", &source), 1);
    assert_eq!(invocations(&facts), case.expected("invocations"));
    assert_eq!(figures.get("destinations.s.on_failure.messages"), case.expected("destination_messages"));
}

pub(super) fn too_old_while_retried(case: &Case) {
    let source = format!("{}on_failure = 'sqs'\narrivals = {{ at = ['0s'] }}", keys(case));
    let (_, facts) = summary_and_facts(&mapped("error_rate = 1.0", "kinesis", &source), 1);
    let message = rows(&facts, "delivered_to_destination").next().unwrap();
    assert_eq!(message.condition, case.expected_text("condition"));
    assert_eq!(message.n_events.map(|count| count as f64), Some(case.expected("batchSize")));
    let tolerance = case.0["tolerance"].as_str().unwrap();
    let range = |words: &str| {
        let (low, high) = tolerance.split_once(words).unwrap().1.trim().split_once("..").unwrap();
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>();
        digits(low).unwrap()..=digits(high).unwrap()
    };
    assert!(range("invoke count").contains(&message.invoke_count.unwrap()), "{message:?}");
    assert!(range("within").contains(&(message.time as u64)), "{message:?}");
}

pub(super) fn too_old_to_be_tried(case: &Case) {
    let source = format!(
        "{}on_failure = 'sqs'\nbacklog = {{ events = 1, age = '80s' }}\narrivals = {{ at = ['0s', '0s', '0s', '0s', '0s'] }}",
        keys(case)
    );
    let (figures, facts) = summary_and_facts(&mapped("", "kinesis", &source), 1);
    case.is_exact();
    message(case, &facts);
    assert_eq!(figures.get("sources.s.deliveries"), case.expected("records_delivered"));
}

pub(super) fn older_than_the_mapping(case: &Case) {
    let source =
        format!("{}backlog = {{ events = 20 }}\narrivals = {{ bursts = {{ size = 10, every = '1h' }} }}", keys(case));
    let text = format!("duration = '1m'\n{}", mapped("timeout = '10s'", "kinesis", &source)).replace("10ms", "5s");
    let (_, facts) = summary_and_facts(&text, 1);
    assert_eq!(invocations(&facts), case.expected("invocations"));
    let sizes: Vec<u64> = rows(&facts, "accepted").filter_map(|row| row.n_events).collect();
    assert_eq!(sizes, serde_json::from_value::<Vec<u64>>(case.0["expected"]["batch_sizes"].clone()).unwrap());
    let order: Vec<u64> = rows(&facts, "accepted").filter_map(|row| row.first_event).collect();
    assert!(order.is_sorted(), "{order:?}");
}

/// What a mapping is where a scenario says nothing: told by the schema's defaults, and by how such a mapping behaves.
pub(super) fn defaults(case: &Case) {
    for kind in ["kinesis", "dynamodb"] {
        let text = format!(
            "[function.f]\nduration = '1s'\nerror_rate = 1.0\ninit_duration = '0s'\n[[source.{kind}]]\npolling_phase = '0s'\nbacklog = {{ events = 250 }}\n"
        );
        let (figures, facts) = summary_and_facts(&format!("drain = '3s'\n{text}"), 1);
        let first: Vec<&Row> = rows(&facts, "accepted").filter(|row| row.time == 0.0).collect();
        // One lane (ParallelizationFactor), at once (MaximumBatchingWindowInSeconds), as many records as BatchSize.
        assert_eq!(
            first.len() as f64,
            case.expected("ParallelizationFactor") + case.expected("MaximumBatchingWindowInSeconds")
        );
        assert_eq!(first[0].n_events.map(|count| count as f64), Some(case.expected("BatchSize")));
        // Neither retries nor an age nor splitting end the batch.
        assert_eq!(case.expected("MaximumRetryAttempts"), -1.0);
        assert_eq!(case.expected("MaximumRecordAgeInSeconds"), -1.0);
        assert_eq!(case.0["expected"]["BisectBatchOnFunctionError"], false);
        assert_eq!(figures.get(&format!("sources.{kind}.in_flight")), 250.0);
        assert!(rows(&facts, "accepted").all(|row| row.n_events == first[0].n_events));
    }
    let sqs = outcome("[function.f]\nduration = '1s'\n[[source.sqs]]\nbacklog = { events = 25 }\n", 1).1;
    assert_eq!(f64::from(sqs.functions[0].batch_max), case.expected("SQS_BatchSize"));
}
