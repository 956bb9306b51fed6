//! What a write and a read cost, in instructions, which a busy machine does not change: through C and through Rust.
//! Also for `mailslot-c`.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::run::Slots;
use crate::toolchain::{Build, Link, build_example};

/// At most this many times the instructions of the Rust API.
const MOST: f64 = 1.3;
const PAIRS: [u32; 2] = [10_000, 20_000];
const RUNS: u32 = 3;
/// What is done once in some tens of microseconds and not once a message: a writer looks whether the owner lives, a reader looks at
/// the door. Under valgrind that is nearly every message, more often the slower the machine is, so it is not counted.
const BY_TIME: [&str; 2] = ["--toggle-collect=*ask_for_owner*", "--toggle-collect=*take_in*"];

pub fn trials() -> Vec<Trial> {
    // Without optimisation the figures mean nothing.
    if cfg!(debug_assertions) {
        return Vec::new();
    }
    vec![Trial::test("a_write_and_a_read_cost_little_more_than_in_rust", pair)]
}

fn pair() -> Result<(), Failed> {
    let rust = instructions(&build_example("mailslot-win32", "pair")?)?;
    let mut most: f64 = 0.0;
    for link in [Link::Static, Link::Shared] {
        let c = instructions(&Build::c("c11", link).with(&["-O2"]).compile("pair.c")?)?;
        println!("{link:?}: {c:.0} instructions, in Rust {rust:.0}: {:.2} times as many", c / rust);
        most = most.max(c / rust);
    }
    if most <= MOST { Ok(()) } else { Err(format!("{most:.2} times as many as in Rust").into()) }
}

/// Of one write and read of 64 bytes, in the best of some runs: giving memory back goes by time as well, though seldom.
fn instructions(program: &Path) -> Result<f64, Failed> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let [few, many] = PAIRS;
        best = best.min((collected(program, many)? - collected(program, few)?) / f64::from(many - few));
    }
    Ok(best)
}

/// Instructions of a program that writes and reads so often.
fn collected(program: &Path, pairs: u32) -> Result<f64, Failed> {
    let mut valgrind = vec!["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    valgrind.extend(BY_TIME);
    // Each of these functions has it off at first, to be switched on there; here it is the other way round.
    valgrind.push("--collect-atstart=yes");
    let output = Slots::new().command(&valgrind, program, &[&pairs.to_string(), "64"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    match said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, number)| number.trim().parse()) {
        Some(Ok(number)) if output.status.success() => Ok(number),
        _ => Err(format!("{program:?}: {}, {said}", output.status).into()),
    }
}
