//! Tables as CSV: the metrics of a run, and its minutes under CloudWatch's names.

use crate::metrics::{Confidence, Minute, Outcome, Owner, Summary, metrics, unit};
use crate::scenario::Names;
use crate::study::Difference;

use super::studies::{Planned, Searched, Sweep};

/// `summary.csv`: every metric with its value and unit; a figure that cannot exist has no value. With replications, the value is
/// that of the first, and five columns more hold the mean of all and its interval.
pub fn summary_csv(summary: &Summary) -> String {
    let mut header = vec!["metric", "value", "unit"];
    if !summary.confidence.is_empty() {
        header.extend(["mean", "low", "high", "level", "n"]);
    }
    let mut table = Table::new(&header);
    metrics(summary, |metric, value| {
        let mut row = vec![metric.to_owned(), number(value), unit(metric).to_owned()];
        if let Some(interval) = summary.confidence.get(metric) {
            row.extend(bounds(interval));
        }
        table.row(row);
    });
    table.text()
}

/// A number, or nothing where there is none.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// The cells of an interval: mean, low, high, level, n.
fn bounds(interval: &Confidence) -> [String; 5] {
    let Confidence { mean, low, high, level, n } = interval;
    [number(*mean), number(*low), number(*high), level.to_string(), n.to_string()]
}

/// `compare.csv`: each metric on both sides, the interval of the paired difference, what it tells, and how many times narrower it
/// is for pairing.
pub fn compare_csv(differences: &[Difference]) -> String {
    let header = ["metric", "unit", "a", "b", "difference", "low", "high", "level", "n", "evidence", "narrower"];
    let mut table = Table::new(&header);
    for one in differences {
        let mut row = vec![one.metric.clone(), unit(&one.metric).to_owned(), number(one.a.mean), number(one.b.mean)];
        row.extend(bounds(&one.difference));
        row.extend([one.evidence.text().to_owned(), number(one.narrower())]);
        table.row(row);
    }
    table.text()
}

/// `sweep.csv`: one row a point and metric, with the values of the varied keys, the first seed and the interval.
pub fn sweep_csv(sweep: &Sweep<'_>) -> String {
    let keys = sweep.axes.iter().map(|axis| axis.path.as_str());
    let rest = ["metric", "unit", "seed", "mean", "low", "high", "level", "n"];
    let mut table = Table::new(&["point"].into_iter().chain(keys).chain(rest).collect::<Vec<_>>());
    for (number, point) in sweep.points.iter().enumerate() {
        let values = sweep.values(point);
        for (place, metric) in point.replications.metrics.iter().enumerate() {
            let mut row = vec![number.to_string()];
            row.extend(values.iter().map(|value| (*value).to_owned()));
            row.extend([metric.clone(), unit(metric).to_owned(), point.replications.seed.to_string()]);
            row.extend(bounds(&point.replications.confidence(place, sweep.level)));
            table.row(row);
        }
    }
    table.text()
}

/// `plan.csv`: one row a point and required or minimized metric, with the interval, what is required and what it says.
pub fn plan_csv(planned: &Planned<'_>) -> String {
    let keys = planned.axes.iter().map(|axis| axis.path.as_str());
    let rest = ["standing", "metric", "unit", "mean", "low", "high", "level", "n", "require", "holds"];
    let mut table = Table::new(&["point"].into_iter().chain(keys).chain(rest).collect::<Vec<_>>());
    for (place, candidate) in planned.candidates.iter().enumerate() {
        let mut add = |metric: &str, interval: &Confidence, require: String, holds: &str| {
            let mut row = vec![place.to_string()];
            row.extend(planned.values(place).into_iter().map(str::to_owned));
            row.extend([candidate.standing.text().to_owned(), metric.to_owned(), unit(metric).to_owned()]);
            row.extend(bounds(interval));
            row.extend([require, holds.to_owned()]);
            table.row(row);
        };
        for (requirement, (interval, holds)) in planned.goal.requirements.iter().zip(&candidate.verdicts) {
            add(&requirement.metric, interval, requirement.to_string(), holds.text());
        }
        add(&planned.goal.minimize, &candidate.objective, "least".to_owned(), "");
    }
    table.text()
}

/// `plan.csv` of a search: one row a value and requirement.
pub fn search_csv(searched: &Searched<'_>) -> String {
    let header = [searched.path, "metric", "unit", "mean", "low", "high", "level", "n", "require", "holds"];
    let mut table = Table::new(&header);
    for trial in &searched.found.trials {
        for (requirement, (interval, holds)) in searched.search.requirements.iter().zip(&trial.verdicts) {
            let metric = &requirement.metric;
            let mut row = vec![trial.value.to_string(), metric.clone(), unit(metric).to_owned()];
            row.extend(bounds(interval));
            row.extend([requirement.to_string(), holds.text().to_owned()]);
            table.row(row);
        }
    }
    table.text()
}

/// `unknowns.csv`: one row for each metric that another assumption changes with confidence.
pub fn unknowns_csv(summary: &Summary) -> String {
    let mut table = Table::new(&["assumption", "set", "metric", "unit", "as_it_is", "change", "low", "high"]);
    for unknown in &summary.unknowns {
        for (metric, change) in &unknown.changes {
            let mut row =
                vec![unknown.name.to_owned(), unknown.set.join("; "), metric.clone(), unit(metric).to_owned()];
            row.extend([change.base, change.mean, change.low, change.high].map(|value| value.to_string()));
            table.row(row);
        }
    }
    table.text()
}

/// `series.csv`: one row a minute, owner, metric and statistic; `time_s` is the minute's first second.
pub fn series_csv(outcome: &Outcome, names: &Names) -> String {
    let owner = |minute: &Minute| match minute.owner {
        Owner::Account => "account".to_owned(),
        Owner::Function(place) => format!("functions.{}", names.functions[place as usize]),
        Owner::Source(place) => format!("sources.{}", names.sources[place as usize]),
    };
    let mut table = Table::new(&["time_s", "owner", "metric", "stat", "value"]);
    for minute in &outcome.minutes {
        let (time, owner) = ((minute.start.nanos() / crate::time::SECOND).to_string(), owner(minute));
        for (metric, stat, value) in minute.rows() {
            table.row([&time, &owner, metric, stat, &value.to_string()]);
        }
    }
    table.text()
}

/// A table that is written into memory, which does not fail.
struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn new(header: &[&str]) -> Table {
        let mut table = Table(csv::Writer::from_writer(Vec::new()));
        table.row(header);
        table
    }

    /// Every row has the header's length.
    fn row<'a>(&mut self, cells: impl IntoIterator<Item = impl AsRef<str> + 'a>) {
        let mut record = csv::StringRecord::new();
        cells.into_iter().for_each(|cell| record.push_field(cell.as_ref()));
        self.0.write_record(&record).expect("a row in memory");
    }

    fn text(self) -> String {
        String::from_utf8(self.0.into_inner().expect("memory")).expect("text")
    }
}
