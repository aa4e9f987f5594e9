//! `pushpull check`: validate only.

use clap::Args;

use super::{Failure, load};

#[derive(Args)]
pub(super) struct Arguments {
    /// Scenario files; `-` is standard input
    #[arg(required = true)]
    scenarios: Vec<String>,
    /// Change a key of the scenario, such as source.logs.batch_size=500
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Say nothing of what is in order
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for path in &arguments.scenarios {
        match load(path, &arguments.set) {
            Ok(_) if arguments.quiet => {}
            Ok(_) => super::print(&format!("{path}: in order\n"))?,
            Err(Failure::Input(message)) => wrong.push(message.trim_end().to_owned()),
            Err(failure) => return Err(failure),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Input(wrong.join("\n\n"))) }
}
