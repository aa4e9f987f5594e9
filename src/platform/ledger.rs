//! The ledger: what functions take of their account while they run apart.
//!
//! Functions that never hear of each other have only the account in common. As long as its limits are far, one may run some way ahead
//! of another; what each takes is entered here, and afterwards held against the limits in the order in which it would have been
//! taken. Where a limit would have been met, some function should have been refused: what was run apart is void then.

use crate::engine::Wake;
use crate::time::SimTime;
use crate::token_bucket::TokenBucket;

use super::account::Limits;

/// What was taken since the page was opened, not in order.
#[derive(Default)]
pub(super) struct Ledger {
    limits: Limits,
    /// When the page was opened, and the invocations of that instant.
    opened: SimTime,
    at_first: Running,
    turn: Turn,
    changes: Vec<Change>,
    requests: Vec<SimTime>,
    environments: Vec<SimTime>,
    spans: Vec<Span>,
}

/// An actor's turn to act: when and as what, and its rank among all by name. The turns of all actors in their order are the run.
type Turn = (Wake, u32);

/// How many invocations there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Running {
    /// Of all functions.
    pub all: u64,
    /// Those on concurrency that functions share.
    pub shared: u64,
}

/// An invocation begins or ends.
// In 16 bytes: a page of them is read more than once.
#[derive(Clone, Copy)]
struct Change {
    wake: Wake,
    rank: u32,
    begins: bool,
    shared: bool,
}

/// How many invocations begin and end in a span of time.
#[derive(Clone, Copy, Default)]
struct Span {
    begun: u32,
    begun_shared: u32,
    ended: u32,
    ended_shared: u32,
}

/// About so many changes lie in each span.
const IN_SPAN: usize = 64;

impl Ledger {
    /// Opens a page at `now`, when so many invocations run.
    pub(super) fn open(&mut self, limits: Limits, running: Running, now: SimTime) {
        (self.limits, self.at_first, self.opened) = (limits, running, now);
        self.changes.clear();
        self.requests.clear();
        self.environments.clear();
    }

    /// Actors that hear of each other begin their turns.
    pub(super) fn begin_scene(&mut self) {
        self.turn = Turn::default();
    }

    /// It is an actor's turn.
    pub(super) fn turn(&mut self, wake: Wake, rank: u32) {
        // What follows at once from a turn, even if it would be earlier in the order of an instant, follows before anybody else's turn.
        self.turn = self.turn.max((wake, rank));
    }

    /// An invocation begins or ends, on concurrency that functions share or not.
    pub(super) fn change(&mut self, begins: bool, shared: bool) {
        let (wake, rank) = self.turn;
        self.changes.push(Change { wake, rank, begins, shared });
    }

    /// A synchronous request.
    pub(super) fn request(&mut self) {
        if self.limits.requests.is_some() {
            self.requests.push(self.turn.0.at());
        }
    }

    /// A new environment.
    pub(super) fn environment(&mut self) {
        if self.limits.scaling.is_some() {
            self.environments.push(self.turn.0.at());
        }
    }

    /// How many changes were entered.
    pub(super) fn changes(&self) -> usize {
        self.changes.len()
    }

    /// Closes the page at `now`: gives back the limits, as they are with what was taken, and the most invocations at once. None where
    /// a limit would have been met.
    pub(super) fn close(&mut self, now: SimTime) -> Option<(Limits, Running)> {
        let mut limits = std::mem::take(&mut self.limits);
        let fits = |bucket: &mut Option<TokenBucket>, taken: &mut [SimTime]| {
            taken.sort_unstable();
            bucket.as_mut().is_none_or(|bucket| taken.iter().all(|at| bucket.try_take(*at)))
        };
        let most = self.most(now);
        let fits = fits(&mut limits.requests, &mut self.requests)
            && fits(&mut limits.scaling, &mut self.environments)
            && limits.unreserved.is_none_or(|limit| most.shared <= limit);
        fits.then_some((limits, most))
    }

    /// The most invocations at once until `now`. Time is cut into spans, and what happened in one is put in order only where there may
    /// have been more invocations than at the beginning of another.
    fn most(&mut self, now: SimTime) -> Running {
        let opened = self.opened.nanos();
        let (length, wanted) = (now.nanos() - opened, (self.changes.len() / IN_SPAN + 1) as u64);
        // A span is so many nanoseconds long, as a power of 2.
        let shift = (length / wanted).max(1).ilog2();
        let span_of = |change: &Change| ((change.wake.at().nanos() - opened) >> shift) as usize;
        self.spans.clear();
        self.spans.resize((length >> shift) as usize + 1, Span::default());
        for change in &self.changes {
            self.spans[span_of(change)].count(change);
        }
        // The level between spans is reached for certain.
        let levels = || {
            self.spans.iter().scan(self.at_first, |running, span| {
                let before = *running;
                *running = span.after(before);
                Some(before)
            })
        };
        let mut most = levels().fold(self.at_first, Running::max);
        let may_be_more = |(span, before): (&Span, Running)| {
            let at_most = span.at_most(before);
            (at_most.all > most.all || at_most.shared > most.shared).then_some(before)
        };
        let before: Vec<Option<Running>> = self.spans.iter().zip(levels()).map(may_be_more).collect();
        let counts = |change: &&Change| before[span_of(change)].is_some();
        let mut in_order: Vec<Change> = self.changes.iter().filter(counts).copied().collect();
        // Stable: what happened in one turn keeps its order.
        in_order.sort_by_key(|change| (change.wake, change.rank));
        for changes in in_order.chunk_by(|one, next| span_of(one) == span_of(next)) {
            let mut running = before[span_of(&changes[0])].unwrap_or_default();
            for change in changes {
                running = running.changed(change);
                most = most.max(running);
            }
        }
        most
    }
}

impl Span {
    #[inline(always)]
    fn count(&mut self, change: &Change) {
        if change.begins {
            self.begun += 1;
            self.begun_shared += u32::from(change.shared);
        } else {
            self.ended += 1;
            self.ended_shared += u32::from(change.shared);
        }
    }

    /// How many invocations there are after so many were there before.
    fn after(&self, before: Running) -> Running {
        let Running { all, shared } = self.at_most(before);
        Running { all: all - u64::from(self.ended), shared: shared - u64::from(self.ended_shared) }
    }

    /// And how many there could be meanwhile, did all begin before any ends.
    fn at_most(&self, before: Running) -> Running {
        Running { all: before.all + u64::from(self.begun), shared: before.shared + u64::from(self.begun_shared) }
    }
}

impl Running {
    fn changed(self, change: &Change) -> Running {
        let shared = u64::from(change.shared);
        match change.begins {
            true => Running { all: self.all + 1, shared: self.shared + shared },
            false => Running { all: self.all - 1, shared: self.shared - shared },
        }
    }

    /// The most of each.
    pub fn max(self, other: Running) -> Running {
        Running { all: self.all.max(other.all), shared: self.shared.max(other.shared) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Class;
    use crate::random::Key;

    /// Against all changes in order, of scenes that are entered one after the other; few instants, so that many are the same.
    #[test]
    fn the_most_are_those_of_all_changes_in_order() {
        for (seed, (scenes, each, instants)) in
            [(1, 50, 9), (3, 2_000, 40), (40, 300, 1 << 40), (200, 20, 1)].into_iter().enumerate()
        {
            let mut all: Vec<(Turn, u32, bool, bool)> = Vec::new();
            let mut ledger = Ledger::default();
            let (opened, before) = (SimTime::from_nanos(1_000), Running { all: 5, shared: 2 });
            ledger.open(Limits::default(), before, opened);
            for scene in 0..scenes {
                let key = Key::root(seed as u64).numbered(scene);
                let mut turns: Vec<Turn> = (0..each)
                    .map(|n| {
                        let key = key.numbered(n);
                        let at = SimTime::from_nanos(1_000 + key.named("at").below(instants));
                        let class = if key.named("class").below(2) == 0 { Class::Completion } else { Class::Arrival };
                        (Wake::new(at, class), (2 * scene + key.named("rank").below(2)) as u32)
                    })
                    .collect();
                turns.sort_unstable();
                ledger.begin_scene();
                let mut running: Vec<bool> = Vec::new();
                for (n, turn) in (0..).zip(turns) {
                    ledger.turn(turn.0, turn.1);
                    let key = key.numbered(n);
                    let begins = running.is_empty() || key.named("begins").below(2) == 0;
                    let shared = if begins { key.named("shared").below(3) > 0 } else { running.pop().unwrap() };
                    if begins {
                        running.push(shared);
                    }
                    ledger.change(begins, shared);
                    all.push((turn, n as u32, begins, shared));
                }
            }
            all.sort_by_key(|(turn, n, ..)| (*turn, *n));
            let (mut running, mut most) = (before, before);
            for (_, _, begins, shared) in all {
                let shared = u64::from(shared);
                running = match begins {
                    true => Running { all: running.all + 1, shared: running.shared + shared },
                    false => Running { all: running.all - 1, shared: running.shared - shared },
                };
                most = most.max(running);
            }
            let got = ledger.close(SimTime::from_nanos(1_000 + instants)).map(|(_, most)| most);
            assert_eq!(got, Some(most), "{scenes} scenes of {each} changes at {instants} instants");
        }
    }

    /// A wake-up that comes of another at the same instant follows it, though its class would come first.
    #[test]
    fn what_follows_at_once_is_not_put_before() {
        let mut ledger = Ledger::default();
        ledger.open(Limits::default(), Running::default(), SimTime::ZERO);
        let wake = |class| Wake::new(SimTime::from_nanos(5), class);
        ledger.begin_scene();
        ledger.turn(wake(Class::Arrival), 1);
        ledger.change(true, true);
        ledger.turn(wake(Class::Completion), 0);
        ledger.change(false, true);
        ledger.begin_scene();
        ledger.turn(wake(Class::Arrival), 2);
        ledger.change(true, true);
        let (_, most) = ledger.close(SimTime::from_nanos(6)).expect("nothing is limited");
        assert_eq!(most, Running { all: 1, shared: 1 });
    }
}
