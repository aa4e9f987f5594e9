//! What an actor has at hand while it acts: the clock, the outbox, and an ear for facts.

use crate::time::{SimDuration, SimTime};

use super::{Answer, Call, Condition, DestinationId, Fact, Fate, Invoke, Message, Parts, Settle, SourceId};

/// Takes facts as they happen. Facts of one owner come in order of time; those of a stream may come late, with the time
/// at which they happened.
pub trait Observe {
    /// `fact` happened at `at`.
    fn take(&mut self, at: SimTime, fact: &Fact<'_>);

    /// What is counted of [`Fact::Started`] where nobody reads the facts; so it is of the other methods. The observer's type is known
    /// to who tells this one and the next, so that they become parts of it.
    fn started(&mut self, at: SimTime, fact: &Fact<'_>);

    /// [`Fact::Ended`].
    fn ended(&mut self, at: SimTime, fact: &Fact<'_>);

    /// [`Fact::Emitted`]. Sources tell this and the rest of each event, and behind a dispatch a few words are quicker than a fact.
    fn emitted(&mut self, at: SimTime, source: SourceId, waits: bool);

    /// [`Fact::Settled`], of an event that was processed.
    fn processed(&mut self, at: SimTime, source: SourceId, emitted: SimTime, parts: Option<&Parts>);

    /// [`Fact::Answered`].
    fn answered(&mut self, source: SourceId, emitted: SimTime, waited: SimDuration, answer: Answer);
}

/// What an actor has at hand while it acts. The platform knows the type of who observes, so that it tells without a dispatch; sources
/// are behind a dispatch themselves, and do not.
pub struct Context<'a, O: Observe + ?Sized = dyn Observe + 'a> {
    /// The present instant.
    pub now: SimTime,
    /// Whether somebody reads every fact, so that what only a reader needs must be kept.
    pub watched: bool,
    outbox: &'a mut Vec<Message>,
    observer: &'a mut O,
}

impl<'a, O: Observe + ?Sized> Context<'a, O> {
    /// A context at `now`.
    pub fn new(now: SimTime, watched: bool, outbox: &'a mut Vec<Message>, observer: &'a mut O) -> Self {
        Context { now, watched, outbox, observer }
    }

    /// Tells that `fact` happens now.
    #[inline(always)]
    pub fn tell(&mut self, fact: Fact<'_>) {
        self.tell_at(self.now, fact);
    }

    /// Tells of a `fact` that no figure counts, so that only a reader wants to hear it.
    pub fn mention(&mut self, fact: Fact<'_>) {
        if self.watched {
            self.tell(fact);
        }
    }

    /// Tells that `fact` happened at `at`, not later than now.
    #[inline(always)]
    pub fn tell_at(&mut self, at: SimTime, fact: Fact<'_>) {
        match fact {
            fact if self.watched => self.show(at, fact),
            Fact::Started { .. } => self.observer.started(at, &fact),
            Fact::Ended { .. } => self.observer.ended(at, &fact),
            Fact::Emitted { source, waits, .. } => self.observer.emitted(at, source, waits),
            Fact::Settled { source, emitted, fate: Fate::Processed, parts, .. } => {
                self.observer.processed(at, source, emitted, parts);
            }
            Fact::Answered { source, emitted, waited, answer } => {
                self.observer.answered(source, emitted, waited, answer);
            }
            fact => self.observer.take(at, &fact),
        }
    }

    /// Tells a fact that somebody reads; a copy of it, so that one that is only counted need not lie in memory.
    #[cold]
    fn show(&mut self, at: SimTime, fact: Fact<'_>) {
        self.observer.take(at, &fact);
    }

    /// Asks Lambda to run a function.
    pub fn invoke(&mut self, invoke: Invoke) {
        self.outbox.push(Message::Invoke(invoke));
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
        self.outbox.push(Message::Deliver { destination, hops });
    }

    /// Tells a source what became of its call.
    pub fn settle(&mut self, settle: Settle) {
        self.outbox.push(Message::Settle(settle));
    }
}

impl<'a> Context<'a> {
    /// A context at `now` for a source.
    pub fn of_source(now: SimTime, watched: bool, outbox: &'a mut Vec<Message>, observer: &'a mut dyn Observe) -> Self {
        Context::new(now, watched, outbox, observer)
    }
}
