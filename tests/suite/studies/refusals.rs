//! Bad input to studies is refused with one clear message before anything runs or is written.

use super::loss_system;
use crate::sandbox::Sandbox;

#[test]
fn each_is_told_what_is_wrong() {
    let sandbox = Sandbox::new().with("loss.toml", &loss_system("30s", 30.0, 6));
    // What is typed, and what the message says.
    #[rustfmt::skip] // one row per rule
    let rows = [
        ("run loss.toml --replications 0", "expected a whole number from 1 to 1000000"),
        ("run loss.toml --replications two", "expected a whole number from 1 to 1000000"),
        ("run loss.toml --threads 0", "expected a whole number from 1 to 4096"),
        ("run loss.toml --seed 1.5", "expected a whole number from 0 to 18446744073709551615"),
        ("run loss.toml --seed 18446744073709551616", "expected a whole number from 0 to 18446744073709551615"),
        ("run loss.toml --max-replications 1 --precision x=1%", "expected a whole number from 2 to 1000000"),
        ("run - -", "standard input can be read once"),
        ("check - loss.toml -", "standard input can be read once"),
        ("run loss.toml --level 1", "above 0 and below 1"),
        ("run loss.toml --level 0%", "above 0 and below 1"),
        ("run loss.toml --precision sources.invoke.latency_ms.p9=1%", "did you mean `sources.invoke.latency_ms.p90`"),
        ("run loss.toml --precision sources.invoke.latency_ms.p99=0%", "above 0%"),
        ("run loss.toml --precision sources.invoke.latency_ms.p99", "expected METRIC=SHARE"),
        ("run loss.toml --precision sources.invoke.latency_ms.p99=1% --replications 20 --max-replications 10", "more than --max-replications"),
        ("run loss.toml --replications 5 --max-replications 10", "--precision"),
        ("run loss.toml --set warm_up=sometimes", "allowed: \"auto\" or a duration"),
        ("compare loss.toml", "both sides are loss.toml"),
        ("compare loss.toml none.toml", "no such file"),
        ("compare loss.toml --set-b function.f.time_out=3s", "did you mean `timeout`"),
        ("compare loss.toml --set-b function.f.timeout=5", "--set-b:1:20"),
        ("compare loss.toml ./loss.toml --set function.f.timeout=5", "loss.toml: --set:1:20"),
        ("compare - -", "standard input can be read once"),
        ("compare - --set-b function.f.timeout=5s", "standard input can be read once"),
        ("sweep loss.toml", "--vary <PATH=VALUES>"),
        ("sweep loss.toml --vary function.f.timeout", "expected PATH=V1"),
        ("sweep loss.toml --vary function.f.memory_size=512..128", "the range is empty"),
        ("sweep loss.toml --vary function.f.memory_size=128,128", "comes twice"),
        ("sweep loss.toml --vary function.f.memory=128,256", "memory_size"),
        ("sweep loss.toml --vary function.g.memory_size=128,256", "no function is named `g`"),
        ("sweep loss.toml --vary function.f.memory_size=128,64", "128"),
        ("sweep loss.toml --vary function.f.memory_size=128..129,128.0", "the value 128.0 comes twice"),
        ("sweep loss.toml --vary function.f.error_rate=0..3", "--vary:1:23"),
        ("sweep loss.toml --vary source.invoke.payload_size=1KB,2KB --vary source.\"invoke\".payload_size=3KB", "the same key as `source.invoke.payload_size`"),
        ("sweep loss.toml --vary function.f.timeout=1s --vary function.\"f\".timeout=2s", "the same key as `function.f.timeout`"),
        ("sweep loss.toml --vary function.f.timeout=1s,2s --metric functions.f.throttle", "did you mean `functions.f.throttles`"),
        ("sweep loss.toml --vary function.f.timeout=1s,2s --vary function.f.timeout=3s", "varied twice"),
        ("plan loss.toml --require sources.invoke.rejected<1", "--vary"),
        ("plan loss.toml --vary function.f.timeout=1s,2s", "--require"),
        ("plan loss.toml --vary function.f.timeout=1s,2s --require sources.invoke.reject<1", "did you mean `sources.invoke.rejected`"),
        ("plan loss.toml --vary function.f.timeout=1s,2s --require sources.invoke.rejected", "expected METRIC<VALUE"),
        ("plan loss.toml --vary function.f.timeout=1s,2s --require sources.invoke.rejected<few", "expected METRIC<VALUE"),
        ("plan loss.toml --vary function.f.timeout=1s,2s --require sources.invoke.rejected<1 --minimize cost", "no metric `cost`"),
        ("plan loss.toml --vary function.f.timeout=1s,2s --require sources.invoke.rejected<1 --replications 1", "at least 2"),
        ("plan loss.toml --find source.invoke.arrivals.poisson.rate --require sources.invoke.rejected<1", "--max"),
        ("plan loss.toml --find source.invoke.arrivals.constant.rate --max --require sources.invoke.rejected<1", "does not set `constant`"),
        ("plan loss.toml --find source.invoke.arrivals.poison.rate --max --require sources.invoke.rejected<1", "did you mean `poisson`?"),
        ("plan loss.toml --find source.invok.arrivals.poisson.rate --max --require sources.invoke.rejected<1", "did you mean `invoke`?"),
        ("sweep loss.toml --vary seed=1..3", "all points have the same seeds"),
        ("sweep loss.toml --vary \"seed\"=1..3", "all points have the same seeds"),
        ("plan loss.toml --find seed --max --require sources.invoke.rejected<1 --set seed=1", "all values are run with the same seeds"),
        ("plan loss.toml --vary function.f.timeout=1s,2s --max --require sources.invoke.rejected<1", "cannot be used with"),
        ("plan loss.toml --vary function.f.timeout=1s,2s --min --require sources.invoke.rejected<1", "cannot be used with"),
        ("sweep loss.toml --vary function.f.timeout=1s,2s --out loss.toml/below", "loss.toml is a file"),
        ("plan loss.toml --find function.f.duration --max --require sources.invoke.rejected<1", "a number above 0 is needed"),
        ("plan loss.toml --find source.invoke.arrivals.poisson.rate --max --min --require sources.invoke.rejected<1", "cannot be used with"),
        ("plan loss.toml --find source.invoke.arrivals.poisson.rate --max --max-replications 20 --require sources.invoke.rejected<1", "cannot be used with"),
        ("plan loss.toml --find source.invoke.arrivals.poisson.rate --max --tolerance 0 --require sources.invoke.rejected<1", "above 0 and below 1"),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(line, says)| {
            let ended = sandbox.run(line);
            let is_clear = ended.status == 2 && ended.out.is_empty() && ended.err.contains(says);
            (!is_clear || ended.err.contains("panicked")).then(|| format!("{line}: {} {}", ended.status, ended.err))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(sandbox.names(), ["loss.toml"], "nothing was written");
}
