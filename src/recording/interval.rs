//! Figures over time: minutes under CloudWatch's names, and a timeline of at most a few hundred bins for charts.

use crate::time::{SECOND, SimDuration, SimTime};

/// Whose figures.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Owner {
    /// The account.
    Account,
    /// A function, by its place.
    Function(u32),
    /// A source, by its place.
    Source(u32),
}

/// How two intervals that follow each other become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    Sum,
    Max,
}

impl Rule {
    #[inline(always)]
    fn join(self, one: f64, next: f64) -> f64 {
        match self {
            Rule::Sum => one + next,
            Rule::Max => one.max(next),
        }
    }
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($(#[$column_doc:meta])* $column:ident: $rule:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $($(#[$column_doc])* $column,)* }
        impl $name {
            const RULES: &'static [Rule] = &[$(Rule::$rule,)*];
            /// How many columns there are.
            pub const COUNT: usize = Self::RULES.len();

            /// Joins the columns of the interval that follows: written out, so that no rule is looked up.
            fn join(columns: &mut [f64; Self::COUNT], next: &[f64; Self::COUNT]) {
                $({
                    let column = &mut columns[$name::$column as usize];
                    *column = Rule::$rule.join(*column, next[$name::$column as usize]);
                })*
            }
        }
    };
}

columns! {
    /// What is known of a function (or, in part, of the account) in an interval. Times are in nanoseconds, areas in things
    /// times nanoseconds.
    FunctionColumn {
        /// Invocations that started.
        Invocations: Sum,
        /// Invocations that started and were to end in a function error, timeouts included: CloudWatch stamps errors with the start
        /// of the call. Kept for minutes only.
        Errors: Sum,
        /// Invocations that ended in a function error, timeouts included.
        Failed: Sum,
        /// Answers 429.
        Throttles: Sum,
        /// Invocations that ended: what `Duration` is the mean of.
        Ended: Sum,
        /// Handler times.
        DurationSum: Sum,
        /// The longest handler time.
        DurationMax: Max,
        /// Integral of concurrency.
        ConcurrencyArea: Sum,
        /// Highest concurrency.
        ConcurrencyMax: Max,
        /// Integral of environments.
        EnvironmentsArea: Sum,
        /// Most environments.
        EnvironmentsMax: Max,
        /// Events taken into the asynchronous queue.
        AsyncReceived: Sum,
        /// Events that left it without success.
        AsyncDropped: Sum,
        /// Invocations of queued events: what `AsyncEventAge` is the mean of.
        AsyncAgeCount: Sum,
        /// Ages of these events.
        AsyncAgeSum: Sum,
        /// The highest age.
        AsyncAgeMax: Max,
        /// Invocations on provisioned concurrency.
        Provisioned: Sum,
        /// Invocations on demand that provisioned concurrency had no room for.
        Spillover: Sum,
        /// The most invocations at once on provisioned concurrency.
        ProvisionedMax: Max,
        /// Their share of what is provisioned.
        UtilizationMax: Max,
        /// The account's: the most invocations at once on unreserved concurrency.
        UnreservedMax: Max,
        /// The account's: these, and all that functions have for themselves.
        ClaimedMax: Max,
        /// Events of the asynchronous queue that went round a loop too often.
        RecursiveDropped: Sum,
    }
}

columns! {
    /// What is known of a source in an interval.
    SourceColumn {
        /// Events that occurred.
        Emitted: Sum,
        /// Events processed.
        Processed: Sum,
        /// Events that ended otherwise.
        Lost: Sum,
        /// Integral of the backlog.
        BacklogArea: Sum,
        /// Longest backlog.
        BacklogMax: Max,
        /// Samples of the iterator age.
        AgeCount: Sum,
        /// Their sum.
        AgeSum: Sum,
        /// Their maximum.
        AgeMax: Max,
        /// Records that a mapping read.
        Polled: Sum,
        /// Left out by its filters.
        FilteredOut: Sum,
        /// Handed to the function, again with each retry.
        Invoked: Sum,
        /// Of failed invocations, by their end.
        FailedInvoke: Sum,
        /// Given up after retries or age, with nowhere to send a message.
        Discarded: Sum,
        /// Told to the on-failure destination.
        OnFailureDelivered: Sum,
        /// Deleted from a queue.
        Deleted: Sum,
    }
}

/// The figures of one owner in one interval.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Interval(pub(super) Vec<f64>);

impl Interval {
    pub(super) fn function() -> Interval {
        Interval(vec![0.0; FunctionColumn::COUNT])
    }

    pub(super) fn source() -> Interval {
        Interval(vec![0.0; SourceColumn::COUNT])
    }

    fn rules(&self) -> &'static [Rule] {
        if self.0.len() == FunctionColumn::COUNT { FunctionColumn::RULES } else { SourceColumn::RULES }
    }

    /// Joins the interval that follows, which has these columns.
    pub(super) fn join(&mut self, next: &[f64]) {
        join(&mut self.0, next);
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.0.fill(0.0);
    }

    fn is_silent(&self) -> bool {
        self.0.iter().all(|value| *value == 0.0)
    }

    fn counts_nothing(&self) -> bool {
        self.0.iter().zip(self.rules()).all(|(value, rule)| *value == 0.0 || matches!(rule, Rule::Max))
    }
}

/// Joins the columns of the interval that follows.
fn join(columns: &mut [f64], next: &[f64]) {
    if let (Ok(columns), Ok(next)) = (columns.try_into(), next.try_into()) {
        FunctionColumn::join(columns, next);
    } else if let (Ok(columns), Ok(next)) = (columns.try_into(), next.try_into()) {
        SourceColumn::join(columns, next);
    } else {
        unreachable!("intervals are a function's or a source's");
    }
}

/// One owner's figures over one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Minute {
    /// The minute's first instant.
    pub start: SimTime,
    /// How much of it was simulated: of the last one only a part, or its first instant alone.
    pub length: SimDuration,
    /// Whose.
    pub owner: Owner,
    pub(super) interval: Interval,
}

impl Minute {
    /// (metric, statistic, value) under CloudWatch's names; what CloudWatch does not have bears a name of its own
    /// (`Environments`, `EventsEmitted`, `EventsProcessed`, `Backlog`). Times are in milliseconds.
    pub fn rows(&self) -> Vec<(&'static str, &'static str, f64)> {
        let value = |column: usize| self.interval.0[column];
        // A single instant has no mean.
        let level = |metric: &'static str, area: usize, most: usize| {
            let length = self.length.nanos() as f64;
            let mean = (length > 0.0).then(|| (metric, "Average", value(area) / length));
            mean.into_iter().chain([(metric, "Maximum", value(most))])
        };
        let mean = |sum: usize, count: usize| (value(count) > 0.0).then(|| value(sum) / value(count) / 1e6);
        match self.owner {
            Owner::Account => {
                use FunctionColumn::*;
                let claims = [
                    ("UnreservedConcurrentExecutions", "Maximum", value(UnreservedMax as usize)),
                    ("ClaimedAccountConcurrency", "Maximum", value(ClaimedMax as usize)),
                ];
                let concurrency = level("ConcurrentExecutions", ConcurrencyArea as usize, ConcurrencyMax as usize);
                concurrency.chain(claims).collect()
            }
            Owner::Function(_) => {
                use FunctionColumn::*;
                let mut rows = vec![
                    ("Invocations", "Sum", value(Invocations as usize)),
                    ("Errors", "Sum", value(Errors as usize)),
                    ("Throttles", "Sum", value(Throttles as usize)),
                ];
                rows.extend(level("ConcurrentExecutions", ConcurrencyArea as usize, ConcurrencyMax as usize));
                rows.extend(level("Environments", EnvironmentsArea as usize, EnvironmentsMax as usize));
                if let Some(mean) = mean(DurationSum as usize, Ended as usize) {
                    rows.push(("Duration", "Average", mean));
                    rows.push(("Duration", "Maximum", value(DurationMax as usize) / 1e6));
                }
                if value(AsyncReceived as usize) + value(AsyncDropped as usize) > 0.0 {
                    rows.push(("AsyncEventsReceived", "Sum", value(AsyncReceived as usize)));
                    rows.push(("AsyncEventsDropped", "Sum", value(AsyncDropped as usize)));
                }
                if value(RecursiveDropped as usize) > 0.0 {
                    rows.push(("RecursiveInvocationsDropped", "Sum", value(RecursiveDropped as usize)));
                }
                if let Some(mean) = mean(AsyncAgeSum as usize, AsyncAgeCount as usize) {
                    rows.push(("AsyncEventAge", "Average", mean));
                    rows.push(("AsyncEventAge", "Maximum", value(AsyncAgeMax as usize) / 1e6));
                }
                let is_provisioned =
                    [Provisioned, Spillover, ProvisionedMax].map(|column| value(column as usize) > 0.0);
                if is_provisioned.contains(&true) {
                    rows.push(("ProvisionedConcurrencyInvocations", "Sum", value(Provisioned as usize)));
                    rows.push(("ProvisionedConcurrencySpilloverInvocations", "Sum", value(Spillover as usize)));
                    rows.push(("ProvisionedConcurrentExecutions", "Maximum", value(ProvisionedMax as usize)));
                    rows.push(("ProvisionedConcurrencyUtilization", "Maximum", value(UtilizationMax as usize)));
                }
                rows
            }
            Owner::Source(_) => {
                use SourceColumn::*;
                let mut rows = vec![
                    ("EventsEmitted", "Sum", value(Emitted as usize)),
                    ("EventsProcessed", "Sum", value(Processed as usize)),
                ];
                rows.extend(level("Backlog", BacklogArea as usize, BacklogMax as usize));
                if let Some(mean) = mean(AgeSum as usize, AgeCount as usize) {
                    rows.push(("IteratorAge", "Average", mean));
                    rows.push(("IteratorAge", "Maximum", value(AgeMax as usize) / 1e6));
                }
                let counts = [
                    ("PolledEventCount", Polled),
                    ("FilteredOutEventCount", FilteredOut),
                    ("InvokedEventCount", Invoked),
                    ("FailedInvokeEventCount", FailedInvoke),
                    ("DroppedEventCount", Discarded),
                    ("OnFailureDestinationDeliveredEventCount", OnFailureDelivered),
                    ("DeletedEventCount", Deleted),
                ];
                let told = counts.into_iter().map(|(name, column)| (name, "Sum", value(column as usize)));
                rows.extend(told.filter(|(.., count)| *count > 0.0));
                rows
            }
        }
    }

    /// Whether nothing at all was there or happened. In a single instant only what happened counts.
    pub(super) fn is_silent(&self) -> bool {
        self.interval.is_silent() || self.length.is_zero() && self.interval.counts_nothing()
    }
}

/// Most bins of a timeline; one more halves their number.
const MOST_BINS: usize = 600;
/// Most bins of all owners together, and the fewest of one: a thousand functions have shorter timelines.
const MOST_CELLS: usize = 120_000;
const FEWEST_BINS: usize = 6;

/// The figures of all owners over the whole run in bins of one width, for charts.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Width of a bin in nanoseconds.
    width: u64,
    /// By owner (account, functions, sources), then by bin: the columns of all bins, one after the other.
    owners: Vec<Vec<f64>>,
    functions: usize,
    most_bins: usize,
    /// The end of what is recorded.
    end: SimTime,
}

impl Timeline {
    /// The timeline of a run of `length` nanoseconds, where that is known.
    pub(super) fn new(length: Option<u64>, functions: usize, sources: usize) -> Timeline {
        let owners = 1 + functions + sources;
        let most_bins = (MOST_CELLS / owners).clamp(FEWEST_BINS, MOST_BINS);
        let mut width = bin_width(length);
        // So wide as the bins would be in the end.
        while length.is_some_and(|length| length.div_ceil(width) >= most_bins as u64) {
            width *= 2;
        }
        let mut timeline = Timeline { width, owners: Vec::new(), functions, most_bins, end: SimTime::ZERO };
        // No list ever grows.
        let list = |owner: usize| Vec::with_capacity((most_bins + 1) * timeline.columns(owner));
        timeline.owners = (0..owners).map(list).collect();
        timeline
    }

    /// How many columns the owner at this place has: the account is at the first, then come functions, then sources.
    fn columns(&self, owner: usize) -> usize {
        if owner <= self.functions { FunctionColumn::COUNT } else { SourceColumn::COUNT }
    }

    /// How many bins are over.
    fn bins(&self) -> usize {
        self.owners[0].len() / FunctionColumn::COUNT
    }

    /// The end of the bin that is being filled.
    pub(super) fn next_end(&self) -> SimTime {
        self.end_of(self.bins())
    }

    /// The ends of bins from this one on.
    pub(super) fn next_ends(&self) -> impl Iterator<Item = SimTime> {
        (self.bins()..).map(|bin| self.end_of(bin))
    }

    fn end_of(&self, bin: usize) -> SimTime {
        SimTime::from_nanos((bin as u64 + 1).saturating_mul(self.width))
    }

    /// The next bin of the owner at this place.
    pub(super) fn push(&mut self, owner: usize, bin: &Interval) {
        self.owners[owner].extend_from_slice(&bin.0);
    }

    /// The bins of all owners ended at `end`; where there are too many, each two become one.
    pub(super) fn close(&mut self, end: SimTime) {
        self.end = end;
        if self.bins() >= self.most_bins {
            self.width *= 2;
            for owner in 0..self.owners.len() {
                let columns = self.columns(owner);
                let bins = &mut self.owners[owner];
                let pairs = (bins.len() / columns).div_ceil(2);
                for pair in 0..pairs {
                    let from = 2 * pair * columns;
                    let (one, next) = bins[from..].split_at_mut(columns);
                    if let Some(next) = next.get(..columns) {
                        join(one, next);
                    }
                    bins.copy_within(from..from + columns, pair * columns);
                }
                bins.truncate(pairs * columns);
            }
        }
    }

    /// The place of an owner among all.
    pub(super) fn place(&self, owner: Owner) -> usize {
        match owner {
            Owner::Account => 0,
            Owner::Function(place) => 1 + place as usize,
            Owner::Source(place) => 1 + self.functions + place as usize,
        }
    }

    /// The bins of an owner.
    fn of(&self, owner: Owner) -> impl Iterator<Item = &[f64]> {
        let place = self.place(owner);
        self.owners[place].chunks(self.columns(place))
    }

    /// (middle of the bin in seconds, value made of its columns and length in nanoseconds).
    pub fn points(&self, owner: Owner, value: impl Fn(&[f64], f64) -> f64) -> Vec<(f64, f64)> {
        let bins = self.of(owner).enumerate();
        bins.map(|(place, bin)| {
            let start = place as u64 * self.width;
            let length = self.width.min(self.end.nanos().saturating_sub(start)).max(1);
            ((start as f64 + length as f64 / 2.0) / SECOND as f64, value(bin, length as f64))
        })
        .collect()
    }

    /// Width of all bins but the last, in nanoseconds.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// By bin, the mean level of work in the system: invocations that run and events that wait.
    pub fn level_of_work(&self) -> Vec<f64> {
        let mut level =
            self.points(Owner::Account, |bin, length| bin[FunctionColumn::ConcurrencyArea as usize] / length);
        for source in 0..self.owners.len() - 1 - self.functions {
            let waiting = |bin: &[f64], length: f64| bin[SourceColumn::BacklogArea as usize] / length;
            let waiting = self.points(Owner::Source(source as u32), waiting);
            level.iter_mut().zip(waiting).for_each(|((_, sum), (_, more))| *sum += more);
        }
        level.into_iter().map(|(_, level)| level).collect()
    }

    /// The end of what is recorded.
    pub fn end(&self) -> SimTime {
        self.end
    }
}

/// A width of bins, in nanoseconds, for a run of about `length`: a round one that gives 100 to 300 bins.
fn bin_width(length: Option<u64>) -> u64 {
    const ROUND: [u64; 5] = [1, 2, 5, 10, 15];
    let Some(length) = length else { return SECOND / 10 };
    let wanted = length / 300;
    let seconds = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400].map(|secs| secs * SECOND);
    let below =
        (0..11).flat_map(|power| ROUND.map(|round| round * 10u64.pow(power))).filter(|width| *width < 60 * SECOND);
    let mut widths: Vec<u64> = below.chain(seconds).collect();
    widths.sort_unstable();
    widths.into_iter().find(|width| *width >= wanted.max(1_000)).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_never_grows_beyond_its_bins() {
        let mut timeline = Timeline::new(None, 0, 1);
        for bin in 1..=5_000u64 {
            let mut source = Interval::source();
            source.0[SourceColumn::Emitted as usize] = 1.0;
            source.0[SourceColumn::BacklogMax as usize] = bin as f64;
            let end = timeline.next_end();
            timeline.push(0, &Interval::function());
            timeline.push(1, &source);
            timeline.close(end);
        }
        let emitted = timeline.points(Owner::Source(0), |bin, _| bin[SourceColumn::Emitted as usize]);
        assert!(emitted.len() < MOST_BINS);
        assert_eq!(emitted.iter().map(|(_, n)| n).sum::<f64>(), 5_000.0);
        let backlog = timeline.points(Owner::Source(0), |bin, _| bin[SourceColumn::BacklogMax as usize]);
        assert_eq!(backlog.last().unwrap().1, 5_000.0);
    }

    /// Where the length of a run is known, its bins are at once as wide as they would become.
    #[test]
    fn a_timeline_of_known_length_never_halves_its_bins() {
        for length in [1, 10, 59, 60, 61, 1_000, 86_400].map(|seconds| seconds * SECOND) {
            for functions in [1, 300, 1_000, 4_000, 100_000] {
                let known = Timeline::new(Some(length), functions, functions);
                let mut grown = Timeline { width: bin_width(Some(length)), owners: vec![Vec::new()], ..known.clone() };
                let end = SimTime::from_nanos(length);
                while grown.bins() as u64 * grown.width < length {
                    grown.push(0, &Interval::function());
                    grown.close(end);
                }
                assert_eq!(known.width, grown.width, "{functions} functions, {length} ns");
            }
        }
    }

    #[test]
    fn bins_have_round_widths() {
        for (secs, width_ms) in [(1, 5), (60, 200), (600, 2_000), (3_600, 15_000), (86_400, 300_000)] {
            assert_eq!(bin_width(Some(secs * SECOND)), width_ms * 1_000_000, "{secs} s");
        }
    }
}
