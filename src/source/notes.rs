//! What is known of some records besides their number and when they were written: few streams need any of it, so that it lies apart.

use rustc_hash::FxHashMap;

use crate::time::{SimDuration, SimTime};

use super::numbered::Numbered;
use super::records::Record;

/// What is known of some records, by number.
#[derive(Default)]
pub(super) struct Notes {
    /// Handler times that they bring with them.
    pub handlers: FxHashMap<u64, SimDuration>,
    /// When those occurred that were refused at first.
    pub late: FxHashMap<u64, SimTime>,
    /// How many deliveries failed of those that are poisoned for a few only.
    pub failed_deliveries: FxHashMap<u64, u32>,
    /// When those can be read that take their own time to become readable.
    pub readable: Numbered<SimTime>,
}

impl Notes {
    /// When the producer of a record first wanted to write it.
    pub(super) fn emitted_at(&self, record: &Record) -> SimTime {
        self.late.get(&record.number).copied().unwrap_or(record.written)
    }

    /// Forgets records.
    pub(super) fn forget<'a>(&mut self, records: impl Iterator<Item = &'a Record>) {
        let Notes { handlers, late, failed_deliveries, readable } = self;
        if handlers.is_empty() && late.is_empty() && failed_deliveries.is_empty() && readable.is_empty() {
            return;
        }
        for Record { number, .. } in records {
            handlers.remove(number);
            late.remove(number);
            failed_deliveries.remove(number);
            readable.remove(*number);
        }
    }
}
