//! Distributions of time: how a scenario writes them, and how they are drawn.
//!
//! Draws go through the portable `libm`, never the system's `exp` and `ln`, whose last bit differs between machines.

use std::sync::Arc;

use rand::Rng;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::draw::{exponential, gamma, normal, positive_unit};
use crate::inputs::FileUse;
use crate::random::{AHEAD, Key, unit};
use crate::time::SimDuration;

/// A distribution of time: a constant such as `"120ms"`, or a table such as `{ exponential = { mean = "200ms" } }`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DistributionSpec {
    /// Always the same length, e.g. `"120ms"`.
    Constant(SimDuration),
    /// A named distribution.
    Law(Law),
}

/// The named distributions of time.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Law {
    /// Equally likely between two lengths.
    Uniform {
        /// The shortest.
        min: SimDuration,
        /// The longest.
        max: SimDuration,
    },
    /// Memoryless.
    Exponential {
        /// The mean.
        mean: SimDuration,
    },
    /// Log-normal: the usual shape of handler times; by median and 99th percentile, or by mean and coefficient of variation.
    Lognormal(Lognormal),
    /// Gamma.
    Gamma(Moments),
    /// Weibull: P(X > x) = exp(-(x / scale)^shape).
    Weibull {
        /// The 63rd percentile.
        scale: SimDuration,
        /// Below 1: a heavy tail.
        #[schemars(extend("exclusiveMinimum" = 0))]
        shape: f64,
    },
    /// Pareto: P(X > x) = (min / x)^shape.
    Pareto {
        /// The shortest.
        min: SimDuration,
        /// The smaller, the heavier the tail; at or below 1 the mean is infinite.
        #[schemars(extend("exclusiveMinimum" = 0))]
        shape: f64,
    },
    /// Drawn from the values of a column of a CSV file, each equally likely.
    Empirical {
        /// Path of the CSV file, relative to the scenario.
        file: String,
        /// Name of the column.
        column: String,
        /// Unit of the values: `ns`, `us`, `ms`, `s`, `m`, `h`; default `s`.
        #[serde(default)]
        unit: TimeUnit,
    },
    /// One of several distributions, chosen by weight.
    Mixture(#[schemars(extend("minItems" = 1))] Vec<Component>),
}

/// One part of a mixture.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Relative weight; the weights need not add up to 1.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
    pub weight: f64,
    /// The distribution of this part.
    pub of: DistributionSpec,
}

/// The two ways to write a log-normal distribution.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, untagged)]
pub enum Lognormal {
    /// By two percentiles.
    Percentiles {
        /// The median.
        median: SimDuration,
        /// The 99th percentile, at least the median.
        p99: SimDuration,
    },
    /// By two moments.
    Moments(Moments),
}

/// Mean and coefficient of variation.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moments {
    /// The mean.
    pub mean: SimDuration,
    /// The coefficient of variation: standard deviation / mean; at most 1000.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000))]
    pub cv: f64,
}

/// The unit of a column of times in a CSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    #[default]
    S,
    /// Minutes.
    M,
    /// Hours.
    H,
}

impl TimeUnit {
    /// Nanoseconds in one unit.
    pub const fn nanos(self) -> u64 {
        let (digits, zeros) = self.digits_and_zeros();
        digits * POWERS_OF_TEN[zeros]
    }

    /// Nanoseconds in one unit: so many, with so many zeros behind.
    pub(crate) const fn digits_and_zeros(self) -> (u64, usize) {
        match self {
            TimeUnit::Ns => (1, 0),
            TimeUnit::Us => (1, 3),
            TimeUnit::Ms => (1, 6),
            TimeUnit::S => (1, 9),
            TimeUnit::M => (6, 10),
            TimeUnit::H => (36, 11),
        }
    }
}

/// 1, 10, 100 and so on, as far as 64 bits go.
pub(crate) const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = powers[place - 1] * 10;
        place += 1;
    }
    powers
};

impl From<SimDuration> for DistributionSpec {
    fn from(length: SimDuration) -> Self {
        DistributionSpec::Constant(length)
    }
}

/// Gives a column of a file: (file, column, unit) to its values in nanoseconds.
pub type ReadColumn<'a> = dyn FnMut(&str, &str, TimeUnit) -> Arc<[u64]> + 'a;

impl DistributionSpec {
    /// A log-normal distribution by median and 99th percentile.
    pub const fn lognormal(median: SimDuration, p99: SimDuration) -> Self {
        DistributionSpec::Law(Law::Lognormal(Lognormal::Percentiles { median, p99 }))
    }

    /// The files that the distribution reads, each with the unit of its column.
    pub fn files(&self) -> Vec<(FileUse<'_>, TimeUnit)> {
        match self {
            DistributionSpec::Law(Law::Empirical { file, column, unit }) => {
                let columns = vec![("column", column.as_str())];
                vec![(FileUse { path: vec!["empirical".into()], file, columns }, *unit)]
            }
            DistributionSpec::Law(Law::Mixture(parts)) => {
                let mut found = vec![];
                for (place, part) in parts.iter().enumerate() {
                    for (mut file, unit) in part.of.files() {
                        file.path.splice(0..0, ["mixture".into(), place.to_string(), "of".into()]);
                        found.push((file, unit));
                    }
                }
                found
            }
            DistributionSpec::Constant(_) | DistributionSpec::Law(_) => vec![],
        }
    }

    /// The shortest length that it can have, and the longest where there is one, as far as its keys tell.
    pub fn bounds(&self) -> (SimDuration, Option<SimDuration>) {
        match self {
            DistributionSpec::Constant(length) => (*length, Some(*length)),
            DistributionSpec::Law(Law::Uniform { min, max }) => (*min, Some(*max)),
            DistributionSpec::Law(Law::Pareto { min, .. }) => (*min, None),
            DistributionSpec::Law(Law::Mixture(parts)) => {
                let (least, most): (Vec<_>, Vec<_>) = parts.iter().map(|part| part.of.bounds()).unzip();
                let most: Option<Vec<_>> = most.into_iter().collect();
                (least.into_iter().min().unwrap_or_default(), most.and_then(|most| most.into_iter().max()))
            }
            DistributionSpec::Law(_) => (SimDuration::ZERO, None),
        }
    }

    /// What no single key can show to be wrong, as (path below the distribution, what is wrong).
    pub fn problems(&self) -> Vec<(Vec<String>, String)> {
        let DistributionSpec::Law(law) = self else { return vec![] };
        let below = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        match law {
            Law::Uniform { min, max } if min > max => {
                vec![(below(&["uniform", "max"]), format!("`max` is {max}, below `min`, which is {min}"))]
            }
            Law::Lognormal(Lognormal::Percentiles { median, p99 }) if p99 < median => {
                vec![(below(&["lognormal", "p99"]), format!("`p99` is {p99}, below `median`, which is {median}"))]
            }
            Law::Lognormal(Lognormal::Percentiles { median, .. }) if median.is_zero() => {
                vec![(below(&["lognormal", "median"]), "the median of a log-normal distribution is above 0".into())]
            }
            Law::Pareto { min, .. } if min.is_zero() => {
                vec![(below(&["pareto", "min"]), "the shortest length of a Pareto distribution is above 0".into())]
            }
            Law::Mixture(parts) => {
                let part = |(place, part): (usize, &Component)| {
                    let at = below(&["mixture", &place.to_string(), "of"]);
                    part.of.problems().into_iter().map(move |(path, what)| ([at.clone(), path].concat(), what))
                };
                parts.iter().enumerate().flat_map(part).collect()
            }
            _ => vec![],
        }
    }

    /// Makes the distribution ready to be drawn; `column` gives the values of an empirical one, in nanoseconds.
    pub fn sampler(&self, column: &mut ReadColumn<'_>) -> Distribution {
        let law = match self {
            DistributionSpec::Constant(length) => return Distribution::Constant(*length),
            DistributionSpec::Law(law) => law,
        };
        match law {
            Law::Uniform { min, max } => Distribution::Uniform { min: min.nanos(), width: max.nanos() - min.nanos() },
            Law::Exponential { mean } => Distribution::Exponential { mean: mean.nanos() as f64 },
            Law::Lognormal(Lognormal::Percentiles { median, p99 }) => Distribution::Lognormal {
                mu: libm::log(median.nanos() as f64),
                sigma: libm::log(p99.nanos() as f64 / median.nanos() as f64) / Z99,
            },
            Law::Lognormal(Lognormal::Moments(m)) | Law::Gamma(m) if m.mean.is_zero() => {
                Distribution::Constant(SimDuration::ZERO)
            }
            Law::Lognormal(Lognormal::Moments(Moments { mean, cv })) => {
                let variance = libm::log1p(cv * cv);
                Distribution::Lognormal { mu: libm::log(mean.nanos() as f64) - variance / 2.0, sigma: variance.sqrt() }
            }
            Law::Gamma(Moments { mean, cv }) => {
                let shape = 1.0 / (cv * cv);
                // A shape beyond what a float can hold: the distribution has shrunk to its mean.
                if !shape.is_finite() {
                    return Distribution::Constant(*mean);
                }
                Distribution::Gamma { shape, scale: mean.nanos() as f64 / shape }
            }
            Law::Weibull { scale, shape } => {
                Distribution::Weibull { scale: scale.nanos() as f64, inverse_shape: 1.0 / shape }
            }
            Law::Pareto { min, shape } => Distribution::Pareto { min: min.nanos() as f64, inverse_shape: 1.0 / shape },
            Law::Empirical { file, column: name, unit } => Distribution::Empirical(column(file, name, *unit)),
            Law::Mixture(parts) => {
                let total: f64 = parts.iter().map(|part| part.weight).sum();
                let mut sum = 0.0;
                let parts = parts.iter().map(|part| {
                    sum += part.weight;
                    (sum / total, part.of.sampler(column))
                });
                Distribution::Mixture(parts.collect())
            }
        }
    }
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

/// A distribution of time that is ready to be drawn.
#[derive(Clone, Debug)]
pub enum Distribution {
    /// Always the same.
    Constant(SimDuration),
    /// `min` and `width` in nanoseconds.
    Uniform {
        /// The shortest.
        min: u64,
        /// Longest less shortest.
        width: u64,
    },
    /// `mean` in nanoseconds.
    Exponential {
        /// The mean.
        mean: f64,
    },
    /// exp(mu + sigma Z) nanoseconds.
    Lognormal {
        /// Log of the median.
        mu: f64,
        /// Standard deviation of the log.
        sigma: f64,
    },
    /// Scale times a standard gamma draw.
    Gamma {
        /// 1 / (coefficient of variation)^2.
        shape: f64,
        /// Nanoseconds.
        scale: f64,
    },
    /// By inversion.
    Weibull {
        /// Nanoseconds.
        scale: f64,
        /// 1 / shape.
        inverse_shape: f64,
    },
    /// By inversion.
    Pareto {
        /// Nanoseconds.
        min: f64,
        /// 1 / shape.
        inverse_shape: f64,
    },
    /// Measured values in nanoseconds, each equally likely.
    Empirical(Arc<[u64]>),
    /// (Cumulative probability, distribution).
    Mixture(Box<[(f64, Distribution)]>),
}

impl Distribution {
    /// One draw.
    #[inline(always)]
    pub fn sample(&self, rng: &mut impl Rng) -> SimDuration {
        match self {
            Distribution::Constant(length) => *length,
            Distribution::Exponential { mean } => SimDuration::from_nanos_f64(mean * exponential(rng)),
            _ => self.sample_other(rng),
        }
    }

    /// One draw from each of `keys`, of which there are as many as `draws`, and no more than [`AHEAD`].
    #[inline(always)]
    pub fn sample_each(&self, keys: &[Key], draws: &mut [SimDuration]) {
        if let Distribution::Lognormal { mu, sigma } = self {
            return lognormals(*mu, *sigma, keys, draws);
        }
        for (key, draw) in keys.iter().zip(draws) {
            *draw = self.sample(&mut key.draws());
        }
    }

    /// One draw of a distribution that takes longer to draw from.
    fn sample_other(&self, rng: &mut impl Rng) -> SimDuration {
        let nanos = match self {
            Distribution::Constant(_) | Distribution::Exponential { .. } => return self.sample(rng),
            Distribution::Uniform { min, width } => {
                return SimDuration::from_nanos(min + (unit(rng) * *width as f64) as u64);
            }
            Distribution::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal(rng)),
            Distribution::Gamma { shape, scale } => scale * gamma(*shape, rng),
            Distribution::Weibull { scale, inverse_shape } => {
                scale * libm::pow(-libm::log(positive_unit(rng)), *inverse_shape)
            }
            Distribution::Pareto { min, inverse_shape } => min * libm::pow(positive_unit(rng), -inverse_shape),
            Distribution::Empirical(values) => {
                let at = (unit(rng) * values.len() as f64) as usize;
                return SimDuration::from_nanos(values[at]);
            }
            Distribution::Mixture(parts) => {
                let u = unit(rng);
                let part = parts.iter().find(|(below, _)| u < *below).or(parts.last());
                return part.map_or(SimDuration::ZERO, |(_, of)| of.sample(rng));
            }
        };
        SimDuration::from_nanos_f64(nanos)
    }

    /// Mean and coefficient of variation; none where they are infinite.
    pub fn moments(&self) -> Option<Moments> {
        // In nanoseconds: the mean, and the mean of the squares.
        let (mean, squares) = self.raw_moments()?;
        let cv = if mean > 0.0 { ((squares / mean / mean) - 1.0).max(0.0).sqrt() } else { 0.0 };
        cv.is_finite().then(|| Moments { mean: SimDuration::from_nanos_f64(mean), cv })
    }

    fn raw_moments(&self) -> Option<(f64, f64)> {
        let squared = |value: f64| value * value;
        Some(match self {
            Distribution::Constant(length) => (length.nanos() as f64, squared(length.nanos() as f64)),
            Distribution::Uniform { min, width } => {
                let (min, width) = (*min as f64, *width as f64);
                let mean = min + width / 2.0;
                (mean, squared(mean) + squared(width) / 12.0)
            }
            Distribution::Exponential { mean } => (*mean, 2.0 * squared(*mean)),
            Distribution::Lognormal { mu, sigma } => {
                let variance = squared(*sigma);
                (libm::exp(mu + variance / 2.0), libm::exp(2.0 * mu + 2.0 * variance))
            }
            Distribution::Gamma { shape, scale } => (shape * scale, shape * (shape + 1.0) * squared(*scale)),
            Distribution::Weibull { scale, inverse_shape } => {
                let moment = |k: f64| libm::pow(*scale, k) * libm::tgamma(1.0 + k * inverse_shape);
                (moment(1.0), moment(2.0))
            }
            Distribution::Pareto { min, inverse_shape } => {
                let shape = 1.0 / inverse_shape;
                if shape <= 2.0 {
                    return None;
                }
                (min * shape / (shape - 1.0), squared(*min) * shape / (shape - 2.0))
            }
            Distribution::Empirical(values) => {
                let n = values.len() as f64;
                let mean = |power: fn(f64) -> f64| values.iter().map(|value| power(*value as f64)).sum::<f64>() / n;
                (mean(|value| value), mean(|value| value * value))
            }
            Distribution::Mixture(parts) => {
                let mut sums = (0.0, 0.0);
                let mut below = 0.0;
                for (share, part) in parts.iter() {
                    let (mean, squares) = part.raw_moments()?;
                    sums = (sums.0 + (share - below) * mean, sums.1 + (share - below) * squares);
                    below = *share;
                }
                sums
            }
        })
    }

    /// The length, where it is always the same.
    pub fn constant(&self) -> Option<SimDuration> {
        match self {
            Distribution::Constant(length) => Some(*length),
            _ => None,
        }
    }
}

/// As many log-normal draws as there are `keys`. A power is a long chain of steps: one after the other, without a draw between them, a
/// processor works on several at a time.
#[inline(never)]
fn lognormals(mu: f64, sigma: f64, keys: &[Key], draws: &mut [SimDuration]) {
    let mut logs = [0.0; AHEAD];
    for (log, key) in logs.iter_mut().zip(keys) {
        *log = mu + sigma * normal(&mut key.draws());
    }
    for (draw, log) in draws.iter_mut().zip(logs) {
        *draw = SimDuration::from_nanos_f64(libm::exp(log));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;

    fn spec(text: &str) -> DistributionSpec {
        #[derive(Deserialize)]
        struct Row {
            x: DistributionSpec,
        }
        let row: Row = toml::from_str(&format!("x = {text}")).unwrap();
        row.x
    }

    fn law(text: &str) -> Distribution {
        spec(text).sampler(&mut |_, _, _| Arc::from([1_000_000_000u64, 3_000_000_000]))
    }

    /// Mean and standard deviation in seconds as theory gives them; z of the sample mean over 200,000 draws below 4.
    #[test]
    fn each_law_has_its_mean() {
        let rows: &[(&str, f64, f64)] = &[
            (r#""250ms""#, 0.25, 0.0),
            (r#"{ uniform = { min = "1s", max = "3s" } }"#, 2.0, 2.0 / 12f64.sqrt()),
            (r#"{ exponential = { mean = "200ms" } }"#, 0.2, 0.2),
            (r#"{ lognormal = { mean = "1s", cv = 2.0 } }"#, 1.0, 2.0),
            // median m, p99 q: sigma = ln(q/m)/2.3263, mean = m exp(sigma^2/2)
            (r#"{ lognormal = { median = "80ms", p99 = "400ms" } }"#, 0.101_63, 0.079_7),
            (r#"{ gamma = { mean = "1s", cv = 0.5 } }"#, 1.0, 0.5),
            (r#"{ gamma = { mean = "1s", cv = 2.0 } }"#, 1.0, 2.0),
            (r#"{ gamma = { mean = "1s", cv = 1e-200 } }"#, 1.0, 0.0),
            (r#"{ lognormal = { mean = "1s", cv = 1e-200 } }"#, 1.0, 0.0),
            (r#"{ weibull = { scale = "1s", shape = 2.0 } }"#, 0.886_227, 0.463_251),
            (r#"{ pareto = { min = "1s", shape = 3.0 } }"#, 1.5, 0.866_025),
            (r#"{ empirical = { file = "x.csv", column = "c" } }"#, 2.0, 1.0),
            (r#"{ mixture = [{ weight = 3, of = "1s" }, { weight = 1, of = "5s" }] }"#, 2.0, 1.732_051),
        ];
        let n = 200_000;
        for (text, mean, deviation) in rows {
            let (law, key) = (law(text), Key::root(7).named(text));
            let known = law.moments().unwrap();
            assert!((known.mean.as_secs_f64() - mean).abs() < 1e-4, "{text}: moments say {known:?}");
            assert!((known.mean.as_secs_f64() * known.cv - deviation).abs() < 1e-3, "{text}: moments say {known:?}");
            let got = (0..n).map(|i| law.sample(&mut key.numbered(i).draws()).as_secs_f64()).sum::<f64>() / n as f64;
            let allowed = 4.0 * deviation / (n as f64).sqrt() + 1e-9;
            assert!((got - mean).abs() < allowed, "{text}: mean {got}, theory {mean} ± {allowed}");
        }
    }

    #[test]
    fn bounds_are_those_of_the_keys() {
        let rows = [
            (r#""2s""#, 2, Some(2)),
            (r#"{ uniform = { min = "1s", max = "3s" } }"#, 1, Some(3)),
            (r#"{ pareto = { min = "4s", shape = 3.0 } }"#, 4, None),
            (r#"{ exponential = { mean = "2s" } }"#, 0, None),
            (r#"{ mixture = [{ weight = 3, of = "5s" }, { weight = 1, of = "2s" }] }"#, 2, Some(5)),
            (
                r#"{ mixture = [{ weight = 3, of = "5s" }, { weight = 1, of = { pareto = { min = "4s", shape = 3.0 } } }] }"#,
                4,
                None,
            ),
        ];
        for (text, least, most) in rows {
            assert_eq!(
                spec(text).bounds(),
                (SimDuration::from_secs(least), most.map(SimDuration::from_secs)),
                "{text}"
            );
        }
    }

    #[test]
    fn percentiles_of_a_lognormal_are_those_asked_for() {
        let law = law(r#"{ lognormal = { median = "80ms", p99 = "400ms" } }"#);
        let mut rng = Key::root(1).sequence();
        let n = 100_000;
        let (mut below_median, mut below_p99) = (0, 0);
        for _ in 0..n {
            let x = law.sample(&mut rng).nanos();
            below_median += i32::from(x < 80_000_000);
            below_p99 += i32::from(x < 400_000_000);
        }
        // Binomial standard deviations 158 and 31.
        assert!((below_median - 50_000).abs() < 640, "{below_median}");
        assert!((below_p99 - 99_000).abs() < 126, "{below_p99}");
    }
}
