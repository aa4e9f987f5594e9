//! A lane: one place of a shard in which batches follow each other, so that the records of a partition key stay in order.
//!
//! "Lambda processes one batch of each shard at a time"; with a parallelization factor, so many lanes. A lane is free, or
//! has a batch in flight, or waits to send it again: a failing batch blocks its lane until it succeeds or expires.

use std::collections::VecDeque;

use crate::time::{SimDuration, SimTime};

use super::stream::Record;

/// Assumption: waits between the tries of a blocked batch double from here. AWS documents none; a recorded run of the real
/// service (2025-11-25: an always failing batch of one record, 60 s of maximum age, 8 tries) fits 0.25 s and not 0.5 s or 1 s.
pub(super) const RETRY_BASE: SimDuration = SimDuration::from_millis(250);
/// Assumption: and never grow longer than this.
pub(super) const RETRY_LIMIT: SimDuration = SimDuration::from_secs(60);

/// How batches are cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Most records in a batch: the batch size, or what fits into 6 MB.
    pub most: usize,
    /// The batching window.
    pub window: SimDuration,
}

/// A batch and its history.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub records: Vec<Record>,
    /// When the lane became free for it.
    pub lane_free: SimTime,
    /// When it was first sent.
    pub sent: SimTime,
    /// The present try, from 1.
    pub attempt: u32,
    /// Tries that were accepted and failed.
    pub failures: u32,
    /// Start of the first try that failed in the function; never, before it.
    pub first_failure: SimTime,
}

/// What a lane does now.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It waits for records, for a full batch or for the end of the window.
    Free,
    /// Its batch is with Lambda.
    InFlight(Batch),
    /// Its batch failed or was throttled and is sent again at `until`.
    Blocked { batch: Batch, until: SimTime },
}

/// One lane.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// Records read and not yet in a batch.
    pub buffer: VecDeque<Record>,
    pub state: State,
    /// Since when the lane is free; a batching window began then.
    pub free_since: SimTime,
}

impl Lane {
    /// A free lane whose first window begins with the first poll.
    pub(super) fn new(first_poll: SimTime) -> Lane {
        Lane { buffer: VecDeque::new(), state: State::Free, free_since: first_poll }
    }

    /// When a batch would be sent, if nothing more were read: at once if it is full or no window is set, else at the end of
    /// the window. "The next batching window begins as soon as the previous function invocation completes"; one that ran out
    /// empty begins again at once.
    pub(super) fn due(&self, cut: Cut, now: SimTime) -> Option<SimTime> {
        let oldest = self.buffer.front().filter(|_| matches!(self.state, State::Free))?;
        if self.buffer.len() >= cut.most || cut.window.is_zero() {
            return Some(now);
        }
        let waited = oldest.read.since(self.free_since);
        let windows = waited.nanos().div_ceil(cut.window.nanos()).max(1);
        Some(self.free_since + cut.window.saturating_mul(windows))
    }

    /// Cuts the next batch, which is due.
    pub(super) fn cut(&mut self, cut: Cut, now: SimTime) -> Batch {
        let count = self.buffer.len().min(cut.most);
        let records = self.buffer.drain(..count).collect();
        Batch { records, lane_free: self.free_since, sent: now, attempt: 1, failures: 0, first_failure: SimTime::NEVER }
    }

    /// Blocks the lane behind a batch that has to be sent again.
    pub(super) fn block(&mut self, batch: Batch, now: SimTime) {
        let doublings = (batch.attempt - 1).min(30);
        let wait = RETRY_BASE.saturating_mul(1 << doublings).min(RETRY_LIMIT);
        self.state = State::Blocked { batch, until: now + wait };
    }

    /// Frees the lane.
    pub(super) fn free(&mut self, now: SimTime) {
        self.state = State::Free;
        self.free_since = now;
    }

    /// The oldest record that waits in the lane and can expire there.
    pub(super) fn oldest_waiting(&self) -> Option<&Record> {
        match &self.state {
            State::Blocked { batch, .. } => batch.records.first(),
            State::Free | State::InFlight(_) => self.buffer.front(),
        }
    }

    /// Takes out the oldest waiting record; a batch that loses its last record frees the lane.
    pub(super) fn expire_oldest(&mut self, now: SimTime) -> Option<Record> {
        match &mut self.state {
            State::Blocked { batch, .. } if !batch.records.is_empty() => {
                let record = batch.records.remove(0);
                if batch.records.is_empty() {
                    self.free(now);
                }
                Some(record)
            }
            _ => self.buffer.pop_front(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> SimTime {
        SimTime::from_nanos(millis * 1_000_000)
    }

    fn lane(reads: &[u64]) -> Lane {
        let mut lane = Lane::new(at(7_000));
        let record = |read: &u64| Record { number: *read, written: at(*read), readable: at(*read), read: at(*read) };
        lane.buffer.extend(reads.iter().map(record));
        lane
    }

    #[test]
    fn a_batch_is_due_when_full_or_when_its_window_ends() {
        let cut = |most, secs| Cut { most, window: SimDuration::from_secs(secs) };
        for (reads, most, window, due, why) in [
            (&[8_000, 9_000][..], 10, 40, Some(47_000), "the window opened at 7 s ends at 47 s"),
            (&[8_000, 9_000], 2, 40, Some(9_500), "full: at once"),
            (&[8_000], 10, 0, Some(9_500), "no window: at once"),
            (&[48_000], 10, 40, Some(87_000), "an empty window is followed by the next"),
            (&[47_000], 10, 40, Some(47_000), "read at the very end of a window: still in it"),
            (&[7_000], 10, 40, Some(47_000), "read as the window opens"),
            (&[], 10, 40, None, "nothing to send"),
        ] {
            assert_eq!(lane(reads).due(cut(most, window), at(9_500)), due.map(at), "{why}");
        }
    }

    #[test]
    fn waits_double_to_a_limit() {
        let mut lane = lane(&[1]);
        let mut batch = lane.cut(Cut { most: 1, window: SimDuration::ZERO }, at(0));
        let mut waits = Vec::new();
        for attempt in 1..=10 {
            batch.attempt = attempt;
            lane.block(batch.clone(), at(0));
            if let State::Blocked { until, .. } = lane.state {
                waits.push(until.nanos() / 1_000_000);
            }
        }
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    }
}
