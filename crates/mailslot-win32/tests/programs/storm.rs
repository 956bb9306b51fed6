//! Named objects whose processes are killed.

use std::os::unix::fs::PermissionsExt;

use libtest_mimic::{Failed, Trial};

use crate::run::Slots;
use crate::toolchain::{Build, Link};

const ROUNDS: &str = "200";

pub fn trials() -> Vec<Trial> {
    // Two known storms, and a new one. Each prints its seed.
    let seeds = [1, 2, std::process::id()];
    let names = ["one", "two", "new"];
    let trial = |(name, seed): (&str, u32)| {
        let name = format!("processes_that_are_killed_with_named_objects_hold_nobody_up_{name}");
        Trial::test(name, move || storm(seed))
    };
    names.into_iter().zip(seeds).map(trial).collect()
}

fn storm(seed: u32) -> Result<(), Failed> {
    let program = Build::c("c11", Link::Shared).with(&["-D_GNU_SOURCE"]).compile("kill_storm.c")?;
    let slots = Slots::new();
    // `MAILSLOT_STORM_SEED` repeats a storm.
    let seed = std::env::var("MAILSLOT_STORM_SEED").unwrap_or_else(|_| seed.to_string());
    let mut command = slots.command(&[], &program, &[&seed, ROUNDS]);
    command.env("STORM_FILE", slots.path().join("storm"));
    crate::run::Running::start(command)?.finish("")?;
    nothing_is_left(&slots)
}

/// Checks that nothing is left, and that other users could not have read it.
fn nothing_is_left(slots: &Slots) -> Result<(), Failed> {
    let own = format!("mailslot.{}", rustix::process::geteuid().as_raw());
    let objects = slots.path().join(own).join("objects");
    let mode = std::fs::metadata(&objects)?.permissions().mode() & 0o777;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&objects)? {
        names.push(entry?.file_name());
    }
    if mode != 0o700 || names != [".lock"] {
        return Err(format!("{mode:o} {names:?}").into());
    }
    Ok(())
}
