//! The messages of a queue occur: each is an instant of its own, unless it only waits.

use crate::engine::Fact;
use crate::recording::Context;
use crate::time::{SimDuration, SimTime};

use super::queue::Queue;

impl Queue {
    /// When the next message occurs; never, after the last.
    pub(super) fn next_arrival(&self) -> SimTime {
        if self.emitted < self.backlog { SimTime::ZERO } else { self.arrivals.next() }
    }

    /// Lets all messages of this instant occur.
    pub(super) fn emit(&mut self, ctx: &mut Context<'_>) {
        while self.next_arrival() == ctx.now {
            let number = self.emitted;
            self.emitted += 1;
            let (mut visible, mut handler) = (ctx.now, None);
            if number >= self.backlog {
                handler = self.arrivals.pop().and_then(|arrival| arrival.handler);
                let draw = || self.propagation.sample(&mut self.propagation_key.numbered(number).draws());
                visible = ctx.now + self.delay + self.propagation.constant().unwrap_or_else(draw);
            }
            ctx.tell(Fact::Emitted { source: self.id, event: number, waits: true });
            self.messages.emit(number, ctx.now, visible, handler);
        }
    }

    /// Lets those messages occur that only wait: others wait already, and nobody acts before.
    pub(super) fn emit_waiting(&mut self, ctx: &mut Context<'_>) {
        // What can be received was not received now, for whatever reason, and will not be before anybody acts.
        if self.messages.any_receivable() && !ctx.has_messages() && self.are_visible_at_once() {
            self.let_wait(ctx);
        }
    }

    /// Lets those messages occur that only wait, the first of them now, since all pollers are busy. False, and nothing happens, where
    /// they are not, or somebody else acts now.
    #[inline]
    pub(super) fn emit_behind(&mut self, ctx: &mut Context<'_>) -> bool {
        let only_waits = |at: &SimTime| *at < self.undisturbed(ctx);
        let waits =
            self.is_plain && self.free_pollers() == 0 && self.arrivals.instants().first().is_some_and(only_waits);
        if waits {
            self.watch_waiting(self.in_flight() < self.most_in_flight, ctx);
            self.let_wait(ctx);
            self.await_ends(ctx);
        }
        waits
    }

    /// Up to when nobody acts, this queue included, but that messages occur.
    fn undisturbed(&self, ctx: &Context<'_>) -> SimTime {
        ctx.undisturbed.min(self.next_but_arrival().at())
    }

    /// Lets all messages occur up to when anybody acts.
    fn let_wait(&mut self, ctx: &mut Context<'_>) {
        let end = self.undisturbed(ctx);
        loop {
            let instants = self.arrivals.instants();
            let events = instants.iter().take_while(|at| **at < end).count();
            let Some(last) = instants[..events].last().copied() else { return };
            let waited = instants[..events].iter().map(|at| u128::from(last.since(*at).nanos())).sum();
            self.messages.emit_alike(self.emitted, &instants[..events]);
            self.emitted += events as u64;
            self.arrivals.take(events);
            ctx.now = last;
            ctx.tell(Fact::Occurred { source: self.id, events: events as u64, waited });
        }
    }

    /// Whether messages are visible as they occur.
    pub(super) fn are_visible_at_once(&self) -> bool {
        self.delay.is_zero() && self.propagation.constant() == Some(SimDuration::ZERO)
    }
}
