//! `pushpull check`: validate only.

use clap::Args;

use crate::study::overloads;

use super::{Failure, Scenarios, print, warn, warn_of_overloads};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    of: Scenarios,
    /// Say nothing of what is in order
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.of.read_standard_input_once()?;
    let mut wrong = Vec::new();
    for path in &arguments.of.scenarios {
        match arguments.of.load(path) {
            Ok(_) if arguments.quiet => {}
            Ok(loaded) => {
                warn(&loaded.scenario);
                warn_of_overloads(&loaded.scenario.name, &overloads(loaded.subject()));
                print(&format!("{path}: in order\n"))?;
            }
            Err(Failure::Input(message)) => wrong.push(message.trim_end().to_owned()),
            Err(failure) => return Err(failure),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Input(wrong.join("\n\n"))) }
}
