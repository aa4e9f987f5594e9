//! Read limits of a stream's shards, shared by all consumers that poll it.
//!
//! "Each shard can support up to 5 read transactions per second"; "up to a maximum total data read rate of 2 MB per second"
//! (Kinesis Developer Guide, "Quotas and limits"). "If a call to GetRecords returns 10 MB, subsequent calls made within the next 5
//! seconds throw ProvisionedThroughputExceededException" (Kinesis API reference): what was read beyond a second's worth has to
//! be waited for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::time::{SECOND, SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

/// The read limits of one shard.
#[derive(Clone, Debug)]
pub(super) struct ReadLimit {
    polls: TokenBucket,
    bytes_per_second: Option<u64>,
    /// Until when what was read so far fills the allowance.
    used_until: SimTime,
    /// No poll before this.
    not_before: SimTime,
}

impl ReadLimit {
    /// A limit of so many polls a second and of `bytes_per_second`, where there is one.
    pub(super) fn new(polls_per_second: u32, bytes_per_second: Option<u64>) -> ReadLimit {
        let polls = f64::from(polls_per_second);
        ReadLimit {
            polls: TokenBucket::new(polls, polls),
            bytes_per_second,
            used_until: SimTime::ZERO,
            not_before: SimTime::ZERO,
        }
    }

    /// The first instant from `at` on at which a poll is allowed; `spare`: whether it also needs one of the polls of the second.
    pub(super) fn allows(&self, at: SimTime, spare: bool) -> SimTime {
        let at = at.max(self.not_before);
        if spare { self.polls.next(at) } else { at }
    }

    /// A poll at `now` read `bytes`.
    pub(super) fn take(&mut self, now: SimTime, bytes: u64) {
        if self.polls.has(now) {
            self.polls.take(now);
        }
        if let Some(rate) = self.bytes_per_second {
            let nanos = u128::from(bytes) * u128::from(SECOND) / u128::from(rate);
            self.used_until = self.used_until.max(now) + SimDuration::from_nanos(nanos as u64);
            if self.used_until.since(now) > SimDuration::from_secs(1) {
                self.not_before = self.used_until;
            }
        }
    }
}

/// The limits of all shards of a stream, shared by its consumers.
pub(super) type Reads = Rc<RefCell<Vec<ReadLimit>>>;

/// The read limits of the streams of a run, by the source that owns each.
#[derive(Default)]
pub struct StreamReads(BTreeMap<String, Reads>);

impl StreamReads {
    /// Those of the stream of source `owner`.
    pub(super) fn of(&mut self, owner: &str) -> Reads {
        self.0.entry(owner.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_megabytes_are_waited_for_five_seconds() {
        const MB: u64 = 1_000_000;
        let mut limit = ReadLimit::new(5, Some(2 * MB));
        let at = |millis: u64| SimTime::from_nanos(millis * 1_000_000);
        limit.take(at(1_000), 10 * MB);
        assert_eq!(limit.allows(at(1_000), true), at(6_000));
        limit.take(at(6_000), MB);
        assert_eq!(limit.allows(at(6_000), true), at(6_000), "half a second's worth leaves room");
        for _ in 0..4 {
            limit.take(at(6_000), 0);
        }
        assert_eq!(limit.allows(at(6_000), true), at(6_200), "five polls a second");
        assert_eq!(limit.allows(at(6_000), false), at(6_000), "a regular poll needs none of them to spare");
    }
}
