//! A quantity: many lengths of time, kept as exact count, sum, minimum and maximum, and a histogram for the quantiles.

use serde::Serialize;

use crate::time::SimDuration;

use super::histogram::Histogram;

/// Many lengths of time.
#[derive(Clone, Debug)]
pub struct Quantity {
    histogram: Histogram,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Quantity {
    fn default() -> Self {
        Quantity { histogram: Histogram::default(), count: 0, sum: 0, min: u64::MAX, max: 0 }
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
    pub fn record(&mut self, length: SimDuration) {
        let nanos = length.nanos();
        self.histogram.record(nanos);
        self.count += 1;
        self.sum += u128::from(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum in nanoseconds.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The longest in nanoseconds.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Their mean in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / self.count() as f64 / 1e6)
    }

    /// The length in milliseconds that a share `p` of them does not exceed, within the exact minimum and maximum.
    pub fn quantile_ms(&self, p: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((p * self.count as f64).ceil() as u64).max(1);
        Some(self.histogram.at_rank(rank).clamp(self.min, self.max) as f64 / 1e6)
    }

    /// What is reported of them.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles {
            mean: self.mean_ms(),
            p50: self.quantile_ms(0.5),
            p90: self.quantile_ms(0.9),
            p95: self.quantile_ms(0.95),
            p99: self.quantile_ms(0.99),
            p99_9: self.quantile_ms(0.999),
            max: (self.count() > 0).then(|| self.max as f64 / 1e6),
        }
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
        let q = quantity.quantiles();
        assert_eq!((q.mean, q.max), (Some(500.5), Some(1000.0)));
        for (got, want) in [(q.p50, 500.0), (q.p90, 900.0), (q.p99, 990.0), (q.p99_9, 999.0)] {
            assert!((got.unwrap() / want - 1.0).abs() < 0.001, "{got:?} {want}");
        }
        let mut constant = Quantity::default();
        constant.record(SimDuration::from_nanos(123_456_789));
        assert_eq!(constant.quantiles().p99, Some(123.456_789));
        constant.record(SimDuration::ZERO);
        assert_eq!(constant.quantile_ms(0.5), Some(0.0));
    }
}
