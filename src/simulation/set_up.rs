//! From a scenario to its actors, ready to act.

use crate::distribution::DistributionSpec;
use crate::engine::{DestinationId, FunctionId, Names, SourceId};
use crate::inputs::Inputs;
use crate::metrics::price::extra_requests;
use crate::platform::{Origin, Platform};
use crate::random::Key;
use crate::recording::{Claim, Context, Ended, Recorder, Watch};
use crate::scenario::Scenario;
use crate::source::{Site, StreamReads};
use crate::time::SimTime;

use super::World;
use super::cast::{Cast, in_order_of_name};
use super::columns::Columns;

impl<'a> World<'a> {
    /// The world of `scenario` at its beginning. Where `inputs` no longer hold what the scenario was read with, they hear of it, and
    /// nothing happens in the world.
    pub(super) fn new(scenario: &Scenario, seed: u64, inputs: &dyn Inputs, watch: &'a mut dyn Watch) -> World<'a> {
        let root = Key::root(seed);
        let names = scenario.names();
        let until = scenario.duration.map(|duration| SimTime::ZERO + duration);
        let claims: Vec<Claim> = scenario.functions.iter().map(|(_, function)| function.claim()).collect();
        let extra = scenario.sources.iter().map(|source| extra_requests(source.definition.common().payload_bytes()));
        let warm_up = SimTime::ZERO + scenario.warm_up.length();
        let recorder = Recorder::new(names.clone(), &claims, extra.collect(), warm_up, until, watch);
        let mut columns = Columns::new(inputs);
        let mut sampler =
            |spec: &DistributionSpec| spec.sampler(&mut |file, column, unit| columns.values(file, column, unit));
        let source_key = |name: &str| root.named("source").named(name);
        let origins = scenario.sources.iter().map(|source| Origin {
            key: source_key(&source.name),
            duplicate_rate: source.definition.common().duplicate_rate,
        });
        let rules = scenario.profile.rules();
        let platform =
            Platform::new(&scenario.account, &scenario.functions, rules, origins.collect(), root, &mut sampler);
        let destination = |name: &str| {
            let place = names.destinations.iter().position(|known| known == name);
            place.map(|place| DestinationId(place as u32))
        };
        let mut sources = Vec::new();
        let mut failure = None;
        let mut reads = StreamReads::default();
        for (place, source) in scenario.sources.iter().enumerate() {
            let built = source.definition.build(Site {
                id: SourceId(place as u32),
                name: &source.name,
                key: source_key(&source.name),
                target: FunctionId(source.target),
                function_timeout: scenario.functions[source.target as usize].1.timeout,
                functions: &names.functions,
                until,
                start: scenario.start,
                inputs,
                sampler: &mut sampler,
                watched: recorder.watched(),
                rules,
                account_concurrency: scenario.account.concurrent_executions.count(),
                batch_item_failures: scenario.functions[source.target as usize].1.batch_item_failures,
                key_of: &source_key,
                reads: &mut reads,
                destination: &|key| destination(&format!("{}.{key}", source.name)),
            });
            match built {
                Ok(source) => sources.push(source),
                Err(error) => failure = Some(error),
            }
        }
        if let Some(failure) = failure.or(columns.failure) {
            inputs.changed(failure);
            sources.clear();
        }
        let everybody = in_order_of_name(&names.functions, &names.sources[..sources.len()]);
        let emitting = sources.iter().filter(|_| until.is_none()).map(|source| !source.is_exhausted()).collect();
        let horizon = until.map_or(SimTime::NEVER, |until| until + scenario.drain);
        let mut world = World {
            cast: Cast::new(platform, sources, everybody),
            ctx: Context::new(recorder),
            calls: Vec::new(),
            replies: Vec::new(),
            relays: relays(&names),
            until,
            drain: scenario.drain,
            horizon,
            last: horizon,
            ended_at: None,
            emitting,
        };
        world.ctx.recorder.set_after(world.cast.sources.iter().map(|source| source.after()).collect());
        world.ctx.ended = vec![Ended::default(); world.cast.sources.len()];
        if world.is_done() {
            world.ended_at = Some(SimTime::ZERO);
            world.last = until.unwrap_or(SimTime::ZERO);
        }
        world
    }
}

/// By destination: the source that makes events of its messages. A function as a destination gets its messages through a source of
/// the destination's name.
pub(super) fn relays(names: &Names) -> Vec<Option<SourceId>> {
    let source = |name: &String| names.sources.binary_search(name).ok().map(|place| SourceId(place as u32));
    names.destinations.iter().map(source).collect()
}
