//! Concurrency, rates of scaling and of requests, and the reasons of a 429.

use pushpull::engine::{Fact, Reason};

use crate::support::{summary, watch};

use super::hold;

#[test]
fn concurrency_and_rates() {
    hold(&[
        (
            "F§2.14 an account has 1,000 where it does not say",
            "duration = '1s'
             function.f = { duration = '2s', scaling_rate = 'unlimited' }
             source.invoke = [{ arrivals = { bursts = { size = 1010, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.throttles", 10.0), ("account.concurrent_executions.max", 1_000.0)],
        ),
        (
            "F§2.14 which functions without a reserve share",
            "duration = '1s'
             account.concurrent_executions = 20
             function.f = { duration = '2s' }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { bursts = { size = 15, every = '1m' } } },
                 { name = 'b', target = 'g', arrivals = { bursts = { size = 15, every = '1m' } } },
             ]",
            "",
            &[],
            &[("functions.f.throttles", 0.0), ("functions.g.throttles", 10.0), ("account.concurrent_executions.max", 20.0)],
        ),
        (
            "F§2.15 1,000 new environments at once, then 100 a second",
            "duration = '3s'
             account.concurrent_executions = 'unlimited'
             function.f = { duration = '1m', timeout = '1m' }
             source.invoke = [{ arrivals = { bursts = { size = 2000, every = '1s' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 1_200.0), ("functions.f.throttles", 4_800.0)],
        ),
        (
            "F§2.15 for each function of its own",
            "duration = '1s'
             account.concurrent_executions = 'unlimited'
             function.f = { duration = '2s' }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { bursts = { size = 1500, every = '1m' } } },
                 { name = 'b', target = 'g', arrivals = { bursts = { size = 1500, every = '1m' } } },
             ]",
            "",
            &[],
            &[("functions.f.invocations", 1_000.0), ("functions.g.invocations", 1_000.0)],
        ),
        (
            "F§2.15 before November 2023 the functions of a Region shared one burst of 3,000, then 500 a minute",
            "profile = '2018'
             duration = '61s'
             account.concurrent_executions = 'unlimited'
             function.f = { duration = '5m', timeout = '5m' }
             function.g = { duration = '5m', timeout = '5m' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { bursts = { size = 2000, every = '1m' } } },
                 { name = 'b', target = 'g', arrivals = { bursts = { size = 2000, every = '1m' } } },
             ]",
            "",
            &[],
            &[
                ("functions.f.invocations", 2_500.0),
                ("functions.g.invocations", 1_000.0),
                ("account.concurrent_executions.max", 3_500.0),
            ],
        ),
        (
            "F§2.15 or as many as the Region gives",
            "profile = '2020-12'
             duration = '1s'
             account = { concurrent_executions = 'unlimited', burst_concurrency = 500 }
             function.f = { duration = '2s' }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { bursts = { size = 400, every = '1m' } } },
                 { name = 'b', target = 'g', arrivals = { bursts = { size = 400, every = '1m' } } },
             ]",
            "",
            &[],
            &[("functions.f.invocations", 400.0), ("functions.g.invocations", 100.0)],
        ),
        (
            "F§2.15 since then each function has its own, whatever the Region's burst was",
            "profile = '2023-11'
             duration = '1s'
             account = { concurrent_executions = 'unlimited', burst_concurrency = 500 }
             function.f = { duration = '2s' }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'a', target = 'f', arrivals = { bursts = { size = 1100, every = '1m' } } },
                 { name = 'b', target = 'g', arrivals = { bursts = { size = 1100, every = '1m' } } },
             ]",
            "",
            &[],
            &[("functions.f.invocations", 1_000.0), ("functions.g.invocations", 1_000.0)],
        ),
        (
            "F§2.18 provisioned concurrency is taken from what other functions share, ready or not, and takes no more of it",
            "duration = '1s'
             account.concurrent_executions = 150
             function.f = { duration = '2s', provisioned_concurrent_executions = 50, provisioned_allocation = '0s' }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'a', target = 'g', arrivals = { bursts = { size = 90, every = '1m' } } },
                 { name = 'b', target = 'f', arrivals = { bursts = { size = 70, every = '1m' } } },
             ]",
            "",
            &[],
            &[
                ("functions.g.throttles", 0.0),
                ("functions.f.provisioned_invocations", 50.0),
                ("functions.f.spillover_invocations", 10.0),
                ("functions.f.throttles", 10.0),
            ],
        ),
        (
            "F§2.18 a reserve holds for provisioned and other concurrency together",
            "duration = '1s'
             function.f = { duration = '2s', reserved_concurrent_executions = 8, provisioned_concurrent_executions = 5, provisioned_allocation = '0s' }
             source.invoke = [{ arrivals = { bursts = { size = 12, every = '1m' } } }]",
            "",
            &[],
            &[
                ("functions.f.provisioned_invocations", 5.0),
                ("functions.f.spillover_invocations", 3.0),
                ("functions.f.throttles", 4.0),
            ],
        ),
        (
            "F§2.15 an idle environment is no new one",
            "function.f = { duration = '1s', init_duration = '0s', scaling_rate = 1 }
             source.invoke = [{ arrivals = { at = ['0s', '500ms', '2s', '2.5s', '10s', '10.5s'] } }]",
            "started throttled",
            &[
                "0 started 0 on f/0",
                "0.5 throttled 1",
                "2 started 2 on f/0",
                "2.5 throttled 3",
                "10 started 4 on f/0",
                "10.5 started 5 on f/1",
            ],
            &[],
        ),
        (
            "F§2.16 an account takes ten synchronous requests a second for each unit of concurrency",
            "duration = '600ms'
             account.concurrent_executions = 10
             function.f = { duration = '0s', init_duration = '0s' }
             source.invoke = [{ arrivals = { bursts = { size = 150, every = '500ms' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 150.0), ("functions.f.throttles", 150.0)],
        ),
        (
            "F§2.16 a function ten for each unit of its reserve",
            "duration = '600ms'
             function.f = { duration = '0s', init_duration = '0s', reserved_concurrent_executions = 5 }
             source.invoke = [{ arrivals = { bursts = { size = 80, every = '500ms' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 75.0), ("functions.f.throttles", 85.0)],
        ),
        (
            "F§2.16 asynchronous invocations have no such quota, by account",
            "duration = '1s'
             account.concurrent_executions = 10
             function.f = { duration = '0s', init_duration = '0s', event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { bursts = { size = 500, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 500.0), ("functions.f.throttles", 0.0)],
        ),
        (
            "F§2.16 nor by function",
            "duration = '1s'
             function.f = { duration = '0s', init_duration = '0s', reserved_concurrent_executions = 5, event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [{ invocation_type = 'Event', arrivals = { bursts = { size = 500, every = '1m' } } }]",
            "",
            &[],
            &[("functions.f.invocations", 500.0), ("functions.f.throttles", 0.0)],
        ),
        (
            "F§2.16 a stream's calls are synchronous and count",
            "duration = '1s'
             account.concurrent_executions = 10
             function.f = { duration = '0s', init_duration = '0s' }
             source.kinesis = [{ batch_size = 1, propagation = '0s', polling_phase = '0s', backlog = { events = 110 } }]",
            "",
            &[],
            // 100 at once, then as the bucket fills up; a throttled batch waits 0.25 s.
            &[("functions.f.throttles", 1.0), ("functions.f.invocations", 110.0)],
        ),
        (
            "F§2.17 a reserve is a ceiling, and a floor that others cannot take",
            "duration = '1s'
             account.concurrent_executions = 110
             function.f = { duration = '2s', reserved_concurrent_executions = 10 }
             function.g = { duration = '2s' }
             source.invoke = [
                 { name = 'others', target = 'g', arrivals = { bursts = { size = 200, every = '1m' } } },
                 { name = 'own', target = 'f', arrivals = { bursts = { size = 20, every = '1m' } } },
             ]",
            "",
            &[],
            &[
                ("functions.g.concurrent_executions.max", 100.0),
                ("functions.f.concurrent_executions.max", 10.0),
                ("functions.f.throttles", 10.0),
            ],
        ),
        (
            "F§2.17 a reserve of 0 stops the function",
            "function.f = { duration = '1s', reserved_concurrent_executions = 0 }
             source.invoke = [{ arrivals = { at = ['0s', '1h'] } }]",
            "started throttled",
            &["0 throttled 0", "3600 throttled 1"],
            &[],
        ),
        (
            "F§2.21 asynchronous events wait where synchronous calls are refused",
            "function.f = { duration = '1500ms', init_duration = '0s', reserved_concurrent_executions = 1, event_invoke_config = { queue_delay = '0s' } }
             source.invoke = [
                 { name = 'a', arrivals = { at = ['0s', '1s'] } },
                 { name = 'b', invocation_type = 'Event', arrivals = { at = ['1s'] } },
             ]",
            "started throttled rejected processed",
            &[
                "0 started a:0 on f/0",
                "1 throttled a:1",
                "1 rejected a:1",
                "1 throttled b:0",
                "1.5 processed a:0",
                "2 started b:0 try 2 on f/0",
                "3.5 processed b:0 try 2 Success x1",
            ],
            &[],
        ),
    ]);
}

#[test]
fn a_call_without_concurrency_takes_no_token() {
    // 150 calls for 10 places at 0 s: 10 tokens of 100 are taken. At 0.1 s the bucket is full again, if the other 140 took none.
    let text = format!(
        "duration = '1s'
         account.concurrent_executions = 10
         function.slow = {{ duration = '100ms', init_duration = '0s' }}
         function.fast = {{ duration = '0s', init_duration = '0s' }}
         source.invoke = [
             {{ name = 'a', target = 'slow', arrivals = {{ bursts = {{ size = 150, every = '1m' }} }} }},
             {{ name = 'b', target = 'fast', arrivals = {{ at = [{}] }} }},
         ]",
        vec!["'100ms'"; 101].join(", ")
    );
    let figures = summary(&text, 1);
    assert_eq!(figures.get("functions.slow.invocations"), 10.0);
    assert_eq!(
        figures.get("functions.fast.invocations"),
        100.0,
        "§3 a rate quota takes a token only from calls that pass"
    );
}

#[test]
fn reasons_of_429() {
    // F§1.8: which limit answers is named.
    let rows: &[(&str, &str, Reason)] = &[
        ("account.concurrent_executions = 1", "", Reason::ConcurrentInvocationLimitExceeded),
        ("", ", reserved_concurrent_executions = 1", Reason::ReservedFunctionConcurrentInvocationLimitExceeded),
        ("", ", reserved_concurrent_executions = 0", Reason::ReservedFunctionConcurrentInvocationLimitExceeded),
        ("", ", scaling_rate = 1", Reason::FunctionInvocationRateLimitExceeded),
    ];
    let reasons = |text: &str| {
        let mut reasons = Vec::new();
        watch(text, 1, |_, fact| {
            if let Fact::Throttled(_, reason) = fact {
                reasons.push(*reason);
            }
        });
        reasons
    };
    for (top, function, want) in rows {
        let text = format!(
            "{top}\nfunction.f = {{ duration = '1s'{function} }}\nsource.invoke = [{{ arrivals = {{ at = ['0s', '0s'] }} }}]"
        );
        assert_eq!(reasons(&text).last(), Some(want), "{text}");
    }
    // Ten requests a second for each unit; instant calls never meet the concurrency limit itself.
    for (top, function, want) in [
        ("account.concurrent_executions = 1", "", Reason::FunctionInvocationRateLimitExceeded),
        ("", ", reserved_concurrent_executions = 1", Reason::ReservedFunctionInvocationRateLimitExceeded),
    ] {
        let text = format!(
            "duration = '1s'\n{top}\nfunction.f = {{ duration = '0s', init_duration = '0s'{function} }}
             source.invoke = [{{ arrivals = {{ bursts = {{ size = 11, every = '1m' }} }} }}]"
        );
        assert_eq!(reasons(&text), [want], "{text}");
    }
}
