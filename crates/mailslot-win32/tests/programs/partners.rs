//! The command as a partner of programs for Win32, wide and narrow.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::run::{Running, Slots};
use crate::toolchain::{Build, Link, build};

/// The longest first: then the reader's buffer has remains behind the next message.
const TEXTS: [&str; 4] = ["Gr\u{f6}\u{df}e, \u{65e5}\u{672c} and \u{1f600}", "door 2 opened", "\u{e9}", ""];
/// The exit of a program that found no slot, for which it is started again.
const NO_SLOT: &str = "exit status: 3";
const TRIES: usize = 10_000;
const WIDE: &[&str] = &["-DUNICODE", "-D_UNICODE", "-fshort-wchar"];
const NARROW: &[&str] = &[];

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("the_command_sends_what_programs_print", sends),
        Trial::test("the_command_prints_what_programs_send", listens),
    ]
}

/// A program, the encoding of its text, and the number of a text's units in it.
type Kind = (Build, &'static str, fn(&str) -> usize);

fn kinds() -> [Kind; 3] {
    let wide: fn(&str) -> usize = |text| text.encode_utf16().count();
    [
        (Build::c("c11", Link::Shared).with(NARROW), "utf-8", str::len),
        (Build::c("gnu99", Link::Static).with(WIDE), "utf-16le", wide),
        (
            Build::cpp("c++17", Link::Shared).with(&["-x", "c++", "-DUNICODE", "-D_UNICODE", "-fshort-wchar"]),
            "utf-16le",
            wide,
        ),
    ]
}

fn sends() -> Result<(), Failed> {
    let command = build("mailslot-cli")?.join("mailslot");
    for (build, encoding, units) in kinds() {
        let program = build.compile("partner.c")?;
        let slots = Slots::new();
        let count = TEXTS.len().to_string();
        let mut reader = Running::start(slots.command(&[], &program, &["read", "partner", &count]))?;
        same(&reader.line()?, "ready")?;
        let options = ["send", "partner", "--encoding", encoding, "--nul", "--"];
        same(&slots.run(&[], &command, &[&options[..], &TEXTS].concat(), "")?, "")?;
        let printed: String = TEXTS.iter().map(|text| format!("{} units: {text}\n", units(text) + 1)).collect();
        same(&reader.finish("")?, &format!("ready\n{printed}"))?;
    }
    Ok(())
}

fn listens() -> Result<(), Failed> {
    let command = build("mailslot-cli")?.join("mailslot");
    for (build, encoding, _) in kinds() {
        let program = build.compile("partner.c")?;
        listen(&command, &program, encoding)
            .map_err(|error| format!("{build:?}: {}", error.message().unwrap_or_default()))?;
    }
    Ok(())
}

fn listen(command: &Path, program: &Path, encoding: &str) -> Result<(), Failed> {
    let slots = Slots::new();
    let count = TEXTS.len().to_string();
    let options = ["listen", "partner", "--encoding", encoding, "--nul", "--count", &count];
    let listener = Running::start(slots.command(&[], command, &options))?;
    let write = || slots.run(&[], program, &[&["write", "partner"][..], &TEXTS].concat(), "");
    // Refused until the slot exists.
    let not_yet = |written: &Result<String, String>| written.as_ref().is_err_and(|error| error.starts_with(NO_SLOT));
    let written = (0..TRIES).map(|_| write()).find(|written| !not_yet(written)).unwrap_or_else(write);
    same(&written?, "")?;
    let printed: String = TEXTS.iter().map(|text| format!("{text}\n")).collect();
    same(&listener.finish("")?, &printed)
}

fn same(found: &str, expected: &str) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nfound:\n{found}").into()) }
}
