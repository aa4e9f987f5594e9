//! Times two ways to do the same, in turn, in one process.

use std::fmt::Write;

use cpu_time::ThreadTime;

/// Median CPU times of one unit of work, in nanoseconds.
pub struct Timing {
    pub floor: f64,
    pub pushpull: f64,
}

/// What a case must reach.
pub enum Target {
    /// At most so many times its floor.
    Ratio(f64),
    /// At most so many nanoseconds.
    Nanos(f64),
    /// At most so many times what the asynchronous case takes.
    Asynchronous(f64),
    /// None: it is measured for what it says of another case.
    None,
}

/// A measured case.
pub struct Line {
    pub about: &'static str,
    /// The unit of work.
    pub unit: &'static str,
    pub target: Target,
    pub timing: Timing,
}

pub const HEADER: &str = "\
| case |  | unit | floor, ns | pushpull, ns | ratio | target |  |
| --- | --- | --- | ---: | ---: | ---: | --- | --- |";

/// The table for who only wants to know how fast it is.
pub const SHORT_HEADER: &str = "\
| case | unit | such a loop, ns | pushpull, ns | ratio |
| --- | --- | ---: | ---: | ---: |";

/// Runs both by turns, so that a busy machine slows both alike; each gives back how many units of work it did, and what came of
/// it. The last of these are given back.
pub fn side_by_side<F, P>(
    repeats: usize,
    mut floor: impl FnMut() -> (u64, F),
    mut pushpull: impl FnMut() -> (u64, P),
) -> (Timing, F, P) {
    let mut round = || (time(&mut floor), time(&mut pushpull));
    let mut rounds: Vec<_> =
        (1..repeats).map(|_| round()).map(|((floor, _), (pushpull, _))| (floor, pushpull)).collect();
    let ((floor, figures), (pushpull, outcome)) = round();
    rounds.push((floor, pushpull));
    let timing = Timing {
        floor: median(rounds.iter().map(|(floor, _)| *floor).collect()),
        pushpull: median(rounds.iter().map(|(_, pushpull)| *pushpull).collect()),
    };
    (timing, figures, outcome)
}

/// CPU time rather than that on the wall: other programs may run beside.
fn time<T>(run: &mut impl FnMut() -> (u64, T)) -> (f64, T) {
    let start = ThreadTime::now();
    let (units, result) = run();
    (start.elapsed().as_nanos() as f64 / units as f64, result)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

impl Line {
    /// The row of the table; `asynchronous` is the measured case that another may be held against.
    pub fn row(&self, name: &str, asynchronous: Option<&Line>) -> String {
        let Timing { floor, pushpull } = self.timing;
        let ratio = pushpull / floor;
        let (target, share) = match self.target {
            Target::Ratio(most) => (format!("≤ {most} x floor"), Some(ratio / most)),
            Target::Nanos(most) => (format!("≤ {most:.0} ns"), Some(pushpull / most)),
            Target::Asynchronous(most) => {
                (format!("≤ {most} x (b)"), asynchronous.map(|line| pushpull / (most * line.timing.pushpull)))
            }
            Target::None => (String::new(), None),
        };
        let mut row = format!(
            "| {name} | {} | {} | {floor:.1} | {pushpull:.1} | {ratio:.2} | {target} | ",
            self.about, self.unit
        );
        let _ = match share {
            Some(share) if share <= 1.0 => write!(row, "met |"),
            Some(share) => write!(row, "missed by {share:.2} |"),
            None if matches!(self.target, Target::None) => write!(row, "|"),
            None => write!(row, "not measured |"),
        };
        row
    }

    /// The row of the short table.
    pub fn short_row(&self) -> String {
        let Timing { floor, pushpull } = self.timing;
        format!("| {} | {} | {floor:.0} | {pushpull:.0} | {:.1} |", self.about, self.unit, pushpull / floor)
    }
}
