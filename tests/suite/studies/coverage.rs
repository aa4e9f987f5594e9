//! Do 95 % intervals hold the truth 95 times in 100, and are they no wider than they must be?

use pushpull::study::{Enough, Workers, erlang_b, replicate};

use super::{Alone, loss_system};

const EXPERIMENTS: u64 = 1_000;
const REPLICATIONS: usize = 10;

/// A metric and its expectation.
struct Known {
    metric: &'static str,
    truth: f64,
}

/// Runs 1,000 experiments of ten replications each and holds their intervals against the truth.
fn hold(text: &str, known: &[Known]) {
    let alone = Alone::new(text);
    let enough = Enough { replications: REPLICATIONS, most: REPLICATIONS, level: 0.95, precision: vec![] };
    let workers = Workers::new(None, &()).unwrap();
    let mut covered = vec![0; known.len()];
    let mut widths = vec![0.0; known.len()];
    let mut values = vec![Vec::new(); known.len()];
    for experiment in 0..EXPERIMENTS {
        let seed = 1 + experiment * REPLICATIONS as u64;
        let (runs, _) = replicate(alone.subject(), seed, &enough, &workers);
        for (at, Known { metric, truth }) in known.iter().enumerate() {
            let place = runs.place(metric).unwrap();
            let interval = runs.confidence(place, enough.level);
            let (low, high) = (interval.low.unwrap(), interval.high.unwrap());
            covered[at] += u64::from((low..=high).contains(truth));
            widths[at] += (high - low) / 2.0 / EXPERIMENTS as f64;
            values[at].extend(runs.values(place).flatten());
        }
    }
    for (at, Known { metric, truth }) in known.iter().enumerate() {
        let n = values[at].len() as f64;
        let mean = values[at].iter().sum::<f64>() / n;
        let deviation = (values[at].iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        // With the deviation known, the normal distribution gives the narrowest interval.
        let ideal = 1.959_964 * deviation / (REPLICATIONS as f64).sqrt();
        let (share, width) = (covered[at] as f64 / EXPERIMENTS as f64, widths[at] / ideal);
        let figures = format!("{metric}: {share} of the intervals hold {truth}, {width:.3} times as wide as ideal");
        assert!(share >= 0.93, "{figures}; the mean of all runs is {mean}");
        assert!(width <= 1.3, "{figures}");
    }
}

#[test]
fn a_mean_and_quantiles_of_an_infinite_server() {
    // Every call is served at once: latencies are exponential with mean 200 ms.
    let text = loss_system("22s", 20.0, 500);
    let quantile = |p: f64| -200.0 * (1.0 - p).ln();
    hold(
        &text,
        &[
            Known { metric: "sources.invoke.latency_ms.mean", truth: 200.0 },
            Known { metric: "sources.invoke.latency_ms.p50", truth: quantile(0.5) },
            Known { metric: "sources.invoke.latency_ms.p90", truth: quantile(0.9) },
            Known { metric: "functions.f.concurrent_executions.mean", truth: 4.0 },
        ],
    );
}

#[test]
fn losses_of_a_loss_system() {
    // 20 s of 10 calls a second that offer 2 erlangs to 3 servers.
    let lost = 200.0 * erlang_b(3, 2.0);
    hold(&loss_system("22s", 10.0, 3), &[Known { metric: "sources.invoke.rejected", truth: lost }]);
}
