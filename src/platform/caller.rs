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

/// A source, and what is drawn ahead for its next events.
// In two lines of the cache: each invocation touches one or both.
#[repr(C, align(64))]
pub(super) struct Caller {
    /// To which the draws of its events belong.
    pub key: Key,
    /// Handler times of first deliveries.
    pub handlers: Drawn,
    /// Probability that the asynchronous queue holds an event of it twice.
    pub duplicate_rate: f64,
    /// Ways through the asynchronous queue.
    pub queue_delays: Box<Drawn>,
}

/// Times that one function has drawn ahead for a source's next events. Nearly every source calls one function only.
pub(super) struct Drawn {
    function: FunctionId,
    times: Ahead<SimDuration>,
}

impl Caller {
    pub(super) fn new(origin: Origin) -> Caller {
        let nothing = || Drawn { function: FunctionId(0), times: Ahead::new(SimDuration::ZERO) };
        let Origin { key, duplicate_rate } = origin;
        Caller { key, handlers: nothing(), duplicate_rate, queue_delays: nothing().into() }
    }
}

impl Drawn {
    /// The time that `function` draws for `event`, a child of `key`; it draws those of several events from their keys.
    #[inline(always)]
    pub(super) fn of(
        &mut self,
        function: FunctionId,
        key: Key,
        event: u64,
        draw: impl Fn(&mut [Key], &mut [SimDuration]),
    ) -> SimDuration {
        let known = if self.function == function { self.times.known(event) } else { None };
        known.unwrap_or_else(|| self.draw(function, key, event, draw))
    }

    #[cold]
    #[inline(never)]
    fn draw(
        &mut self,
        function: FunctionId,
        key: Key,
        event: u64,
        draw: impl Fn(&mut [Key], &mut [SimDuration]),
    ) -> SimDuration {
        // What another function has drawn is not this one's.
        if self.function != function {
            self.function = function;
            self.times.forget();
        }
        self.times.look(
            event,
            #[inline(always)]
            |times: &mut [SimDuration]| {
                let mut keys = [key; AHEAD];
                let keys = &mut keys[..times.len()];
                (0..).zip(&mut *keys).for_each(|(place, child)| *child = key.numbered(event + place));
                draw(keys, times);
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing is wrong where this fails, but thousands of sources are slower.
    #[test]
    fn what_an_invocation_touches_lies_in_two_lines() {
        assert_eq!(std::mem::size_of::<Caller>(), 128);
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
            let key = caller.key;
            assert_eq!(caller.handlers.of(function, key, event, draw), want);
            assert_eq!(caller.queue_delays.of(function, key, event, draw), want);
        }
    }
}
