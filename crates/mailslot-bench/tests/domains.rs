//! Runs the measures of modern domains once with small counts, to keep them working. Does not test speed.
#![cfg(feature = "domains")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn messages_reach_all_receivers_whatever_carries_them() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("domains");
    let run = Command::new(env!("CARGO_BIN_EXE_mailslot-bench"))
        .args(["--quick", "--only", "domain", "--out"])
        .arg(&out)
        .output()
        .expect("the benchmark starts");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    let read = |name: &str| -> Value {
        let bytes = std::fs::read(out.join(format!("{name}.json"))).expect("there are results");
        serde_json::from_slice(&bytes).expect("results are JSON")
    };
    for (name, peers) in [("domain_throughput", 8), ("domain_latency", 8), ("domain_fan_out", 3)] {
        let results = &read(name)["results"];
        assert_eq!(results["skipped"], serde_json::json!([]), "{name}");
        let series = results["curve"]["series"].as_array().expect("a list");
        assert_eq!(series.len(), peers, "{name}: {series:?}");
        for point in results["points"].as_array().expect("a list") {
            assert!(point["value"].as_f64().is_some_and(|value| value > 0.0), "{name}: {point}");
        }
    }
    let presences = &read("domain_presences")["results"][0];
    assert!(presences["seconds_until_known"].as_f64().is_some_and(|seconds| seconds > 0.0), "{presences}");
}
