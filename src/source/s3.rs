//! Amazon S3: notifications of changes in a bucket, one asynchronous call each.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::{Component, DistributionSpec, Law};
use crate::engine::InvocationType;
use crate::time::SimDuration;

use super::Kind;
use super::mapping::Backoff;
use super::plan::Plan;
use super::push::{PushService, kind};
use super::sender::{RULE_BACKOFF, RULE_JITTER, Sender, Tries};

pub(super) const KIND: Kind = kind::<S3>("s3", "object created or removed: S3 notifies Lambda (push, Event)");

/// `[[source.s3]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct S3 {
    /// Time from the change to the notification. Default: log-normal, median 500 ms, 99th percentile 3 s, and one in 10,000
    /// after a minute and more.
    delivery: Option<DistributionSpec>,
    /// How long S3 waits between its tries where Lambda does not accept, `{ base, cap }`. Default `{ base = "1s", cap = "488s" }`,
    /// which AWS does not document.
    retry_backoff: Option<Backoff>,
    /// Share of a wait by which a retry comes early at most, drawn evenly, 0 to 1. Default 0.5, which AWS does not document.
    #[schemars(range(min = 0.0, max = 1.0))]
    retry_jitter: Option<f64>,
}

/// Assumption: "typically delivered in seconds but can sometimes take a minute or longer" (Amazon S3 User Guide, "Amazon S3
/// Event Notifications"); no percentiles are published.
fn default_delivery() -> DistributionSpec {
    let usual = DistributionSpec::lognormal(SimDuration::from_millis(500), SimDuration::from_secs(3));
    let late = DistributionSpec::Law(Law::Pareto { min: SimDuration::from_secs(60), shape: 2.0 });
    DistributionSpec::Law(Law::Mixture(vec![
        Component { weight: 0.9999, of: usual },
        Component { weight: 0.0001, of: late },
    ]))
}

impl PushService for S3 {
    fn plan(&self) -> Plan {
        Plan {
            delivery: self.delivery.clone().unwrap_or_else(default_delivery),
            sender: Some(Sender {
                tries: Tries::LikeRule("S3", self.retry_backoff.unwrap_or(RULE_BACKOFF)),
                jitter: self.retry_jitter.unwrap_or(RULE_JITTER),
                dead_letter_queue: false,
            }),
            ..Plan::plain(InvocationType::Event)
        }
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        self.delivery.iter().map(|spec| (vec!["delivery"], spec)).collect()
    }

    fn assumptions(&self) -> Vec<String> {
        match self.delivery {
            Some(_) => vec![],
            None => vec!["S3 notifications take 500 ms at the median, 3 s at the 99th percentile, over a minute once in 10,000: \
                          AWS says \"typically in seconds\", no percentiles are published"
                .into()],
        }
    }
}
