//! A histogram of whole numbers whose bins grow with the numbers: each doubling has 1,024 of them, so that a quantile is right to
//! 0.1 %, and numbers below 2,048 have one each.
//!
//! The bins are those of HdrHistogram with three significant digits (hdrhistogram.org), which the test compares with.

/// Bins in a doubling, as a power of 2.
const BITS: u32 = 10;

/// How many numbers there are in each bin, as far as they reach.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// By bin, modulo 2^32: narrow counts lie in fewer lines of the caches.
    counts: Vec<u32>,
    /// The bin of each 2^32 numbers that these leave out.
    wrapped: Vec<u16>,
}

/// The bin of a number.
pub(super) fn bin(number: u64) -> u16 {
    let shift = shift(number);
    ((shift << BITS) + (number >> shift) as u32) as u16
}

/// How many low bits of a number its bin leaves out.
fn shift(number: u64) -> u32 {
    u64::BITS - (number | ((2 << BITS) - 1)).leading_zeros() - (BITS + 1)
}

/// The highest number of a bin.
pub(super) fn highest(bin: u16) -> u64 {
    let shift = u32::from(bin >> BITS).saturating_sub(1);
    let within = u64::from(u32::from(bin) - (shift << BITS));
    (within << shift) + ((1 << shift) - 1)
}

impl Histogram {
    /// Counts numbers by their bins, of which none is above `highest`.
    pub(super) fn count(&mut self, bins: &[u16], highest: u16) {
        if self.counts.len() <= usize::from(highest) {
            self.counts.resize(usize::from(highest) + 1, 0);
        }
        for bin in bins {
            let count = &mut self.counts[usize::from(*bin)];
            *count = count.wrapping_add(1);
            if *count == 0 {
                self.wrapped.push(*bin);
            }
        }
    }

    /// How many numbers there are in a bin.
    fn of(&self, bin: u16) -> u64 {
        let wrapped = self.wrapped.iter().filter(|wrapped| **wrapped == bin).count() as u64;
        (wrapped << u32::BITS) + u64::from(self.counts[usize::from(bin)])
    }

    /// The numbers that so many of the counted ones, at least 1 of them, do not exceed: the highest of their bins; `ranks` ascend.
    pub(super) fn at_ranks(&self, ranks: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
        let mut bins = 0..self.counts.len() as u16;
        let (mut seen, mut reached) = (0, 0);
        ranks.map(move |rank| {
            while seen < rank
                && let Some(bin) = bins.next()
            {
                seen += self.of(bin);
                reached = bin;
            }
            highest(reached)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;

    #[test]
    fn bins_follow_each_other_without_a_gap() {
        let numbers =
            (0..100_000).chain((0..53).flat_map(|power| [(2_048 << power) - 1, 2_048 << power])).chain([u64::MAX]);
        for number in numbers {
            let bin = bin(number);
            let top = highest(bin);
            assert!(top >= number && (top - number) as f64 <= number as f64 / 1_024.0, "{number} in a bin up to {top}");
            if let Some(next) = top.checked_add(1) {
                assert_eq!(super::bin(next), bin + 1, "after {number}");
            }
        }
    }

    #[test]
    fn a_bin_may_hold_more_than_four_thousand_million() {
        let mut histogram = Histogram { counts: vec![0, u32::MAX - 1, 0], wrapped: vec![1] };
        histogram.count(&[1, 1, 1, 2], 2);
        assert_eq!((histogram.of(1), histogram.of(2)), ((2 << 32) + 1, 1));
        let ranks = [1, (2 << 32) + 1, (2 << 32) + 2];
        assert_eq!(histogram.at_ranks(ranks.into_iter()).collect::<Vec<_>>(), [1, 1, 2]);
    }

    #[test]
    fn it_says_what_hdrhistogram_says() {
        for size in [1, 10, 10_000] {
            let mut reference = hdrhistogram::Histogram::<u64>::new(3).unwrap();
            reference.auto(true);
            let mut histogram = Histogram::default();
            let key = Key::root(size);
            for n in 0..size {
                // Numbers of all sizes up to a day in nanoseconds.
                let number = key.numbered(n).below(1 << key.numbered(n).named("size").below(47));
                histogram.count(&[bin(number)], bin(number));
                reference.record(number).unwrap();
            }
            for (rank, got) in (1..=size).zip(histogram.at_ranks(1..=size)) {
                let want = reference.value_at_quantile((rank as f64 - 0.5) / size as f64);
                assert_eq!(got, want, "rank {rank} of {size}");
            }
        }
    }
}
