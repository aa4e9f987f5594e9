//! A quantity: many lengths of time, kept as exact count, sum, minimum and maximum, and a histogram for the quantiles.
//!
//! Recording is what a run does most, so it is as little as can be: a length at the end of a short list. When that is full, its lengths
//! are summed up in a tight loop, and their bins, two bytes each, go to a longer list, which is counted when that is full: a thousand
//! functions' counts do not fit into the caches together. Ten thousand functions that are seldom called need no counts at all.

use serde::Serialize;

use crate::time::SimDuration;

use super::histogram::{self, Histogram, highest};

/// So many lengths are kept before they are summed up.
const RECENT: usize = 32;
/// No more lengths are added together.
pub(super) const TOGETHER: usize = 64;
/// So many bins are listed before they are counted.
const LISTED: usize = 4096;

/// Many lengths of time.
#[derive(Clone, Debug, Default)]
pub struct Quantity {
    /// The last few lengths in nanoseconds.
    recent: Vec<u64>,
    sums: Box<Sums>,
}

/// What is known of the lengths before.
#[derive(Clone, Debug)]
struct Sums {
    /// All in nanoseconds.
    sum: u128,
    min: u64,
    max: u64,
    /// The longest since [`Quantity::take_peak`].
    peak: u64,
    /// The bins of the last ones.
    listed: Vec<u16>,
    /// The others.
    histogram: Histogram,
    counted: u64,
}

impl Default for Sums {
    fn default() -> Self {
        let (listed, histogram, min) = (Vec::new(), Histogram::default(), u64::MAX);
        Sums { sum: 0, min, max: 0, peak: 0, listed, histogram, counted: 0 }
    }
}

/// Some lengths, as many as are added together: what quantities take of them.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    bins: [u16; TOGETHER],
    count: usize,
    /// All in nanoseconds.
    pub sum: u128,
    min: u64,
    max: u64,
}

impl Lengths {
    /// These lengths in nanoseconds, at most [`TOGETHER`].
    #[inline(always)]
    pub(super) fn of(lengths: &[u64]) -> Lengths {
        let mut bins = [0; TOGETHER];
        let (mut sum, mut min, mut max) = (0, u64::MAX, 0);
        for (bin, nanos) in bins[..lengths.len()].iter_mut().zip(lengths) {
            sum += u128::from(*nanos);
            min = min.min(*nanos);
            max = max.max(*nanos);
            *bin = histogram::bin(*nanos);
        }
        Lengths { bins, count: lengths.len(), sum, min, max }
    }
}

impl Sums {
    fn add(&mut self, lengths: &Lengths) {
        let Lengths { bins, count, sum, min, max } = lengths;
        self.sum += sum;
        (self.min, self.peak, self.max) = (self.min.min(*min), self.peak.max(*max), self.max.max(*max));
        // A list grows in few steps: most are longer soon.
        if self.listed.capacity() - self.listed.len() < *count {
            self.listed.reserve_exact((8 * self.listed.len()).clamp(*count, LISTED - self.listed.len()));
        }
        self.listed.extend_from_slice(&bins[..*count]);
        if self.listed.len() > LISTED - TOGETHER {
            self.count();
        }
    }

    /// Counts what is listed.
    fn count(&mut self) {
        self.counted += self.listed.len() as u64;
        self.histogram.count(&self.listed, histogram::bin(self.max));
        self.listed.clear();
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
        if self.recent.len() == self.recent.capacity() {
            self.make_room();
        }
        self.recent.push(length.nanos());
    }

    /// Adds some lengths.
    pub(super) fn record_together(&mut self, lengths: &Lengths) {
        self.sums.add(lengths);
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        self.settle();
        self.recent.reserve_exact(RECENT);
    }

    /// Sums up what was recorded: what is asked for below is known up to then.
    pub fn settle(&mut self) {
        self.sums.add(&Lengths::of(&self.recent));
        self.recent.clear();
    }

    /// Nothing more will be recorded: few lengths stay listed, many are counted to the last.
    pub fn finish(&mut self) {
        self.settle();
        if self.sums.counted > 0 {
            self.sums.count();
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.sums.counted + (self.sums.listed.len() + self.recent.len()) as u64
    }

    /// Their sum in nanoseconds.
    pub fn sum(&self) -> u128 {
        debug_assert!(self.recent.is_empty(), "asked for before it is summed up");
        self.sums.sum
    }

    /// The longest in nanoseconds.
    pub fn max(&self) -> u64 {
        debug_assert!(self.recent.is_empty(), "asked for before it is summed up");
        self.sums.max
    }

    /// The longest in nanoseconds since this was last asked.
    pub fn take_peak(&mut self) -> u64 {
        debug_assert!(self.recent.is_empty(), "asked for before it is summed up");
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
            debug_assert!(self.sums.listed.is_empty(), "asked for before the end");
            return self.sums.histogram.at_ranks(ranks).map(millis).collect();
        }
        // A few of them are looked for, each among those above the one before, instead of putting all in order.
        let mut listed = self.sums.listed.clone();
        let mut from = 0;
        let bins = ranks.map(|rank| {
            let place = (rank as usize).min(listed.len()) - 1;
            if place >= from {
                listed[from..].select_nth_unstable(place - from);
                from = place + 1;
            }
            listed[place]
        });
        bins.map(|bin| millis(highest(bin))).collect()
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
            let want = ranks.map(|rank| highest(histogram::bin(rank)).min(size as u64) as f64 / 1e6);
            assert_eq!(got, want, "{size}");
            assert_eq!((quantity.take_peak(), quantity.take_peak(), quantity.max()), (size as u64, 0, size as u64));
        }
        let mut long = Quantity::default();
        (0..3).for_each(|_| long.record(SimDuration::from_nanos(u64::MAX / 2)));
        long.settle();
        assert_eq!((long.count(), long.sum()), (3, u128::from(u64::MAX / 2) * 3), "sums do not overflow");
    }
}
