//! A sender that tries again: a service whose asynchronous call Lambda did not accept (500), and what it does in the end.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::DestinationKind;
use crate::time::SimDuration;

use super::mapping::Backoff;

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
    /// Share of an exponential wait by which the retry after it comes early at most, so that jitter does not add up.
    pub jitter: f64,
    /// Whether its dead letters are kept.
    pub dead_letter_queue: bool,
}

/// When a sender tries again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tries {
    /// As a topic does for a function.
    Topic,
    /// As a rule does.
    Rule(RetryPolicy, Backoff),
    /// Assumption: as a rule does by default, by a service that does not say how it tries again.
    LikeRule(&'static str, Backoff),
}

/// Attempts at once, the first included: "immediate retry (no delay) phase: 3 times, without delay" (Amazon SNS Developer Guide,
/// "Amazon SNS message delivery retries", AWS managed endpoints; so for the other phases).
const IMMEDIATE: u32 = 3;
/// "Pre-backoff phase: 2 times, 1 second apart".
const PRE_BACKOFF: u32 = 2;
/// "Backoff phase: 10 times, with exponential backoff, from 1 second to 20 seconds".
/// Assumption: the waits before the ten, in ms, grow by the same factor.
const BACKOFF: [u64; 10] = [1_000, 1_395, 1_946, 2_714, 3_786, 5_282, 7_368, 10_278, 14_337, 20_000];
/// "Post-backoff phase: 100,000 times, 20 seconds apart".
const POST_BACKOFF: u32 = 100_000;
const POST_BACKOFF_WAIT: SimDuration = SimDuration::from_secs(20);

/// Assumption: none, since the size of the jitter that SNS applies is not published.
pub(super) const TOPIC_JITTER: f64 = 0.0;

/// Assumption: a rule's waits double from 1 s to 488 s, with which the 185 retries span the 24 h: 511 s for the first nine, then
/// 176 x 488 s, together 86,399 s.
pub(super) const RULE_BACKOFF: Backoff = Backoff { base: SimDuration::from_secs(1), cap: SimDuration::from_secs(488) };
/// Assumption: up to half of a wait.
pub(super) const RULE_JITTER: f64 = 0.5;

impl Sender {
    /// How long the sender waits after try number `attempt` (from 1) of an event of this `age`; none: it gives up. `draw` is a
    /// number of [0, 1) for each retry of the event.
    pub(super) fn wait(&self, attempt: u32, age: SimDuration, draw: impl Fn(u32) -> f64) -> Option<SimDuration> {
        let early = |attempt| match self.full_wait(attempt) {
            Some((wait, true)) => SimDuration::from_nanos_f64(draw(attempt) * self.jitter * wait.nanos() as f64),
            _ => SimDuration::ZERO,
        };
        let (wait, _) = self.full_wait(attempt)?;
        let wait = (wait + early(attempt - 1)).saturating_sub(early(attempt));
        let policy = match self.tries {
            Tries::Topic => return Some(wait),
            Tries::Rule(policy, _) => policy,
            Tries::LikeRule(..) => RetryPolicy::default(),
        };
        // Assumption: as Lambda's own queue, it looks ahead instead of waiting in vain.
        (attempt <= policy.maximum_retry_attempts && age + wait < policy.maximum_event_age).then_some(wait)
    }

    /// The wait after a try without jitter, and whether it may have any; none: there is no further try.
    fn full_wait(&self, attempt: u32) -> Option<(SimDuration, bool)> {
        match self.tries {
            _ if attempt == 0 => Some((SimDuration::ZERO, false)),
            Tries::Topic => topic_wait(attempt),
            Tries::Rule(_, backoff) | Tries::LikeRule(_, backoff) => Some((backoff.wait(attempt - 1), true)),
        }
    }

    /// What is taken for granted of its tries that AWS does not document.
    pub(super) fn assumptions(&self) -> Vec<String> {
        let jitter = match self.jitter {
            0.0 => "without jitter".to_owned(),
            jitter => format!("each retry up to {jitter} of its wait early"),
        };
        let rule = |backoff| {
            format!(
                "a rule's waits between its tries are {backoff}, {jitter}, and no try is waited for that would come too late: AWS documents 185 retries in 24 h, not the waits"
            )
        };
        match self.tries {
            Tries::Topic => vec![format!(
                "the ten exponential waits of SNS grow by the same factor, {jitter}: AWS documents the first and the last"
            )],
            Tries::Rule(_, backoff) => vec![rule(backoff)],
            Tries::LikeRule(service, backoff) => vec![
                rule(backoff),
                format!(
                    "{service} tries again as an EventBridge rule does by default where Lambda does not accept: not documented by AWS"
                ),
            ],
        }
    }
}

/// A topic's wait after a try, and whether it is one of the exponential ones.
fn topic_wait(attempt: u32) -> Option<(SimDuration, bool)> {
    let backoff = IMMEDIATE + PRE_BACKOFF;
    let post_backoff = backoff + BACKOFF.len() as u32;
    if attempt < IMMEDIATE {
        Some((SimDuration::ZERO, false))
    } else if attempt < backoff {
        Some((SimDuration::from_secs(1), false))
    } else if attempt < post_backoff {
        Some((SimDuration::from_millis(BACKOFF[(attempt - backoff) as usize]), true))
    } else {
        (attempt < post_backoff + POST_BACKOFF).then_some((POST_BACKOFF_WAIT, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(tries: Tries, draw: impl Fn(u32) -> f64 + Copy) -> Vec<SimDuration> {
        let sender = Sender { tries, jitter: RULE_JITTER, dead_letter_queue: false };
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
            let waits = waits(Tries::Rule(RetryPolicy::default(), RULE_BACKOFF), move |_| draw);
            assert_eq!(waits.len(), 185, "{draw}");
            let sum = waits.iter().fold(SimDuration::ZERO, |sum, wait| sum + *wait);
            let early = SimDuration::from_secs(86_399).saturating_sub(sum);
            assert!(early <= SimDuration::from_secs(488 / 2), "{draw}: {sum}");
        }
        let few = RetryPolicy { maximum_retry_attempts: 3, ..RetryPolicy::default() };
        assert_eq!(waits(Tries::Rule(few, RULE_BACKOFF), |_| 0.0), [1, 2, 4].map(SimDuration::from_secs));
        let young = RetryPolicy { maximum_event_age: SimDuration::from_secs(63), ..RetryPolicy::default() };
        assert_eq!(waits(Tries::Rule(young, RULE_BACKOFF), |_| 0.0).len(), 5, "the sixth would come at 63 s");
    }

    #[test]
    fn jitter_keeps_the_order_of_retries() {
        let alternating = |retry: u32| f64::from(retry % 2) * 0.999;
        for wait in waits(Tries::LikeRule("S3", RULE_BACKOFF), alternating).windows(2) {
            assert!(wait[0] > SimDuration::ZERO && wait[1] > SimDuration::ZERO);
        }
    }
}
