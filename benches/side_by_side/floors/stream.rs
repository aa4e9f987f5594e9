//! The floor of a stream: records lie in their lanes from the moment they are written; a poll moves the mark up to which a shard
//! has been read, and a free lane takes what lies before it.

use super::{Draws, Earliest, MILLISECOND, Pool, Recorder, SECOND};
use crate::figures::Figures;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// A record can be read so long after it was written.
const PROPAGATION: u64 = 200 * MILLISECOND;
const POLLING_INTERVAL: u64 = SECOND;

/// How the stream is read.
pub struct Mapping {
    pub shards: usize,
    pub lanes: usize,
    pub batch_size: usize,
}

#[derive(Clone, Default)]
struct Lane {
    is_busy: bool,
    /// When each record was written.
    records: VecDeque<u64>,
}

struct Stream {
    mapping: Mapping,
    mean: f64,
    lanes: Vec<Lane>,
    /// Up to when each shard has been read.
    read: Vec<u64>,
    /// (End, lane) of each batch.
    ends: Earliest<(u64, usize)>,
    draws: Draws,
    pool: Pool,
    recorder: Recorder,
}

impl Stream {
    /// Sends what a free lane may take.
    fn send(&mut self, place: usize, now: u64) {
        let lane = &mut self.lanes[place];
        let read = self.read[place / self.mapping.lanes];
        let batch = lane.records.iter().take(self.mapping.batch_size).take_while(|written| **written <= read).count();
        lane.is_busy = batch > 0;
        if lane.is_busy {
            let end = now + self.pool.take(now) + self.draws.exponential(self.mean);
            for written in lane.records.drain(..batch) {
                self.recorder.latency.record(end - written);
            }
            self.recorder.invocation(now, end);
            self.ends.push(Reverse((end, place)));
        }
    }

    /// Ends the earliest batch.
    fn end(&mut self) {
        if let Some(Reverse((end, place))) = self.ends.pop() {
            self.pool.release(end);
            self.send(place, end);
        }
    }
}

/// `rate` records a second until `until`; a batch takes `mean` nanoseconds.
pub fn run(mapping: Mapping, rate: f64, mean: f64, until: u64) -> Figures {
    let gap = SECOND as f64 / rate;
    let lanes = mapping.shards * mapping.lanes;
    let mut draws = Draws::new();
    let mut phases: Vec<u64> = (0..mapping.shards).map(|_| draws.below(POLLING_INTERVAL as usize) as u64).collect();
    phases.sort_unstable();
    let mut arrival = draws.exponential(gap);
    let mut stream = Stream {
        lanes: vec![Lane::default(); lanes],
        read: vec![0; mapping.shards],
        ends: Earliest::new(),
        draws,
        pool: Pool::default(),
        recorder: Recorder::new(until),
        mapping,
        mean,
    };
    for poll in 0.. {
        let shard = poll % stream.mapping.shards;
        let now = phases[shard] + (poll / stream.mapping.shards) as u64 * POLLING_INTERVAL;
        if now > until + PROPAGATION + POLLING_INTERVAL {
            break;
        }
        while stream.ends.peek().is_some_and(|Reverse((end, _))| *end <= now) {
            stream.end();
        }
        // Nobody sees a record before it can be read.
        let Some(readable) = now.checked_sub(PROPAGATION) else { continue };
        while arrival <= readable.min(until - 1) {
            let lane = stream.draws.below(lanes);
            stream.lanes[lane].records.push_back(arrival);
            stream.recorder.events += 1;
            arrival += stream.draws.exponential(gap);
        }
        stream.read[shard] = readable;
        for lane in shard * stream.mapping.lanes..(shard + 1) * stream.mapping.lanes {
            if !stream.lanes[lane].is_busy {
                stream.send(lane, now);
            }
        }
    }
    while !stream.ends.is_empty() {
        stream.end();
    }
    stream.recorder.figures()
}
