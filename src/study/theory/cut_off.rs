//! Random times that a limit cuts off, as a function's timeout does its handler's.

use statrs::function::gamma::checked_gamma_lr;

use crate::distribution::Distribution;

/// What a limit makes of a random time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CutOff {
    /// Mean of what is left of the time, in nanoseconds.
    pub mean: f64,
    /// Share of the times that are longer than the limit.
    pub share: f64,
}

/// Gamma distributions with a shape above this are next to constant, and the incomplete gamma function takes long.
const LARGEST_SHAPE: f64 = 1e6;

/// A time with distribution `law` and a limit of `limit` nanoseconds, above 0: the mean of the smaller is the integral of the share
/// that is longer than x, over x from 0 to the limit.
pub(super) fn cut_off(law: &Distribution, limit: f64) -> CutOff {
    let always = |length: f64| CutOff { mean: length.min(limit), share: f64::from(length > limit) };
    match law {
        Distribution::Constant(length) => always(length.nanos() as f64),
        Distribution::Uniform { min, width } => {
            let (min, width) = (*min as f64, *width as f64);
            if limit <= min || limit >= min + width {
                let mean = if limit <= min { limit } else { min + width / 2.0 };
                return CutOff { mean, share: f64::from(limit < min + width) };
            }
            let share = (min + width - limit) / width;
            CutOff { mean: (1.0 - share) * (min + limit) / 2.0 + share * limit, share }
        }
        Distribution::Exponential { mean } => {
            let share = libm::exp(-limit / mean);
            CutOff { mean: mean * (1.0 - share), share }
        }
        Distribution::Lognormal { mu, sigma: 0.0 } => always(libm::exp(*mu)),
        Distribution::Lognormal { mu, sigma } => {
            let z = (libm::log(limit) - mu) / sigma;
            let below = libm::exp(mu + sigma * sigma / 2.0) * normal(z - sigma);
            let share = normal(-z);
            CutOff { mean: below + share * limit, share }
        }
        Distribution::Gamma { shape, scale } if *shape > LARGEST_SHAPE => always(shape * scale),
        Distribution::Gamma { shape, scale } => {
            let share = 1.0 - incomplete_gamma(*shape, limit / scale);
            let below = shape * scale * incomplete_gamma(shape + 1.0, limit / scale);
            CutOff { mean: below + share * limit, share }
        }
        Distribution::Weibull { scale, inverse_shape } => {
            let raised = libm::pow(limit / scale, 1.0 / inverse_shape);
            let mean = scale * libm::tgamma(1.0 + inverse_shape) * incomplete_gamma(*inverse_shape, raised);
            CutOff { mean, share: libm::exp(-raised) }
        }
        Distribution::Pareto { min, .. } if limit <= *min => CutOff { mean: limit, share: 1.0 },
        Distribution::Pareto { min, inverse_shape } => {
            let (shape, times) = (1.0 / inverse_shape, limit / min);
            let beyond =
                if shape == 1.0 { libm::log(times) } else { (1.0 - libm::pow(times, 1.0 - shape)) / (shape - 1.0) };
            CutOff { mean: min * (1.0 + beyond), share: libm::pow(times, -shape) }
        }
        Distribution::Empirical(values) => {
            let of_all = |part: &dyn Fn(f64) -> f64| {
                values.iter().map(|value| part(*value as f64)).sum::<f64>() / values.len() as f64
            };
            CutOff { mean: of_all(&|value| value.min(limit)), share: of_all(&|value| f64::from(value > limit)) }
        }
        Distribution::Mixture(parts) => {
            let mut below = 0.0;
            parts.iter().fold(CutOff { mean: 0.0, share: 0.0 }, |sum, (up_to, part)| {
                let (weight, part) = (up_to - below, cut_off(part, limit));
                below = *up_to;
                CutOff { mean: sum.mean + weight * part.mean, share: sum.share + weight * part.share }
            })
        }
    }
}

/// The standard normal distribution function.
fn normal(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The regularised lower incomplete gamma function, to nine places: the others hang on the system's logarithm.
fn incomplete_gamma(shape: f64, x: f64) -> f64 {
    checked_gamma_lr(shape, x).map_or(1.0, |share| (share * 1e9).round() / 1e9)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::random::Key;
    use crate::time::{SECOND, SimDuration};

    /// A million draws, cut off, have the mean and the share that are said of them, to within five standard errors.
    #[test]
    fn each_law_is_cut_off_as_its_draws_are() {
        let second = SECOND as f64;
        let draws = 1_000_000;
        for law in [
            Distribution::Constant(SimDuration::from_secs(1)),
            Distribution::Uniform { min: SECOND / 2, width: 2 * SECOND },
            Distribution::Exponential { mean: second },
            Distribution::Lognormal { mu: libm::log(second), sigma: 0.8 },
            Distribution::Lognormal { mu: libm::log(second), sigma: 0.0 },
            Distribution::Gamma { shape: 0.5, scale: 2.0 * second },
            Distribution::Gamma { shape: 4.0, scale: second / 4.0 },
            Distribution::Gamma { shape: 1e9, scale: second / 1e9 },
            Distribution::Weibull { scale: second, inverse_shape: 2.0 },
            Distribution::Weibull { scale: second, inverse_shape: 0.5 },
            Distribution::Pareto { min: second, inverse_shape: 0.4 },
            Distribution::Pareto { min: second, inverse_shape: 1.0 },
            Distribution::Empirical(Arc::from([SECOND / 3, SECOND, 3 * SECOND])),
            Distribution::Mixture(
                [
                    (0.25, Distribution::Exponential { mean: 3.0 * second }),
                    (1.0, Distribution::Exponential { mean: second }),
                ]
                .into(),
            ),
        ] {
            for limit in [0.4 * second, 1.5 * second, 60.0 * second] {
                let (mut sum, mut squares, mut longer) = (0.0, 0.0, 0.0);
                let mut rng = Key::root(3).sequence();
                for _ in 0..draws {
                    let length = law.sample(&mut rng).nanos() as f64;
                    let left = length.min(limit) / second;
                    (sum, squares) = (sum + left, squares + left * left);
                    longer += f64::from(length > limit);
                }
                let n = f64::from(draws);
                let (mean, share) = (sum / n, longer / n);
                let got = cut_off(&law, limit);
                let near = |got: f64, want: f64, variance: f64| {
                    (got - want).abs() <= 5.0 * (variance.max(0.0) / n).sqrt() + 1e-6
                };
                assert!(near(got.mean / second, mean, squares / n - mean * mean), "{law:?}, {limit}: {got:?}, {mean}");
                assert!(near(got.share, share, share * (1.0 - share)), "{law:?}, {limit}: {got:?}, {share}");
            }
        }
    }
}
