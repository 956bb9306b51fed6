//! The output of the programs in `examples/`.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The expected output of each program.
const PRINTED: &[(&str, &str)] = &[
    ("async_io", "the last of 1000 messages is [231, 3, 0, 0]\n"),
    ("in_place", "the sum of all samples is 81100800\n"),
    ("inherit", "the child reads: from before\nthe child ended with exit status: 0; the slot is closed: true\n"),
    ("iterator", "door 1 opened\ndoor 2 opened\ndoor 1 closed\n2 left over\n"),
    ("many_producers", "[10000, 10000, 10000, 10000, 10000, 10000, 10000, 10000]\n"),
    ("origin", "we say hello\n"),
    ("pass_over_socket", "the other process reads: from before\nthe other process ended with exit status: 0\n"),
    ("poll_loop", "3 messages\n"),
    ("request_reply", "1 + 2 = 3\n20 + 22 = 42\n"),
    ("status", "may be written to by: everyone\n2 messages, the next one of 5 bytes\nlisted: true\n"),
    ("tap", "the reader lost 969 messages, and goes on with number Some(969)\nthe tap saw or missed 1000\n"),
    ("tokio_service", "400000 bytes\n"),
];

#[cfg(target_os = "linux")]
#[test]
fn examples_print_what_they_should() {
    let built = build();
    for (name, printed) in PRINTED {
        let output = Command::new("timeout").args(["-k", "5", "100"]).arg(built.join(name)).output().unwrap();
        let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {}\n{said}{complaints}", output.status);
        assert_eq!((said.as_ref(), complaints.as_ref()), (*printed, ""), "{name}");
    }
}

#[test]
fn each_example_is_run() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<_> = examples.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let found: Vec<_> = found.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(found, PRINTED.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// The tour in the README lists all of them.
#[test]
fn each_example_is_in_the_readme() {
    let readme = include_str!("../README.md");
    for (name, _) in PRINTED {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

/// The directory of the examples, built like this test: with the features that both need.
#[cfg(target_os = "linux")]
fn build() -> PathBuf {
    let features = if cfg!(feature = "serde") { "tokio,serde" } else { "tokio" };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--examples", "--features", features]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
    // This test is in `deps`, next to it.
    std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples")
}
