//! Columns of measured times, from which distributions are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arrivals::parse_time;
use crate::distribution::TimeUnit;
use crate::inputs::{InputError, Inputs};

/// Columns of measured times, each read once.
pub(crate) struct Columns<'a> {
    inputs: &'a dyn Inputs,
    read: BTreeMap<(String, String, u64), Arc<[u64]>>,
    pub(super) failure: Option<InputError>,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(inputs: &'a dyn Inputs) -> Columns<'a> {
        Columns { inputs, read: BTreeMap::new(), failure: None }
    }

    pub(crate) fn values(&mut self, file: &str, column: &str, unit: TimeUnit) -> Arc<[u64]> {
        let key = (file.to_owned(), column.to_owned(), unit.nanos());
        if let Some(values) = self.read.get(&key) {
            return values.clone();
        }
        let values: Arc<[u64]> = match read_column(self.inputs, file, column, unit) {
            Ok(values) => values.into(),
            Err(error) => {
                self.failure = Some(error);
                Arc::new([0])
            }
        };
        self.read.insert(key, values.clone());
        values
    }
}

/// Reads a column of measured times in nanoseconds; at least one.
pub(crate) fn read_column(
    inputs: &dyn Inputs,
    file: &str,
    column: &str,
    unit: TimeUnit,
) -> Result<Vec<u64>, InputError> {
    let mut rows = inputs.open(file, &[column])?;
    let mut values = Vec::new();
    while rows.advance()? {
        let value = parse_time(rows.field(0), unit).map_err(|what| InputError {
            file: file.to_owned(),
            line: Some(rows.line()),
            message: format!("column `{column}`: {what}"),
        })?;
        values.push(value);
    }
    if values.is_empty() {
        return Err(InputError::empty(file, column));
    }
    Ok(values)
}
