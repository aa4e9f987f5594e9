//! Records that are written in one loop, and counted as they lie in a lane, come to what they come to one by one.
//!
//! Where somebody reads every fact, each record is told by itself; where nobody does, few are. Each scenario is run both ways, and must
//! give the same figures.

use pushpull::inputs::MemoryInputs;

use crate::invariants;

const POISSON: &str = "arrivals = { poisson = { rate = 200 } }\n";
const BURSTS: &str = "arrivals = { bursts = { size = 90, every = \"700ms\" } }\n";
const HOT: &str = "partition_keys = { count = 20, zipf = 1.2 }\n";

#[test]
fn they_come_to_what_they_come_to_one_by_one() {
    let stream = |keys: &str| format!("[[source.kinesis]]\nname = \"s\"\n{keys}\n");
    let shards = |keys: &str| stream(&format!("shard_count = 3\nparallelization_factor = 2\n{keys}"));
    let quick = "duration = { exponential = { mean = \"50ms\" } }";
    let rows = [
        ("one shard", "", quick, stream(POISSON)),
        ("shards and lanes", "", quick, shards(POISSON)),
        ("more records at one instant than are known ahead", "", quick, shards(BURSTS)),
        ("a few keys", "", quick, shards(&format!("{HOT}{POISSON}"))),
        (
            "batches that are longer than what is counted together",
            "",
            quick,
            stream(&format!("batch_size = 900\nmaximum_batching_window = \"9s\"\n{POISSON}")),
        ),
        ("writes that are refused", "", quick, shards("arrivals = { bursts = { size = 5000, every = \"9s\" } }\n")),
        (
            "writes that are given up",
            "",
            quick,
            shards(&format!("write_retry = {{ attempts = 2 }}\n{HOT}arrivals = {{ poisson = {{ rate = 2500 }} }}\n")),
        ),
        (
            "a backlog",
            "",
            quick,
            shards(&format!(
                "backlog = {{ events = 777, age = \"1h\" }}\nstarting_position = \"TRIM_HORIZON\"\n{POISSON}"
            )),
        ),
        ("a filter", "", quick, shards(&format!("filter_pass_rate = 0.7\n{POISSON}"))),
        (
            "records that take their own time",
            "",
            quick,
            shards(&format!("propagation = {{ exponential = {{ mean = \"200ms\" }} }}\n{POISSON}")),
        ),
        ("records that are readable at once", "", quick, shards(&format!("propagation = \"0s\"\n{POISSON}"))),
        (
            "a reshard",
            "",
            quick,
            shards(&format!(
                "reshard = [{{ at = \"20s\", shard_count = 5 }}, {{ at = \"30s\", shard_count = 3 }}]\n{POISSON}"
            )),
        ),
        (
            "an on-demand stream",
            "",
            quick,
            stream(
                "on_demand = true\non_demand_growth = { period = \"1m\" }\narrivals = { poisson = { rate = 2500 } }\n",
            ),
        ),
        ("enhanced fan-out", "", quick, shards(&format!("enhanced_fan_out = true\n{POISSON}"))),
        ("a batching window", "", quick, shards(&format!("maximum_batching_window = \"3s\"\n{POISSON}"))),
        ("tumbling windows", "", quick, shards(&format!("tumbling_window = \"7s\"\n{POISSON}"))),
        ("a warm-up between the records of a batch", "warm_up = \"31s\"", "duration = \"900ms\"", shards(POISSON)),
        (
            "errors, halves and discards",
            "",
            "duration = \"90ms\"\nerror_rate = 0.3",
            shards(&format!("maximum_retry_attempts = 1\nbisect_batch_on_function_error = true\n{POISSON}")),
        ),
        (
            "poisoned records",
            "",
            quick,
            shards(&format!(
                "poison = [{{ event = 500, times = 2 }}]\nfunction_response_types = [\"ReportBatchItemFailures\"]\n{POISSON}"
            )),
        ),
        (
            "records that are too old",
            "",
            "duration = \"4s\"",
            stream(&format!("maximum_record_age = \"60s\"\n{POISSON}")),
        ),
        ("records that come twice", "", quick, shards(&format!("duplicate_rate = 0.01\n{POISSON}"))),
        (
            "a trace that brings handler times",
            "",
            quick,
            shards("arrivals = { trace = { file = \"t.csv\", column = \"at\", duration_column = \"time\" } }\n"),
        ),
        (
            "two mappings on one stream",
            "",
            quick,
            format!("{}[[source.kinesis]]\nname = \"t\"\nstream = \"s\"\n", shards(POISSON)),
        ),
    ];
    let trace: String = (0..500).map(|row| format!("{}.{},0.{}\n", row / 9, row % 9, row % 10)).collect();
    let inputs = MemoryInputs::new().with("t.csv", &format!("at,time\n{trace}"));
    for (what, top, function, sources) in rows {
        let text = format!("duration = \"65s\"\n{top}\n[function.f]\ntimeout = \"10s\"\n{function}\n{sources}\n");
        for seed in 0..2 {
            invariants::assert_holds(what, &text, seed, &inputs);
        }
    }
}
