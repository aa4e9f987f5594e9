//! A histogram of whole numbers whose bins grow with the numbers: each doubling has 1,024 of them, so that a quantile is right to
//! 0.1 %, and numbers below 2,048 have one each.
//!
//! The bins are those of HdrHistogram with three significant digits (hdrhistogram.org), which the test compares with. Recording is
//! what a run does most, so it is as little as can be: a shift, an index and a count. The first few numbers are kept as they
//! are, so that ten thousand functions that are seldom called need no bins.

/// Bins in a doubling, as a power of 2.
const BITS: u32 = 10;

/// So many numbers are kept before they are counted by bin.
const FEW: usize = 256;

/// Numbers that were recorded.
#[derive(Clone, Debug)]
pub(super) enum Histogram {
    /// The numbers themselves.
    Few(Vec<u64>),
    /// How many there are in each bin, as far as they reach.
    Many(Vec<u64>),
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram::Few(Vec::new())
    }
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
        if let Histogram::Many(counts) = self
            && let Some(count) = counts.get_mut(bin(number))
        {
            *count += 1;
        } else {
            self.grow(number);
        }
    }

    /// Records one of the first few numbers, or the first of a bin beyond those that there are.
    #[cold]
    fn grow(&mut self, number: u64) {
        match self {
            Histogram::Few(numbers) if numbers.len() < FEW => numbers.push(number),
            Histogram::Few(numbers) => {
                let numbers = std::mem::take(numbers);
                *self = Histogram::Many(vec![]);
                numbers.into_iter().chain([number]).for_each(|number| self.record(number));
            }
            Histogram::Many(counts) => {
                counts.resize(bin(number) + 1, 0);
                counts[bin(number)] = 1;
            }
        }
    }

    /// The number that `rank` of the recorded ones, at least 1 of them, do not exceed: the highest of its bin.
    pub(super) fn at_rank(&self, rank: u64) -> u64 {
        let counts = match self {
            Histogram::Few(numbers) => {
                let mut numbers = numbers.clone();
                numbers.sort_unstable();
                return numbers.get(rank as usize - 1).map_or(0, |number| highest(bin(*number)));
            }
            Histogram::Many(counts) => counts,
        };
        let mut seen = 0;
        let place = counts.iter().position(|count| {
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
        for size in [1, 10, FEW as u64, FEW as u64 + 1, 5_000] {
            let mut reference = hdrhistogram::Histogram::<u64>::new(3).unwrap();
            reference.auto(true);
            let mut histogram = Histogram::default();
            let key = Key::root(size);
            for n in 0..size {
                // Numbers of all sizes up to a day in nanoseconds.
                let number = key.numbered(n).below(1 << key.numbered(n).named("size").below(47));
                histogram.record(number);
                reference.record(number).unwrap();
            }
            for rank in 1..=size {
                let want = reference.value_at_quantile((rank as f64 - 0.5) / size as f64);
                assert_eq!(histogram.at_rank(rank), want, "rank {rank} of {size}");
            }
        }
    }
}
