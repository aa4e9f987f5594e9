//! Scenes: actors that hear of each other, directly or through others. Between two scenes nothing is common but the account.

use crate::arrivals::ArrivalsSpec;
use crate::scenario::{Scenario, Source};

use super::cast::{Actor, in_order_of_name};
use super::set_up::relays;

/// The scenes of a scenario, as ranks of their actors by name, which ascend.
pub(super) fn of(scenario: &Scenario) -> Vec<Vec<u32>> {
    let names = scenario.names();
    let functions = names.functions.len();
    // Functions first, then sources.
    let mut circles = Circles::new(functions + names.sources.len());
    for (place, source) in scenario.sources.iter().enumerate() {
        let this = functions + place;
        circles.join(this, source.target as usize);
        if names_its_targets(source) {
            (0..functions).for_each(|function| circles.join(this, function));
        }
        if let Some(owner) = source.definition.shared_stream().and_then(|owner| place_of(&names.sources, owner)) {
            circles.join(this, functions + owner);
        }
    }
    for (destination, relay) in names.destinations.iter().zip(relays(&names)) {
        let (Some(relay), Some((owner, _))) = (relay, destination.rsplit_once('.')) else { continue };
        let owners =
            [place_of(&names.functions, owner), place_of(&names.sources, owner).map(|place| functions + place)];
        owners.into_iter().flatten().for_each(|owner| circles.join(functions + relay.0 as usize, owner));
    }
    let mut scenes: Vec<Vec<u32>> = vec![Vec::new(); functions + names.sources.len()];
    for (rank, actor) in in_order_of_name(&names.functions, &names.sources).into_iter().enumerate() {
        let place = match actor {
            Actor::Function(id) => id.0 as usize,
            Actor::Source(id) => functions + id.0 as usize,
        };
        scenes[circles.head(place)].push(rank as u32);
    }
    scenes.retain(|scene| !scene.is_empty());
    scenes
}

fn place_of(names: &[String], name: &str) -> Option<usize> {
    names.binary_search_by(|other| other.as_str().cmp(name)).ok()
}

/// Whether each event says which function it goes to.
fn names_its_targets(source: &Source) -> bool {
    let arrivals = &source.definition.common().arrivals;
    matches!(arrivals, Some(ArrivalsSpec::Trace(trace)) if trace.target_column.is_some())
}

/// Disjoint sets of places, each known by one of them, its head.
struct Circles {
    /// A place nearer to the head; the head has itself.
    nearer: Vec<usize>,
}

impl Circles {
    fn new(places: usize) -> Circles {
        Circles { nearer: (0..places).collect() }
    }

    fn head(&mut self, mut place: usize) -> usize {
        while self.nearer[place] != place {
            self.nearer[place] = self.nearer[self.nearer[place]];
            place = self.nearer[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.head(one), self.head(other));
        self.nearer[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::MemoryInputs;

    #[test]
    fn a_scene_is_who_hears_of_each_other() {
        let source = |kind: &str, name: &str, target: &str, more: &str| {
            let arrivals = if more.contains("stream =") { "" } else { "arrivals = { constant = { rate = 1 } }\n" };
            format!("[[source.{kind}]]\nname = \"{name}\"\ntarget = \"{target}\"\n{arrivals}{more}\n")
        };
        let calls = |name: &str, target: &str| source("s3", name, target, "");
        let trace = "arrivals = { trace = { file = \"t.csv\", column = \"s\", target_column = \"f\" } }\n";
        let rows = [
            ("functions alone", calls("x", "a") + &calls("y", "b"), vec!["a x", "b y", "c"]),
            ("a function of two sources", calls("x", "a") + &calls("y", "a"), vec!["a x y", "b", "c"]),
            (
                "a stream of two mappings",
                source("kinesis", "x", "a", "") + &source("kinesis", "y", "c", "stream = \"x\""),
                vec!["a c x y", "b"],
            ),
            (
                "a destination",
                calls("x", "a") + "[function.a.event_invoke_config]\non_failure = \"lambda:b\"",
                vec!["a a.on_failure b x", "c"],
            ),
            (
                "a trace that names functions",
                format!("[[source.s3]]\nname = \"x\"\ntarget = \"a\"\n{trace}"),
                vec!["a b c x"],
            ),
        ];
        let inputs = MemoryInputs::new().with("t.csv", "s,f\n1,b\n");
        for (what, sources, want) in rows {
            let functions = ["a", "b", "c"].map(|name| format!("[function.{name}]\nduration = \"1s\"\n")).concat();
            let text = format!("duration = \"9s\"\n{functions}{sources}");
            let scenario =
                crate::read("scenes.toml", &text, &[], &inputs).unwrap_or_else(|report| panic!("{text}\n{report}"));
            let names = scenario.names();
            let name = |actor: &Actor| match actor {
                Actor::Function(id) => names.functions[id.0 as usize].as_str(),
                Actor::Source(id) => &names.sources[id.0 as usize],
            };
            let everybody = in_order_of_name(&names.functions, &names.sources);
            let named = |scene: &Vec<u32>| {
                scene.iter().map(|rank| name(&everybody[*rank as usize])).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(of(&scenario).iter().map(named).collect::<Vec<_>>(), want, "{what}");
        }
    }
}
