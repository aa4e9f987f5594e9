//! A chain: what a function's destination, another function of the scenario, is sent.
//!
//! The messages become events of a source of their own, named `FUNCTION.on_failure` or `FUNCTION.on_success`; Lambda calls the
//! other function asynchronously, once a message.

use schemars::JsonSchema;

use crate::distribution::DistributionSpec;
use crate::engine::{Events, Fact, Fate, FunctionId, InvocationType, Invoke, Settle, SourceId, Verdict, Wake};
use crate::inputs::InputError;
use crate::recording::Context;

use super::common::Common;
use super::{Definition, EventSource, Figures, KeyProblem, Kind, Mode, Site};

/// Not among the kinds that a scenario can name: a destination makes such a source.
pub static KIND: Kind = Kind {
    name: "lambda",
    mode: Mode::Push,
    about: "message of another function's destination (push, Event)",
    schema: |generator| Common::json_schema(generator),
    read: |_| Ok(definition()),
};

/// The source of a destination's messages.
pub fn definition() -> Box<dyn Definition> {
    Box::new(Chain { common: Common::default() })
}

#[derive(Debug)]
struct Chain {
    common: Common,
}

impl Definition for Chain {
    fn common(&self) -> &Common {
        &self.common
    }

    fn invocation_type(&self) -> InvocationType {
        InvocationType::Event
    }

    fn figures(&self) -> Figures {
        Figures { response: false, backlog: true, iterator_age: false, latency: true }
    }

    fn distributions(&self) -> Vec<(Vec<&'static str>, &DistributionSpec)> {
        vec![]
    }

    fn problems(&self) -> Vec<KeyProblem> {
        vec![]
    }

    fn assumptions(&self) -> Vec<String> {
        vec![]
    }

    fn build(&self, site: Site<'_>) -> Result<Box<dyn EventSource>, InputError> {
        Ok(Box::new(Messages { id: site.id, target: site.target, emitted: 0 }))
    }
}

/// A running chain.
struct Messages {
    id: SourceId,
    target: FunctionId,
    emitted: u64,
}

impl EventSource for Messages {
    fn next_wake(&self) -> Wake {
        Wake::NEVER
    }

    fn wake(&mut self, _: Wake, _: &mut Context<'_>) -> Wake {
        Wake::NEVER
    }

    fn relay(&mut self, hops: u8, ctx: &mut Context<'_>) {
        let event = self.emitted;
        self.emitted += 1;
        ctx.tell(Fact::Emitted { source: self.id, event, waits: false });
        ctx.invoke(Invoke {
            source: self.id,
            function: self.target,
            invocation_type: InvocationType::Event,
            handle: 0,
            events: Events::one(event),
            emitted: ctx.now,
            attempt: 1,
            deliveries: 0,
            handler: None,
            poisoned: 0,
            permission: true,
            receipt: false,
            hops,
            forgotten: false,
        });
    }

    fn settle(&mut self, settle: &Settle, ctx: &mut Context<'_>) -> Option<Wake> {
        // Lambda takes its own message unless its service is out of order.
        if settle.verdict == Verdict::Unavailable {
            ctx.tell(Fact::Settled {
                source: self.id,
                function: Some(self.target),
                event: settle.event,
                emitted: settle.emitted,
                fate: Fate::Dropped,
                parts: None,
                invocation: None,
                attempt: settle.attempt,
                condition: None,
                invoke_count: 0,
            });
        }
        None
    }

    fn is_exhausted(&self) -> bool {
        true
    }
}
