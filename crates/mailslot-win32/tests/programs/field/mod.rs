//! Programs as they were written for Windows, one folder for each group that works together. A group has one script, and
//! two judges: Wine, which the sources built with MinGW run under (if `MAILSLOT_WINE` is set, as `tests/windows/run` does),
//! says that the script is right; the same sources built here in several ways must then follow it.

mod build;
mod scripts;
mod terminal;
mod text;

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Failed, Trial};

use self::build::{VARIANTS, Variant};
use self::scripts::{GROUPS, Group, Step};
use self::terminal::{Output, Terminal};
use crate::run::Slots;
use crate::toolchain::{Temporary, unique};

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for group in GROUPS {
        for variant in VARIANTS.iter().filter(|variant| variant.suits(group)) {
            trials.push(Trial::test(format!("{}_{}", group.folder, variant.name), || here(group, variant)));
        }
        for wide in [false, true] {
            let Some(wine) = std::env::var_os("MAILSLOT_WINE").filter(|_| group.wide || !wide) else { continue };
            let name = format!("{}_{}_under_wine", group.folder, if wide { "wide" } else { "narrow" });
            trials.push(Trial::test(name, move || under_wine(group, wide, Path::new(&wine))));
        }
    }
    trials
}

fn here(group: &Group, variant: &Variant) -> Result<(), Failed> {
    let directory = directory(group)?;
    variant.build(group, &directory)?;
    let slots = Slots::new();
    play(group, |program, arguments| {
        let mut command = slots.command(variant.wrapper, &directory.join(program), arguments);
        command.current_dir(&*directory);
        Terminal::start(command, Output::Terminal)
    })
}

/// One group after the other, in one directory: Wine's server opens the files, and sees what it saw when it started.
fn under_wine(group: &Group, wide: bool, wine: &Path) -> Result<(), Failed> {
    static ONE: Mutex<()> = Mutex::new(());
    // Another group has failed, and this one starts afresh.
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("under-wine");
    std::fs::create_dir_all(&directory)?;
    for old in std::fs::read_dir(&directory)? {
        std::fs::remove_file(old?.path())?;
    }
    build::for_windows(group, wide, &directory)?;
    play(group, |program, arguments| {
        let mut command = Command::new("timeout");
        command
            .args(["-k", "5", "60"])
            .arg(wine)
            .arg("run")
            .arg(directory.join(format!("{program}.exe")))
            .args(arguments)
            // Wine's console needs a library that is not in its own folders.
            .env("WINEPATH", r"Z:\usr\x86_64-w64-mingw32\lib")
            .env("XDG_RUNTIME_DIR", "/tmp");
        Terminal::start(command, Output::Pipe)
    })
}

fn directory(group: &Group) -> Result<Temporary, Failed> {
    let directory = Temporary::new(&format!("{}-{}", group.folder, unique()));
    std::fs::create_dir(&*directory)?;
    Ok(directory)
}

/// Follows a group's script.
fn play(group: &Group, start: impl Fn(&str, &[&str]) -> std::io::Result<Terminal>) -> Result<(), Failed> {
    let mut running: Vec<(&str, Terminal)> = Vec::new();
    for (number, step) in group.script.iter().enumerate() {
        let place =
            |name: &str| running.iter().position(|(other, _)| *other == name).expect("the script has started it");
        let result = match *step {
            Step::Start(name, program, arguments) => start(program, arguments)
                .map(|terminal| running.push((name, terminal)))
                .map_err(|error| error.to_string()),
            Step::Shows(name, text) => {
                let place = place(name);
                running[place].1.shows(text)
            }
            Step::Types(name, keys) => {
                let place = place(name);
                running[place].1.type_keys(keys)
            }
            Step::Closes(name) => {
                let place = place(name);
                running.swap_remove(place).1.ends(None)
            }
            Step::Ends(name, status) => {
                let place = place(name);
                running.swap_remove(place).1.ends(Some(status))
            }
        };
        result.map_err(|error| format!("step {number}, {step:?}:\n{error}"))?;
    }
    assert!(running.is_empty(), "the script of {} leaves nobody running", group.folder);
    Ok(())
}
