//! Invocations that succeeded and whose end only counts: nobody hears of it, and nothing follows from it.
//!
//! Most invocations are such. What is there now changes at once (concurrency); all else is counted for several of them together, in a
//! short loop, before anybody asks for it.

use crate::engine::{Answer, Concurrency, Fate, FunctionId, Part, SourceId};
use crate::time::{SimDuration, SimTime};

use super::Recorder;
use super::quantity::TOGETHER;

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

impl Completion {
    /// What the latency of its event is made of.
    const PARTS: [Part; 5] = [Part::Delivery, Part::Throttled, Part::Retry, Part::Init, Part::Handler];

    /// How long each of these took.
    fn parts(&self) -> [SimDuration; 5] {
        [
            self.first_try.since(self.emitted),
            self.first_failure.since(self.first_try),
            self.started.since(self.first_failure),
            self.init,
            self.handler(),
        ]
    }

    fn handler(&self) -> SimDuration {
        self.ended.since(self.started).saturating_sub(self.init)
    }
}

impl Recorder<'_> {
    /// Hears that an invocation ended now that only counts.
    #[inline(always)]
    pub fn complete(&mut self, completion: Completion) {
        self.leave(completion.ended, completion.function, completion.concurrency);
        if self.completions.len() == TOGETHER {
            self.count_completions();
        }
        self.completions.push(completion);
    }

    /// Counts the invocations whose ends were heard since this was last done.
    #[inline(never)]
    pub(super) fn count_completions(&mut self) {
        let mut completions = std::mem::take(&mut self.completions);
        for alike in completions.chunk_by(|one, other| (one.source, one.function) == (other.source, other.function)) {
            self.count_alike(alike);
        }
        completions.clear();
        self.completions = completions;
    }

    /// Counts invocations of one function with events of one source, at least one.
    fn count_alike(&mut self, alike: &[Completion]) {
        let Completion { source, function, .. } = alike[0];
        let count = alike.len();
        self.live -= count as i64;
        self.running.1 -= count as u64;
        let (mut started, mut whole, mut billed_ms) = (0, 0, 0);
        let mut lengths = [0; TOGETHER];
        for (completion, length) in alike.iter().zip(&mut lengths) {
            started += u128::from(completion.started.nanos());
            whole += u128::from(completion.ended.since(completion.started).nanos());
            billed_ms += completion.billed_ms;
            *length = completion.handler().nanos();
        }
        self.running.0 -= started;
        self.invocation_time += whole;
        let figures = &mut self.functions[function.0 as usize];
        figures.duration.record_together(&lengths[..count]);
        figures.billed_ms += billed_ms;
        if self.claims.is_some() {
            let provisioned = alike.iter().filter(|completion| completion.concurrency == Concurrency::Provisioned);
            figures.provisioned_billed_ms += provisioned.map(|completion| completion.billed_ms).sum::<u64>();
        }

        let way_back = self.ways_back.get(source.0 as usize).copied().flatten();
        let figures = &mut self.sources[source.0 as usize];
        figures.processed += count as u64;
        if let Some((end, _)) = &self.at_window_end {
            figures.processed_in_window += alike.iter().filter(|completion| completion.ended <= *end).count() as u64;
        }
        // An event counts that occurred after the warm-up.
        let counts = |completion: &Completion| completion.emitted >= self.warm_up;
        let late: Vec<Completion>;
        let counted = if alike.iter().all(counts) {
            alike
        } else {
            late = alike.iter().copied().filter(counts).collect();
            &late
        };
        let mut parts = [0; 5];
        for (completion, length) in counted.iter().zip(&mut lengths) {
            *length = completion.ended.since(completion.emitted).nanos();
            for (sum, part) in parts.iter_mut().zip(completion.parts()) {
                *sum += u128::from(part.nanos());
            }
        }
        let lengths = &mut lengths[..counted.len()];
        figures.fates[Fate::Processed as usize] += counted.len() as u64;
        figures.latency.record_together(lengths);
        for (part, sum) in Completion::PARTS.into_iter().zip(parts) {
            figures.parts[part as usize] += sum;
        }
        if let Some(way_back) = way_back {
            lengths.iter_mut().for_each(|length| *length += way_back.nanos());
            figures.response.record_together(lengths);
            figures.answers[Answer::Done as usize] += counted.len() as u64;
        }
    }
}
