//! Runs the commands that the README and the pages of `docs` show for one machine. Those that need several machines are
//! run by `tests/domains/readme.sh` and the scripts of [`RUN_BY_SCRIPTS`].

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::machine::Machine;
use crate::terminal::Shell;

/// The sections whose commands are run here, by page.
const HERE: [(&str, &str); 5] = [
    ("README.md", "Try it"),
    ("docs/first-steps.md", "In a shell"),
    ("docs/first-steps.md", "Several readers"),
    ("docs/first-steps.md", "Observing"),
    ("docs/porting.md", "Meeting other programs"),
];

/// The sections whose commands need networks or other programs, with the script that runs them, which names the page
/// and the section.
const RUN_BY_SCRIPTS: [(&str, &str, &str); 2] = [
    ("docs/domains.md", "Using a domain", "tests/domains/readme.sh"),
    ("docs/networks.md", "A legacy network", "tests/domains/readme.sh"),
];

/// The pages that a separate test runs as a whole, with that test, which names the page.
const RUN_AS_A_WHOLE: [(&str, &str); 3] = [
    ("docs/bridge.md", "tests/domains/bridge.sh"),
    ("docs/containers.md", "tests/containers/run"),
    ("docs/languages.md", "tests/languages/run"),
];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The README and all pages of `docs`, as paths in the project.
fn pages() -> BTreeSet<String> {
    let docs = fs::read_dir(project().join("docs")).expect("readable");
    let names = docs.map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"));
    let pages = names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    pages.chain(["README.md".to_owned()]).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The commands of each section of a page that has some, without the text after them.
fn sections(page: &str) -> Vec<(String, Vec<String>)> {
    let text = read(page);
    let sections = text.split("\n## ").map(|section| {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        let code = text.lines().filter_map(|line| line.strip_prefix("    "));
        let commands = code.map(|line| line.split("  #").next().unwrap_or_default().trim_end().to_owned());
        let is_ours = |command: &String| {
            ["mailslot ", "sudo mailslot "].iter().any(|start| command.starts_with(start))
                || command.contains("| mailslot ")
        };
        (heading.to_owned(), commands.filter(is_ours).collect::<Vec<_>>())
    });
    sections.filter(|(_, commands)| !commands.is_empty()).collect()
}

/// No section is forgotten: a new one must be run somewhere.
#[test]
fn every_command_of_the_pages_is_run_by_some_test() {
    let pages = pages();
    let is_alone = |page: &&String| !RUN_AS_A_WHOLE.iter().any(|(alone, _)| alone == page);
    let found: BTreeSet<(String, String)> = pages
        .iter()
        .filter(is_alone)
        .flat_map(|page| sections(page).into_iter().map(|(heading, _)| (page.clone(), heading)))
        .collect();
    let here = HERE.iter().copied();
    let run = here.chain(RUN_BY_SCRIPTS.iter().map(|(page, heading, _)| (*page, *heading)));
    assert_eq!(found, run.map(|(page, heading)| (page.to_owned(), heading.to_owned())).collect());
    for (page, heading, script) in RUN_BY_SCRIPTS {
        let script = read(script);
        assert!(script.contains(&format!("commands {page} \"{heading}\"")), "{page}: {heading}");
    }
    for (page, script) in RUN_AS_A_WHOLE {
        assert!(pages.contains(page) && read(script).contains(page), "{page}: {script}");
    }
}

/// Rust's first program of the guide is that of the library's README, which is compiled as one of its tests.
#[test]
fn the_first_program_is_a_test_of_the_library() {
    let (readme, guide) = (read("crates/mailslot/README.md"), read("docs/first-steps.md"));
    let programs = |text: &str| -> Vec<String> {
        let blocks = text.split("```rust,no_run\n").skip(1);
        blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
    };
    assert!(!programs(&guide).is_empty());
    assert_eq!(programs(&guide), programs(&readme));
}

/// The peer in Python on the page is the file that `tests/domains/foreign_peer.py` runs.
#[test]
fn the_page_shows_the_peer_as_it_is() {
    assert!(read("docs/peer.md").contains(&format!("```python\n{}```", read("docs/peer/open.py"))));
    assert!(read("tests/domains/foreign_peer.py").contains("docs/peer/open.py"));
}

/// A command in a shell, with all processes that it starts. Dropping it kills them.
struct Session(Child);

impl Session {
    fn start(machine: &Machine, directory: &Path, command: &str) -> Session {
        let commands = Path::new(env!("CARGO_BIN_EXE_mailslot")).parent().expect("a directory").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("bash");
        shell
            .args(["--noprofile", "--norc", "-c", command])
            .env("PATH", format!("{commands}:{}:{path}", directory.display()))
            .env("MAILSLOT_ROOT", machine.root())
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        Session(shell.spawn().expect("bash starts"))
    }

    /// The next line that it prints.
    fn line(&mut self) -> String {
        let mut line = String::new();
        // Only one line is read, so bytes read ahead are dropped.
        BufReader::new(self.0.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("readable");
        line.trim_end().to_owned()
    }
}

impl Session {
    /// Its whole output until its end.
    fn output(mut self) -> String {
        let mut text = String::new();
        self.0.stdout.take().expect("a pipe").read_to_string(&mut text).expect("UTF-8");
        text
    }

    fn end(&mut self) {
        // Fails if it has ended by itself.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end();
    }
}

/// A directory with the files that the commands need.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let stub = directory.path().join("notify-send");
    fs::write(&stub, "#!/bin/sh\nprintf 'notified: %s\\n' \"$1\"\n").expect("writable");
    fs::set_permissions(&stub, Permissions::from_mode(0o755)).expect("ours");
    fs::write(directory.path().join("app.log"), "one line of a log\n").expect("writable");
    let record = r#"{"time":"2026-01-31T12:00:00Z","slot":"alerts","data":"as it was"}"#;
    fs::write(directory.path().join("replayed.ndjson"), record).expect("writable");
    directory
}

#[test]
fn the_commands_of_the_pages_do_what_they_say() {
    let is_here = |page: &str, heading: &str| HERE.contains(&(page, heading));
    // A set, because the README and the first steps show some of the same commands.
    let commands: BTreeSet<String> = pages()
        .iter()
        .flat_map(|page| sections(page).into_iter().filter(|(heading, _)| is_here(page, heading)))
        .flat_map(|(_, commands)| commands)
        .collect();
    for command in commands {
        let (machine, directory) = (Machine::new(), directory());
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["mailslot", "listen", ..] => listens(&machine, directory.path(), &command),
            ["mailslot", "send", ..] => sends(&machine, directory.path(), &command),
            ["tail", ..] => tails(&machine, directory.path(), &command),
            ["mailslot", "record", .., slot, file] => records(&machine, directory.path(), &command, slot, file),
            ["mailslot", "replay", .., file] => {
                fs::rename(directory.path().join("replayed.ndjson"), directory.path().join(file)).expect("there");
                let listener = machine.listen(&["alerts", "--count", "1"]);
                assert!(Session::start(&machine, directory.path(), &command).0.wait().expect("it ends").success());
                assert_eq!(listener.finish().text(), "as it was\n");
            }
            ["mailslot", "tap", slot] => {
                let _owner = machine.listen(&[slot, "--taps"]);
                let mut session = Session::start(&machine, directory.path(), &command);
                // Repeats the message until the tap prints it.
                let line = std::thread::scope(|scope| {
                    let printed = scope.spawn(|| session.line());
                    while !printed.is_finished() {
                        machine.send(slot, &["looked on"]);
                    }
                    printed.join().expect("no panic")
                });
                assert_eq!(line, "looked on");
            }
            ["mailslot", "peek", ..] => {
                let (listener, gate) = machine.busy_listener("alerts");
                machine.send("alerts", &["1", "2", "3", "4", "5", "6"]);
                let done = Session::start(&machine, directory.path(), &command).output();
                assert_eq!(done, "1\n2\n3\n4\n5\n");
                fs::write(&gate, "go on\n").expect("writable");
                listener.finish().succeeded();
            }
            ["mailslot", "top"] => {
                let _listener = machine.listen(&["alerts"]);
                let mut terminal = Shell::start(&machine, "xterm-256color", &["bash", "--noprofile", "--norc", "-i"]);
                terminal.press("mailslot top\n");
                terminal.shows(|lines| lines.iter().any(|line| line.starts_with("alerts ")));
                terminal.press("q");
            }
            ["mailslot", "list" | "hz", ..] => {
                let _listener = machine.listen(&["alerts"]);
                let line = Session::start(&machine, directory.path(), &command).line();
                let expected = if command == "mailslot list" { "NAME" } else { "alerts" };
                assert!(line.contains(expected), "{command}: {line}");
            }
            _ => panic!("the test does not know how to run {command}"),
        }
    }
}

fn listens(machine: &Machine, directory: &Path, command: &str) {
    let mut session = Session::start(machine, directory, command);
    let slot = command.rsplit(' ').next().expect("a slot");
    machine.run(&["send", "--wait-for-slot", slot, "over pressure"]).succeeded();
    if command.contains("--count 10") {
        machine.run(&["send", slot, "2", "3", "4", "5", "6", "7", "8", "9", "10"]).succeeded();
    }
    let line = session.line();
    assert!(line.contains("over pressure"), "{command}: {line}");
    let is_as_asked = |option: &str, looks: bool| !command.contains(option) || looks;
    assert!(is_as_asked("notify-send", line == "notified: over pressure"), "{command}: {line}");
    assert!(is_as_asked("--json", serde_json::from_str::<Value>(&line).is_ok()), "{command}: {line}");
    assert!(is_as_asked("--time", line.starts_with("20")), "{command}: {line}");
    if command.contains("--count") {
        assert!(session.0.wait().expect("it ends").success(), "{command}");
    }
}

/// A listener with the same text options prints the message of `mailslot send OPTIONS SLOT MESSAGE`.
fn sends(machine: &Machine, directory: &Path, command: &str) {
    let words = shlex::split(command).expect("words");
    let [options @ .., slot, message] = &words[2..] else { panic!("{command}: no slot and message") };
    let listen = [&[slot.clone(), "--count".to_owned(), "1".to_owned()], options].concat();
    let listener = machine.listen(&listen);
    let _session = Session::start(machine, directory, command);
    assert_eq!(listener.finish().text(), format!("{message}\n"), "{command}");
}

fn tails(machine: &Machine, directory: &Path, command: &str) {
    let listener = machine.listen(&["logs", "--count", "1"]);
    let _session = Session::start(machine, directory, command);
    assert_eq!(listener.finish().text(), "one line of a log\n", "{command}");
}

/// Runs a recorder, with a reader of the slot if it taps.
fn records(machine: &Machine, directory: &Path, command: &str, slot: &str, file: &str) {
    let owner = command.contains("--tap").then(|| machine.listen(&[slot, "--taps"]));
    let mut session = Session::start(machine, directory, command);
    let recorded = |directory: &Path| {
        let files = fs::read_dir(directory).expect("readable").filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let (stem, _) = file.split_once('.').expect("a format");
        let ours = files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(stem)));
        ours.map(|path| fs::read_to_string(path).expect("readable")).collect::<String>()
    };
    while recorded(directory).is_empty() {
        machine.run(&["send", "--wait-for-slot", slot, "kept"]).succeeded();
    }
    session.end();
    let text = recorded(directory);
    assert!(
        text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok_and(|line| line["data"] == "kept")),
        "{text}"
    );
    drop(owner);
}
