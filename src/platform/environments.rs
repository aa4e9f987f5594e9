//! Execution environments: each serves one invocation at a time, stays warm for a while, and is reclaimed.
//!
//! "Each execution environment handles one request at a time" (AWS Lambda Developer Guide, "Understanding Lambda function
//! scaling"). With a constant keep-alive and no lifetime, idle environments expire in the order in which they fell idle, and
//! a deque does; otherwise a queue by expiry stands beside the order of picking.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

use crate::distribution::Distribution;
use crate::random::Key;
use crate::time::{SimDuration, SimTime};

use super::Reuse;

/// Purposes of an environment's draws, below its key.
const LIFETIME: u64 = 0;
const REUSE: u64 = 1;
const KEEP_ALIVE: u64 = 2;

type Ordered<P> = PriorityQueue<u32, P, BuildHasherDefault<FxHasher>>;

/// An environment, as its invocation sees it. `slot` is reused; `number` counts environments in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Environment {
    pub slot: u32,
    pub number: u64,
}

/// What is known of one slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    number: u64,
    /// When the environment's life ends.
    ends: SimTime,
    /// How often it fell idle.
    idles: u64,
    /// How often it was reset.
    resets: u64,
    /// Whether nothing has run in it since it was reset.
    is_reset: bool,
}

/// The environments of one function: those that are idle, and what is known of all of them.
pub(super) struct Environments {
    idle: Idle,
    /// When the first of those that are idle is reclaimed; never, where none is.
    next_expiry: SimTime,
    /// Whether any of them was ever reset: most never are, and need not be looked at.
    any_reset: bool,
    /// Whether, in a line, the last comes first.
    newest_first: bool,
    all: Box<Slots>,
}

/// All environments, by slot.
struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    created: u64,
    max_lifetime: Option<Distribution>,
    key: Key,
}

/// The idle environments.
enum Idle {
    /// In the order in which they fell idle; all are kept equally long.
    Line { since: VecDeque<(SimTime, Environment)>, keep_alive: SimDuration },
    /// In any order.
    Keyed(Box<Keyed>),
}

/// Idle environments by expiry, and by the order of picking.
struct Keyed {
    expiry: Ordered<Reverse<(SimTime, u64)>>,
    pick: Pick,
    keep_alive: Distribution,
}

/// Which idle environment comes next.
enum Pick {
    /// The one of the highest rank.
    Ranked { by: fn(Slot, u64) -> i128, queue: Ordered<i128>, falls: u64 },
    /// Any.
    Random { slots: Vec<u32>, places: Vec<u32>, picks: u64 },
}

impl Environments {
    pub(super) fn new(
        reuse: Reuse,
        keep_alive: Distribution,
        max_lifetime: Option<Distribution>,
        key: Key,
    ) -> Environments {
        let idle = match (keep_alive.constant(), &max_lifetime, reuse) {
            (Some(keep_alive), None, Reuse::MostRecent | Reuse::LeastRecent) => {
                Idle::Line { since: VecDeque::new(), keep_alive }
            }
            _ => Idle::Keyed(Box::new(Keyed { expiry: Ordered::default(), pick: Pick::new(reuse), keep_alive })),
        };
        let key = key.named("environment");
        let all = Slots { slots: Vec::new(), free: Vec::new(), created: 0, max_lifetime, key };
        Environments {
            idle,
            next_expiry: SimTime::NEVER,
            any_reset: false,
            newest_first: reuse == Reuse::MostRecent,
            all: all.into(),
        }
    }

    /// Takes an idle environment, if there is one.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Option<Environment> {
        let taken = match &mut self.idle {
            Idle::Line { since, .. } if self.newest_first => {
                let (_, taken) = since.pop_back()?;
                // Otherwise the first that expires is the one that it was.
                if since.is_empty() {
                    self.next_expiry = SimTime::NEVER;
                }
                return Some(taken);
            }
            Idle::Line { since, .. } => since.pop_front().map(|(_, taken)| taken),
            Idle::Keyed(keyed) => keyed.take(&self.all),
        };
        self.next_expiry = self.idle.next_expiry();
        taken
    }

    /// Whether an environment is idle.
    pub(super) fn any_idle(&self) -> bool {
        self.next_expiry != SimTime::NEVER
    }

    /// Makes a new environment, busy from the start.
    pub(super) fn create(&mut self, now: SimTime) -> Environment {
        self.all.create(now)
    }

    /// An invocation has left `environment`; gives back its number where its life is over.
    #[inline(always)]
    pub(super) fn release(&mut self, environment: Environment, now: SimTime) -> Option<u64> {
        match &mut self.idle {
            Idle::Line { since, keep_alive } => {
                if since.is_empty() {
                    self.next_expiry = now + *keep_alive;
                }
                since.push_back((now, environment));
                None
            }
            Idle::Keyed(keyed) => {
                let over = keyed.release(environment, now, &mut self.all);
                self.next_expiry = self.idle.next_expiry();
                over
            }
        }
    }

    /// The invocation in `environment` ends in such a way that the next has to initialise the runtime anew.
    pub(super) fn reset(&mut self, environment: Environment) {
        let slot = &mut self.all.slots[environment.slot as usize];
        slot.resets += 1;
        slot.is_reset = true;
        self.any_reset = true;
    }

    /// Whether any of them was ever reset.
    pub(super) fn any_reset(&self) -> bool {
        self.any_reset
    }

    /// The number of the environment's last reset, where the invocation that takes it now is the first since.
    pub(super) fn take_reset(&mut self, environment: Environment) -> Option<u64> {
        if !self.any_reset {
            return None;
        }
        let slot = &mut self.all.slots[environment.slot as usize];
        std::mem::take(&mut slot.is_reset).then_some(slot.resets)
    }

    /// When the next idle environment is reclaimed; never, where none is idle.
    pub(super) fn next_expiry(&self) -> SimTime {
        self.next_expiry
    }

    /// Reclaims the idle environment whose time has come; gives back its number.
    pub(super) fn reclaim(&mut self) -> Option<u64> {
        let Environment { slot, number } = match &mut self.idle {
            Idle::Line { since, .. } => since.pop_front()?.1,
            Idle::Keyed(keyed) => {
                let (slot, _) = keyed.expiry.pop()?;
                keyed.pick.remove(slot);
                Environment { slot, number: self.all.slots[slot as usize].number }
            }
        };
        self.next_expiry = self.idle.next_expiry();
        self.all.free.push(slot);
        Some(number)
    }
}

impl Idle {
    fn next_expiry(&self) -> SimTime {
        match self {
            Idle::Line { since, keep_alive } => since.front().map_or(SimTime::NEVER, |(since, _)| *since + *keep_alive),
            Idle::Keyed(keyed) => keyed.expiry.peek().map_or(SimTime::NEVER, |(_, Reverse((at, _)))| *at),
        }
    }
}

impl Keyed {
    #[inline(never)]
    fn take(&mut self, all: &Slots) -> Option<Environment> {
        let slot = self.pick.take(all.key)?;
        self.expiry.remove(&slot);
        Some(Environment { slot, number: all.slots[slot as usize].number })
    }

    #[inline(never)]
    fn release(&mut self, environment: Environment, now: SimTime, all: &mut Slots) -> Option<u64> {
        let slot = &mut all.slots[environment.slot as usize];
        slot.idles += 1;
        let slot = *slot;
        if slot.ends <= now {
            all.free.push(environment.slot);
            return Some(slot.number);
        }
        let key = all.key.numbered(slot.number).numbered(KEEP_ALIVE + slot.idles);
        let until = (now + self.keep_alive.sample(&mut key.draws())).min(slot.ends);
        self.expiry.push(environment.slot, Reverse((until, slot.number)));
        self.pick.put(environment.slot, slot);
        None
    }
}

impl Slots {
    fn create(&mut self, now: SimTime) -> Environment {
        let number = self.created;
        self.created += 1;
        let life = |of: &Distribution| now + of.sample(&mut self.key.numbered(number).numbered(LIFETIME).draws());
        let ends = self.max_lifetime.as_ref().map_or(SimTime::NEVER, life);
        let fresh = Slot { number, ends, idles: 0, resets: 0, is_reset: false };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = fresh;
                slot
            }
            None => {
                self.slots.push(fresh);
                self.slots.len() as u32 - 1
            }
        };
        Environment { slot, number }
    }
}

impl Pick {
    fn new(reuse: Reuse) -> Pick {
        let by: fn(Slot, u64) -> i128 = match reuse {
            Reuse::MostRecent => |_, falls| i128::from(falls),
            Reuse::LeastRecent => |_, falls| -i128::from(falls),
            Reuse::Oldest => |slot, _| -i128::from(slot.number),
            Reuse::Newest => |slot, _| i128::from(slot.number),
            Reuse::Random => return Pick::Random { slots: Vec::new(), places: Vec::new(), picks: 0 },
        };
        Pick::Ranked { by, queue: Ordered::default(), falls: 0 }
    }

    fn put(&mut self, slot: u32, state: Slot) {
        match self {
            Pick::Ranked { by, queue, falls } => {
                *falls += 1;
                queue.push(slot, by(state, *falls));
            }
            Pick::Random { slots, places, .. } => {
                if places.len() <= slot as usize {
                    places.resize(slot as usize + 1, 0);
                }
                places[slot as usize] = slots.len() as u32;
                slots.push(slot);
            }
        }
    }

    fn take(&mut self, key: Key) -> Option<u32> {
        match self {
            Pick::Ranked { queue, .. } => queue.pop().map(|(slot, _)| slot),
            Pick::Random { slots, picks, .. } => {
                if slots.is_empty() {
                    return None;
                }
                *picks += 1;
                let slot =
                    slots[key.named("reuse").numbered(*picks).numbered(REUSE).below(slots.len() as u64) as usize];
                self.remove(slot);
                Some(slot)
            }
        }
    }

    fn remove(&mut self, slot: u32) {
        match self {
            Pick::Ranked { queue, .. } => {
                queue.remove(&slot);
            }
            Pick::Random { slots, places, .. } => {
                let place = places[slot as usize] as usize;
                slots.swap_remove(place);
                if let Some(moved) = slots.get(place) {
                    places[*moved as usize] = place as u32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(reuse: Reuse, lifetime: Option<u64>) -> Environments {
        let constant = |secs| Distribution::Constant(SimDuration::from_secs(secs));
        Environments::new(reuse, constant(600), lifetime.map(constant), Key::root(1))
    }

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    /// Three environments 0, 1, 2 fall idle in the order 1, 2, 0.
    #[test]
    fn each_order_of_reuse_picks_its_own() {
        for (reuse, lifetime, want) in [
            (Reuse::MostRecent, None, 0),
            (Reuse::MostRecent, Some(9999), 0),
            (Reuse::LeastRecent, None, 1),
            (Reuse::LeastRecent, Some(9999), 1),
            (Reuse::Oldest, None, 0),
            (Reuse::Newest, None, 2),
        ] {
            let mut pool = pool(reuse, lifetime);
            let made: Vec<_> = (0..3).map(|_| pool.create(at(0))).collect();
            for (secs, which) in [(1, 1), (2, 2), (3, 0)] {
                assert_eq!(pool.release(made[which], at(secs)), None);
            }
            assert_eq!(pool.take().unwrap().number, want, "{reuse:?}");
            assert_eq!(
                pool.next_expiry(),
                at(if want == 1 { 602 } else { 601 }),
                "{reuse:?}: the first to fall idle goes first"
            );
        }
    }

    #[test]
    fn random_reuse_takes_each_equally_often() {
        let mut pool = pool(Reuse::Random, None);
        let made: Vec<_> = (0..4).map(|_| pool.create(at(0))).collect();
        for environment in made {
            pool.release(environment, at(0));
        }
        let mut counts = [0u32; 4];
        for _ in 0..4000 {
            let taken = pool.take().unwrap();
            counts[taken.number as usize] += 1;
            pool.release(taken, at(1));
        }
        // 1000 each, standard deviation 27.
        assert!(counts.iter().all(|count| count.abs_diff(1000) < 110), "{counts:?}");
        assert_eq!((0..4).filter(|_| pool.reclaim().is_some()).count(), 4);
        assert!(!pool.any_idle() && pool.take().is_none());
    }

    #[test]
    fn a_lifetime_ends_an_environment_only_when_idle() {
        let mut pool = pool(Reuse::MostRecent, Some(100));
        let environment = pool.create(at(0));
        assert_eq!(pool.release(environment, at(10)), None);
        assert_eq!(pool.next_expiry(), at(100), "life ends before the keep-alive");
        let environment = pool.take().unwrap();
        assert_eq!(pool.release(environment, at(130)), Some(0), "busy past its life, reclaimed when it falls idle");
        assert_eq!(
            pool.create(at(130)),
            Environment { slot: 0, number: 1 },
            "the slot is used again, the number is not"
        );
    }
}
