//! All actors of a run, and when each of those that are on stage acts next.

use crate::engine::{Agenda, Class, FunctionId, SourceId, Wake};
use crate::platform::{Platform, Ranks};
use crate::recording::Context;
use crate::source::EventSource;
use crate::time::SimTime;

/// Who acts.
#[derive(Clone, Copy)]
pub(super) enum Actor {
    Function(FunctionId),
    Source(SourceId),
}

/// All actors.
pub(super) struct Cast {
    pub(super) platform: Platform,
    pub(super) sources: Vec<Box<dyn EventSource>>,
    /// Of those on stage.
    pub(super) agenda: Agenda,
    /// Those on stage by place in the agenda, in order of name, each with its rank among all.
    on_stage: Vec<(Actor, u32)>,
    /// Places in the agenda of those on stage.
    function_places: Vec<u32>,
    source_places: Vec<u32>,
    /// Functions and sources together, in order of name.
    everybody: Vec<Actor>,
    /// Whether every event has its fate and no more will occur.
    pub(super) is_over: bool,
}

/// Functions and sources together, in order of name; a function before a source that bears its name.
pub(super) fn in_order_of_name(functions: &[String], sources: &[String]) -> Vec<Actor> {
    let mut order: Vec<(&str, bool, u32)> = Vec::new();
    order.extend(functions.iter().enumerate().map(|(place, name)| (name.as_str(), false, place as u32)));
    order.extend(sources.iter().enumerate().map(|(place, name)| (name.as_str(), true, place as u32)));
    order.sort_unstable();
    let actor =
        |(_, is_source, id)| if is_source { Actor::Source(SourceId(id)) } else { Actor::Function(FunctionId(id)) };
    order.into_iter().map(actor).collect()
}

impl Cast {
    pub(super) fn new(platform: Platform, sources: Vec<Box<dyn EventSource>>, everybody: Vec<Actor>) -> Cast {
        Cast {
            function_places: vec![0; everybody.len() - sources.len()],
            source_places: vec![0; sources.len()],
            platform,
            sources,
            agenda: Agenda::default(),
            on_stage: Vec::new(),
            everybody,
            is_over: false,
        }
    }

    pub(super) fn source(&mut self, id: SourceId) -> &mut dyn EventSource {
        &mut *self.sources[id.0 as usize]
    }

    /// Who has this place in the agenda.
    pub(super) fn actor(&self, place: u32) -> Actor {
        self.on_stage[place as usize].0
    }

    /// The rank by name of who has this place.
    pub(super) fn rank(&self, place: u32) -> u32 {
        self.on_stage[place as usize].1
    }

    pub(super) fn functions_on_stage(&self) -> impl Iterator<Item = FunctionId> {
        self.on_stage.iter().filter_map(|(actor, _)| match actor {
            Actor::Function(id) => Some(*id),
            Actor::Source(_) => None,
        })
    }

    pub(super) fn sources_on_stage(&self) -> impl Iterator<Item = SourceId> {
        self.on_stage.iter().filter_map(|(actor, _)| match actor {
            Actor::Source(id) => Some(*id),
            Actor::Function(_) => None,
        })
    }

    /// Everybody enters the stage.
    pub(super) fn enter_all(&mut self) {
        self.enter_each(0..self.everybody.len() as u32);
    }

    /// Those of these ranks by name, which ascend, enter the stage, and all others leave it.
    pub(super) fn enter(&mut self, ranks: &[u32]) {
        self.enter_each(ranks.iter().copied());
    }

    fn enter_each(&mut self, ranks: impl Iterator<Item = u32>) {
        self.on_stage.clear();
        self.on_stage.extend(ranks.map(|rank| (self.everybody[rank as usize], rank)));
        self.agenda.begin(self.on_stage.len() as u32);
        for (place, (actor, _)) in (0..).zip(&self.on_stage) {
            match actor {
                Actor::Function(id) => self.function_places[id.0 as usize] = place,
                Actor::Source(id) => self.source_places[id.0 as usize] = place,
            }
        }
        self.rekey_on_stage();
    }

    /// Lets lazy sources on stage tell all that happened before `ctx.now`.
    pub(super) fn catch_up_on_stage(&mut self, ctx: &mut Context<'_>) {
        for (actor, _) in &self.on_stage {
            if let Actor::Source(id) = actor {
                self.sources[id.0 as usize].catch_up(ctx);
            }
        }
    }

    /// Asks all on stage when they act next.
    pub(super) fn rekey_on_stage(&mut self) {
        (0..self.on_stage.len()).for_each(|place| self.rekey(self.on_stage[place].0));
    }

    pub(super) fn rekey_function(&mut self, id: FunctionId, next: Wake) {
        self.agenda.set(self.function_places[id.0 as usize], next);
    }

    pub(super) fn rekey_source(&mut self, id: SourceId, next: Wake) {
        let next = if self.is_over { Wake::NEVER } else { next };
        self.agenda.set(self.source_places[id.0 as usize], next);
    }

    /// Lets a source whose turn it is make several calls in a row, as long as nobody else acts before, all before `end`. False, and
    /// nothing happens, where it has to act by itself.
    #[inline(always)]
    pub(super) fn calls_in_a_row(&mut self, id: SourceId, place: u32, end: SimTime, ctx: &mut Context<'_>) -> bool {
        let Some(calls) = self.sources[id.0 as usize].calls(ctx) else { return false };
        let function = calls.function;
        let function_place = self.function_places[function.0 as usize];
        let Some(others) = self.agenda.first_beside(place, function_place) else { return false };
        let end = others.min(Wake::new(end, Class::Completion));
        let ranks = Ranks { source: self.rank(place), function: self.rank(function_place) };
        let (taken, next) = self.platform.invoke_each(&calls, end, ranks, ctx);
        if taken == 0 {
            return false;
        }
        self.agenda.set(function_place, next);
        self.agenda.set(place, self.sources[id.0 as usize].called(taken, ctx));
        true
    }

    /// Up to when nobody acts but the one with this place; no time at all, where that is not known.
    #[inline(always)]
    pub(super) fn undisturbed(&self, place: u32) -> SimTime {
        self.agenda.first_beside(place, place).map_or(SimTime::ZERO, Wake::at)
    }

    /// Asks an actor when it acts next.
    pub(super) fn rekey(&mut self, actor: Actor) {
        match actor {
            Actor::Function(id) => self.rekey_function(id, self.platform.next_wake(id)),
            Actor::Source(id) => self.rekey_source(id, self.sources[id.0 as usize].next_wake()),
        }
    }

    /// Asks all sources, which are on stage, when they act next.
    pub(super) fn rekey_sources(&mut self) {
        (0..self.sources.len()).for_each(|place| self.rekey(Actor::Source(SourceId(place as u32))));
    }
}
