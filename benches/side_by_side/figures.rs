//! What a floor finds out, and how it is held against what pushpull says of the same workload.

use pushpull::metrics::Outcome;

/// Quantiles that chance moves together, as in a queue that is filled and emptied once, may lie so far apart.
const BESIDE_CHANCE: f64 = 0.02;

/// What a floor finds out.
pub struct Figures {
    pub events: u64,
    pub invocations: u64,
    pub throttles: u64,
    /// Latencies by source, in nanoseconds.
    pub latencies: Vec<Histogram>,
    /// Invocations running at once, on average while events occur.
    pub concurrency: f64,
}

/// Counts numbers in bins; each doubling has 2^`bits` of them.
#[derive(Clone)]
pub struct Histogram {
    bits: u32,
    counts: Vec<u32>,
}

impl Histogram {
    pub fn new(bits: u32) -> Histogram {
        // Nothing takes longer than 2^46 ns, which is 19 hours.
        Histogram { bits, counts: vec![0; (48 - bits as usize) << bits] }
    }

    fn bin(&self, number: u64) -> (usize, u32) {
        let shift = 63 - (number | (1 << self.bits)).leading_zeros() - self.bits;
        (((shift as usize) << self.bits) + (number >> shift) as usize, shift)
    }

    pub fn record(&mut self, number: u64) {
        let (bin, _) = self.bin(number);
        self.counts[bin] += 1;
    }

    /// The share of numbers up to `number`, which is taken to lie evenly within its bin.
    fn share_up_to(&self, number: u64) -> f64 {
        let (bin, shift) = self.bin(number);
        let within = (number & ((1 << shift) - 1)) as f64 / (1u64 << shift) as f64;
        let count = |counts: &[u32]| counts.iter().map(|count| f64::from(*count)).sum::<f64>();
        (count(&self.counts[..bin]) + within * f64::from(self.counts[bin])) / count(&self.counts)
    }
}

impl Figures {
    /// Asserts that another floor says the same, as far as two draws of chance can.
    pub fn assert_alike(&self, other: &Figures) {
        for (what, one, other) in
            [("events", self.events, other.events), ("invocations", self.invocations, other.invocations)]
        {
            let allowed = 5.0 * (2.0 * one as f64).sqrt();
            assert!(one.abs_diff(other) as f64 <= allowed, "{what}: {one} and {other}, and {allowed:.0} is allowed");
        }
    }

    /// Asserts that pushpull says the same, as far as two draws of chance can: within five standard deviations of their difference.
    pub fn assert_same(&self, outcome: &Outcome) {
        let n = self.invocations as f64;
        let sum =
            |count: fn(&pushpull::metrics::FunctionFigures) -> u64| outcome.functions.iter().map(count).sum::<u64>();
        // Counts have the variance of Poisson's law, √2 / √n for the difference of two; the sum of exponential lengths has twice that.
        let close = |what: &str, floor: f64, pushpull: f64, n: f64, spread: f64| {
            let allowed = 5.0 * spread / n.sqrt();
            let difference = (pushpull / floor - 1.0).abs();
            assert!(
                difference <= allowed,
                "{what}: {floor} by the floor, {pushpull} by pushpull: {difference:.5}, and {allowed:.5} is allowed"
            );
        };
        close(
            "events",
            self.events as f64,
            outcome.sources.iter().map(|source| source.events).sum::<u64>() as f64,
            self.events as f64,
            1.5,
        );
        close("invocations", n, sum(|function| function.invocations) as f64, n, 1.5);
        let (attempts, tried) =
            (self.invocations + self.throttles, sum(|function| function.invocations + function.throttles));
        // Events that are throttled bring several attempts each.
        let each = (attempts as f64 / self.events as f64).max(1.0);
        close("attempts", attempts as f64, tried as f64, n, 1.5 * each);
        close("concurrency", self.concurrency, outcome.account_concurrency_mean().unwrap_or(0.0), n, 2.0);
        for p in [0.5, 0.9, 0.99] {
            let share = |factor: f64| {
                let shares = self.latencies.iter().zip(&outcome.sources).map(|(floor, source)| {
                    let quantile = source.latency.quantile_ms(p).expect("events were processed");
                    floor.share_up_to((quantile * factor * 1e6) as u64)
                });
                shares.sum::<f64>() / self.latencies.len() as f64
            };
            let (low, high) = (share(1.0 - BESIDE_CHANCE), share(1.0 + BESIDE_CHANCE));
            // The standard deviation of a share, for the difference of two.
            let chance = 5.0 * (2.0 * p * (1.0 - p) / n).sqrt();
            assert!(
                low - chance <= p && p <= high + chance,
                "latency: pushpull's quantile {p} is the floor's {low:.5} to {high:.5}, give or take {chance:.5}"
            );
        }
    }
}
