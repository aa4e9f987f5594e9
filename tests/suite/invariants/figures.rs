//! Figures of a summary beside what the facts come to.

use std::fmt::Display;

use serde_json::Value;

use super::levels::Level;

pub fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

pub fn number(figures: &Value, what: &str, want: u64) -> Result<(), String> {
    ensure!(figures[what] == want, "{what} is {} in the summary, {want} in the facts", figures[what]);
    Ok(())
}

pub fn level(what: &str, figures: &Value, level: &Level, window: (u64, u64)) -> Result<(), String> {
    let max = level.max(window.0);
    ensure!(
        figures["max"].as_f64() == Some(max as f64),
        "{what}.max is {} in the summary, {max} in the facts",
        figures["max"]
    );
    let length = (window.1 - window.0) as f64;
    let want = (length > 0.0).then(|| level.area(window.0, window.1) / length);
    let got = figures["mean"].as_f64();
    let same = got.zip(want).map_or(got.is_none() && want.is_none(), |(got, want)| close(got, want));
    ensure!(same, "{what}.mean is {got:?} in the summary, {want:?} in the facts");
    Ok(())
}

pub fn mean_and_max(figures: &Value, lengths: &[u64], what: &str) -> Result<(), String> {
    let Some(max) = lengths.iter().max() else {
        ensure!(figures["mean"].is_null(), "{what} without anything to measure");
        return Ok(());
    };
    let mean = lengths.iter().map(|length| u128::from(*length)).sum::<u128>() as f64 / lengths.len() as f64 / 1e6;
    let got = |key: &str| figures[key].as_f64().unwrap_or(f64::NAN);
    ensure!(close(got("mean"), mean), "{what}.mean is {}, and {mean} in the facts", figures["mean"]);
    ensure!(close(got("max"), *max as f64 / 1e6), "{what}.max is {}, and {max} ns in the facts", figures["max"]);
    let quantiles = ["p50", "p90", "p95", "p99", "p99_9", "max"].map(got);
    ensure!(quantiles.is_sorted(), "the quantiles of {what} do not ascend: {quantiles:?}");
    Ok(())
}

/// NaN becomes null in JSON: figures are there if and only if there was something to measure.
pub fn measured(figures: &Value, any: bool, what: impl Display) -> Result<(), String> {
    let figures = figures.as_object().ok_or_else(|| format!("no {what}"))?;
    for (key, value) in figures {
        ensure!(value.is_null() != any, "{what}.{key} is {value}");
    }
    Ok(())
}

pub fn finite(path: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(entries) => entries.iter().try_for_each(|(key, value)| finite(&format!("{path}.{key}"), value)),
        Value::Array(items) => items.iter().try_for_each(|value| finite(path, value)),
        Value::Number(number) => {
            ensure!(number.as_f64().is_some_and(f64::is_finite), "{path} is {number}");
            Ok(())
        }
        _ => Ok(()),
    }
}
