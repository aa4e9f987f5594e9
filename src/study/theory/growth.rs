//! Queues that can only grow: more comes in than their servers can process.

use crate::metrics::Overload;
use crate::scenario::Source;
use crate::source::{PartitionKeys, Shape};

use super::Subject;
use super::system::{Service, System};

/// Sources that emit more than can be processed, as long as they do.
pub(super) fn overloads(subject: Subject<'_>) -> Vec<Overload> {
    let system = System::new(subject);
    let mut overloads: Vec<Overload> =
        system.scenario.sources.iter().filter_map(|source| of_mapping(&system, source)).collect();
    for function in 0..system.scenario.functions.len() {
        overloads.extend(of_async_queue(&system, function));
    }
    overloads
}

/// What one server processes in a second at full batches, retries of failed ones included.
fn capacity(service: &Service, batch_size: u32, error_rate: f64) -> f64 {
    let batch = f64::from(batch_size);
    batch * (1.0 - error_rate) / service.of_batch(batch)
}

fn of_mapping(system: &System<'_>, source: &Source) -> Option<Overload> {
    let function = source.target as usize;
    let (service, rate) = (system.service(function)?, system.rate(source)?);
    let error_rate = system.scenario.functions[function].1.error_rate;
    let limit = system.servers(function).map_or(f64::INFINITY, |servers| servers as f64);
    let (per_server, servers, what, pass_rate, hottest) = match system.scenario.shape(source) {
        Shape::Lanes { shards, lanes, batch_size, pass_rate, keys, .. } => {
            let servers = f64::from(shards) * f64::from(lanes);
            (capacity(&service, batch_size, error_rate), servers, "lanes", pass_rate, keys.map(hottest))
        }
        Shape::Batches { at_once, batch_size, pass_rate, .. } => {
            (capacity(&service, batch_size, error_rate), at_once as f64, "batches at once", pass_rate, None)
        }
        Shape::Calls | Shape::Other => return None,
    };
    let load = rate.per_s * pass_rate;
    // The records of one key go through one lane.
    if let Some(share) = hottest.filter(|share| load * share > per_server && load <= per_server * servers) {
        return overload(
            format!("sources.{}", source.name),
            load * share,
            per_server,
            "the lane of the most frequent partition key".to_owned(),
        );
    }
    let used = servers.min(limit);
    let of = if limit < servers { "environments that the function may have" } else { what };
    overload(format!("sources.{}", source.name), load, per_server * used, format!("{used} {of}"))
}

/// Asynchronous events wait in the function's queue.
fn of_async_queue(system: &System<'_>, function: usize) -> Option<Overload> {
    let (service, servers) = (system.service(function)?, system.servers(function)? as f64);
    let name = &system.scenario.functions[function].0;
    let mut load = 0.0;
    let mut waits = false;
    for source in system.scenario.sources.iter().filter(|source| source.target as usize == function) {
        if system.scenario.shape(source) == Shape::Calls {
            load += system.rate(source)?.per_s;
            waits |= source.definition.invocation_type() == crate::engine::InvocationType::Event;
        }
    }
    let per_server = capacity(&service, 1, 0.0);
    let owner = format!("functions.{name}");
    overload(owner, load, per_server * servers, format!("{servers} environments")).filter(|_| waits)
}

fn overload(owner: String, load: f64, capacity: f64, servers: String) -> Option<Overload> {
    // A server that takes no time is never too slow.
    let is_too_much = capacity.is_finite() && load > capacity;
    is_too_much.then_some(Overload {
        owner,
        servers,
        load_per_s: load,
        capacity_per_s: capacity,
        growth_per_s: load - capacity,
    })
}

/// The share of records that have the most frequent key.
fn hottest(keys: PartitionKeys) -> f64 {
    match keys {
        PartitionKeys::Count(count) => 1.0 / count as f64,
        PartitionKeys::Zipf { count, zipf } => {
            // Beyond a million terms an integral takes the place of the sum.
            const TERMS: u64 = 1_000_000;
            let sum: f64 = (1..=count.min(TERMS)).map(|rank| libm::pow(rank as f64, -zipf)).sum();
            let (from, to) = (TERMS as f64 + 0.5, count as f64 + 0.5);
            let rest = match (count > TERMS, (zipf - 1.0).abs() < 1e-9) {
                (false, _) => 0.0,
                (true, true) => libm::log(to / from),
                (true, false) => (libm::pow(to, 1.0 - zipf) - libm::pow(from, 1.0 - zipf)) / (1.0 - zipf),
            };
            1.0 / (sum + rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_key() {
        assert_eq!(hottest(PartitionKeys::Count(4)), 0.25);
        let zipf = |count, zipf| hottest(PartitionKeys::Zipf { count, zipf });
        assert!((zipf(3, 1.0) - 6.0 / 11.0).abs() < 1e-12);
        // Zeta(2) = pi^2 / 6.
        assert!((zipf(1_000_000_000, 2.0) - 6.0 / std::f64::consts::PI.powi(2)).abs() < 1e-6);
        assert_eq!(zipf(5, 0.0), 0.2);
    }
}
