//! The cost of a write and a read through C and through Rust, in instructions, which do not depend on load. Also for
//! `mailslot-c`.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::run::Slots;
use crate::toolchain::{Build, Link, build_example};

/// At most this many times the instructions of the Rust API.
const MOST: f64 = 1.3;
const PAIRS: [u32; 2] = [10_000, 20_000];
const RUNS: u32 = 3;
/// Functions that run every few tens of microseconds and not for every message: a writer checks that the owner lives, a
/// reader checks the door. Under valgrind they run for nearly every message, the more often the slower the machine is,
/// so they are not counted.
const BY_TIME: [&str; 2] = ["--toggle-collect=*ask_for_owner*", "--toggle-collect=*take_in*"];

pub fn trials() -> Vec<Trial> {
    // Without optimisation the figures are meaningless.
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

/// Instructions of one write and read of 64 bytes, in the best of several runs: freeing memory also depends on time,
/// though rarely.
fn instructions(program: &Path) -> Result<f64, Failed> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let [few, many] = PAIRS;
        best = best.min((collected(program, many)? - collected(program, few)?) / f64::from(many - few));
    }
    Ok(best)
}

/// Instructions of a program that writes and reads `pairs` times.
fn collected(program: &Path, pairs: u32) -> Result<f64, Failed> {
    let mut valgrind = vec!["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    valgrind.extend(BY_TIME);
    // With `--toggle-collect`, collecting is off at the start, and on in the functions; here it is the reverse.
    valgrind.push("--collect-atstart=yes");
    let output = Slots::new().command(&valgrind, program, &[&pairs.to_string(), "64"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    match said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, number)| number.trim().parse()) {
        Some(Ok(number)) if output.status.success() => Ok(number),
        _ => Err(format!("{program:?}: {}, {said}", output.status).into()),
    }
}
