//! The command line of pushpull.

fn main() -> std::process::ExitCode {
    pushpull::cli::main()
}
