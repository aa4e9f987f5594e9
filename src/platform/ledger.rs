//! The ledger: what functions take of their account while they run apart.
//!
//! Functions that never hear of each other have only the account in common. As long as its limits are far, one may run some way ahead
//! of another; what each takes is entered here, and afterwards held against the limits in the order in which it would have been
//! taken. Where a limit would have been met, some function should have been refused: what was run apart is void then.

use std::ops::Range;

use crate::engine::{CLASS_BITS, Wake};
use crate::time::{SimDuration, SimTime};
use crate::token_bucket::TokenBucket;

use super::account::Limits;

/// What was taken since it was opened, not in order. Of each part of the time the most invocations at once are wanted, so that each
/// has a page.
#[derive(Default)]
pub(super) struct Ledger {
    limits: Limits,
    /// When it was opened, and the invocations of that instant.
    opened: SimTime,
    at_first: Running,
    turn: Turn,
    /// What was entered on the open page, and which that is.
    changes: Vec<Change>,
    page: usize,
    /// All pages; that of the open one lies empty.
    pages: Vec<Vec<Change>>,
    /// Changes on pages that are not open.
    elsewhere: usize,
    requests: Vec<SimTime>,
    environments: Vec<SimTime>,
    spans: Vec<Span>,
}

/// An actor's turn to act: how long after the ledger was opened and as what, and its rank among all by name, packed so that one
/// comparison orders them. The turns of all actors in their order are the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Turn(u64);

/// Bits of the rank of an actor, and of the kind of a change.
const RANK_BITS: u32 = 23;
const KIND_BITS: u32 = 2;

/// More actors than this cannot be told apart.
pub const MOST_ACTORS: usize = 1 << RANK_BITS;

/// The ledger is open for no longer than this: 68 seconds.
pub const LONGEST: SimDuration = SimDuration::from_nanos((1 << (u64::BITS - CLASS_BITS - RANK_BITS - KIND_BITS)) - 1);

impl Turn {
    #[inline(always)]
    fn new(wake: Wake, rank: u32, opened: SimTime) -> Turn {
        Turn((wake.after(opened) << RANK_BITS) | u64::from(rank))
    }

    /// How long after the ledger was opened, in nanoseconds.
    fn after(self) -> u64 {
        self.0 >> (CLASS_BITS + RANK_BITS)
    }
}

/// How many invocations there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Running {
    /// Of all functions.
    pub all: u64,
    /// Those on concurrency that functions share.
    pub shared: u64,
}

/// An invocation begins or ends: at which turn, and below that of which kind.
// In one word: a page of them is read more than once.
#[derive(Clone, Copy)]
struct Change(u64);

/// Whether it begins or ends, and on concurrency that functions share or not.
#[derive(Clone, Copy)]
enum Kind {
    Ends,
    EndsShared,
    Begins,
    BeginsShared,
}

impl Change {
    #[inline(always)]
    fn new(turn: Turn, kind: Kind) -> Change {
        Change((turn.0 << KIND_BITS) | kind as u64)
    }

    fn turn(self) -> Turn {
        Turn(self.0 >> KIND_BITS)
    }

    fn kind(self) -> usize {
        self.0 as usize & ((1 << KIND_BITS) - 1)
    }
}

/// How many invocations begin and end in a span of time, by kind.
#[derive(Clone, Copy, Default)]
struct Span([u32; 4]);

/// About so many changes lie in each span: so few that it can mostly be seen from their number that there were fewer invocations than
/// elsewhere.
const IN_SPAN: usize = 16;

impl Ledger {
    /// Opens it at `now`, when so many invocations run.
    pub(super) fn open(&mut self, limits: Limits, running: Running, now: SimTime) {
        (self.limits, self.at_first, self.opened) = (limits, running, now);
        self.turn_to(0);
        self.changes.clear();
        self.pages.iter_mut().for_each(Vec::clear);
        self.elsewhere = 0;
        self.requests.clear();
        self.environments.clear();
    }

    /// Actors that hear of each other begin their turns.
    pub(super) fn begin_scene(&mut self) {
        self.turn = Turn::default();
    }

    /// Opens another page: from now on all is of the part of the time with this number.
    pub(super) fn turn_to(&mut self, page: usize) {
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Vec::new);
        }
        self.elsewhere += self.changes.len();
        std::mem::swap(&mut self.changes, &mut self.pages[self.page]);
        std::mem::swap(&mut self.changes, &mut self.pages[page]);
        self.elsewhere -= self.changes.len();
        self.page = page;
    }

    /// It is an actor's turn.
    #[inline(always)]
    pub(super) fn turn(&mut self, wake: Wake, rank: u32) {
        // What follows at once from a turn, even if it would be earlier in the order of an instant, follows before anybody else's turn.
        self.turn = self.turn.max(Turn::new(wake, rank, self.opened));
    }

    /// An invocation begins or ends, on concurrency that functions share or not.
    #[inline(always)]
    pub(super) fn change(&mut self, begins: bool, shared: bool) {
        let kind = match (begins, shared) {
            (false, false) => Kind::Ends,
            (false, true) => Kind::EndsShared,
            (true, false) => Kind::Begins,
            (true, true) => Kind::BeginsShared,
        };
        self.changes.push(Change::new(self.turn, kind));
    }

    /// A synchronous request.
    pub(super) fn request(&mut self) {
        if self.limits.requests.is_some() {
            self.requests.push(self.now());
        }
    }

    /// A new environment.
    pub(super) fn environment(&mut self) {
        if self.limits.scaling.is_some() {
            self.environments.push(self.now());
        }
    }

    /// The instant of the turn.
    fn now(&self) -> SimTime {
        self.opened + SimDuration::from_nanos(self.turn.after())
    }

    /// How many changes were entered.
    pub(super) fn changes(&self) -> usize {
        self.changes.len() + self.elsewhere
    }

    /// Closes it, at the last of the `ends` of the parts of the time: gives back the limits, as they are with what was taken, and the
    /// most invocations at once in each part. None where a limit would have been met.
    pub(super) fn close(&mut self, ends: &[SimTime]) -> Option<(Limits, Vec<Running>)> {
        assert!(ends.iter().all(|end| end.since(self.opened) <= LONGEST), "open for too long");
        let mut limits = std::mem::take(&mut self.limits);
        let fits = |bucket: &mut Option<TokenBucket>, taken: &mut [SimTime]| {
            taken.sort_unstable();
            bucket.as_mut().is_none_or(|bucket| taken.iter().all(|at| bucket.try_take(*at)))
        };
        let mut to = 0;
        let most = |(page, end): (usize, &SimTime)| {
            let from = std::mem::replace(&mut to, end.since(self.opened).nanos());
            self.most(page, from..to)
        };
        let most: Vec<Running> = ends.iter().enumerate().map(most).collect();
        let fits = fits(&mut limits.requests, &mut self.requests)
            && fits(&mut limits.scaling, &mut self.environments)
            && limits.unreserved.is_none_or(|limit| most.iter().all(|most| most.shared <= limit));
        fits.then_some((limits, most))
    }

    /// The most invocations at once on a page, the next one, which is of this time in nanoseconds after the ledger was opened. What
    /// happened in a span is put in order only where there may have been more invocations than at the beginning of another.
    fn most(&mut self, page: usize, time: Range<u64>) -> Running {
        self.turn_to(page);
        let cut = Cut::new(&time, self.changes.len());
        self.spans.clear();
        self.spans.resize(cut.span(time.end) + 1, Span::default());
        for change in &self.changes {
            self.spans[cut.span(change.turn().after())].0[change.kind()] += 1;
        }
        // The level between spans is reached for certain.
        let sure = self.levels().fold(self.at_first, |most, (_, before)| most.max(before));
        let may_be_more = |(span, before): &(&Span, Running)| {
            let at_most = span.at_most(*before);
            at_most.all > sure.all || at_most.shared > sure.shared
        };
        let mut most = sure;
        let mut changes = self.span_by_span(cut, may_be_more);
        let mut rest = &mut changes[..];
        for (span, mut running) in self.levels().filter(may_be_more) {
            let (of_span, later) = rest.split_at_mut(span.changes() as usize);
            rest = later;
            // Stable: what happened in one turn keeps its order.
            of_span.sort_by_key(|change| change.turn());
            for change in of_span {
                running = running.changed(*change);
                most = most.max(running);
            }
        }
        self.at_first = self.levels().last().map_or(self.at_first, |(span, before)| span.after(before));
        most
    }

    /// The spans of the open page, each with the invocations that there are before.
    fn levels(&self) -> impl Iterator<Item = (&Span, Running)> {
        self.spans.iter().scan(self.at_first, |running, span| {
            let before = *running;
            *running = span.after(before);
            Some((span, before))
        })
    }

    /// The changes in those spans that are wanted: span by span, but within each as they were entered.
    fn span_by_span(&self, cut: Cut, is_wanted: impl Fn(&(&Span, Running)) -> bool) -> Vec<Change> {
        // By span: the place of its next change.
        let mut count = 0;
        let place_of = |level: (&Span, Running)| {
            let place = is_wanted(&level).then_some(count);
            count += if place.is_some() { level.0.changes() } else { 0 };
            place.unwrap_or(NOWHERE)
        };
        let mut places: Vec<u32> = self.levels().map(place_of).collect();
        let mut changes = vec![Change(0); count as usize];
        for change in &self.changes {
            let place = &mut places[cut.span(change.turn().after())];
            if *place != NOWHERE {
                changes[*place as usize] = *change;
                *place += 1;
            }
        }
        changes
    }
}

/// The place of what is not wanted.
const NOWHERE: u32 = u32::MAX;

/// How time is cut into spans: from where on, and how long each is in nanoseconds, as a power of 2.
#[derive(Clone, Copy)]
struct Cut {
    from: u64,
    shift: u32,
}

impl Cut {
    fn new(time: &Range<u64>, changes: usize) -> Cut {
        let wanted = (changes / IN_SPAN + 1) as u64;
        Cut { from: time.start, shift: ((time.end - time.start) / wanted).max(1).ilog2() }
    }

    /// In which span this instant is.
    #[inline(always)]
    fn span(self, at: u64) -> usize {
        ((at - self.from) >> self.shift) as usize
    }
}

impl Span {
    fn changes(&self) -> u32 {
        self.0.iter().sum()
    }

    /// How many invocations there are after so many were there before.
    fn after(&self, before: Running) -> Running {
        let [ended, ended_shared, ..] = self.0.map(u64::from);
        let Running { all, shared } = self.at_most(before);
        Running { all: all - ended - ended_shared, shared: shared - ended_shared }
    }

    /// And how many there could be meanwhile, did all begin before any ends.
    fn at_most(&self, before: Running) -> Running {
        let [.., begun, begun_shared] = self.0.map(u64::from);
        Running { all: before.all + begun + begun_shared, shared: before.shared + begun_shared }
    }
}

impl Running {
    fn changed(self, change: Change) -> Running {
        let mut span = Span::default();
        span.0[change.kind()] = 1;
        span.after(self)
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

    /// Against all changes in order, of scenes that are entered one after the other, over three parts of the time; few instants, so that
    /// many are the same.
    #[test]
    fn the_most_are_those_of_all_changes_in_order() {
        for (seed, (scenes, each, instants)) in
            [(1, 50, 9), (3, 2_000, 40), (40, 300, 1 << 35), (200, 20, 1)].into_iter().enumerate()
        {
            let ends = [instants / 3, instants / 2, instants].map(|end| SimTime::from_nanos(1_000 + end));
            let part_of = |wake: Wake| ends.iter().filter(|end| **end <= wake.at()).count();
            let mut all: Vec<((Wake, u32), u32, bool, bool)> = Vec::new();
            let mut ledger = Ledger::default();
            let (opened, before) = (SimTime::from_nanos(1_000), Running { all: 5, shared: 2 });
            ledger.open(Limits::default(), before, opened);
            for scene in 0..scenes {
                let key = Key::root(seed as u64).numbered(scene);
                let mut turns: Vec<(Wake, u32)> = (0..each)
                    .map(|n| {
                        let key = key.numbered(n);
                        let at = SimTime::from_nanos(1_000 + key.named("at").below(instants));
                        let class = if key.named("class").below(2) == 0 { Class::Completion } else { Class::Arrival };
                        (Wake::new(at, class), (scene + scenes * key.named("rank").below(2)) as u32)
                    })
                    .collect();
                turns.sort_unstable();
                ledger.begin_scene();
                let mut running: Vec<bool> = Vec::new();
                for (n, turn) in (0..).zip(turns) {
                    ledger.turn_to(part_of(turn.0));
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
            assert_eq!(ledger.changes(), all.len());
            let (mut running, mut want) = (before, Vec::new());
            for part in 0..ends.len() {
                let mut most = running;
                for (_, _, begins, shared) in all.iter().filter(|((wake, _), ..)| part_of(*wake) == part) {
                    let shared = u64::from(*shared);
                    running = match begins {
                        true => Running { all: running.all + 1, shared: running.shared + shared },
                        false => Running { all: running.all - 1, shared: running.shared - shared },
                    };
                    most = most.max(running);
                }
                want.push(most);
            }
            let got = ledger.close(&ends).map(|(_, most)| most);
            assert_eq!(got, Some(want), "{scenes} scenes of {each} changes at {instants} instants");
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
        let (_, most) = ledger.close(&[SimTime::from_nanos(6)]).expect("nothing is limited");
        assert_eq!(most, [Running { all: 1, shared: 1 }]);
    }
}
