//! A bar on standard error with the runs done, those to come and the time left; on anything but a terminal, nothing.

use std::fmt;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::study::Progress;

/// The bar of a study.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar without runs yet; hidden where `quiet`, and where standard error is no terminal.
    pub(super) fn new(quiet: bool) -> Bar {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template("{bar:30} {pos} of {len} runs{left}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        // Before the first run has ended nobody knows.
        bar.set_style(style.with_key("left", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let told = if state.pos() == 0 { Ok(()) } else { write!(out, ", {} left", HumanDuration(state.eta())) };
            told.unwrap_or(());
        }));
        Bar(bar)
    }
}

impl Progress for Bar {
    fn expect(&self, runs: usize) {
        // It appears with the first runs that are worth waiting for, and knows them.
        self.0.inc_length(runs as u64);
        self.0.enable_steady_tick(Duration::from_millis(500));
    }
    fn done(&self) {
        self.0.inc(1);
    }
}

/// The bar goes away: what was asked for follows on standard output.
impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
