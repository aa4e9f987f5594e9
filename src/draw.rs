//! Standard draws, the same on every machine.
//!
//! They are `rand_distr`'s. Its ziggurats (Marsaglia, Tsang: The ziggurat method for generating random variables, 2000) need a
//! logarithm only beyond their last layer, and take the system's there, whose last bit differs between machines. So what comes from
//! there is worked out again, from the same random bits, by the portable `libm`. What is left to the system is whether a number right
//! at a layer's edge belongs to it, on which two machines may differ once in some 10^16 draws.

use std::convert::Infallible;

use rand::{Rng, TryRng};
use rand_distr::{Distribution, Exp1, StandardNormal};

use crate::random::{unit, unit_of};

/// Where the last layer of the exponential density ends.
const EXPONENTIAL_END: f64 = 7.697_117_470_131_05;
/// Where the last layer of the normal density ends.
const NORMAL_END: f64 = 3.654_152_885_361_009;

/// A number of the exponential distribution with mean 1.
#[inline]
pub fn exponential(rng: &mut impl Rng) -> f64 {
    let mut heard = Heard::new(rng);
    let draw: f64 = Exp1.sample(&mut heard);
    // Beyond the end everything is as it is beyond zero.
    if draw < EXPONENTIAL_END { draw } else { EXPONENTIAL_END - libm::log(unit_of(heard.last)) }
}

/// A number of the standard normal distribution.
#[inline]
pub fn normal(rng: &mut impl Rng) -> f64 {
    let mut heard = Heard::new(rng);
    let draw: f64 = StandardNormal.sample(&mut heard);
    if draw.abs() < NORMAL_END {
        return draw;
    }
    // Marsaglia: Generating a variable from the tail of the normal distribution, 1964.
    (NORMAL_END - libm::log(between_of(heard.last_but_one)) / NORMAL_END).copysign(draw)
}

/// A number of the gamma distribution with scale 1 (Marsaglia, Tsang: A simple method for generating gamma variables, 2000).
pub fn gamma(shape: f64, rng: &mut impl Rng) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(positive_unit(rng), 1.0 / shape);
        return gamma(shape + 1.0, rng) * boost;
    }
    if shape == 1.0 {
        return exponential(rng);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let (v, square, u) = (root * root * root, x * x, between_of(rng.next_u64()));
        if u < 1.0 - 0.0331 * square * square || libm::log(u) < 0.5 * square + d * (1.0 - v + libm::log(v)) {
            return d * v;
        }
    }
}

/// A number uniform in (0, 1].
pub fn positive_unit(rng: &mut impl Rng) -> f64 {
    1.0 - unit(rng)
}

/// The number in (0, 1) that the upper 52 of `bits` stand for.
const fn between_of(bits: u64) -> f64 {
    // In [1, 2), less nearly 1.
    f64::from_bits(1.0f64.to_bits() | (bits >> 12)) - (1.0 - f64::EPSILON / 2.0)
}

/// A generator that is listened to.
struct Heard<'a, R> {
    rng: &'a mut R,
    last: u64,
    last_but_one: u64,
}

impl<'a, R> Heard<'a, R> {
    fn new(rng: &'a mut R) -> Heard<'a, R> {
        Heard { rng, last: 0, last_but_one: 0 }
    }
}

impl<R: Rng> TryRng for Heard<'_, R> {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.rng.next_u32())
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.last_but_one = self.last;
        self.last = self.rng.next_u64();
        Ok(self.last)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.rng.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Key, Sequential};

    /// Draws from the same bits, enough of them to meet the tails many times.
    #[test]
    fn what_is_worked_out_again_is_what_it_was() {
        let (mut ours, mut theirs) = (Key::root(6).sequence(), Key::root(6).sequence());
        let standard_gamma = rand_distr::Gamma::new(1.5, 1.0).unwrap();
        let mut beyond = [0, 0];
        let mut check = |got: f64, want: f64, end: f64, kind: usize| {
            assert!((got / want - 1.0).abs() < 1e-15, "{got} for {want}");
            beyond[kind] += i32::from(want.abs() >= end);
        };
        for _ in 0..1_000_000 {
            check(exponential(&mut ours), Exp1.sample(&mut theirs), EXPONENTIAL_END, 0);
            check(normal(&mut ours), StandardNormal.sample(&mut theirs), NORMAL_END, 1);
            check(gamma(1.5, &mut ours), standard_gamma.sample(&mut theirs), f64::INFINITY, 0);
        }
        // 454 and 258 in theory.
        assert!(beyond.iter().all(|count| *count > 150), "{beyond:?}");
    }

    /// Shares of 4 million draws that lie beyond a point in the tail, and theory's: within four standard deviations.
    #[test]
    fn tails_are_those_of_theory() {
        let n = 4_000_000;
        let mut rng = Key::root(5).sequence();
        let mut check = |name: &str, draw: fn(&mut Sequential) -> f64, points: &[(f64, f64)]| {
            let draws: Vec<f64> = (0..n).map(|_| draw(&mut rng)).collect();
            for (point, share) in points {
                let got = draws.iter().filter(|draw| *draw > point).count() as f64;
                let want = share * n as f64;
                assert!((got - want).abs() < 4.0 * want.sqrt(), "{name}: {got} beyond {point}, theory {want}");
            }
        };
        let exponential_points = [1.0, 7.0, EXPONENTIAL_END, 8.0, 9.0, 10.0];
        check("exponential", exponential, &exponential_points.map(|point: f64| (point, (-point).exp())));
        // Q(x), as tabulated.
        let tail =
            [(1.0, 0.158_655_3), (3.0, 1.349_898e-3), (3.6, 1.591_086e-4), (3.7, 1.078_0e-4), (4.0, 3.167_124e-5)];
        check("normal", normal, &tail);
        check("normal, below", |rng| -normal(rng), &tail);
        let points = [0.1, 0.5, 1.0, 3.0, 9.0];
        check("gamma of 1", |rng| gamma(1.0, rng), &points.map(|point: f64| (point, (-point).exp())));
        check("gamma of 2", |rng| gamma(2.0, rng), &points.map(|point: f64| (point, (1.0 + point) * (-point).exp())));
        // Half the square of a normal draw.
        let halves = tail.map(|(point, share)| (point * point / 2.0, 2.0 * share));
        check("gamma of 1/2", |rng| gamma(0.5, rng), &halves);
    }
}
