//! The facts file: every fact as a row of CSV, in order of time.

use std::io::{self, Write};

use crate::engine::{Call, Condition, Ending, Events, Fact, Run};
use crate::metrics::Watch;
use crate::scenario::Names;
use crate::time::{SECOND, SimTime};

const HEADER: &str =
    "time_s,fact,function,source,first_event,last_event,n_events,invocation,attempt,environment,condition,invoke_count";

/// Writes facts as they happen; the first failure is kept and ends the writing.
pub struct FactsCsv<W: Write> {
    out: W,
    failure: Option<io::Error>,
    /// A fate of one event of a batch, which the next event's may prolong.
    pending: Option<Row>,
    /// Messages so far.
    messages: u64,
    line: Line,
}

/// One row.
#[derive(Clone, Default, PartialEq)]
struct Row {
    at: SimTime,
    fact: &'static str,
    function: Option<u32>,
    source: Option<u32>,
    events: Option<Run>,
    /// Where it is not the length of `events`.
    n_events: Option<u64>,
    invocation: Option<u64>,
    attempt: Option<u32>,
    environment: Option<u64>,
    condition: Option<&'static str>,
    invoke_count: Option<u32>,
}

impl<W: Write> FactsCsv<W> {
    /// Facts written to `out`, which should be buffered.
    pub fn new(out: W) -> FactsCsv<W> {
        let mut facts = FactsCsv { out, failure: None, pending: None, messages: 0, line: Line::default() };
        let header = writeln!(facts.out, "{HEADER}");
        facts.keep(header);
        facts
    }

    /// Ends the writing.
    ///
    /// # Errors
    /// The first failure of all.
    pub fn finish(mut self, names: &Names) -> io::Result<W> {
        self.flush_pending(names);
        let flushed = self.out.flush();
        self.keep(flushed);
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(self.out),
        }
    }

    fn keep(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }

    fn flush_pending(&mut self, names: &Names) {
        if let Some(row) = self.pending.take() {
            self.write(&row, names);
        }
    }

    fn write(&mut self, row: &Row, names: &Names) {
        if self.failure.is_none() {
            row.put(&mut self.line, names);
            let written = self.out.write_all(&self.line.0);
            self.keep(written);
        }
    }

    /// Writes a row for each run of consecutive events.
    fn batch(&mut self, row: &Row, events: &Events, names: &Names) {
        // The final call of a tumbling window carries no events.
        if events.count == 0 {
            self.write(&Row { n_events: Some(0), ..row.clone() }, names);
        }
        for run in events.runs() {
            self.write(&Row { events: Some(run), ..row.clone() }, names);
        }
    }
}

impl Row {
    fn put(&self, line: &mut Line, names: &Names) {
        let function = self.function.map(|place| names.functions[place as usize].as_str());
        line.time(self.at);
        line.text(Some(self.fact));
        line.text(function);
        line.text(self.source.map(|place| names.sources[place as usize].as_str()));
        line.number(self.events.map(|run| run.first));
        line.number(self.events.map(|run| run.last));
        line.number(self.n_events.or(self.events.map(|run| run.last - run.first + 1)));
        line.number(self.invocation);
        line.number(self.attempt.map(u64::from));
        line.text(function.filter(|_| self.environment.is_some()));
        if let Some(number) = self.environment {
            line.0.push(b'/');
            line.digits(number);
        }
        line.text(self.condition);
        line.number(self.invoke_count.map(u64::from));
        line.0.push(b'\n');
    }

    fn call(at: SimTime, fact: &'static str, call: &Call<'_>) -> Row {
        Row {
            at,
            fact,
            function: Some(call.function.0),
            source: Some(call.source.0),
            attempt: Some(call.attempt),
            ..Row::default()
        }
    }
}

/// A line that is being put together; facts come by the million, so it is used again and again.
#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    /// Seconds with nine decimals: the first cell.
    fn time(&mut self, at: SimTime) {
        self.0.clear();
        self.digits(at.nanos() / SECOND);
        // The digit before the nine decimals gives way to the point.
        let point = self.0.len();
        self.digits(SECOND + at.nanos() % SECOND);
        self.0[point] = b'.';
    }

    fn text(&mut self, cell: Option<&str>) {
        self.0.push(b',');
        self.0.extend_from_slice(cell.unwrap_or_default().as_bytes());
    }

    fn number(&mut self, cell: Option<u64>) {
        self.0.push(b',');
        if let Some(number) = cell {
            self.digits(number);
        }
    }

    fn digits(&mut self, number: u64) {
        self.0.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }
}

impl<W: Write> Watch for FactsCsv<W> {
    fn fact(&mut self, at: SimTime, fact: &Fact<'_>, names: &Names) {
        if let Fact::Settled { source, function, event, fate, invocation, attempt, condition, invoke_count, .. } = *fact
        {
            let row = Row {
                at,
                fact: fate.name(),
                function: function.map(|function| function.0),
                source: Some(source.0),
                events: Some(Run { first: event, last: event }),
                n_events: None,
                invocation,
                attempt: (attempt > 0).then_some(attempt),
                environment: None,
                condition: condition.map(|condition| condition.name()),
                invoke_count: condition.map(|_| invoke_count),
            };
            // Fates of one batch: decided by one invocation, or given up together.
            let is_of_batch = invocation.is_some() || condition.is_some_and(Condition::is_of_batch);
            if let Some(pending) = self.pending.as_mut().filter(|_| is_of_batch)
                && let Some(run) = pending.events
                && run.last + 1 == event
                && *pending == (Row { events: Some(run), ..row.clone() })
            {
                pending.events = Some(Run { first: run.first, last: event });
                return;
            }
            self.flush_pending(names);
            self.pending = Some(row);
            return;
        }
        // What is no row of the file does not part the rows of a batch.
        if matches!(
            fact,
            Fact::Occurred { .. }
                | Fact::Waiting { .. }
                | Fact::Answered { .. }
                | Fact::IteratorAge { .. }
                | Fact::Mapping { .. }
                | Fact::Requests { .. }
                | Fact::PollerUnits { .. }
        ) {
            return;
        }
        self.flush_pending(names);
        match *fact {
            Fact::Emitted { source, event, .. } => {
                let events = Some(Run { first: event, last: event });
                self.write(&Row { at, fact: "emitted", source: Some(source.0), events, ..Row::default() }, names);
            }
            Fact::Accepted { call, invocation, .. } => {
                self.batch(&Row { invocation, ..Row::call(at, "accepted", &call) }, call.events, names);
            }
            Fact::Denied(call) => self.batch(&Row::call(at, "denied", &call), call.events, names),
            Fact::Unavailable(call) => self.batch(&Row::call(at, "unavailable", &call), call.events, names),
            Fact::Bisected { call, invocation } => {
                let row = Row { invocation: Some(invocation), ..Row::call(at, "bisected", &call) };
                self.batch(&row, call.events, names);
            }
            Fact::Throttled(call, _) => self.batch(&Row::call(at, "throttled", &call), call.events, names),
            Fact::RetryScheduled(call) => self.batch(&Row::call(at, "retry_scheduled", &call), call.events, names),
            Fact::Started { call, invocation, environment, cold, .. } => {
                let row = Row {
                    invocation: Some(invocation),
                    environment: Some(environment),
                    ..Row::call(at, "started", &call)
                };
                self.batch(&row, call.events, names);
                if cold {
                    self.batch(&Row { fact: "cold_started", ..row }, call.events, names);
                }
            }
            Fact::Ended { call, invocation, environment, ending, .. } => {
                let fact = match ending {
                    Ending::Success => "finished",
                    Ending::Error => "failed",
                    Ending::Timeout => "timed_out",
                };
                let row =
                    Row { invocation: Some(invocation), environment: Some(environment), ..Row::call(at, fact, &call) };
                self.batch(&row, call.events, names);
            }
            Fact::Message { call, condition, invoke_count, .. } => {
                let row = Row {
                    n_events: Some(u64::from(call.events.count)),
                    invocation: Some(self.messages),
                    condition: condition.map(|condition| condition.name()),
                    invoke_count: condition.map(|_| invoke_count),
                    ..Row::call(at, "delivered_to_destination", &call)
                };
                self.messages += 1;
                self.batch(&row, call.events, names);
            }
            Fact::Reclaimed { function, environment } => {
                let row = Row {
                    at,
                    fact: "reclaimed",
                    function: Some(function.0),
                    environment: Some(environment),
                    ..Row::default()
                };
                self.write(&row, names);
            }
            Fact::Settled { .. }
            | Fact::Occurred { .. }
            | Fact::Waiting { .. }
            | Fact::Answered { .. }
            | Fact::IteratorAge { .. }
            | Fact::Mapping { .. }
            | Fact::Requests { .. }
            | Fact::PollerUnits { .. }
            | Fact::Provisioned { .. } => {}
        }
    }
}
