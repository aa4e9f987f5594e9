//! How long the Init phase of an empty function takes, by runtime and package, as measured.
//!
//! Source: the daily measurements of the project "lambda-perf" (hello world, us-east-1, 512 MB), June to August 2026, from which the
//! percentiles were computed; 128, 512 and 1,024 MB agree within 2 %, since the Init phase has a CPU of its own.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::distribution::DistributionSpec;
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

/// One row of the measurements, in milliseconds.
struct Row {
    /// Median and 99th percentile of a ZIP archive on x86_64.
    zip: (f64, f64),
    /// The same of an image.
    image: (f64, f64),
    /// Median of a ZIP archive on arm64, where it was measured.
    arm64: Option<f64>,
}

const fn row(runtime: Runtime) -> Row {
    match runtime {
        Runtime::Python312 => Row { zip: (87.0, 139.0), image: (167.0, 400.0), arm64: None },
        Runtime::Python313 => Row { zip: (92.0, 198.0), image: (162.0, 393.0), arm64: Some(81.0) },
        Runtime::Nodejs22 => Row { zip: (145.0, 220.0), image: (297.0, 793.0), arm64: Some(130.0) },
        Runtime::Nodejs24 => Row { zip: (141.0, 215.0), image: (281.0, 842.0), arm64: None },
        Runtime::Java17 => Row { zip: (208.0, 342.0), image: (309.0, 718.0), arm64: None },
        Runtime::Java21 => Row { zip: (245.0, 628.0), image: (345.0, 822.0), arm64: Some(248.0) },
        Runtime::Ruby34 => Row { zip: (230.0, 505.0), image: (270.0, 509.0), arm64: None },
        Runtime::Dotnet8 => Row { zip: (258.0, 685.0), image: (404.0, 873.0), arm64: Some(294.0) },
        Runtime::ProvidedAl2023 => Row { zip: (16.0, 50.0), image: (36.0, 169.0), arm64: Some(13.8) },
    }
}

/// The Init phase of `runtime`. On arm64 the spread is taken to be that on x86_64, and so is a median that was not measured.
pub(super) fn measured(runtime: Runtime, package: PackageType, architecture: Architecture) -> DistributionSpec {
    let row = row(runtime);
    let (median, p99) = match package {
        PackageType::Zip => row.zip,
        PackageType::Image => row.image,
    };
    let scale = match (package, architecture, row.arm64) {
        (PackageType::Zip, Architecture::Arm64, Some(arm64)) => arm64 / median,
        _ => 1.0,
    };
    let length = |ms: f64| SimDuration::from_nanos_f64((ms * scale * 1e6).round());
    DistributionSpec::lognormal(length(median), length(p99))
}
