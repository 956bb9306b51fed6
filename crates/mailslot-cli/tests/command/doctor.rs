//! `mailslot doctor` on a machine without a node. With nodes, networks and firewalls: tests/lab and tests/domains.

use rustix::process::Signal;
use serde_json::Value;

use crate::machine::{Done, Machine};

/// The states of a check, in order.
fn states<'a>(findings: &'a [Value], check: &str) -> Vec<&'a str> {
    let all = findings.iter().filter(|finding| finding["check"] == check);
    all.map(|finding| finding["state"].as_str().expect("text")).collect()
}

/// Its findings as JSON, and its status.
fn json(done: &Done) -> (Vec<Value>, Option<i32>) {
    let lines = done.stdout.split_inclusive(|byte| *byte == b'\n');
    (lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect(), done.code())
}

#[test]
fn a_slot_of_this_machine_needs_no_network() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts"]);
    for name in ["alerts", r"\\.\mailslot\ALERTS", r"\\localhost\mailslot\alerts"] {
        let (findings, code) = json(&machine.run(&["doctor", "--json", name]));
        assert_eq!(code, Some(0), "{findings:?}");
        for check in ["name", "slot", "access"] {
            assert_eq!(states(&findings, check), ["ok"], "{check} in {findings:?}");
        }
        assert!(states(&findings, "node").is_empty(), "{findings:?}");
    }
    listener.signal(Signal::TERM);
    listener.finish();
}

#[test]
fn a_slot_that_is_missing_is_a_problem_with_a_remedy() {
    let done = Machine::new().run(&["doctor", "alerts"]);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("problem")).unwrap_or_default();
    assert!(line.contains("no slot alerts") && line.contains("-> ") && line.contains("mailslot listen"), "{text}");
    done.failed(1, &["1 problem was found"]);
}

#[test]
fn a_slot_that_was_full_says_so() {
    let machine = Machine::here();
    let slot = mailslot::Mailslot::options().capacity(4096).create(crate::machine::unique_name()).expect("a free name");
    let writer = mailslot::MailslotWriter::open(slot.name().clone()).expect("the slot lives");
    while writer.write(&[0; 1000]).is_ok() {}
    let (findings, code) = json(&machine.run(&["doctor", "--json", slot.name().as_str()]));
    assert_eq!((states(&findings, "room"), code), (vec!["unknown"], Some(0)), "{findings:?}");
}

#[test]
fn the_network_needs_a_node() {
    let machine = Machine::new();
    for name in [r"\\SRV1\mailslot\alerts", r"\\*\mailslot\alerts"] {
        let (findings, code) = json(&machine.run(&["doctor", "--json", name]));
        assert_eq!(code, Some(1), "{findings:?}");
        assert_eq!(
            (states(&findings, "name"), states(&findings, "node")),
            (vec!["ok"], vec!["problem"]),
            "{findings:?}"
        );
    }
    let (findings, code) = json(&machine.run(&["doctor", "--json"]));
    assert_eq!((states(&findings, "node"), code), (vec!["problem"], Some(1)), "{findings:?}");
}

#[test]
fn a_slot_that_is_closed_to_the_network_is_a_problem() {
    let machine = Machine::new();
    for (options, state) in [(&["alerts"][..], "problem"), (&["alerts", "--network"], "ok")] {
        let listener = machine.listen(options);
        let (findings, _) = json(&machine.run(&["doctor", "--json", r"\\*\mailslot\alerts"]));
        assert_eq!(states(&findings, "own slot"), [state], "{findings:?}");
        listener.signal(Signal::TERM);
        listener.finish();
    }
}

#[test]
fn what_is_no_name_is_a_problem() {
    for name in ["a/b/", r"\\SRV1\alerts", r"\\SIXTEEN-LETTERS-\mailslot\x"] {
        let (findings, code) = json(&Machine::new().run(&["doctor", "--json", name]));
        assert_eq!((states(&findings, "name"), code), (vec!["problem"], Some(1)), "{findings:?}");
    }
}

/// The usual root, made with the wrong mode by hand, and the one of a variable, which may be for one user alone.
#[test]
fn a_root_that_is_closed_or_not_sticky_is_a_problem() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("a_root_that_is_closed_or_not_sticky_is_a_problem: SKIPPED, mounts need root");
        return;
    }
    // The mode, what the doctor says of the usual root, and what of one that the variable names.
    let cases = [
        ("1777", "", ""),
        ("0777", "problem", "problem"),
        ("0773", "problem", "problem"),
        ("0775", "problem", ""),
        ("1755", "problem", ""),
        ("0755", "problem", ""),
        ("0700", "problem", ""),
    ];
    for (mode, usual, chosen) in cases {
        let places = [("unset MAILSLOT_ROOT", usual), ("export MAILSLOT_ROOT=/run/mailslot", chosen)];
        for (variable, expected) in places {
            let place = format!("mount -t tmpfs run /run && mkdir -m {mode} /run/mailslot");
            let script = format!("{place} && {variable} && exec \"$0\" doctor --json alerts");
            let done = std::process::Command::new("unshare")
                .args(["--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_mailslot")])
                .output()
                .expect("util-linux");
            let (findings, _) = json(&done.into());
            assert_eq!(states(&findings, "root").join(" "), expected, "{mode} {variable} {findings:?}");
            let remedy = findings.iter().find(|finding| finding["check"] == "root").map(|found| &found["remedy"]);
            assert!(remedy.is_none_or(|remedy| remedy == "chmod 1777 /run/mailslot"), "{remedy:?}");
        }
    }
}
