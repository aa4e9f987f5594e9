//! An axis of the values of a varied key: numbers or durations where their distance says something, else categories.
//! What a value means to a scenario it does not know: it sees text only.

use crate::units::{parse_duration, parse_size};

use super::number::{self, HUGE};
use super::scale::{LOG_FROM, Scale, Tick};
use super::text;

/// So many values each have a tick of their own; among more of them, ticks are at round values.
const MOST_TICKS: usize = 12;
/// The least room for the name of a category; where there is less, some have none.
const LEAST_NAME: f64 = 64.0;
/// Free space between two names.
const SPACE: f64 = 14.0;
/// A number that is written no longer than this is shown as it is.
const EXACT: usize = 7;
/// The widest text at a value.
const MOST_NAME: f64 = 120.0;

/// A varied key and the values that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyAxis {
    /// The name of the key.
    pub title: String,
    /// The values as text. Ascending numbers, durations ("250ms") or sizes ("128MB") lie where their value says;
    /// anything else, and a single value, is a category: evenly spaced, in the given order.
    pub values: Vec<String>,
    /// The place of a value that is marked, and what is said of it.
    pub marked: Option<(usize, String)>,
}

/// What the values are; times count in milliseconds.
enum Kind {
    Numbers(Vec<f64>),
    Times(Vec<f64>),
    Sizes(Vec<f64>),
    Names,
}

impl KeyAxis {
    fn kind(&self) -> Kind {
        let number = |text: &str| text.parse::<f64>().ok();
        let time = |text: &str| parse_duration(text).ok().map(|nanoseconds| nanoseconds as f64 / 1e6);
        let size = |text: &str| parse_size(text).ok().map(|bytes| bytes as f64);
        if let Some(values) = self.ascending(number) {
            Kind::Numbers(values)
        } else if let Some(values) = self.ascending(time) {
            Kind::Times(values)
        } else if let Some(values) = self.ascending(size) {
            Kind::Sizes(values)
        } else {
            Kind::Names
        }
    }

    /// What `read` makes of the values, if it can read all and they ascend.
    fn ascending(&self, read: impl Fn(&str) -> Option<f64>) -> Option<Vec<f64>> {
        let values: Option<Vec<f64>> = self.values.iter().map(|text| read(text.trim())).collect();
        let values = values?;
        let (first, last) = (*values.first()?, *values.last()?);
        let bounded = first >= -HUGE && last <= HUGE && last - first > 1e-9 * first.abs().max(last.abs());
        (bounded && values.is_sorted_by(|a, b| a < b)).then_some(values)
    }

    /// Whether the distances of the values say something.
    pub(super) fn is_numeric(&self) -> bool {
        !matches!(self.kind(), Kind::Names)
    }

    /// Where each value lies on the axis.
    pub(super) fn positions(&self) -> Vec<f64> {
        match self.kind() {
            Kind::Numbers(values) | Kind::Times(values) | Kind::Sizes(values) => values,
            Kind::Names => (0..self.values.len()).map(|place| place as f64).collect(),
        }
    }

    /// The axis, and its title, for a plot of this width.
    pub(super) fn scale(&self, width: f64) -> (Scale, String) {
        let kind = self.kind();
        let values = match &kind {
            Kind::Numbers(values) | Kind::Times(values) | Kind::Sizes(values) => values,
            Kind::Names => return (self.places(width), self.title.clone()),
        };
        let (first, last) = (values[0], values[values.len() - 1]);
        let is_log = first > 0.0 && last > LOG_FROM * first;
        let round = match kind {
            _ if values.len() <= MOST_TICKS => None,
            Kind::Numbers(_) if is_log => Some(Scale::powers((first, last), false, number::short)),
            Kind::Numbers(_) => Some(Scale::numbers(first, last, 8.0)),
            Kind::Times(_) if is_log => Some(Scale::magnitudes((first, last), false)),
            Kind::Times(_) => Some(Scale::durations((first, last), 8.0)),
            Kind::Sizes(_) | Kind::Names => None,
        };
        let exact = self.ticks(values);
        // Among round values the marked one and the ends have ticks of their own.
        let first_few = exact.len() - values.len() + 2;
        let ticks = match round {
            Some(scale) => exact.into_iter().take(first_few).chain(scale.ticks).collect(),
            None => exact,
        };
        let title = if is_log { format!("{} (log scale)", self.title) } else { self.title.clone() };
        (Scale::exactly((first, last), is_log, ticks), title)
    }

    /// Evenly spaced places, whatever the values are.
    pub(super) fn places(&self, width: f64) -> Scale {
        let room = (width / self.values.len().max(1) as f64 - SPACE).max(LEAST_NAME);
        Scale::places(self.names().iter().map(|value| text::SMALL.fit_name(value, room)))
    }

    /// The values as they are shown: long numbers are rounded, as long as they can be told apart.
    pub(super) fn names(&self) -> Vec<String> {
        let Kind::Numbers(numbers) = self.kind() else { return self.values.clone() };
        let name = |(number, text): (&f64, &String)| match *number {
            number if number.fract() == 0.0 => number::grouped(number, 0),
            number if number > 0.0 && text.len() > EXACT => number::short(number),
            _ => text.clone(),
        };
        let names: Vec<String> = numbers.iter().zip(&self.values).map(name).collect();
        if names.windows(2).all(|pair| pair[0] != pair[1]) { names } else { self.values.clone() }
    }

    /// A tick at each value, the marked one and the ends first: they are named in any case.
    fn ticks(&self, values: &[f64]) -> Vec<Tick> {
        let ticks = values.iter().zip(self.names());
        let ticks = ticks.map(|(value, label)| Tick { value: *value, label: text::SMALL.fit_name(&label, MOST_NAME) });
        let mut ticks: Vec<Tick> = ticks.collect();
        let marked = self.marked.iter().filter_map(|(place, _)| ticks.get(*place).cloned()).collect::<Vec<_>>();
        if let Some(last) = ticks.pop() {
            ticks.insert(1.min(ticks.len()), last);
        }
        [marked, ticks].concat()
    }
}
