//! What a run has come to: the recorder's knowledge at its end.

use crate::engine::{Answer, Fate, Part, Parts};
use crate::time::SimTime;

use super::interval::{Minute, Timeline};
use super::{Level, Quantity};

/// What is known of a source.
#[derive(Clone, Debug, Default)]
// In this order, and from the beginning of a line of the cache: what each event touches lies in four lines, so that thousands of
// sources and functions find room in the caches.
#[repr(C, align(64))]
pub struct SourceFigures {
    /// What is still to be added to `parts`: the sum of whole latencies, which none of the parts exceeds.
    pub(super) recent_total: u64,
    /// Which answers callers got.
    pub answers: [u64; Answer::COUNT],
    /// Events that occurred.
    pub(super) emitted: u64,
    /// Events that count.
    pub events: u64,
    /// (Event, invocation) pairs.
    pub deliveries: u64,
    /// Events that became processed since the warm-up, whenever emitted.
    pub processed: u64,
    /// Where events ended.
    pub fates: [u64; Fate::ALL.len()],
    /// Of those processed, within the window.
    pub processed_in_window: u64,
    /// Events that became anything else than processed.
    pub(super) lost: u64,
    /// Ages of the last record of each batch.
    pub iterator_age: Quantity,
    /// What is still to be added to `parts`.
    pub(super) recent_parts: [u64; Part::ALL.len()],
    /// From emission to the end of the invocation that processed the event.
    pub latency: Quantity,
    /// What callers waited.
    pub response: Quantity,
    /// Events waiting in a stream or queue.
    pub backlog: Level,
    /// Highest since the warm-up.
    pub backlog_max: i64,
    /// Sums of the latency's parts in nanoseconds.
    pub parts: [u128; Part::ALL.len()],
    /// Billed requests to the source's own service.
    pub requests: u64,
    /// Events that never got into the source's stream: its producers gave up.
    pub unwritten: u64,
    /// Billed units of pollers beyond those that are always there; its integral since the warm-up.
    pub poller_units: Level,
}

impl SourceFigures {
    /// Adds the latency of one event.
    #[inline(always)]
    pub(super) fn add_latency(&mut self, parts: &Parts) {
        // Together they last as long as the event did, which is far from the end of the numbers.
        let total = parts.total();
        self.latency.record(total);
        // Narrow sums are quick, as long as they last.
        self.recent_total = self.recent_total.checked_add(total.nanos()).unwrap_or_else(|| {
            self.settle_parts();
            total.nanos()
        });
        for (sum, part) in self.recent_parts.iter_mut().zip(&parts.0) {
            *sum += part.nanos();
        }
    }

    /// Adds parts that the latencies of so many events have in common.
    pub(super) fn add_shared(&mut self, shared: &Parts, events: u64) {
        for (sum, part) in self.parts.iter_mut().zip(shared.0) {
            *sum += u128::from(part.nanos()) * u128::from(events);
        }
    }

    /// Nothing more will be recorded; the run ended at `end`.
    pub(super) fn finish(&mut self, end: SimTime) {
        self.poller_units.settle(end);
        [&mut self.latency, &mut self.response, &mut self.iterator_age].into_iter().for_each(Quantity::finish);
    }

    /// Brings the sums of parts up to date.
    pub(super) fn settle_parts(&mut self) {
        self.recent_total = 0;
        for (sum, part) in self.parts.iter_mut().zip(std::mem::take(&mut self.recent_parts)) {
            *sum += u128::from(part);
        }
    }
}

/// What is known of a function.
#[derive(Clone, Debug, Default)]
// In this order, and from the beginning of a line of the cache: what each invocation touches lies in two lines.
#[repr(C, align(64))]
pub struct FunctionFigures {
    /// Invocations running, their cold start included.
    pub concurrency: Level,
    /// Invocations that started.
    pub invocations: u64,
    /// Billed milliseconds.
    pub billed_ms: u64,
    /// Handler times.
    pub duration: Quantity,
    /// Records handed over.
    pub records: u64,
    /// Largest batch.
    pub batch_max: u32,
    /// Function errors, timeouts included.
    pub errors: u64,
    /// Timeouts.
    pub timeouts: u64,
    /// Answers 429.
    pub throttles: u64,
    /// Invocations on a new environment.
    pub cold_starts: u64,
    /// Billed milliseconds on provisioned concurrency.
    pub provisioned_billed_ms: u64,
    /// Invocations on provisioned concurrency.
    pub provisioned: u64,
    /// Invocations on demand that provisioned concurrency had no room for.
    pub spillover: u64,
    /// Highest since the warm-up.
    pub concurrency_max: i64,
    /// Environments, busy and idle.
    pub environments: Level,
    /// Most since the warm-up.
    pub environments_max: i64,
    /// Events taken into the asynchronous queue.
    pub async_received: u64,
    /// Age of queued events when an invocation starts.
    pub async_age: Quantity,
    /// Events that left the queue without success.
    pub async_dropped: u64,
    /// Of these, events that went round a loop of functions too often.
    pub recursive_dropped: u64,
    /// Requests that events taken into the asynchronous queue are billed as, beyond one each.
    pub extra_requests: u64,
}

impl FunctionFigures {
    /// Nothing more will be recorded.
    pub(super) fn finish(&mut self) {
        [&mut self.duration, &mut self.async_age].into_iter().for_each(Quantity::finish);
    }
}

/// What a run has come to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// By source.
    pub sources: Vec<SourceFigures>,
    /// By function.
    pub functions: Vec<FunctionFigures>,
    /// Messages by destination.
    pub destinations: Vec<u64>,
    /// Concurrency of all functions together, since the warm-up.
    pub account_concurrency_max: i64,
    /// Integrals over the window: of account concurrency, then of each function's concurrency and environments, then of each
    /// source's backlog, in things times nanoseconds.
    pub(super) areas: Areas,
    /// The window of time means and rates.
    pub window: (SimTime, SimTime),
    /// When every event had its fate and no invocation ran.
    pub ended_at: SimTime,
    /// For charts.
    pub timeline: Timeline,
    /// For tables.
    pub minutes: Vec<Minute>,
}

/// Integrals at one instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Areas {
    pub account: u128,
    pub concurrency: Vec<u128>,
    pub environments: Vec<u128>,
    pub backlog: Vec<u128>,
}

impl Outcome {
    fn mean(&self, area: u128) -> Option<f64> {
        let length = self.window.1.since(self.window.0).nanos();
        (length > 0).then(|| area as f64 / length as f64)
    }

    /// Mean concurrency of all functions over the window.
    pub fn account_concurrency_mean(&self) -> Option<f64> {
        self.mean(self.areas.account)
    }

    /// Mean concurrency of a function over the window.
    pub fn concurrency_mean(&self, function: usize) -> Option<f64> {
        self.mean(self.areas.concurrency[function])
    }

    /// Mean number of environments over the window.
    pub fn environments_mean(&self, function: usize) -> Option<f64> {
        self.mean(self.areas.environments[function])
    }

    /// Mean backlog over the window.
    pub fn backlog_mean(&self, source: usize) -> Option<f64> {
        self.mean(self.areas.backlog[source])
    }

    /// Events of a source that became processed in the window, per second of it.
    pub fn throughput(&self, source: usize) -> Option<f64> {
        let length = self.window.1.since(self.window.0);
        (!length.is_zero()).then(|| self.sources[source].processed_in_window as f64 / length.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// Nothing is wrong where this fails, but thousands of sources and functions are slower.
    #[test]
    fn what_an_event_touches_lies_in_few_lines() {
        let lines = [
            offset_of!(SourceFigures, emitted),
            offset_of!(SourceFigures, recent_parts),
            offset_of!(SourceFigures, latency),
            offset_of!(FunctionFigures, duration),
        ];
        assert!(lines.iter().all(|offset| offset % 64 == 0), "{lines:?}");
        assert_eq!(2 * size_of::<Quantity>(), 64);
    }
}
