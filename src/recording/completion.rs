//! Invocations that succeeded and whose end only counts: nobody hears of it, and nothing follows from it.
//!
//! Most invocations are such. What is there now changes at once (concurrency). All else is counted for several of them together, before
//! anybody asks for it: what they have in common is added once, and what differs lies side by side, so that a processor adds several at
//! a time.

use crate::engine::{Answer, Concurrency, Fate, FunctionId, Part, SourceId};
use crate::time::{SimDuration, SimTime};

use super::Recorder;
use super::interval::SourceColumn;
use super::quantity::{Lengths, TOGETHER};

/// An invocation that processed one event, and whose end only counts: told in place of [`Fact::Ended`](crate::engine::Fact::Ended) and
/// what follows from it, where nobody reads every fact.
#[derive(Clone, Copy, Debug)]
pub struct Completion {
    /// Whose event it was.
    pub source: SourceId,
    /// The function.
    pub function: FunctionId,
    /// When the event occurred.
    pub emitted: SimTime,
    /// The event's first 429 or first try, or else the start.
    pub first_try: SimTime,
    /// The start of its first try that failed in the function, or else the start.
    pub first_failure: SimTime,
    /// When the invocation started.
    pub started: SimTime,
    /// Its cold start.
    pub init: SimDuration,
    /// When it ended.
    pub ended: SimTime,
    /// What is billed.
    pub billed_ms: u64,
    /// Which concurrency it took.
    pub concurrency: Concurrency,
}

/// What follows from the end of a call that succeeds, where nobody hears of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// Somebody has the answer, so long after.
    Answer(SimDuration),
    /// The message that it had is deleted, in a request of its own.
    Deletion,
}

/// Completions of one function with events of one source, as columns, in nanoseconds.
#[derive(Clone)]
pub(super) struct Batch {
    source: SourceId,
    function: FunctionId,
    len: usize,
    emitted: [u64; TOGETHER],
    first_try: [u64; TOGETHER],
    first_failure: [u64; TOGETHER],
    started: [u64; TOGETHER],
    init: [u64; TOGETHER],
    ended: [u64; TOGETHER],
    billed_ms: [u64; TOGETHER],
}

/// So many batches are filled at a time, each by some of the sources.
pub(super) const BATCHES: usize = 4;

/// Batches that are being filled.
pub(super) fn batches() -> Box<[Batch; BATCHES]> {
    let none = [0; TOGETHER];
    let empty = Batch {
        source: SourceId(0),
        function: FunctionId(0),
        len: 0,
        emitted: none,
        first_try: none,
        first_failure: none,
        started: none,
        init: none,
        ended: none,
        billed_ms: none,
    };
    Box::new(std::array::from_fn(|_| empty.clone()))
}

/// Sums of as many lengths as are counted together fit one word, where none of them is longer: nine years.
const LONG: u64 = 1 << 58;

/// Sums of lengths, in the order of [`PARTS`].
type Sums = [u128; PARTS.len()];

/// What the latency of an event is made of whose invocation only counts.
const PARTS: [Part; 5] = [Part::Delivery, Part::Throttled, Part::Retry, Part::Init, Part::Handler];

impl Batch {
    #[inline(always)]
    fn push(&mut self, completion: &Completion) {
        let place = self.len % TOGETHER;
        self.emitted[place] = completion.emitted.nanos();
        self.first_try[place] = completion.first_try.nanos();
        self.first_failure[place] = completion.first_failure.nanos();
        self.started[place] = completion.started.nanos();
        self.init[place] = completion.init.nanos();
        self.ended[place] = completion.ended.nanos();
        self.billed_ms[place] = completion.billed_ms;
        self.len += 1;
    }

    /// Handler times.
    fn handlers(&self) -> [u64; TOGETHER] {
        std::array::from_fn(|place| self.ended[place].wrapping_sub(self.started[place]).wrapping_sub(self.init[place]))
    }

    /// Latencies.
    fn latencies(&self) -> [u64; TOGETHER] {
        std::array::from_fn(|place| self.ended[place].wrapping_sub(self.emitted[place]))
    }

    /// The sums of the parts of all latencies; `latencies` are these, and `handlers` the handler times.
    fn parts(&self, latencies: &[u64], handlers: &[u64]) -> Sums {
        let sum = |column: &[u64]| column[..self.len].iter().fold(0u64, |sum, nanos| sum.wrapping_add(*nanos));
        // Without an end before the last, as a processor adds several at a time.
        if latencies.iter().fold(0, |bits, nanos| bits | nanos) >= LONG {
            return self.long_parts(handlers);
        }
        // What is between two instants, of all together: sums of instants may be too large, and their differences are not.
        let (emitted, first_try, first_failure) = (sum(&self.emitted), sum(&self.first_try), sum(&self.first_failure));
        [
            first_try.wrapping_sub(emitted),
            first_failure.wrapping_sub(first_try),
            sum(&self.started).wrapping_sub(first_failure),
            sum(&self.init),
            sum(handlers),
        ]
        .map(u128::from)
    }

    #[cold]
    fn long_parts(&self, handlers: &[u64]) -> Sums {
        let mut sums = Sums::default();
        for (place, handler) in handlers.iter().enumerate() {
            let instants = [self.emitted[place], self.first_try[place], self.first_failure[place], self.started[place]];
            for (sum, between) in sums.iter_mut().zip(instants.windows(2)) {
                *sum += u128::from(between[1] - between[0]);
            }
            sums[3] += u128::from(self.init[place]);
            sums[4] += u128::from(*handler);
        }
        sums
    }

    /// Those of events that occurred at `warm_up` or later.
    #[cold]
    fn since(&self, warm_up: SimTime) -> Batch {
        let mut since = Batch { len: 0, ..self.clone() };
        for place in (0..self.len).filter(|place| self.emitted[*place] >= warm_up.nanos()) {
            let columns = [
                (&mut since.emitted, &self.emitted),
                (&mut since.first_try, &self.first_try),
                (&mut since.first_failure, &self.first_failure),
                (&mut since.started, &self.started),
                (&mut since.init, &self.init),
                (&mut since.ended, &self.ended),
                (&mut since.billed_ms, &self.billed_ms),
            ];
            columns.into_iter().for_each(|(to, from)| to[since.len] = from[place]);
            since.len += 1;
        }
        since
    }
}

impl Recorder<'_> {
    /// Hears that an invocation ended now that only counts.
    #[inline(always)]
    pub fn complete(&mut self, completion: &Completion) {
        let Completion { source, function, concurrency, billed_ms, .. } = *completion;
        self.leave(completion.ended, function, concurrency);
        if concurrency == Concurrency::Provisioned {
            self.function(function).provisioned_billed_ms += billed_ms;
        }
        let place = source.0 as usize % BATCHES;
        let batch = &self.batches[place];
        if batch.len == TOGETHER || (batch.source, batch.function) != (source, function) {
            self.begin_batch(place, source, function);
        }
        self.batches[place].push(completion);
    }

    /// Counts what lies in a batch; what comes next is a function's with events of a source.
    #[inline(never)]
    fn begin_batch(&mut self, place: usize, source: SourceId, function: FunctionId) {
        self.count_batch(place);
        let batch = &mut self.batches[place];
        (batch.source, batch.function) = (source, function);
    }

    /// Invocations that were heard of and are still to be counted.
    pub(super) fn uncounted(&self) -> usize {
        self.batches.iter().map(|batch| batch.len).sum()
    }

    /// Counts all invocations that were heard of.
    pub(super) fn count_batches(&mut self) {
        (0..BATCHES).for_each(|place| self.count_batch(place));
    }

    /// Counts those with events of this source.
    pub(super) fn count_batch_of(&mut self, source: SourceId) {
        let place = source.0 as usize % BATCHES;
        if self.batches[place].source == source {
            self.count_batch(place);
        }
    }

    fn count_batch(&mut self, place: usize) {
        let after = self.after(self.batches[place].source);
        let batch = &mut self.batches[place];
        let (len, source, function) = (batch.len, batch.source.0 as usize, batch.function.0 as usize);
        if len == 0 {
            return;
        }
        let handlers = batch.handlers();
        let durations = Lengths::of(&handlers[..len]);
        let of_function = &mut self.functions[function];
        of_function.duration.record_together(&durations);
        of_function.billed_ms += batch.billed_ms[..len].iter().sum::<u64>();
        let inits = batch.init[..len].iter().map(|nanos| u128::from(*nanos));
        self.invocation_time += durations.sum + inits.sum::<u128>();

        self.live -= len as i64;
        let of_source = &mut self.sources[source];
        of_source.processed += len as u64;
        if let Some((end, _)) = &self.at_window_end {
            let in_window = batch.ended[..len].iter().filter(|ended| **ended <= end.nanos());
            of_source.processed_in_window += in_window.count() as u64;
        }
        // An event counts that occurred after the warm-up.
        let late: Batch;
        let earliest = batch.emitted[..len].iter().fold(u64::MAX, |earliest, emitted| earliest.min(*emitted));
        let (counted, handlers) = if earliest >= self.warm_up.nanos() {
            (&*batch, handlers)
        } else {
            late = batch.since(self.warm_up);
            (&late, late.handlers())
        };
        let count = counted.len;
        let latencies = &mut counted.latencies()[..count];
        of_source.fates[Fate::Processed as usize] += count as u64;
        // Where all of them count and nothing but the handler takes time, latencies are durations, and answers take as long.
        let mut lengths = if latencies[..] == handlers[..len] { durations } else { Lengths::of(latencies) };
        of_source.latency.record_together(&lengths);
        for (part, sum) in PARTS.into_iter().zip(counted.parts(latencies, &handlers[..count])) {
            // A message that is deleted afterwards had a poller come for it.
            let is_poll = part == Part::Delivery && after == Some(After::Deletion);
            of_source.parts[if is_poll { Part::Poll } else { part } as usize] += sum;
        }
        match after {
            Some(After::Answer(way_back)) => {
                if !way_back.is_zero() {
                    latencies.iter_mut().for_each(|nanos| *nanos += way_back.nanos());
                    lengths = Lengths::of(latencies);
                }
                of_source.response.record_together(&lengths);
                of_source.answers[Answer::Done as usize] += count as u64;
            }
            Some(After::Deletion) => {
                of_source.requests += len as u64;
                self.mappings[source].count(SourceColumn::Deleted, len as u64);
            }
            None => {}
        }
        batch.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sums are those of the lengths one by one, however long these are.
    #[test]
    fn parts_add_up() {
        for scale in [1, 1_000_000, 1 << 52, 1 << 57] {
            let mut batch = batches()[0].clone();
            let mut want = Sums::default();
            for number in 0..TOGETHER as u64 {
                let [delivery, throttled, retry, init, handler] = [1, 0, 2, number % 2, 3].map(|part| part * scale);
                let emitted = SimTime::from_nanos(number);
                let first_try = emitted + SimDuration::from_nanos(delivery);
                let first_failure = first_try + SimDuration::from_nanos(throttled);
                let started = first_failure + SimDuration::from_nanos(retry);
                let ended = started + SimDuration::from_nanos(init + handler);
                batch.push(&Completion {
                    source: SourceId(0),
                    function: FunctionId(0),
                    emitted,
                    first_try,
                    first_failure,
                    started,
                    init: SimDuration::from_nanos(init),
                    ended,
                    billed_ms: 0,
                    concurrency: Concurrency::OnDemand,
                });
                for (sum, part) in want.iter_mut().zip([delivery, throttled, retry, init, handler]) {
                    *sum += u128::from(part);
                }
            }
            let (latencies, handlers) = (batch.latencies(), batch.handlers());
            assert_eq!(batch.parts(&latencies, &handlers), want, "{scale}");
            assert_eq!(latencies.iter().map(|nanos| u128::from(*nanos)).sum::<u128>(), want.iter().sum(), "{scale}");
            let late = batch.since(SimTime::from_nanos(60));
            assert_eq!((late.len, late.emitted[0], late.ended[3]), (4, 60, batch.ended[63]));
        }
    }
}
