//! What a scenario's text says of one source, as far as the invariants ask.

use chrono::{DateTime, Utc};
use pushpull::engine::{BatchItemFailures, InvocationType};
use pushpull::scenario::{Scenario, Source};
use pushpull::source::Mode;
use pushpull::time::SimDuration;
use toml::Value;

/// The keys of one source, and of the stream that it reads.
pub struct Terms {
    /// Of a stream whose records are in order: most batches in flight at once.
    pub lanes: Option<u64>,
    /// Who reads a topic.
    pub consumers: Option<Consumers>,
    /// Of a queue's mapping: most batches at once, whether all messages are of one group, and most receives of a message.
    pub queue: Option<(u64, bool, u64)>,
    /// Events that were there at the start, and their age then.
    pub backlog: (u64, u64),
    /// Most tries of its client, or of a service that could not hand an event over.
    pub attempts: u64,
    /// Whether Lambda takes its calls: it may call, and its events are not too large.
    pub permission: bool,
    /// Whether events may come twice.
    pub twice: bool,
    /// Width of tumbling windows, and how far instant 0 lies within one.
    pub tumbling: Option<(u64, u64)>,
    /// What the function answers, where its mapping asks which records failed.
    pub answer: Option<BatchItemFailures>,
    /// Whether the batches of a queue keep the order of messages.
    pub fifo: bool,
    /// The source whose stream it reads, where that is another one.
    pub owner: Option<String>,
}

/// Consumers of a topic: at first, at most, and batches in flight of each.
pub struct Consumers {
    least: u64,
    most: u64,
    each: u64,
    /// By which their number grows each minute at most.
    factor: f64,
}

impl Consumers {
    /// Most batches in flight at an instant.
    pub fn most_at(&self, nanos: u64) -> u64 {
        let grown = |count: u64| ((count as f64 * self.factor).ceil() as u64).min(self.most);
        let minutes = (nanos / 60_000_000_000).min(1_000);
        (0..minutes).fold(self.least, |count, _| grown(count)) * self.each
    }
}

/// 15 minutes, in which an on-demand stream at most doubles its shards, where the scenario does not say otherwise.
const ON_DEMAND_PERIOD: u64 = 900_000_000_000;

/// A table of keys.
#[derive(Clone, Copy)]
struct Keys<'t>(&'t toml::Table);

impl<'t> Keys<'t> {
    fn get(self, path: &[&str]) -> Option<&'t Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, key| value.get(key))
    }

    fn number(self, path: &[&str], default: u64) -> u64 {
        self.get(path).and_then(Value::as_integer).map_or(default, |number| number as u64)
    }

    fn float(self, path: &[&str], default: f64) -> f64 {
        let value = self.get(path);
        value.and_then(|value| value.as_float().or(value.as_integer().map(|n| n as f64))).unwrap_or(default)
    }

    fn flag(self, key: &str) -> bool {
        self.get(&[key]).and_then(Value::as_bool) == Some(true)
    }

    fn text(self, path: &[&str]) -> Option<&'t str> {
        self.get(path).and_then(Value::as_str)
    }

    fn nanos(self, path: &[&str]) -> u64 {
        self.text(path).map_or(0, |length| length.parse::<SimDuration>().map_or(0, SimDuration::nanos))
    }

    /// The greatest number of shards that the stream ever has. A shard is read after those that it was made of, so no more are ever
    /// read at once.
    fn most_shards(self, until: u64) -> u64 {
        if self.flag("on_demand") {
            let period = match self.nanos(&["on_demand_growth", "period"]) {
                0 => ON_DEMAND_PERIOD,
                period => period,
            };
            // It takes no more than its shards do, and grows by the factor of that.
            let factor = self.float(&["on_demand_growth", "factor"], 2.0).max(1.0);
            return (4.0 * factor.powf((until / period) as f64)).ceil().min(1e9) as u64;
        }
        let changes = self.get(&["reshard"]).and_then(Value::as_array).into_iter().flatten();
        let after = changes.filter_map(|change| change.get("shard_count")?.as_integer()).map(|count| count as u64);
        after.fold(self.number(&["shard_count"], 1), u64::max)
    }
}

/// The table of a source.
fn table<'t>(source: &Source, keys: &'t toml::Table) -> Option<Keys<'t>> {
    let all = Keys(keys).get(&["source", source.kind.name])?.as_array()?;
    let named = |table: &&Value| table.get("name").and_then(Value::as_str) == Some(source.name.as_str());
    let unnamed = |table: &&Value| table.get("name").is_none();
    Some(Keys(all.iter().find(named).or_else(|| all.iter().find(unnamed))?.as_table()?))
}

impl Terms {
    /// Those of `source` in `scenario`, of which `keys` is the text; `until` is the latest emission that there can be.
    pub fn new(source: &Source, scenario: &Scenario, keys: &toml::Table, until: u64) -> Option<Terms> {
        // What a function is sent as a destination stands in no table of its own.
        let none = toml::Table::new();
        let own = if source.kind.name == "lambda" { Keys(&none) } else { table(source, keys)? };
        let owner = own.text(&["stream"]).map(str::to_owned);
        let owning = owner.as_ref().and_then(|name| scenario.sources.iter().find(|other| other.name == *name));
        let stream = owning.map_or(Some(own), |owning| table(owning, keys))?;
        let common = source.definition.common();
        let record = owning.unwrap_or(source).definition.common().payload_bytes();
        let kind = source.kind.name;
        let function = &scenario.functions[source.target as usize].1;
        let reports = own.get(&["function_response_types"]).is_some();
        Some(Terms {
            lanes: lanes(kind, own, stream, record, until),
            consumers: (kind == "msk").then(|| consumers(own, stream)),
            queue: (kind == "sqs").then(|| queue(own, scenario)),
            backlog: backlog(own, stream, scenario),
            attempts: attempts(source, own),
            permission: common.permission && common.payload_bytes() <= largest_call(source, scenario),
            twice: common.duplicate_rate > 0.0,
            tumbling: Some(own.nanos(&["tumbling_window"])).filter(|width| *width > 0).map(|width| {
                let start = i128::from(scenario.start.timestamp()) * 1_000_000_000;
                (width, start.rem_euclid(i128::from(width)) as u64)
            }),
            answer: reports.then_some(function.batch_item_failures),
            fifo: own.flag("fifo"),
            owner,
        })
    }
}

fn lanes(kind: &str, own: Keys<'_>, stream: Keys<'_>, record: u64, until: u64) -> Option<u64> {
    let one_key = stream.number(&["partition_keys"], 0) == 1;
    let shards = match kind {
        "msk" => stream.number(&["partitions"], 1),
        // A shard that takes a record of 1 MB a second refuses others, which are then written out of order.
        "kinesis" if record >= 1 << 20 => return None,
        "kinesis" | "dynamodb" => stream.most_shards(until),
        _ => return None,
    };
    Some(if one_key { 1 } else { shards * own.number(&["parallelization_factor"], 1) })
}

fn consumers(own: Keys<'_>, stream: Keys<'_>) -> Consumers {
    let partitions = stream.number(&["partitions"], 1);
    let provisioned = own.get(&["provisioned_pollers"]).is_some();
    let most = own.number(&["provisioned_pollers", "maximum"], 200).min(partitions);
    let factor = own.float(&["consumer_scaling", "factor"], 2.0);
    match provisioned {
        true => {
            Consumers { least: own.number(&["provisioned_pollers", "minimum"], 1).min(most), most, each: 5, factor }
        }
        false => Consumers { least: 1, most: partitions, each: 1, factor },
    }
}

fn queue(own: Keys<'_>, scenario: &Scenario) -> (u64, bool, u64) {
    let one_group = own.flag("fifo") && own.number(&["message_groups"], 0) == 1;
    let most = match own.get(&["provisioned_pollers"]) {
        Some(_) => 10 * own.number(&["provisioned_pollers", "maximum"], 200),
        None => {
            let account = scenario.account.concurrent_executions.count();
            own.number(&["maximum_concurrency"], 1250).min(account.unwrap_or(u64::MAX))
        }
    };
    (if one_group { 1 } else { most }, one_group, own.number(&["max_receive_count"], u64::MAX))
}

/// What lay there and is read: all of it, or what was written at an instant or later, or nothing.
fn backlog(own: Keys<'_>, stream: Keys<'_>, scenario: &Scenario) -> (u64, u64) {
    let age = stream.nanos(&["backlog", "age"]);
    let from = own.text(&["starting_position_timestamp"]).and_then(|text| text.parse::<DateTime<Utc>>().ok());
    let reads = match (own.text(&["starting_position"]), from) {
        (Some("LATEST"), _) => false,
        (Some("AT_TIMESTAMP"), Some(from)) => {
            (scenario.start - from).num_nanoseconds().is_none_or(|reach| i128::from(reach) >= i128::from(age))
        }
        _ => true,
    };
    (if reads { stream.number(&["backlog", "events"], 0) } else { 0 }, age)
}

/// F§8: SNS 100,015 attempts; rules, and what tries as they do, 185 retries.
fn attempts(source: &Source, own: Keys<'_>) -> u64 {
    if own.get(&["client_retry"]).is_some() {
        return own.number(&["client_retry", "attempts"], 3);
    }
    match (source.kind.name, source.definition.invocation_type()) {
        ("sns", _) => 100_015,
        ("cloudwatch_events", _) => 1 + own.number(&["retry_policy", "maximum_retry_attempts"], 185),
        ("s3" | "cloudformation", InvocationType::Event) => 186,
        _ => 1,
    }
}

fn largest_call(source: &Source, scenario: &Scenario) -> u64 {
    match (source.kind.mode, source.definition.invocation_type()) {
        (Mode::Pull, _) => u64::MAX,
        // F§1.9: 1 MB since November 2025, 256 KB before.
        (_, InvocationType::Event) if scenario.profile.name() >= "2025-11" => 1 << 20,
        (_, InvocationType::Event) => 256 << 10,
        _ => 6 << 20,
    }
}
