//! The most memory that a run takes, each in a process of its own, by what the system says of that process.

use std::process::Command;

use crate::text::{load, trace};
use crate::{Size, cases};

/// The argument with which the bench calls itself.
pub const FLAG: &str = "--peak";

pub const HEADER: &str = "\
| case |  | peak of the process | target |  |
| --- | --- | ---: | ---: | --- |";

/// A run whose memory is measured.
pub struct Peak {
    /// The case that it belongs to.
    pub case: &'static str,
    name: &'static str,
    run: fn(Size),
    /// What the peak is divided by, and how that is written.
    unit: fn(Size) -> (f64, &'static str),
    target: Option<f64>,
}

const MEGABYTE: f64 = 1e6;

fn megabytes(_: Size) -> (f64, &'static str) {
    (MEGABYTE, "MB")
}

fn per_event(size: Size) -> (f64, &'static str) {
    (cases::throttled_seconds(size) as f64 * 1e6, "bytes an event")
}

pub const PEAKS: [Peak; 5] = [
    Peak {
        case: "a",
        name: "1 million invocations",
        run: |_| drop(cases::base(1_000_000).simulate()),
        unit: megabytes,
        target: Some(16.0),
    },
    Peak {
        case: "a",
        name: "100 million invocations",
        run: |size| drop(cases::base(size.pick(10_000_000, 100_000_000)).simulate()),
        unit: megabytes,
        target: Some(16.0),
    },
    Peak {
        case: "f",
        name: "10 million waiting events",
        run: |size| drop(cases::throttled(cases::throttled_seconds(size)).simulate()),
        unit: per_event,
        target: Some(64.0),
    },
    Peak { case: "trace", name: "10 million rows, read and run", run: trace::run, unit: megabytes, target: None },
    Peak { case: "load", name: "10,000 functions, read and run", run: load::run, unit: megabytes, target: Some(200.0) },
];

impl Peak {
    /// The row of the table.
    pub fn row(&self, size: Size) -> String {
        let Peak { case, name, .. } = self;
        let Some(bytes) = self.measure(size) else {
            return format!("| {case} | {name} | not known on this system |  |  |");
        };
        let (divisor, unit) = (self.unit)(size);
        let peak = bytes / divisor;
        let (target, verdict) = match self.target {
            None => (String::new(), String::new()),
            Some(most) if peak <= most => (format!("≤ {most}"), "met".to_owned()),
            Some(most) => (format!("≤ {most}"), format!("missed by {:.2}", peak / most)),
        };
        format!("| {case} | {name} | {peak:.1} {unit} | {target} | {verdict} |")
    }

    /// The peak in bytes of a process that does this run alone.
    fn measure(&self, size: Size) -> Option<f64> {
        let mut child = Command::new(std::env::current_exe().ok()?);
        child.args([FLAG, self.name]).args(matches!(size, Size::Quick).then_some("--quick"));
        let output = child.output().ok()?;
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    }
}

/// Does the run called `name` and prints the peak of this process in bytes, where the system tells it.
pub fn run(name: &str, size: Size) {
    let peak = PEAKS.iter().find(|peak| peak.name == name).expect("a run of the list");
    (peak.run)(size);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(line) = status.lines().find(|line| line.starts_with("VmHWM:"))
        && let Some(kilobytes) = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok())
    {
        println!("{}", kilobytes * 1024);
    }
}
