//! How a function's code runs: how long its handler takes, and how the invocation ends.
//!
//! All draws belong to the event and to the number of its delivery, so that two scenarios see the same handler times whatever
//! else differs.

use crate::distribution::{Distribution, DistributionSpec};
use crate::engine::{Ending, FunctionId};
use crate::random::Key;
use crate::time::{SimDuration, SimTime};

use super::caller::Caller;
use super::function::{DUPLICATE, Start};
use super::waiting::Waiting;
use super::{FunctionSpec, Outage};

/// Purposes of an event's draws, below the key of the event and the number of its delivery.
const HANDLER: u64 = 0;
const ERROR: u64 = 1;
const ERROR_DURATION: u64 = 2;
const CRASH: u64 = 3;

/// Memory that comes with one virtual CPU, in MB: "At 1,769 MB, a function has the equivalent of one vCPU" (AWS Lambda Developer
/// Guide, "Configure Lambda function memory").
pub(super) const ONE_CPU: f64 = 1_769.0;

impl FunctionSpec {
    /// How many times longer than stated the handler takes with the memory that it has.
    pub fn stretch(&self) -> f64 {
        let one_cpu = ONE_CPU / f64::from(self.memory_size);
        1.0 + self.cpu_bound * (one_cpu.max(1.0 / f64::from(self.threads)) - 1.0)
    }
}

/// How the handler behaves.
// In this order: each invocation touches one line of the cache, since handler times are drawn ahead.
#[repr(C, align(64))]
pub(super) struct Handler {
    timeout: SimDuration,
    /// Whether it may fail at all.
    may_fail: bool,
    /// Whether it always takes what is drawn, neither more nor less.
    is_plain: bool,
    error_rate: f64,
    crash_rate: f64,
    duration_per_record: SimDuration,
    /// How much longer the handler takes than stated, with the memory that it has.
    stretch: f64,
    error_duration: Option<Box<Distribution>>,
    outages: Box<[Outage]>,
    duration: Distribution,
}

impl Start<'_> {
    fn is_copy(&self) -> bool {
        self.queued.as_ref().is_some_and(Waiting::is_copy)
    }

    /// To which the draws for `purpose` belong: the event and the number of its delivery.
    #[inline(always)]
    fn key(&self, caller: &Caller, purpose: u64) -> Key {
        let source = if self.is_copy() { caller.key.named(DUPLICATE) } else { caller.key };
        source.numbered(self.first).numbered(u64::from(self.deliveries)).numbered(purpose)
    }

    /// Whether what `purpose` stands for happens, with probability `rate`.
    #[inline(always)]
    fn chance(&self, caller: &Caller, purpose: u64, rate: f64) -> bool {
        rate > 0.0 && self.key(caller, purpose).unit() < rate
    }
}

/// What a handler does in one invocation.
pub(super) struct Run {
    /// How long it runs.
    pub length: SimDuration,
    pub ending: Ending,
    /// Whether its environment is reset afterwards, as it is after a crash or a timeout (AWS Lambda Developer Guide,
    /// "Understanding the Lambda execution environment lifecycle").
    pub resets: bool,
}

impl Handler {
    pub(super) fn new(spec: &FunctionSpec, sampler: &mut dyn FnMut(&DistributionSpec) -> Distribution) -> Handler {
        let stretch = spec.stretch();
        Handler {
            may_fail: spec.error_rate > 0.0 || spec.crash_rate > 0.0 || !spec.outages.is_empty(),
            is_plain: spec.duration_per_record.is_zero() && stretch == 1.0,
            duration: sampler(&spec.duration),
            duration_per_record: spec.duration_per_record,
            error_duration: spec.error_duration.as_ref().map(|law| sampler(law).into()),
            timeout: spec.timeout,
            error_rate: spec.error_rate,
            crash_rate: spec.crash_rate,
            outages: spec.outages.clone().into(),
            stretch,
        }
    }

    /// How long the handler of `function` takes for this start, after `init` in the same invocation, and how it ends.
    #[inline(always)]
    pub(super) fn run(
        &self,
        start: &Start<'_>,
        function: FunctionId,
        init: SimDuration,
        caller: &mut Caller,
        now: SimTime,
    ) -> Run {
        let (mut fails, mut crashes) = (start.deliveries < start.poisoned, false);
        if self.may_fail {
            let error_rate = if self.outages.is_empty() { self.error_rate } else { self.error_rate_at(now) };
            crashes = start.chance(caller, CRASH, self.crash_rate);
            fails |= crashes || start.chance(caller, ERROR, error_rate);
        }
        let handler = match &self.error_duration {
            Some(error_duration) if fails => error_duration.sample(&mut start.key(caller, ERROR_DURATION).draws()),
            _ => {
                let handler = match start.handler {
                    Some(handler) => handler,
                    None if start.deliveries == 0 && !start.is_copy() => caller.handlers.of(
                        function,
                        caller.key,
                        start.first,
                        #[inline(always)]
                        |keys: &mut [Key], times: &mut [SimDuration]| {
                            keys.iter_mut().for_each(|key| *key = key.numbered(0).numbered(HANDLER));
                            self.duration.sample_each(keys, times);
                        },
                    ),
                    None => self.duration.sample(&mut start.key(caller, HANDLER).draws()),
                };
                if self.is_plain {
                    handler
                } else {
                    handler + self.duration_per_record.saturating_mul(u64::from(start.count))
                }
            }
        };
        let length = init + if self.is_plain { handler } else { self.stretched(handler) };
        // "The amount of time that Lambda allows a function to run before stopping it" (API reference, Timeout).
        if length > self.timeout {
            Run { length: self.timeout, ending: Ending::Timeout, resets: true }
        } else if fails {
            Run { length, ending: Ending::Error, resets: crashes }
        } else {
            Run { length, ending: Ending::Success, resets: false }
        }
    }

    fn error_rate_at(&self, now: SimTime) -> f64 {
        let now = now.since(SimTime::ZERO);
        let outage = self.outages.iter().find(|outage| (outage.from..outage.to).contains(&now));
        outage.map_or(self.error_rate, |outage| outage.error_rate)
    }

    fn stretched(&self, length: SimDuration) -> SimDuration {
        if self.stretch == 1.0 { length } else { length.stretched(self.stretch) }
    }
}
