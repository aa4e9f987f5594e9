//! Case facts: a run that writes every fact, simulation included, beside a loop that writes as many rows of the same shape.

use std::io::{self, BufWriter, Write};

use pushpull::inputs::MemoryInputs;
use pushpull::report::FactsCsv;
use pushpull::scenario::Scenario;

use crate::Size;
use crate::cases;
use crate::measure::{Line, Target, side_by_side};

/// As the command line buffers it.
const BUFFER: usize = 1 << 16;

pub fn measure(size: Size) -> Line {
    let scenario = cases::base(size.pick(200_000, 1_000_000)).scenario;
    let rows = write(&scenario, Rows(0)).0;
    let (timing, ..) = side_by_side(
        size.pick(3, 7),
        || (rows, floor(rows)),
        || {
            write(&scenario, io::sink());
            (rows, ())
        },
    );
    Line { about: "(a) with every fact written, to nowhere", unit: "row", target: Target::Nanos(350.0), timing }
}

fn write<W: Write>(scenario: &Scenario, out: W) -> W {
    let mut facts = FactsCsv::new(BufWriter::with_capacity(BUFFER, out));
    pushpull::simulate(scenario, scenario.seed, &MemoryInputs::new(), &mut facts);
    let written = facts.finish(&scenario.names()).and_then(|buffer| buffer.into_inner().map_err(io::Error::from));
    written.expect("nothing that can fail is written to")
}

/// Counts the lines that are written.
struct Rows(u64);

impl Write for Rows {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0 += text.iter().filter(|byte| **byte == b'\n').count() as u64;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Rows such as `12.000000345,finished,f,invoke,9,9,1,9,1,f/0,,`, five for each event.
fn floor(rows: u64) {
    const FACTS: [&str; 5] = ["emitted", "accepted", "started", "finished", "processed"];
    let mut buffer = Vec::with_capacity(2 * BUFFER);
    for row in 0..rows {
        let event = row / 5;
        number(&mut buffer, row / 5000, 1);
        buffer.push(b'.');
        number(&mut buffer, row * 200_003 % 1_000_000_000, 9);
        buffer.push(b',');
        buffer.extend_from_slice(FACTS[(row % 5) as usize].as_bytes());
        buffer.extend_from_slice(b",f,invoke");
        for cell in [event, event, 1, event, 1] {
            buffer.push(b',');
            number(&mut buffer, cell, 1);
        }
        buffer.extend_from_slice(b",f/");
        number(&mut buffer, event % 300, 1);
        buffer.extend_from_slice(b",,\n");
        if buffer.len() >= BUFFER {
            std::hint::black_box(&buffer);
            buffer.clear();
        }
    }
}

/// Writes a number with at least so many digits.
fn number(buffer: &mut Vec<u8>, mut number: u64, least: usize) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    while number > 0 {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    buffer.extend_from_slice(&digits[first.min(digits.len() - least)..]);
}
