//! The log of a node, and its forms.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::machine::Machine;

/// The log of a node without a network from its start to its end, on a standard error of this kind.
fn said(machine: &Machine, more: &[&str], environment: &[(&str, &str)], stderr: Stdio) -> String {
    let mut command = machine.command(&["node", "--netbios", "false", "--computer", "SRV1"]);
    command.args(more).envs(environment.iter().copied()).stderr(stderr);
    let mut node = command.spawn().expect("the command starts");
    // It catches signals before it has its slots, and answers after that.
    while !machine.run(&["node", "status"]).status.success() {}
    kill_process(Pid::from_child(&node), Signal::TERM).expect("the node lives");
    let mut said = String::new();
    if let Some(mut stderr) = node.stderr.take() {
        std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
    }
    assert!(node.wait().expect("it ends").success(), "{said}");
    said
}

#[test]
fn text_has_a_time_a_level_and_an_event_in_each_line() {
    let said = said(&Machine::new(), &[], &[], Stdio::piped());
    let events: Vec<&str> = said
        .lines()
        .map(|line| {
            let (time, rest) = line.strip_prefix("time=").and_then(|line| line.split_once(' ')).expect(line);
            assert!(time.len() == 24 && time.ends_with('Z') && &time[10..11] == "T", "{line}");
            let rest = rest.strip_prefix("level=info event=").expect(line);
            rest.split(' ').next().expect(line)
        })
        .collect();
    assert_eq!(events, ["started", "releasing", "stopped"]);
    assert!(said.contains(" event=started computer=SRV1\n"), "{said}");
}

#[test]
fn json_is_an_object_in_each_line() {
    let said = said(&Machine::new(), &["--log-format", "json"], &[], Stdio::piped());
    let records: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let events: Vec<&Value> = records.iter().map(|record| &record["event"]).collect();
    assert_eq!(events, ["started", "releasing", "stopped"]);
    assert_eq!(records[0]["fields"]["computer"], "SRV1");
    let of_the_node =
        |record: &Value| record["target"].as_str().is_some_and(|target| target.starts_with("mailslot_node::"));
    assert!(records.iter().all(|record| of_the_node(record) && record["level"] == "info"), "{said}");
}

#[test]
fn rust_log_says_what_is_logged() {
    let machine = Machine::new();
    let with = |filter: &str| said(&machine, &[], &[("RUST_LOG", filter)], Stdio::piped());
    assert_eq!(with("warn").lines().count(), 0);
    assert_eq!(with("warn,mailslot_node=info").lines().count(), 3);
    assert_eq!(with("").lines().count(), 3);
    let mut wrong = machine.command(&["node", "--netbios", "false"]);
    let wrong = wrong.env("RUST_LOG", "mailslot_node=loud").output().expect("it ends");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(wrong.status.code() == Some(2) && said.contains("RUST_LOG"), "{said}");
}

#[test]
fn the_journal_is_taken_only_where_standard_error_leads_there() {
    let machine = Machine::new();
    let path = machine.root().join("stderr");
    let mut file = std::fs::File::create(&path).expect("a file");
    writeln!(file, "before").expect("room");
    let metadata = file.metadata().expect("a file");
    let other = format!("{}:{}", metadata.dev(), metadata.ino() + 1);
    for stream in [other.as_str(), "", "1", "a:b"] {
        assert!(
            said(&machine, &[], &[("JOURNAL_STREAM", stream)], Stdio::piped()).contains(" event=stopped"),
            "{stream}"
        );
    }
    // Without a journal, which this machine may lack, the line is not lost.
    let here = format!("{}:{}", metadata.dev(), metadata.ino());
    said(&machine, &[], &[("JOURNAL_STREAM", &here)], file.into());
    let written = std::fs::read_to_string(&path).expect("the file");
    let has_journal = std::path::Path::new("/run/systemd/journal/socket").exists();
    assert_eq!(written.contains("event=stopped"), !has_journal, "{written}");
}
