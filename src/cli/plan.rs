//! `pushpull plan`: the cheapest settings that meet all requirements, or the highest load that still does.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::metrics;
use crate::report::{
    Planned, Searched, plan_chart, plan_csv, plan_json, plan_text, search_chart, search_csv, search_json, search_text,
};
use crate::scenario::Scenario;
use crate::study::{Goal, Requirement, Search, find, known_metric, plan};

use super::grid::Grid;
use super::load::Text;
use super::output::Output;
use super::progress::Bar;
use super::replicating::{Replicating, whole};
use super::{Failure, read_to_the_end, warn};

#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).args(["vary", "find"]))]
#[command(group = ArgGroup::new("end").args(["max", "min"]))]
pub(super) struct Arguments {
    /// Scenario file; `-` is standard input
    scenario: String,
    /// A key and its values, as in `sweep`; several span a grid
    #[arg(long, value_name = "PATH=VALUES")]
    vary: Vec<String>,
    /// What a figure is to be, such as 'sources.logs.latency_ms.p99<500'; several must all be met
    #[arg(long, value_name = "METRIC<VALUE", required = true)]
    require: Vec<String>,
    /// The metric of which the least is wanted
    #[arg(long, value_name = "METRIC", default_value = "cost_usd.total", conflicts_with = "find")]
    minimize: String,
    /// A key with a number of which the highest or lowest value is wanted that still meets the requirements
    #[arg(long, value_name = "PATH", requires = "end")]
    find: Option<String>,
    /// Find the highest value
    #[arg(long, requires = "find", conflicts_with = "vary")]
    max: bool,
    /// Find the lowest value
    #[arg(long, requires = "find", conflicts_with = "vary")]
    min: bool,
    /// How near the found value is to be, as a share of it; whole numbers are found exactly
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = tolerance, conflicts_with = "vary")]
    tolerance: f64,
    /// Change a key of the scenario
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    replicating: Replicating,
    /// With --vary: runs of a point at most, where its intervals do not decide before [default: 40, or --replications where those are more]
    #[arg(long, value_name = "N", value_parser = whole(2, 1_000_000), conflicts_with = "find")]
    max_replications: Option<u64>,
    #[command(flatten)]
    output: Output,
}

/// Runs of a point that may be the one, where none are asked for.
const REPLICATIONS: usize = 10;
/// Runs of a point whose intervals do not decide, where no other number is asked for.
const MOST_REPLICATIONS: usize = 40;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.find {
        Some(path) => search(arguments, path),
        None => choose(arguments),
    }
}

/// Whether a plan met what was required.
fn verdict(met: bool) -> Result<(), Failure> {
    if met { Ok(()) } else { Err(Failure::Unmet) }
}

fn choose(arguments: &Arguments) -> Result<(), Failure> {
    let mut grid = Grid::read(&arguments.scenario, &arguments.set, &arguments.vary)?;
    let known = metrics::names(grid.first());
    let (replications, most) = replications(arguments)?;
    let goal = Goal {
        requirements: requirements(arguments, &known)?,
        minimize: known_metric(&arguments.minimize, &known)
            .map_err(|what| Failure::Input(format!("error: --minimize: {what}")))?,
        level: arguments.replicating.level,
        replications,
        most,
    };
    let folder = folder(arguments, grid.first())?;
    if !arguments.output.quiet {
        grid.warn();
    }
    let bar = Bar::new(arguments.output.quiet);
    let workers = arguments.replicating.workers(&bar)?;
    grid.settle(&arguments.replicating, &workers);
    let candidates = plan(&grid.subjects(), arguments.replicating.seed(grid.first()), &goal, &workers);
    drop(workers);
    drop(bar);
    read_to_the_end(&grid.text.files)?;
    let planned = Planned {
        axes: &grid.axes,
        set: &arguments.set,
        places: grid.points.iter().map(|point| &point.places[..]).collect(),
        goal: &goal,
        candidates: &candidates,
        scenario: grid.first(),
    };
    let charts = || Ok(vec![("plan.svg", plan_chart(&planned)?)]);
    let tables = vec![("plan.csv", plan_csv(&planned))];
    arguments.output.write(&folder, tables, &charts, &plan_json(&planned), &|| plan_text(&planned))?;
    verdict(planned.best().is_some())
}

fn search(arguments: &Arguments, path: &str) -> Result<(), Failure> {
    let text = Text::open(&arguments.scenario)?;
    let base = ("--set", &arguments.set[..]);
    let scenario = text.scenario(&[base])?;
    let document = text.document(&[base])?;
    let refuse = |what: &str| Failure::Input(format!("error: --find {path}: {what}"));
    let start = document.number(path).map_err(|what| refuse(&what))?;
    if document.keys(path).is_some_and(|keys| keys == ["seed"]) {
        return Err(refuse("all values are run with the same seeds; --replications runs more of them"));
    }
    let set = |value: &str| text.scenario(&[base, ("--find", &[format!("{path}={value}")])]);
    // A key that takes 1.5 takes all numbers, and so does one that ends at 1 and takes 0.5; one that takes neither is a count.
    let takes = |value: f64| set(&format!("{value:?}")).is_ok();
    let whole = !takes(start.trunc() + 0.5) && !takes(start.trunc() - 0.5);
    let written = |value: f64| if whole { format!("{value:.0}") } else { format!("{value:?}") };
    let search = Search {
        requirements: requirements(arguments, &metrics::names(&scenario))?,
        start,
        highest: arguments.max,
        whole,
        tolerance: arguments.tolerance,
        replications: replications(arguments)?.0,
        level: arguments.replicating.level,
    };
    let folder = folder(arguments, &scenario)?;
    if !arguments.output.quiet {
        warn(&scenario);
    }
    let bar = Bar::new(arguments.output.quiet);
    let workers = arguments.replicating.workers(&bar)?;
    let seed = arguments.replicating.seed(&scenario);
    let found = find(&search, seed, &workers, &text.files, &mut |value| {
        let mut scenario = set(&written(value)).ok()?;
        let of = format!("{} at {path}={}", scenario.name, written(value));
        arguments.replicating.settle(&mut scenario, &of, &text.files, &workers);
        Some(scenario)
    });
    drop(workers);
    drop(bar);
    read_to_the_end(&text.files)?;
    let searched = Searched { path, set: &arguments.set, search: &search, found: &found, scenario: &scenario };
    let charts = || Ok(vec![("plan.svg", search_chart(&searched)?)]);
    let tables = vec![("plan.csv", search_csv(&searched))];
    arguments.output.write(&folder, tables, &charts, &search_json(&searched), &|| search_text(&searched))?;
    verdict(found.value.is_some())
}

fn requirements(arguments: &Arguments, known: &[String]) -> Result<Vec<Requirement>, Failure> {
    let read = arguments.require.iter().map(|text| Requirement::parse(text, known));
    read.collect::<Result<_, _>>().map_err(|what| Failure::Input(format!("error: --require {what}")))
}

/// Runs of a point that may be the one, and of one whose intervals do not decide.
fn replications(arguments: &Arguments) -> Result<(usize, usize), Failure> {
    let most = arguments.max_replications.map(|most| most as usize);
    let wanted = arguments.replicating.replications(REPLICATIONS.min(most.unwrap_or(REPLICATIONS)));
    match most {
        _ if wanted == 1 => {
            Err(Failure::Input("error: --replications 1: one run has no interval; at least 2 are needed".into()))
        }
        Some(most) if wanted > most => {
            Err(Failure::Input(format!("error: --replications {wanted} is more than --max-replications {most}")))
        }
        most => Ok((wanted, most.unwrap_or(MOST_REPLICATIONS.max(wanted)))),
    }
}

fn folder(arguments: &Arguments, scenario: &Scenario) -> Result<PathBuf, Failure> {
    arguments.output.folder(|| format!("{}-plan", scenario.name))
}

/// How near: a share above 0, or percent.
fn tolerance(text: &str) -> Result<f64, String> {
    match super::replicating::share(text) {
        Some(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("expected a share above 0 and below 1, such as 1% or 0.01".into()),
    }
}
