//! Confidence intervals of a mean over independent replications: Student's t.
//!
//! A figure of one run (a percentile, a ratio) is one observation; replications with seeds of their own make independent ones,
//! whose mean is close to normal. What a single run tells of its own uncertainty is not used.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::metrics::Confidence;

/// The half-width of the interval at `level` of a mean over `n` observations, in standard errors. None below two observations.
pub fn t_quantile(level: f64, n: usize) -> Option<f64> {
    t_of_freedom(level, n.checked_sub(1)? as f64)
}

/// The same for `freedom` degrees of freedom, above 0.
pub(super) fn t_of_freedom(level: f64, freedom: f64) -> Option<f64> {
    let law = StudentsT::new(0.0, 1.0, freedom).ok()?;
    // To nine places: the others hang on the system's logarithm, which differs between machines in its last bit.
    Some((law.inverse_cdf(0.5 + level / 2.0) * 1e9).round() / 1e9)
}

/// Mean and standard error of `values`; the error is none below two.
pub fn mean_and_error(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    // Equal figures have a mean that is theirs to the last bit, and no error at all.
    if values.iter().all(|value| *value == values[0]) {
        return Some((values[0], (values.len() > 1).then_some(0.0)));
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some((mean, (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt())))
}

/// The interval at `level` for the mean of a figure, of which `values` are independent observations. Where the figure did not
/// exist in a replication, that one tells nothing; below two observations there is no interval.
pub fn confidence(values: impl IntoIterator<Item = Option<f64>>, level: f64) -> Confidence {
    let values: Vec<f64> = values.into_iter().flatten().collect();
    let n = values.len();
    let Some((mean, error)) = mean_and_error(&values) else {
        return Confidence { mean: None, low: None, high: None, level, n };
    };
    let half_width = t_quantile(level, n).zip(error).map(|(t, error)| t * error);
    Confidence {
        mean: Some(mean),
        low: half_width.map(|half| mean - half),
        high: half_width.map(|half| mean + half),
        level,
        n,
    }
}

/// The most that the mean of a count can be, at `level`, where none of `n` runs saw anything: a Poisson number of that mean would
/// be 0 in all of them with the rest of the probability. At 95 % that is 3 / n (J. A. Hanley, A. Lippman-Hand, "If nothing goes
/// wrong, is everything all right?", JAMA 1983).
pub fn most_unseen(level: f64, n: usize) -> f64 {
    -libm::log(1.0 - level) / n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Percentiles of Student's t from NIST's table (Engineering Statistics Handbook, 1.3.6.7.2).
    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (level, n, want) in [(0.95, 2, 12.706), (0.95, 10, 2.262), (0.99, 10, 3.250), (0.90, 31, 1.697)] {
            let got = t_quantile(level, n).unwrap();
            assert!((got - want).abs() < 0.0006, "level {level}, n {n}: {got}");
        }
        assert_eq!((t_quantile(0.95, 1), t_quantile(0.95, 0)), (None, None));
        // The same to the last bit on every machine: 4.30265272991..., 2.22813885196...
        assert_eq!((t_quantile(0.95, 3), t_quantile(0.95, 11)), (Some(4.302_652_73), Some(2.228_138_852)));
    }

    #[test]
    fn what_no_run_saw_follows_the_rule_of_three() {
        for (n, want) in [(1, 3.0), (10, 0.3), (40, 0.075)] {
            assert!((most_unseen(0.95, n) / want - 1.0).abs() < 0.01, "{n} runs");
        }
    }

    #[test]
    fn an_interval_by_hand() {
        // Mean 3, standard deviation sqrt(2.5), standard error sqrt(0.5), t(0.975; 4) = 2.776445.
        let got = confidence([1.0, 2.0, 3.0, 4.0, 5.0].map(Some), 0.95);
        assert_eq!((got.mean, got.n), (Some(3.0), 5));
        assert!((got.high.unwrap() - 3.0 - 2.776_445 * 0.5_f64.sqrt()).abs() < 1e-5, "{got:?}");
        assert!((got.low.unwrap() + got.high.unwrap() - 6.0).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_exist_has_no_interval() {
        let nothing = confidence([None, None], 0.95);
        assert_eq!((nothing.mean, nothing.low, nothing.n), (None, None, 0));
        let one = confidence([None, Some(2.0)], 0.95);
        assert_eq!((one.mean, one.low, one.high, one.n), (Some(2.0), None, None, 1));
        let equal = confidence([Some(0.1), Some(0.1), Some(0.1)], 0.95);
        assert_eq!((equal.low, equal.mean, equal.high), (Some(0.1), Some(0.1), Some(0.1)));
    }
}
