//! `pushpull sweep`: the figures over a grid of settings.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::metrics;
use crate::report::{Folder, Sweep, sweep_chart, sweep_csv, sweep_json, sweep_text};
use crate::study::{known_metric, replicate_all};

use super::grid::Grid;
use super::journal::Runs;
use super::progress::Bar;
use super::replicating::Replicating;
use super::{Failure, complain, describe, print, read_to_the_end};

#[derive(Args)]
pub(super) struct Arguments {
    /// Scenario file; `-` is standard input
    scenario: String,
    /// A key and its values: PATH=V1,V2,..., PATH=1..10, PATH=0..1 step 0.1, PATH=10..1000 log 7; several span a grid
    #[arg(long, value_name = "PATH=VALUES", required = true)]
    vary: Vec<String>,
    /// Change a key of the scenario at all points
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// A metric for text and chart; the table has all [default: 99th percentiles of latency, and the cost]
    #[arg(long, value_name = "METRIC")]
    metric: Vec<String>,
    #[command(flatten)]
    replicating: Replicating,
    /// Folder for table and chart [default: output/SCENARIO-sweep]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the sweep as one line of JSON, and nothing else
    #[arg(long)]
    json: bool,
    /// Draw no chart
    #[arg(long)]
    no_charts: bool,
    /// Print nothing but what is wrong
    #[arg(long)]
    quiet: bool,
}

/// Runs of each point where none are asked for.
const REPLICATIONS: usize = 5;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut grid = Grid::read(&arguments.scenario, &arguments.set, &arguments.vary)?;
    let known = metrics::names(grid.first());
    let asked = arguments.metric.iter().map(|metric| known_metric(metric, &known)).collect::<Result<Vec<_>, _>>();
    let asked = asked.map_err(|what| Failure::Input(format!("error: --metric: {what}")))?;
    let default = || Path::new("output").join(format!("{}-sweep", grid.first().name));
    let folder = arguments.out.clone().unwrap_or_else(default);
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::Input(format!("error: {} is a file; --out takes a folder", folder.display())));
    }
    if !arguments.quiet {
        grid.warn();
    }
    let unfinished = |error: &dyn std::fmt::Display| Failure::Unfinished(format!("{}: {error}", folder.display()));
    let seed = arguments.replicating.seed(grid.first());
    let study = format!("{} {:?} {:?} {seed}", grid.text.fingerprint(), arguments.set, arguments.vary);
    let journal = Runs::open(&folder, &study).map_err(|error| unfinished(&describe(&error)))?;
    if journal.known() > 0 && !arguments.quiet {
        complain(&format!("going on where it was stopped: {} runs are known", journal.known()));
    }
    let bar = Bar::new(arguments.quiet);
    let workers = arguments.replicating.workers(&bar)?;
    grid.settle(&arguments.replicating, &workers);
    let replications = arguments.replicating.replications(REPLICATIONS);
    let runs = replicate_all(&grid.subjects(), seed, replications, &workers, &journal);
    drop(workers);
    drop(bar);
    read_to_the_end(&grid.text.files)?;
    if let Some(failure) = journal.failure() {
        return Err(Failure::Unfinished(failure));
    }
    let sweep = Sweep {
        axes: &grid.axes,
        points: grid.points.iter().zip(&runs).map(|(point, runs)| point.swept(runs)).collect(),
        metrics: asked,
        level: arguments.replicating.level,
    };
    let mut output = Folder::new(&folder);
    output.add("sweep.csv", sweep_csv(&sweep));
    if !arguments.no_charts {
        output.add("sweep.svg", sweep_chart(&sweep).map_err(|error| unfinished(&error))?);
    }
    let json = sweep_json(&sweep);
    output.write(json.pretty()).map_err(|error| unfinished(&describe(&error)))?;
    journal.remove().map_err(|error| unfinished(&describe(&error)))?;
    if arguments.json {
        print(&json.line())?;
    } else if !arguments.quiet {
        print(&format!("{}\nwritten to {}\n", sweep_text(&sweep), folder.display()))?;
    }
    Ok(())
}
