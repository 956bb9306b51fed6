//! Runs everything once with small counts, to keep all scenarios working. Does not test speed.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn every_scenario_runs_and_has_results() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick");
    let run = Command::new(env!("CARGO_BIN_EXE_mailslot-bench")).arg("--quick").arg("--out").arg(&out).output();
    let run = run.expect("the benchmark starts");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));

    let results = std::fs::read(out.join("results.json")).expect("there are results");
    let results: Value = serde_json::from_slice(&results).expect("results are JSON");
    for id in [
        "latency_spinning",
        "latency_asleep",
        "throughput_64",
        "throughput_424",
        "throughput_8_writers",
        "throughput_stranger",
        "open_write_close",
        "idle_memory",
        "idle_descriptors",
        "network_rate",
        "network_flood",
        "network_loss",
        "network_latency",
    ] {
        let measure = find(&results["measures"], id);
        let rows = measure["rows"].as_array().expect("rows are a list");
        let skipped = measure["skipped"].as_array().is_some_and(|reasons| !reasons.is_empty());
        let has_slot = rows.iter().any(|row| row["peer"] == "mailslot");
        let needs_root = id == "throughput_stranger" || id.starts_with("network");
        assert!(has_slot || (needs_root && skipped), "{id} has no mailslot: {measure}");
        for row in rows {
            let column = if id == "network_loss" { &row["columns"]["received"] } else { &row["value"] };
            assert!(column.as_f64().is_some_and(|value| value > 0.0), "{id}: {row}");
        }
    }
    for id in ["size_messages", "size_bytes", "writers", "members_64", "members_1024", "slots", "backlog"] {
        assert!(find(&results["curves"], id).to_string().contains("mailslot"), "{id} has no mailslot");
    }
    for id in ["members_64", "members_1024"] {
        let curve = find(&results["curves"], id);
        for peer in ["mailslot", "iceoryx2", "Unix datagram, in a loop", "ZeroMQ", "NATS", "mosquitto"] {
            assert!(curve["series"].to_string().contains(&format!("{peer:?}")), "{id} has no {peer}: {curve}");
        }
    }
    let simulated = ["network_names_time", "network_names_packets", "network_names_bytes", "network_names_missed"];
    for id in ["size_messages", "size_bytes", "writers", "members_64", "members_1024", "slots", "backlog"]
        .into_iter()
        .chain(simulated)
    {
        let curve = find(&results["curves"], id);
        for series in curve["series"].as_array().expect("series are a list") {
            for point in series["points"].as_array().expect("points are a list") {
                let least = if id == "network_names_missed" { 0.0 } else { f64::MIN_POSITIVE };
                assert!(point[1].as_f64().is_some_and(|y| y >= least), "{id}: {series}");
            }
        }
        assert!(curve["series"].as_array().is_some_and(|series| !series.is_empty()), "{id} is empty");
        assert_is_svg(&out.join(format!("{id}.svg")));
    }
    assert_is_svg(&out.join("summary.svg"));
}

fn find<'a>(list: &'a Value, id: &str) -> &'a Value {
    let found = list.as_array().and_then(|list| list.iter().find(|entry| entry["id"] == id));
    found.unwrap_or_else(|| panic!("no results of {id}"))
}

fn assert_is_svg(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{} is no picture", path.display());
}
