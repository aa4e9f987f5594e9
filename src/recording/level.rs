//! A level: a number of things that are there now, its integral over time and its maximum.

use crate::time::SimTime;

/// A number of things that are there now.
#[derive(Clone, Debug, Default)]
pub struct Level {
    /// The sum of all changes, each times its instant in nanoseconds: by so much the present level times the clock exceeds the
    /// integral. A change costs one addition so; an integral that is brought up to date at each change costs a long product.
    ahead: i128,
    /// Integral up to the last settlement, in things times nanoseconds: exact.
    area: u128,
    value: i64,
    /// Since the last [`Level::take_max`].
    max: i64,
}

impl Level {
    /// The level changes at `at`; changes come in order of time, or else the maximum has to be set.
    pub fn change(&mut self, at: SimTime, change: i64) {
        self.ahead += i128::from(at.nanos()) * i128::from(change);
        self.value += change;
        if change > 0 {
            self.max = self.max.max(self.value);
        }
    }

    /// The level rises by `count`, the last time at `at`; `waited` is the integral of what was added before, in things times
    /// nanoseconds.
    pub fn rise(&mut self, at: SimTime, count: u64, waited: u128) {
        self.change(at, count as i64);
        self.ahead -= waited as i128;
    }

    /// Brings the integral up to `at`.
    pub fn settle(&mut self, at: SimTime) {
        let area = i128::from(at.nanos()) * i128::from(self.value) - self.ahead;
        self.area = u128::try_from(area).expect("no level falls below zero");
    }

    /// Begins the integral anew at `at`.
    pub fn begin(&mut self, at: SimTime) {
        self.ahead = i128::from(at.nanos()) * i128::from(self.value);
        self.area = 0;
    }

    /// The level.
    pub fn value(&self) -> i64 {
        self.value
    }

    /// The integral up to the last settlement.
    pub fn area(&self) -> u128 {
        self.area
    }

    /// The highest level since [`Level::take_max`].
    pub(super) fn max(&self) -> i64 {
        self.max
    }

    /// Sets it, where changes did not come in order.
    pub(super) fn set_max(&mut self, max: i64) {
        self.max = max;
    }

    /// The highest level since this was last asked, the present one included.
    pub fn take_max(&mut self) -> i64 {
        std::mem::replace(&mut self.max, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_is_exact() {
        let mut level = Level::default();
        for (at, change) in [(10, 2), (15, -1), (15, 3), (30, -4)] {
            level.change(SimTime::from_nanos(at), change);
        }
        level.settle(SimTime::from_nanos(40));
        assert_eq!(level.area(), 5 * 2 + 15 * 4);
        assert_eq!((level.take_max(), level.take_max()), (4, 0));
        level.rise(SimTime::from_nanos(50), 3, 5 + 20);
        level.settle(SimTime::from_nanos(50));
        assert_eq!((level.area(), level.take_max()), (70 + 25, 3), "at 30, 45 and 50");
        level.begin(SimTime::from_nanos(50));
        level.settle(SimTime::from_nanos(60));
        assert_eq!(level.area(), 3 * 10);
    }
}
