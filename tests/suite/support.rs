#![allow(dead_code, reason = "each theme uses what it needs")]
//! What all themes use: running a scenario's text, reading its summary and its facts.

use pushpull::engine::Fact;
use pushpull::inputs::MemoryInputs;
use pushpull::metrics::{Outcome, Summary, Watch};
use pushpull::report::FactsCsv;
use pushpull::scenario::{Names, Scenario};
use pushpull::time::SimTime;
use serde_json::Value;

/// Reads a scenario that must be valid.
pub fn read(text: &str) -> Scenario {
    pushpull::read("test.toml", text, &[], &MemoryInputs::new()).unwrap_or_else(|report| panic!("{text}\n{report}"))
}

/// Runs a scenario's text with its own seed.
pub fn outcome(text: &str, seed: u64) -> (Scenario, Outcome) {
    let scenario = read(text);
    let outcome = pushpull::simulate(&scenario, seed, &MemoryInputs::new(), &mut ());
    (scenario, outcome)
}

/// The summary of a scenario's text, run with `seed`.
pub fn summary(text: &str, seed: u64) -> Figures {
    let (scenario, outcome) = outcome(text, seed);
    Figures(Summary::new(&scenario, seed, &outcome).to_json())
}

/// A summary whose figures are found by their names.
pub struct Figures(pub Value);

impl Figures {
    /// The figure named `metric`; it must exist.
    pub fn get(&self, metric: &str) -> f64 {
        self.find(metric).unwrap_or_else(|| panic!("no figure `{metric}` in {:#}", self.0))
    }

    /// The figure named `metric`, unless it is null.
    pub fn find(&self, metric: &str) -> Option<f64> {
        // Names of destinations hold dots themselves.
        fn below(value: &Value, path: &str) -> Option<f64> {
            let object = value.as_object()?;
            object.iter().find_map(|(key, value)| match path.strip_prefix(key.as_str())? {
                "" => value.as_f64(),
                rest => below(value, rest.strip_prefix('.')?),
            })
        }
        below(&self.0, metric)
    }
}

/// Runs a scenario's text and lets `hear` hear every fact.
pub fn watch(text: &str, seed: u64, hear: impl FnMut(SimTime, &Fact<'_>)) {
    struct Hear<F>(F);
    impl<F: FnMut(SimTime, &Fact<'_>)> Watch for Hear<F> {
        fn fact(&mut self, at: SimTime, fact: &Fact<'_>, _: &Names) {
            (self.0)(at, fact);
        }
    }
    pushpull::simulate(&read(text), seed, &MemoryInputs::new(), &mut Hear(hear));
}

/// The summary and the facts of a scenario's text, of one run.
pub fn summary_and_facts(text: &str, seed: u64) -> (Figures, Vec<Row>) {
    let scenario = read(text);
    let mut facts = FactsCsv::new(Vec::new());
    let outcome = pushpull::simulate(&scenario, seed, &MemoryInputs::new(), &mut facts);
    let csv = String::from_utf8(facts.finish(&scenario.names()).unwrap()).unwrap();
    (Figures(Summary::new(&scenario, seed, &outcome).to_json()), parse_facts(&csv))
}

/// What is wrong with a scenario that must be refused.
pub fn refusal(text: &str) -> String {
    match pushpull::read("test.toml", text, &[], &MemoryInputs::new()) {
        Ok(_) => panic!("not refused:\n{text}"),
        Err(report) => report.to_string(),
    }
}

/// A row of the facts file.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub time: f64,
    pub nanos: u64,
    pub fact: String,
    pub function: String,
    pub source: String,
    pub first_event: Option<u64>,
    pub last_event: Option<u64>,
    pub n_events: Option<u64>,
    pub invocation: Option<u64>,
    pub attempt: Option<u64>,
    pub environment: String,
    pub condition: String,
    pub invoke_count: Option<u64>,
}

/// The bytes of the facts file of a scenario's text.
pub fn facts_csv(text: &str, seed: u64) -> String {
    let scenario = read(text);
    let mut facts = FactsCsv::new(Vec::new());
    pushpull::simulate(&scenario, seed, &MemoryInputs::new(), &mut facts);
    String::from_utf8(facts.finish(&scenario.names()).unwrap()).unwrap()
}

/// The facts of a scenario's text.
pub fn facts(text: &str, seed: u64) -> Vec<Row> {
    parse_facts(&facts_csv(text, seed))
}

/// The rows of a facts file.
pub fn parse_facts(csv: &str) -> Vec<Row> {
    let rows = csv.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), 12, "{line}");
        let number = |place: usize| (!cells[place].is_empty()).then(|| cells[place].parse().unwrap());
        Row {
            time: cells[0].parse().unwrap(),
            nanos: cells[0].replace('.', "").parse().unwrap(),
            fact: cells[1].into(),
            function: cells[2].into(),
            source: cells[3].into(),
            first_event: number(4),
            last_event: number(5),
            n_events: number(6),
            invocation: number(7),
            attempt: number(8),
            environment: cells[9].into(),
            condition: cells[10].into(),
            invoke_count: number(11),
        }
    });
    rows.collect()
}
