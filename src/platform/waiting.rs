//! An event that waits in an asynchronous queue. Ten million may do so at once, so each takes 56 bytes, and those that wait equally
//! long wait in blocks.

use std::collections::VecDeque;

use crate::engine::SourceId;
use crate::time::SimTime;

/// An accepted event that waits for a try; of two, the one that is due first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    /// When the next try comes.
    pub due: SimTime,
    /// When Lambda accepted the event.
    pub accepted: SimTime,
    pub source: SourceId,
    pub event: u64,
    pub emitted: SimTime,
    /// When the first try came; never, before it.
    pub first_try: SimTime,
    /// When the first try that failed in the function started; never, before it.
    pub first_failure: SimTime,
    /// Tries answered 429, or 500: fewer than 130 in the six hours that an event may wait.
    pub throttles: u8,
    /// Tries that failed in the function: three at most.
    pub errors: u8,
    /// How many invocations of its chain came before; 255 stands for all above.
    pub hops: u8,
    pub role: Role,
}

/// What an event means to those outside the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Nobody asks what became of it.
    Untold,
    /// Its sender wants to know the end.
    Told,
    /// A copy of an event that the queue holds twice: it decides nothing.
    Copy,
}

impl Waiting {
    /// The number of the next try, from 1.
    pub(super) fn attempt(&self) -> u32 {
        u32::from(self.throttles) + u32::from(self.errors) + 1
    }

    /// Whether this is its first try.
    pub(super) fn is_tried_once(&self) -> bool {
        self.throttles == 0 && self.errors == 0
    }

    pub(super) fn is_copy(&self) -> bool {
        self.role == Role::Copy
    }
}

/// Events in a block.
const BLOCK: usize = 1024;

/// First come, first served, in blocks: to grow moves nothing, and a block that was served is given back.
#[derive(Debug, Default)]
pub(super) struct Fifo {
    blocks: VecDeque<VecDeque<Waiting>>,
}

impl Fifo {
    pub(super) fn front(&self) -> Option<&Waiting> {
        self.blocks.front()?.front()
    }

    pub(super) fn push(&mut self, event: Waiting) {
        match self.blocks.back_mut() {
            Some(block) if block.len() < BLOCK => block.push_back(event),
            _ => {
                let mut block = VecDeque::with_capacity(BLOCK);
                block.push_back(event);
                self.blocks.push_back(block);
            }
        }
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let event = self.blocks.front_mut()?.pop_front();
        if self.blocks.len() > 1 && self.blocks[0].is_empty() {
            self.blocks.pop_front();
        }
        event
    }

    pub(super) fn clear(&mut self) {
        self.blocks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_small() {
        assert_eq!(size_of::<Waiting>(), 56);
    }

    #[test]
    fn blocks_keep_the_order() {
        let mut fifo = Fifo::default();
        let (mut pushed, mut popped) = (0, 0);
        for (push, pop) in [(1, 2), (3_000, 1), (10, 2_999), (1_025, 1_000), (0, 40)] {
            for _ in 0..push {
                fifo.push(Waiting { event: pushed, ..super::super::async_queue::tests::event(0, 0) });
                pushed += 1;
            }
            for _ in 0..pop {
                let event = fifo.pop().map(|event| event.event);
                assert_eq!(event, (popped < pushed).then_some(popped));
                popped += u64::from(event.is_some());
                assert_eq!(fifo.front().map(|event| event.event), (popped < pushed).then_some(popped));
            }
        }
    }
}
