//! The command line: one file per verb. Data goes to standard output, everything else to standard error.

mod check;
mod compare;
mod facts;
mod files;
mod grid;
mod journal;
mod list;
mod load;
mod new;
mod output;
mod plan;
mod progress;
mod replicating;
mod run;
mod schema;
mod sweep;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::metrics::Overload;
use crate::report::overload_text;
use crate::scenario::{Report, Scenario};

pub use files::Files;
use load::{Loaded, load};

/// Discrete-event simulation of AWS Lambda's event sources.
#[derive(Parser)]
#[command(name = "pushpull", version, about, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Simulate scenarios; print a summary; write tables and charts
    Run(run::Arguments),
    /// The figures over a grid of settings
    Sweep(sweep::Arguments),
    /// The cheapest settings that meet requirements, or the highest load that still does
    Plan(plan::Arguments),
    /// Which of two scenarios is better, over the same arrivals and draws
    Compare(compare::Arguments),
    /// Validate scenarios only
    Check(check::Arguments),
    /// Event sources, distributions, arrivals and profiles, with one line each
    List,
    /// Write a commented starter scenario, NAME.toml
    New(new::Arguments),
    /// The JSON Schema of a scenario, for editors
    Schema,
}

/// What every verb that reads scenarios takes.
#[derive(Args)]
struct Scenarios {
    /// Scenario files; `-` is standard input
    #[arg(required = true)]
    scenarios: Vec<String>,
    /// Change a key of the scenario, such as source.logs.batch_size=500
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl Scenarios {
    /// Reads one of them. What cannot be changed in one of several is told with its name.
    fn load(&self, path: &str) -> Result<Loaded, Failure> {
        let option = if self.scenarios.len() > 1 { format!("{path}: --set") } else { "--set".into() };
        load(path, &[(&option, &self.set)])
    }

    /// Refuses what would read standard input twice.
    fn read_standard_input_once(&self) -> Result<(), Failure> {
        match self.scenarios.iter().filter(|path| *path == "-").count() {
            0 | 1 => Ok(()),
            _ => Err(Failure::standard_input()),
        }
    }
}

/// Why a command did not do what was asked.
enum Failure {
    /// Bad input; nothing was written.
    Input(String),
    /// It could not be finished.
    Unfinished(String),
    /// An expectation was not met.
    Unmet,
}

impl Failure {
    /// Several scenarios are to come from standard input.
    fn standard_input() -> Failure {
        Failure::Input("error: standard input can be read once: `-` stands for one scenario only".into())
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Failure {
        Failure::Input(report.render(colour()))
    }
}

/// Runs the command line; the exit status is the contract's.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Sweep(arguments) => sweep::run(&arguments),
        Verb::Plan(arguments) => plan::run(&arguments),
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::List => print(&list::text()),
        Verb::New(arguments) => new::run(&arguments),
        Verb::Schema => print(&schema::text()),
    };
    let (message, status) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Unmet) => return ExitCode::from(1),
        Err(Failure::Input(message)) => (message, 2),
        Err(Failure::Unfinished(message)) => (format!("error: {message}"), 1),
    };
    complain(message.trim_end());
    ExitCode::from(status)
}

/// Writes to standard output; a reader that has gone away is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Unfinished(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error, or nowhere where that is closed.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Says what AWS advises and a scenario does not follow, and what of it can never succeed.
fn warn(scenario: &Scenario) {
    for advice in scenario.advice() {
        complain(&format!("warning: {}: {advice}", scenario.name));
    }
}

/// Says which queues of the scenario `name` can only grow.
fn warn_of_overloads(name: &str, overloads: &[Overload]) {
    overloads.iter().for_each(|overload| complain(&format!("warning: {name}: {}", overload_text(overload))));
}

fn colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stderr().is_terminal()
}

/// Whether every file beside the scenario could be read by the run, and is what it was.
fn read_to_the_end(files: &Files) -> Result<(), Failure> {
    files.failure().map_or(Ok(()), |failure| Err(Failure::Unfinished(failure.to_string())))
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::IsADirectory => "a folder, not a file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}
