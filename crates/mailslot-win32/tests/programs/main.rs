//! C and C++ programs, compiled against the headers and run: old sources unchanged, and a program for each area of the
//! fact sheet that needs real handles and buffers.
#![forbid(unsafe_code)]

mod abi;
mod areas;
mod costs;
mod entry;
mod field;
mod guide;
mod headers;
mod install;
mod partners;
mod raised;
mod refusals;
mod run;
mod samples;
mod storm;
mod tapped;
mod toolchain;
mod wrappers;

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// The library, the version of its symbols, and the headers that declare all of them.
const LIBRARY: &str = "mailslot_win32";
const VERSION: &str = "MAILSLOT_WIN32_0";
const HEADERS: &[&str] = &[
    "windows.h",
    "tchar.h",
    "conio.h",
    "io.h",
    "process.h",
    "strsafe.h",
    "sddl.h",
    "aclapi.h",
    "tlhelp32.h",
    "mailslotapi.h",
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let _installed = toolchain::install().unwrap_or_else(|error| panic!("{error}"));
    // The compilers need a core each, and so do the programs that they make.
    arguments.test_threads.get_or_insert(2);
    let mut trials = samples::trials();
    trials.extend(areas::trials());
    trials.extend(headers::trials());
    trials.extend(entry::trials());
    trials.extend(field::trials());
    trials.extend(refusals::trials());
    trials.extend(abi::trials());
    trials.extend(install::trials());
    trials.extend(wrappers::trials());
    trials.extend(guide::trials());
    trials.extend(partners::trials());
    trials.extend(raised::trials());
    trials.extend(costs::trials());
    trials.extend(storm::trials());
    trials.extend(tapped::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
