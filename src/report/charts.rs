//! Which charts a run has, and what is drawn in each.

use crate::engine::Part;
use crate::metrics::{FunctionColumn, Outcome, Owner, Quantity, SourceColumn, Summary};
use crate::platform::Limit;
use crate::scenario::{Scenario, Source};

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
    let title = panels.last().map_or("", |panel| panel.y_title.as_str());
    let title = match title {
        _ if title.starts_with("events") => "Events".to_owned(),
        "throttles and errors" => "Events, throttles and errors".to_owned(),
        _ => format!("Events and {title}"),
    };
    charts.push(("throughput.svg", chart::over_time(&heading(&title), &panels)?));
    let panels = backlog(scenario, outcome);
    if !panels.is_empty() {
        charts.push(("backlog.svg", chart::over_time(&heading("What waits"), &panels)?));
    }
    Ok(charts)
}

/// Below this number of events each is a step of its own in the curve.
const EACH_EVENT: u64 = 400;
/// Below this number of events a curve says how many they are: its percentiles tell little.
const FEW_EVENTS: u64 = 100;

/// Percentiles at which a latency is drawn, as far as there are events to tell them.
fn quantiles(quantity: &Quantity) -> Vec<(f64, f64)> {
    let count = quantity.count();
    // Where each is drawn, and of which it is.
    let percentiles: Vec<(f64, f64)> = if count < EACH_EVENT {
        let share = |event: f64| event / count as f64;
        let stair = |event: f64| [(share(event), share(event + 0.5)), (share(event + 1.0), share(event + 0.5))];
        (0..count).flat_map(|event| stair(event as f64)).collect()
    } else {
        let last = 1.0 - 1.0 / count as f64;
        let nines = (0..=240).map(|step| 1.0 - 10f64.powf(-f64::from(step) / 40.0)).take_while(|p| *p < last);
        // Beyond the last event but one there is only the slowest.
        nines.map(|p| (p, p)).chain([(last, 1.0), (1.0, 1.0)]).collect()
    };
    let lengths = quantity.quantiles_ms(percentiles.iter().map(|(_, of)| *of));
    percentiles.into_iter().zip(lengths).map(|((at, _), ms)| (at, ms)).collect()
}

pub(super) fn curves(scenario: &Scenario, outcome: &Outcome) -> Vec<Curve> {
    let mut curves = Vec::new();
    let mut add = |label: String, quantity: &Quantity| {
        let few = if quantity.count() < FEW_EVENTS {
            format!(" ({} event{})", quantity.count(), if quantity.count() == 1 { "" } else { "s" })
        } else {
            String::new()
        };
        curves.push(Curve { label: label + &few, points: quantiles(quantity) });
    };
    for (source, figures) in scenario.sources.iter().zip(&outcome.sources) {
        let (latency, response) = (figures.latency.max() > 0, figures.response.max() > 0);
        // A caller sees errors, too, and the way back: drawn where that is another curve.
        let same = latency && response && coincide(&figures.latency, &figures.response);
        if latency {
            let what = if same { " and response" } else { "" };
            add(format!("{}{what}", source.name), &figures.latency);
        }
        if response && !same {
            add(format!("{} response", source.name), &figures.response);
        }
    }
    curves
}

/// Whether two curves could not be told apart.
fn coincide(one: &Quantity, other: &Quantity) -> bool {
    let points = |of: &Quantity| of.quantiles_ms([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0]);
    points(one).iter().zip(points(other)).all(|(one, other)| (one - other).abs() <= 0.01 * one.max(other))
}

fn bars(scenario: &Scenario, outcome: &Outcome) -> Vec<Bar> {
    let known = scenario.sources.iter().zip(&outcome.sources).filter(|(_, figures)| figures.latency.max() > 0);
    known
        .map(|(source, figures)| {
            let mean = |part: Part| figures.parts[part as usize] as f64 / figures.latency.count() as f64 / 1e6;
            let parts = Part::ALL.map(|part| (part.name().to_owned(), mean(part)));
            Bar { label: source.name.clone(), parts: parts.into() }
        })
        .collect()
}

/// What becomes of a bin's value where a last bin, too short for a step of its own, is joined to the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// The larger one.
    Largest,
    /// Both together, here as a rate per second.
    Rate,
}

/// A value of the bins over time as stairs: each value from the start of its bin to the start of the next.
fn stairs(outcome: &Outcome, owner: Owner, joined: Joined, value: impl Fn(&[f64]) -> f64) -> Vec<(f64, f64)> {
    let end = outcome.timeline.end().as_secs_f64();
    let mut bins: Vec<(f64, f64)> = outcome.timeline.points(owner, |bin, _| value(bin));
    // Points stand in the middle of their bins; all bins but the last have one width.
    let Some(width) = bins.first().map(|(middle, _)| 2.0 * middle) else { return bins };
    bins.iter_mut().enumerate().for_each(|(place, (start, _))| *start = place as f64 * width);
    if let [.., (_, before), (start, value)] = &mut bins[..]
        && end - *start < width / 2.0
    {
        *before = if joined == Joined::Largest { before.max(*value) } else { *before + *value };
        bins.pop();
    }
    if joined == Joined::Rate {
        let last = bins.len() - 1;
        for (place, (start, value)) in bins.iter_mut().enumerate() {
            // A short last bin counts as a whole one, or its few events would look like many a second.
            *value /= if place == last { (end - *start).max(width) } else { width };
        }
    }
    bins.extend(bins.last().map(|(_, value)| (end, *value)));
    bins
}

fn stair_line(label: String, points: Vec<(f64, f64)>) -> Line {
    Line { label, points, style: LineStyle::Step }
}

fn concurrency(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    use FunctionColumn::{ConcurrencyMax, EnvironmentsMax};
    let lines = |column: FunctionColumn| {
        let functions = scenario.functions.iter().enumerate();
        let line = |(place, (name, _)): (usize, &(String, _))| {
            let owner = Owner::Function(place as u32);
            stair_line(name.clone(), stairs(outcome, owner, Joined::Largest, |bin| bin[column as usize]))
        };
        functions.map(line).collect::<Vec<_>>()
    };
    let several = scenario.functions.len() > 1;
    let mut executions = lines(ConcurrencyMax);
    if several {
        let points = stairs(outcome, Owner::Account, Joined::Largest, |bin| bin[ConcurrencyMax as usize]);
        executions.push(stair_line("all functions".into(), points));
    }
    let limit = |label: &str, value: u64| LimitLine { label: label.to_owned(), value: value as f64 };
    let mut limits: Vec<LimitLine> = scenario
        .functions
        .iter()
        .filter_map(|(name, spec)| {
            let reserved = spec.reserved_concurrent_executions?;
            let whose = if several { format!("{name} ") } else { String::new() };
            Some(limit(&format!("{whose}reserved"), reserved))
        })
        .collect();
    if let Limit::Count(most) = scenario.account.concurrent_executions {
        limits.push(limit("account", most));
    }
    let panel = |title: &str, lines: Vec<Line>, limits: Vec<LimitLine>| Panel {
        y_title: format!("{title}, maximum"),
        unit: Unit::Count,
        lines,
        limits,
    };
    vec![panel("concurrent executions", executions, limits), panel("environments", lines(EnvironmentsMax), vec![])]
}

fn throughput(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    use FunctionColumn::{Failed, Throttles};
    use SourceColumn::{Emitted, Processed};
    let panel = |title: &str, lines: Vec<Line>| Panel {
        y_title: title.to_owned(),
        unit: Unit::PerSecond,
        lines,
        limits: vec![],
    };
    let lines = |column: SourceColumn, label: &dyn Fn(&str) -> String| {
        let sources = scenario.sources.iter().enumerate();
        let line = |(place, source): (usize, &Source)| {
            let owner = Owner::Source(place as u32);
            stair_line(label(&source.name), stairs(outcome, owner, Joined::Rate, |bin| bin[column as usize]))
        };
        sources.map(line).collect::<Vec<_>>()
    };
    let mut panels = if scenario.sources.len() == 1 {
        let mut events = lines(Emitted, &|_| "emitted".to_owned());
        events.extend(lines(Processed, &|_| "processed".to_owned()));
        vec![panel("events", events)]
    } else {
        // One colour a source: the two panels are compared line by line.
        let name = |name: &str| name.to_owned();
        vec![panel("events emitted", lines(Emitted, &name)), panel("events processed", lines(Processed, &name))]
    };
    let mut refusals = Vec::new();
    let (mut throttles, mut errors) = (false, false);
    for (place, ((name, _), figures)) in scenario.functions.iter().zip(&outcome.functions).enumerate() {
        for (column, what, count, any) in [
            (Throttles, "throttles", figures.throttles, &mut throttles),
            (Failed, "errors", figures.errors, &mut errors),
        ] {
            if count > 0 {
                *any = true;
                let label = if scenario.functions.len() == 1 { what.to_owned() } else { format!("{name} {what}") };
                let points = stairs(outcome, Owner::Function(place as u32), Joined::Rate, |bin| bin[column as usize]);
                refusals.push(stair_line(label, points));
            }
        }
    }
    match (throttles, errors) {
        (true, true) => panels.push(panel("throttles and errors", refusals)),
        (true, false) => panels.push(panel("throttles", refusals)),
        (false, true) => panels.push(panel("errors", refusals)),
        (false, false) => {}
    }
    panels
}

fn backlog(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    use SourceColumn::{AgeCount, AgeMax, BacklogMax};
    let lines = |wanted: &dyn Fn(usize) -> bool, value: &dyn Fn(&[f64]) -> f64| {
        let sources = scenario.sources.iter().enumerate().filter(|(place, _)| wanted(*place));
        let line = |(place, source): (usize, &Source)| {
            stair_line(source.name.clone(), stairs(outcome, Owner::Source(place as u32), Joined::Largest, value))
        };
        sources.map(line).collect::<Vec<_>>()
    };
    let waiting = lines(&|place| outcome.sources[place].backlog_max > 0, &|bin| bin[BacklogMax as usize]);
    // Where no batch was sent there is no age: a gap in the line.
    let age = |bin: &[f64]| if bin[AgeCount as usize] > 0.0 { bin[AgeMax as usize] / 1e6 } else { f64::NAN };
    let ages = lines(&|place| outcome.sources[place].iterator_age.count() > 0, &age);
    let mut panels = Vec::new();
    if !waiting.is_empty() {
        panels.push(Panel {
            y_title: "events waiting, maximum".into(),
            unit: Unit::Count,
            lines: waiting,
            limits: vec![],
        });
    }
    if !ages.is_empty() {
        panels.push(Panel {
            y_title: "iterator age, maximum".into(),
            unit: Unit::Milliseconds,
            lines: ages,
            limits: vec![],
        });
    }
    panels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::MemoryInputs;
    use crate::time::SimDuration;

    #[test]
    fn few_events_are_steps() {
        let mut quantity = Quantity::default();
        [30, 10, 20, 20].into_iter().for_each(|ms| quantity.record(SimDuration::from_millis(ms)));
        quantity.finish();
        let points: Vec<(f64, i64)> = quantiles(&quantity).into_iter().map(|(p, ms)| (p, ms.round() as i64)).collect();
        let steps = [(0.0, 10), (0.25, 10), (0.25, 20), (0.5, 20), (0.5, 20), (0.75, 20), (0.75, 30), (1.0, 30)];
        assert_eq!(points, steps);
        assert!(quantiles(&Quantity::default()).is_empty());
    }

    #[test]
    fn stairs_stand_where_their_bins_do() {
        let text = r#"
            duration = "10s"
            function.work.duration = "100ms"
            [[source.invoke]]
            arrivals = { bursts = { size = 10, every = "5s" } }
        "#;
        let inputs = MemoryInputs::new();
        let scenario = crate::read("test.toml", text, &[], &inputs).unwrap();
        let outcome = crate::simulate(&scenario, 1, &inputs, &mut ());
        let points = stairs(&outcome, Owner::Source(0), Joined::Rate, |bin| bin[SourceColumn::Emitted as usize]);
        let emitting: Vec<f64> = points.iter().filter(|(_, rate)| *rate > 0.0).map(|(start, _)| *start).collect();
        assert_eq!(emitting, [0.0, 5.0], "{points:?}");
        let events: f64 = points.windows(2).map(|pair| pair[0].1 * (pair[1].0 - pair[0].0)).sum();
        assert!((events - 20.0).abs() < 1e-6, "{events}");
        assert_eq!(points.last().map(|(end, _)| *end), Some(outcome.timeline.end().as_secs_f64()));
    }
}
