//! Output on terminals: tables, progress, emphasis, diagnostics.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use unicode_width::UnicodeWidthStr;

use crate::machine::{Done, Machine};
use crate::terminal::Terminal;

/// The output of a command on a terminal, with all of its streams.
fn shown(command: &mut Command, columns: u16) -> String {
    let terminal = Terminal::new(columns);
    let child = command.stdin(terminal.end()).stdout(terminal.end()).stderr(terminal.end()).spawn();
    // The ends in `command` would keep the terminal open.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    terminal.finish(child.expect("the command starts")).1
}

#[test]
fn the_list_fits_a_terminal_in_every_script() {
    let machine = Machine::new();
    let long = "plant/line1/boiler3/".repeat(6) + "pressure";
    let names = ["alerts", "警報/ボイラー", "Kühlung", &long];
    let listeners = names.map(|name| machine.listen(&[name]));
    let list = shown(&mut machine.command(&["list"]), 80);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.iter().all(|line| line.width() <= 80), "{list}");
    assert!(lines.len() > names.len() + 1, "the long name is in several lines:\n{list}");
    let piped = machine.run(&["list"]).text();
    assert_eq!(piped.lines().count(), names.len() + 1, "{piped}");
    // The last column is aligned with its head.
    for line in piped.lines() {
        assert_eq!(line.width(), piped.lines().next().unwrap_or_default().width(), "{piped}");
    }
    for listener in listeners {
        listener.signal(Signal::TERM);
        listener.finish();
    }
}

#[test]
fn progress_is_for_people_who_wait() {
    let machine = Machine::new();
    let bench = |options: &[&str]| machine.command(&[&["bench", "--duration", "3s"], options].concat());
    let seen = shown(&mut bench(&[]), 80);
    assert!(seen.contains("measuring: 1 s of 3 s"), "{seen:?}");
    // The progress is removed when the result is printed.
    assert!(
        seen.contains("\r\u{1b}[K") && seen.lines().last().is_some_and(|line| !line.contains("measuring")),
        "{seen:?}"
    );
    let quiet = shown(&mut bench(&["--quiet"]), 80);
    assert!(!quiet.contains("measuring"), "{quiet:?}");
    let piped = Done::from(bench(&[]).output().expect("starts")).text();
    assert!(!piped.contains("measuring"), "{piped:?}");
}

#[test]
fn emphasis_is_for_terminals_by_the_rules_of_no_color() {
    let machine = Machine::new();
    for (variables, is_plain) in [
        (&[("TERM", "xterm")][..], false),
        (&[("TERM", "xterm"), ("NO_COLOR", "")], false),
        (&[("TERM", "xterm"), ("NO_COLOR", "0")], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], true),
        (&[("TERM", "dumb")], true),
        (&[], true),
    ] {
        let mut command = machine.command(&["demo"]);
        let shown = shown(command.env_remove("NO_COLOR").env_remove("TERM").envs(variables.iter().copied()), 80);
        assert_eq!(!shown.contains('\u{1b}'), is_plain, "{variables:?}: {shown:?}");
    }
}

/// Failures of several kinds: nothing is printed, and the status is the same.
#[test]
fn quiet_is_for_every_command_and_changes_no_status() {
    let machine = Machine::new();
    let owner = machine.listen(&["taken"]);
    for args in [
        &["send", "nowhere", "x"][..],
        &["info", "nowhere"],
        &["info", r"\\.\pipe\x"],
        &["listen", "taken"],
        &["listen", "free", "--timeout", "1ms"],
        &["listen", "free", "--exec", "true", "--timeout", "1ms"],
        #[cfg(feature = "node")]
        &["resolve", "SRV1"],
        #[cfg(feature = "node")]
        &["node", "--config", "/no/such/file"],
    ] {
        let loud = machine.run(args);
        for quiet in [[&["-q"], args].concat(), [args, &["--quiet"]].concat()] {
            let quiet = machine.run(&quiet);
            assert_eq!((quiet.code(), quiet.stderr.as_str()), (loud.code(), ""), "{args:?}");
        }
        assert!(loud.stderr.starts_with("mailslot: "), "{args:?}: {loud:?}");
    }
    owner.signal(Signal::TERM);
    owner.finish();
    // Errors in the command line itself are always printed.
    machine.run(&["-q", "send"]).failed(2, &["required"]);
    machine.run(&["-q", "-v", "list"]).failed(2, &["cannot be used with"]);
}

#[test]
fn verbose_says_what_is_done() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "2"]);
    let sent = machine.run(&["send", "-v", "alerts", "1", "2"]);
    assert_eq!(sent.code(), Some(0));
    assert_eq!(sent.stderr, "mailslot: writing to \\\\.\\mailslot\\alerts\nmailslot: messages sent: 2\n");
    listener.finish().succeeded();
}
