//! Tables as CSV: the metrics of a run, and its minutes under CloudWatch's names.

use crate::metrics::{Minute, Outcome, Owner, Summary, metrics, unit};
use crate::scenario::Names;

/// `summary.csv`: every metric with its value and unit; a figure that cannot exist has no value.
pub fn summary_csv(summary: &Summary) -> String {
    table(
        &["metric", "value", "unit"],
        metrics(summary).into_iter().map(|(metric, value)| {
            let unit = unit(&metric).to_owned();
            vec![metric, value.map_or_else(String::new, |value| value.to_string()), unit]
        }),
    )
}

/// `series.csv`: one row a minute, owner, metric and statistic; `time_s` is the minute's first second.
pub fn series_csv(outcome: &Outcome, names: &Names) -> String {
    let owner = |minute: &Minute| match minute.owner {
        Owner::Account => "account".to_owned(),
        Owner::Function(place) => format!("functions.{}", names.functions[place as usize]),
        Owner::Source(place) => format!("sources.{}", names.sources[place as usize]),
    };
    let rows = outcome.minutes.iter().flat_map(|minute| {
        let (time, owner) = (minute.start.nanos() / crate::time::SECOND, owner(minute));
        let row = move |(metric, stat, value): (&str, &str, f64)| {
            vec![time.to_string(), owner.clone(), metric.to_owned(), stat.to_owned(), value.to_string()]
        };
        minute.rows().into_iter().map(row).collect::<Vec<_>>()
    });
    table(&["time_s", "owner", "metric", "stat", "value"], rows)
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Memory does not fail, and every row has the header's length.
    writer.write_record(header).expect("a row in memory");
    rows.for_each(|row| writer.write_record(row).expect("a row in memory"));
    String::from_utf8(writer.into_inner().expect("memory")).expect("text")
}
