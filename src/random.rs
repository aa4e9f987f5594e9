//! Random numbers: named, portable generators, one for each (seed, owner, purpose).
//!
//! What comes one after the other (arrivals) is drawn from a sequential generator, Xoshiro256++.
//! What belongs to a numbered thing (an event's handler time, an environment's life) is drawn from SplitMix64 started at
//! a hash of the number, so that nothing else that happens in a run can shift it.

use rand::{Rng, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// The generator of things that come one after the other.
pub type Sequential = Xoshiro256PlusPlus;
/// The generator of one numbered thing.
pub type Numbered = SplitMix64;

/// The increment of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of SplitMix64: every bit of the result depends on every bit of `z`.
const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A point in the tree of seeds: the run's seed, then an owner, then a purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(u64);

impl Key {
    /// The root: the seed that the user gives.
    pub const fn root(seed: u64) -> Key {
        Key(mix(seed.wrapping_add(GAMMA)))
    }

    /// The child named `name`.
    pub fn named(self, name: &str) -> Key {
        let hash = name.bytes().fold(self.0, |hash, byte| mix(hash.wrapping_add(GAMMA) ^ u64::from(byte)));
        Key(mix(hash ^ name.len() as u64))
    }

    /// The child with number `n`.
    pub const fn numbered(self, n: u64) -> Key {
        Key(mix(self.0.wrapping_add(n.wrapping_mul(GAMMA))))
    }

    /// The children of `keys` named `name`. For many together this is quicker than one by one: the hash of one is a chain of
    /// multiplications, and a processor works on those of several at a time.
    #[inline(always)]
    pub fn name_each(keys: &mut [Key], name: &str) {
        for byte in name.bytes() {
            keys.iter_mut().for_each(|key| key.0 = mix(key.0.wrapping_add(GAMMA) ^ u64::from(byte)));
        }
        keys.iter_mut().for_each(|key| key.0 = mix(key.0 ^ name.len() as u64));
    }

    /// A generator for draws that come one after the other.
    pub fn sequence(self) -> Sequential {
        Sequential::seed_from_u64(self.0)
    }

    /// A generator for the few draws that this very key stands for.
    pub fn draws(self) -> Numbered {
        Numbered::from_seed(self.0.to_le_bytes())
    }

    /// One number, uniform in [0, 1).
    pub fn unit(self) -> f64 {
        unit(&mut self.draws())
    }

    /// Whether what `purpose` names happens, with probability `rate`.
    pub fn chance(self, purpose: &str, rate: f64) -> bool {
        rate > 0.0 && self.named(purpose).unit() < rate
    }

    /// One number, uniform in 0..`n`; `n` is at least 1.
    pub fn below(self, n: u64) -> u64 {
        // Lemire's multiplication; the bias of n / 2^64 is far below what any run can see.
        ((u128::from(mix(self.0)) * u128::from(n)) >> 64) as u64
    }
}

/// What belongs to consecutive numbers, worked out for many of them together.
pub struct Ahead<T> {
    /// The first of these numbers, and how many there are.
    from: u64,
    known: u32,
    values: [T; AHEAD],
}

/// So many are worked out together.
pub const AHEAD: usize = 8;

impl<T: Copy> Ahead<T> {
    /// Nothing is known; `blank` is any value.
    pub fn new(blank: T) -> Ahead<T> {
        Ahead { from: 0, known: 0, values: [blank; AHEAD] }
    }

    /// What belongs to `number`, where it is known.
    #[inline(always)]
    pub fn known(&self, number: u64) -> Option<T> {
        let place = number.wrapping_sub(self.from);
        if place < u64::from(self.known) { self.values.get(place as usize).copied() } else { None }
    }

    /// Works out what belongs to `number`: `work_out` says what belongs to this number and those after it, which is the same for the same
    /// number until this is told to [`forget`](Ahead::forget).
    #[inline(always)]
    pub fn look(&mut self, number: u64, work_out: impl Fn(&mut [T])) -> T {
        // Numbers that come in no order are worked out one by one.
        let follows = number == self.from.wrapping_add(u64::from(self.known));
        self.from = number;
        // Two calls, so that each is compiled for as many as it has.
        if follows {
            self.known = AHEAD as u32;
            work_out(&mut self.values);
        } else {
            self.known = 1;
            work_out(&mut self.values[..1]);
        }
        self.values[0]
    }

    /// Forgets what is known.
    pub fn forget(&mut self) {
        self.known = 0;
    }
}

/// One number, uniform in [0, 1), of 53 random bits.
pub fn unit(rng: &mut impl Rng) -> f64 {
    unit_of(rng.next_u64())
}

/// The number in [0, 1) that the upper 53 of `bits` stand for.
pub const fn unit_of(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published outputs hold on every machine: the golden start of each generator.
    #[test]
    fn the_generators_are_the_named_ones() {
        // SplitMix64 from state 1234567, reference output of the published C code.
        assert_eq!(SplitMix64::from_seed(1_234_567u64.to_le_bytes()).next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(Key::root(0).named("a"), Key::root(0).named("a"));
    }

    #[test]
    fn neighbours_share_nothing() {
        let key = Key::root(1).named("source");
        let mean = (0..100_000).map(|n| key.numbered(n).unit()).sum::<f64>() / 100_000.0;
        // Uniform: mean 1/2, standard error 1/sqrt(12 n) = 0.0009; four of them.
        assert!((mean - 0.5).abs() < 0.004, "{mean}");
        assert_ne!(key.named("ab"), key.named("a").named("b"));
        assert_ne!(Key::root(1), Key::root(2));
    }

    /// Numbers one after the other, from the middle on, back and forth, and beside the end of what is known.
    #[test]
    fn what_is_worked_out_ahead_is_what_it_would_be() {
        let worked_out = std::cell::Cell::new(0);
        let inverse = |ahead: &mut Ahead<u64>, number: u64| {
            let work_out = |values: &mut [u64]| {
                worked_out.set(worked_out.get() + 1);
                (0..).zip(values).for_each(|(place, value)| *value = !number.wrapping_add(place));
            };
            ahead.known(number).unwrap_or_else(|| ahead.look(number, work_out))
        };
        let mut ahead = Ahead::new(0);
        let orders: [&[u64]; 5] = [
            &[0, 1, 2],
            &[900, 901, 902, 903, 905, 904, 906],
            &[3, 2, 1, 0],
            &[u64::MAX, 0],
            &[16, 15, 17, 18, 19, 20, 24],
        ];
        for numbers in orders {
            (numbers.iter().chain(numbers)).for_each(|number| assert_eq!(inverse(&mut ahead, *number), !number));
        }
        ahead.forget();
        assert_eq!((ahead.known(16), ahead.look(32, |values| values.fill(5))), (None, 5));
        worked_out.set(0);
        (1000..2000).for_each(|number| assert_eq!(inverse(&mut ahead, number), !number));
        assert!(worked_out.get() < 1000 / AHEAD + 2, "{} times for 1,000 numbers", worked_out.get());
    }

    #[test]
    fn keys_are_named_together_as_one_by_one() {
        let mut keys: Vec<Key> = (0..5).map(|n| Key::root(7).numbered(n)).collect();
        let want: Vec<Key> = keys.iter().map(|key| key.named("delay")).collect();
        Key::name_each(&mut keys, "delay");
        assert_eq!(keys, want);
    }

    #[test]
    fn below_is_even() {
        let mut counts = [0u32; 5];
        for n in 0..50_000 {
            counts[Key::root(3).numbered(n).below(5) as usize] += 1;
        }
        // 10,000 each, standard deviation 89.
        assert!(counts.iter().all(|c| c.abs_diff(10_000) < 360), "{counts:?}");
    }
}
