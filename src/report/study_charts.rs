//! Which charts a study has, and what is drawn in each.

use crate::metrics::{Better, Change, Confidence, Summary, better, unit};
use crate::study::{Axis, Difference, Evidence, Standing};

use super::chart::{
    self, Band, BandPanel, Choice, Effect, Effects, Heading, HeatPanel, KeyAxis, Limit, Measure, Standing as Mark,
    Tone, Unit,
};
use super::charts::{changed, curves};
use super::studies::{Planned, Searched, Side, Sweep, SweepPoint};
use super::text::{is_small, leading};

/// Rows of a chart of effects: more are in the table.
const MOST_EFFECTS: usize = 24;

/// The latency of both sides of a comparison, one upon the other.
///
/// # Errors
/// What the drawing library says.
pub fn compare_chart(sides: &[Side<'_>; 2]) -> Result<String, String> {
    let of = |name: &str, side: &Side<'_>| {
        let curves = curves(side.scenario, side.first).into_iter();
        curves
            .map(|curve| chart::Curve { label: format!("{name}: {}", curve.label), ink: None, ..curve })
            .collect::<Vec<_>>()
    };
    let [a, b] = sides;
    let heading = Heading {
        title: "Latency by percentile, A and B".to_owned(),
        subtitle: format!("A: {} · B: {} · seed {}{}", a.title(), b.title(), a.replications.seed, changed(a.set)),
        names: sides.map(|side| side.scenario.name.clone()).into(),
    };
    chart::latency_distribution(&heading, &[of("A", a), of("B", b)].concat())
}

/// The paired differences of the leading metrics, in percent of the first side.
///
/// # Errors
/// What the drawing library says.
pub fn differences_chart(sides: &[Side<'_>; 2], differences: &[Difference]) -> Result<String, String> {
    let [a, b] = sides;
    let names = a.scenario.names();
    let asked = sides.iter().flat_map(|side| side.scenario.expect.iter().map(|expectation| &expectation.metric));
    let leading = leading(asked, names.sources.iter(), names.functions.iter());
    let found = leading.iter().filter_map(|metric| differences.iter().find(|one| one.metric == *metric));
    let mut rows: Vec<Effect> = found
        .filter(|one| one.evidence != Evidence::Equal)
        .filter_map(|one| {
            let tone = match one.evidence {
                Evidence::Better => Tone::Good,
                Evidence::Worse => Tone::Bad,
                Evidence::Higher | Evidence::Lower => Tone::Neutral,
                Evidence::Equal | Evidence::None => Tone::None,
            };
            let unit = unit_of(&one.metric);
            let figure = format!("{} → {}", unit.short(one.a.mean?), unit.short(one.b.mean?));
            Some(Effect { figure, ..effect(&one.metric, one.a.mean?, &one.difference, one.evidence.text(), tone) })
        })
        .collect();
    let more = cut(&mut rows, "compare.csv");
    let level = percent(differences.first().map_or(0.0, |one| one.difference.level));
    let runs = match a.replications.runs.len() {
        1 => "one pair of runs".to_owned(),
        n => format!("{level} confidence, {n} pairs of runs"),
    };
    let heading = Heading {
        title: "What changes from A to B".to_owned(),
        subtitle: format!("A: {} · B: {} · {runs}{}", a.title(), b.title(), changed(a.set)),
        names: sides.map(|side| side.scenario.name.clone()).into(),
    };
    let (x_title, none) = ("change in percent of A".to_owned(), "no leading figure differs".to_owned());
    chart::forest(&heading, &Effects { x_title, rows, note: more, none })
}

/// A change of a metric in percent of what it was; where that was 0 there is none.
fn effect(metric: &str, base: f64, change: &Confidence, note: &str, tone: Tone) -> Effect {
    let share = |value: Option<f64>| value.filter(|_| base != 0.0).map_or(f64::NAN, |value| 100.0 * value / base.abs());
    Effect {
        label: metric.to_owned(),
        mean: share(change.mean),
        low: share(change.low),
        high: share(change.high),
        note: note.to_owned(),
        tone,
        ..Effect::default()
    }
}

/// Leaves as many rows as a chart can have, and says how many more the table has.
fn cut(rows: &mut Vec<Effect>, table: &str) -> String {
    let more = rows.len().saturating_sub(MOST_EFFECTS);
    rows.truncate(MOST_EFFECTS);
    if more == 0 { String::new() } else { format!("and {more} more: see {table}") }
}

fn percent(level: f64) -> String {
    format!("{} %", (1e4 * level).round() / 100.0)
}

/// What figures of so many runs are.
fn means_of(runs: usize, level: f64) -> String {
    match runs {
        1 => "one run".to_owned(),
        _ => format!("means and {} confidence intervals of {runs} runs", percent(level)),
    }
}

/// How the leading metrics change if Lambda behaves otherwise where AWS does not document it, the largest changes first.
///
/// # Errors
/// What the drawing library says.
pub fn unknowns_chart(summary: &Summary) -> Result<String, String> {
    let leading =
        leading(summary.expect.iter().map(|verdict| &verdict.metric), summary.sources.keys(), summary.functions.keys());
    let known = || summary.confidence.values();
    let level = known().next().map_or(0.95, |interval| interval.level);
    let runs = known().map(|interval| interval.n).max().unwrap_or(0);
    let mut rows: Vec<Effect> = Vec::new();
    for unknown in &summary.unknowns {
        let changes = leading.iter().filter_map(|metric| Some((metric, unknown.changes.get(metric)?)));
        for (metric, change) in changes.filter(|(_, change)| !is_small(change)) {
            let Change { base, mean, low, high } = *change;
            let interval = Confidence { mean: Some(mean), low: Some(low), high: Some(high), level, n: runs };
            let tone = match (better(metric), mean > 0.0) {
                (Some(Better::Higher), true) | (Some(Better::Lower), false) => Tone::Good,
                (Some(_), _) => Tone::Bad,
                (None, _) => Tone::Neutral,
            };
            let unit = unit_of(metric);
            let figure = format!("{} → {}", unit.short(base), unit.short(base + mean));
            rows.push(Effect { figure, ..effect(metric, base, &interval, unknown.name, tone) });
        }
    }
    // What was 0 has no share by which it changes: it comes first.
    let size = |row: &Effect| if row.mean.is_nan() { f64::INFINITY } else { row.mean.abs() };
    rows.sort_by(|a, b| size(b).total_cmp(&size(a)));
    let more = cut(&mut rows, "unknowns.csv");
    let heading = Heading {
        title: "What hangs on what AWS does not document".to_owned(),
        subtitle: format!(
            "{} · leading figures with what is assumed instead · {} confidence, {runs} pairs of runs{}",
            summary.scenario,
            percent(level),
            changed(&summary.set),
        ),
        names: vec![summary.scenario.clone()],
    };
    let (x_title, none) = ("change in percent".to_owned(), "no leading figure changes by 1 % or more".to_owned());
    chart::forest(&heading, &Effects { x_title, rows, note: more, none })
}

/// The leading metrics over the varied key, or over both; of three keys and more over the points in their order.
///
/// # Errors
/// What the drawing library says.
pub fn sweep_chart(sweep: &Sweep<'_>) -> Result<String, String> {
    let first = &sweep.points[0];
    let heading = Heading {
        title: format!("{} over {}", first.scenario.name, list(sweep.axes.iter().map(|axis| short(&axis.path)))),
        subtitle: format!(
            "{} a point · seeds from {}{}",
            match (sweep.axes, first.replications.runs.len()) {
                // Cells hold one figure.
                ([_, _], n @ 2..) => format!("means of {n} runs"),
                (_, n) => means_of(n, sweep.level),
            },
            first.replications.seed,
            changed(sweep.set),
        ),
        names: vec![first.scenario.name.clone()],
    };
    let leading = sweep.leading();
    let mean = |point: &SweepPoint<'_>, metric: &str| point.interval(metric, sweep.level).mean.unwrap_or(f64::NAN);
    match sweep.axes {
        [one] => chart::bands(&heading, &key_axis(one), &panels(&leading, &sweep.points, sweep.level, &[])),
        [rows, columns] => {
            let width = columns.values.len();
            let panel = |metric: &String| HeatPanel {
                title: metric.clone(),
                unit: unit_of(metric),
                cells: sweep
                    .points
                    .chunks(width)
                    .map(|row| row.iter().map(|point| mean(point, metric)).collect())
                    .collect(),
            };
            let panels: Vec<HeatPanel> = leading.iter().map(panel).collect();
            chart::heat_map(&heading, &key_axis(columns), &key_axis(rows), &panels)
        }
        axes => {
            let values = sweep.points.iter().map(|point| sweep.values(point).join(" / ")).collect();
            let title = list(axes.iter().map(|axis| axis.path.as_str()));
            let axis = KeyAxis { title, values, marked: None };
            chart::bands(&heading, &axis, &panels(&leading, &sweep.points, sweep.level, &[]))
        }
    }
}

/// A panel for each metric that has no other of its kind and unit; figures of one kind, of several owners, share one.
fn panels(metrics: &[String], points: &[SweepPoint<'_>], level: f64, limits: &[(&str, f64)]) -> Vec<BandPanel> {
    let mut panels: Vec<BandPanel> = Vec::new();
    for metric in metrics {
        let (owner, figure) = owner_and_figure(metric);
        let line = points.iter().map(|point| {
            let interval = point.interval(metric, level);
            let value = |value: Option<f64>| value.unwrap_or(f64::NAN);
            (value(interval.mean), value(interval.low), value(interval.high))
        });
        let band = Band { label: owner.to_owned(), points: line.collect() };
        let limits = limits.iter().filter(|(of, _)| of == metric);
        let limits = limits.map(|(_, value)| Limit { label: "required".to_owned(), value: *value });
        match panels.iter_mut().find(|panel| panel.y_title == figure) {
            Some(panel) => {
                panel.lines.push(band);
                panel.limits.extend(limits);
            }
            None => panels.push(BandPanel {
                y_title: figure.to_owned(),
                unit: unit_of(metric),
                lines: vec![band],
                limits: limits.collect(),
            }),
        }
    }
    panels
}

/// `sources.logs.latency_ms.p99` is `latency_ms.p99` of `logs`.
fn owner_and_figure(metric: &str) -> (&str, &str) {
    let parts: Vec<&str> = metric.splitn(3, '.').collect();
    match parts[..] {
        ["sources" | "functions" | "destinations", owner, figure] => (owner, figure),
        _ => ("all", metric),
    }
}

fn key_axis(axis: &Axis) -> KeyAxis {
    let plain = |value: &String| value.trim_matches('"').to_owned();
    KeyAxis { title: axis.path.clone(), values: axis.values.iter().map(plain).collect(), marked: None }
}

fn unit_of(metric: &str) -> Unit {
    match unit(metric) {
        "ms" => Unit::Milliseconds,
        "USD" => Unit::Usd,
        "1/s" => Unit::PerSecond,
        "1" => Unit::Share,
        _ => Unit::Count,
    }
}

/// The last part of a key's path: the whole path stands at its axis.
fn short(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// "a, b and c".
fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    match &words[..] {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// What is minimized against the first required figure, for each point of the grid.
///
/// # Errors
/// What the drawing library says.
pub fn plan_chart(planned: &Planned<'_>) -> Result<String, String> {
    let goal = planned.goal;
    // A latency says most; else what is required first.
    let required = goal.requirements.iter().position(|requirement| unit(&requirement.metric) == "ms").unwrap_or(0);
    let metric = &goal.requirements[required].metric;
    let choice = |(place, candidate): (usize, &crate::study::Candidate)| Choice {
        label: planned.values(place).join(", "),
        x: candidate.verdicts[required].0.mean.unwrap_or(f64::NAN),
        y: candidate.objective.mean.unwrap_or(f64::NAN),
        standing: match candidate.standing {
            Standing::Best => Mark::Best,
            Standing::Meets => Mark::Meets,
            // It was left because it is dearer; what its few runs say of the requirements stands beside it.
            Standing::Dearer if candidate.meets() => Mark::Meets,
            Standing::Misses => Mark::Misses,
            Standing::Dearer | Standing::Undecided => Mark::Undecided,
        },
    };
    let choices: Vec<Choice> = planned.candidates.iter().enumerate().map(choice).collect();
    let heading = Heading {
        title: format!(
            "{}: what to choose of {}",
            planned.scenario.name,
            list(planned.axes.iter().map(|axis| short(&axis.path)))
        ),
        subtitle: format!(
            "required: {} · {} confidence{}",
            goal.requirements.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            percent(goal.level),
            changed(planned.set),
        ),
        names: vec![planned.scenario.name.clone()],
    };
    let measure = |metric: &str| Measure {
        title: metric.to_owned(),
        unit: unit_of(metric),
        required: goal
            .requirements
            .iter()
            .filter(|requirement| requirement.metric == metric)
            .flat_map(crate::study::Requirement::limits)
            .collect(),
    };
    chart::trade_off(&heading, &measure(metric), &measure(&goal.minimize), &choices)
}

/// The required figures over the values that were tried.
///
/// # Errors
/// What the drawing library says.
pub fn search_chart(searched: &Searched<'_>) -> Result<String, String> {
    let (search, found) = (searched.search, searched.found);
    let mut trials: Vec<_> = found.trials.iter().collect();
    trials.sort_by(|a, b| a.value.total_cmp(&b.value));
    let extreme = if search.highest { "highest" } else { "lowest" };
    let points: Vec<SweepPoint<'_>> = trials
        .iter()
        .map(|trial| SweepPoint { places: &[], scenario: searched.scenario, replications: &trial.replications })
        .collect();
    let axis = KeyAxis {
        title: searched.path.to_owned(),
        values: trials.iter().map(|trial| trial.value.to_string()).collect(),
        marked: trials
            .iter()
            .position(|trial| Some(trial.value) == found.value)
            .map(|place| (place, format!("{extreme} found"))),
    };
    let metrics: Vec<String> = search.requirements.iter().map(|requirement| requirement.metric.clone()).collect();
    let limits: Vec<(&str, f64)> = search
        .requirements
        .iter()
        .flat_map(|requirement| requirement.limits().into_iter().map(|limit| (requirement.metric.as_str(), limit)))
        .collect();
    let answer = found.value.map_or("none meets the requirements".into(), |value| format!("{extreme} found: {value}"));
    let heading = Heading {
        title: format!("{}: {} that meets the requirements", searched.scenario.name, short(searched.path)),
        subtitle: format!("{answer} · {} each{}", means_of(search.replications, search.level), changed(searched.set),),
        names: vec![searched.scenario.name.clone()],
    };
    chart::bands(&heading, &axis, &panels(&metrics, &points, search.level, &limits))
}
