//! Resharding: all shards of a stream are closed, and others opened over the same range of hashes.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::time::{SimDuration, SimTime};

use super::stream::{Change, Stream};

/// When a stream gets more or fewer shards.
#[derive(Clone, Debug)]
pub(super) enum Resharding {
    /// At given instants.
    Planned(VecDeque<(SimTime, u32)>),
    /// By itself, looking at what was written in each period.
    OnDemand {
        growth: OnDemandGrowth,
        /// When it looks next.
        next: SimTime,
        /// Records written (or refused) since it last looked.
        records: u64,
    },
}

/// How an on-demand stream makes room for its load.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OnDemandGrowth {
    /// How often it looks at what was written, `"1m"` to `"24h"`. Default `"15m"`.
    #[schemars(extend("x-minimum" = "1m", "x-maximum" = "24h"))]
    pub period: SimDuration,
    /// For how many times the rate of the last period it makes room, 1 to 10. Default 2.
    #[schemars(range(min = 1.0, max = 10.0))]
    pub factor: f64,
}

/// "It can take up to 15 minutes" for an on-demand stream to split a shard (Kinesis Developer Guide, "How do I size a stream").
/// Assumption: it looks every 15 minutes, and makes room for twice the rate of the last such period.
impl Default for OnDemandGrowth {
    fn default() -> Self {
        OnDemandGrowth { period: SimDuration::from_secs(900), factor: 2.0 }
    }
}

impl Stream {
    /// Closes all shards and opens others, where it is time.
    pub(super) fn reshard(&mut self, now: SimTime, changed: &mut impl FnMut(Change)) {
        while let Some(shards) = self.next_reshard(now) {
            let (before, after) = (self.open_shards(), shards as usize);
            let first_parent = self.first_open;
            for shard in &mut self.shards[first_parent..] {
                shard.open = false;
            }
            self.first_open = self.shards.len();
            self.empty = 0;
            // Child j covers [j / after, (j + 1) / after) of the hashes: its parents are those that overlap.
            let parents = |child: usize| {
                let (from, to) = (child * before / after, ((child + 1) * before).div_ceil(after));
                (from..to).map(|parent| first_parent + parent).collect()
            };
            self.open(after, parents);
            self.coming.place_among(after);
            (0..after).for_each(|_| changed(Change::Opened));
        }
    }

    /// The number of shards that the stream is to have from a moment not after `now` on.
    fn next_reshard(&mut self, now: SimTime) -> Option<u32> {
        let open = self.open_shards() as u64;
        match self.resharding.as_mut()? {
            Resharding::Planned(moments) => {
                if moments.front().is_none_or(|(at, _)| *at > now) {
                    return None;
                }
                moments.pop_front().map(|(_, shards)| shards)
            }
            Resharding::OnDemand { growth, next, records } => {
                if *next > now {
                    return None;
                }
                *next = *next + growth.period;
                let limit = self.write_limit.as_ref()?;
                let rate = std::mem::take(records) as f64 / growth.period.as_secs_f64() * growth.factor;
                let records = rate / limit.records as f64;
                let bytes = rate * limit.record_bytes as f64 / limit.bytes as f64;
                let shards = records.max(bytes).ceil() as u64;
                // A period without enough load changes nothing; the next one is looked at, too.
                if shards > open { Some(shards.min(2 * open) as u32) } else { self.next_reshard(now) }
            }
        }
    }
}
