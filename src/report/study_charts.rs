//! Which charts a study has, and what is drawn in each.

use crate::metrics::{Better, Change, Confidence, Summary, better, unit};
use crate::study::{Axis, Difference, Evidence, Standing};

use super::chart::{
    self, Band, BandPanel, Choice, Effect, Heading, HeatPanel, KeyAxis, Limit, Standing as Mark, Tone, Unit,
};
use super::charts::curves;
use super::studies::{Planned, Searched, Side, Sweep, SweepPoint};
use super::text::leading;

/// Rows of a chart of effects: more are in the table.
const MOST_EFFECTS: usize = 24;

/// The latency of both sides of a comparison, one upon the other.
///
/// # Errors
/// What the drawing library says.
pub fn compare_chart(sides: &[Side<'_>; 2]) -> Result<String, String> {
    let of = |name: &str, side: &Side<'_>| {
        let curves = curves(side.scenario, side.first).into_iter();
        curves.map(|curve| chart::Curve { label: format!("{name}: {}", curve.label), ..curve }).collect::<Vec<_>>()
    };
    let [a, b] = sides;
    let heading = Heading {
        title: "Latency by percentile, A and B".to_owned(),
        subtitle: format!("A: {} · B: {} · seed {}", a.title(), b.title(), a.replications.seed),
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
    let asked = a.scenario.expect.iter().map(|expectation| &expectation.metric);
    let leading = leading(asked, names.sources.iter(), names.functions.iter());
    let found = leading.iter().filter_map(|metric| differences.iter().find(|one| one.metric == *metric));
    let rows: Vec<Effect> = found
        .filter(|one| one.evidence != Evidence::Equal)
        .filter_map(|one| {
            let tone = match one.evidence {
                Evidence::Better => Tone::Good,
                Evidence::Worse => Tone::Bad,
                Evidence::Higher | Evidence::Lower => Tone::Neutral,
                Evidence::Equal | Evidence::None => Tone::None,
            };
            effect(&one.metric, one.a.mean?, &one.difference, one.evidence.text(), tone)
        })
        .take(MOST_EFFECTS)
        .collect();
    let heading = Heading {
        title: "What changes from A to B".to_owned(),
        subtitle: format!(
            "A: {} · B: {} · {}% confidence, {} pairs of runs",
            a.title(),
            b.title(),
            percent(differences.first().map_or(0.0, |one| one.difference.level)),
            a.replications.runs.len(),
        ),
    };
    chart::forest(&heading, "change in percent of A", &rows)
}

/// A change of a metric in percent of what it was; none where it was 0.
fn effect(metric: &str, base: f64, change: &Confidence, note: &str, tone: Tone) -> Option<Effect> {
    let share = |value: Option<f64>| value.filter(|_| base != 0.0).map(|value| 100.0 * value / base.abs());
    Some(Effect {
        label: metric.to_owned(),
        mean: share(change.mean)?,
        low: share(change.low)?,
        high: share(change.high)?,
        note: note.to_owned(),
        tone,
    })
}

fn percent(level: f64) -> f64 {
    (1e4 * level).round() / 100.0
}

/// How the leading metrics change if Lambda behaves otherwise where AWS does not document it, the largest changes first.
///
/// # Errors
/// What the drawing library says.
pub fn unknowns_chart(summary: &Summary) -> Result<String, String> {
    let leading =
        leading(summary.expect.iter().map(|verdict| &verdict.metric), summary.sources.keys(), summary.functions.keys());
    let mut rows: Vec<Effect> = Vec::new();
    for unknown in &summary.unknowns {
        for (metric, change) in leading.iter().filter_map(|metric| Some((metric, unknown.changes.get(metric)?))) {
            let Change { base, mean, low, high } = *change;
            let level = summary.confidence.values().next().map_or(0.95, |interval| interval.level);
            let interval = Confidence { mean: Some(mean), low: Some(low), high: Some(high), level, n: 0 };
            let tone = match (better(metric), mean > 0.0) {
                (Some(Better::Higher), true) | (Some(Better::Lower), false) => Tone::Good,
                (Some(_), _) => Tone::Bad,
                (None, _) => Tone::Neutral,
            };
            rows.extend(effect(metric, base, &interval, unknown.name, tone));
        }
    }
    rows.sort_by(|a, b| b.mean.abs().total_cmp(&a.mean.abs()));
    rows.truncate(MOST_EFFECTS);
    let heading = Heading {
        title: "What hangs on what AWS does not document".to_owned(),
        subtitle: format!(
            "{} · the largest changes of the leading figures, each with what is assumed instead",
            summary.scenario
        ),
    };
    chart::forest(&heading, "change in percent", &rows)
}

/// The leading metrics over the varied key, or over both; of three keys and more over the points in their order.
///
/// # Errors
/// What the drawing library says.
pub fn sweep_chart(sweep: &Sweep<'_>) -> Result<String, String> {
    let first = &sweep.points[0];
    let heading = Heading {
        title: format!("{} over {}", first.scenario.name, list(sweep.axes.iter().map(short))),
        subtitle: format!(
            "{} of {} runs a point · seeds from {}",
            // Cells hold one figure.
            match sweep.axes {
                [_, _] => "means".to_owned(),
                _ => format!("means and {}% confidence intervals", percent(sweep.level)),
            },
            first.replications.runs.len(),
            first.replications.seed,
        ),
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
            let axis = KeyAxis { title, values };
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
    KeyAxis { title: axis.path.clone(), values: axis.values.iter().map(plain).collect() }
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
fn short(axis: &Axis) -> &str {
    axis.path.rsplit('.').next().unwrap_or(&axis.path)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" and ")
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
        title: format!("{}: what to choose of {}", planned.scenario.name, list(planned.axes.iter().map(short))),
        subtitle: format!(
            "required: {} · {}% confidence",
            goal.requirements.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            percent(goal.level)
        ),
    };
    chart::trade_off(&heading, metric, unit_of(metric), &goal.minimize, unit_of(&goal.minimize), &choices)
}

/// The required figures over the values that were tried.
///
/// # Errors
/// What the drawing library says.
pub fn search_chart(searched: &Searched<'_>) -> Result<String, String> {
    let (search, found) = (searched.search, searched.found);
    let mut trials: Vec<_> = found.trials.iter().collect();
    trials.sort_by(|a, b| a.value.total_cmp(&b.value));
    let points: Vec<SweepPoint<'_>> = trials
        .iter()
        .map(|trial| SweepPoint { places: &[], scenario: searched.scenario, replications: &trial.replications })
        .collect();
    let axis = KeyAxis {
        title: searched.path.to_owned(),
        values: trials.iter().map(|trial| trial.value.to_string()).collect(),
    };
    let metrics: Vec<String> = search.requirements.iter().map(|requirement| requirement.metric.clone()).collect();
    let limits: Vec<(&str, f64)> = search
        .requirements
        .iter()
        .flat_map(|requirement| requirement.limits().into_iter().map(|limit| (requirement.metric.as_str(), limit)))
        .collect();
    let extreme = if search.highest { "highest" } else { "lowest" };
    let answer = found.value.map_or("none meets the requirements".into(), |value| format!("{extreme} found: {value}"));
    let heading = Heading {
        title: format!("{}: {} that meets the requirements", searched.scenario.name, searched.path),
        subtitle: format!(
            "{answer} · means and {}% confidence intervals of {} runs each",
            percent(search.level),
            search.replications
        ),
    };
    chart::bands(&heading, &axis, &panels(&metrics, &points, search.level, &limits))
}
