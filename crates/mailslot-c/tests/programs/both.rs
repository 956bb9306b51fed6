//! Both libraries in one process.

use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::run::{Slots, VALGRIND_FORKING};
use crate::toolchain::{Temporary, build, crate_root, libraries, unique};

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("both_libraries_work_in_one_process", both)]
}

fn both() -> Result<(), Failed> {
    let prefix = win32()?;
    let program = Temporary::new(&format!("both-{}", unique()));
    // In either link order, neither library binds to the other's functions.
    for order in [["-lmailslot", "-lmailslot_win32"], ["-lmailslot_win32", "-lmailslot"]] {
        let mut gcc = Command::new("gcc");
        gcc.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-o"]).arg(&*program);
        gcc.arg(crate_root().join("tests/programs/both.c")).arg("-I").arg(crate_root().join("include"));
        gcc.arg("-I").arg(prefix.join("include/mailslot-win32"));
        for directory in [libraries(), prefix.join("lib")] {
            gcc.arg("-L").arg(&directory).arg(format!("-Wl,-rpath,{}", directory.display()));
        }
        succeeds(gcc.args(order))?;
        for wrapper in [&[][..], VALGRIND_FORKING] {
            Slots::new().run(wrapper, &program, &[], "")?;
        }
    }
    Ok(())
}

/// A prefix with the other library, which cargo need not have built for these tests.
fn win32() -> Result<Temporary, Failed> {
    let archive = build("mailslot-win32")?;
    let prefix = Temporary::new(&format!("win32-{}", unique()));
    succeeds(Command::new(crate_root().join("../mailslot-win32/install")).arg(&*prefix).arg(archive))?;
    Ok(prefix)
}

fn succeeds(command: &mut Command) -> Result<(), Failed> {
    let output = command.output()?;
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {output:?}").into()) }
}
