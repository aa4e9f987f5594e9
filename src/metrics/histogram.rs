//! A histogram of whole numbers whose bins grow with the numbers: each doubling has 1,024 of them, so that a quantile is right to
//! 0.1 %, and numbers below 2,048 have one each.
//!
//! The bins are those of HdrHistogram with three significant digits (hdrhistogram.org), which the test compares with. Recording is
//! what a run does most, so it is as little as can be: a shift, an index and a count.

/// Bins in a doubling, as a power of 2.
const BITS: u32 = 10;

/// How often numbers of each bin were recorded; it grows as needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u64>,
}

/// The bin of a number.
fn bin(number: u64) -> usize {
    let shift = shift(number);
    ((shift as usize) << BITS) + (number >> shift) as usize
}

/// How many low bits of a number its bin leaves out.
fn shift(number: u64) -> u32 {
    u64::BITS - (number | ((2 << BITS) - 1)).leading_zeros() - (BITS + 1)
}

/// The highest number of a bin.
fn highest(bin: usize) -> u64 {
    let shift = (bin >> BITS).saturating_sub(1) as u32;
    let within = (bin - ((shift as usize) << BITS)) as u64;
    (within << shift) + ((1 << shift) - 1)
}

impl Histogram {
    /// Counts a number.
    pub(super) fn record(&mut self, number: u64) {
        let bin = bin(number);
        match self.counts.get_mut(bin) {
            Some(count) => *count += 1,
            None => self.grow(bin),
        }
    }

    /// Counts the first number of a bin beyond those that there are.
    #[cold]
    fn grow(&mut self, bin: usize) {
        self.counts.resize(bin + 1, 0);
        self.counts[bin] = 1;
    }

    /// The number that `rank` of the recorded ones, at least 1 of them, do not exceed: the highest of its bin.
    pub(super) fn at_rank(&self, rank: u64) -> u64 {
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        place.map_or(0, highest)
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
    fn it_says_what_hdrhistogram_says() {
        let mut reference = hdrhistogram::Histogram::<u64>::new(3).unwrap();
        reference.auto(true);
        let mut histogram = Histogram::default();
        let key = Key::root(1);
        for n in 0..20_000 {
            // Numbers of all sizes up to a day in nanoseconds.
            let number = key.numbered(n).below(1 << key.numbered(n).named("size").below(47));
            histogram.record(number);
            reference.record(number).unwrap();
        }
        for rank in 1..=20_000 {
            let want = reference.value_at_quantile((rank as f64 - 0.5) / 20_000.0);
            assert_eq!(histogram.at_rank(rank), want, "rank {rank}");
        }
    }
}
