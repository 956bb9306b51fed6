//! `mailslot metrics`, and a node that serves them, checked with Prometheus' programs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mailslot_node::exposition;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::machine::Machine;

/// Names that need escaping in the text format.
const NAMES: [&str; 5] = ["alerts", r"plant\line 1", "a\"b", "{x=\"1\"}", "größe"];

/// Ends with the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        Running(command.spawn().expect("the program is installed"))
    }

    /// Reads its standard error until a line has `what`, and returns the rest of that line.
    fn until(&mut self, what: &str) -> String {
        let mut lines = BufReader::new(self.0.stderr.take().expect("a pipe")).lines();
        let line = lines
            .by_ref()
            .map(|line| line.expect("readable"))
            .find_map(|line| Some(line.split_once(what)?.1.to_owned()));
        // Keeps reading, so that it never blocks on its standard error.
        std::thread::spawn(move || lines.for_each(drop));
        line.unwrap_or_else(|| panic!("it has ended without {what:?}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

fn checked_by_promtool(text: &str) {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().expect("promtool is installed");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.is_empty(), "{said}\n{text}");
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("room");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
}

/// A node without a network, and the address at which it serves.
fn node(machine: &Machine, more: &[&str]) -> (Running, String) {
    let mut command =
        machine.command(&["node", "--netbios", "false", "--computer", "SRV1", "--metrics", "127.0.0.1:0"]);
    let mut node = Running::start(command.args(more));
    let address = node.until("event=metrics_served at=");
    (node, address)
}

#[test]
fn what_is_printed_passes_promtool_whatever_slots_are_called() {
    let machine = Machine::new();
    let listeners = NAMES.map(|name| machine.listen(&[name]));
    let (_node, address) = node(&machine, &[]);
    machine.send("alerts", &["one", "two"]);
    let printed = machine.run(&["metrics"]).text();
    for text in [&printed, &get(&address, "/metrics")] {
        checked_by_promtool(text);
        assert!(text.contains("\nmailslot_node_up 1\n"), "{text}");
        assert!(text.contains("\nmailslot_slot_written_messages_total{slot=\"alerts\",uid=\""), "{text}");
        let slots = text.lines().filter(|line| line.starts_with("mailslot_slot_capacity_bytes{"));
        // One more for the node's slot for requests.
        assert_eq!(slots.count(), NAMES.len() + 1, "{text}");
    }
    for listener in listeners {
        listener.signal(Signal::TERM);
        listener.finish();
    }
}

/// The metrics of a node with everything that one may have.
fn full() -> String {
    let status = serde_json::json!({
        "version": "1", "computer": "SRV1<00>", "workgroup": "PLANT<00>", "node_type": "B", "nmbd_connected": true,
        "interfaces": [], "names": [],
        "counters": { "packets_received": 1, "packets_sent": 1, "dropped_malformed": 2, "undelivered_no_slot": 3,
            "outgoing": 4 },
        "domains": [{
            "name": "PLANT", "sealed": true, "mode": "peer", "open": true, "peers": 1, "routers": 0, "listen": [],
            "connect": [],
            "certificates": [{ "file": "/x", "subject": "CN=\"a\"", "from": "", "until": "", "until_unix": 1,
                "problem": null }],
            "keys": [], "computers": 2, "slots": [], "counters": { "opened": 1, "dropped_replay": 2 },
        }],
        "bridges": [{
            "domain": "PLANT", "to_domain": [], "to_legacy": [], "is_ready": true, "segments": [],
            "counters": { "rate": 7 },
        }],
    });
    let status = serde_json::from_value(status).expect("a status");
    exposition::text(&[slot()], &[0], Some(&status)).expect("metrics")
}

#[test]
fn everything_that_could_be_counted_passes_promtool() {
    checked_by_promtool(&full());
}

/// A slot of the superuser, as it is listed.
fn slot() -> mailslot::SlotStatus {
    let counts = serde_json::json!({
        "max_message_size": 0, "next_size": null, "count": 1, "read_timeout_ms": null, "capacity": 4096, "written": 1,
        "read": 0, "bytes_written": 1, "bytes_read": 0, "refused_full": 0, "refused_too_large": 0, "high_water": 0,
    });
    serde_json::from_value(serde_json::json!({ "name": "alerts", "uid": 0, "counts": counts })).expect("a slot")
}

#[test]
fn the_examples_are_of_metrics_that_there_are_and_their_alerts_come() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/examples");
    let text = full();
    for file in ["mailslot.rules.yml", "mailslot.grafana.json"] {
        let example = std::fs::read_to_string(examples.join(file)).expect(file);
        let words = example.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named: Vec<&str> = words.filter(|word| word.starts_with("mailslot_")).collect();
        assert!(!named.is_empty(), "{file}");
        let is_here = |name: &&&str| cfg!(feature = "zenoh") || !name.starts_with("mailslot_domain_");
        for name in named.iter().filter(is_here) {
            assert!(text.contains(&format!("# TYPE {name} ")), "{file}: {name}");
        }
    }
    let board = std::fs::read(examples.join("mailslot.grafana.json")).expect("the board");
    let board: Value = serde_json::from_slice(&board).expect("JSON");
    assert!(board["panels"].as_array().is_some_and(|panels| panels.iter().all(|panel| panel["targets"].is_array())));
    let mut promtool = Command::new("promtool");
    let tested = promtool.current_dir(&examples).args(["test", "rules", "mailslot.rules.test.yml"]).output();
    let tested = tested.expect("promtool is installed");
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
}

#[test]
fn a_file_is_replaced_whole_and_everybody_may_read_it() {
    let machine = Machine::new();
    let path = machine.root().join("mailslot.prom");
    let name = path.to_str().expect("text").to_owned();
    machine.run(&["metrics", "--output", &name]).succeeded();
    assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o644);
    let whole = |path: &Path| {
        let text = std::fs::read_to_string(path).expect("it is always there");
        let first = text.lines().next().is_some_and(|line| line.starts_with("# HELP "));
        first && text.ends_with('\n') && text.lines().any(|line| line.starts_with("mailslot_slots "))
    };
    let (end, seen) = (Arc::new(AtomicBool::new(false)), path.clone());
    let ended = Arc::clone(&end);
    let reader = std::thread::spawn(move || {
        let mut files = std::collections::BTreeSet::new();
        while !ended.load(Ordering::SeqCst) {
            assert!(whole(&seen));
            files.insert(std::fs::metadata(&seen).expect("a file").ino());
        }
        files.len()
    });
    for _ in 0..20 {
        machine.run(&["metrics", "--output", &name]).succeeded();
    }
    end.store(true, Ordering::SeqCst);
    reader.join().expect("it always was whole");
    let left = std::fs::read_dir(machine.root())
        .expect("a directory")
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(".tmp")));
    assert_eq!(left.count(), 0);
    let nowhere = machine.run(&["metrics", "--output", "/proc/no/such.prom"]);
    assert!(!nowhere.status.success() && nowhere.stderr.contains("/proc/no/such.prom"), "{}", nowhere.stderr);
}

#[test]
fn a_reload_serves_elsewhere_or_not_at_all() {
    let machine = Machine::new();
    let file = machine.root().join("node.toml");
    let write = |metrics: &str| std::fs::write(&file, format!("netbios = false\n{metrics}")).expect("a file");
    write("metrics = \"127.0.0.1:0\"\n");
    let mut command = machine.command(&["node", "--computer", "SRV1", "--config"]);
    let mut node = Running::start(command.arg(&file));
    let mut lines = BufReader::new(node.0.stderr.take().expect("a pipe")).lines().map(|line| line.expect("readable"));
    let mut until = |what: &str| lines.find_map(|line| Some(line.split_once(what)?.1.to_owned())).expect(what);
    let first = until("event=metrics_served at=");
    let socket = machine.root().join("metrics");
    let reload = || kill_process(Pid::from_child(&node.0), Signal::HUP).expect("the node lives");
    write(&format!("metrics = \"unix:{}\"\n", socket.display()));
    reload();
    until("event=metrics_served at=");
    assert!(socket.exists() && TcpStream::connect(&first).is_err());
    // An address that cannot be served leaves the previous one in use.
    write("metrics = \"unix:/proc/no/such\"\n");
    reload();
    assert!(until("event=settings_wrong ").contains("/proc/no/such"));
    assert!(socket.exists());
    write("metrics = \"everywhere\"\n");
    reload();
    assert!(until("event=settings_wrong ").contains("unix:/PATH"));
    write("");
    reload();
    until("event=settings_changed");
    kill_process(Pid::from_child(&node.0), Signal::TERM).expect("the node lives");
    until("event=stopped");
    assert!(!socket.exists());
}

/// The answers of a Prometheus to a query, by the metric's name and slot.
fn query(address: &str, what: &str) -> BTreeMap<String, f64> {
    let answer: Value = serde_json::from_str(&get(address, &format!("/api/v1/query?query={what}"))).expect("JSON");
    let results = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let sample = |result: &Value| {
        let labels = &result["metric"];
        let name = labels["slot"].as_str().or(labels["__name__"].as_str()).unwrap_or_default().to_owned();
        (name, result["value"][1].as_str().expect("a value").parse().expect("a number"))
    };
    results.iter().map(sample).collect()
}

#[test]
fn a_real_prometheus_scrapes_a_node() {
    let machine = Machine::new();
    let listener = machine.listen(&[NAMES[2]]);
    let (_node, address) = node(&machine, &[]);
    machine.send(NAMES[2], &["one", "two", "three"]);
    let config = machine.root().join("prometheus.yml");
    let scrape = format!(
        "scrape_configs:\n  - job_name: mailslot\n    scrape_interval: 1s\n    static_configs:\n\
         \x20     - targets: ['{address}']\n"
    );
    std::fs::write(&config, scrape).expect("a file");
    let mut prometheus = Command::new("prometheus");
    prometheus
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", machine.root().join("data").display()))
        .arg("--web.listen-address=127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut prometheus = Running::start(&mut prometheus);
    let said = prometheus.until("msg=\"Listening on\" address=");
    let api = said.split(' ').next().expect("an address");
    // Before it is ready, its answers are not JSON.
    while !get(api, "/-/ready").contains("is Ready") {
        std::thread::yield_now();
    }
    let scraped = || query(api, "up%3D%3D1").len() == 1 && !query(api, "mailslot_slot_read_messages_total").is_empty();
    while !scraped() {
        std::thread::yield_now();
    }
    assert_eq!(query(api, "mailslot_slot_read_messages_total")[NAMES[2]], 3.0);
    assert_eq!(query(api, "mailslot_node_up")["mailslot_node_up"], 1.0);
    assert_eq!(query(api, "mailslot_slot_reader_waits").len(), 2);
    listener.signal(Signal::TERM);
    listener.finish();
}
