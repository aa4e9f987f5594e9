//! Numbers of things over time, and rates, as a reader of the facts counts them.

/// A number of things over time: its integral within the window, and its maximum since the warm-up.
pub struct Level {
    pub value: u64,
    changes: Vec<(u64, u64)>,
}

impl Level {
    pub fn new() -> Level {
        Level { value: 0, changes: vec![(0, 0)] }
    }

    pub fn change(&mut self, at: u64, change: i64) {
        self.value = self.value.checked_add_signed(change).expect("a level is never negative");
        self.changes.push((at, self.value));
    }

    pub fn area(&self, from: u64, to: u64) -> f64 {
        let ends = self.changes.iter().skip(1).map(|(at, _)| *at).chain([u64::MAX]);
        let pieces = self.changes.iter().zip(ends).map(|((at, value), end)| {
            let length = end.min(to).saturating_sub((*at).max(from));
            u128::from(length) * u128::from(*value)
        });
        pieces.sum::<u128>() as f64
    }

    pub fn max(&self, from: u64) -> u64 {
        let before = self.changes.iter().rev().find(|(at, _)| *at < from).map_or(0, |(_, value)| *value);
        let after = self.changes.iter().filter(|(at, _)| *at >= from).map(|(_, value)| *value).max();
        after.unwrap_or(0).max(before)
    }
}

/// A bucket as it is written down, in floats.
pub struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    at: u64,
}

impl Bucket {
    pub fn new(rate: f64, burst: f64) -> Bucket {
        Bucket { rate, burst, tokens: burst, at: 0 }
    }

    /// Whether a token was there to be taken; a millionth is left to rounding.
    pub fn take(&mut self, now: u64) -> bool {
        self.tokens = (self.tokens + (now - self.at) as f64 / 1e9 * self.rate).min(self.burst) - 1.0;
        self.at = now;
        self.tokens > -1e-6
    }
}
