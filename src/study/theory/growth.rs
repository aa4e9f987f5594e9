//! Queues that can only grow: more comes in than their servers can process.

use crate::engine::InvocationType;
use crate::metrics::Overload;
use crate::platform::{ERROR_DELAYS, EventInvokeConfig};
use crate::scenario::Source;
use crate::source::{PartitionKeys, Shape};
use crate::time::SimDuration;

use super::Subject;
use super::system::{Call, System};

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

/// Mean number of tries where each fails with probability `failing`, until one succeeds or there were `most`; none: without end.
fn tries(failing: f64, most: Option<u32>) -> f64 {
    match most {
        Some(most) if failing == 1.0 => f64::from(most),
        Some(most) => (1.0 - libm::pow(failing, f64::from(most))) / (1.0 - failing),
        None => 1.0 / (1.0 - failing),
    }
}

/// Tries of an asynchronous event for which it does not become too old.
fn asynchronous_tries(config: &EventInvokeConfig) -> u32 {
    let mut waited = SimDuration::ZERO;
    let retries = ERROR_DELAYS.iter().take(config.maximum_retry_attempts as usize).take_while(|delay| {
        waited += **delay;
        waited < config.maximum_event_age
    });
    1 + retries.count() as u32
}

/// Events in batches of `batch` that leave one server in a second: processed, or given up after the `most` tries of each.
fn capacity(call: Call, batch: f64, most: Option<u32>) -> f64 {
    batch / (call.seconds * tries(call.failing, most))
}

/// The same at the batch size that does best: where each record takes its time, the function's timeout may end the full batch.
fn best_capacity(system: &System<'_>, function: usize, batch_size: u32, most: Option<u32>) -> Option<f64> {
    let sizes = std::iter::successors(Some(batch_size), |size| (*size > 1).then(|| size - (size / 10).max(1)));
    let of_size = |size: u32| Some(capacity(system.call(function, f64::from(size))?, f64::from(size), most));
    sizes.map(of_size).try_fold(f64::NEG_INFINITY, |best, capacity| Some(best.max(capacity?)))
}

fn of_mapping(system: &System<'_>, source: &Source) -> Option<Overload> {
    let function = source.target as usize;
    let rate = system.rate(source)?;
    let limit = system.servers(function).map_or(f64::INFINITY, |servers| servers as f64);
    let (batch_size, tries, servers, what, pass_rate, hottest) = match source.definition.shape() {
        Shape::Lanes { shards, lanes, batch_size, tries, pass_rate, keys, .. } => {
            let servers = f64::from(shards) * f64::from(lanes);
            (batch_size, tries, servers, ("lane", "lanes"), pass_rate, keys.map(hottest))
        }
        Shape::Batches { at_once, batch_size, tries, pass_rate, .. } => {
            (batch_size, tries, at_once as f64, ("batch at once", "batches at once"), pass_rate, None)
        }
        Shape::Calls | Shape::Other => return None,
    };
    let per_server = best_capacity(system, function, batch_size, tries)?;
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
    let allowed = ("environment that the function may have", "environments that the function may have");
    let of = if limit < servers { allowed } else { what };
    overload(format!("sources.{}", source.name), load, per_server * used, counted(used, of))
}

/// Asynchronous events wait in the function's queue.
fn of_async_queue(system: &System<'_>, function: usize) -> Option<Overload> {
    let (call, servers) = (system.call(function, 1.0)?, system.servers(function)? as f64);
    let (name, spec) = &system.scenario.functions[function];
    let most = spec
        .event_invoke_config
        .as_ref()
        .map_or_else(|| asynchronous_tries(&EventInvokeConfig::default()), asynchronous_tries);
    let (mut load, mut calls, mut waits) = (0.0, 0.0, false);
    for source in system.scenario.sources.iter().filter(|source| source.target as usize == function) {
        if source.definition.shape() == Shape::Calls {
            let rate = system.rate(source)?.per_s;
            let is_queued = source.definition.invocation_type() == InvocationType::Event;
            load += rate;
            // Lambda does not try again what is waited for.
            calls += rate * if is_queued { tries(call.failing, Some(most)) } else { 1.0 };
            waits |= is_queued;
        }
    }
    let capacity = servers / call.seconds * load / calls;
    let owner = format!("functions.{name}");
    overload(owner, load, capacity, counted(servers, ("environment", "environments"))).filter(|_| waits)
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

/// So many servers, by their name.
fn counted(servers: f64, (one, many): (&str, &str)) -> String {
    if servers == 1.0 { format!("1 {one}") } else { format!("{servers} {many}") }
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
    fn tries_are_a_geometric_series() {
        for (failing, most, want) in [
            (0.0, None, 1.0),
            (0.5, None, 2.0),
            (1.0, None, f64::INFINITY),
            (0.5, Some(1), 1.0),
            (0.5, Some(3), 1.75),
            (1.0, Some(3), 3.0),
        ] {
            assert_eq!(tries(failing, most), want, "{failing}, {most:?}");
        }
    }

    #[test]
    fn an_asynchronous_event_is_tried_until_it_is_too_old() {
        for (maximum_retry_attempts, age, want) in [(2, 21_600, 3), (1, 21_600, 2), (2, 180, 2), (2, 60, 1), (0, 60, 1)]
        {
            let maximum_event_age = SimDuration::from_secs(age);
            let config = EventInvokeConfig { maximum_retry_attempts, maximum_event_age, ..Default::default() };
            assert_eq!(asynchronous_tries(&config), want, "{maximum_retry_attempts} retries, {age} s");
        }
    }

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
