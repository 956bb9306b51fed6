//! C programs, compiled against `mailslot.h` and run.
#![forbid(unsafe_code)]

// Shared with the other C library: building and running programs, the ABI, the cost of calls, and taps.
#[path = "../../../mailslot-win32/tests/programs/abi.rs"]
mod abi;
mod behaviour;
mod both;
#[path = "../../../mailslot-win32/tests/programs/costs.rs"]
mod costs;
mod install;
mod layouts;
#[path = "../../../mailslot-win32/tests/programs/run.rs"]
#[allow(dead_code, reason = "some of it is for the programs of the other library")]
mod run;
#[path = "../../../mailslot-win32/tests/programs/tapped.rs"]
mod tapped;
#[path = "../../../mailslot-win32/tests/programs/toolchain.rs"]
#[allow(dead_code, reason = "some of it is for the programs of the other library")]
mod toolchain;

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// The library, the version of its symbols, and the headers that declare all of them.
const LIBRARY: &str = "mailslot";
const VERSION: &str = "MAILSLOT_0";
const HEADERS: &[&str] = &["mailslot.h"];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let _installed = toolchain::install().unwrap_or_else(|error| panic!("{error}"));
    // The compilers need a core each, and so do the programs that they make.
    arguments.test_threads.get_or_insert(2);
    let mut trials = behaviour::trials();
    trials.extend(abi::trials());
    trials.extend(layouts::trials());
    trials.extend(both::trials());
    trials.extend(install::trials());
    trials.extend(costs::trials());
    trials.extend(tapped::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
