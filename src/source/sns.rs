//! Amazon SNS: messages published to a topic, one asynchronous call each.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::DistributionSpec;
use crate::engine::InvocationType;
use crate::time::SimDuration;

use super::common::Common;
use super::plan::Plan;
use super::push::{PushService, kind};
use super::sender::{DeadLetterQueue, Sender, TOPIC_JITTER, Tries};
use super::{KeyProblem, Kind};

pub(super) const KIND: Kind = kind::<Sns>("sns", "message published to a topic: SNS calls Lambda (push, Event)");

/// `[[source.sns]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Sns {
    /// Time from publishing to Lambda. Default: log-normal, median 30 ms, 99th percentile 170 ms.
    delivery: Option<DistributionSpec>,
    /// Where messages go that Lambda does not accept: `"sqs"`, the subscription's dead-letter queue. Default: nowhere; they are lost.
    dead_letter_queue: Option<DeadLetterQueue>,
    /// Share of an exponential wait by which a retry comes early at most, drawn evenly, 0 to 1. Default 0, which AWS does not document.
    #[schemars(range(min = 0.0, max = 1.0))]
    retry_jitter: Option<f64>,
}

/// Largest message: "With the exception of SMS, messages must be UTF-8 encoded strings and at most 256 KB in size" (SNS API reference,
/// Publish).
const MESSAGE_PAYLOAD: u64 = 256 * 1024;

/// Assumption: Bitesize Serverless, "Serverless Messaging: Latency Compared" (2022), SNS standard: 73 ms at the median and
/// 225 ms at the 99th percentile from producer to handler, less the way through the asynchronous queue: so that both ways together
/// have these quantiles again.
const DEFAULT_DELIVERY: DistributionSpec =
    DistributionSpec::lognormal(SimDuration::from_millis(30), SimDuration::from_millis(170));

impl PushService for Sns {
    fn plan(&self) -> Plan {
        Plan {
            delivery: self.delivery.clone().unwrap_or(DEFAULT_DELIVERY),
            // "100,015 times, over 23 days"; not after client-side errors, such as a missing permission.
            sender: Some(Sender {
                tries: Tries::Topic,
                jitter: self.retry_jitter.unwrap_or(TOPIC_JITTER),
                dead_letter_queue: self.dead_letter_queue.is_some(),
            }),
            ..Plan::plain(InvocationType::Event)
        }
    }

    fn problems(&self, common: &Common) -> Vec<KeyProblem> {
        if common.payload_bytes() > MESSAGE_PAYLOAD {
            return vec![(vec!["payload_size"], "a message of SNS holds at most 256 KiB".into())];
        }
        vec![]
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        self.delivery.iter().map(|spec| (vec!["delivery"], spec)).collect()
    }

    fn assumptions(&self) -> Vec<String> {
        match self.delivery {
            Some(_) => vec![],
            None => vec![
                "SNS takes 30 ms at the median, 170 ms at the 99th percentile: inferred from measurements of 2022"
                    .into(),
            ],
        }
    }
}
