//! Lambda's pollers of a queue: how many batches they may have in flight at once, and how that number grows and shrinks.
//!
//! A mapping begins with a few concurrent batches, gets more while messages wait, and backs off when calls fail. Provisioned
//! pollers have a least and a greatest number, and a throughput each.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::time::{SECOND, SimDuration, SimTime};

/// "Lambda starts processing five batches at a time with five concurrent invocations of your function" (AWS Lambda Developer
/// Guide, "Configuring scaling behavior for SQS event source mappings").
const START: u64 = 5;
/// "The maximum number of invokes that an event source mapping can process simultaneously is 1,250" (same page); before November
/// 2023, too (AWS Compute Blog, "Introducing faster polling scale-up"), though the guide of that time says 1,000.
pub(super) const CEILING: u64 = 1250;

/// How the number of concurrent batches of a queue changes, where AWS documents its growth a minute only.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PollerScaling {
    /// While messages wait, concurrent batches are added in steps of this length, `"1s"` to `"60s"`. Default `"10s"`.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "60s"))]
    pub step: SimDuration,
    /// Failing calls never bring a mapping below so many concurrent batches, 1 to 1250; provisioned pollers have a minimum of
    /// their own. Default 2.
    #[schemars(range(min = 1, max = 1250))]
    pub minimum: u64,
    /// Share of the concurrent batches that failing calls leave, 0 to 1. Default 0.5.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub decrease_factor: f64,
    /// A queue that was empty for so long is polled as at the start again, and failures within so long count once, `"1s"` to
    /// `"1h"`. Default `"60s"`.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    pub reset: SimDuration,
}

/// Assumption: the guide gives the rate a minute only, and that a full queue begins with five batches; it names 2 as the number to
/// which a quiet mapping may drop, and says of failures that concurrency is reduced.
impl Default for PollerScaling {
    fn default() -> Self {
        PollerScaling {
            step: SimDuration::from_secs(10),
            minimum: 2,
            decrease_factor: 0.5,
            reset: SimDuration::from_secs(60),
        }
    }
}

/// "Each event poller can handle up to 1 MB/s of throughput, up to 10 concurrent invokes, or up to 10 Amazon SQS polling API calls
/// per second" (AWS Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping").
pub(super) const POLLER_BATCHES: u64 = 10;
const POLLER_CALLS_PER_SECOND: u64 = 10;
const POLLER_BYTES_PER_SECOND: u64 = 1_000_000;
/// "quickly adding up to 1,000 concurrent invokes per minute" (same page).
const PROVISIONED_GROWTH: u64 = 1000;

/// Over which AWS states growth.
const MINUTE: SimDuration = SimDuration::from_secs(60);

/// The pollers of a mapping.
pub(super) struct Pollers {
    /// Concurrent batches at the start, at least and at most.
    start: u64,
    floor: u64,
    ceiling: u64,
    /// Concurrent batches added in a minute in which messages wait.
    growth: u64,
    scaling: PollerScaling,
    /// Concurrent batches at the last start or cut, and the steps since.
    base: u64,
    steps: u64,
    /// How many that makes.
    limit: u64,
    /// When the next step comes, if messages go on waiting; never, where none waits.
    next_step: SimTime,
    /// How long messages have to wait for the next step from where they last ceased to.
    left: SimDuration,
    /// Since when the queue is empty; never, where messages were met since.
    idle_since: SimTime,
    /// When failing calls last cut the number.
    cut_at: Option<SimTime>,
    throughput: Option<Throughput>,
}

/// What provisioned pollers may receive.
struct Throughput {
    calls: Allowance,
    bytes: Allowance,
}

impl Pollers {
    /// Pollers that Lambda provides as needed, with at most `maximum` concurrent batches.
    pub(super) fn on_demand(growth_per_minute: u64, maximum: Option<u64>, scaling: PollerScaling) -> Pollers {
        let ceiling = maximum.map_or(CEILING, |maximum| maximum.min(CEILING));
        Pollers::new(START.min(ceiling), scaling.minimum, ceiling, growth_per_minute, scaling, None)
    }

    /// Provisioned pollers, at least and at most so many.
    pub(super) fn provisioned(minimum: u64, maximum: u64, scaling: PollerScaling) -> Pollers {
        let throughput = Throughput {
            calls: Allowance::new(POLLER_CALLS_PER_SECOND, minimum),
            bytes: Allowance::new(POLLER_BYTES_PER_SECOND, minimum),
        };
        let start = minimum * POLLER_BATCHES;
        Pollers::new(start, start, maximum * POLLER_BATCHES, PROVISIONED_GROWTH, scaling, Some(throughput))
    }

    fn new(
        start: u64,
        floor: u64,
        ceiling: u64,
        growth: u64,
        scaling: PollerScaling,
        throughput: Option<Throughput>,
    ) -> Pollers {
        Pollers {
            start,
            floor,
            ceiling,
            growth,
            scaling,
            base: start,
            steps: 0,
            limit: start,
            next_step: SimTime::NEVER,
            left: scaling.step,
            idle_since: SimTime::NEVER,
            cut_at: None,
            throughput,
        }
    }

    /// How many batches may be in flight.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// When the next step comes, if messages go on waiting; never, where none waits or the ceiling is reached.
    pub(super) fn next_step(&self) -> SimTime {
        if self.limit < self.ceiling { self.next_step } else { SimTime::NEVER }
    }

    /// Takes the steps for which messages waited long enough up to `now`.
    pub(super) fn count_waiting(&mut self, now: SimTime) {
        self.refill(now);
        while self.next_step <= now {
            self.take_step();
        }
    }

    #[cold]
    fn take_step(&mut self) {
        self.next_step = self.next_step + self.scaling.step;
        if self.limit < self.ceiling {
            self.steps += 1;
            let grown = self.growth * self.steps * self.scaling.step.nanos() / MINUTE.nanos();
            self.limit = (self.base + grown).min(self.ceiling);
        }
    }

    /// Says what the queue looks like from `now` on: whether messages wait for a poller, and whether it is empty.
    pub(super) fn observe(&mut self, now: SimTime, waiting: bool, empty: bool) {
        self.count_waiting(now);
        let waited = self.next_step != SimTime::NEVER;
        if waiting && !waited {
            self.next_step = now + self.left;
        } else if waited && !waiting {
            self.left = self.next_step.since(now);
            self.next_step = SimTime::NEVER;
        }
        if empty {
            self.fall_idle(now);
        }
    }

    /// The queue is empty since `since`.
    pub(super) fn fall_idle(&mut self, since: SimTime) {
        self.idle_since = self.idle_since.min(since);
    }

    /// Not before it can a message find that the mapping begins anew, of a queue at which something last happened at `acted`.
    pub(super) fn next_reset(&self, acted: SimTime) -> SimTime {
        self.idle_since.min(acted) + self.scaling.reset
    }

    /// Whether calls to the queue use up a throughput.
    pub(super) fn have_throughput(&self) -> bool {
        self.throughput.is_some()
    }

    /// Messages are there at `now`: after some time of an empty queue the mapping begins anew.
    pub(super) fn meet_messages(&mut self, now: SimTime) {
        if self.idle_since == SimTime::NEVER {
            return;
        }
        if now.since(self.idle_since) >= self.scaling.reset {
            self.refill(now);
            self.begin_at(now, self.start);
        }
        self.idle_since = SimTime::NEVER;
    }

    /// Calls fail: "Lambda gradually backs off, reducing the amount of concurrency allocated to your Amazon SQS event source
    /// mapping" (AWS Lambda Developer Guide, "Handling errors for an SQS event source").
    /// From there it grows again.
    pub(super) fn back_off(&mut self, now: SimTime) {
        self.count_waiting(now);
        if self.cut_at.is_some_and(|at| now.since(at) < self.scaling.reset) {
            return;
        }
        self.cut_at = Some(now);
        let left = (self.limit as f64 * self.scaling.decrease_factor) as u64;
        self.begin_at(now, left.max(self.floor.min(self.limit)));
    }

    fn begin_at(&mut self, now: SimTime, batches: u64) {
        self.base = batches;
        self.steps = 0;
        self.limit = batches;
        self.left = self.scaling.step;
        if self.next_step != SimTime::NEVER {
            self.next_step = now + self.left;
        }
    }

    /// When the pollers may make their next call to the queue: `now`, unless their throughput is used up.
    pub(super) fn next_call(&mut self, now: SimTime) -> SimTime {
        self.refill(now);
        let Some(throughput) = &self.throughput else { return now };
        let pollers = self.pollers();
        throughput.calls.next(pollers).max(throughput.bytes.next(pollers)).max(now)
    }

    /// Counts a call that received so many bytes.
    pub(super) fn count_call(&mut self, bytes: u64) {
        if let Some(throughput) = &mut self.throughput {
            throughput.calls.take(1);
            throughput.bytes.take(bytes);
        }
    }

    fn pollers(&self) -> u64 {
        self.limit.div_ceil(POLLER_BATCHES)
    }

    #[inline]
    fn refill(&mut self, now: SimTime) {
        let pollers = self.pollers();
        if let Some(throughput) = &mut self.throughput {
            throughput.calls.refill(now, pollers);
            throughput.bytes.refill(now, pollers);
        }
    }
}

/// What pollers may take in a second, each so much; it holds one second's worth and may be overdrawn by a single call.
struct Allowance {
    /// For each poller and second.
    rate: u64,
    /// What is left, in billionths.
    left: i128,
    at: SimTime,
}

impl Allowance {
    fn new(rate: u64, pollers: u64) -> Allowance {
        Allowance { rate, left: i128::from(rate * pollers) * i128::from(SECOND), at: SimTime::ZERO }
    }

    fn refill(&mut self, now: SimTime, pollers: u64) {
        let rate = i128::from(self.rate * pollers);
        let refilled = self.left + rate * i128::from(now.since(self.at).nanos());
        self.left = refilled.min(rate * i128::from(SECOND));
        self.at = now;
    }

    fn take(&mut self, amount: u64) {
        self.left -= i128::from(amount) * i128::from(SECOND);
    }

    /// When at least one unit is left.
    fn next(&self, pollers: u64) -> SimTime {
        let missing = (i128::from(SECOND) - self.left).max(0) as u128;
        self.at + SimDuration::from_nanos(missing.div_ceil(u128::from(self.rate * pollers)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * SECOND)
    }

    #[test]
    fn pollers_are_added_while_messages_wait() {
        let mut pollers = Pollers::on_demand(300, None, PollerScaling::default());
        assert_eq!((pollers.limit(), pollers.next_step()), (5, SimTime::NEVER));
        pollers.observe(at(0), true, false);
        assert_eq!(pollers.next_step(), at(10));
        // Six seconds, then a pause in which nothing waits, then four more.
        pollers.observe(at(6), false, false);
        assert_eq!(pollers.next_step(), SimTime::NEVER);
        pollers.observe(at(100), true, false);
        assert_eq!(pollers.next_step(), at(104));
        for (time, limit) in [(103, 5), (104, 55), (154, 305), (342, 1205), (344, 1250), (1000, 1250)] {
            pollers.count_waiting(at(time));
            assert_eq!(pollers.limit(), limit, "at {time} s");
        }
        assert_eq!(pollers.next_step(), SimTime::NEVER);
    }

    #[test]
    fn failures_cut_the_number_once_a_minute_and_an_empty_queue_resets_it() {
        let mut pollers = Pollers::on_demand(60, Some(100), PollerScaling::default());
        pollers.observe(at(0), true, false);
        pollers.count_waiting(at(60));
        assert_eq!(pollers.limit(), 65);
        for (time, limit) in [(60, 32), (61, 32), (119, 82), (120, 46), (180, 50), (240, 50)] {
            pollers.back_off(at(time));
            assert_eq!(pollers.limit(), limit, "at {time} s");
        }
        pollers.observe(at(240), false, true);
        pollers.meet_messages(at(299));
        assert_eq!(pollers.limit(), 50);
        pollers.observe(at(300), false, true);
        pollers.meet_messages(at(360));
        assert_eq!(pollers.limit(), 5);
        for minute in 0..3 {
            pollers.back_off(at(400 + 60 * minute));
        }
        assert_eq!(pollers.limit(), 2);
    }

    #[test]
    fn provisioned_pollers_have_a_throughput() {
        let mut pollers = Pollers::provisioned(2, 3, PollerScaling::default());
        assert_eq!(pollers.limit(), 20);
        (0..20).for_each(|_| pollers.count_call(0));
        assert_eq!(pollers.next_call(at(0)), SimTime::from_nanos(SECOND / 20), "20 calls a second");
        pollers.observe(at(1), true, false);
        pollers.count_waiting(at(11));
        assert_eq!(pollers.limit(), 30, "three pollers at most");
        pollers.count_call(6_000_000);
        assert_eq!(pollers.next_call(at(11)).nanos(), 12 * SECOND + 333_333_667, "4 MB owed at 3 MB a second");
    }
}
