//! A source as the platform knows it: to whom the draws of its events belong.

use crate::engine::FunctionId;
use crate::random::{AHEAD, Ahead, Key};
use crate::time::SimDuration;

/// What the platform knows of a source.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// To which the draws of its events belong.
    pub key: Key,
    /// Probability that the asynchronous queue holds an event of it twice.
    pub duplicate_rate: f64,
}

/// A source, and what one function has drawn ahead for its next events. Nearly every source calls one function only.
// In this order: each invocation touches one line of the cache.
#[repr(C, align(64))]
pub(super) struct Caller {
    /// To which the draws of its events belong.
    pub key: Key,
    function: FunctionId,
    /// Handler times of first deliveries.
    handlers: Ahead<SimDuration>,
    /// Probability that the asynchronous queue holds an event of it twice.
    pub duplicate_rate: f64,
    /// Ways through the asynchronous queue.
    queue_delays: Box<Ahead<SimDuration>>,
}

impl Caller {
    pub(super) fn new(origin: Origin) -> Caller {
        Caller {
            key: origin.key,
            duplicate_rate: origin.duplicate_rate,
            function: FunctionId(0),
            handlers: Ahead::new(SimDuration::ZERO),
            queue_delays: Ahead::new(SimDuration::ZERO).into(),
        }
    }

    /// The handler time of the first delivery of `event` to `function`, which draws those of several events from their keys.
    #[inline]
    pub(super) fn handler(
        &mut self,
        function: FunctionId,
        event: u64,
        draw: impl Fn(&mut [Key], &mut [SimDuration]),
    ) -> SimDuration {
        self.turn_to(function);
        let key = self.key;
        self.handlers.of(event, |times| draw_each(key, event, times, draw))
    }

    /// The way of `event` through the asynchronous queue of `function`, which draws those of several events from their keys.
    #[inline]
    pub(super) fn queue_delay(
        &mut self,
        function: FunctionId,
        event: u64,
        draw: impl Fn(&mut [Key], &mut [SimDuration]),
    ) -> SimDuration {
        self.turn_to(function);
        let key = self.key;
        self.queue_delays.of(event, |times| draw_each(key, event, times, draw))
    }

    /// What another function has drawn is not this one's.
    #[inline]
    fn turn_to(&mut self, function: FunctionId) {
        if self.function != function {
            self.function = function;
            self.handlers.forget();
            self.queue_delays.forget();
        }
    }
}

/// Draws `times` of the events from `first` on, whose keys are children of `key`.
fn draw_each(key: Key, first: u64, times: &mut [SimDuration], draw: impl Fn(&mut [Key], &mut [SimDuration])) {
    let mut keys = [key; AHEAD];
    let keys = &mut keys[..times.len()];
    (0..).zip(&mut *keys).for_each(|(place, child)| *child = key.numbered(first + place));
    draw(keys, times);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing is wrong where this fails, but thousands of sources are slower.
    #[test]
    fn what_an_invocation_touches_lies_in_one_line() {
        assert_eq!(std::mem::offset_of!(Caller, duplicate_rate), 64);
    }

    #[test]
    fn each_function_draws_for_itself() {
        let mut caller = Caller::new(Origin { key: Key::root(1), duplicate_rate: 0.0 });
        for event in 0..100 {
            let function = FunctionId((event / 3 % 2) as u32);
            let law = |key: Key| SimDuration::from_nanos(key.numbered(u64::from(function.0)).below(1_000_000));
            let draw = |keys: &mut [Key], times: &mut [SimDuration]| {
                keys.iter().zip(times).for_each(|(key, time)| *time = law(*key));
            };
            let want = law(Key::root(1).numbered(event));
            assert_eq!(caller.handler(function, event, draw), want);
            assert_eq!(caller.queue_delay(function, event, draw), want);
        }
    }
}
