//! When events occur: how a scenario writes it, and the process that yields one instant after the other.
//!
//! Processes are lazy and hold one arrival ahead; a trace is read as it is needed. The closed loop (`clients`) is the
//! caller's own affair, since it depends on answers: see `source::push`.

mod process;
mod rows;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::{DistributionSpec, TimeUnit};
use crate::inputs::FileUse;
use crate::time::SimDuration;

pub use process::{Arrival, Arrivals};
pub use rows::{parse_count, parse_time, validate};

/// When events occur, e.g. `{ poisson = { rate = 100.0 } }`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ArrivalsSpec {
    /// Independent arrivals at a constant mean rate.
    Poisson {
        /// Events per second.
        #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
        rate: f64,
    },
    /// Evenly spaced, the first at 0 s.
    Constant {
        /// Events per second.
        #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9))]
        rate: f64,
    },
    /// One event a period, the first after one period, e.g. `"5m"`.
    Every(#[schemars(extend("x-minimum" = "1us"))] SimDuration),
    /// At the given instants, e.g. `["0s", "1.5s"]`, ascending.
    At(Vec<SimDuration>),
    /// `size` events at one instant, every so often, the first at 0 s.
    Bursts {
        /// Events in each burst.
        #[schemars(range(min = 1, max = 10_000_000))]
        size: u64,
        /// Time from one burst to the next.
        #[schemars(extend("x-minimum" = "1us"))]
        every: SimDuration,
    },
    /// Poisson arrivals whose rate is linear between the points `[instant, events per second]`; none after the last.
    Ramp(#[schemars(extend("minItems" = 2))] Vec<(SimDuration, f64)>),
    /// At the instants of a column of a CSV file.
    Trace(Trace),
    /// As many events in each period as a column of a CSV file says, placed at random within it.
    Counts(Counts),
    /// A closed loop: each client sends, waits for its answer, thinks, and sends again. Synchronous sources only.
    Clients {
        /// How many clients.
        #[schemars(range(min = 1, max = 1_000_000))]
        count: u64,
        /// Time from an answer to the client's next request, and before its first.
        think_time: DistributionSpec,
        /// A client that is answered in no time at all (a refusal, say) sends again no sooner than this, at least `"1us"`. Default
        /// `"1ms"`.
        #[serde(default = "millisecond")]
        #[schemars(extend("x-minimum" = "1us"))]
        least_round: SimDuration,
    },
}

/// Arrivals at the instants of a column of a CSV file with a header; instants must ascend.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Path of the CSV file, relative to the scenario.
    pub file: String,
    /// Name of the column of instants.
    pub column: String,
    /// Unit of both time columns; default `s`.
    #[serde(default)]
    pub unit: TimeUnit,
    /// The instants are multiplied by this: 0.5 plays the trace twice as fast. Default 1.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e6))]
    pub scale: f64,
    /// How often the trace is played, each time one mean gap after the last. Default 1.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub repeat: u64,
    /// Column of the handler time that each event brings with it.
    #[serde(default)]
    pub duration_column: Option<String>,
    /// Column of the function that each event goes to.
    #[serde(default)]
    pub target_column: Option<String>,
}

/// Events per period from a column of a CSV file.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Path of the CSV file, relative to the scenario.
    pub file: String,
    /// Name of the column of counts.
    pub column: String,
    /// Length of one period; default `"1m"`.
    #[serde(default = "minute")]
    #[schemars(extend("x-minimum" = "1ms"))]
    pub period: SimDuration,
}

fn one() -> f64 {
    1.0
}
fn once() -> u64 {
    1
}
/// Assumption: a short way over a network; without a think time the requests of a client would else follow each other for ever at
/// one instant.
fn millisecond() -> SimDuration {
    SimDuration::from_millis(1)
}
fn minute() -> SimDuration {
    SimDuration::from_secs(60)
}

impl ArrivalsSpec {
    /// Whether arrivals go on for ever, so that a scenario needs a `duration`.
    pub fn is_endless(&self) -> bool {
        use ArrivalsSpec::*;
        matches!(self, Poisson { .. } | Constant { .. } | Every(_) | Bursts { .. } | Clients { .. })
    }

    /// The file that it reads, if any.
    pub fn file(&self) -> Option<FileUse<'_>> {
        match self {
            ArrivalsSpec::Trace(trace) => {
                let keys = ["column", "duration_column", "target_column"];
                let columns = [Some(&trace.column), trace.duration_column.as_ref(), trace.target_column.as_ref()];
                let columns = keys.into_iter().zip(columns).filter_map(|(key, column)| Some((key, column?.as_str())));
                Some(FileUse { path: vec!["trace".into()], file: &trace.file, columns: columns.collect() })
            }
            ArrivalsSpec::Counts(counts) => {
                let columns = vec![("column", counts.column.as_str())];
                Some(FileUse { path: vec!["counts".into()], file: &counts.file, columns })
            }
            _ => None,
        }
    }

    /// What no single key can show to be wrong: (path below `arrivals`, what is wrong).
    pub fn problems(&self) -> Vec<(Vec<String>, String)> {
        let below = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let descending = |times: &[SimDuration]| {
            let place = times.windows(2).position(|pair| pair[1] < pair[0])?;
            let what = format!("instants must ascend, and {} comes after {}", times[place + 1], times[place]);
            Some(((place + 1).to_string(), what))
        };
        match self {
            ArrivalsSpec::At(times) => {
                descending(times).map(|(place, what)| (below(&["at", &place]), what)).into_iter().collect()
            }
            ArrivalsSpec::Ramp(points) => {
                let rates = points.iter().enumerate().filter(|(_, (_, rate))| !(0.0..=1e9).contains(rate));
                let wrong = |(place, (_, rate)): (usize, &(_, f64))| {
                    let what = format!("a rate is {rate}; allowed: 0 to 1000000000 events per second");
                    (below(&["ramp", &place.to_string(), "1"]), what)
                };
                let times: Vec<_> = points.iter().map(|(time, _)| *time).collect();
                let descent = descending(&times).map(|(place, what)| (below(&["ramp", &place, "0"]), what));
                rates.map(wrong).chain(descent).collect()
            }
            ArrivalsSpec::Clients { think_time, .. } => think_time
                .problems()
                .into_iter()
                .map(|(path, what)| ([below(&["clients", "think_time"]), path].concat(), what))
                .collect(),
            _ => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::MemoryInputs;
    use crate::random::Key;
    use crate::time::{SECOND, SimTime};

    fn spec(text: &str) -> ArrivalsSpec {
        #[derive(Deserialize)]
        struct Row {
            a: ArrivalsSpec,
        }
        toml::from_str::<Row>(&format!("a = {text}")).unwrap().a
    }

    fn instants(text: &str, until: SimTime) -> Vec<f64> {
        let inputs = MemoryInputs::new().with("t.csv", "x,at,d\n0,1.5,7\n0,2,8\n0,4,9\n").with("c.csv", "n\n3\n0\n2\n");
        let mut arrivals = Arrivals::new(&spec(text), until, Key::root(1).named(text), &inputs, &[]).unwrap();
        std::iter::from_fn(|| arrivals.pop().map(|a| a.at.as_secs_f64())).collect()
    }

    const MINUTE: SimTime = SimTime::from_nanos(60 * SECOND);

    #[test]
    fn regular_arrivals_lie_where_the_contract_says() {
        assert_eq!(instants("{ constant = { rate = 0.05 } }", MINUTE), [0.0, 20.0, 40.0]);
        assert_eq!(
            instants("{ constant = { rate = 3 } }", SimTime::from_nanos(SECOND)),
            [0.0, 0.333_333_333, 0.666_666_667]
        );
        // A rate with more decimals than a billion has, and rates that hardly are any.
        let week = SimTime::from_nanos(7 * 86_400 * SECOND);
        let times = instants("{ constant = { rate = 0.0012345678901234567 } }", week);
        assert_eq!(times[..3], [0.0, 810.000_007_290, 1_620.000_014_580]);
        for rate in ["1e-30", "1e-300", "5e-324"] {
            assert_eq!(instants(&format!("{{ constant = {{ rate = {rate} }} }}"), week), [0.0], "{rate}");
        }
        assert_eq!(instants(r#"{ every = "20s" }"#, MINUTE), [20.0, 40.0]);
        assert_eq!(instants(r#"{ at = ["0s", "1.5s", "60s"] }"#, MINUTE), [0.0, 1.5]);
        assert_eq!(instants(r#"{ bursts = { size = 2, every = "40s" } }"#, MINUTE), [0.0, 0.0, 40.0, 40.0]);
    }

    #[test]
    fn traces_are_scaled_and_repeated() {
        assert_eq!(instants(r#"{ trace = { file = "t.csv", column = "at" } }"#, MINUTE), [1.5, 2.0, 4.0]);
        assert_eq!(
            instants(r#"{ trace = { file = "t.csv", column = "at", unit = "ms", scale = 2 } }"#, MINUTE),
            [0.003, 0.004, 0.008]
        );
        // Span 2.5 s, mean gap 1.25 s: the second round starts at 4 + 1.25.
        assert_eq!(
            instants(r#"{ trace = { file = "t.csv", column = "at", repeat = 2 } }"#, MINUTE),
            [1.5, 2.0, 4.0, 5.25, 5.75, 7.75]
        );
    }

    #[test]
    fn counts_fall_into_their_periods() {
        let times = instants(r#"{ counts = { file = "c.csv", column = "n", period = "10s" } }"#, MINUTE);
        assert_eq!(times.len(), 5);
        assert!(times.is_sorted() && times[2] < 10.0 && times[3] >= 20.0 && times[4] < 30.0, "{times:?}");
    }

    /// Counts of a Poisson process have variance = mean; z-score below 4.
    #[test]
    fn random_arrivals_have_their_rate() {
        for (text, seconds, mean) in [
            ("{ poisson = { rate = 100.0 } }", 1000, 100_000.0),
            (
                r#"{ ramp = [["0s", 0.0], ["100s", 100.0], ["200s", 100.0], ["200s", 50.0], ["300s", 0.0]] }"#,
                1000,
                5_000.0 + 10_000.0 + 2_500.0,
            ),
        ] {
            let times = instants(text, SimTime::from_nanos(seconds * SECOND));
            let z = (times.len() as f64 - mean) / f64::sqrt(mean);
            assert!(z.abs() < 4.0 && times.is_sorted(), "{text}: {} events, z {z}", times.len());
        }
    }

    #[test]
    fn bad_rows_are_told_with_their_line() {
        let inputs =
            MemoryInputs::new().with("t.csv", "at\n1\n3\n2\n").with("n.csv", "at\n1\nx\n").with("c.csv", "n\n1.5\n");
        let error = |text: &str| validate(&spec(text), &inputs, &[], None).unwrap_err().to_string();
        assert!(
            error(r#"{ trace = { file = "t.csv", column = "at" } }"#)
                .starts_with("t.csv:4: column `at`: instants must ascend")
        );
        assert!(
            error(r#"{ trace = { file = "n.csv", column = "at" } }"#)
                .starts_with("n.csv:3: column `at`: expected a time")
        );
        assert!(
            error(r#"{ counts = { file = "c.csv", column = "n" } }"#)
                .starts_with("c.csv:2: column `n`: expected a whole")
        );
        assert!(error(r#"{ trace = { file = "no.csv", column = "at" } }"#).starts_with("no.csv: no such file"));
    }
}
