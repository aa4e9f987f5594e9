//! What it takes before a handler can run: a cold start, an Init phase that took too long, an environment that was reset.
//!
//! The Init phase is the runtime's and the function's own code; what comes before it (the environment is set up, the code
//! downloaded) is the platform's share, which no bill and no log shows.

use crate::distribution::{Distribution, DistributionSpec};
use crate::profile::Rules;
use crate::random::Key;
use crate::time::SimDuration;

use super::runtime::{PLATFORM_SHARE, PackageType, Runtime, measured};
use super::{DEFAULT_INIT, DEFAULT_RESTORE, FunctionSpec};

/// "The Init phase is limited to 10 seconds. If all three tasks do not complete within 10 seconds, Lambda retries the Init phase
/// at the time of the first function invocation with the configured function timeout" (AWS Lambda Developer Guide,
/// "Understanding the Lambda execution environment lifecycle").
const LONGEST_INIT: SimDuration = SimDuration::from_secs(10);

/// "The runtime must load and after-restore runtime hooks must complete within the timeout limit (10 seconds). Otherwise, you'll get a
/// SnapStartTimeoutException" (same page).
pub const LONGEST_RESTORE: SimDuration = SimDuration::from_secs(10);

/// The draws after a reset, below an environment's key.
const RESET: &str = "reset";

/// How the environments of one function initialise.
// In this order: what is asked at the end of each invocation comes first.
#[repr(C)]
pub(super) struct Init {
    /// What comes before the Init phase.
    platform: SimDuration,
    billed: bool,
    /// Whether a snapshot is restored instead.
    restores: bool,
    length: Distribution,
    key: Key,
}

/// What an invocation waits for before its handler runs.
#[derive(Clone, Copy, Default)]
pub(super) struct Preparation {
    /// Before the invocation proper: the cold start.
    pub cold: SimDuration,
    /// Inside the invocation, as a part of its duration.
    pub inside: SimDuration,
}

impl Init {
    pub(super) fn new(
        spec: &FunctionSpec,
        rules: &Rules,
        key: Key,
        sampler: &mut dyn FnMut(&DistributionSpec) -> Distribution,
    ) -> Init {
        let runtime = spec.runtime.filter(|_| !spec.snap_start);
        let (length, platform) = match (&spec.init_duration, runtime) {
            (Some(given), _) => (given.clone(), SimDuration::ZERO),
            (None, Some(runtime)) => (measured(runtime, spec.package_type, spec.architecture), PLATFORM_SHARE),
            (None, None) if spec.snap_start => (DEFAULT_RESTORE, SimDuration::ZERO),
            (None, None) => (DEFAULT_INIT, PLATFORM_SHARE),
        };
        // The Init phase of images and custom runtimes was billed before August 2025, too (AWS Compute Blog, "AWS Lambda
        // standardizes billing for INIT Phase").
        let always_billed = spec.package_type == PackageType::Image || spec.runtime == Some(Runtime::ProvidedAl2023);
        Init {
            length: sampler(&length),
            platform,
            restores: spec.snap_start,
            billed: rules.init_is_billed || always_billed,
            key,
        }
    }

    /// A cold start of environment `number`.
    pub(super) fn cold(&self, number: u64) -> Preparation {
        let length = self.drawn(self.key.numbered(number));
        let overruns = !self.restores && length > LONGEST_INIT;
        let init = if overruns { LONGEST_INIT } else { length };
        Preparation { cold: self.platform + init, inside: if overruns { length } else { SimDuration::ZERO } }
    }

    /// What is billed of a cold start.
    #[inline(always)]
    pub(super) fn billed(&self, cold: SimDuration) -> SimDuration {
        // Most starts are warm, and need not look at the rest.
        if !cold.is_zero() && self.billed { cold.saturating_sub(self.platform) } else { SimDuration::ZERO }
    }

    /// The first call of environment `number` after its reset of number `resets`: the Init phase that AWS calls suppressed, a part
    /// of the call's duration (same page).
    pub(super) fn suppressed(&self, number: u64, resets: u64) -> Preparation {
        let key = self.key.numbered(number).named(RESET).numbered(resets);
        Preparation { inside: self.drawn(key), ..Preparation::default() }
    }

    /// Assumption: a restore that would take longer ends at its limit; AWS lets the call fail.
    fn drawn(&self, key: Key) -> SimDuration {
        let length = self.length.sample(&mut key.draws());
        if self.restores { length.min(LONGEST_RESTORE) } else { length }
    }
}
