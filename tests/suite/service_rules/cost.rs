//! What is billed, and what it costs: Lambda's requests, durations and provisioned concurrency, and the sources' own charges.

use pushpull::metrics::price::{Bill, SourceUsage, Usage, source_charges};
use pushpull::profile::Profile;
use pushpull::source::Charged;
use pushpull::time::SimDuration;

use crate::support::summary;

use super::{NULL, hold};

#[test]
fn billed_time() {
    hold(&[
        (
            "F§10.1 billed time is rounded up to 1 ms, in each invocation",
            "function.f = { duration = '1100us', init_duration = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '1s'] } }]",
            "",
            &[],
            &[("functions.f.billed_ms", 4.0)],
        ),
        (
            "F§10.1 before December 2020 to 100 ms, and F§10.6 the Init phase was free",
            "profile = '2019-11'
             function.f = { duration = '101ms', init_duration = '1s' }
             source.invoke = [{ arrivals = { at = ['0s', '5s'] } }]",
            "",
            &[],
            &[("functions.f.billed_ms", 400.0)],
        ),
        (
            "F§10.6 as it was before August 2025",
            "profile = '2023-11'
             function.f = { duration = '101ms', init_duration = '1s' }
             source.invoke = [{ arrivals = { at = ['0s', '5s'] } }]",
            "",
            &[],
            &[("functions.f.billed_ms", 202.0)],
        ),
        (
            "F§10.6 but not for images and custom runtimes",
            "profile = '2023-11'
             function.f = { duration = '101ms', init_duration = '1s', package_type = 'Image' }
             function.g = { duration = '101ms', init_duration = '1s', runtime = 'provided.al2023' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { at = ['0s', '5s'] } },
                 { name = 'b', target = 'g', arrivals = { at = ['0s', '5s'] } },
             ]",
            "",
            &[],
            &[("functions.f.billed_ms", 1_202.0), ("functions.g.billed_ms", 1_202.0)],
        ),
        (
            "F§10.6 since then it is billed for all",
            "profile = '2025-08'
             function.f = { duration = '101ms', init_duration = '1s' }
             source.invoke = [{ arrivals = { at = ['0s', '5s'] } }]",
            "",
            &[],
            &[("functions.f.billed_ms", 1_202.0)],
        ),
    ]);
    // The platform's share of a cold start (F§12.3) is on no bill.
    let figures = summary(
        "function.f = { duration = '1s', runtime = 'java21' }
         source.invoke = [{ arrivals = { at = ['0s'] } }]",
        1,
    );
    let not_billed = figures.get("sources.invoke.latency_ms.max") - figures.get("functions.f.billed_ms");
    assert!((274.0..=275.0).contains(&not_billed), "{not_billed}");
}

#[test]
fn prices() {
    hold(&[
        (
            "F§10.1 $0.20 a million requests, and a price for a GB-second",
            "function.f = { duration = '1s', init_duration = '0s', memory_size = 1024 }
             source.invoke = [{ arrivals = { bursts = { size = 10, every = '1m' } } }]
             duration = '1s'",
            "",
            &[],
            &[
                ("cost_usd.lambda_requests", 0.000_002),
                ("cost_usd.lambda_duration", 0.000_166_667),
                ("cost_usd.total", 0.000_168_667),
                ("functions.f.cost_usd", 0.000_168_667),
                ("sources.invoke.cost_usd", 0.0),
            ],
        ),
        (
            "F§10.1 which is lower on arm64, and depends on memory",
            "function.f = { duration = '10s', timeout = '10s', init_duration = '0s', memory_size = 512, architecture = 'arm64' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("cost_usd.lambda_duration", 0.000_066_667)],
        ),
        (
            "F§10.3 provisioned concurrency costs in steps of 5 minutes, and invocations on it less; others do not",
            "duration = '301s'
             function.f = { duration = '1s', init_duration = '0s', memory_size = 1024, provisioned_concurrent_executions = 2, provisioned_allocation = '0s' }
             source.invoke = [{ arrivals = { at = ['0s', '0s', '0s'] } }]",
            "",
            &[],
            &[
                ("cost_usd.provisioned", 0.005_000_04),
                // Two on provisioned concurrency, one on demand.
                ("cost_usd.lambda_duration", 0.000_036_111_1),
                ("cost_usd.lambda_requests", 0.000_000_6),
            ],
        ),
        (
            "F§10.4 so does /tmp above 512 MB, while an invocation runs",
            "function.f = { duration = '10s', timeout = '10s', init_duration = '0s', ephemeral_storage = '1536MB' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("cost_usd.ephemeral_storage", 0.000_000_309)],
        ),
        (
            "F§10.3 the free tier does not cover functions with provisioned concurrency, their requests included",
            "duration = '5m'
             account.free_tier = true
             function.f = { duration = '1s', init_duration = '0s', memory_size = 1024 }
             function.g = { duration = '1s', init_duration = '0s', memory_size = 1024, provisioned_concurrent_executions = 1, provisioned_allocation = '0s' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { at = ['0s'] } },
                 { name = 'b', target = 'g', arrivals = { at = ['0s'] } },
             ]",
            "",
            &[],
            &[
                ("cost_usd.lambda_requests", 0.000_000_2),
                ("cost_usd.lambda_duration", 0.000_009_722_2),
                ("cost_usd.provisioned", 0.001_250_01),
            ],
        ),
        (
            "§4 a month is 730 hours of the window",
            "duration = '2h'
             warm_up = '1h'
             function.f = { duration = '1s', init_duration = '0s', memory_size = 1024 }
             source.invoke = [{ arrivals = { at = ['0s', '90m'] } }]",
            "",
            &[],
            &[("cost_usd.total", 0.000_016_866_7), ("cost_usd.per_month", 0.012_312_691)],
        ),
        (
            "F§10.7 an asynchronous event above 256 KB is charged one more request for each 64 KB",
            "function.f = { duration = '0s', init_duration = '0s' }
             source.invoke = [{ invocation_type = 'Event', payload_size = '400KiB', arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("cost_usd.lambda_requests", 0.000_000_8)],
        ),
        (
            "§4 and of no window there is none",
            "function.f = { duration = '1s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("cost_usd.per_month", NULL)],
        ),
    ]);
}

/// AWS Lambda pricing, text before December 2020, the example of three functions.
#[test]
fn a_month_before_december_2020() {
    let function = |requests: f64, secs: f64, memory: f64| Usage {
        requests,
        gb_seconds: requests * secs * memory / 1024.0,
        ..Usage::default()
    };
    let functions = [function(25e6, 0.2, 128.0), function(5e6, 0.5, 448.0), function(2.5e6, 1.0, 1024.0)];
    let bill = Bill::of(&functions, 0.0, Profile::Year2018, true);
    let cents = |usd: f64| (usd * 100.0).round() / 100.0;
    assert_eq!([bill.duration, bill.requests, bill.total()].map(cents), [63.66, 6.30, 69.96]);
}

#[test]
fn provisioned_concurrency() {
    hold(&[
        (
            "F§10.3 in steps of 5 minutes until the end of the run",
            "function.f = { duration = '14m', timeout = '15m', memory_size = 1024, init_duration = '0s',
                 provisioned_concurrent_executions = 100, provisioned_allocation = '0s' }
             source.invoke = [{ arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("ended_at_s", 840.0), ("cost_usd.provisioned", 100.0 * 900.0 * 0.000_004_166_7)],
        ),
        (
            "F§10.3 what spills over is not free either",
            "duration = '5m'
             account.free_tier = true
             function.f = { duration = '1s', memory_size = 1024, init_duration = '0s',
                 provisioned_concurrent_executions = 1, provisioned_allocation = '0s' }
             source.invoke = [{ arrivals = { at = ['1s', '1s'] } }]",
            "",
            &[],
            &[
                ("functions.f.spillover_invocations", 1.0),
                ("cost_usd.lambda_requests", 0.000_000_4),
                ("cost_usd.lambda_duration", 0.000_009_722_2 + 0.000_016_666_7),
            ],
        ),
    ]);
}

#[test]
fn charges_of_sources() {
    hold(&[
        (
            "F§10.8 a shard by the hour, and a unit for each 25 KB",
            "duration = '1h'
             function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ payload_size = '26KiB', arrivals = { every = '6m' } }]",
            "",
            &[],
            // Nine events; the tenth would come at the end.
            &[("sources.kinesis.events", 9.0), ("sources.kinesis.cost_usd", 0.015_000_252)],
        ),
        (
            "F§10.10 to 10.13 publications and custom events by 64 KB, requests to a REST API; other sources charge nothing",
            "duration = '1h'
             function.f = { duration = '1s', init_duration = '0s' }
             source.api_gateway = [{ arrivals = { at = ['0s', '1s'] } }]
             source.sns = [{ payload_size = '65KiB', arrivals = { at = ['0s'] } }]
             source.s3 = [{ arrivals = { at = ['0s'] } }]
             source.dynamodb = [{ arrivals = { at = ['0s'] } }]
             source.cloudwatch_events = [
                 { name = 'pattern', arrivals = { at = ['0s'] } },
                 { name = 'schedule', schedule = 'rate(5 minutes)' },
             ]",
            "",
            &[],
            &[
                ("sources.api_gateway.cost_usd", 0.000_007),
                ("sources.sns.cost_usd", 0.000_001),
                ("sources.s3.cost_usd", 0.0),
                ("sources.dynamodb.cost_usd", 0.0),
                ("sources.pattern.cost_usd", 0.000_001),
                ("sources.schedule.cost_usd", 0.0),
                ("cost_usd.sources", 0.000_009),
            ],
        ),
    ]);
    hold(&[
        (
            "F§10.11 a REST API's requests are charged, its clients' retries with them",
            "function.f = { duration = '1ms', init_duration = '0s', error_rate = 1.0 }
             source.api_gateway = [{ client_retry = { attempts = 5 }, arrivals = { at = ['0s', '10s'] } }]",
            "",
            &[],
            &[("sources.api_gateway.cost_usd", 10.0 * 3.5e-6)],
        ),
        (
            "F§10.11 but not what its own limit refuses",
            "duration = '1s'
             function.f = { duration = '1ms', init_duration = '0s' }
             source.api_gateway = [{ throttle = { rate = 1.0, burst = 3.0 }, arrivals = { at = ['0s', '0s', '0s', '0s', '0s'] } }]",
            "",
            &[],
            &[("sources.api_gateway.rejected", 2.0), ("sources.api_gateway.cost_usd", 3.0 * 3.5e-6)],
        ),
        (
            "F§10.7 what Lambda does not take it does not charge for, however large",
            "function.f = { duration = '1ms' }
             source.s3 = [{ payload_size = '4MiB', arrivals = { at = ['0s', '1s'] } }]",
            "",
            &[],
            &[("sources.s3.dropped", 2.0), ("cost_usd.total", 0.0)],
        ),
        (
            "F§10.8 a warm-up leaves out the shards of its time",
            "duration = '1h'
             warm_up = '30m'
             function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ shard_count = 4, reshard = [{ at = '30m', shard_count = 8 }], arrivals = { at = ['1m'] } }]",
            "",
            &[],
            &[("sources.kinesis.cost_usd", 8.0 * 0.5 * 0.015)],
        ),
        (
            "F§10.8 a record that its producer could not write is no unit",
            "duration = '1h'
             function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ write_retry = { attempts = 1 }, arrivals = { bursts = { size = 1500, every = '2h' } } }]",
            "",
            &[],
            &[("sources.kinesis.dropped", 500.0), ("sources.kinesis.cost_usd", 0.015 + 1000.0 * 0.014e-6)],
        ),
        (
            "§3 a backlog was written before the run",
            "duration = '1h'
             function.f = { duration = '1s', init_duration = '0s' }
             source.kinesis = [{ backlog = { events = 50, age = '1m' }, arrivals = { at = ['0s'] } }]",
            "",
            &[],
            &[("sources.kinesis.events", 51.0), ("sources.kinesis.cost_usd", 0.015 + 0.014e-6)],
        ),
        (
            "F§10.14 units of Kafka's pollers while they are there: one for a minute, then two",
            "duration = '10m'
             drain = '1s'
             function.f = { duration = '10s', timeout = '1m' }
             source.msk = [{ backlog = { events = 100000, age = '1m' }, partitions = 20, batch_size = 1,
                 provisioned_pollers = { minimum = 1, maximum = 20 }, consumer_scaling = { factor = 20.0 } }]",
            "",
            &[],
            &[("sources.msk.cost_usd", (601.0 + 541.0) / 3600.0 * 0.185)],
        ),
    ]);
    // F§10.9: one request for each 64 KB sent, those of the pollers, and five long polls every 20 s.
    let usage = SourceUsage {
        kind: "sqs",
        charged: &Charged::Events,
        events: 1e6,
        payload_bytes: 65 * 1024,
        readable: 0.0,
        hours: 2.0,
        requests: 500_000.0,
        unit_hours: 0.0,
    };
    let close = |got: f64, want: f64, what: &str| assert!((got - want).abs() < 1e-9, "{what}: {got} for {want}");
    close(source_charges(&usage), (2e6 + 500_000.0 + 5.0 * 360.0) * 0.40e-6, "standard queue");
    let fifo = SourceUsage { charged: &Charged::FifoQueue, ..usage };
    close(source_charges(&fifo), (2e6 + 500_000.0 + 5.0 * 360.0) * 0.50e-6, "FIFO queue");
    let pollers = SourceUsage { kind: "msk", charged: &Charged::KafkaPollers { least_units: 2 }, ..usage };
    close(source_charges(&pollers), 2.0 * 2.0 * 0.185, "two poller units for 2 h");
}

/// F§10.8: what differs between streams; 1 million records of 2 KB within 2 h, of two shards in the first hour and four after it.
#[test]
fn charges_of_streams() {
    let shards = vec![(SimDuration::ZERO, 2), (SimDuration::from_secs(3600), 4)];
    let stream = |owned, on_demand, enhanced_fan_out, extended_retention| Charged::Stream {
        owned,
        shards: shards.clone(),
        on_demand,
        enhanced_fan_out,
        extended_retention,
    };
    for (charged, want, what) in [
        (stream(true, false, false, false), 6.0 * 0.015 + 0.014, "provisioned"),
        (stream(true, false, false, true), 6.0 * 0.035 + 0.014, "kept for longer"),
        (stream(true, false, true, false), 6.0 * 0.030 + 0.014 + 2.0 * 0.013, "enhanced fan-out"),
        (stream(false, false, true, false), 6.0 * 0.015 + 2.0 * 0.013, "a second consumer pays for itself alone"),
        (stream(false, false, false, false), 0.0, "a second consumer that polls"),
        (stream(true, true, false, false), 2.0 * 0.04 + 2.048 * 0.08 + 2.0 * 0.04, "on demand"),
    ] {
        let got = source_charges(&SourceUsage {
            kind: "kinesis",
            charged: &charged,
            events: 1e6,
            payload_bytes: 2000,
            readable: 1e6,
            hours: 2.0,
            requests: 0.0,
            unit_hours: 0.0,
        });
        assert!((got - want).abs() < 1e-9, "{what}: {got} for {want}");
    }
}
