//! `pushpull compare`: which of two scenarios is better, with the same arrivals and draws on both sides.

use clap::Args;

use crate::report::{Side, compare_chart, compare_csv, compare_json, compare_text, differences_chart};
use crate::scenario::WarmUp;
use crate::study::{compare, overloads, replicate_pair};

use super::load::{Loaded, load};
use super::output::Output;
use super::progress::Bar;
use super::replicating::Replicating;
use super::{Failure, complain, read_to_the_end, warn, warn_of_overloads};

#[derive(Args)]
pub(super) struct Arguments {
    /// The first scenario, A
    a: String,
    /// The second scenario, B; by default the first again, with what --set-b changes
    b: Option<String>,
    /// Change a key on both sides
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Change a key of A
    #[arg(long, value_name = "PATH=VALUE")]
    set_a: Vec<String>,
    /// Change a key of B
    #[arg(long, value_name = "PATH=VALUE")]
    set_b: Vec<String>,
    #[command(flatten)]
    replicating: Replicating,
    #[command(flatten)]
    output: Output,
}

/// Pairs of runs where none are asked for.
const REPLICATIONS: usize = 10;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let b = arguments.b.as_ref().unwrap_or(&arguments.a);
    if arguments.a == "-" && *b == "-" {
        return Err(Failure::standard_input());
    }
    if *b == arguments.a && arguments.set_a == arguments.set_b {
        let hint = "give a second scenario, or change a key of one side by --set-b PATH=VALUE";
        return Err(Failure::Input(format!("error: both sides are {b}; {hint}")));
    }
    let side = |path: &str, option: &str, sets: &[String]| {
        load(path, &[(&format!("{path}: --set"), &arguments.set), (option, sets)])
    };
    let mut a = side(&arguments.a, "--set-a", &arguments.set_a)?;
    let mut b = side(b, "--set-b", &arguments.set_b)?;
    if a.scenario.seed != b.scenario.seed && !arguments.output.quiet && !arguments.replicating.has_seed() {
        complain(&format!(
            "warning: both sides run with the seeds of A, from {}; B says {}",
            a.scenario.seed, b.scenario.seed
        ));
    }
    let folder = arguments.output.folder(|| format!("{}-vs-{}", a.scenario.name, b.scenario.name))?;
    if !arguments.output.quiet {
        for one in [&a, &b] {
            warn(&one.scenario);
            warn_of_overloads(&one.scenario.name, &overloads(one.subject()));
        }
    }
    let bar = Bar::new(arguments.output.quiet);
    let workers = arguments.replicating.workers(&bar)?;
    let automatic = [&a, &b].iter().any(|one| one.scenario.warm_up == WarmUp::Auto);
    for Loaded { scenario, text } in [&mut a, &mut b] {
        let name = scenario.name.clone();
        arguments.replicating.settle(scenario, &name, &text.files, &workers);
    }
    if automatic {
        // Both sides count the same events: those after the later of the two.
        let later = a.scenario.warm_up.length().max(b.scenario.warm_up.length());
        [&mut a, &mut b].into_iter().for_each(|one| one.scenario.warm_up = WarmUp::Fixed(later));
    }
    // Both sides draw from the same seeds: those of A.
    let seed = arguments.replicating.seed(&a.scenario);
    let replications = arguments.replicating.replications(REPLICATIONS);
    let pair = replicate_pair([a.subject(), b.subject()], seed, replications, &workers);
    drop(workers);
    drop(bar);
    [&a, &b].iter().try_for_each(|one| read_to_the_end(&one.text.files))?;
    let [(of_a, first_a), (of_b, first_b)] = &pair;
    let differences = compare(of_a, of_b, arguments.replicating.level);
    let sides = [
        Side {
            scenario: &a.scenario,
            set: &arguments.set,
            changes: &arguments.set_a,
            replications: of_a,
            first: first_a,
        },
        Side {
            scenario: &b.scenario,
            set: &arguments.set,
            changes: &arguments.set_b,
            replications: of_b,
            first: first_b,
        },
    ];
    let charts = || {
        Ok(vec![("compare.svg", compare_chart(&sides)?), ("differences.svg", differences_chart(&sides, &differences)?)])
    };
    let tables = vec![("compare.csv", compare_csv(&differences))];
    let text = || compare_text(&sides, &differences);
    arguments.output.write(&folder, tables, &charts, &compare_json(&sides, &differences), &text)
}
