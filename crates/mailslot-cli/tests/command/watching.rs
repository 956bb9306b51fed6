//! `mailslot hz` and `mailslot list --watch`.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::machine::Machine;

/// A command that prints lines until a signal ends it.
struct Watching {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watching {
    fn start(machine: &Machine, args: &[&str]) -> Watching {
        let mut child = machine.command(args).spawn().expect("the command starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Watching { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("readable");
        line
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("JSON")
    }

    /// Ends it, and asserts that it has printed nothing more.
    fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        assert_eq!(self.line(), "");
        let output = self.child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(143), &b""[..]));
    }
}

#[test]
fn hz_counts_every_message_once_and_takes_none() {
    let machine = Machine::new();
    let (listener, gate) = machine.busy_listener("alerts");
    let mut hz = Watching::start(&machine, &["hz", "--interval", "20ms", "--json", "ALERTS"]);
    let (mut messages, mut bytes) = (0, 0);
    let first = hz.json();
    assert_eq!((&first["slot"], &first["messages"]), (&"alerts".into(), &0.into()));
    machine.send("alerts", &["1", "22", "333"]);
    while messages < 3 {
        let report = hz.json();
        let [reported, size] = ["messages", "bytes"].map(|field| report[field].as_u64().expect("a number"));
        let seconds = report["seconds"].as_f64().expect("a number");
        assert!((report["messages_per_second"].as_f64().expect("a number") * seconds - reported as f64).abs() < 1e-6);
        messages += reported;
        bytes += size;
    }
    assert_eq!((messages, bytes), (3, 6));
    assert_eq!(machine.run(&["peek", "-n", "9", "alerts"]).text(), "1\n22\n333\n");
    kill_process(Pid::from_child(&hz.child), Signal::TERM).expect("it runs");
    assert_eq!(hz.child.wait().expect("it ends").code(), Some(143));
    let text = machine.run(&["hz", "--interval", "10ms", "--count", "2", "alerts"]).text();
    assert_eq!(text, "alerts: 0.0 messages/s, 0.0 bytes/s\n".repeat(2));
    std::fs::write(&gate, "go on\n").expect("writable");
    listener.finish().succeeded();
    machine.run(&["hz", "nobody"]).failed(3, &["no slot nobody"]);
}

#[test]
fn list_watch_tells_of_every_slot_that_comes_or_goes() {
    let machine = Machine::new();
    let present = machine.listen(&["Present"]);
    let mut watch = Watching::start(&machine, &["list", "--watch", "--json"]);
    let mut expect = |event: &str, name: &str, pid: u32| {
        let line = watch.json();
        assert_eq!((&line["event"], &line["name"], &line["pid"]), (&event.into(), &name.into(), &pid.into()), "{line}");
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        assert_eq!(line["uid"], rustix::process::geteuid().as_raw());
    };
    expect("present", "Present", present.pid());
    // However its owner ends; the last way is reported by the kernel alone.
    for signal in [Signal::TERM, Signal::INT, Signal::KILL] {
        let other = machine.listen(&[r"other\one"]);
        let pid = other.pid();
        expect("appeared", r"other\one", pid);
        other.signal(signal);
        other.finish();
        expect("ended", r"other\one", pid);
    }
    present.signal(Signal::KILL);
    let pid = present.pid();
    present.finish();
    expect("ended", "Present", pid);
    watch.end();
}

#[test]
fn list_watch_for_people_is_a_line_for_each() {
    let machine = Machine::new();
    let listener = machine.listen(&["evil\u{1b}[2J\nname"]);
    let mut watch = Watching::start(&machine, &["list", "--watch"]);
    let line = watch.line();
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    assert_eq!(words[..2], ["present", r"evil\u{1b}[2J\nname"], "{line}");
    assert_eq!(words[3], listener.pid().to_string());
    watch.end();
    listener.signal(Signal::TERM);
    listener.finish();
}

#[test]
fn a_watch_whose_output_nobody_reads_ends() {
    let machine = Machine::new();
    let mut watch = Watching::start(&machine, &["list", "--watch"]);
    drop(std::mem::replace(&mut watch.lines, BufReader::new(never(&machine))));
    assert_eq!(watch.child.wait().expect("it ends").code(), Some(0));
}

/// An output that ends at once.
fn never(machine: &Machine) -> ChildStdout {
    let mut child = machine.command(&["list"]).spawn().expect("the command starts");
    child.wait().expect("it ends");
    child.stdout.take().expect("a pipe")
}
