//! Case trace: a trace is read and checked, beside the `csv` crate's own reader over the same file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use pushpull::cli::Files;

use crate::Size;
use crate::measure::{Line, Target, side_by_side};

const SCENARIO: &str = r#"
function.f.duration = "10ms"
[[source.invoke]]
arrivals = { trace = { file = "trace.csv", column = "time_s" } }
"#;

pub const fn rows(size: Size) -> u64 {
    match size {
        Size::Quick => 1_000_000,
        Size::Full => 10_000_000,
    }
}

pub fn measure(size: Size) -> Line {
    let folder = write(rows(size));
    let pushpull = || {
        let scenario = pushpull::read("bench.toml", SCENARIO, &[], &Files::beside(folder.clone()));
        assert!(scenario.is_ok(), "the trace is valid");
        (rows(size), scenario)
    };
    let (timing, ..) = side_by_side(3, || (floor(&folder), ()), pushpull);
    Line { about: "a trace of 10 million rows, read and checked", unit: "row", target: Target::Ratio(2.0), timing }
}

/// Reads the trace and runs it.
pub fn run(size: Size) {
    let files = Files::beside(write(rows(size)));
    let scenario = pushpull::read("bench.toml", SCENARIO, &[], &files).unwrap_or_else(|report| panic!("{report}"));
    let outcome = pushpull::simulate(&scenario, scenario.seed, &files, &mut ());
    assert_eq!(outcome.sources[0].events, rows(size), "each row is an event");
}

/// Writes a trace of 1,000 events a second and gives back its folder.
fn write(rows: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(rows.to_string());
    let path = folder.join("trace.csv");
    if !path.exists() {
        std::fs::create_dir_all(&folder).expect("a folder for the trace");
        // It has its name only when it is whole.
        let unfinished = folder.join("unfinished.csv");
        let mut out = BufWriter::new(File::create(&unfinished).expect("a file for the trace"));
        writeln!(out, "time_s,user").expect("room for the trace");
        for row in 0..rows {
            writeln!(out, "{}.{:06},u{}", row / 1000, row * 1009 % 1000 + row % 1000 * 1000, row % 977)
                .expect("room for the trace");
        }
        out.flush().expect("room for the trace");
        std::fs::rename(&unfinished, &path).expect("a trace under its own name");
    }
    folder
}

/// Counts the rows.
fn floor(folder: &Path) -> u64 {
    let mut reader = csv::Reader::from_path(folder.join("trace.csv")).expect("the trace");
    let mut row = ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut row).expect("a row") {
        rows += 1;
    }
    rows
}
