//! Slots of C programs may be tapped only if the environment allows it.

use libtest_mimic::{Failed, Trial};

use crate::run::{Running, Slots};
use crate::toolchain::{Build, Link, build_example};

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("a_slot_is_tapped_if_the_environment_says_so", tapped)]
}

fn tapped() -> Result<(), Failed> {
    let program = Build::c("c11", Link::Static).compile("tapped.c")?;
    let tap = build_example("mailslot-win32", "tap")?;
    let cases: [(Option<&str>, bool); 5] =
        [(None, false), (Some("allow"), true), (Some(""), false), (Some("refuse"), false), (Some("ALLOW"), false)];
    // A library with options is tested with and without them.
    let ways: [&[&str]; 2] = [&[], &["options"]];
    for ((variable, allowed), arguments) in cases.into_iter().flat_map(|case| ways.map(|way| (case, way))) {
        let slots = Slots::new();
        let mut command = slots.command(&[], &program, arguments);
        match variable {
            Some(value) => command.env("MAILSLOT_TAPS", value),
            None => command.env_remove("MAILSLOT_TAPS"),
        };
        let mut owner = Running::start(command)?;
        expect(&owner.line()?, "ready")?;
        let mut tap = Running::start(slots.command(&[], &tap, &["tapped"]))?;
        let first = tap.line()?;
        if (first == "looks on") != allowed {
            return Err(format!("MAILSLOT_TAPS={variable:?}: {first}").into());
        }
        // It writes this, and ends.
        owner.finish("one\ntwo\n")?;
        let rest = if allowed { "\none\ntwo\n" } else { "\n" };
        expect(&tap.finish("")?, &(first + rest))?;
    }
    Ok(())
}

fn expect(said: &str, expected: &str) -> Result<(), Failed> {
    if said == expected { Ok(()) } else { Err(format!("{said:?}, not {expected:?}").into()) }
}
