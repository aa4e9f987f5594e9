//! Cases about provisioned concurrency and the older Region-wide burst.

use pushpull::engine::{Concurrency, Fact};

use crate::support::{Figures, summary, watch};

use super::{Case, number_after, scenario};

/// Numbers of a list.
fn numbers(list: &serde_json::Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn get(figures: &Figures, figure: &str) -> f64 {
    figures.get(&format!("functions.f.{figure}"))
}

pub(super) fn spillover(case: &Case) {
    assert!(case.0["tolerance"].as_str().unwrap().starts_with("+-5 %"));
    let cases = case.0["inputs"]["cases"].as_array().unwrap();
    let want = case.0["expected"]["spill"].as_array().unwrap();
    for (load, want) in cases.iter().zip(want) {
        let (rate, length) = (load["rate_per_s"].as_f64().unwrap(), load["duration_s"].as_f64().unwrap());
        let seconds = 100.0;
        let figures = summary(
            &scenario(
                // The bucket of requests holds a second's worth at the start.
                &format!("duration = '{}s'\nwarm_up = '20s'", 20.0 + seconds),
                &format!(
                    "duration = '{length}s'\ninit_duration = '0s'\nprovisioned_allocation = '0s'\n\
                     provisioned_concurrent_executions = {}",
                    case.input("provisioned")
                ),
                "invoke",
                &format!("arrivals = {{ constant = {{ rate = {rate} }} }}"),
            ),
            1,
        );
        assert_eq!(get(&figures, "throttles"), 0.0);
        let per_second = get(&figures, "spillover_invocations") / seconds;
        let text = want.as_str().unwrap();
        let want = number_after(text, "").unwrap();
        let got = if text.contains("/s on demand") { per_second } else { per_second * length };
        assert!((got / want - 1.0).abs() <= 0.05, "{}: {got} for {text}", case.id());
    }
}

pub(super) fn provisioned_steps(case: &Case) {
    case.is_exact();
    assert_eq!(numbers(&case.0["inputs"]["others"]), [0.0; 4]);
    // Each step is so many calls at once, over before the next.
    let steps = numbers(&case.0["inputs"]["orange_concurrency_steps"]);
    let run = |steps: &[f64]| {
        let at = steps.iter().enumerate();
        let times: Vec<String> = at.flat_map(|(step, calls)| vec![format!("'{step}m'"); *calls as usize]).collect();
        scenario(
            &format!("[account]\nconcurrent_executions = {}", case.input("account")),
            &format!(
                "duration = '30s'\nkeep_alive = '10s'\nprovisioned_allocation = '0s'\n\
                 provisioned_concurrent_executions = {}",
                case.0["inputs"]["provisioned"]["orange"]
            ),
            "invoke",
            &format!("arrivals = {{ at = [{}] }}", times.join(", ")),
        )
    };
    let (mut on_demand, mut cold_starts, mut throttled) = ([0.0; 4], [0.0; 4], [0.0; 4]);
    watch(&run(&steps), 1, |at, fact| {
        let step = (at.as_secs_f64() / 60.0) as usize;
        match fact {
            Fact::Started { cold, concurrency, .. } => {
                on_demand[step] += f64::from(u8::from(*concurrency != Concurrency::Provisioned));
                cold_starts[step] += f64::from(u8::from(*cold));
            }
            Fact::Throttled(..) => throttled[step] += 1.0,
            _ => {}
        }
    });
    for (key, got) in [("on_demand", on_demand), ("cold_starts", cold_starts), ("throttled", throttled)] {
        assert_eq!(got.to_vec(), numbers(&case.0["expected"][key]), "{}: {key}", case.id());
    }
    let limit = case.expected("limit_for_all");
    let all = summary(&run(&[limit + 7.0]), 1);
    assert_eq!((get(&all, "concurrent_executions.max"), get(&all, "throttles")), (limit, 7.0), "{}", case.id());
}

pub(super) fn allocation(case: &Case) {
    assert_eq!(case.0["tolerance"], "usable at 60..180 s, none before");
    let request = case.input("request");
    let mut first = None;
    let mut before = 0.0;
    let text = scenario(
        &format!("duration = '5m'\n[account]\nconcurrent_executions = {}", request + 1_000.0),
        &format!("duration = '0s'\nprovisioned_concurrent_executions = {request}"),
        "invoke",
        "arrivals = { every = '100ms' }",
    );
    let mut ready = None;
    watch(&text, 1, |at, fact| match fact {
        Fact::Provisioned { environments, .. } => {
            assert_eq!(*environments as f64, request);
            ready = Some(at.as_secs_f64());
        }
        Fact::Started { concurrency: Concurrency::Provisioned, .. } => {
            before += f64::from(u8::from(ready.is_none()));
            first.get_or_insert(at.as_secs_f64());
        }
        _ => {}
    });
    assert_eq!(before, case.expected("usable_before_complete"), "{}", case.id());
    let (ready, first) = (ready.unwrap(), first.unwrap());
    assert!((60.0..=180.0).contains(&first) && first >= ready, "{}: ready {ready}, first {first}", case.id());
    // One minute of preparation, and the documented rate.
    assert_eq!(case.expected_text("preparation"), "1-2 min");
    assert!((ready - 60.0 - request / case.expected("rate_per_min") * 60.0).abs() < 1e-9, "{}: {ready}", case.id());
}

/// So many calls at the start of each minute, under the rules of 2018, with 10,000 for the account.
fn minutes(calls: &[f64], function: &str) -> (Figures, Vec<f64>, Vec<f64>) {
    let at = calls.iter().enumerate();
    let times: Vec<String> = at.flat_map(|(minute, calls)| vec![format!("'{minute}m'"); *calls as usize]).collect();
    let text = format!(
        "profile = '2018'\n{}",
        scenario(
            "[account]\nconcurrent_executions = 10000",
            &format!("duration = '1s'\n{function}"),
            "invoke",
            &format!("arrivals = {{ at = [{}] }}", times.join(", ")),
        )
    );
    let (mut accepted, mut throttled) = (vec![0.0; calls.len()], vec![0.0; calls.len()]);
    watch(&text, 1, |at, fact| {
        let minute = (at.as_secs_f64() / 60.0) as usize;
        match fact {
            Fact::Started { .. } => accepted[minute] += 1.0,
            Fact::Throttled(..) => throttled[minute] += 1.0,
            _ => {}
        }
    });
    (summary(&text, 1), accepted, throttled)
}

pub(super) fn region_burst(case: &Case) {
    case.is_exact();
    let (_, accepted, throttled) = minutes(&numbers(&case.0["inputs"]["minutes"]), "");
    assert_eq!(accepted, numbers(&case.0["expected"]["accepted"]), "{}: accepted", case.id());
    assert_eq!(throttled, numbers(&case.0["expected"]["throttled"]), "{}: throttled", case.id());
}

pub(super) fn provisioned_burst(case: &Case) {
    case.is_exact();
    let function =
        format!("provisioned_allocation = '0s'\nprovisioned_concurrent_executions = {}", case.input("provisioned"));
    for (place, calls) in case.0["inputs"]["minutes_cases"].as_array().unwrap().iter().enumerate() {
        let calls = numbers(calls);
        let (figures, ..) = minutes(&calls, &function);
        let got = ["provisioned_invocations", "cold_starts", "throttles"].map(|figure| get(&figures, figure));
        let expected = &case.0["expected"];
        let number = |key: &str, of: &str| expected[key][of].as_f64().unwrap();
        let want = if place == 0 {
            ["provisioned", "on_demand_cold", "throttled"].map(|of| number("case1", of))
        } else {
            assert_eq!(expected["cases2_4"]["provisioned"], "all");
            [calls.iter().sum(), number("cases2_4", "cold"), number("cases2_4", "throttled")]
        };
        assert_eq!(got, want, "{}: {calls:?}", case.id());
    }
}

pub(super) fn provisioned_first(case: &Case) {
    case.is_exact();
    assert_eq!(case.0["inputs"]["steps"], "call; then 6-s call and, 2 s later, another call");
    let text = scenario(
        "",
        &format!(
            "duration = '6s'\nprovisioned_allocation = '0s'\nprovisioned_concurrent_executions = {}",
            case.input("provisioned_concurrency")
        ),
        "invoke",
        "arrivals = { at = ['0s', '10s', '12s'] }",
    );
    let mut types = Vec::new();
    watch(&text, 1, |_, fact| {
        if let Fact::Started { concurrency, .. } = fact {
            types.push(match concurrency {
                Concurrency::Provisioned => "provisioned-concurrency",
                Concurrency::OnDemand | Concurrency::Spillover => "on-demand",
            });
        }
    });
    let want: Vec<&str> =
        case.0["expected"]["init_types"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(types, want, "{}", case.id());
}
