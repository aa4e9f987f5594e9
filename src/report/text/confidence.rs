//! What replications tell: each leading figure with its interval.

use crate::metrics::{PrecisionReached, Summary};

use super::format::{figure, half_width, of, percent, seeds, table, wrapped};
use super::leading::leading;

/// The intervals of the leading metrics; nothing without replications.
pub(super) fn confidence(summary: &Summary) -> String {
    let Some(any) = summary.confidence.values().next() else { return String::new() };
    let most = summary.confidence.values().map(|interval| interval.n).max().unwrap_or(0);
    let mut rows = vec![["mean of replications", "mean", "low", "high", "±"].map(str::to_owned).to_vec()];
    let asked = summary.expect.iter().map(|verdict| &verdict.metric);
    let asked = asked.chain(summary.precision.iter().map(|reached| &reached.metric));
    let leading = leading(asked, summary.sources.keys(), summary.functions.keys());
    for metric in leading {
        let interval = &summary.confidence[&metric];
        if interval.mean.is_none_or(|mean| mean == 0.0) {
            continue;
        }
        let fewer = if interval.n < most { format!(" ({} of them)", interval.n) } else { String::new() };
        let value = |value| figure(&metric, value);
        rows.push(vec![
            format!("{metric}{fewer}"),
            value(interval.mean),
            value(interval.low),
            value(interval.high),
            half_width(interval),
        ]);
    }
    let mut out = table(rows, 1);
    out += &wrapped(
        &format!(
            "{} confidence over {}, {}. The tables above and all charts show the first.",
            percent(any.level, 4),
            of(most, "replication"),
            seeds(summary.seed, most),
        ),
        "",
        "",
    );
    for reached in &summary.precision {
        out += &wrapped(&precision(reached), "", "");
    }
    out
}

fn precision(reached: &PrecisionReached) -> String {
    let PrecisionReached { metric, wanted, reached, met } = reached;
    let known = reached.map_or("not known at all".into(), |reached| format!("known to ±{}", percent(reached, 3)));
    let asked = percent(*wanted, 3);
    let verdict = if *met { format!("±{asked} was asked") } else { format!("±{asked} was asked and not reached") };
    format!("{metric} is {known}; {verdict}.")
}
