//! A sender that tries again: a service whose asynchronous call Lambda did not accept (500), and what it does in the end.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::DestinationKind;
use crate::time::SimDuration;

/// Where a sender's dead letters go: "a dead-letter queue is an Amazon SQS queue" of the subscription or of the rule's target.
pub(super) const DEAD_LETTER_QUEUE: DestinationKind = DestinationKind::Sqs;

/// Where events go that could not be handed over to Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum DeadLetterQueue {
    /// A standard SQS queue.
    #[serde(rename = "sqs")]
    Sqs,
}

/// How often a rule tries again to hand an event over to Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RetryPolicy {
    /// Tries after the first, 0 to 185. Default 185.
    #[schemars(range(min = 0, max = 185))]
    pub maximum_retry_attempts: u32,
    /// Age from which on an event is tried no more, `"60s"` to `"24h"`. Default `"24h"`.
    #[schemars(extend("x-minimum" = "60s", "x-maximum" = "24h"))]
    pub maximum_event_age: SimDuration,
}

/// "By default, EventBridge retries sending the event for 24 hours and up to 185 times" (Amazon EventBridge User Guide, "Retrying
/// event delivery").
impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy { maximum_retry_attempts: MOST_RETRIES, maximum_event_age: SimDuration::from_secs(24 * 3600) }
    }
}

const MOST_RETRIES: u32 = 185;

/// A service that tries again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub tries: Tries,
    /// Whether its dead letters are kept.
    pub dead_letter_queue: bool,
}

/// When a sender tries again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tries {
    /// As a topic does for a function.
    Topic,
    /// As a rule does.
    Rule(RetryPolicy),
    /// Assumption: as a rule does by default, by a service that does not say how it tries again.
    LikeRule(&'static str),
}

/// Attempts at once, the first included: "immediate retry (no delay) phase: 3 times, without delay" (Amazon SNS Developer Guide,
/// "Amazon SNS message delivery retries", AWS managed endpoints; so for the other phases).
const IMMEDIATE: u32 = 3;
/// "Pre-backoff phase: 2 times, 1 second apart".
const PRE_BACKOFF: u32 = 2;
/// "Backoff phase: 10 times, with exponential backoff, from 1 second to 20 seconds".
/// Assumption: the waits before the ten, in ms, grow by the same factor, and have no jitter, whose size is not published.
const BACKOFF: [u64; 10] = [1_000, 1_395, 1_946, 2_714, 3_786, 5_282, 7_368, 10_278, 14_337, 20_000];
/// "Post-backoff phase: 100,000 times, 20 seconds apart".
const POST_BACKOFF: u32 = 100_000;
const POST_BACKOFF_WAIT: SimDuration = SimDuration::from_secs(20);

/// Assumption: a rule's waits double from 1 s to this, with which the 185 retries span the 24 h: 511 s for the first nine, then
/// 176 x 488 s, together 86,399 s.
const LONGEST_WAIT: u64 = 488;
/// Retries before the longest wait.
const DOUBLINGS: u32 = 9;

impl Sender {
    /// How long the sender waits after try number `attempt` (from 1) of an event of this `age`; none: it gives up. `draw` is a
    /// number of [0, 1) for each retry of the event.
    pub(super) fn wait(&self, attempt: u32, age: SimDuration, draw: impl Fn(u32) -> f64) -> Option<SimDuration> {
        let policy = match self.tries {
            Tries::Topic => return topic_wait(attempt),
            Tries::Rule(policy) => policy,
            Tries::LikeRule(_) => RetryPolicy::default(),
        };
        let due = |retry| rule_retry(retry, &draw);
        let wait = due(attempt).saturating_sub(due(attempt - 1));
        // Assumption: as Lambda's own queue, it looks ahead instead of waiting in vain.
        (attempt <= policy.maximum_retry_attempts && age + wait < policy.maximum_event_age).then_some(wait)
    }

    /// What is taken for granted of its tries that AWS does not document.
    pub(super) fn assumptions(&self) -> Vec<String> {
        let rule = format!(
            "a rule's waits between its tries double from 1 s to {LONGEST_WAIT} s, each retry up to half of its wait early: AWS documents 185 retries in 24 h, not the waits"
        );
        match self.tries {
            Tries::Topic => vec![
                "the ten exponential waits of SNS grow by the same factor, without jitter: AWS documents the first and the last"
                    .to_owned(),
            ],
            Tries::Rule(_) => vec![rule],
            Tries::LikeRule(service) => vec![
                rule,
                format!(
                    "{service} tries again as an EventBridge rule does by default where Lambda does not accept: not documented by AWS"
                ),
            ],
        }
    }
}

/// A topic's wait after a try.
fn topic_wait(attempt: u32) -> Option<SimDuration> {
    let backoff = IMMEDIATE + PRE_BACKOFF;
    let post_backoff = backoff + BACKOFF.len() as u32;
    if attempt < IMMEDIATE {
        Some(SimDuration::ZERO)
    } else if attempt < backoff {
        Some(SimDuration::from_secs(1))
    } else if attempt < post_backoff {
        Some(SimDuration::from_millis(BACKOFF[(attempt - backoff) as usize]))
    } else {
        (attempt < post_backoff + POST_BACKOFF).then_some(POST_BACKOFF_WAIT)
    }
}

/// When a rule's retry comes, from the first try on.
/// Assumption: the jitter brings each forward by up to half of its wait, so that it does not add up.
fn rule_retry(retry: u32, draw: impl Fn(u32) -> f64) -> SimDuration {
    if retry == 0 {
        return SimDuration::ZERO;
    }
    let (doublings, more) = (retry.min(DOUBLINGS), retry.saturating_sub(DOUBLINGS));
    let latest = SimDuration::from_secs((1 << doublings) - 1 + u64::from(more) * LONGEST_WAIT);
    let wait = if more == 0 { 1 << (retry - 1) } else { LONGEST_WAIT };
    let early = draw(retry) * 0.5 * SimDuration::from_secs(wait).nanos() as f64;
    latest.saturating_sub(SimDuration::from_nanos_f64(early))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(tries: Tries, draw: impl Fn(u32) -> f64 + Copy) -> Vec<SimDuration> {
        let sender = Sender { tries, dead_letter_queue: false };
        let mut age = SimDuration::ZERO;
        let wait = |attempt| {
            let wait = sender.wait(attempt, age, draw)?;
            age += wait;
            Some(wait)
        };
        (1..).map_while(wait).collect()
    }

    #[test]
    fn a_topic_tries_100_015_times_over_23_days() {
        let waits = waits(Tries::Topic, |_| 0.0);
        assert_eq!(waits.len() + 1, 100_015);
        let days = waits.iter().fold(SimDuration::ZERO, |sum, wait| sum + *wait).as_secs_f64() / 86_400.0;
        assert!((23.0..24.0).contains(&days), "{days}");
        let seconds: Vec<f64> = waits.iter().take(16).map(|wait| wait.as_secs_f64()).collect();
        let want =
            [0.0, 0.0, 1.0, 1.0, 1.0, 1.395, 1.946, 2.714, 3.786, 5.282, 7.368, 10.278, 14.337, 20.0, 20.0, 20.0];
        assert_eq!(seconds, want);
    }

    #[test]
    fn a_rule_tries_again_185_times_within_24_hours() {
        for draw in [0.0, 0.5, 0.999] {
            let waits = waits(Tries::Rule(RetryPolicy::default()), move |_| draw);
            assert_eq!(waits.len(), 185, "{draw}");
            let sum = waits.iter().fold(SimDuration::ZERO, |sum, wait| sum + *wait);
            let early = SimDuration::from_secs(86_399).saturating_sub(sum);
            assert!(early <= SimDuration::from_secs(LONGEST_WAIT / 2), "{draw}: {sum}");
        }
        let few = RetryPolicy { maximum_retry_attempts: 3, ..RetryPolicy::default() };
        assert_eq!(waits(Tries::Rule(few), |_| 0.0), [1, 2, 4].map(SimDuration::from_secs));
        let young = RetryPolicy { maximum_event_age: SimDuration::from_secs(63), ..RetryPolicy::default() };
        assert_eq!(waits(Tries::Rule(young), |_| 0.0).len(), 5, "the sixth would come at 63 s");
    }

    #[test]
    fn jitter_keeps_the_order_of_retries() {
        let alternating = |retry: u32| f64::from(retry % 2) * 0.999;
        for wait in waits(Tries::LikeRule("S3"), alternating).windows(2) {
            assert!(wait[0] > SimDuration::ZERO && wait[1] > SimDuration::ZERO);
        }
    }
}
