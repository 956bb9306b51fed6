//! `mailslot demo` and `mailslot bench`.

use crate::machine::Machine;

#[test]
fn the_demo_succeeds_and_tells_each_step() {
    let machine = Machine::new();
    let told = machine.run(&["demo"]).text();
    let steps = [
        "Two writers",
        "Every message arrived whole",
        "only 8: the message stays in the slot (Win32 error 122)",
        "gets all 31",
        "timed out (Win32 error 121)",
        "exists already: another process owns it (Win32 error 183)",
        "SIGKILL",
        "its owner is gone (Win32 error 38)",
        "free again",
        "messages of 64 bytes per second",
        "Try it yourself",
        "mailslot listen alerts",
    ];
    for step in steps {
        assert!(told.contains(step), "{step:?} is not in {told}");
    }
    assert!(!told.contains('\u{1b}'), "colours in a pipe");
    assert_eq!(machine.run(&["list", "--json"]).text(), "", "the demo has left something behind");
}

#[test]
fn the_demo_fails_where_slots_cannot_be() {
    let machine = Machine::new();
    let done = machine.command(&["demo"]).env("MAILSLOT_ROOT", "/proc/no/such/place").output().expect("starts");
    assert!(!done.status.success());
    assert!(done.stderr.starts_with(b"mailslot: "));
}

#[test]
fn bench_measures_and_reports_json() {
    let machine = Machine::new();
    let report = machine.run(&["bench", "--json", "--duration", "300ms"]).json();
    let sizes: Vec<_> = report["one_way"].as_array().expect("an array").iter().map(|row| &row["size"]).collect();
    assert_eq!(sizes, [64, 424]);
    for row in report["one_way"].as_array().expect("an array") {
        let [ours, theirs, ratio] = ["mailslot_per_second", "unix_datagram_per_second", "ratio"]
            .map(|field| row[field].as_f64().expect("a number"));
        assert!(ours > 0.0 && theirs > 0.0 && (ratio - ours / theirs).abs() < 1e-6 * ratio, "{row}");
    }
    for end in ["mailslot", "unix_datagram"] {
        let latency = &report["round_trip"][end];
        let [median, tail] = ["median_ns", "p99_ns"].map(|field| latency[field].as_u64().expect("a number"));
        // No round trip between two processors takes less.
        assert!(20 < median && median <= tail, "{latency}");
    }
    assert_eq!(machine.run(&["list", "--json"]).text(), "", "the measurement has left something behind");
}

#[test]
fn bench_reports_a_table() {
    let machine = Machine::new();
    let table = machine.run(&["bench", "--duration", "300ms"]).text();
    for words in ["Unix datagram", "64 B one-way", "424 B one-way", "round trip, median", "x more", "x faster"] {
        assert!(table.contains(words), "{words:?} is not in {table}");
    }
    machine.run(&["bench", "--duration", "0"]).failed(2, &["from 300ms to 10m"]);
}
