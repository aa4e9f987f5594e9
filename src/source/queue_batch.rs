//! A batch of a queue's messages with the function: when it is sent again, and what of it goes back to the queue.
//!
//! A batch that Lambda throttles is kept and sent again; of one that was invoked, the handler's answer decides.

use std::ops::Deref;

use crate::engine::{BatchItemFailures, Ending};
use crate::time::SimTime;

use super::mapping::Backoff;
use super::message::MessageId;

/// The messages of a batch, in order of number. With free pollers a message is a batch, which then needs no list.
pub(super) enum BatchMessages {
    One(MessageId),
    Many(Vec<MessageId>),
}

impl Deref for BatchMessages {
    type Target = [MessageId];
    fn deref(&self) -> &[MessageId] {
        match self {
            BatchMessages::One(id) => std::slice::from_ref(id),
            BatchMessages::Many(ids) => ids,
        }
    }
}

impl Default for BatchMessages {
    fn default() -> Self {
        BatchMessages::Many(Vec::new())
    }
}

/// A batch that was sent, in one line of the cache.
#[repr(align(64))]
pub(super) struct Batch {
    /// Batches before it.
    pub number: u64,
    pub messages: BatchMessages,
    /// The numbers of those that are poisoned this time.
    pub poisoned: Box<[u64]>,
    /// The present try, from 1: above all earlier tries of its messages.
    pub attempt: u32,
    /// Tries of this batch that were not accepted.
    pub refusals: u32,
    /// When the visibility timeout of its first message is over.
    pub hidden_until: SimTime,
}

impl Batch {
    /// When a batch that Lambda refused at `now` is sent again: "Lambda continues to retry the message until the message's timestamp
    /// exceeds your queue's visibility timeout, at which point Lambda drops the message" (AWS Lambda Developer Guide, "Handling
    /// errors for an SQS event source"), its copy, that is.
    pub(super) fn next_try(&mut self, backoff: &Backoff, now: SimTime) -> SimTime {
        let wait = backoff.wait(self.refusals);
        self.refusals += 1;
        (now + wait).min(self.hidden_until).max(now)
    }

    /// Whether the handler raises an error at its poisoned messages.
    pub(super) fn raises(&self, answer: Option<BatchItemFailures>) -> bool {
        !self.poisoned.is_empty() && matches!(answer, None | Some(BatchItemFailures::Throws))
    }

    /// What of a batch goes back to the queue, by how its invocation ended and what the handler answered; the rest stays in it.
    ///
    /// All that a handler's answer decides is decided here and in [`Batch::raises`].
    pub(super) fn split_returned(
        &mut self,
        ending: Ending,
        answer: Option<BatchItemFailures>,
        fifo: bool,
    ) -> BatchMessages {
        let whole = match (ending, answer) {
            (Ending::Success, None | Some(BatchItemFailures::None | BatchItemFailures::Throws)) => {
                return BatchMessages::default();
            }
            (Ending::Success, Some(BatchItemFailures::Poisoned)) => false,
            (Ending::Success, Some(BatchItemFailures::Malformed)) | (Ending::Error | Ending::Timeout, _) => true,
        };
        if whole {
            return std::mem::take(&mut self.messages);
        }
        // "If you're using this feature with a FIFO queue, your function should stop processing messages after the first failure
        // and return all failed and unprocessed messages" (AWS Lambda Developer Guide, "Handling errors for
        // an SQS event source").
        let first = self.poisoned.first().copied().unwrap_or(u64::MAX);
        let returns = |id: &MessageId| if fifo { id.number >= first } else { self.poisoned.contains(&id.number) };
        let (returned, kept) = self.messages.iter().partition(|id| returns(id));
        self.messages = BatchMessages::Many(kept);
        BatchMessages::Many(returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handlers_answer_decides_what_goes_back() {
        use Ending::{Error, Success};
        let all: &[u64] = &[3, 4, 7, 9];
        let numbers = |ids: &[MessageId]| ids.iter().map(|id| id.number).collect::<Vec<_>>();
        for (answer, poisoned, ending, fifo, raises, returned) in [
            (None, &[4][..], Error, false, true, all),
            (None, &[], Success, false, false, &[]),
            (Some(BatchItemFailures::Poisoned), &[4], Success, false, false, &[4]),
            (Some(BatchItemFailures::Poisoned), &[4, 9], Success, true, false, &[4, 7, 9]),
            (Some(BatchItemFailures::Poisoned), &[], Success, true, false, &[]),
            (Some(BatchItemFailures::Poisoned), &[4], Ending::Timeout, false, false, all),
            (Some(BatchItemFailures::None), &[4], Success, false, false, &[]),
            (Some(BatchItemFailures::Throws), &[4], Error, false, true, all),
            (Some(BatchItemFailures::Throws), &[], Success, false, false, &[]),
            (Some(BatchItemFailures::Malformed), &[], Success, false, false, all),
        ] {
            let mut batch = Batch {
                number: 0,
                messages: BatchMessages::Many(
                    all.iter().map(|number| MessageId { number: *number, place: None }).collect(),
                ),
                poisoned: poisoned.into(),
                attempt: 1,
                refusals: 0,
                hidden_until: SimTime::NEVER,
            };
            assert_eq!(batch.raises(answer), raises, "{answer:?}");
            assert_eq!(numbers(&batch.split_returned(ending, answer, fifo)), returned, "{answer:?}");
            assert_eq!(size_of::<Option<Batch>>(), 64);
            assert_eq!(batch.messages.len() + returned.len(), all.len(), "{answer:?}");
        }
    }
}
