//! What theory says beside the simulation, and what hangs on what AWS does not document.

use crate::metrics::{Change, Overload, Summary, Theory};

use super::format::{count, figure, percent, plain, rate, table, time, wrapped};
use super::leading::leading;

/// Changes below this share of a figure are no reason to doubt it.
const SMALL: f64 = 0.01;

/// Whether a change is none that a reader has to know of.
pub(in crate::report) fn is_small(change: &Change) -> bool {
    change.mean.abs() < SMALL * change.base.abs()
}

/// A queue that can only grow.
pub fn overload(overload: &Overload) -> String {
    let Overload { owner, servers, load_per_s, capacity_per_s, growth_per_s } = overload;
    let value = |value: &f64| rate(Some(*value));
    // Not all servers are told by their number.
    let counted = |(n, what): (&str, &str)| Some(format!("{} {what}", count(Some(n.parse().ok()?))));
    let servers = servers.split_once(' ').and_then(counted).unwrap_or_else(|| servers.clone());
    format!(
        "{owner} is overloaded: {} events a second come, {servers} can process {} at most, and what waits grows by {} a second",
        value(load_per_s),
        value(capacity_per_s),
        value(growth_per_s),
    )
}

/// The closed forms that apply.
pub(super) fn theory(summary: &Summary) -> String {
    if summary.theory.is_empty() {
        return String::new();
    }
    let value = |law: &Theory, value: Option<f64>| match law.unit {
        "ms" => time(value),
        "1" => value.map_or("-".into(), |value| plain(value, 4)),
        _ => rate(value),
    };
    let mut rows =
        vec![["theory beside simulation", "theory", "simulated", "low", "high", ""].map(str::to_owned).to_vec()];
    for law in &summary.theory {
        let simulated = &law.simulated;
        let verdict = match law.agrees {
            Some(true) => "agrees",
            Some(false) => "DISAGREES",
            None => "",
        };
        let is_one_of_several = summary.theory.iter().filter(|other| other.law == law.law).count() > 1;
        // Its figure begins with whose it is: sources.NAME or functions.NAME.
        let owner = law.of.split('.').nth(1).filter(|_| is_one_of_several);
        rows.push(vec![
            owner.map_or(law.law.to_owned(), |owner| format!("{}, of {owner}", law.law)),
            value(law, Some(law.theory)),
            value(law, simulated.mean),
            value(law, simulated.low),
            value(law, simulated.high),
            verdict.to_owned(),
        ]);
    }
    let mut out = table(rows, 1);
    if summary.theory.iter().any(|law| law.agrees == Some(false)) {
        out += &wrapped(
            "A closed form disagrees by more than its interval explains: the run is too short or not warmed up, or something that \
             the form does not know of is at work.",
            "",
            "",
        );
    }
    out
}

/// How far the leading figures hang on what AWS does not document.
pub(super) fn unknowns(summary: &Summary) -> String {
    if summary.unknowns.is_empty() {
        return String::new();
    }
    let asked = summary.expect.iter().map(|verdict| &verdict.metric);
    let leading = leading(asked, summary.sources.keys(), summary.functions.keys());
    let mut rows = vec![["if instead", "figure", "as it is", "changes by", "low", "high"].map(str::to_owned).to_vec()];
    let mut without = Vec::new();
    for unknown in &summary.unknowns {
        let found = leading.iter().filter_map(|metric| unknown.changes.get(metric).map(|change| (metric, change)));
        let found: Vec<(&String, &Change)> = found.filter(|(_, change)| !is_small(change)).collect();
        if found.is_empty() {
            without.push(unknown.name);
        }
        for (place, (metric, change)) in found.into_iter().enumerate() {
            let name = if place == 0 { unknown.name } else { "" };
            let value = |value| figure(metric, Some(value));
            let cells = [value(change.base), value(change.mean), value(change.low), value(change.high)];
            rows.push([name.to_owned(), metric.clone()].into_iter().chain(cells).collect());
        }
    }
    let mut out = String::from("\nwhat AWS does not document, varied\n");
    if rows.len() > 1 {
        out += &table(rows, 2);
    }
    if !without.is_empty() {
        out += &wrapped(
            &format!(
                "No leading figure changes by {} or more, as far as the runs tell, if instead: {}.",
                percent(SMALL, 2),
                without.join("; ")
            ),
            "",
            "",
        );
    }
    out
}
