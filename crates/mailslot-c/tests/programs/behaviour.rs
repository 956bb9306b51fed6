//! Programs that check what the header promises: unmodified, under valgrind, and with the compiler's sanitizers.

use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::run::{Running, Slots, VALGRIND, VALGRIND_FORKING};
use crate::toolchain::{Build, Link};

const PROGRAMS: [&str; 10] =
    ["native", "sizes", "ending", "growing", "confirmed", "request", "access", "listing", "members", FORKING];
const FORKING: &str = "inherited";
const SANITIZERS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// How each program is built, and the command that runs it.
const WAYS: [(&str, Build, &[&str]); 4] = [
    ("hold", Build::c("c11", Link::Shared), &[]),
    ("hold_under_valgrind", Build::c("gnu89", Link::Static), VALGRIND),
    ("hold_with_sanitizers", Build::c("c99", Link::Shared).with(SANITIZERS), &[]),
    ("hold_in_cpp", Build::cpp("c++11", Link::Static).with(&["-x", "c++"]), &[]),
];

/// A user that writes to a slot for everybody. It need not exist.
const STRANGER: &str = "5003";

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for program in PROGRAMS {
        for (way, build, wrapper) in WAYS {
            let wrapper = if wrapper == VALGRIND && program == FORKING { VALGRIND_FORKING } else { wrapper };
            trials.push(Trial::test(format!("{program}_{way}"), move || passes(build, program, wrapper)));
        }
    }
    // Neither valgrind nor the sanitizers do with limited memory.
    let [(_, plain, _), ..] = WAYS;
    trials.push(Trial::test("a_read_needs_no_memory_but_its_buffer", move || passes(plain, "memory", &[])));
    trials.push(Trial::test("the_header_compiles_alone_and_twice_in_every_standard", header));
    trials.push(Trial::test("a_writer_of_this_user_is_told_and_not_attested", || origin(false)));
    // Only the superuser can become another user.
    let root = rustix::process::geteuid().is_root();
    trials.push(Trial::test("a_writer_of_another_user_is_attested", || origin(true)).with_ignored_flag(!root));
    trials
}

fn passes(build: Build, program: &str, wrapper: &[&str]) -> Result<(), Failed> {
    let program = build.compile(&format!("{program}.c"))?;
    Slots::new().run(wrapper, &program, &[], "")?;
    Ok(())
}

fn header() -> Result<(), Failed> {
    let source = "#include <mailslot.h>\n#include <mailslot.h>\n\
        mailslot_options options = MAILSLOT_OPTIONS_INIT;\nmailslot_info info = MAILSLOT_INFO_INIT;\n\
        mailslot_origin origin = MAILSLOT_ORIGIN_INIT;\n\
        mailslot_status status = MAILSLOT_STATUS_INIT;\nint main(void) { return 0; }\n";
    for standard in ["gnu89", "c99", "c11", "c17"] {
        Build::c(standard, Link::Shared).with(&["-Wpedantic", "-Wno-long-long"]).read_text(source)?;
    }
    for standard in ["c++98", "c++11", "c++17", "c++20"] {
        Build::cpp(standard, Link::Shared).read_text(source)?;
    }
    Ok(())
}

/// The reader prints the origin that it finds.
fn origin(stranger: bool) -> Result<(), Failed> {
    let program = Build::c("c11", Link::Static).compile("origin.c")?;
    let slots = Slots::new();
    // In a directory that the other user may enter; the directory of the tests may be closed to it.
    let copy = slots.path().join("origin");
    std::fs::copy(&*program, &copy)?;
    let mut reader = Running::start(slots.command(&[], &copy, &["read"]))?;
    let ready = reader.line()?;
    if ready != "ready" {
        return Err(ready.into());
    }
    let wrapper: &[&str] = match stranger {
        true => &["setpriv", "--reuid", STRANGER, "--regid", STRANGER, "--clear-groups"],
        false => &[],
    };
    let pid = slots.run(wrapper, &copy, &["write"], "")?;
    let uid = if stranger { STRANGER.to_owned() } else { rustix::process::geteuid().as_raw().to_string() };
    let expected = format!("ready\nkind 1 uid {uid} pid {} attested {}\n", pid.trim(), u8::from(stranger));
    let said = reader.finish("")?;
    if said == expected { Ok(()) } else { Err(format!("{said:?}, not {expected:?}").into()) }
}

/// A program that must have printed `expected`.
pub fn prints(command: &mut Command, expected: &str) -> Result<(), Failed> {
    let output = command.output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && printed == expected {
        return Ok(());
    }
    Err(format!("{command:?}: {}, {printed}{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
