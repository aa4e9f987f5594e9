//! Tumbling windows: consecutive, equally long spans of the calendar by which records are grouped.

use crate::time::{SECOND, SimDuration, SimTime};

use super::records::Record;

/// "Tumbling windows ... open and close at regular intervals" (AWS Lambda Developer Guide, "Using Lambda to process records from
/// Kinesis"), counted from the beginning of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Windows {
    width: u64,
    /// How far instant 0 lies within its window.
    offset: u64,
    /// Records with numbers below the first were written so long before the run.
    backlog: (u64, SimDuration),
}

impl Windows {
    /// Windows of `width`; instant 0 lies `start` seconds after the beginning of the calendar. So many of the first records were
    /// written so long before it.
    pub(super) fn new(width: SimDuration, start: i64, backlog: (u64, SimDuration)) -> Windows {
        let start = i128::from(start) * i128::from(SECOND);
        // The remainder is below the width.
        Windows { width: width.nanos(), offset: start.rem_euclid(i128::from(width.nanos())) as u64, backlog }
    }

    /// The number of the window that a record was written in, from that of instant 0.
    pub(super) fn of(self, record: &Record) -> i64 {
        let (events, age) = self.backlog;
        let before = if record.number < events { age.nanos() as i64 } else { 0 };
        (record.written.nanos() as i64 - before + self.offset as i64).div_euclid(self.width as i64)
    }

    /// The first instant after window `number`; that of one which was over as the run began lies at its beginning.
    pub(super) fn end(self, number: i64) -> SimTime {
        let end = (number + 1) * self.width as i64 - self.offset as i64;
        SimTime::from_nanos(end.max(0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_calendar() {
        let windows = Windows::new(SimDuration::from_secs(60), 45, (2, SimDuration::from_secs(50)));
        let secs = |secs: u64| SimTime::from_nanos(secs * SECOND);
        let record = |number: u64, at: u64| {
            let at = secs(at);
            Record { written: at, number }
        };
        assert_eq!([0, 14, 15, 74, 75].map(|at| windows.of(&record(2, at))), [0, 0, 1, 1, 2]);
        assert_eq!(
            [windows.of(&record(0, 0)), windows.of(&record(1, 0))],
            [-1, -1],
            "50 s before the run, in the window from 105 s to 45 s before it"
        );
        assert_eq!([windows.end(0), windows.end(-1), windows.end(-9)], [secs(15), secs(0), secs(0)]);
    }
}
