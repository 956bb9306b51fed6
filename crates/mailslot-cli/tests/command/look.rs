//! `mailslot list` and `mailslot info`.

use std::io::{BufRead, BufReader};
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::machine::{Listener, Machine};

#[test]
fn no_slots_are_an_empty_list() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["list", "--json"]).text(), "");
    let table = machine.run(&["list"]).text();
    assert_eq!(table.lines().count(), 1);
    assert!(table.starts_with("NAME"));
}

#[test]
fn the_list_is_an_aligned_table() {
    let machine = Machine::new();
    let long = machine.listen(&["a-rather-long-name", "--max-size", "424", "--capacity", "64K"]);
    let short = machine.listen(&["b", "--access", "users:0,4000000001", "--exec", "true"]);
    let table = machine.run(&["ls", "--long"]).text();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    for header in ["NAME", "OWNER", "ACCESS"] {
        let column = lines[0].find(header).expect("a header");
        assert!(lines.iter().all(|line| column == 0 || &line[column - 2..column] == "  "), "{table}");
    }
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells[0], "a-rather-long-name");
    assert_eq!(cells[2], long.pid().to_string());
    assert_eq!(cells[3..], ["owner", "0", "-", "424", "64K", "0", "0", "0", "0", "0", "1", "0"]);
    assert!(lines[2].contains("users:root,4000000001"), "{table}");
    for listener in [long, short] {
        listener.signal(Signal::TERM);
        listener.finish();
    }
}

#[test]
fn the_list_as_json_has_every_slot_and_its_counts() {
    let machine = Machine::new();
    let listeners = ["one", r"two\Lines"].map(|name| machine.listen(&[name]));
    machine.send("one", &["read at once"]);
    let slots = machine.run(&["list", "--json"]).json_lines();
    let names: Vec<&Value> = slots.iter().map(|slot| &slot["name"]).collect();
    assert_eq!(names, ["one", r"two\Lines"]);
    assert_eq!(slots[0]["pid"], listeners[0].pid());
    assert_eq!(slots[0]["uid"], rustix::process::geteuid().as_raw());
    assert_eq!(slots[0]["counts"]["written"], 1);
    assert_eq!(slots[1]["counts"]["written"], 0);
    assert_eq!(slots[1]["counts"]["read_timeout_ms"], json!(null));
    for listener in listeners {
        listener.signal(Signal::TERM);
        listener.finish();
    }
}

#[test]
fn hostile_names_do_not_break_the_table() {
    let machine = Machine::new();
    let listener = machine.listen(&["evil\u{1b}[2J\nname"]);
    let table = machine.run(&["list"]).text();
    assert!(table.contains(r"evil\u{1b}[2J\nname"), "{table}");
    assert_eq!(machine.run(&["list", "--json"]).json()["name"], "evil\u{1b}[2J\nname");
    listener.signal(Signal::TERM);
    listener.finish();
}

#[test]
fn info_tells_what_happened_to_a_slot() {
    let machine = Machine::new();
    // The command waits at a gate, so that the listener does not read on and messages wait.
    let gate = tempfile::tempdir().expect("a directory");
    let path = gate.path().join("gate");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo starts").success());
    let mut command = machine.command(&["listen", "--verbose", "alerts", "--max-size", "8", "--count", "1"]);
    command.env("GATE", &path);
    let mut listener = Listener::start(&mut command, &["--exec", "echo begun; read line < \"$GATE\""]);
    machine.send("alerts", &["1"]);
    let mut begun = String::new();
    BufReader::new(listener.child().stdout.take().expect("a pipe")).read_line(&mut begun).expect("readable");
    assert_eq!(begun, "begun\n");
    machine.send("alerts", &["22", "333"]);
    machine.run(&["send", "alerts", "too large"]).failed(7, &[]);

    let info = machine.run(&["info", "--json", "ALERTS"]).json();
    let counts = &info["counts"];
    assert_eq!(info["name"], "alerts");
    assert_eq!(info["max_message_size"], 8);
    assert_eq!((&counts["count"], &counts["next_size"]), (&json!(2), &json!(2)));
    assert_eq!((&counts["written"], &counts["bytes_written"]), (&json!(3), &json!(6)));
    assert_eq!((&counts["read"], &counts["bytes_read"]), (&json!(1), &json!(1)));
    assert_eq!(counts["refused_too_large"], 1);

    let text = machine.run(&["info", "alerts"]).text();
    let words: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in ["name alerts", "waiting 2", "next 2 bytes", "written 3 messages, 6 bytes", "refused, too large 1"] {
        assert!(words.iter().any(|words| words == line), "{line} is not in {text}");
    }
    std::fs::write(&path, "go on\n").expect("writable");
    listener.finish().text();
}

#[test]
fn info_on_a_slot_that_does_not_live_is_status_3() {
    let machine = Machine::new();
    machine.run(&["info", "alerts"]).failed(3, &["no slot alerts on this machine (Win32 error 2)"]);
    machine.run(&["info", "a/b/"]).failed(2, &["not a mailslot name"]);
}

#[test]
fn a_closed_pipe_is_a_quiet_success() {
    let machine = Machine::new();
    for args in [&["list"][..], &["list", "--json"], &["--help"], &["demo"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let status = machine.command(args).stdout(writer).output().expect("starts");
        assert_eq!((status.status.code(), &status.stderr[..]), (Some(0), &b""[..]), "{args:?}");
    }
}
