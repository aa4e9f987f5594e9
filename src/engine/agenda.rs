//! The agenda: which actor acts next.
//!
//! Actors do not come and go, so the agenda is a tournament between them: each says when it next acts, and a tree keeps the earliest at
//! its root. A change costs one comparison a level, without a look-up. Of a few actors the earliest is looked for instead.

use crate::time::SimTime;

/// What an actor does when it wakes up, in the order in which things happen at one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// An invocation ends.
    Completion,
    /// A sender tries again, an event leaves a queue or reaches Lambda.
    Retry,
    /// Events occur.
    Arrival,
    /// A stream or queue is polled.
    Poll,
    /// A batching window ends.
    Window,
    /// A record, a caller's patience or an idle environment comes to its end.
    Expiry,
}

impl Class {
    /// All classes, in their order.
    const ALL: [Class; 6] =
        [Class::Completion, Class::Retry, Class::Arrival, Class::Poll, Class::Window, Class::Expiry];
}

/// Bits of the class, below those of the instant: SimTime leaves them free.
pub const CLASS_BITS: u32 = 3;

/// When an actor next acts, and as what: packed, so that one comparison tells instants apart first, then classes. By default the
/// earliest there is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Wake(u64);

impl Wake {
    /// That of an actor that waits for nothing.
    pub const NEVER: Wake = Wake::new(SimTime::NEVER, Class::Expiry);

    /// A wake-up at `at`, which may be never, of class `class`.
    pub const fn new(at: SimTime, class: Class) -> Wake {
        Wake((at.nanos() << CLASS_BITS) | class as u64)
    }

    /// When; never, of an actor that waits for nothing.
    pub const fn at(self) -> SimTime {
        SimTime::from_nanos(self.0 >> CLASS_BITS)
    }

    /// How long after `start`, in nanoseconds, and below that, in [`CLASS_BITS`], as what: in the order of wake-ups.
    pub const fn after(self, start: SimTime) -> u64 {
        self.0 - (start.nanos() << CLASS_BITS)
    }

    /// Whether it is of this class.
    pub const fn is(self, class: Class) -> bool {
        self.0 & ((1 << CLASS_BITS) - 1) == class as u64
    }

    /// As what.
    pub fn class(self) -> Class {
        Class::ALL.get(self.0 as usize & ((1 << CLASS_BITS) - 1)).copied().unwrap_or(Class::Expiry)
    }
}

impl std::fmt::Debug for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.at() == SimTime::NEVER { f.write_str("never") } else { write!(f, "{} {:?}", self.at(), self.class()) }
    }
}

/// When each actor next acts; ties go to the lower actor.
pub struct Agenda {
    /// A tree whose leaves are the actors' wake-ups, and whose nodes are the earliest below them: node n has the children 2n and
    /// 2n + 1, the root is node 1.
    earliest: Vec<Wake>,
    /// Leaves of the tree, a power of 2: the first of them is the node of this number. 0, where there is none.
    leaves: usize,
    /// The wake-ups of a few actors, who need no tree.
    few: [Wake; FEW],
}

/// So many actors are a few.
const FEW: usize = 4;

impl Default for Agenda {
    fn default() -> Self {
        Agenda { earliest: Vec::new(), leaves: 0, few: [Wake::NEVER; FEW] }
    }
}

impl Agenda {
    /// Begins with `actors` actors that all wait for nothing.
    pub fn begin(&mut self, actors: u32) {
        let actors = actors as usize;
        self.leaves = if actors > FEW { actors.next_power_of_two() } else { 0 };
        self.earliest.clear();
        self.earliest.resize(2 * self.leaves, Wake::NEVER);
        self.few = [Wake::NEVER; FEW];
    }

    /// The actor that acts next, and when.
    #[inline(always)]
    pub fn first(&self) -> Option<(u32, Wake)> {
        let (actor, wake) = if self.leaves == 0 { self.look_through() } else { self.walk_down() };
        (wake.at() != SimTime::NEVER).then_some((actor as u32, wake))
    }

    /// When the first of the others acts. None where they are not a few, and that is not known.
    #[inline(always)]
    pub fn first_beside(&self, one: u32, other: u32) -> Option<Wake> {
        let beside = |actor: usize| actor != one as usize && actor != other as usize;
        let others = self.few.iter().enumerate().filter(|(actor, _)| beside(*actor));
        (self.leaves == 0).then(|| others.fold(Wake::NEVER, |first, (_, wake)| first.min(*wake)))
    }

    #[inline(always)]
    fn look_through(&self) -> (usize, Wake) {
        let mut first = (0, self.few[0]);
        for (actor, wake) in self.few.iter().enumerate() {
            if *wake < first.1 {
                first = (actor, *wake);
            }
        }
        first
    }

    #[inline(never)]
    fn walk_down(&self) -> (usize, Wake) {
        let wake = self.earliest[1];
        let mut node = 1;
        while node < self.leaves {
            node *= 2;
            node += usize::from(self.earliest[node] != wake);
        }
        (node - self.leaves, wake)
    }

    /// Says when `actor` acts next.
    #[inline(always)]
    pub fn set(&mut self, actor: u32, wake: Wake) {
        if self.leaves == 0 {
            self.few[actor as usize] = wake;
        } else {
            self.climb(actor, wake);
        }
    }

    #[inline(never)]
    fn climb(&mut self, actor: u32, wake: Wake) {
        let (mut node, mut earliest) = (self.leaves + actor as usize, wake);
        // Where the earliest is what it was, nothing changes further up.
        while self.earliest[node] != earliest {
            self.earliest[node] = earliest;
            if node == 1 {
                break;
            }
            earliest = earliest.min(self.earliest[node ^ 1]);
            node /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;

    /// Against the plainest agenda there is: a list that is searched.
    #[test]
    fn the_earliest_acts_first_whatever_changes() {
        for actors in [1, 2, 3, 4, 5, 7, 8, 100] {
            let mut agenda = Agenda::default();
            agenda.begin(actors);
            let mut list = vec![Wake::NEVER; actors as usize];
            assert_eq!(agenda.first(), None);
            for n in 0..2_000 {
                let key = Key::root(u64::from(actors)).numbered(n);
                let actor = key.named("actor").below(u64::from(actors)) as u32;
                let wake = match key.named("idle").below(5) {
                    0 => Wake::NEVER,
                    _ => Wake::new(SimTime::from_nanos(key.named("at").below(50)), Class::Arrival),
                };
                agenda.set(actor, wake);
                list[actor as usize] = wake;
                let first = (0..actors).min_by_key(|actor| (list[*actor as usize], *actor)).unwrap();
                let want = (first, list[first as usize]);
                assert_eq!(agenda.first(), (want.1 != Wake::NEVER).then_some(want), "{actors} actors, change {n}");
            }
        }
    }

    #[test]
    fn one_instant_has_the_documented_order() {
        let order = [Class::Completion, Class::Retry, Class::Arrival, Class::Poll, Class::Window, Class::Expiry];
        assert!(order.is_sorted() && order == Class::ALL);
        let now = SimTime::from_nanos(5);
        let mut agenda = Agenda::default();
        agenda.begin(7);
        // The last actor gets the first class; a tie in class goes to the lower actor.
        for (actor, class) in order.iter().rev().enumerate() {
            agenda.set(actor as u32, Wake::new(now, *class));
        }
        agenda.set(6, Wake::new(now, Class::Completion));
        let mut seen = Vec::new();
        while let Some((actor, wake)) = agenda.first() {
            assert_eq!(wake.at(), now);
            seen.push((actor, wake.class()));
            agenda.set(actor, Wake::NEVER);
        }
        let actors: Vec<u32> = seen.iter().map(|(actor, _)| *actor).collect();
        assert_eq!(actors, [5, 6, 4, 3, 2, 1, 0]);
        assert!(seen.iter().map(|(_, class)| *class).is_sorted(), "{seen:?}");
    }
}
