//! `pushpull sweep`: the figures over a grid of settings.

use clap::Args;

use crate::metrics;
use crate::report::{Sweep, sweep_chart, sweep_csv, sweep_json, sweep_text};
use crate::study::{known_metric, replicate_all};

use super::grid::Grid;
use super::journal::Runs;
use super::output::{Output, unfinished};
use super::progress::Bar;
use super::replicating::Replicating;
use super::{Failure, complain, describe, read_to_the_end};

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
    #[command(flatten)]
    output: Output,
}

/// Runs of each point where none are asked for.
const REPLICATIONS: usize = 5;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut grid = Grid::read(&arguments.scenario, &arguments.set, &arguments.vary)?;
    let known = metrics::names(grid.first());
    let asked = arguments.metric.iter().map(|metric| known_metric(metric, &known)).collect::<Result<Vec<_>, _>>();
    let asked = asked.map_err(|what| Failure::Input(format!("error: --metric: {what}")))?;
    let folder = arguments.output.folder(|| format!("{}-sweep", grid.first().name))?;
    if !arguments.output.quiet {
        grid.warn();
    }
    let seed = arguments.replicating.seed(grid.first());
    let study = format!("{} {:?} {:?} {seed}", grid.text.fingerprint(), arguments.set, arguments.vary);
    let journal = Runs::open(&folder, &study)?;
    if journal.known() > 0 && !arguments.output.quiet {
        complain(&format!("going on where it was stopped: {} runs are known", journal.known()));
    }
    if journal.forgot() && !arguments.output.quiet {
        let folder = folder.display();
        complain(&format!("warning: the finished runs of another sweep, which was stopped, are given up in {folder}"));
    }
    let bar = Bar::new(arguments.output.quiet);
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
        set: &arguments.set,
        points: grid.points.iter().zip(&runs).map(|(point, runs)| point.swept(runs)).collect(),
        metrics: asked,
        level: arguments.replicating.level,
    };
    let charts = || Ok(vec![("sweep.svg", sweep_chart(&sweep)?)]);
    let tables = vec![("sweep.csv", sweep_csv(&sweep))];
    arguments.output.write(&folder, tables, &charts, &sweep_json(&sweep), &|| sweep_text(&sweep))?;
    journal.remove().map_err(|error| unfinished(&folder, &describe(&error)))
}
