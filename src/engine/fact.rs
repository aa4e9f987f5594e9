//! Facts: what happened, as it is told to the recorder and to whoever watches.

use crate::time::{SimDuration, SimTime};

use super::{DestinationId, Ending, Events, FunctionId, Reason, SourceId};

/// Where an event ends: exactly one each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// An invocation with it succeeded, or its dry run passed.
    Processed,
    /// A synchronous caller got an error and gave up.
    Rejected,
    /// Retries or age used up, and at least one message was sent for it.
    DeadLettered,
    /// Retries used up and nobody to tell, or never handed over.
    Dropped,
    /// Retention or maximum age passed and nobody to tell.
    Expired,
    /// Left out by a filter.
    Filtered,
}

impl Fate {
    /// All fates, in the order of the contract.
    pub const ALL: [Fate; 6] =
        [Fate::Processed, Fate::Rejected, Fate::DeadLettered, Fate::Dropped, Fate::Expired, Fate::Filtered];

    /// The fate's name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Fate::Processed => "processed",
            Fate::Rejected => "rejected",
            Fate::DeadLettered => "dead_lettered",
            Fate::Dropped => "dropped",
            Fate::Expired => "expired",
            Fate::Filtered => "filtered",
        }
    }
}

/// What a latency is made of; the parts of an event follow each other without a gap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// From emission until readable, or handed to Lambda.
    Delivery,
    /// Until read by a poller.
    Poll,
    /// Lane free, waiting for a full batch or the window's end.
    Batching,
    /// Read, but the lane, group or queue before it is busy.
    Blocked,
    /// From the first 429 to acceptance, while no attempt has failed.
    Throttled,
    /// From the start of the first failed attempt to the start of the last attempt.
    Retry,
    /// The last attempt's cold start.
    Init,
    /// The last attempt's handler.
    Handler,
}

impl Part {
    /// All parts, in the order of the contract.
    pub const ALL: [Part; 8] = [
        Part::Delivery,
        Part::Poll,
        Part::Batching,
        Part::Blocked,
        Part::Throttled,
        Part::Retry,
        Part::Init,
        Part::Handler,
    ];

    /// The part's name in tables.
    pub const fn name(self) -> &'static str {
        ["delivery", "poll", "batching", "blocked", "throttled", "retry", "init", "handler"][self as usize]
    }
}

/// The latency of one event, in parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts(pub [SimDuration; Part::ALL.len()]);

impl Parts {
    /// The parts named; the others are zero.
    pub fn of(parts: &[(Part, SimDuration)]) -> Parts {
        let mut all = Parts::default();
        for (part, length) in parts {
            all.0[*part as usize] = *length;
        }
        all
    }

    /// These, and one more.
    pub fn and(mut self, part: Part, length: SimDuration) -> Parts {
        self.0[part as usize] = length;
        self
    }

    /// The whole latency.
    pub fn total(&self) -> SimDuration {
        // Together they last as long as the event did, which is far from the end of the numbers.
        SimDuration::from_nanos(self.0.iter().map(|part| part.nanos()).sum())
    }
}

/// Why an event ended where it did, in AWS's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Asynchronous: the function succeeded.
    Success,
    /// Asynchronous: all retries failed.
    RetriesExhausted,
    /// Asynchronous: too old for another try.
    EventAgeExceeded,
    /// Asynchronous: the function's reserved concurrency is 0.
    ZeroReservedConcurrency,
    /// Asynchronous: the event went round a loop of functions too often.
    RecursiveInvocation,
    /// Stream: the last retry of a batch failed.
    RetryAttemptsExhausted,
    /// Stream: records too old for (another) try.
    RecordAgeExceeded,
}

impl Condition {
    /// As AWS writes it into a destination's message.
    pub const fn name(self) -> &'static str {
        match self {
            Condition::Success => "Success",
            Condition::RetriesExhausted => "RetriesExhausted",
            Condition::EventAgeExceeded => "EventAgeExceeded",
            Condition::ZeroReservedConcurrency => "ZeroReservedConcurrency",
            Condition::RecursiveInvocation => "RecursiveInvocation",
            Condition::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Condition::RecordAgeExceeded => "RecordAgeExceeded",
        }
    }

    /// Whether it is said of the records of a batch together.
    pub const fn is_of_batch(self) -> bool {
        matches!(self, Condition::RetryAttemptsExhausted | Condition::RecordAgeExceeded)
    }

    /// Whether an event left the asynchronous queue without success.
    pub const fn drops_async_event(self) -> bool {
        match self {
            Condition::RetriesExhausted
            | Condition::EventAgeExceeded
            | Condition::ZeroReservedConcurrency
            | Condition::RecursiveInvocation => true,
            Condition::Success | Condition::RetryAttemptsExhausted | Condition::RecordAgeExceeded => false,
        }
    }
}

/// What a synchronous caller is answered. Which HTTP status that is depends on the service that it called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// What it asked for.
    Done,
    /// 403 or 413 from Lambda: trying again is useless.
    Refused,
    /// 429 from Lambda.
    Throttled,
    /// 429 from a limit before Lambda.
    Limited,
    /// 500 from Lambda, which is out of order.
    Unavailable,
    /// A function error.
    FunctionError,
    /// None in time.
    Timeout,
}

impl Answer {
    /// How many there are.
    pub const COUNT: usize = 7;
}

/// What an event source mapping counts of its records, besides what other facts tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MappingCount {
    /// Read from the stream or queue.
    Polled,
    /// Of a batch, or of its part, whose invocation failed: told when that ends.
    FailedInvoke,
    /// Deleted from the queue.
    Deleted,
}

/// Which concurrency an invocation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Concurrency {
    /// That of a function without provisioned concurrency.
    OnDemand,
    /// Provisioned.
    Provisioned,
    /// On demand, since all provisioned concurrency is in use or its requests of this second are used up.
    Spillover,
}

/// One try of some events on a function.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Whose events.
    pub source: SourceId,
    /// The function called.
    pub function: FunctionId,
    /// The events.
    pub events: &'a Events,
    /// Which try, from 1.
    pub attempt: u32,
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    /// An event occurred.
    Emitted {
        /// Its source.
        source: SourceId,
        /// Its number.
        event: u64,
        /// Whether it begins to wait in a stream or queue at once.
        waits: bool,
    },
    /// Events occurred that begin to wait in a stream, the last of them now: told in place of each [`Fact::Emitted`] where nobody
    /// reads every fact.
    Occurred {
        /// Their source.
        source: SourceId,
        /// How many.
        events: u64,
        /// How long they have waited until now: the sum of all, in nanoseconds.
        waited: u128,
    },
    /// Lambda accepted a call; `invocation` is none for an event taken into the asynchronous queue and for a dry run.
    Accepted {
        /// The call.
        call: Call<'a>,
        /// The invocation.
        invocation: Option<u64>,
        /// Whether the event went into the function's asynchronous queue, where it waits.
        queued: bool,
    },
    /// Lambda answered 403, or 413 to a payload that is too large.
    Denied(Call<'a>),
    /// Lambda answered 429.
    Throttled(Call<'a>, Reason),
    /// Lambda answered 500: its service is out of order.
    Unavailable(Call<'a>),
    /// An environment was assigned; `cold`: it was made for this invocation and initialises first.
    Started {
        /// The call.
        call: Call<'a>,
        /// The invocation.
        invocation: u64,
        /// The environment's number in its function.
        environment: u64,
        /// Whether the environment is new.
        cold: bool,
        /// Which concurrency it takes.
        concurrency: Concurrency,
        /// When the event entered the asynchronous queue.
        queued_since: Option<SimTime>,
    },
    /// An invocation ended.
    Ended {
        /// The call.
        call: Call<'a>,
        /// The invocation.
        invocation: u64,
        /// The environment's number in its function.
        environment: u64,
        /// When it started.
        started: SimTime,
        /// Its cold start.
        init: SimDuration,
        /// Its handler time.
        handler: SimDuration,
        /// What is billed.
        billed: SimDuration,
        /// Which concurrency it took.
        concurrency: Concurrency,
        /// How it ended.
        ending: Ending,
    },
    /// The next try is set.
    RetryScheduled(Call<'a>),
    /// A failed batch was split.
    Bisected {
        /// The failed call, of what is left of its batch.
        call: Call<'a>,
        /// The failed invocation.
        invocation: u64,
    },
    /// An event met its fate.
    Settled {
        /// Its source.
        source: SourceId,
        /// The function, where the event got that far.
        function: Option<FunctionId>,
        /// Its number.
        event: u64,
        /// When it occurred.
        emitted: SimTime,
        /// Where it ended.
        fate: Fate,
        /// Its latency, where it was processed.
        parts: Option<Parts>,
        /// The invocation that decided.
        invocation: Option<u64>,
        /// The last try, from 1; 0 where there was none.
        attempt: u32,
        /// Why, in AWS's words.
        condition: Option<Condition>,
        /// AWS's approximateInvokeCount, where there is a condition.
        invoke_count: u32,
    },
    /// A synchronous caller got its answer.
    Answered {
        /// The caller.
        source: SourceId,
        /// When its event occurred.
        emitted: SimTime,
        /// What it waited.
        waited: SimDuration,
        /// Which: of several tries, the last one's.
        answer: Answer,
    },
    /// A message went to a destination.
    Message {
        /// Which.
        destination: DestinationId,
        /// Why and whose.
        call: Call<'a>,
        /// Why, in AWS's words; none for a message that its queue moved.
        condition: Option<Condition>,
        /// AWS's approximateInvokeCount, where there is a condition.
        invoke_count: u32,
    },
    /// Provisioned environments are ready, all at once.
    Provisioned {
        /// Their function.
        function: FunctionId,
        /// How many.
        environments: u64,
    },
    /// An event source mapping counts records.
    Mapping {
        /// The source.
        source: SourceId,
        /// What they are counted as.
        what: MappingCount,
        /// How many.
        events: u64,
    },
    /// A source made billed requests to its service: what its own charges are made of.
    Requests {
        /// The source.
        source: SourceId,
        /// How many.
        count: u64,
    },
    /// A mapping whose pollers are paid for has more of them (positive) or fewer than before, in units that are billed; it begins with
    /// those that are always there.
    PollerUnits {
        /// The source.
        source: SourceId,
        /// How many units.
        change: i64,
    },
    /// An idle environment was shut down.
    Reclaimed {
        /// Its function.
        function: FunctionId,
        /// Its number.
        environment: u64,
    },
    /// Events of a source began (positive) or ceased (negative) to wait in a stream or queue, where no other fact says so.
    Waiting {
        /// The source.
        source: SourceId,
        /// How many.
        change: i64,
    },
    /// The last record of a batch had this age when the batch was sent.
    IteratorAge {
        /// The source.
        source: SourceId,
        /// The age.
        age: SimDuration,
    },
}
