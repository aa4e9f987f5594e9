//! The consumers of a Kafka mapping: each reads some of the partitions, with a bounded number of batches in flight.
//!
//! "Lambda evaluates the consumer offset lag of all the partitions ... every minute. If the lag is too high, the partition is
//! receiving messages faster than Lambda can process them", and consumers are added, at most one a partition; on demand, "if your
//! target Lambda function is throttled, Lambda reduces the number of event pollers" (AWS Lambda Developer Guide, "Apache Kafka event
//! poller scaling modes in Lambda"). Assumptions: their number grows by a factor while records wait and shrinks by it while none do or
//! calls are throttled, and changes at once ("within three minutes"); partitions are dealt out in turn.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{Class, Fact, Wake};
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::shard::{Pull, Shard};
use super::stream_plan::ConsumerPlan;

/// How often the lag is looked at.
const EVALUATION: SimDuration = SimDuration::from_secs(60);

/// Pollers of a unit that is billed: about ten (AWS Lambda Developer Guide, "Kafka event source scaling modes").
const POLLERS_PER_UNIT: u32 = 10;

/// The units that so many pollers are billed as.
pub(super) const fn units_of(pollers: u32) -> u32 {
    pollers.div_ceil(POLLERS_PER_UNIT)
}

/// How the number of consumers changes.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConsumerScaling {
    /// How many times as many there are after a minute in which records wait, rounded up, 1 to 100; after a minute in which none
    /// do, or in which calls were throttled on demand, as many times fewer. Default 2.
    #[schemars(range(min = 1.0, max = 100.0))]
    pub factor: f64,
}

/// Assumption: AWS documents when consumers are added, not how many.
impl Default for ConsumerScaling {
    fn default() -> Self {
        ConsumerScaling { factor: 2.0 }
    }
}

/// The consumers of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Consumers {
    count: usize,
    least: usize,
    most: usize,
    /// Batches that one of them has in flight at most.
    each: u32,
    scaling: ConsumerScaling,
    /// Whether throttled calls take consumers away.
    yields: bool,
    /// Whether one was throttled since the lag was last looked at.
    throttled: bool,
    /// By partition: batches in flight.
    busy: Vec<u32>,
    /// When the lag was last looked at.
    evaluated: SimTime,
}

impl Consumers {
    /// The consumers of `partitions` partitions.
    pub(super) fn new(plan: ConsumerPlan, partitions: u32) -> Consumers {
        let most = plan.most.min(partitions).max(1) as usize;
        let least = (plan.least as usize).clamp(1, most);
        Consumers {
            count: least,
            least,
            most,
            each: plan.each,
            scaling: plan.scaling,
            yields: plan.yields,
            throttled: false,
            busy: vec![0; partitions as usize],
            evaluated: SimTime::ZERO,
        }
    }

    /// What they are billed as, where they are paid for.
    fn units(&self) -> u32 {
        units_of(self.count as u32)
    }

    /// The one that reads `partition`.
    fn of(&self, partition: usize) -> usize {
        partition % self.count
    }

    /// Whether the consumer of `partition` may send one more batch.
    fn is_free(&self, partition: usize) -> bool {
        self.busy.iter().skip(self.of(partition)).step_by(self.count).sum::<u32>() < self.each
    }

    /// The partitions that are read by the consumer of `partition`, those after it first.
    fn beside(&self, partition: usize) -> impl Iterator<Item = usize> + use<> {
        let (count, partitions) = (self.count, self.busy.len());
        (1..=partitions)
            .map(move |after| (partition + after) % partitions)
            .filter(move |other| other % count == partition % count)
    }

    /// A batch of `partition` sets out.
    pub(super) fn take(&mut self, partition: usize) {
        self.busy[partition] += 1;
    }

    /// A batch of `partition` is done.
    pub(super) fn leave(&mut self, partition: usize) {
        self.busy[partition] -= 1;
    }

    /// A call was throttled.
    pub(super) fn note_throttle(&mut self) {
        self.throttled = self.yields;
    }

    /// Whether the next evaluation matters: more or fewer consumers may be needed, or a throttle is to be forgotten.
    fn may_change(&self, lag: bool) -> bool {
        self.throttled || if lag { self.count < self.most } else { self.count > self.least }
    }

    /// When the lag is looked at next, from `now` on.
    fn next_evaluation(&self, now: SimTime) -> SimTime {
        let minutes = EVALUATION.saturating_mul(now.nanos().div_ceil(EVALUATION.nanos()));
        (SimTime::ZERO + minutes).max(self.evaluated + EVALUATION)
    }

    /// Looks at the lag, and at what was throttled since it last did.
    fn evaluate(&mut self, lag: bool, now: SimTime) {
        self.evaluated = now;
        let throttled = std::mem::take(&mut self.throttled);
        let grows = lag && !throttled;
        let (count, factor) = (self.count as f64, self.scaling.factor);
        let count = if grows { (count * factor).ceil() } else { (count / factor).floor() };
        self.count = (count as usize).clamp(self.least, self.most);
    }
}

impl Pull {
    /// When the lag of a Kafka mapping is looked at next, where that could change anything.
    pub(super) fn next_evaluation(&self) -> Wake {
        let consumers = self.setting.consumers.as_ref().filter(|consumers| consumers.may_change(self.lags()));
        Wake::new(consumers.map_or(SimTime::NEVER, |consumers| consumers.next_evaluation(self.now)), Class::Poll)
    }

    /// Whether records wait that no consumer has in flight.
    pub(super) fn lags(&self) -> bool {
        let waits = |(number, shard): (usize, &Shard)| {
            shard.lanes.iter().zip(self.stream.storage.of(number)).any(|(lane, records)| lane.waiting(records) > 0)
        };
        self.shards.iter().enumerate().any(waits)
    }

    /// Looks at the lag: partitions may have another consumer from now on.
    pub(super) fn evaluate(&mut self, ctx: &mut Context<'_>) {
        let lags = self.lags();
        if let Some(consumers) = &mut self.setting.consumers {
            let before = consumers.units();
            consumers.evaluate(lags, ctx.now);
            let change = i64::from(consumers.units()) - i64::from(before);
            if change != 0 {
                ctx.tell(Fact::PollerUnits { source: self.setting.id, change });
            }
        }
        (0..self.shards.len()).for_each(|shard| self.serve(shard, ctx));
    }

    /// Whether the consumer of a shard may send one more batch.
    pub(super) fn has_consumer(&self, shard: usize) -> bool {
        self.setting.consumers.as_ref().is_none_or(|consumers| consumers.is_free(shard))
    }

    /// Whose read limit counts for a shard: its consumer's, where several shards have one, else its own.
    pub(super) fn reader(&self, shard: usize) -> usize {
        self.setting.consumers.as_ref().map_or(shard, |consumers| consumers.of(shard))
    }

    /// Lets the consumer of a shard, which has become free, go on with its other shards.
    pub(super) fn serve_others(&mut self, shard: usize, ctx: &mut Context<'_>) {
        let Some(consumers) = &self.setting.consumers else { return };
        for other in consumers.beside(shard) {
            if !self.has_consumer(other) {
                break;
            }
            self.serve(other, ctx);
        }
    }

    /// Sends what is due in a shard.
    fn serve(&mut self, shard: usize, ctx: &mut Context<'_>) {
        self.send_again(shard, ctx);
        self.reschedule(shard, ctx.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consumers_double_with_the_lag_and_never_exceed_partitions() {
        let scaling = ConsumerScaling::default();
        let mut consumers = Consumers::new(ConsumerPlan { least: 1, most: 200, each: 1, yields: true, scaling }, 5);
        consumers.take(0);
        assert!((0..5).all(|partition| !consumers.is_free(partition)), "one consumer, one batch");
        let mut counts = vec![];
        for lag in [true, true, true, false, false, false] {
            consumers.evaluate(lag, SimTime::ZERO);
            counts.push(consumers.count);
        }
        assert_eq!(counts, [2, 4, 5, 2, 1, 1]);
        assert_eq!(consumers.beside(3).collect::<Vec<_>>(), [4, 0, 1, 2, 3]);
    }

    #[test]
    fn throttled_calls_take_consumers_away_on_demand() {
        let counts = |yields: bool| {
            let scaling = ConsumerScaling::default();
            let mut consumers = Consumers::new(ConsumerPlan { least: 1, most: 200, each: 1, yields, scaling }, 8);
            let mut counts = vec![];
            for throttled in [false, false, true, true, true, false] {
                if throttled {
                    consumers.note_throttle();
                    assert_eq!(
                        consumers.may_change(true),
                        yields || consumers.count < 8,
                        "a throttle is to be forgotten"
                    );
                }
                consumers.evaluate(true, SimTime::ZERO);
                counts.push(consumers.count);
            }
            counts
        };
        assert_eq!(counts(true), [2, 4, 2, 1, 1, 2]);
        assert_eq!(counts(false), [2, 4, 8, 8, 8, 8]);
    }
}
