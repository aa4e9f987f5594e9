//! Scenes played apart: each some way ahead before the next, so that what it touches stays in the processor's caches.
//!
//! A scene hears of no other, so that it plays as it would among them, as long as the account refuses nothing. The platform keeps a
//! ledger of what each takes, and holds it against the limits afterwards; where one would have been met, the run is void, and all is
//! played together from the beginning. So it is, too, where the run might have been over before its end of emission, and where the ledger
//! would grow too long. Nothing else tells whether a run was played apart, which the suite asserts.

use crate::platform::{LONGEST, MOST_ACTORS};
use crate::recording::{Outcome, Peaks, Watch};
use crate::scenario::Scenario;
use crate::time::{SimDuration, SimTime};

use super::{World, scenes};

/// So many scenes are worth it: what fewer touch has room in the caches together, and a ledger need not be kept.
const MANY: usize = 64;

/// Scenes are played on until about so many invocations have begun or ended: enough for each of a thousand to stay in the caches for a
/// while.
const PAGE: usize = 1 << 21;

/// More than so many would take too much memory: the load has risen out of all proportion.
const MOST: usize = 2 * PAGE;

/// At first; later no more than so many times as long as before.
const SHORT: SimDuration = SimDuration::from_millis(1);
const GROWTH: usize = 16;

/// So small a part of the emission, its last, is played together, since the run may be over soon after.
const LAST_PART: u64 = 256;

/// The scenes of a scenario, where it is worth it to play them apart. Who listens is told everything in order, and when a run without
/// an end of emission is over nobody knows before.
pub(super) fn scenes(scenario: &Scenario, watch: &dyn Watch) -> Option<Vec<Vec<u32>>> {
    let is_heard = watch.wants_facts() || watch.wants_minutes();
    // There are no more scenes than functions.
    let may_be = !is_heard
        && scenario.duration.is_some()
        && scenario.functions.len() >= MANY
        && scenario.functions.len() + scenario.sources.len() <= MOST_ACTORS;
    may_be.then(|| scenes::of(scenario)).filter(|scenes| scenes.len() >= MANY)
}

impl World<'_> {
    /// Runs to the end, scenes apart from each other as far as that goes. None where the run is void.
    pub(super) fn run_apart(mut self, scenes: &[Vec<u32>]) -> Option<Outcome> {
        let emission = self.until?.nanos();
        let last_part = SimTime::from_nanos(emission - emission / LAST_PART);
        let mut length = SHORT;
        let mut now = SimTime::ZERO;
        while now < last_part && self.ended_at.is_none() {
            let end = self.ctx.recorder.next_stop().min(now + length.min(LONGEST)).min(last_part);
            if self.cast.platform.part(now) {
                let changes = self.play_each(scenes, now, end)?;
                if changes > PAGE {
                    length = SimDuration::from_nanos((length.nanos() / 2).max(1));
                } else {
                    length = length.saturating_mul((PAGE / 2 / changes.max(1)).clamp(1, GROWTH) as u64);
                }
            } else {
                self.cast.enter_all();
                self.play(end);
            }
            now = end;
            self.ctx.now = now;
            while self.ctx.recorder.next_boundary() <= now {
                self.close_next();
            }
        }
        Some(self.run())
    }

    /// Plays each scene from `now` until before `end`: bin by bin, each of which those on stage close for themselves as they get to its
    /// end, and the account when all have. Tells how many invocations began or ended; none where the run is void.
    fn play_each(&mut self, scenes: &[Vec<u32>], now: SimTime, end: SimTime) -> Option<usize> {
        let bin_ends: Vec<SimTime> = self.ctx.recorder.bin_ends(end).collect();
        let ends = [&bin_ends[..], &[end]].concat();
        // The integral of concurrency in each bin that ends.
        let mut areas = vec![0; bin_ends.len()];
        let (all, unreserved) = self.ctx.recorder.peaks();
        for scene in scenes {
            self.cast.enter(scene);
            self.cast.platform.begin_scene();
            self.ctx.now = now;
            for (part, end) in ends.iter().enumerate() {
                self.cast.platform.begin_part(part);
                self.play_scene(*end)?;
                if let Some(area) = areas.get_mut(part) {
                    *area += self.close_bins_on_stage(*end);
                }
            }
        }
        let changes = self.cast.platform.changes_apart();
        let most = self.cast.platform.join(&ends)?;
        let mut peaks: Vec<Peaks> = most.iter().map(|most| (most.all as i64, most.shared as i64)).collect();
        // The first bin had begun before.
        peaks[0] = (peaks[0].0.max(all), peaks[0].1.max(unreserved));
        for ((end, area), peaks) in bin_ends.iter().zip(areas).zip(&peaks) {
            self.ctx.recorder.close_bin_of_account(*end, area, *peaks);
        }
        self.ctx.recorder.set_peaks(peaks[bin_ends.len()]);
        // Before the last event has occurred it cannot have been over.
        let goes_on = self.cast.sources.iter().any(|source| !source.is_exhausted());
        goes_on.then_some(changes)
    }

    /// Lets those on stage act before `end`. None where the ledger grows too long.
    fn play_scene(&mut self, end: SimTime) -> Option<()> {
        while let Some((place, wake)) = self.cast.agenda.first().filter(|(_, wake)| wake.at() < end) {
            self.cast.platform.turn(wake, self.cast.rank(place));
            self.act(self.cast.actor(place), place, wake, end);
            self.deliver();
            if self.cast.platform.changes_apart() > MOST {
                return None;
            }
        }
        Some(())
    }

    /// Closes the bins that end at `at` of those on stage. Gives back the integral of concurrency of their functions since the last ones.
    fn close_bins_on_stage(&mut self, at: SimTime) -> u128 {
        let now = std::mem::replace(&mut self.ctx.now, at);
        self.cast.catch_up_on_stage(&mut self.ctx);
        self.ctx.now = now;
        let (functions, sources) = (self.cast.functions_on_stage(), self.cast.sources_on_stage());
        let area = self.ctx.recorder.close_bins(functions, sources, at);
        self.cast.rekey_on_stage();
        area
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::MemoryInputs;

    /// The run of a scenario apart and together: each as far as it got.
    fn both(text: &str, seed: u64) -> (Option<String>, String) {
        let inputs = MemoryInputs::new();
        let scenario =
            crate::read("apart.toml", text, &[], &inputs).unwrap_or_else(|report| panic!("{text}\n{report}"));
        let scenes = scenes::of(&scenario);
        assert!(scenes.len() > 1, "{scenes:?}");
        let (mut one, mut other) = ((), ());
        let apart = World::new(&scenario, seed, &inputs, &mut one).run_apart(&scenes);
        let together = World::new(&scenario, seed, &inputs, &mut other).run();
        (apart.map(|outcome| format!("{outcome:#?}")), format!("{together:#?}"))
    }

    /// So that the events are not over.
    const GOES_ON: &str =
        "[[source.invoke]]\nname = \"last\"\ntarget = \"a\"\narrivals = { constant = { rate = 50 } }\n";
    const EACH_10_MS: &str = "{ constant = { rate = 100 } }";
    const BY_CHANCE: &str = "{ poisson = { rate = 100 } }";

    /// Two functions of the same arrivals; `top` and `of_source` are keys.
    fn twins(top: &str, duration: &str, arrivals: &str, of_source: &str) -> String {
        let function = |name: &str| {
            format!(
                "[function.{name}]\nduration = \"{duration}\"\ninit_duration = \"1ms\"\n\
                 [[source.invoke]]\nname = \"to-{name}\"\ntarget = \"{name}\"\narrivals = {arrivals}\n{of_source}\n"
            )
        };
        format!("duration = \"20s\"\n{top}\n{}{}", function("a"), function("b"))
    }

    #[test]
    fn nothing_tells_whether_a_run_was_played_apart() {
        let rows = [
            ("no limits", "account.concurrent_executions = \"unlimited\"", ""),
            ("the usual limits", "", ""),
            ("a warm-up", "warm_up = \"3s\"", ""),
            ("asynchronous calls", "", "invocation_type = \"Event\""),
            ("environments of the Region", "profile = \"2018\"", ""),
            ("more than half of the account", "account.concurrent_executions = 20", ""),
        ];
        let rows = rows.map(|(what, top, of_source)| (what, top, EACH_10_MS, of_source)).into_iter().chain([
            ("calls by chance", "", BY_CHANCE, ""),
            ("calls by chance in a small account", "account.concurrent_executions = 40", BY_CHANCE, ""),
        ]);
        for (what, top, arrivals, of_source) in rows {
            assert_alike(what, &twins(top, "65ms", arrivals, of_source));
        }
    }

    fn assert_alike(what: &str, text: &str) {
        let (apart, together) = both(text, 7);
        let apart = apart.unwrap_or_else(|| panic!("{what}: a limit was met"));
        let differing = apart.lines().zip(together.lines()).find(|(one, other)| one != other);
        assert_eq!(differing, None, "{what}");
    }

    /// While more than half of the account is taken all play together, here for thirty bins in which nobody acts.
    #[test]
    fn bins_in_which_nobody_acts_end_too() {
        let burst = "{ bursts = { size = 6, every = \"7s\" } }";
        assert_alike("long calls", &twins("account.concurrent_executions = 20", "3s", burst, ""));
    }

    /// Of all that bins tell: what functions have for themselves, events that wait, records that are read late.
    #[test]
    fn whoever_plays_apart_closes_its_bins_as_the_others_do() {
        let rows = [
            ("a reserve", "init_", "reserved_concurrent_executions = 30\ninit_"),
            ("provisioned", "init_", "provisioned_concurrent_executions = 4\ninit_"),
            ("a stream", "source.invoke", "source.kinesis"),
            ("a queue", "source.invoke", "source.sqs"),
            ("failures", "init_", "error_rate = 0.2\ninit_"),
            ("minutes", "duration = \"20s\"", "duration = \"130s\""),
        ];
        for arrivals in [EACH_10_MS, BY_CHANCE] {
            for (what, usual, other) in rows {
                assert_alike(what, &twins("", "65ms", arrivals, "").replace(usual, other));
            }
        }
    }

    #[test]
    fn where_a_limit_would_have_been_met_it_is_void() {
        let burst = "{ bursts = { size = 12, every = \"1s\" } }";
        let hail: Vec<String> = (0..60).map(|n| format!("\"{}ms\"", 10_010 + n)).collect();
        let hail = format!("{{ at = [{}] }}", hail.join(", "));
        let later = format!("{{ at = [{}] }}", ["\"3050ms\""; 12].join(", "));
        let rows = [
            ("concurrency", "account.concurrent_executions = 20", burst),
            ("concurrency, in one bin of many", "account.concurrent_executions = 20", &later),
            ("environments of the Region", "profile = \"2018\"\naccount.burst_concurrency = 20", burst),
            ("requests", "account.concurrent_executions = 10", &hail),
        ];
        for (what, top, arrivals) in rows {
            for (top, is_met) in [(top, true), ("", false)] {
                let (apart, _) = both(&(twins(top, "500us", arrivals, "") + GOES_ON), 7);
                assert_eq!(apart.is_none(), is_met, "{what} {top:?}");
            }
        }
    }

    #[test]
    fn where_the_ledger_grows_too_long_it_is_void() {
        let top = "account.concurrent_executions = \"unlimited\"";
        for (size, is_too_long) in [(MOST / 3, true), (100, false)] {
            let burst = format!("{{ bursts = {{ size = {size}, every = \"15s\" }} }}");
            let text = twins(top, "1us", &burst, "").replace("init_", "scaling_rate = \"unlimited\"\ninit_");
            assert_eq!(both(&(text + GOES_ON), 7).0.is_none(), is_too_long, "{size} calls at once");
        }
    }

    #[test]
    fn where_it_may_have_been_over_it_is_void() {
        assert!(both(&twins("", "1s", "{ at = [\"1s\", \"2s\"] }", ""), 7).0.is_none());
    }
}
