//! Two scenarios beside each other.

use crate::scenario::Scenario;
use crate::study::{Difference, Evidence};
use crate::time::SimDuration;

use super::super::studies::Side;
use super::format::{changed, figure, of, percent, plain, seeds, span, table, wrapped};
use super::leading::leading;

/// Pairing that makes an interval less than so many times narrower is explained.
const NARROWER: f64 = 5.0;
/// From this correlation on, two figures rise and fall together.
const TOGETHER: f64 = 0.95;

/// The comparison for people: the leading metrics that differ, and how many of all do.
pub fn compare_text(sides: &[Side<'_>; 2], differences: &[Difference]) -> String {
    let [a, b] = sides;
    let mut out = format!("A: {}\nB: {}\n", a.title(), b.title());
    out += &changed(a.set);
    let names = |side: &Side<'_>| side.scenario.names();
    let (of_a, of_b) = (names(a), names(b));
    let asked = [a, b].into_iter().flat_map(|side| side.scenario.expect.iter().map(|expectation| &expectation.metric));
    let leading = leading(asked, of_a.sources.iter(), of_a.functions.iter());
    let found = leading.iter().filter_map(|metric| differences.iter().find(|one| one.metric == *metric));
    let shown: Vec<&Difference> = found.filter(|one| one.evidence != Evidence::Equal).collect();
    let header = ["", "A", "B", "B - A", "low", "high", "B is", "narrower"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for one in &shown {
        let value = |value| figure(&one.metric, value);
        rows.push(vec![
            one.metric.clone(),
            value(one.a.mean),
            value(one.b.mean),
            value(one.difference.mean),
            value(one.difference.low),
            value(one.difference.high),
            one.evidence.text().to_owned(),
            one.narrower().map_or("-".into(), |times| format!("{} x", plain(times, 2))),
        ]);
    }
    if shown.is_empty() {
        out += "\nNone of the leading figures differs in any replication.\n";
    } else {
        out += &table(rows, 1);
    }
    out += &wrapped(&windows(a.scenario, b.scenario), "", "");
    out += &prose(sides, differences);
    if of_a.sources != of_b.sources || of_a.functions != of_b.functions {
        out += &wrapped(&only_on_one_side(&of_a.sources, &of_b.sources, "source"), "", "");
        out += &wrapped(&only_on_one_side(&of_a.functions, &of_b.functions, "function"), "", "");
    }
    out
}

/// Which part of each side's time counts, where a warm-up is left out or the sides differ.
fn windows(a: &Scenario, b: &Scenario) -> String {
    let (of_a, of_b) = ((a.duration, a.warm_up.length()), (b.duration, b.warm_up.length()));
    let long = |duration: Option<SimDuration>| duration.map_or("as long as its events come".to_owned(), span);
    let told = |(duration, warm_up): (Option<SimDuration>, SimDuration)| match warm_up.is_zero() {
        true => long(duration),
        false => format!("{} without the first {}", long(duration), span(warm_up)),
    };
    match (of_a == of_b, of_a.1.is_zero()) {
        (true, true) => String::new(),
        (true, false) => format!("Both sides are measured over {}.", told(of_a)),
        (false, _) => format!(
            "A is measured over {}, B over {}: counts and costs of a run are not those of the same time.",
            told(of_a),
            told(of_b)
        ),
    }
}

/// How sure that is, and what pairing did.
fn prose([a, b]: &[Side<'_>; 2], differences: &[Difference]) -> String {
    let of_b = b.scenario.names();
    let is_paired = a.scenario.names().sources.iter().any(|source| of_b.sources.contains(source));
    let same =
        if is_paired { "with the same arrivals and draws" } else { "that have no source, and so no draw, in common" };
    let count = |evidence: Evidence| differences.iter().filter(|one| one.evidence == evidence).count();
    let n = a.replications.runs.len();
    let level = differences.first().map_or(0.0, |one| one.difference.level);
    let mut out = wrapped(
        &format!(
            "{} confidence over {} of runs {same}, {}. Of {} metrics {} are better, {} worse, \
             {} higher and {} lower; {} are equal, and for {} there is no evidence. Where nothing differs, about {} in 100 would \
             still seem to.",
            percent(level, 4),
            of(n, "pair"),
            seeds(a.replications.seed, n),
            differences.len(),
            count(Evidence::Better),
            count(Evidence::Worse),
            count(Evidence::Higher),
            count(Evidence::Lower),
            count(Evidence::Equal),
            count(Evidence::None),
            plain(100.0 * (1.0 - level), 2),
        ),
        "",
        "",
    );
    if is_paired {
        out += &wrapped(&why_not_narrower(differences), "", "");
    }
    out
}

/// Why pairing does little for some metrics.
fn why_not_narrower(differences: &[Difference]) -> String {
    let wide: Vec<&Difference> =
        differences.iter().filter(|one| one.narrower().is_some_and(|times| times < NARROWER)).collect();
    if wide.is_empty() {
        return String::new();
    }
    let count = |holds: &dyn Fn(Option<f64>) -> bool| wide.iter().filter(|one| holds(one.correlation)).count();
    let mut reasons = Vec::new();
    for (metrics, reason) in [
        (count(&|r| r.is_none()), "one side has no spread that the other could share"),
        (
            count(&|r| r.is_some_and(|r| r >= TOGETHER)),
            "both sides rise and fall together, but one by much more than the other, and that remains",
        ),
        (
            count(&|r| r.is_some_and(|r| r < TOGETHER)),
            "the figure hangs on which events meet (a maximum, a queue behind a retry, a batch's edge), and other settings make \
             other meetings",
        ),
    ] {
        if metrics > 0 {
            reasons.push(format!("for {metrics}, {reason}"));
        }
    }
    format!(
        "`narrower` says how many times wider the interval would be if each side had drawn on its own. It is below {NARROWER} for {} \
         metrics: {}.",
        wide.len(),
        reasons.join("; ")
    )
}

fn only_on_one_side(a: &[String], b: &[String], what: &str) -> String {
    let missing = |here: &[String], there: &[String]| {
        here.iter().filter(|name| !there.contains(name)).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let told = |names: String, side: &str| {
        if names.is_empty() { String::new() } else { format!("Only {side} has the {what} {names}. ") }
    };
    told(missing(a, b), "A") + &told(missing(b, a), "B")
}
