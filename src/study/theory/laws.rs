//! The closed forms themselves.

/// Probability that all of `servers` are busy with `offered` erlangs and no room to wait (Erlang's loss formula; A. K. Erlang 1917).
/// It holds for any distribution of the service time.
pub fn erlang_b(servers: u64, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |loss, server| offered * loss / (server as f64 + offered * loss))
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
    fn one_server_by_hand() {
        // M/M/1 at load 1/2 waits as long as a service takes, M/D/1 half of that.
        assert_eq!(pollaczek_khinchine(0.5, 10.0, 1.0), Some(10.0));
        assert_eq!(pollaczek_khinchine(0.5, 10.0, 0.0), Some(5.0));
        assert_eq!(pollaczek_khinchine(1.0, 10.0, 0.0), None);
    }
}
