//! The commands that README.md shows for one machine, run as they stand there. That all others are accepted, which need networks,
//! is looked at by a test of the command line itself.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::machine::Machine;

const SECTION: &str = "\n## Two minutes in a shell\n";

/// The commands of the section, without what stands behind them.
fn commands() -> Vec<String> {
    let readme = include_str!("../../../../README.md");
    let (_, section) = readme.split_once(SECTION).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let code = section.lines().filter_map(|line| line.strip_prefix("    "));
    let commands = code.map(|line| line.split("  #").next().unwrap_or_default().trim_end().to_owned());
    commands.filter(|command| command.starts_with("mailslot ") || command.contains("| mailslot ")).collect()
}

/// A command in a shell, with all that it starts. It does not outlive its `Session`.
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
        // Only one line is wanted, so what is read ahead is nobody's.
        BufReader::new(self.0.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("readable");
        line.trim_end().to_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let commands = commands();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let machine = Machine::new();
        let directory = tempfile::tempdir().expect("a directory");
        let stub = directory.path().join("notify-send");
        fs::write(&stub, "#!/bin/sh\nprintf 'notified: %s\\n' \"$1\"\n").expect("writable");
        fs::set_permissions(&stub, Permissions::from_mode(0o755)).expect("ours");
        fs::write(directory.path().join("app.log"), "one line of a log\n").expect("writable");
        let start = || Session::start(&machine, directory.path(), &command);
        if let Some(arguments) = command.strip_prefix("mailslot listen ") {
            let mut session = start();
            let slot = arguments.rsplit(' ').next().expect("a slot");
            machine.run(&["send", "--wait-for-slot", slot, "over pressure"]).succeeded();
            if arguments.contains("--count 10") {
                machine.run(&["send", slot, "2", "3", "4", "5", "6", "7", "8", "9", "10"]).succeeded();
            }
            let line = session.line();
            assert!(line.contains("over pressure"), "{command}: {line}");
            let is_as_asked = |option: &str, looks: bool| !arguments.contains(option) || looks;
            assert!(is_as_asked("notify-send", line == "notified: over pressure"), "{command}: {line}");
            assert!(is_as_asked("--json", serde_json::from_str::<Value>(&line).is_ok()), "{command}: {line}");
            assert!(is_as_asked("--time", line.starts_with("20")), "{command}: {line}");
            if arguments.contains("--count") {
                assert!(session.0.wait().expect("it ends").success(), "{command}");
            }
        } else if command.contains("mailslot send ") {
            let listener = machine.listen(&["alerts", "logs", "--count", "1"]);
            let _session = start();
            let heard = listener.finish().text();
            let expected = if command.contains("app.log") {
                "logs: one line of a log\n"
            } else {
                "alerts: boiler 3: over pressure\n"
            };
            assert_eq!(heard, expected, "{command}");
        } else {
            assert_eq!(command, "mailslot list", "the test does not know how to run it");
            let _listener = machine.listen(&["alerts"]);
            assert!(start().line().starts_with("NAME"));
        }
    }
}
