//! The two messages: a source asks Lambda to run a function, Lambda settles what became of it.
//!
//! A push source sends one event at a time and may forget it: the message carries what is needed to answer. A pull source
//! keeps its records and finds them again by `handle`.

use crate::time::{SimDuration, SimTime};

use super::{DestinationId, FunctionId, SourceId};

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize, schemars::JsonSchema)]
pub enum InvocationType {
    /// Synchronous: the caller waits for the answer (200).
    RequestResponse,
    /// Asynchronous: Lambda takes the event into its queue and answers at once (202).
    Event,
    /// Only permission and parameters are checked (204); nothing runs.
    DryRun,
}

/// What a function answers for the poisoned records of a batch, where its mapping asks which records failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchItemFailures {
    /// It names them.
    #[default]
    Poisoned,
    /// It names none: everything counts as a success.
    None,
    /// It raises an error.
    Throws,
    /// It always answers what Lambda cannot read, which fails the whole batch.
    Malformed,
}

/// A run of consecutive event numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// The first event.
    pub first: u64,
    /// The last event.
    pub last: u64,
}

/// The events of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Events {
    /// The first event's number in its source.
    pub first: u64,
    /// How many events.
    pub count: u32,
    /// The runs of consecutive numbers; only kept where they are not one that begins with `first`, and somebody watches.
    pub runs: Option<Box<[Run]>>,
}

impl Events {
    /// One event.
    pub const fn one(number: u64) -> Events {
        Events { first: number, count: 1, runs: None }
    }

    /// The events with the given numbers; their runs are kept where `watched`. The final call of a tumbling window has none.
    pub fn of(numbers: impl Iterator<Item = u64>, watched: bool) -> Events {
        let mut numbers = numbers.peekable();
        let first = numbers.peek().copied().unwrap_or(0);
        if !watched {
            return Events { first, count: numbers.count() as u32, runs: None };
        }
        // A record that was written late has a lower number than those before it.
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        let count = numbers.len() as u32;
        let mut runs: Vec<Run> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some(run) if run.last + 1 == number => run.last = number,
                _ => runs.push(Run { first: number, last: number }),
            }
        }
        let is_plain = runs.len() < 2 && runs.first().is_none_or(|run| run.first == first);
        Events { first, count, runs: (!is_plain).then(|| runs.into()) }
    }

    /// The runs of consecutive numbers.
    pub fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        let whole = Run { first: self.first, last: self.first + u64::from(self.count.max(1)) - 1 };
        let single = (self.runs.is_none() && self.count > 0).then_some(whole);
        single.into_iter().chain(self.runs.iter().flatten().copied())
    }
}

/// A source asks Lambda to run a function.
#[derive(Clone, Debug)]
pub struct Invoke {
    /// Who asks.
    pub source: SourceId,
    /// The function to run.
    pub function: FunctionId,
    /// How.
    pub invocation_type: InvocationType,
    /// The source's own number for this call; comes back in [`Settle`].
    pub handle: u64,
    /// What the call carries.
    pub events: Events,
    /// When the (first) event occurred.
    pub emitted: SimTime,
    /// Which try of these events this is, accepted or not, from 1.
    pub attempt: u32,
    /// How many earlier tries were accepted: the number to which random draws of this try belong.
    pub deliveries: u32,
    /// The handler time that the event brings with it.
    pub handler: Option<SimDuration>,
    /// The first so many deliveries of these events fail (poison); 0: none.
    pub poisoned: u32,
    /// Whether the source may call the function at all.
    pub permission: bool,
    /// Whether the source wants to be told when the call is accepted, and how an asynchronous event ended.
    pub receipt: bool,
    /// How many invocations of the same chain of events led to this call.
    pub hops: u8,
    /// Whether it has one event, and the source keeps nothing of it but that it is under way.
    pub forgotten: bool,
}

/// Calls in a row of a source that need not act between them: one for each of its next events, which differ by number and instant
/// only. Each is the first of its event, the source may make it, and wants no receipt.
pub struct Calls<'a> {
    /// Who asks.
    pub source: SourceId,
    /// The function to run.
    pub function: FunctionId,
    /// How.
    pub invocation_type: InvocationType,
    /// The first event's number.
    pub first: u64,
    /// The source's own number for the first call, and by how much it grows from call to call.
    pub handles: (u64, u64),
    /// When each event occurs and is a call, in order of time.
    pub instants: &'a [SimTime],
}

/// Why Lambda answers 429, as its API names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The account's unreserved concurrency is used up.
    ConcurrentInvocationLimitExceeded,
    /// The function's reserved concurrency is used up.
    ReservedFunctionConcurrentInvocationLimitExceeded,
    /// The function gets no more environments for now (scaling rate), or the account no more requests.
    FunctionInvocationRateLimitExceeded,
    /// The function's reserved share of requests per second is used up.
    ReservedFunctionInvocationRateLimitExceeded,
}

/// How an invocation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The handler returned.
    Success,
    /// The handler raised an error.
    Error,
    /// The function's timeout ended it; a function error, too.
    Timeout,
}

/// Lambda tells a source what became of a call.
#[derive(Clone, Copy, Debug)]
pub struct Settle {
    /// Who asked.
    pub source: SourceId,
    /// The function called.
    pub function: FunctionId,
    /// The source's own number for the call.
    pub handle: u64,
    /// The (first) event's number.
    pub event: u64,
    /// When the (first) event occurred.
    pub emitted: SimTime,
    /// Which try it was.
    pub attempt: u32,
    /// What happened.
    pub verdict: Verdict,
}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// 403: the source may not call the function.
    Denied,
    /// 429: not now.
    Throttled(Reason),
    /// 500: Lambda's service is out of order.
    Unavailable,
    /// 204: a dry run passed.
    Passed,
    /// The call was accepted; sent only where a receipt was asked for.
    Accepted,
    /// The invocation is over.
    Ended {
        /// Its number.
        invocation: u64,
        /// When it was accepted.
        started: SimTime,
        /// How long its cold start took; zero for a warm one.
        init: SimDuration,
        /// How it ended.
        ending: Ending,
    },
    /// An asynchronous event has met its fate; sent only where a receipt was asked for.
    Concluded {
        /// Whether it was processed.
        processed: bool,
    },
}

/// What the platform says at one instant; what sources say is [`Invoke`].
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// To a source, about its call.
    Settle(Settle),
    /// To a source: a call of which it keeps nothing is over, for which it [waits](crate::recording::Ended).
    Over(SourceId),
    /// A message to a destination, which may be a function that it calls.
    Deliver {
        /// The destination.
        destination: DestinationId,
        /// How many invocations led to the message.
        hops: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_names_its_runs() {
        let runs = |numbers: &[u64]| {
            Events::of(numbers.iter().copied(), true).runs().map(|run| (run.first, run.last)).collect::<Vec<_>>()
        };
        assert_eq!(runs(&[4]), [(4, 4)]);
        assert_eq!(runs(&[4, 5, 6]), [(4, 6)]);
        assert_eq!(runs(&[1, 3, 4, 9]), [(1, 1), (3, 4), (9, 9)]);
        assert_eq!(runs(&[5, 6, 4]), [(4, 6)], "in the order of their numbers");
        assert_eq!(Events::of([1, 3].into_iter(), false), Events { first: 1, count: 2, runs: None });
    }
}
