//! pushpull beside its floors: each case runs in turn with the fewest lines of plain Rust that give the same figures, and the
//! ratio of the two is printed. See `benches/README.md`.

mod cases;
mod figures;
mod floors;
mod measure;
mod memory;
mod readme;
mod text;
mod workload;

use measure::Line;

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// About a minute in all.
    Quick,
    /// The sizes of the targets.
    Full,
}

impl Size {
    /// One of two numbers.
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Size::Quick => quick,
            Size::Full => full,
        }
    }
}

/// Times a case.
type Measure = fn(Size) -> Line;

/// Every timed case, by its name.
const CASES: [(&str, Measure); 11] = [
    ("a", cases::synchronous),
    ("b", cases::asynchronous),
    ("c", cases::stream),
    ("draws", cases::keyed_stream),
    ("d", cases::queue),
    ("e", cases::many_functions),
    ("f", cases::backlog),
    ("g", cases::large),
    ("facts", text::facts::measure),
    ("trace", text::trace::measure),
    ("load", text::load::measure),
];

/// Writes what was measured into the two README files.
const WRITE: &str = "--write";

fn main() {
    // Cargo adds `--bench`; what is no other flag names a case.
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let mut take = |flag: &str| {
        let before = arguments.len();
        arguments.retain(|argument| argument != flag);
        arguments.len() < before
    };
    let size = if take("--quick") { Size::Quick } else { Size::Full };
    let writes = take(WRITE);
    if let [flag, name] = &arguments[..]
        && flag == memory::FLAG
    {
        return memory::run(name, size);
    }
    let is_all = arguments.is_empty() && size == Size::Full;
    assert!(!writes || is_all, "{WRITE} writes full sizes of all cases");
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);

    if size == Size::Quick {
        println!("quick: fewer events than the names of the cases say\n");
    }
    let mut table = Table::new(measure::HEADER);
    let mut done: Vec<(&str, Line)> = Vec::new();
    for (name, case) in CASES.iter().filter(|(name, _)| wanted(name)) {
        let line = case(size);
        let asynchronous = done.iter().find(|(name, _)| *name == "b").map(|(_, line)| line);
        table.row(line.row(name, asynchronous));
        done.push((name, line));
    }

    println!();
    let mut peaks = Table::new(memory::HEADER);
    for peak in memory::PEAKS.iter().filter(|peak| wanted(peak.case)) {
        peaks.row(peak.row(size));
    }
    if writes {
        readme::write("benches/README.md", &format!("{}\n\n{}", table.0, peaks.0));
        let short = done.iter().filter(|(name, _)| name.len() == 1).map(|(_, line)| format!("\n{}", line.short_row()));
        readme::write("README.md", &format!("{}{}", measure::SHORT_HEADER, short.collect::<String>()));
    }
}

/// A table that is printed as it grows.
struct Table(String);

impl Table {
    fn new(header: &str) -> Table {
        println!("{header}");
        Table(header.to_owned())
    }

    fn row(&mut self, row: String) {
        println!("{row}");
        self.0 += "\n";
        self.0 += &row;
    }
}
