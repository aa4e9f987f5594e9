//! Poisoned events: those that make every invocation holding them fail, for ever or a few times.

use rustc_hash::FxHashMap;

use crate::random::Key;

use super::common::{Common, PoisonSpec};

/// Purpose of the draw that poisons an event, beside its deliveries.
const POISON: &str = "poison";

/// Which events of a source are poisoned.
pub(super) struct Poison {
    listed: FxHashMap<u64, u32>,
    rate: f64,
    key: Key,
}

impl Poison {
    pub(super) fn new(common: &Common, key: Key) -> Poison {
        let listed = common.poison.iter().map(|poison| match *poison {
            PoisonSpec::Always(event) => (event, u32::MAX),
            PoisonSpec::Times { event, times } => (event, times),
        });
        Poison { listed: listed.collect(), rate: common.poison_rate, key }
    }

    /// How many of the event's first deliveries fail; 0 for a sound event.
    pub(super) fn failing_deliveries(&self, event: u64) -> u32 {
        if !self.listed.is_empty()
            && let Some(times) = self.listed.get(&event)
        {
            return *times;
        }
        if self.key.numbered(event).chance(POISON, self.rate) { u32::MAX } else { 0 }
    }

    /// Whether any event can be poisoned.
    pub(super) fn any(&self) -> bool {
        !self.listed.is_empty() || self.rate > 0.0
    }
}
