//! Sessions in a shell, as a user sees them: every command of `tests/transcripts`, what it prints, and how it ends.
//!
//! A transcript is a script: one bash runs the lines that begin with `$ `, in a separate directory and on a separate
//! machine, and their output must be as below them. `SNAPSHOTS=overwrite` writes the output again. Text that differs
//! from run to run is masked: `0000-00-00T00:00:00.000000Z`, `"pid":..`. A background job may print only while its
//! shell waits for it, in the same line as the cause of the output, so that the order is certain.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use snapbox::{Assert, Data};

use crate::machine::Machine;

/// Runs a transcript, and compares.
fn replay(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name).with_extension("txt");
    let expected = fs::read_to_string(&file).expect("readable");
    let commands = expected.lines().filter_map(|line| line.strip_prefix("$ "));
    // `eval`, so that an invalid command is reported at its place, and so that this shell can wait for the jobs that it
    // starts.
    let steps = commands.map(|command| {
        let quoted = format!("'{}'", command.replace('\'', r"'\''"));
        format!("printf '%s\\n' '$ '{quoted}; eval {quoted}; status=$?; [ $status = 0 ] || echo \"[status $status]\"\n")
    });
    let script: String = steps.collect();
    let machine = Machine::new();
    let directory = tempfile::tempdir().expect("a directory");
    let commands = Path::new(env!("CARGO_BIN_EXE_mailslot")).parent().expect("a directory").display();
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-c", &format!("exec 2>&1\n{script}")])
        .env("PATH", format!("{commands}:{}", std::env::var("PATH").unwrap_or_default()))
        .env("MAILSLOT_ROOT", machine.root())
        .env("MAILSLOT_CONFIG", "")
        .env("MAILSLOT_DOMAINS", directory.path().join("domains"))
        .env("COLUMNS", "80")
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    let shown = masked(&shown.replace(&directory.path().display().to_string(), "/here"));
    Assert::new().action_env("SNAPSHOTS").eq(shown, Data::read_from(&file, None).raw());
}

/// Masks what differs from run to run: times of messages, and the numbers and names of processes, users and creations.
fn masked(shown: &str) -> String {
    let mut text = shown.to_owned();
    for (label, ends) in [
        ("\"pid\":", ",}"),
        ("\"uid\":", ",}"),
        ("\"gid\":", ",}"),
        ("\"owner\":\"", "\""),
        ("\"computer\":\"", "\""),
        ("\"created_unix_ms\":", ",}"),
    ] {
        let mut rest = std::mem::take(&mut text);
        while let Some(at) = rest.find(label) {
            let (before, value) = rest.split_at(at + label.len());
            text += before;
            text += "..";
            rest = value[value.find(|c| ends.contains(c)).unwrap_or(value.len())..].to_owned();
        }
        text += &rest;
    }
    let pattern = "0000-00-00T00:00:00.000000Z";
    let is_time = |at: &usize| {
        let like = |(c, pattern): (char, char)| if pattern == '0' { c.is_ascii_digit() } else { c == pattern };
        text.get(*at..*at + pattern.len()).is_some_and(|time| time.chars().zip(pattern.chars()).all(like))
    };
    let times: Vec<usize> = (0..text.len()).filter(is_time).collect();
    for at in times {
        text.replace_range(at..at + pattern.len(), pattern);
    }
    text
}

#[test]
fn times_and_numbers_are_masked_and_nothing_else() {
    assert_eq!(
        masked(r#"2026-11-29T22:16:05.123456Z é {"pid":17,"uid":0} 2026-11-29 {"owner":"root","size":17}"#),
        r#"0000-00-00T00:00:00.000000Z é {"pid":..,"uid":..} 2026-11-29 {"owner":"..","size":17}"#
    );
}

/// One test for each file, so that each has a name.
macro_rules! transcripts {
    ($($(#[$condition:meta])? $name:ident),* $(,)?) => {
        $($(#[$condition])?
        #[test]
        fn $name() {
            replay(stringify!($name));
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

transcripts!(
    #[cfg(feature = "node")]
    bench_and_demo,
    completions,
    domain,
    info,
    list,
    listen,
    members,
    metrics,
    network,
    peek,
    record,
    request,
    send,
    tap,
    watch,
);

#[test]
fn every_transcript_is_replayed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let files = fs::read_dir(directory).expect("readable").map(|entry| entry.expect("readable").path());
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort_unstable();
    assert_eq!(names, NAMES);
}

#[test]
fn every_command_is_in_a_transcript() {
    let help = Machine::new().run(&["--help"]).text();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = listed
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !["", "help"].contains(name))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let read = |name: &&str| fs::read_to_string(directory.join(name).with_extension("txt")).expect("readable");
    let transcripts: String = NAMES.iter().map(read).collect();
    for name in names {
        assert!(transcripts.contains(&format!("mailslot {name}")), "{name}");
    }
}
