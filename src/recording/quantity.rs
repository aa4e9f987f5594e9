//! A quantity: many lengths of time, kept as exact count, sum, minimum and maximum, and a histogram for the quantiles.
//!
//! Recording is what a run does most, so it is as little as can be: a length at the end of a short list. What is made of the lengths
//! is made of many together, in a tight loop; ten thousand functions that are seldom called need no histogram at all.

use serde::Serialize;

use crate::time::SimDuration;

use super::histogram::{Histogram, bin, highest};

/// So many lengths are listed before they are counted.
const LISTED: usize = 2048;

/// Many lengths of time.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// The last few lengths in nanoseconds.
    listed: Vec<u64>,
    sums: Box<Sums>,
}

/// What is known of the lengths that are summed up.
#[derive(Clone, Debug)]
struct Sums {
    /// All in nanoseconds.
    sum: u128,
    min: u64,
    max: u64,
    /// The longest since [`Quantity::take_peak`].
    peak: u64,
    /// How many of those that are listed are summed up.
    listed: usize,
    /// Those that are no longer listed.
    histogram: Histogram,
    counted: u64,
}

impl Sums {
    /// Sums up more lengths, and does `also` with each.
    #[inline(always)]
    fn add(&mut self, lengths: &[u64], also: impl Fn(&mut Histogram, u64)) {
        let (mut sum, mut min, mut peak) = (self.sum, self.min, self.peak);
        for nanos in lengths {
            sum += u128::from(*nanos);
            min = min.min(*nanos);
            peak = peak.max(*nanos);
            also(&mut self.histogram, *nanos);
        }
        (self.sum, self.min, self.peak, self.max) = (sum, min, peak, self.max.max(peak));
    }
}

impl Default for Quantity {
    fn default() -> Self {
        let (histogram, min) = (Histogram::default(), u64::MAX);
        let sums = Sums { sum: 0, min, max: 0, peak: 0, listed: 0, histogram, counted: 0 };
        Quantity { listed: Vec::new(), sums: sums.into() }
    }
}

/// What is reported of a quantity, in milliseconds; every figure is `null` where there was nothing to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Default)]
pub struct Quantiles {
    /// Exact.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p99_9: Option<f64>,
    /// Exact.
    pub max: Option<f64>,
}

impl Quantity {
    /// Adds one length.
    #[inline]
    pub fn record(&mut self, length: SimDuration) {
        if self.listed.len() == LISTED {
            self.count_listed();
        }
        self.listed.push(length.nanos());
    }

    /// Sums up what was recorded: what is asked for below is known up to then.
    pub fn settle(&mut self) {
        let summed = self.sums.listed;
        self.sums.add(&self.listed[summed..], |_, _| {});
        self.sums.listed = self.listed.len();
    }

    #[cold]
    #[inline(never)]
    fn count_listed(&mut self) {
        let (summed, others) = self.listed.split_at(self.sums.listed);
        summed.iter().for_each(|nanos| self.sums.histogram.count(*nanos));
        self.sums.add(others, Histogram::count);
        self.sums.counted += self.listed.len() as u64;
        self.listed.clear();
        self.sums.listed = 0;
    }

    /// Nothing more will be recorded: few lengths stay listed, many are counted to the last.
    pub fn finish(&mut self) {
        self.settle();
        if self.sums.counted > 0 {
            self.count_listed();
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.sums.counted + self.listed.len() as u64
    }

    /// Their sum in nanoseconds.
    pub fn sum(&self) -> u128 {
        debug_assert!(self.sums.listed == self.listed.len(), "asked for before it is summed up");
        self.sums.sum
    }

    /// The longest in nanoseconds.
    pub fn max(&self) -> u64 {
        debug_assert!(self.sums.listed == self.listed.len(), "asked for before it is summed up");
        self.sums.max
    }

    /// The longest in nanoseconds since this was last asked.
    pub fn take_peak(&mut self) -> u64 {
        debug_assert!(self.sums.listed == self.listed.len(), "asked for before it is summed up");
        std::mem::take(&mut self.sums.peak)
    }

    /// Their mean in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum() as f64 / self.count() as f64 / 1e6)
    }

    /// The lengths in milliseconds that shares of them do not exceed, within the exact minimum and maximum; `shares` ascend, and are
    /// asked for at the end of a run. Nothing, where there was nothing to measure.
    pub fn quantiles_ms(&self, shares: impl IntoIterator<Item = f64>) -> Vec<f64> {
        if self.count() == 0 {
            return Vec::new();
        }
        let ranks = shares.into_iter().map(|share| ((share * self.count() as f64).ceil() as u64).max(1));
        let millis = |nanos: u64| nanos.clamp(self.sums.min, self.max()) as f64 / 1e6;
        if self.sums.counted > 0 {
            debug_assert!(self.listed.is_empty(), "asked for before the end");
            return self.sums.histogram.at_ranks(ranks).map(millis).collect();
        }
        let mut listed = self.listed.clone();
        listed.sort_unstable();
        ranks.map(|rank| millis(highest(bin(listed[(rank as usize).min(listed.len()) - 1])))).collect()
    }

    /// One of them.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        self.quantiles_ms([share]).pop()
    }

    /// What is reported of them.
    pub fn quantiles(&self) -> Quantiles {
        let [p50, p90, p95, p99, p99_9] = match self.quantiles_ms([0.5, 0.9, 0.95, 0.99, 0.999])[..] {
            [p50, p90, p95, p99, p99_9] => [p50, p90, p95, p99, p99_9].map(Some),
            _ => [None; 5],
        };
        let max = (self.count() > 0).then(|| self.max() as f64 / 1e6);
        Quantiles { mean: self.mean_ms(), p50, p90, p95, p99, p99_9, max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_within_the_exact_extremes() {
        let mut quantity = Quantity::default();
        assert_eq!(quantity.quantiles(), Quantiles::default());
        for millis in 1..=1000 {
            quantity.record(SimDuration::from_millis(millis));
        }
        quantity.finish();
        let q = quantity.quantiles();
        assert_eq!((q.mean, q.max), (Some(500.5), Some(1000.0)));
        for (got, want) in [(q.p50, 500.0), (q.p90, 900.0), (q.p99, 990.0), (q.p99_9, 999.0)] {
            assert!((got.unwrap() / want - 1.0).abs() < 0.001, "{got:?} {want}");
        }
        let mut constant = Quantity::default();
        constant.record(SimDuration::from_nanos(123_456_789));
        constant.settle();
        assert_eq!(constant.quantiles().p99, Some(123.456_789));
        constant.record(SimDuration::ZERO);
        constant.finish();
        assert_eq!(constant.quantile_ms(0.5), Some(0.0));
    }

    #[test]
    fn the_last_few_are_listed_and_the_others_counted() {
        for size in [LISTED - 1, LISTED, LISTED + 1, 2 * LISTED + 10] {
            let lengths = (1..=size as u64).rev();
            let mut quantity = Quantity::default();
            lengths.clone().for_each(|nanos| quantity.record(SimDuration::from_nanos(nanos)));
            quantity.finish();
            assert_eq!((quantity.count(), quantity.sum()), (size as u64, lengths.map(u128::from).sum()));
            let ranks = [1, 2, size as u64 / 2, size as u64];
            let got = quantity.quantiles_ms(ranks.map(|rank| rank as f64 / size as f64));
            let want = ranks.map(|rank| highest(bin(rank)).min(size as u64) as f64 / 1e6);
            assert_eq!(got, want, "{size}");
            assert_eq!((quantity.take_peak(), quantity.take_peak(), quantity.max()), (size as u64, 0, size as u64));
        }
        let mut long = Quantity::default();
        (0..3).for_each(|_| long.record(SimDuration::from_nanos(u64::MAX / 2)));
        long.settle();
        assert_eq!((long.count(), long.sum()), (3, u128::from(u64::MAX / 2) * 3), "sums do not overflow");
    }
}
