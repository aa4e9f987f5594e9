//! Which charts a run has, and what is drawn in each.

use crate::engine::Part;
use crate::metrics::{FunctionColumn, Outcome, Owner, Quantity, SourceColumn, Summary};
use crate::platform::Limit;
use crate::scenario::{Scenario, Source};
use crate::source::{Mode, chain};
use crate::time::{SECOND, SimDuration};

use super::chart::{self, Bar, Curve, Heading, Ink, Limit as LimitLine, Line, LineStyle, Panel, Unit, number};

/// The charts of a run: (file name, SVG). A chart that would show nothing is left out.
///
/// # Errors
/// What the drawing library says.
pub fn charts(
    scenario: &Scenario,
    summary: &Summary,
    outcome: &Outcome,
) -> Result<Vec<(&'static str, String)>, String> {
    let with = changed(&summary.set);
    let heading = |title: &str| Heading {
        title: title.to_owned(),
        subtitle: format!("{} · seed {} · profile {}{with}", summary.scenario, summary.seed, summary.profile),
        names: vec![summary.scenario.clone()],
    };
    let over_time = |title: &str, panels: &[Panel]| chart::over_time(&heading(title), summary.warm_up_s, panels);
    let mut charts = Vec::new();
    let curves = curves(scenario, outcome);
    if !curves.is_empty() {
        charts.push(("latency.svg", chart::latency_distribution(&heading("Latency by percentile"), &curves)?));
    }
    let bars = bars(scenario, outcome);
    if !bars.is_empty() {
        charts.push(("latency-parts.svg", chart::latency_by_part(&heading("Mean latency by part"), &bars)?));
    }
    charts.push(("concurrency.svg", over_time("Concurrency and environments", &concurrency(scenario, outcome))?));
    let (title, panels) = throughput(scenario, outcome);
    charts.push(("throughput.svg", over_time(title, &panels)?));
    let panels = backlog(scenario, outcome);
    if !panels.is_empty() {
        charts.push(("backlog.svg", over_time("What waits", &panels)?));
    }
    Ok(charts)
}

/// What was changed of the scenario as it is written, as a further part of a subtitle.
pub(super) fn changed(set: &[String]) -> String {
    if set.is_empty() { String::new() } else { format!(" · with {}", set.join(", ")) }
}

/// Below this number of events each is a step of its own in the curve.
const EACH_EVENT: u64 = 400;
/// Below this number of events a curve says how many they are: its percentiles tell little.
const FEW_EVENTS: u64 = 100;

/// What is told of a bin.
const MAXIMUM: &str = "maximum in";
const MEAN: &str = "mean of";

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
    let mut add = |label: &str, what: &str, ink: Ink, quantity: &Quantity| {
        let few = match quantity.count() {
            1 => " (1 event)".to_owned(),
            n if n < FEW_EVENTS => format!(" ({n} events)"),
            _ => String::new(),
        };
        let (label, note) = (label.to_owned(), format!("{what}{few}"));
        curves.push(Curve { label, note, ink: Some(ink), points: quantiles(quantity) });
    };
    for (place, (source, figures)) in scenario.sources.iter().zip(&outcome.sources).enumerate() {
        let (latency, response) = (figures.latency.max() > 0, figures.response.max() > 0);
        // A caller sees errors, too, and the way back: drawn where that is another curve.
        let same = latency && response && coincide(&figures.latency, &figures.response);
        if latency {
            let what = if same { " and response" } else { "" };
            add(&source.name, what, ink(place), &figures.latency);
        }
        if response && !same {
            let second = Ink { place, dashed: latency };
            add(&source.name, " response", second, &figures.response);
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

/// Values of the bins over time with the start of each, in seconds, up to `until`; what a last bin has, too short for a step
/// of its own, and what comes later, is joined to the one before.
fn bins(
    outcome: &Outcome,
    owner: Owner,
    until: f64,
    value: impl Fn(&[f64]) -> f64,
    join: impl Fn(f64, f64) -> f64,
) -> Vec<(f64, f64)> {
    let width = bin_width(outcome);
    let values = outcome.timeline.points(owner, |bin, _| value(bin)).into_iter().enumerate();
    let mut bins: Vec<(f64, f64)> = values.map(|(place, (_, value))| (place as f64 * width, value)).collect();
    while let [.., (_, before), (start, value)] = &mut bins[..]
        && until - *start < width / 2.0
    {
        *before = join(*before, *value);
        bins.pop();
    }
    bins
}

/// Seconds.
fn bin_width(outcome: &Outcome) -> f64 {
    outcome.timeline.width() as f64 / SECOND as f64
}

/// A level's maximum in each bin as stairs: each value from the start of its bin to the start of the next.
fn levels(outcome: &Outcome, owner: Owner, value: impl Fn(&[f64]) -> f64) -> Vec<(f64, f64)> {
    let end = outcome.timeline.end().as_secs_f64();
    let mut bins = bins(outcome, owner, end, value, f64::max);
    bins.extend(bins.last().map(|(_, value)| (end, *value)));
    bins
}

/// A count as a rate in each bin, as stairs that end after `until` seconds.
fn rates(outcome: &Outcome, owner: Owner, until: f64, value: impl Fn(&[f64]) -> f64) -> Vec<(f64, f64)> {
    let (end, width) = (outcome.timeline.end().as_secs_f64(), bin_width(outcome));
    // A run of no length has a bin of its own.
    let until = until.min(end).max(width.min(end));
    let mut bins = bins(outcome, owner, until, value, |before, value| before + value);
    let ends: Vec<f64> = bins.iter().skip(1).map(|(start, _)| *start).chain([until]).collect();
    for ((start, count), end) in bins.iter_mut().zip(ends) {
        let length = end - *start;
        *count /= if length > 0.0 { length } else { width };
    }
    bins.extend(bins.last().map(|(_, rate)| (until, *rate)));
    bins
}

/// When a source stops emitting, in seconds, as far as that is known; what functions send goes on as long as they run.
fn end_of_emission(scenario: &Scenario, source: &Source) -> f64 {
    let duration = scenario.duration.filter(|_| source.kind.name != chain::KIND.name);
    duration.map_or(f64::INFINITY, SimDuration::as_secs_f64)
}

fn stair_line(label: String, ink: Option<Ink>, points: Vec<(f64, f64)>) -> Line {
    Line { label, points, style: LineStyle::Step, ink }
}

/// The colour of a source or function.
fn ink(place: usize) -> Ink {
    Ink { place, dashed: false }
}

/// What a panel shows, and of how long a time each step tells.
fn titled(outcome: &Outcome, what: &str, statistic: &str) -> String {
    format!("{what}, {statistic} {}", number::duration(1e3 * bin_width(outcome)))
}

fn concurrency(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    use FunctionColumn::{ConcurrencyMax, EnvironmentsMax};
    let lines = |column: FunctionColumn| {
        let functions = scenario.functions.iter().enumerate();
        let line = |(place, (name, _)): (usize, &(String, _))| {
            let owner = Owner::Function(place as u32);
            stair_line(name.clone(), Some(ink(place)), levels(outcome, owner, |bin| bin[column as usize]))
        };
        functions.map(line).collect::<Vec<_>>()
    };
    let several = scenario.functions.len() > 1;
    let mut executions = lines(ConcurrencyMax);
    if several {
        let points = levels(outcome, Owner::Account, |bin| bin[ConcurrencyMax as usize]);
        executions.push(stair_line("all functions".into(), None, points));
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
        y_title: titled(outcome, title, MAXIMUM),
        unit: Unit::Count,
        lines,
        limits,
    };
    vec![panel("concurrent executions", executions, limits), panel("environments", lines(EnvironmentsMax), vec![])]
}

/// The title and the panels.
fn throughput(scenario: &Scenario, outcome: &Outcome) -> (&'static str, Vec<Panel>) {
    use FunctionColumn::{Failed, Throttles};
    use SourceColumn::{Emitted, Processed};
    let panel = |title: &str, lines: Vec<Line>| Panel {
        y_title: titled(outcome, title, MEAN),
        unit: Unit::PerSecond,
        lines,
        limits: vec![],
    };
    let end = outcome.timeline.end().as_secs_f64();
    let points = |place: usize, column: SourceColumn| {
        let until = if column == Emitted { end_of_emission(scenario, &scenario.sources[place]) } else { end };
        rates(outcome, Owner::Source(place as u32), until, |bin| bin[column as usize])
    };
    let lines = |column: SourceColumn| {
        let sources = scenario.sources.iter().enumerate();
        let line = |(place, source): (usize, &Source)| {
            stair_line(source.name.clone(), Some(ink(place)), points(place, column))
        };
        sources.map(line).collect::<Vec<_>>()
    };
    let mut panels = if scenario.sources.len() == 1 {
        let line = |(label, column): (&str, _)| stair_line(label.to_owned(), None, points(0, column));
        vec![panel("events", [("emitted", Emitted), ("processed", Processed)].map(line).into())]
    } else {
        vec![panel("events emitted", lines(Emitted)), panel("events processed", lines(Processed))]
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
                let points = rates(outcome, Owner::Function(place as u32), end, |bin| bin[column as usize]);
                refusals.push(if scenario.functions.len() == 1 {
                    stair_line(what.to_owned(), None, points)
                } else {
                    let dashed = what == "errors" && figures.throttles > 0;
                    stair_line(format!("{name} {what}"), Some(Ink { place, dashed }), points)
                });
            }
        }
    }
    let (title, what) = match (throttles, errors) {
        (true, true) => ("Events, throttles and errors", "throttles and errors"),
        (true, false) => ("Events and throttles", "throttles"),
        (false, true) => ("Events and errors", "errors"),
        (false, false) => return ("Events", panels),
    };
    panels.push(panel(what, refusals));
    (title, panels)
}

fn backlog(scenario: &Scenario, outcome: &Outcome) -> Vec<Panel> {
    use SourceColumn::{AgeCount, AgeMax, BacklogMax};
    let lines = |wanted: &dyn Fn(usize) -> bool, value: &dyn Fn(&[f64]) -> f64| {
        let sources = scenario.sources.iter().enumerate().filter(|(place, _)| wanted(*place));
        let line = |(place, source): (usize, &Source)| {
            let points = levels(outcome, Owner::Source(place as u32), value);
            stair_line(source.name.clone(), Some(ink(place)), points)
        };
        sources.map(line).collect::<Vec<_>>()
    };
    // Where no batch was sent there is no age: a gap in the line.
    let age = |bin: &[f64]| if bin[AgeCount as usize] > 0.0 { bin[AgeMax as usize] / 1e6 } else { f64::NAN };
    let ages = lines(&|place| outcome.sources[place].iterator_age.count() > 0, &age);
    let panel = |title: &str, unit: Unit, lines: Vec<Line>| Panel {
        y_title: titled(outcome, title, MAXIMUM),
        unit,
        lines,
        limits: vec![],
    };
    let waiting = |mode: Mode| {
        let waits = |place: usize| outcome.sources[place].backlog_max > 0 && scenario.sources[place].kind.mode == mode;
        lines(&waits, &|bin| bin[BacklogMax as usize])
    };
    let panels = [
        // What waits at a sender, because Lambda did not take it, is not counted.
        panel("events accepted by Lambda and waiting", Unit::Count, waiting(Mode::Push)),
        panel("events waiting in streams and queues", Unit::Count, waiting(Mode::Pull)),
        panel("iterator age", Unit::Milliseconds, ages),
    ];
    panels.into_iter().filter(|panel| !panel.lines.is_empty()).collect()
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
        let inputs = MemoryInputs::new();
        let emitted = |text: &str| {
            let text = format!("duration = \"10s\"\nfunction.work.duration = \"100ms\"\n[[source.invoke]]\n{text}");
            let scenario = crate::read("test.toml", &text, &[], &inputs).unwrap();
            let outcome = crate::simulate(&scenario, 1, &inputs, &mut ());
            let until = end_of_emission(&scenario, &scenario.sources[0]);
            let points = rates(&outcome, Owner::Source(0), until, |bin| bin[SourceColumn::Emitted as usize]);
            let end = outcome.timeline.end().as_secs_f64();
            assert_eq!(points.last().map(|(end, _)| *end), Some(end.min(10.0)), "{points:?}");
            points
        };
        let points = emitted("arrivals = { bursts = { size = 10, every = '5s' } }");
        let emitting: Vec<f64> = points.iter().filter(|(_, rate)| *rate > 0.0).map(|(start, _)| *start).collect();
        assert_eq!(emitting, [0.0, 5.0], "{points:?}");
        let events: f64 = points.windows(2).map(|pair| pair[0].1 * (pair[1].0 - pair[0].0)).sum();
        assert!((events - 20.0).abs() < 1e-6, "{events}");
        // A steady rate is steady to the end of the emission.
        let points = emitted("arrivals = { constant = { rate = 1000 } }");
        assert!(points.iter().all(|(_, rate)| (rate - 1000.0).abs() < 0.04 * 1000.0), "{points:?}");
    }
}
