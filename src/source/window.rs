//! Tumbling windows: consecutive, equally long spans of the calendar by which records are grouped.

use crate::time::{SECOND, SimDuration, SimTime};

/// "Tumbling windows ... open and close at regular intervals" (AWS Lambda Developer Guide, "Using Lambda to process records from
/// Kinesis"), counted from the beginning of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Windows {
    width: u64,
    /// How far instant 0 lies within its window.
    offset: u64,
}

impl Windows {
    /// Windows of `width`; instant 0 lies `start` seconds after the beginning of the calendar.
    pub(super) fn new(width: SimDuration, start: i64) -> Windows {
        let start = i128::from(start) * i128::from(SECOND);
        // The remainder is below the width.
        Windows { width: width.nanos(), offset: start.rem_euclid(i128::from(width.nanos())) as u64 }
    }

    /// The number of the window that `at` lies in, from that of instant 0.
    pub(super) fn of(self, at: SimTime) -> u64 {
        (at.nanos() + self.offset) / self.width
    }

    /// The first instant after window `number`.
    pub(super) fn end(self, number: u64) -> SimTime {
        SimTime::from_nanos(((number + 1) * self.width).saturating_sub(self.offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_calendar() {
        let windows = Windows::new(SimDuration::from_secs(60), 45);
        let secs = |secs: u64| SimTime::from_nanos(secs * SECOND);
        assert_eq!([0, 14, 15, 74, 75].map(|at| windows.of(secs(at))), [0, 0, 1, 1, 2]);
        assert_eq!(windows.end(0), secs(15));
    }
}
