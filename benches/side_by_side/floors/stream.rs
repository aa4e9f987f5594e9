//! The floor of a stream: records lie in their lanes from the moment they are written; a poll moves the mark up to which a shard
//! has been read, and a free lane takes what lies before it.

use super::{Draws, Earliest, MILLISECOND, Pool, Recorder, SECOND};
use crate::figures::Figures;
use pushpull::arrivals::{Arrivals, ArrivalsSpec};
use pushpull::inputs::MemoryInputs;
use pushpull::random::Key;
use pushpull::time::SimTime;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// A record can be read so long after it was written.
const PROPAGATION: u64 = 200 * MILLISECOND;
const POLLING_INTERVAL: u64 = SECOND;

/// How the stream is read.
#[derive(Clone, Copy)]
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

impl Mapping {
    /// When records are written, `rate` a second until `until`, and in which of all lanes: drawn with the fewest numbers.
    pub fn records(self, rate: f64, until: u64) -> impl Iterator<Item = (u64, usize)> {
        let (gap, lanes) = (SECOND as f64 / rate, self.shards * self.lanes);
        let (mut draws, mut written) = (Draws::of(2), 0);
        std::iter::from_fn(move || {
            written += draws.exponential(gap);
            (written < until).then(|| (written, draws.below(lanes)))
        })
    }

    /// The same, drawn as pushpull draws them: instants carry their fractions of a nanosecond over, a record has a partition key of its
    /// own, and the key one hash that names the shard and one that names the lane. All is worked out for many records together.
    pub fn keyed_records(self, rate: f64, until: u64) -> impl Iterator<Item = (u64, usize)> {
        let spec = ArrivalsSpec::Poisson { rate };
        let arrivals = Arrivals::new(&spec, SimTime::from_nanos(until), Key::root(1), &MemoryInputs::new(), &[]);
        let mut arrivals = arrivals.expect("a Poisson process reads no input");
        let (mut number, mut over, mut places) = (0, TOGETHER, [0; TOGETHER]);
        std::iter::from_fn(move || {
            let written = arrivals.next();
            if over == TOGETHER {
                over = 0;
                places = self.places(number);
                number += TOGETHER as u64;
            }
            let place = places[over];
            over += 1;
            arrivals.take(usize::from(written != SimTime::NEVER));
            (written != SimTime::NEVER).then(|| (written.nanos(), place))
        })
    }

    /// The lanes of these records.
    #[inline(never)]
    fn places(self, first: u64) -> [usize; TOGETHER] {
        let [keys, shards, lanes] = [3, 4, 5].map(Key::root);
        let key = |place: usize| keys.numbered(first + place as u64).below(u64::MAX);
        let hash = |key: u64, hash: Key, n: usize| hash.numbered(key).below(n as u64) as usize;
        let place = |key| hash(key, shards, self.shards) * self.lanes + hash(key, lanes, self.lanes);
        std::array::from_fn(key).map(place)
    }
}

/// The places of so many records are worked out together.
const TOGETHER: usize = 4;

/// `records` are written until `until`; a batch takes `mean` nanoseconds.
pub fn run(mapping: Mapping, mut records: impl Iterator<Item = (u64, usize)>, mean: f64, until: u64) -> Figures {
    let lanes = mapping.shards * mapping.lanes;
    let mut draws = Draws::new();
    let mut phases: Vec<u64> = (0..mapping.shards).map(|_| draws.below(POLLING_INTERVAL as usize) as u64).collect();
    phases.sort_unstable();
    let mut next = records.next();
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
        while let Some((written, lane)) = next
            && written <= readable
        {
            stream.lanes[lane].records.push_back(written);
            stream.recorder.events += 1;
            next = records.next();
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
