//! The loop: pop the earliest wake-up, let its actor act, deliver what it says, ask who acts next.
//!
//! Actors that never hear of others may act apart from them, some way ahead (`apart`): the outcome is the same, and whoever listens
//! is told everything in order.

mod apart;
mod cast;
mod columns;
mod scenes;
mod set_up;

use crate::engine::{Invoke, Reply, SourceId, Wake};
use crate::inputs::Inputs;
use crate::recording::{Context, Outcome, Watch};
use crate::scenario::Scenario;
use crate::time::{SimDuration, SimTime};

use cast::{Actor, Cast};

pub(crate) use columns::{Columns, read_column};

/// Simulates `scenario` with the draws of `seed`. Pure: what it reads comes from `inputs`, what happens is told to `watch`, and
/// the same arguments give the same outcome on any machine.
///
/// # Panics
/// If `inputs` no longer hold what the scenario was read with and do not hear of it ([`Inputs::changed`]), or if the simulator is
/// wrong: every run ends by asserting that events are conserved and that concurrency adds up to the invocations' times.
pub fn simulate(scenario: &Scenario, seed: u64, inputs: &dyn Inputs, watch: &mut dyn Watch) -> Outcome {
    let apart =
        apart::scenes(scenario, watch).and_then(|scenes| World::new(scenario, seed, inputs, watch).run_apart(&scenes));
    apart.unwrap_or_else(|| World::new(scenario, seed, inputs, watch).run())
}

struct World<'a> {
    cast: Cast,
    ctx: Context<'a>,
    /// What is being delivered.
    calls: Vec<Invoke>,
    replies: Vec<Reply>,
    /// By destination: the source that makes events of its messages.
    relays: Vec<Option<SourceId>>,
    /// The end of emission, where the scenario sets one.
    until: Option<SimTime>,
    drain: SimDuration,
    /// When the run is cut off.
    horizon: SimTime,
    /// The last instant at which anybody may act.
    last: SimTime,
    /// When every event had its fate.
    ended_at: Option<SimTime>,
    /// By source, where no duration ends the window of statistics: whether it will emit more, so that the window goes on.
    emitting: Vec<bool>,
}

impl World<'_> {
    /// Runs to the end, all actors together.
    fn run(mut self) -> Outcome {
        self.cast.enter_all();
        self.play(SimTime::NEVER);
        // What a lazy source has not told yet happened before the run was cut off.
        if self.ended_at.is_none() {
            while self.ctx.recorder.next_boundary() <= self.horizon {
                self.close_next();
            }
            self.catch_up(self.horizon);
        }
        let ended_at = self.ended_at.unwrap_or(self.horizon);
        let end = self.until.unwrap_or(ended_at).max(ended_at);
        self.ctx.recorder.finish(ended_at, end, self.cast.platform.time_running(end))
    }

    /// Lets all actors act together before `end`.
    fn play(&mut self, end: SimTime) {
        let mut pause = self.pause(end);
        while let Some((place, wake)) = self.cast.agenda.first() {
            let at = wake.at();
            if at >= pause {
                if at >= end || at > self.last {
                    return;
                }
                self.close_next();
                self.cast.rekey_sources();
                pause = self.pause(end);
                continue;
            }
            assert!(at >= self.ctx.now, "an actor wanted to act at {at} s, and it is {} s", self.ctx.now);
            let actor = self.cast.actor(place);
            self.act(actor, place, wake, pause);
            let at = self.ctx.now;
            if let Actor::Source(id) = actor
                && self.emitting.get(id.0 as usize) == Some(&true)
                && self.cast.source(id).is_exhausted()
            {
                self.emitting[id.0 as usize] = false;
                self.ctx.recorder.end_window(at);
                if !self.emitting.contains(&true) {
                    self.horizon = at + self.drain;
                    self.last = self.horizon;
                    pause = self.pause(end);
                }
            }
            self.deliver();
            if self.ended_at.is_none() && self.is_done() {
                self.ended_at = Some(at);
                self.last = self.until.unwrap_or(at).min(self.horizon);
                pause = self.pause(end);
                self.end();
            }
        }
    }

    /// The first instant at which there is more to do than to act: something is closed, or it is the end.
    fn pause(&self, end: SimTime) -> SimTime {
        let after_last = SimTime::from_nanos(self.last.nanos() + 1);
        self.ctx.recorder.next_boundary().min(after_last).min(end)
    }

    /// Lets the actor act that acts next, whose place in the agenda this is; a source perhaps several times in a row, all before `end`.
    #[inline(always)]
    fn act(&mut self, actor: Actor, place: u32, wake: Wake, end: SimTime) {
        self.ctx.now = wake.at();
        let next = match actor {
            Actor::Function(id) => self.cast.platform.wake(id, wake, &mut self.ctx),
            Actor::Source(id) => {
                if !self.ctx.watched {
                    if self.cast.calls_in_a_row(id, place, end, &mut self.ctx) {
                        return;
                    }
                    self.ctx.undisturbed = self.cast.undisturbed(place).min(end);
                }
                self.cast.source(id).wake(wake, &mut self.ctx)
            }
        };
        self.cast.agenda.set(place, next);
    }

    /// Delivers all messages of the present instant, first come, first served. Calls bring about replies only, and replies calls only,
    /// so that all of the one are delivered before the next of the other.
    #[inline(always)]
    fn deliver(&mut self) {
        loop {
            if !self.ctx.calls.is_empty() {
                std::mem::swap(&mut self.ctx.calls, &mut self.calls);
                for call in &self.calls {
                    let next = self.cast.platform.invoke(call, &mut self.ctx);
                    self.cast.rekey_function(call.function, next);
                }
                self.calls.clear();
            }
            if self.ctx.replies.is_empty() {
                return;
            }
            std::mem::swap(&mut self.ctx.replies, &mut self.replies);
            for reply in &self.replies {
                match reply {
                    Reply::Settle(settle) => {
                        if let Some(next) = self.cast.source(settle.source).settle(settle, &mut self.ctx) {
                            self.cast.rekey_source(settle.source, next);
                        }
                    }
                    Reply::Over(source) => {
                        let next = self.cast.source(*source).over(&mut self.ctx);
                        self.cast.rekey_source(*source, next);
                    }
                    Reply::Deliver { destination, hops } => {
                        if let Some(source) = self.relays[destination.0 as usize] {
                            self.cast.source(source).relay(*hops, &mut self.ctx);
                        }
                    }
                }
            }
            self.replies.clear();
        }
    }

    /// Every event has its fate: from now on environments grow old, and nothing is called any more, not even for a copy that still
    /// waits.
    fn end(&mut self) {
        self.cast.is_over = true;
        for id in self.cast.platform.forget_copies() {
            self.cast.rekey(Actor::Function(id));
        }
        self.cast.rekey_sources();
    }

    /// Closes what ends at the recorder's next boundary, after all that happened before it was told. Sources may have looked ahead.
    fn close_next(&mut self) {
        let boundary = self.ctx.recorder.next_boundary();
        self.catch_up(boundary);
        self.ctx.recorder.close(boundary);
    }

    /// Lets lazy sources tell all that happened before `at`.
    fn catch_up(&mut self, at: SimTime) {
        let now = std::mem::replace(&mut self.ctx.now, at);
        for source in &mut self.cast.sources {
            source.catch_up(&mut self.ctx);
        }
        self.ctx.now = now;
    }

    /// Whether every event has its fate, no more will occur, no invocation runs and none is still to come.
    fn is_done(&self) -> bool {
        // Mostly something runs, which is asked first.
        self.cast.platform.running() == 0
            && self.ctx.recorder.live() == 0
            && self.cast.sources.iter().all(|source| source.is_exhausted() && !source.owes_call())
    }
}
