//! How long a record takes from its write until it can be read, where the scenario does not say.

use crate::time::SimDuration;

/// What is known of a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Propagation {
    /// How long it takes with one mapping that polls the stream.
    pub length: SimDuration,
    /// Whether each further one adds as much.
    pub grows: bool,
    /// Where the figure comes from, in the words of the report.
    pub origin: &'static str,
}

impl Propagation {
    /// Records can be read at once.
    pub(super) const NONE: Propagation = Propagation { length: SimDuration::ZERO, grows: false, origin: "" };

    /// How long it takes with so many mappings that poll the stream.
    pub(super) fn with(self, consumers: u32) -> SimDuration {
        if self.grows { self.length.saturating_mul(u64::from(consumers)) } else { self.length }
    }

    /// What is taken for granted of it.
    pub(super) fn assumption(self, consumers: u32) -> Option<String> {
        let length = self.with(consumers);
        let millis = length.nanos() as f64 / 1e6;
        let told =
            || format!("a record can be read {millis} ms after it was written: {}, taken as a constant", self.origin);
        (!length.is_zero()).then(told)
    }
}
