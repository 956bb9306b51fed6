//! Programs with raised privileges ignore all variables by which their caller could choose which files they trust.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use mailslot_domain::Directory;

/// Set in a process that the test has started.
const PART: &str = "MAILSLOT_TEST_RAISED";
/// Every variable that decides where slots and domain files are.
const VARIABLES: [&str; 4] = ["MAILSLOT_ROOT", "MAILSLOT_DOMAINS", "XDG_CONFIG_HOME", "HOME"];
/// The program's owner, and the user who runs it. Both need not exist.
const OWNER: u32 = 5001;
const CALLER: u32 = 5002;

/// Prints the directories that it derives from its environment.
#[test]
fn plays_its_part() {
    if std::env::var_os(PART).is_none() {
        return;
    }
    println!("\nraised {}", mailslot::has_raised_privileges());
    println!("root {}", mailslot::root().map_or("none".into(), |path| path.display().to_string()));
    println!(
        "domains {}",
        Directory::in_use(mailslot::secure_env).map_or("none".into(), |found| found.path().display().to_string())
    );
    let read = VARIABLES.iter().filter(|name| mailslot::secure_env(name).is_some()).count();
    println!("read {read}");
}

/// The output of the copy of this program, with one variable set, run by a user who is not its owner.
fn says(program: &Path, variable: &str, value: &Path) -> String {
    let output = Command::new(program)
        .args(["--exact", "plays_its_part", "--nocapture", "--quiet"])
        .env_clear()
        .env(PART, "1")
        .env(variable, value)
        .current_dir("/")
        .uid(CALLER)
        .gid(CALLER)
        .output()
        .expect("it can be run");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn raised_privileges_make_every_variable_mean_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).expect("ours");
    let program = directory.path().join("program");
    fs::copy(std::env::current_exe().expect("known"), &program).expect("room");
    if chown(&program, Some(OWNER), Some(OWNER)).is_err() {
        // Only the superuser can give a program to another user.
        return;
    }
    let chosen = directory.path();
    let shown = chosen.display().to_string();
    // Set-user-ID, set-group-ID, both; and neither.
    for (mode, raised) in [(0o4755, true), (0o2755, true), (0o6755, true), (0o755, false)] {
        fs::set_permissions(&program, Permissions::from_mode(mode)).expect("root");
        for variable in VARIABLES {
            let said = says(&program, variable, chosen);
            let case = format!("{variable}, mode {mode:o}: {said}");
            assert!(said.contains(&format!("raised {raised}\n")), "{case}");
            assert_eq!(said.contains(&shown), !raised, "{case}");
            assert!(said.contains(&format!("read {}\n", u8::from(!raised))), "{case}");
        }
    }
}
