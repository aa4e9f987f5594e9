//! How long the Init phase of an empty function takes, by runtime and package, as measured.
//!
//! Source: the daily measurements of the project "lambda-perf" (hello world, us-east-1, 512 MB), June to August 2026, from which the
//! percentiles were computed; 128, 512 and 1,024 MB agree within 2 %, since the Init phase has a CPU of its own.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::{Component, DistributionSpec, Law};
use crate::time::SimDuration;

use super::Architecture;

/// Assumption: what a cold start takes besides the Init phase. STeLLAR (IISWC 2021): a cold start of 448 ms at the median, of
/// which a warm call and the Init phase leave 250 to 300 ms.
pub(super) const PLATFORM_SHARE: SimDuration = SimDuration::from_millis(275);

/// How the function's code is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum PackageType {
    /// A ZIP archive.
    #[default]
    Zip,
    /// A container image.
    Image,
}

/// What runs the function's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Runtime {
    /// Python 3.12.
    #[serde(rename = "python3.12")]
    Python312,
    /// Python 3.13.
    #[serde(rename = "python3.13")]
    Python313,
    /// Node.js 22.
    #[serde(rename = "nodejs22.x")]
    Nodejs22,
    /// Node.js 24.
    #[serde(rename = "nodejs24.x")]
    Nodejs24,
    /// Java 17.
    #[serde(rename = "java17")]
    Java17,
    /// Java 21.
    #[serde(rename = "java21")]
    Java21,
    /// Ruby 3.4.
    #[serde(rename = "ruby3.4")]
    Ruby34,
    /// .NET 8.
    #[serde(rename = "dotnet8")]
    Dotnet8,
    /// A program of its own; measured with Rust.
    #[serde(rename = "provided.al2023")]
    ProvidedAl2023,
}

impl Runtime {
    /// Whether Lambda can start it from a snapshot: Java from 11 on, Python from 3.12 on, .NET from 8 on (AWS Lambda Developer
    /// Guide, "Improving startup performance with Lambda SnapStart").
    pub const fn has_snapshots(self) -> bool {
        match self {
            Runtime::Python312 | Runtime::Python313 | Runtime::Java17 | Runtime::Java21 | Runtime::Dotnet8 => true,
            Runtime::Nodejs22 | Runtime::Nodejs24 | Runtime::Ruby34 | Runtime::ProvidedAl2023 => false,
        }
    }
}

/// What was measured of one package, in milliseconds: median, 90th and 99th percentile, maximum.
type Measured = [f64; 4];

/// One row of the measurements.
struct Row {
    /// Of a ZIP archive on x86_64.
    zip: Measured,
    /// Of an image.
    image: Measured,
    /// Median of a ZIP archive on arm64, where it was measured, in milliseconds.
    arm64: Option<f64>,
}

const fn row(runtime: Runtime) -> Row {
    let (zip, image, arm64) = match runtime {
        Runtime::Python312 => ([87.0, 106.0, 139.0, 174.0], [167.0, 284.0, 400.0, 484.0], None),
        Runtime::Python313 => ([92.0, 119.0, 198.0, 297.0], [162.0, 294.0, 393.0, 474.0], Some(81.0)),
        Runtime::Nodejs22 => ([145.0, 169.0, 220.0, 309.0], [297.0, 553.0, 793.0, 926.0], Some(130.0)),
        Runtime::Nodejs24 => ([141.0, 171.0, 215.0, 284.0], [281.0, 596.0, 842.0, 897.0], None),
        Runtime::Java17 => ([208.0, 243.0, 342.0, 624.0], [309.0, 435.0, 718.0, 937.0], None),
        Runtime::Java21 => ([245.0, 291.0, 628.0, 740.0], [345.0, 558.0, 822.0, 902.0], Some(248.0)),
        Runtime::Ruby34 => ([230.0, 395.0, 505.0, 652.0], [270.0, 399.0, 509.0, 641.0], None),
        Runtime::Dotnet8 => ([258.0, 334.0, 685.0, 872.0], [404.0, 681.0, 873.0, 972.0], Some(294.0)),
        Runtime::ProvidedAl2023 => ([16.0, 22.0, 50.0, 71.0], [36.0, 62.0, 169.0, 401.0], Some(13.8)),
    };
    Row { zip, image, arm64 }
}

/// The Init phase of `runtime`: equally likely between two neighbours of what was measured. On arm64 the spread is taken to be that
/// on x86_64, and so is a median that was not measured.
pub(super) fn measured(runtime: Runtime, package: PackageType, architecture: Architecture) -> DistributionSpec {
    let row = row(runtime);
    let [median, p90, p99, max] = match package {
        PackageType::Zip => row.zip,
        PackageType::Image => row.image,
    };
    let scale = match (package, architecture, row.arm64) {
        (PackageType::Zip, Architecture::Arm64, Some(arm64)) => arm64 / median,
        _ => 1.0,
    };
    // Assumption: the shortest lies as far below the median, as a ratio, as the 90th percentile above it.
    let least = median * median / p90;
    let length = |ms: f64| SimDuration::from_nanos_f64((ms * scale * 1e6).round());
    let part = |(weight, min, max)| {
        let of = DistributionSpec::Law(Law::Uniform { min: length(min), max: length(max) });
        Component { weight, of }
    };
    let parts = [(0.5, least, median), (0.4, median, p90), (0.09, p90, p99), (0.01, p99, max)];
    DistributionSpec::Law(Law::Mixture(parts.map(part).to_vec()))
}
