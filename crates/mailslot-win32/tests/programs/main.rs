//! C and C++ programs, compiled against the headers and run: old sources unchanged, and a program for each area of the
//! fact sheet that only real handles and buffers can show.
#![forbid(unsafe_code)]

mod areas;
mod entry;
mod field;
mod headers;
mod install;
mod raised;
mod refusals;
mod run;
mod samples;
mod symbols;
mod toolchain;
mod wrappers;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The compilers need a core each, and so do the programs that they make.
    arguments.test_threads.get_or_insert(2);
    let mut trials = samples::trials();
    trials.extend(areas::trials());
    trials.extend(headers::trials());
    trials.extend(entry::trials());
    trials.extend(field::trials());
    trials.extend(refusals::trials());
    trials.extend(symbols::trials());
    trials.extend(install::trials());
    trials.extend(wrappers::trials());
    trials.extend(raised::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
