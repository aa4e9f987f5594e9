//! Producers: what a shard takes of them in a second, and what they do about a refusal.

use std::cmp::Reverse;

use crate::engine::{Fact, Fate};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::mapping::WriteRetry;
use super::records::Record;
use super::stream::{Change, Stream};

/// What a shard takes in a second, and what producers do beyond it.
#[derive(Clone, Debug)]
pub(super) struct WriteLimit {
    /// Records a second.
    pub records: u64,
    /// Bytes a second.
    pub bytes: u64,
    /// Size of each record.
    pub record_bytes: u64,
    /// What producers do about a refusal.
    pub retry: WriteRetry,
}

impl WriteLimit {
    /// The limit of one shard.
    pub(super) fn of_shard(&self) -> TokenBucket {
        // All records are of one size, so that the tighter of the two limits is the one that refuses.
        let rate = (self.records as f64).min(self.bytes as f64 / self.record_bytes as f64);
        TokenBucket::new(rate, rate.max(1.0))
    }
}

/// A record that its producer wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub number: u64,
    /// How often it was refused.
    pub refusals: u32,
    /// When it occurred.
    pub since: SimTime,
}

impl Stream {
    /// When a refused write is next tried again; never, where there is none.
    pub(super) fn next_rewrite(&self) -> SimTime {
        self.rewrites.peek().map_or(SimTime::NEVER, |Reverse((at, ..))| *at)
    }

    /// Tries the first refused write again.
    #[cold]
    pub(super) fn write_again(&mut self, ctx: &mut Context<'_>, changed: &mut impl FnMut(Change)) {
        let Some(Reverse((at, wanted))) = self.rewrites.pop() else { return };
        let Wanted { number, refusals, since } = wanted;
        let place = self.coming.place(number, self.open_shards());
        if self.write(place, Record { written: at, number }, changed) {
            self.notes.late.insert(number, since);
        } else {
            self.refused(at, Wanted { refusals: refusals + 1, ..wanted }, ctx);
        }
    }

    /// A write was refused: the producer waits, unless it has held the record for too long.
    #[cold]
    pub(super) fn refused(&mut self, at: SimTime, wanted: Wanted, ctx: &mut Context<'_>) {
        self.tell(ctx);
        let Some(limit) = &self.write_limit else { return };
        let Wanted { number, refusals, since: emitted } = wanted;
        let longest = limit.retry.base.doubled(refusals - 1, limit.retry.cap);
        let draw =
            self.key.numbered(number + self.coming.skipped).named("write_retry").numbered(u64::from(refusals)).unit();
        // Exponential back-off with jitter over its upper half, so that a producer never tries again at once.
        let wait = SimDuration::from_nanos_f64((0.5 + draw / 2.0) * longest.nanos() as f64);
        let next = at + wait.max(SimDuration::from_nanos(1));
        if refusals < limit.retry.attempts && next.since(emitted) < limit.retry.record_ttl {
            self.rewrites.push(Reverse((next, wanted)));
            return;
        }
        self.notes.handlers.remove(&number);
        ctx.tell_at(at, Fact::Waiting { source: self.source, change: -1 });
        ctx.tell_at(
            at,
            Fact::Settled {
                source: self.source,
                function: None,
                event: number,
                emitted,
                fate: Fate::Dropped,
                parts: None,
                invocation: None,
                attempt: 0,
                condition: None,
                invoke_count: 0,
            },
        );
    }
}
