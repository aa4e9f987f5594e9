//! pushpull beside its floors: each case runs in turn with the fewest lines of plain Rust that give the same figures, and the
//! ratio of the two is printed. See `benches/README.md`.

mod cases;
mod figures;
mod floors;
mod measure;
mod memory;
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
const CASES: [(&str, Measure); 10] = [
    ("a", cases::synchronous),
    ("b", cases::asynchronous),
    ("c", cases::stream),
    ("d", cases::queue),
    ("e", cases::many_functions),
    ("f", cases::backlog),
    ("g", cases::large),
    ("facts", text::facts::measure),
    ("trace", text::trace::measure),
    ("load", text::load::measure),
];

fn main() {
    // Cargo adds `--bench`; what is neither that nor `--quick` names a case.
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    arguments.retain(|argument| argument != "--quick");
    let size = if is_quick { Size::Quick } else { Size::Full };
    if let [flag, name] = &arguments[..]
        && flag == memory::FLAG
    {
        return memory::run(name, size);
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);

    if is_quick {
        println!("quick: fewer events than the names of the cases say\n");
    }
    println!("{}", measure::HEADER);
    let mut done: Vec<(&str, Line)> = Vec::new();
    for (name, case) in CASES.iter().filter(|(name, _)| wanted(name)) {
        let line = case(size);
        let asynchronous = done.iter().find(|(name, _)| *name == "b").map(|(_, line)| line);
        println!("{}", line.row(name, asynchronous));
        done.push((name, line));
    }

    println!("\n{}", memory::HEADER);
    for peak in memory::PEAKS.iter().filter(|peak| wanted(peak.case)) {
        println!("{}", peak.row(size));
    }
}
