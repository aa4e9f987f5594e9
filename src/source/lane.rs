//! A lane: one place of a shard in which batches follow each other, so that the records of a partition key stay in order.
//!
//! "Lambda processes one batch of each shard at a time"; with a parallelization factor, so many lanes. A lane is free, or
//! has a batch in flight, or waits to send it again. What follows from a failed batch is decided in [`Policy::after`].

use std::collections::VecDeque;

use crate::engine::Condition;
use crate::time::{SimDuration, SimTime};

use super::mapping::Backoff;
use super::records::{Record, Records};
use super::window::Windows;

/// How batches are cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Most records in a batch: the batch size, or what fits into 6 MB.
    pub most: usize,
    /// The batching window.
    pub window: SimDuration,
    /// Whether it opens with the first record, and not when the lane becomes free.
    pub window_opens_with_a_record: bool,
    /// Tumbling windows: a batch lies within one.
    pub tumbling: Option<Windows>,
}

/// A batch and its history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    /// So many of the lane's records; none in the final call of a tumbling window.
    pub records: usize,
    /// When the lane became free for it.
    pub lane_free: SimTime,
    /// When it was first sent.
    pub sent: SimTime,
    /// The present try, from 1.
    pub attempt: u32,
    /// Tries that were accepted, all failed.
    pub failures: u32,
    /// Of these, since the checkpoint last moved or the batch was split: AWS's approximateInvokeCount, and what retries are
    /// counted by.
    pub tries: u32,
    /// How often it came back since then, throttles included: what the wait doubles by.
    pub returns: u32,
    /// Start of the first try that failed in the function; never, before it.
    pub first_failure: SimTime,
    /// Whether its records were processed already: it decides nothing.
    pub copy: bool,
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

/// One lane. Its records begin with those of its batch, then come those of its parts; the others that were read wait.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub state: State,
    /// The later parts of a split batch, in order.
    pub parts: VecDeque<Batch>,
    /// Since when the lane is free; a batching window began then.
    pub free_since: SimTime,
    /// The tumbling window that has had a batch and not yet its final call.
    pub open_window: Option<i64>,
}

impl Lane {
    /// A free lane whose first window begins with the first poll.
    pub(super) fn new(first_poll: SimTime) -> Lane {
        Lane { state: State::Free, parts: VecDeque::new(), free_since: first_poll, open_window: None }
    }

    /// How many records were read and are not in a batch.
    pub(super) fn waiting(&self, records: &Records) -> usize {
        let parts: usize = self.parts.iter().map(|part| part.records).sum();
        records.read() - self.batched() - parts
    }

    /// How many records are in the present batch.
    fn batched(&self) -> usize {
        match &self.state {
            State::Free => 0,
            State::InFlight(batch) | State::Blocked { batch, .. } => batch.records,
        }
    }

    /// When a batch would be sent, if nothing more were read: at once if it is full or no window is set, else at the end of
    /// the window. "The next batching window begins as soon as the previous function invocation completes"; one that ran out
    /// empty begins again at once. Never, where nothing waits or the lane is not free.
    pub(super) fn due(&self, records: &Records, cut: Cut, now: SimTime) -> SimTime {
        if !matches!(self.state, State::Free) {
            return SimTime::NEVER;
        }
        if !self.parts.is_empty() {
            return now;
        }
        let Some(first_read) = records.first_read() else { return SimTime::NEVER };
        if records.read() >= cut.most || cut.window.is_zero() || self.has_later_window(records, cut) {
            return now;
        }
        if cut.window_opens_with_a_record {
            return first_read + cut.window;
        }
        let waited = first_read.since(self.free_since);
        let windows = waited.nanos().div_ceil(cut.window.nanos()).max(1);
        self.free_since + cut.window.saturating_mul(windows)
    }

    /// Whether records of a later tumbling window were read, so that the earlier one has all of its own.
    fn has_later_window(&self, records: &Records, cut: Cut) -> bool {
        let last = records.read().checked_sub(1).and_then(|last| records.get(last));
        let (Some(windows), Some(last)) = (cut.tumbling, last) else { return false };
        let current = self.open_window.or(records.get(0).map(|first| windows.of(first)));
        current.is_some_and(|current| windows.of(last) > current)
    }

    /// Cuts the next batch, which is due: a part of a split one, the final call of a window that is over, or records.
    pub(super) fn cut(&mut self, records: &Records, cut: Cut, now: SimTime) -> Batch {
        if let Some(part) = self.parts.pop_front() {
            return part;
        }
        let first = records.get(0).zip(cut.tumbling).map(|(record, windows)| windows.of(record));
        if self.open_window.is_some_and(|open| first.is_some_and(|first| first > open)) {
            return self.close_window(now);
        }
        let most = records.read().min(cut.most);
        let count = match (cut.tumbling, first) {
            (Some(windows), Some(first)) => {
                records.first(most).take_while(|record| windows.of(record) == first).count()
            }
            _ => most,
        };
        self.open_window = first;
        Batch { lane_free: self.free_since, ..Batch::new(count, now) }
    }

    /// The final call of the open window: it carries the window's state and no records.
    pub(super) fn close_window(&mut self, now: SimTime) -> Batch {
        self.open_window = None;
        Batch::new(0, now)
    }

    /// Blocks the lane behind a batch that has to be sent again.
    pub(super) fn block(&mut self, mut batch: Batch, backoff: &Backoff, now: SimTime) {
        let until = now + backoff.wait(batch.returns);
        batch.returns += 1;
        self.state = State::Blocked { batch, until };
    }

    /// Frees the lane.
    pub(super) fn free(&mut self, now: SimTime) {
        self.state = State::Free;
        self.free_since = now;
    }

    /// Whether nothing that was read is left in the lane.
    pub(super) fn is_drained(&self, records: &Records) -> bool {
        matches!(self.state, State::Free) && records.read() == 0 && self.open_window.is_none()
    }

    /// Whether the final call of a tumbling window is still to come, or to be tried again.
    pub(super) fn owes_final_call(&self) -> bool {
        self.open_window.is_some() || matches!(&self.state, State::Blocked { batch, .. } if batch.records == 0)
    }

    /// The place of the oldest record that waits in the lane and can expire there, if there is one: the first that is not in flight.
    fn first_waiting(&self) -> usize {
        if matches!(self.state, State::InFlight(_)) { self.batched() } else { 0 }
    }

    /// The oldest record that waits in the lane and can expire there.
    pub(super) fn oldest_waiting<'a>(&self, records: &'a Records) -> Option<&'a Record> {
        records.get(self.first_waiting())
    }

    /// The oldest waiting record leaves the lane; a batch that loses its last record is over. Gives back the record's place.
    pub(super) fn expire_oldest(&mut self, now: SimTime) -> usize {
        let place = self.first_waiting();
        match &mut self.state {
            State::Blocked { batch, .. } if batch.records > 0 => {
                batch.records -= 1;
                if batch.records == 0 {
                    self.free(now);
                }
            }
            // Behind the final call of a window, which has no records, others wait.
            State::Free | State::InFlight(_) | State::Blocked { .. } => {
                if let Some(part) = self.parts.front_mut() {
                    part.records -= 1;
                    if part.records == 0 {
                        self.parts.pop_front();
                    }
                }
            }
        }
        place
    }
}

impl Batch {
    /// A batch that was never tried.
    pub(super) fn new(records: usize, now: SimTime) -> Batch {
        Batch {
            records,
            lane_free: now,
            sent: now,
            attempt: 1,
            failures: 0,
            tries: 0,
            returns: 0,
            first_failure: SimTime::NEVER,
            copy: false,
        }
    }
}

/// What a mapping does about failures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// Retries after function errors; none: until the records expire.
    pub maximum_retry_attempts: Option<u32>,
    /// Records older than this are discarded instead of tried.
    pub maximum_record_age: Option<SimDuration>,
    /// Whether a failed batch is split.
    pub bisect: bool,
    /// How long it waits before it is sent again.
    pub backoff: Backoff,
}

/// What becomes of a batch that failed.
#[derive(Debug)]
pub(super) enum After {
    /// It is sent again.
    Retry(Batch),
    /// It is split: the first part is sent again, then the second.
    Bisect(Batch, Batch),
    /// It is given up.
    Discard(Batch, Condition),
}

impl Policy {
    /// Decides what becomes of `batch`, none of whose records was processed by its last try. "Splitting a batch doesn't count
    /// towards the retry quota" (AWS Lambda Developer Guide, "Kinesis"); n retries are n + 1 invocations.
    ///
    /// A batch that is cut at the record which the function reported is not split besides: that cut is for a partial success. Where
    /// the first record is the reported one, nothing succeeded, and the batch is halved: "if your invocation fails and
    /// BisectBatchOnFunctionError is turned on, the batch is bisected regardless of your ReportBatchItemFailures setting" (AWS Lambda
    /// Developer Guide, "Configuring partial batch response with Kinesis Data Streams and Lambda").
    pub(super) fn after(&self, mut batch: Batch, checkpoint_moved: bool) -> After {
        if self.bisect && !checkpoint_moved && batch.records > 1 {
            let first = batch.records / 2;
            let mut second = Batch { records: batch.records - first, ..batch };
            batch.records = first;
            for part in [&mut batch, &mut second] {
                part.tries = 0;
                part.returns = 0;
            }
            // Both parts are their next try.
            second.attempt += 1;
            return After::Bisect(batch, second);
        }
        match self.maximum_retry_attempts {
            Some(most) if batch.tries > most => After::Discard(batch, Condition::RetryAttemptsExhausted),
            _ => After::Retry(batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { base: SimDuration::from_millis(250), cap: SimDuration::from_secs(60) };

    const fn at(millis: u64) -> SimTime {
        SimTime::from_nanos(millis * 1_000_000)
    }

    fn read(reads: &[u64]) -> Records {
        let mut records = Records::default();
        for millis in reads {
            records.push(Record { written: at(*millis), number: *millis }, &mut vec![]);
            records.poll(1, at(*millis));
        }
        records
    }

    fn lane() -> Lane {
        Lane::new(at(7_000))
    }

    const fn cut(most: usize, secs: u64) -> Cut {
        Cut { most, window: SimDuration::from_secs(secs), window_opens_with_a_record: false, tumbling: None }
    }

    #[test]
    fn a_batch_is_due_when_full_or_when_its_window_ends() {
        for (reads, most, window, due, why) in [
            (&[8_000, 9_000][..], 10, 40, Some(47_000), "the window opened at 7 s ends at 47 s"),
            (&[8_000, 9_000], 2, 40, Some(9_500), "full: at once"),
            (&[8_000], 10, 0, Some(9_500), "no window: at once"),
            (&[48_000], 10, 40, Some(87_000), "an empty window is followed by the next"),
            (&[47_000], 10, 40, Some(47_000), "read at the very end of a window: still in it"),
            (&[7_000], 10, 40, Some(47_000), "read as the window opens"),
            (&[], 10, 40, None, "nothing to send"),
        ] {
            assert_eq!(lane().due(&read(reads), cut(most, window), at(9_500)), due.map_or(SimTime::NEVER, at), "{why}");
        }
    }

    #[test]
    fn waits_double_to_a_limit() {
        let mut lane = lane();
        let mut batch = lane.cut(&read(&[1]), cut(1, 0), at(0));
        let mut waits = Vec::new();
        for _ in 0..10 {
            lane.block(batch, &BACKOFF, at(0));
            if let State::Blocked { until, batch: blocked } = &lane.state {
                waits.push(until.nanos() / 1_000_000);
                batch = *blocked;
            }
        }
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    }

    #[test]
    fn splitting_uses_up_no_retry() {
        let policy =
            Policy { maximum_retry_attempts: Some(0), maximum_record_age: None, bisect: true, backoff: BACKOFF };
        let mut batch = Batch::new(3, at(0));
        batch.tries = 1;
        let After::Bisect(first, second) = policy.after(batch, false) else { panic!("three records are split") };
        assert_eq!((first.records, second.records, first.tries, second.tries), (1, 2, 0, 0));
        let one = Batch { tries: 1, ..first };
        assert!(matches!(policy.after(one, false), After::Discard(_, Condition::RetryAttemptsExhausted)));
    }

    #[test]
    fn tumbling_windows_end_batches_and_have_a_final_call() {
        let windows = Windows::new(SimDuration::from_secs(30), 0, (0, SimDuration::ZERO));
        let cut = Cut { tumbling: Some(windows), ..cut(10, 0) };
        let (mut lane, mut records) = (lane(), read(&[10_000, 29_999, 30_000]));
        let mut next = || {
            let batch = lane.cut(&records, cut, at(31_000));
            records.drop_first(batch.records, &mut vec![]);
            batch.records
        };
        let sizes = [next(), next(), next()];
        assert_eq!(sizes, [2, 0, 1], "two of the first window, its final call, one of the second");
        assert_eq!(lane.open_window, Some(1));
    }
}
