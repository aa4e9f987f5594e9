//! What an actor has at hand while it acts: the clock, a way to say something, and an ear for facts.

use crate::engine::{Call, Condition, DestinationId, Fact, Fate, Invoke, Reply, Settle, SourceId};
use crate::time::SimTime;

use super::Recorder;

/// What an actor has at hand while it acts: one for the whole run, whose clock goes on.
pub struct Context<'a> {
    /// The present instant.
    pub now: SimTime,
    /// Whether somebody reads every fact, so that what only a reader needs must be kept.
    pub watched: bool,
    /// Nobody else acts before this instant, and nothing is closed, as far as that is known when a source is woken up.
    pub undisturbed: SimTime,
    /// What sources ask for at the present instant.
    pub calls: Vec<Invoke>,
    /// What the platform says at the present instant.
    pub replies: Vec<Reply>,
    /// By source.
    pub ended: Vec<Ended>,
    /// Hears every fact. Facts of one owner come in order of time; those of a stream may come late, with the time at which they
    /// happened.
    pub recorder: Recorder<'a>,
}

/// Calls of a source of which it keeps nothing, and whose ends only count: what it does not know of them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Ended {
    /// How many have ended since it last looked.
    pub calls: u64,
    /// When the last of all ended.
    pub last: SimTime,
    /// Whether it waits for the next end, and wants to be told.
    pub is_awaited: bool,
}

impl<'a> Context<'a> {
    /// The beginning of a run that `recorder` records.
    pub fn new(recorder: Recorder<'a>) -> Context<'a> {
        Context {
            now: SimTime::ZERO,
            watched: recorder.watched(),
            undisturbed: SimTime::ZERO,
            calls: Vec::new(),
            replies: Vec::new(),
            ended: Vec::new(),
            recorder,
        }
    }

    /// Whether the platform has said something that was not delivered yet.
    #[inline(always)]
    pub fn has_replies(&self) -> bool {
        !self.replies.is_empty()
    }

    /// Whether something was said that has to be delivered at this instant.
    #[inline(always)]
    pub fn has_messages(&self) -> bool {
        !self.calls.is_empty() || self.has_replies()
    }

    /// Tells that `fact` happens now.
    #[inline(always)]
    pub fn tell(&mut self, fact: Fact<'_>) {
        self.tell_at(self.now, fact);
    }

    /// Tells of a `fact` that no figure counts, so that only a reader wants to hear it, and it need not exist for others.
    #[inline(always)]
    pub fn mention<'f>(&mut self, fact: impl FnOnce() -> Fact<'f>) {
        if self.watched {
            self.show(self.now, fact());
        }
    }

    /// Tells that `fact` happened at `at`, not later than now. Which fact it is is known where it is told, so that one that comes with
    /// each event and is only counted never lies in memory.
    #[inline(always)]
    pub fn tell_at(&mut self, at: SimTime, fact: Fact<'_>) {
        match fact {
            fact if self.watched => self.show(at, fact),
            Fact::Ended { .. } => self.recorder.ended(at, &fact),
            Fact::Emitted { source, waits, .. } => self.recorder.emitted(at, source, waits),
            Fact::Occurred { source, events, waited } => self.recorder.occurred(at, source, events, waited),
            Fact::Settled { source, emitted, fate: Fate::Processed, parts, .. } => {
                self.recorder.processed(at, source, emitted, parts);
            }
            Fact::Answered { source, emitted, waited, answer } => {
                self.recorder.answered(source, emitted, waited, answer);
            }
            Fact::Accepted { call, queued: true, .. } => self.recorder.queued(at, call.source, call.function),
            Fact::Waiting { source, change } => self.recorder.waiting(at, source, change),
            Fact::Mapping { source, what, events } => self.recorder.mapped(source, what, events),
            Fact::Requests { source, count } => self.recorder.requested(source, count),
            fact => self.recorder.count(at, &fact),
        }
    }

    /// Tells a fact that somebody reads.
    #[cold]
    #[inline(never)]
    fn show(&mut self, at: SimTime, fact: Fact<'_>) {
        self.recorder.show(at, &fact);
    }

    /// Asks Lambda to run a function.
    #[inline]
    pub fn invoke(&mut self, invoke: Invoke) {
        self.calls.push(invoke);
    }

    /// Sends a message about the events of `call` to a destination; `hops` invocations led to it. What a queue moves to its
    /// dead-letter queue carries no condition.
    pub fn send(
        &mut self,
        destination: DestinationId,
        call: Call<'_>,
        condition: impl Into<Option<Condition>>,
        invoke_count: u32,
        hops: u8,
    ) {
        self.tell(Fact::Message { destination, call, condition: condition.into(), invoke_count });
        self.replies.push(Reply::Deliver { destination, hops });
    }

    /// A call of which `source` keeps nothing has ended.
    #[inline(always)]
    pub fn end_call(&mut self, source: SourceId) {
        let ended = &mut self.ended[source.0 as usize];
        ended.calls += 1;
        ended.last = self.now;
        if ended.is_awaited {
            self.replies.push(Reply::Over(source));
        }
    }

    /// Tells a source what became of its call.
    #[inline]
    pub fn settle(&mut self, settle: Settle) {
        self.replies.push(Reply::Settle(settle));
    }
}
