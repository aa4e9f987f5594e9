//! A sweep: one row a point, the leading metrics with their intervals.

use super::super::studies::Sweep;
use super::format::{changed, figure, half_width, of, percent, seeds, table, warm_up, wrapped};

/// The sweep for people.
pub fn sweep_text(sweep: &Sweep<'_>) -> String {
    let leading = sweep.leading();
    let mut header: Vec<String> = sweep.axes.iter().map(|axis| axis.path.clone()).collect();
    for metric in &leading {
        header.extend([metric.clone(), "±".to_owned()]);
    }
    let mut rows = vec![header];
    for point in &sweep.points {
        let mut row: Vec<String> = sweep.values(point).into_iter().map(str::to_owned).collect();
        for metric in &leading {
            let interval = point.interval(metric, sweep.level);
            // A figure that some runs do not have is the mean of the others.
            let of_some = if (1..point.replications.runs.len()).contains(&interval.n) {
                format!(" ({} of {})", interval.n, point.replications.runs.len())
            } else {
                String::new()
            };
            row.extend([figure(metric, interval.mean) + &of_some, half_width(&interval)]);
        }
        rows.push(row);
    }
    let first = &sweep.points[0];
    let n = first.replications.runs.len();
    let points = of(sweep.points.len(), "point");
    let mut out = format!(
        "{}   {points}, {} each, {}\n",
        first.scenario.name,
        of(n, "replication"),
        seeds(first.replications.seed, n)
    );
    out += &changed(sweep.set);
    out += &table(rows, 0);
    out += &wrapped(
        &format!(
            "± is the half-width of the {} confidence interval over the mean. All points see the same seeds. All metrics are in \
             sweep.csv. {}",
            percent(sweep.level, 4),
            warm_up(first.scenario)
        ),
        "",
        "",
    );
    out
}
