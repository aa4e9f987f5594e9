//! `pushpull run`: simulate scenarios, print a summary, write tables and charts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::metrics::{self, Outcome, Summary, Unknown};
use crate::report::{Folder, charts, series_csv, summary_csv, text, unknowns_chart, unknowns_csv};
use crate::scenario::Scenario;
use crate::simulate;
use crate::study::{
    Enough, Precision, Replications, Subject, Workers, alternatives, is_within_reach, overloads, replicate,
    replicate_all, theory, unknowns,
};

use super::facts::Facts;
use super::load::Loaded;
use super::output::{Output, unfinished, usable};
use super::progress::Bar;
use super::replicating::{Replicating, whole};
use super::{Failure, Scenarios, complain, describe, print, read_to_the_end, warn, warn_of_overloads};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    of: Scenarios,
    #[command(flatten)]
    replicating: Replicating,
    /// Go on until this metric's mean is known so precisely, such as sources.logs.latency_ms.p99=2%
    #[arg(long, value_name = "METRIC=SHARE")]
    precision: Vec<String>,
    /// Run the ways in which Lambda may behave where AWS does not document it, and say how far figures depend on them
    #[arg(long)]
    unknowns: bool,
    /// Where a precision is asked: replications at most
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "precision", value_parser = whole(2, 1_000_000))]
    max_replications: u64,
    /// Write every fact to a CSV file
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.facts.is_some() && arguments.of.scenarios.len() > 1 {
        return Err(Failure::Input("error: --facts takes one scenario, since it is one file".into()));
    }
    arguments.of.read_standard_input_once()?;
    // All input is read before anything runs, so that bad input leaves nothing behind.
    let mut loaded = Vec::new();
    let mut folders: BTreeMap<PathBuf, &str> = BTreeMap::new();
    for path in &arguments.of.scenarios {
        let one = arguments.of.load(path)?;
        let folder = usable(folder(arguments, &one.scenario.name))?;
        if let Some(other) = folders.insert(folder.clone(), path) {
            let folder = folder.display();
            return Err(Failure::Input(format!("error: {other} and {path} would both write to {folder}")));
        }
        let enough =
            enough(arguments, &one.scenario).map_err(|what| Failure::Input(format!("error: {path}: {what}")))?;
        loaded.push((one, folder, enough));
    }
    if !arguments.output.quiet {
        loaded.iter().for_each(|(one, ..)| warn(&one.scenario));
    }
    let mut met = true;
    for (path, (one, folder, enough)) in arguments.of.scenarios.iter().zip(&mut loaded) {
        let facts = arguments.facts.as_ref().map(|facts| Facts::open(facts, path, one, folder, &arguments.output));
        met &= simulate_one(arguments, one, folder, enough, facts.transpose()?)?;
    }
    if met { Ok(()) } else { Err(Failure::Unmet) }
}

fn folder(arguments: &Arguments, scenario: &str) -> PathBuf {
    match &arguments.output.out {
        Some(out) if arguments.of.scenarios.len() == 1 => out.clone(),
        Some(out) => out.join(scenario),
        None => Path::new("output").join(scenario),
    }
}

/// Replications where none are asked for; where alternatives are compared; where a precision is asked.
const REPLICATIONS: usize = 1;
const REPLICATIONS_OF_UNKNOWNS: usize = 5;
const REPLICATIONS_OF_PRECISION: usize = 10;

/// When there are enough replications of a scenario.
fn enough(arguments: &Arguments, scenario: &Scenario) -> Result<Enough, String> {
    let known = if arguments.precision.is_empty() { vec![] } else { metrics::names(scenario) };
    let precision = arguments.precision.iter().map(|text| Precision::parse(text, &known));
    let precision = precision.collect::<Result<Vec<_>, _>>()?;
    let most = arguments.max_replications as usize;
    let default = match (precision.is_empty(), arguments.unknowns) {
        (false, _) => REPLICATIONS_OF_PRECISION.min(most),
        (true, true) => REPLICATIONS_OF_UNKNOWNS,
        (true, false) => REPLICATIONS,
    };
    let replications = arguments.replicating.replications(default);
    if arguments.unknowns && replications < 2 {
        return Err("--unknowns needs at least 2 replications: one run has no interval".into());
    }
    if !precision.is_empty() && replications > most {
        return Err(format!("--replications {replications} is more than --max-replications {most}"));
    }
    Ok(Enough { replications, most, level: arguments.replicating.level, precision })
}

/// Runs one scenario; tells whether it met what it expects.
fn simulate_one(
    arguments: &Arguments,
    loaded: &mut Loaded,
    folder: &Path,
    enough: &Enough,
    mut facts: Option<Facts>,
) -> Result<bool, Failure> {
    let bar = Bar::new(arguments.output.quiet);
    let workers = arguments.replicating.workers(&bar)?;
    let name = loaded.scenario.name.clone();
    let found = arguments.replicating.settle(&mut loaded.scenario, &name, &loaded.text.files, &workers);
    let overloads = overloads(loaded.subject());
    if !arguments.output.quiet {
        warn_of_overloads(&loaded.scenario.name, &overloads);
    }
    let loaded = &*loaded;
    let scenario = &loaded.scenario;
    let seed = arguments.replicating.seed(scenario);
    let (runs, first) = if enough.is_one() {
        let outcome = match &mut facts {
            Some(facts) => facts.simulate(loaded, seed)?,
            None => simulate(scenario, seed, &loaded.text.files, &mut ()),
        };
        let runs = is_within_reach(scenario).then(|| Replications::of_one(loaded.subject(), seed, &outcome));
        (runs, outcome)
    } else {
        let (runs, first) = replicate(loaded.subject(), seed, enough, &workers);
        // Facts are those of the first replication, which is run once more for them.
        facts.as_mut().map(|facts| facts.simulate(loaded, seed)).transpose()?;
        (Some(runs), first)
    };
    let unknowns = match &runs {
        Some(runs) if arguments.unknowns => vary_unknowns(arguments, loaded, runs, &workers)?,
        _ => vec![],
    };
    drop(workers);
    drop(bar);
    read_to_the_end(&loaded.text.files)?;
    if !arguments.output.quiet {
        warn_of_warm_up(scenario, &first);
    }
    let mut summary = Summary::new(scenario, seed, &first);
    summary.set.clone_from(&arguments.of.set);
    summary.warm_up = found;
    summary.overloads = overloads;
    summary.unknowns = unknowns;
    if let Some(runs) = &runs {
        if is_within_reach(scenario) {
            summary.theory = theory(loaded.subject(), runs, enough.level);
        }
        if !enough.is_one() {
            summary.precision = enough.reached(runs);
            summary.set_confidence(scenario, runs.all(enough.level));
        }
    }
    let met = summary.met();
    facts.map_or(Ok(()), Facts::keep)?;
    write(arguments, scenario, &summary, &first, folder)?;
    Ok(met)
}

/// Says where the warm-up leaves nothing to count: without a `duration`, only the run shows when emission ends.
fn warn_of_warm_up(scenario: &Scenario, outcome: &Outcome) {
    let (begin, end) = outcome.window;
    if scenario.duration.is_none() && !scenario.warm_up.length().is_zero() && end <= begin {
        let (name, warm_up) = (&scenario.name, scenario.warm_up.length());
        complain(&format!(
            "warning: {name}: the warm-up of {warm_up} leaves nothing: the last event occurs before its end"
        ));
    }
}

/// Runs the scenario under each assumption that could take the place of one of ours.
fn vary_unknowns(
    arguments: &Arguments,
    loaded: &Loaded,
    base: &Replications,
    workers: &Workers<'_>,
) -> Result<Vec<Unknown>, Failure> {
    // What follows reads the files once more.
    read_to_the_end(&loaded.text.files)?;
    let document = loaded.text.document(&[("--set", &arguments.of.set)])?;
    let alternatives = alternatives(&loaded.scenario, &|path| document.sets(path));
    let mut scenarios = Vec::new();
    for alternative in &alternatives {
        let mut scenario = loaded.text.scenario(&[("--set", &arguments.of.set), ("--unknowns", &alternative.set)])?;
        scenario.warm_up = loaded.scenario.warm_up;
        scenarios.push(scenario);
    }
    let inputs = &loaded.text.files;
    let subjects: Vec<Subject<'_>> = scenarios.iter().map(|scenario| Subject { scenario, inputs }).collect();
    let runs = replicate_all(&subjects, base.seed, base.runs.len(), workers, &());
    Ok(unknowns(base, alternatives.into_iter().zip(runs).collect(), arguments.replicating.level))
}

/// Writes and prints what came out.
fn write(
    arguments: &Arguments,
    scenario: &Scenario,
    summary: &Summary,
    outcome: &Outcome,
    folder: &Path,
) -> Result<(), Failure> {
    let mut output = Folder::new(folder);
    output.add("summary.csv", summary_csv(summary));
    if arguments.unknowns {
        output.add("unknowns.csv", unknowns_csv(summary));
    }
    if arguments.unknowns && !arguments.output.no_charts {
        output.add("unknowns.svg", unknowns_chart(summary).map_err(|error| unfinished(folder, &error))?);
    }
    output.add("series.csv", series_csv(outcome, &scenario.names()));
    if !arguments.output.no_charts {
        for (name, svg) in charts(scenario, summary, outcome).map_err(|error| unfinished(folder, &error))? {
            output.add(name, svg);
        }
    }
    output.write(summary.json(true)).map_err(|error| unfinished(folder, &describe(&error)))?;
    if arguments.output.json {
        print(&summary.json(false))?;
    } else if !arguments.output.quiet {
        print(&format!("{}\nwritten to {}\n", text(scenario, summary), folder.display()))?;
    }
    if !summary.met() && (arguments.output.json || arguments.output.quiet) {
        for verdict in summary.expect.iter().filter(|verdict| !verdict.met) {
            let got = verdict.got.map_or("nothing".to_owned(), |got| got.to_string());
            complain(&format!("{}: expected {} {}, got {got}", scenario.name, verdict.metric, verdict.want));
        }
    }
    Ok(())
}
