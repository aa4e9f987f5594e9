//! Which charts a run has, and what is drawn in each.

use crate::engine::Part;
use crate::metrics::{FunctionColumn, Outcome, Owner, Quantity, SourceColumn, Summary};
use crate::platform::Limit;
use crate::scenario::Scenario;

use super::chart::{self, Bar, Curve, Heading, Limit as LimitLine, Line, LineStyle, Panel, Unit};

/// The charts of a run: (file name, SVG). A chart that would show nothing is left out.
///
/// # Errors
/// What the drawing library says.
pub fn charts(
    scenario: &Scenario,
    summary: &Summary,
    outcome: &Outcome,
) -> Result<Vec<(&'static str, String)>, String> {
    let heading = |title: &str| Heading {
        title: title.to_owned(),
        subtitle: format!("{} · seed {} · profile {}", summary.scenario, summary.seed, summary.profile),
    };
    let mut charts = Vec::new();
    let curves = curves(scenario, outcome);
    if !curves.is_empty() {
        charts.push(("latency.svg", chart::latency_distribution(&heading("Latency by percentile"), &curves)?));
    }
    let bars = bars(scenario, outcome);
    if !bars.is_empty() {
        charts.push(("latency-parts.svg", chart::latency_by_part(&heading("Mean latency by part"), &bars)?));
    }
    let panels = concurrency(scenario, outcome);
    charts.push(("concurrency.svg", chart::over_time(&heading("Concurrency and environments"), &panels)?));
    let panels = throughput(scenario, outcome);
    charts.push(("throughput.svg", chart::over_time(&heading("Events and throttles"), &panels)?));
    let panels = backlog(scenario, outcome);
    if !panels.is_empty() {
        charts.push(("backlog.svg", chart::over_time(&heading("What waits"), &panels)?));
    }
    Ok(charts)
}

/// Percentiles at which a latency is drawn, as far as there are events to tell them.
fn quantiles(quantity: &Quantity) -> Vec<(f64, f64)> {
    let count = quantity.count() as f64;
    let nines = (0..=240).map(|step| 1.0 - 10f64.powf(-f64::from(step) / 40.0));
    nines
        .take_while(|p| (1.0 - p) * count >= 1.0)
        .chain([1.0])
        .filter_map(|p| quantity.quantile_ms(p).map(|ms| (p, ms)))
        .collect()
}

fn curves(scenario: &Scenario, outcome: &Outcome) -> Vec<Curve> {
    let mut curves = Vec::new();
    for (source, figures) in scenario.sources.iter().zip(&outcome.sources) {
        if figures.latency.count() > 0 {
            curves.push(Curve { label: source.name.clone(), points: quantiles(&figures.latency) });
        }
        // A caller sees errors, too, and the way back: drawn where that is another curve.
        let differs =
            figures.response.count() != figures.latency.count() || figures.response.sum() != figures.latency.sum();
        if figures.response.count() > 0 && differs {
            curves.push(Curve { label: format!("{} response", source.name), points: quantiles(&figures.response) });
        }
    }
    curves
}

fn bars(scenario: &Scenario, outcome: &Outcome) -> Vec<Bar> {
    let known = scenario.sources.iter().zip(&outcome.sources).filter(|(_, figures)| figures.latency.count() > 0);
    known
        .map(|(source, figures)| {
            let mean = |part: Part| figures.parts[part as usize] as f64 / figures.latency.count() as f64 / 1e6;
            let parts = Part::ALL.map(|part| (part.name().to_owned(), mean(part)));
            Bar { label: source.name.clone(), parts: parts.into() }
        })
        .collect()
}

/// Divides, and says NaN (a gap in the line) where there is nothing to divide by.
fn per(value: f64, by: f64) -> f64 {
    if by > 0.0 { value / by } else { f64::NAN }
}

fn concurrency(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    use FunctionColumn::{ConcurrencyMax, EnvironmentsMax};
    let lines = |column: FunctionColumn, style: LineStyle| {
        let functions = scenario.functions.iter().enumerate();
        functions
            .map(|(place, (name, _))| Line {
                label: name.clone(),
                points: outcome.timeline.points(Owner::Function(place as u32), |bin, _| bin[column as usize]),
                style,
            })
            .collect::<Vec<_>>()
    };
    let mut limits: Vec<LimitLine> = scenario
        .functions
        .iter()
        .filter_map(|(name, spec)| {
            let reserved = spec.reserved_concurrent_executions?;
            let label = if scenario.functions.len() == 1 { "reserved".to_owned() } else { format!("{name} reserved") };
            Some(LimitLine { label, value: reserved as f64 })
        })
        .collect();
    if let Limit::Count(limit) = scenario.account.concurrent_executions {
        limits.push(LimitLine { label: "account".into(), value: limit as f64 });
    }
    vec![
        Panel {
            y_title: "concurrent executions".into(),
            unit: Unit::Count,
            lines: lines(ConcurrencyMax, LineStyle::Step),
            limits,
        },
        Panel {
            y_title: "environments".into(),
            unit: Unit::Count,
            lines: lines(EnvironmentsMax, LineStyle::Step),
            limits: vec![],
        },
    ]
}

fn throughput(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    let rate = |bin: &[f64], column: usize, length: f64| bin[column] / length * 1e9;
    let source_lines = |column: SourceColumn, what: &str| {
        let sources = scenario.sources.iter().enumerate();
        sources
            .map(|(place, source)| Line {
                label: if scenario.sources.len() == 1 { what.to_owned() } else { format!("{} {what}", source.name) },
                points: outcome
                    .timeline
                    .points(Owner::Source(place as u32), |bin, length| rate(bin, column as usize, length)),
                style: LineStyle::Step,
            })
            .collect::<Vec<_>>()
    };
    let mut events = source_lines(SourceColumn::Emitted, "emitted");
    events.extend(source_lines(SourceColumn::Processed, "processed"));
    let mut panels = vec![Panel { y_title: "events".into(), unit: Unit::PerSecond, lines: events, limits: vec![] }];
    let mut refusals = Vec::new();
    for (place, (name, _)) in scenario.functions.iter().enumerate() {
        for (column, what, count) in [
            (FunctionColumn::Throttles, "throttles", outcome.functions[place].throttles),
            (FunctionColumn::Errors, "errors", outcome.functions[place].errors),
        ] {
            if count > 0 {
                refusals.push(Line {
                    label: if scenario.functions.len() == 1 { what.to_owned() } else { format!("{name} {what}") },
                    points: outcome
                        .timeline
                        .points(Owner::Function(place as u32), |bin, length| rate(bin, column as usize, length)),
                    style: LineStyle::Step,
                });
            }
        }
    }
    if !refusals.is_empty() {
        panels.push(Panel {
            y_title: "throttles, errors".into(),
            unit: Unit::PerSecond,
            lines: refusals,
            limits: vec![],
        });
    }
    panels
}

fn backlog(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    let lines = |wanted: &dyn Fn(usize) -> bool, value: &dyn Fn(&[f64]) -> f64| {
        let sources = scenario.sources.iter().enumerate().filter(|(place, _)| wanted(*place));
        sources
            .map(|(place, source)| Line {
                label: source.name.clone(),
                points: outcome.timeline.points(Owner::Source(place as u32), |bin, _| value(bin)),
                style: LineStyle::Step,
            })
            .collect::<Vec<_>>()
    };
    let waiting = lines(&|place| outcome.sources[place].backlog_max > 0, &|bin| bin[SourceColumn::BacklogMax as usize]);
    let ages = lines(&|place| outcome.sources[place].iterator_age.count() > 0, &|bin| {
        per(
            bin[SourceColumn::AgeMax as usize] / 1e6 * bin[SourceColumn::AgeCount as usize],
            bin[SourceColumn::AgeCount as usize],
        )
    });
    let mut panels = Vec::new();
    if !waiting.is_empty() {
        panels.push(Panel { y_title: "events waiting".into(), unit: Unit::Count, lines: waiting, limits: vec![] });
    }
    if !ages.is_empty() {
        panels.push(Panel { y_title: "iterator age".into(), unit: Unit::Milliseconds, lines: ages, limits: vec![] });
    }
    panels
}
