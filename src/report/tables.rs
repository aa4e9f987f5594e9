//! Tables as CSV: the metrics of a run, and its minutes under CloudWatch's names.

use crate::metrics::{Confidence, Minute, Outcome, Owner, Summary, metrics, unit};
use crate::scenario::Names;

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
