//! The closed forms themselves.

/// Probability that all of `servers` are busy with `offered` erlangs and no room to wait (Erlang's loss formula; A. K. Erlang 1917).
/// It holds for any distribution of the service time.
pub fn erlang_b(servers: u64, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |loss, server| offered * loss / (server as f64 + offered * loss))
}

/// By how many service times the losses of a system that begins empty are behind those of its steady state, for exponential service:
/// the sum over its states k of the probability to be above k over Erlang's loss on k servers. A call that is let in at k costs later
/// losses in the proportion of B(servers) to B(k) (T. J. Ott, K. R. Krishnan, "Separable routing", 1992, by the relative values of
/// R. A. Howard, "Dynamic Programming and Markov Processes", 1960).
pub fn losses_behind(servers: u64, offered: f64) -> f64 {
    // The probabilities above k over that of k itself, from the last state down.
    let mut above = vec![0.0; servers as usize + 1];
    for state in (0..servers as usize).rev() {
        above[state] = offered / (state as f64 + 1.0) * (1.0 + above[state + 1]);
    }
    let mut loss = 1.0;
    let mut behind = 0.0;
    for (state, above) in above.iter().take(servers as usize).enumerate() {
        if state > 0 {
            loss = offered * loss / (state as f64 + offered * loss);
        }
        behind += above / (1.0 + above * loss);
    }
    behind / offered
}

/// Probability that a call waits where `servers` serve one queue with `offered` erlangs, below `servers`; else 1 (A. K. Erlang 1917).
pub fn erlang_c(servers: u64, offered: f64) -> f64 {
    let (loss, n) = (erlang_b(servers, offered), servers as f64);
    if offered >= n { 1.0 } else { n * loss / (n - offered * (1.0 - loss)) }
}

/// Mean wait in a queue with one server (F. Pollaczek 1930, A. Khinchine 1932): at load `load`, for a service time of mean `mean` and
/// squared coefficient of variation `scv`. None at or above load 1.
pub fn pollaczek_khinchine(load: f64, mean: f64, scv: f64) -> Option<f64> {
    (load < 1.0).then(|| mean * load / (1.0 - load) * (1.0 + scv) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erlangs_formulas_by_hand() {
        // One server at load a: a / (1 + a); two: a^2 / 2 over 1 + a + a^2 / 2.
        assert!((erlang_b(1, 0.5) - 1.0 / 3.0).abs() < 1e-12);
        assert!((erlang_b(2, 1.0) - 0.2).abs() < 1e-12);
        // One server: the share of time it is busy.
        assert!((erlang_c(1, 0.7) - 0.7).abs() < 1e-12);
        assert!((erlang_c(2, 1.0) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(erlang_c(2, 3.0), 1.0);
    }

    #[test]
    fn a_loss_system_fills_up() {
        // One server: its losses come near their share as exp(-(1 + a) t) falls.
        assert!((losses_behind(1, 0.5) - 1.0 / 1.5).abs() < 1e-12);
        // Hardly any load: each of the servers is as good as independent, and the last is busy after the sum of 1 / k.
        assert!((losses_behind(10, 1e-9) - (1..=10).map(|k| 1.0 / f64::from(k)).sum::<f64>()).abs() < 1e-6);
        // Integrated step by step over the probabilities of all states.
        assert!((losses_behind(8, 8.0) - 1.197_445_242).abs() < 1e-9);
        assert!(losses_behind(500, 100.0).is_finite());
    }

    #[test]
    fn one_server_by_hand() {
        // M/M/1 at load 1/2 waits as long as a service takes, M/D/1 half of that.
        assert_eq!(pollaczek_khinchine(0.5, 10.0, 1.0), Some(10.0));
        assert_eq!(pollaczek_khinchine(0.5, 10.0, 0.0), Some(5.0));
        assert_eq!(pollaczek_khinchine(1.0, 10.0, 0.0), None);
    }
}
