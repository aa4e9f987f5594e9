//! Amazon CloudWatch Events (today EventBridge rules): schedules and matched events, one asynchronous call each.

use chrono::{DateTime, Utc};
use croner::parser::{CronParser, Seconds, Year};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::DistributionSpec;
use crate::engine::InvocationType;
use crate::time::SimDuration;

use super::common::Common;
use super::mapping::Backoff;
use super::plan::{Plan, Schedule};
use super::push::{PushService, kind};
use super::sender::{DeadLetterQueue, RULE_BACKOFF, RULE_JITTER, RetryPolicy, Sender, Tries};
use super::{KeyProblem, Kind};

pub(super) const KIND: Kind = kind::<CloudWatchEvents>(
    "cloudwatch_events",
    "schedule or matched event: CloudWatch Events (EventBridge) calls Lambda (push, Event)",
);

/// `[[source.cloudwatch_events]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct CloudWatchEvents {
    /// `"rate(5 minutes)"` or `"cron(0 12 * * ? *)"`, in UTC, instead of `arrivals`.
    schedule: Option<String>,
    /// Time from the event to Lambda. Default: log-normal, median 105 ms, 99th percentile 330 ms.
    delivery: Option<DistributionSpec>,
    /// How often, and until which age of an event, the rule tries again where Lambda does not accept.
    #[serde(default)]
    retry_policy: RetryPolicy,
    /// Where events go that Lambda does not accept: `"sqs"`, the dead-letter queue of the rule's target. Default: nowhere; they are
    /// lost.
    dead_letter_queue: Option<DeadLetterQueue>,
    /// How long the rule waits between its tries where Lambda does not accept, `{ base, cap }`. Default `{ base = "1s", cap = "488s" }`,
    /// which AWS does not document.
    retry_backoff: Option<Backoff>,
    /// Share of a wait by which a retry comes early at most, drawn evenly, 0 to 1. Default 0.5, which AWS does not document.
    #[schemars(range(min = 0.0, max = 1.0))]
    retry_jitter: Option<f64>,
}

/// Largest event: 1 MB since January 2026 (AWS Compute Blog, "More room to build: serverless services now support payloads up to 1 MB"),
/// 256 KB before, as much as Lambda took.
const EVENT_PAYLOAD: u64 = 1024 * 1024;

/// Assumption: Bitesize Serverless, "Serverless Messaging: Latency Compared" (re-run of February 2023), EventBridge: 148 ms at
/// the median and 387 ms at the 99th percentile from producer to handler, less the way through the asynchronous queue.
const DEFAULT_DELIVERY: DistributionSpec =
    DistributionSpec::lognormal(SimDuration::from_millis(105), SimDuration::from_millis(330));

impl PushService for CloudWatchEvents {
    fn plan(&self) -> Plan {
        Plan {
            delivery: self.delivery.clone().unwrap_or(DEFAULT_DELIVERY),
            schedule: self.schedule.as_deref().and_then(|text| parse(text).ok()),
            sender: Some(Sender {
                tries: Tries::Rule(self.retry_policy, self.retry_backoff.unwrap_or(RULE_BACKOFF)),
                jitter: self.retry_jitter.unwrap_or(RULE_JITTER),
                dead_letter_queue: self.dead_letter_queue.is_some(),
            }),
            ..Plan::plain(InvocationType::Event)
        }
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        self.delivery.iter().map(|spec| (vec!["delivery"], spec)).collect()
    }

    fn problems(&self, common: &Common) -> Vec<KeyProblem> {
        if common.payload_bytes() > EVENT_PAYLOAD {
            return vec![(vec!["payload_size"], "an event of EventBridge holds at most 1 MiB".into())];
        }
        match (&self.schedule, &common.arrivals) {
            (Some(_), Some(_)) => vec![(vec!["schedule"], "takes `schedule` or `arrivals`, found both".into())],
            (Some(text), None) => parse(text).err().map(|what| (vec!["schedule"], what)).into_iter().collect(),
            (None, None) => vec![(vec![], "takes `schedule` or `arrivals`, found neither".into())],
            (None, Some(_)) => vec![],
        }
    }

    fn assumptions(&self) -> Vec<String> {
        match self.delivery {
            Some(_) => vec![],
            None => vec!["CloudWatch Events takes 105 ms at the median, 330 ms at the 99th percentile: inferred from measurements of 2023".into()],
        }
    }
}

/// Reads a schedule expression: "rate(value unit)" or "cron(minutes hours day-of-month month day-of-week year)" (Amazon
/// EventBridge User Guide, "Creating a rule that runs on a schedule").
fn parse(text: &str) -> Result<Schedule, String> {
    let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(rate) = inside("rate") {
        return parse_rate(rate).map(Schedule::Rate);
    }
    if let Some(cron) = inside("cron") {
        return parse_cron(cron).map(|cron| Schedule::Cron(Box::new(cron)));
    }
    Err(format!("found `{text}`; allowed: `rate(5 minutes)` or `cron(0 12 * * ? *)`"))
}

fn parse_rate(text: &str) -> Result<SimDuration, String> {
    let wrong = || {
        format!(
            "found `rate({text})`; allowed: a whole number from 1 and `minute`, `minutes`, `hour`, `hours`, `day` or `days`"
        )
    };
    let (value, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let value: u64 = value.parse().ok().filter(|value| (1..=36_500).contains(value)).ok_or_else(wrong)?;
    let minutes = match unit.trim() {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return Err(wrong()),
    };
    // "If the value is equal to 1, then the unit must be singular. If the value is greater than 1, the unit must be plural."
    if (value == 1) == unit.trim().ends_with('s') {
        return Err(format!("found `rate({text})`; the unit is singular after 1 and plural after any other number"));
    }
    Ok(SimDuration::from_secs(value * minutes * 60))
}

fn parse_cron(text: &str) -> Result<croner::Cron, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
        return Err(format!(
            "found {} fields in `cron({text})`; a cron expression has six: minutes hours day-of-month month day-of-week year",
            fields.len()
        ));
    };
    // "You can't use * in both the Day-of-month and Day-of-week fields. If you use it in one, you must use ? in the other."
    if (day_of_month == "?") == (day_of_week == "?") {
        return Err(format!("found `cron({text})`; exactly one of day-of-month and day-of-week is `?`"));
    }
    // "Year: 1970-2199".
    let is_year = |number: &str| number.parse().is_ok_and(|year: u32| (1970..=2199).contains(&year));
    let years = year.split('/').next().unwrap_or_default();
    if let Some(wrong) =
        years.split([',', '-']).find(|part| part.starts_with(|c: char| c.is_ascii_digit()) && !is_year(part))
    {
        return Err(format!("found the year {wrong} in `cron({text})`; allowed: 1970 to 2199"));
    }
    // "The L wildcard in the Day-of-month or Day-of-week fields specifies the last day of the month or week": Saturday.
    let last_is_saturday = |day| if day == "L" { "SAT" } else { day };
    let day_of_week = day_of_week.split(',').map(last_is_saturday).collect::<Vec<_>>().join(",");
    let fields = [minutes, hours, day_of_month, month, &day_of_week, year];
    CronParser::builder()
        .seconds(Seconds::Required)
        .year(Year::Required)
        .alternative_weekdays(true)
        .dom_and_dow(true)
        .build()
        .parse(&format!("0 {}", stepped(&fields).join(" ")))
        .map_err(|error| {
            let what = error.to_string();
            let what = what.rsplit("error: ").next().unwrap_or_default().trim_end_matches('.').to_lowercase();
            format!("`cron({text})` cannot be read: {what}")
        })
        .and_then(|cron| match cron.find_next_occurrence(&DateTime::<Utc>::UNIX_EPOCH, true) {
            Ok(_) => Ok(cron),
            Err(_) => Err(format!("`cron({text})` never matches")),
        })
}

/// "You could enter 1/10 to specify every tenth minute, starting from the first minute of the hour": the last value that each
/// field can take makes a range of such a start.
fn stepped(fields: &[&str]) -> Vec<String> {
    const LAST: [&str; 6] = ["59", "23", "31", "12", "7", "2199"];
    let part = |last: &str, part: &str| match part.split_once('/') {
        Some((start, step)) if start.bytes().all(|byte| byte.is_ascii_digit()) => format!("{start}-{last}/{step}"),
        _ => part.to_owned(),
    };
    let field = |(field, last): (&&str, &&str)| field.split(',').map(|p| part(last, p)).collect::<Vec<_>>().join(",");
    fields.iter().zip(&LAST).map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_match_as_documented() {
        let start: DateTime<Utc> = "2026-01-05T00:00:00Z".parse().unwrap();
        // Examples of the EventBridge User Guide's cron table; 2026-01-05 is a Monday, day 2 of the week.
        for (text, next) in [
            ("cron(0 10 * * ? *)", "2026-01-05T10:00:00Z"),
            ("cron(15 12 * * ? *)", "2026-01-05T12:15:00Z"),
            ("cron(0 18 ? * MON-FRI *)", "2026-01-05T18:00:00Z"),
            ("cron(0 8 1 * ? *)", "2026-02-01T08:00:00Z"),
            ("cron(0/15 * * * ? *)", "2026-01-05T00:15:00Z"),
            ("cron(0 9 ? * 2#1 *)", "2026-01-05T09:00:00Z"),
            ("cron(0 9 ? * 1 *)", "2026-01-11T09:00:00Z"),
            ("cron(0 9 L * ? *)", "2026-01-31T09:00:00Z"),
            ("cron(0 12 ? * L *)", "2026-01-10T12:00:00Z"),
            ("cron(0 12 ? * 4,L *)", "2026-01-07T12:00:00Z"),
            ("cron(0 12 ? * 6L *)", "2026-01-30T12:00:00Z"),
            ("cron(0 12 ? * FRIL *)", "2026-01-30T12:00:00Z"),
            ("cron(0 9 L 2 ? *)", "2026-02-28T09:00:00Z"),
            ("cron(0 9 LW * ? *)", "2026-01-30T09:00:00Z"),
            ("cron(0 9 3W * ? *)", "2026-02-03T09:00:00Z"),
            ("cron(0 9 * * ? 2027)", "2027-01-01T09:00:00Z"),
            ("cron(0 9 * * ? 2020/7)", "2027-01-01T09:00:00Z"),
            ("cron(0 9 * * ? 2030-2199)", "2030-01-01T09:00:00Z"),
        ] {
            let Ok(Schedule::Cron(cron)) = parse(text) else { panic!("{text}: {:?}", parse(text).err()) };
            let found = cron.find_next_occurrence(&start, false).unwrap();
            assert_eq!(found, next.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
        assert!(matches!(parse("rate(1 minute)"), Ok(Schedule::Rate(period)) if period == SimDuration::from_secs(60)));
        assert!(
            matches!(parse("rate(2 days)"), Ok(Schedule::Rate(period)) if period == SimDuration::from_secs(172_800))
        );
    }

    #[test]
    fn wrong_schedules_are_told() {
        for text in [
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "cron(* * * * * *)",
            "cron(0 10 * * ?)",
            "cron(99 * * * ? *)",
            "cron(0 10 * * ? 1969)",
            "cron(0 10 * * ? 2026,2200)",
            "cron(0 10 * * ? 2026-2200)",
            "every day",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
