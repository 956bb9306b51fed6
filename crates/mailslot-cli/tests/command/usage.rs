//! Names, help and statuses of all commands.

use crate::machine::Machine;

#[test]
fn a_slot_that_does_not_live_is_status_3() {
    let machine = Machine::new();
    machine.run(&["send", "alerts", "x"]).failed(3, &["no slot alerts on this machine (Win32 error 2)"]);
}

#[test]
fn a_wrong_name_is_status_2_and_says_what_would_be_right() {
    let machine = Machine::new();
    machine.run(&["listen", r"\\.\pipe\x"]).failed(2, &["not a mailslot name", "pipe", "Win32 error 123"]);
    machine.run(&["send", r"mailslot\x", "m"]).failed(2, &[r"write \\.\mailslot\name"]);
    machine.run(&["listen", "//server/mailslot/x"]).failed(2, &["on this machine only"]);
    machine.run(&["listen", ""]).failed(2, &["empty"]);
}

/// Each command that needs a node.
#[test]
fn without_a_node_the_status_is_11_and_what_to_do_is_said() {
    let machine = Machine::new();
    let remote = [r"\\SRV1\mailslot\x", r"\\PLANT\mailslot\a\b", r"\\*\mailslot\x"];
    for name in remote {
        machine.run(&["send", name, "m"]).failed(11, &["Win32 error 3025", "`mailslot node`", name]);
        machine.run(&["info", name]).failed(11, &["Win32 error 3025", "`mailslot node`", name]);
    }
    for command in [
        &["resolve", "SRV1"][..],
        &["status", "SRV1"],
        &["status", "192.0.2.1"],
        &["browse"],
        &["browse", "PLANT"],
        &["find-dc", "PLANT"],
        &["find-dc", "plant.example"],
        &["capture", "--write", "/dev/null"],
        &["node", "status"],
        &["node", "status", "--json"],
        &["list", "--domain", "PLANT"],
    ] {
        machine.run(command).failed(11, &["no network node runs on this machine", "`mailslot node`"]);
    }
}

#[test]
fn errors_quote_names_as_they_were_written() {
    let machine = Machine::new();
    for name in [r"\\PLANT\alerts", r"\\.\pipe\x", r"\\a\b\c\d"] {
        for command in ["listen", "info"] {
            machine.run(&[command, name]).failed(2, &[&format!("\"{name}\" is not a mailslot name")]);
        }
    }
    machine.run(&["listen", "x", "--access", r"users:PLANT\bob"]).failed(2, &[r#""PLANT\bob""#]);
}

#[test]
fn wrong_usage_is_status_2() {
    let machine = Machine::new();
    for args in [
        &["no-such-command"][..],
        &[],
        &["send"],
        &["listen", "x", "--timeout", "5"],
        &["listen", "x", "--capacity", "lots"],
        &["listen", "x", "--count", "0"],
        &["listen", "x", "--access", "friends"],
        &["listen", "x", "--format", "xml"],
        &["listen", "x", "--format", "hex", "--exec", "cat"],
        &["send", "x", "message", "--whole"],
    ] {
        let done = machine.run(args);
        assert_eq!(done.code(), Some(2), "{args:?}: {done:?}");
        assert_eq!(done.stdout, b"");
        if !args.is_empty() {
            done.failed(2, &[]);
        }
    }
    machine.run(&["listen", "x", "--timeout", "5"]).failed(2, &["500ms"]);
    machine.run(&["listen", "x", "--capacity", "1K"]).failed(2, &["capacity must be 4096"]);
}

#[test]
fn help_has_examples_and_the_statuses() {
    let machine = Machine::new();
    assert!(machine.run(&["--help"]).text().contains("the slot is full"));
    for command in ["listen", "send", "request", "info", "list", "demo", "bench"] {
        let help = machine.run(&[command, "--help"]).text();
        assert!(help.contains("Example") && help.contains(&format!("mailslot {command}")), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    }
    assert!(machine.run(&["--version"]).text().starts_with("mailslot "));
}

/// Ignoring them silently would look as if they had an effect.
#[test]
fn a_tap_refuses_what_only_a_creator_can_say() {
    let machine = Machine::new();
    for option in [
        &["--max-size", "1"][..],
        &["--access", "everyone"],
        &["--network"],
        &["--shared"],
        &["--taps"],
        &["--when-full", "drop-oldest"],
        &["--stamp"],
        &["--reply", "cat"],
    ] {
        machine.run(&[&["tap", "x"], option].concat()).failed(2, &["leave out the options for that"]);
    }
    machine.run(&["tap", "x", "--capacity", "64K"]).failed(3, &["no slot x"]);
}
