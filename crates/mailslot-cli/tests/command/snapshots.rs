//! Snapshots of help texts and JSON. `SNAPSHOTS=overwrite cargo test -p mailslot-cli --test command snapshots` writes
//! them again.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use rustix::process::Signal;
use serde_json::Value;
use snapbox::{Data, assert_data_eq, file};

use crate::machine::{Done, Listener, Machine};
use crate::shape::shape;

/// A command, and all its subcommands that help lists.
fn commands(machine: &Machine, path: &[String]) -> Vec<Vec<String>> {
    let help = machine.run(&[path, &["--help".to_owned()]].concat()).text();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let subs: Vec<String> = names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect();
    let mut all = vec![path.to_owned()];
    for sub in subs {
        all.extend(commands(machine, &[path, &[sub]].concat()));
    }
    all
}

/// The help of a command and of its subcommands, on terminals of both widths.
fn help_texts(path: &[&str], expected: [Data; 2]) {
    let machine = Machine::new();
    let path: Vec<String> = path.iter().map(|word| (*word).to_owned()).collect();
    for (columns, expected) in [80, 100].into_iter().zip(expected) {
        let mut text = String::new();
        for path in commands(&machine, &path) {
            let words = [&path[..], &["--help".to_owned()]].concat();
            let help =
                machine.command(&words).env("COLUMNS", columns.to_string()).output().expect("the command starts");
            let help = Done::from(help).text();
            assert!(help.lines().all(|line| line.chars().count() <= columns), "{path:?}: {help}");
            text += &format!("$ mailslot {}\n{help}\n", words.join(" "));
        }
        assert_data_eq!(text, expected.raw());
    }
}

#[test]
fn help_of_all_commands() {
    help_texts(&[], [file!["../snapshots/help-80.txt"], file!["../snapshots/help-100.txt"]]);
}

/// The shapes of all JSON of one machine, by the commands that print it. docs/json.md also has those of networks.
#[test]
fn json_shapes() {
    let machine = Machine::new();
    let mut shapes = String::new();
    let mut add = |what: &str, lines: Vec<Value>| {
        assert!(!lines.is_empty(), "{what}");
        let lines: BTreeSet<String> = lines.iter().map(|line| shape(line).to_string()).collect();
        shapes += &format!("$ mailslot {what}\n{}\n", lines.into_iter().collect::<Vec<_>>().join("\n"));
    };
    let listener = machine.listen(&["alerts", "--json", "--count", "3"]);
    add("list --json", machine.run(&["list", "--json"]).json_lines());
    add("info --json alerts", machine.run(&["info", "--json", "alerts"]).json_lines());
    let mut watch = machine.command(&["list", "--watch", "--json"]).spawn().expect("the command starts");
    let mut line = String::new();
    BufReader::new(watch.stdout.take().expect("a pipe")).read_line(&mut line).expect("readable");
    // The reader of its output is gone.
    assert!(watch.wait().expect("it ends").success());
    add("list --watch --json", vec![serde_json::from_str(&line).expect("JSON")]);
    add(
        "hz --json alerts",
        machine.run(&["hz", "--count", "1", "--interval", "20ms", "--json", "alerts"]).json_lines(),
    );
    machine.send("alerts", &["text"]);
    machine.run_with_input(&["send", "alerts", "--whole"], b"\xff").succeeded();
    let confirmed = machine.run(&["send", "--confirm", "--json", "alerts", "end"]).json_lines();
    add("send --confirm --json alerts TEXT", confirmed);
    add("listen --json alerts", listener.finish().json_lines());
    add("bench --json", machine.run(&["bench", "--duration", "300ms", "--json"]).json_lines());
    let (busy, gate) = machine.busy_listener("alerts");
    machine.send("alerts", &["text"]);
    machine.run_with_input(&["send", "alerts", "--whole"], b"\xff").succeeded();
    add("peek --json alerts", machine.run(&["peek", "-n", "2", "--json", "alerts"]).json_lines());
    std::fs::write(&gate, "go on\n").expect("writable");
    busy.finish().succeeded();
    let file = machine.root().join("file");
    let file = file.to_str().expect("UTF-8");
    let recorder = Listener::start(&mut machine.command(&["record", "--verbose", "alerts", file]), &[] as &[&str]);
    machine.send("alerts", &["text"]);
    machine.run_with_input(&["send", "alerts", "--whole"], b"\xff").succeeded();
    recorder.signal(Signal::TERM);
    recorder.finish();
    let recorded = std::fs::read_to_string(file).expect("readable");
    let recorded = recorded.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    add("record --format ndjson alerts FILE", recorded);
    let listener = machine.listen(&["alerts"]);
    add("doctor --json alerts", machine.run(&["doctor", "--json", "alerts"]).json_lines());
    listener.signal(Signal::TERM);
    listener.finish();
    assert_data_eq!(shapes, file!["../snapshots/json.txt"].raw());
}

/// docs/json.md states every shape of the snapshot: each name of a field is there, under the command that prints it.
#[test]
fn every_field_is_documented() {
    let documentation = include_str!("../../../../docs/json.md");
    let snapshots = [
        include_str!("../snapshots/json.txt"),
        include_str!("../snapshots/json-network.txt"),
        include_str!("../snapshots/json-domains.txt"),
    ];
    let mut section = "";
    for line in snapshots.iter().flat_map(|snapshot| snapshot.lines()) {
        if let Some(command) = line.strip_prefix("$ mailslot ") {
            let (name, _) = command.split_once(" --").expect("an option");
            let heading = format!("## `mailslot {name}`");
            let (_, rest) =
                documentation.split_once(&heading).unwrap_or_else(|| panic!("{heading} is not in docs/json.md"));
            section = rest.split("\n## ").next().unwrap_or_default();
        } else if !line.is_empty() {
            let value: Value = serde_json::from_str(line).expect("JSON");
            let mut names = BTreeSet::new();
            fields(&value, &mut names);
            for name in names {
                assert!(section.contains(&format!("`{name}`")), "`{name}` of {line} is not in docs/json.md");
            }
        }
    }
}

fn fields(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(all) => all.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            fields(value, names);
        }),
        Value::Array(all) => all.iter().for_each(|value| fields(value, names)),
        _ => {}
    }
}
