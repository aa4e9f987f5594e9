//! Plans: which setting, how sure, and what the others lacked; and searches for a limit.

use crate::metrics::Confidence;
use crate::study::{Holds, Requirement};

use super::super::studies::{Planned, Searched};
use super::format::{changed, count, figure, of, percent, plain, table, warm_up, wrapped};

/// Rows of a long grid that are shown.
const MOST_ROWS: usize = 40;

fn mark(holds: Holds) -> &'static str {
    match holds {
        Holds::Yes => "✓",
        Holds::No => "✗",
        Holds::Unclear => "?",
    }
}

/// The plan for people.
pub fn plan_text(planned: &Planned<'_>) -> String {
    let goal = planned.goal;
    let sure = percent(goal.level, 4);
    let mut out = format!("{}   {}\n", planned.scenario.name, of(planned.candidates.len(), "point"));
    out += &changed(planned.set);
    out.push('\n');
    out += &match planned.best() {
        Some(best) => {
            let objective = &planned.candidates[best].objective;
            let value = |value| figure(&goal.minimize, value);
            wrapped(
                &format!(
                    "{} meets every requirement with {sure} confidence at the least {}: {} ({} to {}).",
                    planned.setting(best),
                    goal.minimize,
                    value(objective.mean),
                    value(objective.low),
                    value(objective.high),
                ),
                "",
                "",
            )
        }
        None => nothing_meets(planned, &sure),
    };
    let mut header: Vec<String> = planned.axes.iter().map(|axis| axis.path.clone()).collect();
    header.extend(goal.requirements.iter().map(ToString::to_string));
    header.extend([goal.minimize.clone(), "runs".to_owned(), String::new()]);
    let mut rows = vec![header];
    let cost = |place: usize| planned.candidates[place].objective.mean.unwrap_or(f64::INFINITY);
    let mut order: Vec<usize> = (0..planned.candidates.len()).collect();
    order.sort_by(|a, b| cost(*a).total_cmp(&cost(*b)));
    for place in order.iter().take(MOST_ROWS) {
        let candidate = &planned.candidates[*place];
        let mut row: Vec<String> = planned.values(*place).into_iter().map(str::to_owned).collect();
        for (requirement, (interval, holds)) in goal.requirements.iter().zip(&candidate.verdicts) {
            row.push(format!("{} {}", figure(&requirement.metric, interval.mean), mark(*holds)));
        }
        row.push(figure(&goal.minimize, candidate.objective.mean));
        row.push(candidate.replications.runs.len().to_string());
        row.push(candidate.standing.text().to_owned());
        rows.push(row);
    }
    if let Some(best) = planned.best() {
        let seen = goal.requirements.iter().zip(&planned.candidates[best].verdicts);
        out += &unseen(seen.map(|(requirement, (interval, _))| (requirement, interval)), &sure);
    }
    out += &table(rows, 0);
    if order.len() > MOST_ROWS {
        out += &format!("and {} dearer points: see plan.csv\n", order.len() - MOST_ROWS);
    }
    let runs: usize = planned.candidates.iter().map(|candidate| candidate.replications.runs.len()).sum();
    out += &wrapped(
        &format!(
            "In order of {}. ✓ the whole {} interval is as required, ✗ none of it is, ? some of it{}. {} runs in all; what clearly \
             misses or is clearly dearer was left early. {}",
            goal.minimize,
            percent(goal.deciding(), 4),
            match goal.looks() {
                1 => String::new(),
                looks => format!(" (up to {looks} looks at a point are {sure} sure together)"),
            },
            count(Some(runs as f64)),
            warm_up(planned.scenario),
        ),
        "",
        "",
    );
    out
}

/// Of which counts no run saw anything, and how much they may be.
fn unseen<'a>(verdicts: impl Iterator<Item = (&'a Requirement, &'a Confidence)>, sure: &str) -> String {
    let told = verdicts.filter_map(|(requirement, interval)| {
        let most = plain(requirement.unseen(interval)?, 2);
        let (metric, n) = (&requirement.metric, interval.n);
        Some(wrapped(
            &format!("{metric} was 0 in all {n} runs: with {sure} confidence it is below {most} a run on average."),
            "",
            "",
        ))
    });
    told.collect()
}

fn nothing_meets(planned: &Planned<'_>, sure: &str) -> String {
    let none = format!("No point meets every requirement with {sure} confidence.");
    let Some((place, requirement, miss)) = planned.nearest_miss() else { return wrapped(&none, "", "") };
    let requirement_text = &planned.goal.requirements[requirement];
    let (interval, _) = &planned.candidates[place].verdicts[requirement];
    let value = |value| figure(&requirement_text.metric, value);
    let how_far = match (interval.mean, miss) {
        (None, _) => "there is no such figure".to_owned(),
        (_, miss) if miss > 0.0 => format!("{} there", value(interval.mean)),
        _ => format!(
            "{} there, with an interval from {} to {}",
            value(interval.mean),
            value(interval.low),
            value(interval.high)
        ),
    };
    wrapped(
        &format!("{none} The nearest miss is {}; what binds is {requirement_text}: {how_far}.", planned.setting(place)),
        "",
        "",
    )
}

/// A search for people.
pub fn search_text(searched: &Searched<'_>) -> String {
    let (search, found) = (searched.search, searched.found);
    let sure = percent(search.level, 4);
    let extreme = if search.highest { "highest" } else { "lowest" };
    let mut out = format!("{}   {} tried\n", searched.scenario.name, of(found.trials.len(), "value"));
    out += &changed(searched.set);
    out.push('\n');
    let path = searched.path;
    out += &wrapped(
        &match (found.value, found.beyond) {
            (Some(value), Some(beyond)) => format!(
                "{path} = {value} is the {extreme} value found that meets every requirement with {sure} confidence; {beyond} does not."
            ),
            (Some(value), None) => format!(
                "{path} = {value} meets every requirement with {sure} confidence, and so did every value tried on the way out to it, \
                 where the search ended."
            ),
            (None, _) => {
                let (way, other) = if search.highest { ("down", "--min") } else { ("up", "--max") };
                format!(
                    "No value of {path} that was tried meets every requirement with {sure} confidence. The search went {way} from {}; \
                     with {other} it goes the other way.",
                    plain(search.start, 6)
                )
            }
        },
        "",
        "",
    );
    if let Some(trial) = found.trials.iter().find(|trial| Some(trial.value) == found.value) {
        let seen = search.requirements.iter().zip(&trial.verdicts);
        out += &unseen(seen.map(|(requirement, (interval, _))| (requirement, interval)), &sure);
    }
    let mut header = vec![path.to_owned()];
    header.extend(search.requirements.iter().map(ToString::to_string));
    let mut rows = vec![header];
    let mut trials: Vec<_> = found.trials.iter().collect();
    trials.sort_by(|a, b| a.value.total_cmp(&b.value));
    for trial in trials {
        let mut row = vec![plain(trial.value, 6)];
        for (requirement, (interval, holds)) in search.requirements.iter().zip(&trial.verdicts) {
            let mark = mark(*holds);
            let value = |value| figure(&requirement.metric, value);
            row.push(format!("{} ({} to {}) {mark}", value(interval.mean), value(interval.low), value(interval.high)));
        }
        rows.push(row);
    }
    out += &table(rows, 0);
    out += &wrapped(
        &format!(
            "Means of {} runs with the same seeds at each value, and their {sure} intervals; ✓ the whole interval is as required, ✗ none of \
             it is, ? some of it, which counts as a miss.",
            search.replications
        ),
        "",
        "",
    );
    out
}
