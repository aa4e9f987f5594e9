//! A token bucket with continuous refill: the shape of every rate limit in the service.
//!
//! Kept as one instant (virtual scheduling): the instant at which the bucket would have been full if tokens could be owed.
//! Unused refill beyond the capacity is never saved up.

use crate::time::{SECOND, SimTime};

/// Fractions of a nanosecond kept per token, so that rates that do not divide a second stay exact over a long run.
const FRACTIONS: u128 = 1 << 20;

/// A token bucket, full at the start.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    /// Time in which one token is refilled.
    interval: u128,
    /// Time in which an empty bucket fills up.
    capacity: u128,
    /// When the bucket is full again.
    full_at: u128,
}

impl TokenBucket {
    /// A bucket that holds `burst` tokens and refills `rate` a second.
    pub fn new(rate: f64, burst: f64) -> TokenBucket {
        let interval = ((SECOND as f64 / rate) * FRACTIONS as f64).round().max(1.0) as u128;
        // `burst` tokens can be taken at once: the last of them when the bucket is burst - 1 tokens short of full.
        TokenBucket { interval, capacity: (interval as f64 * burst).round() as u128, full_at: 0 }
    }

    /// Whether a token is there.
    #[inline]
    pub fn has(&self, now: SimTime) -> bool {
        let now = u128::from(now.nanos()) * FRACTIONS;
        self.full_at.max(now) + self.interval <= now + self.capacity
    }

    /// Takes a token, if one is there.
    #[inline]
    pub fn try_take(&mut self, now: SimTime) -> bool {
        let has = self.has(now);
        if has {
            self.take(now);
        }
        has
    }

    /// Takes a token that is there.
    #[inline]
    pub fn take(&mut self, now: SimTime) {
        self.full_at = self.full_at.max(u128::from(now.nanos()) * FRACTIONS) + self.interval;
    }

    /// Whether at least half of the tokens that it can hold are there.
    pub fn is_half_full(&self, now: SimTime) -> bool {
        let now = u128::from(now.nanos()) * FRACTIONS;
        self.full_at <= now + self.capacity / 2
    }

    /// The first instant from `now` on at which a token is there.
    pub fn next(&self, now: SimTime) -> SimTime {
        let ready = (self.full_at + self.interval).saturating_sub(self.capacity).div_ceil(FRACTIONS);
        now.max(SimTime::from_nanos(u64::try_from(ready).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut TokenBucket, at: f64, wanted: u32) -> u32 {
        let now = SimTime::from_nanos((at * 1e9) as u64);
        (0..wanted).filter(|_| bucket.has(now) == bucket.clone().try_take(now) && bucket.try_take(now)).count() as u32
    }

    #[test]
    fn a_bucket_holds_its_burst_and_no_more() {
        let mut bucket = TokenBucket::new(100.0, 1000.0);
        assert_eq!(taken(&mut bucket, 60.0, 5000), 1000, "nothing is saved up beyond the burst");
        assert_eq!(taken(&mut bucket, 60.5, 5000), 50, "half a second refills 50");
        assert_eq!(taken(&mut bucket, 600.0, 5000), 1000);
    }

    #[test]
    fn the_next_token_is_there_when_it_is_said_to_be() {
        let mut bucket = TokenBucket::new(3.0, 1.0);
        assert_eq!(taken(&mut bucket, 0.0, 9), 1);
        let next = bucket.next(SimTime::ZERO);
        assert!(bucket.has(next) && !bucket.has(SimTime::from_nanos(next.nanos() - 1)), "{next}");
    }
}
