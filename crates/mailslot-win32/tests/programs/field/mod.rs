//! Programs in the style of Windows, one folder for each group that works together. Each group has one script. Wine,
//! under which the sources built with MinGW run (if `MAILSLOT_WINE` is set, as by `tests/windows/run`), validates the
//! script; the same sources built here in several ways must then follow it.

mod build;
mod scripts;
mod terminal;
mod text;
mod wine;

use std::io;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

use self::build::Variant;
use self::scripts::{GROUPS, Group, Step};
use self::terminal::{Output, Terminal};
use self::wine::Wine;
use crate::run::Slots;
use crate::toolchain::{Temporary, unique};

/// The system that runs the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Here,
    Wine,
}

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for group in GROUPS {
        for variant in Variant::all().into_iter().filter(|variant| variant.suits(group)) {
            let name = format!("field_{}_{}", group.folder, variant.name);
            trials.push(Trial::test(name, move || here(group, &variant)));
        }
        for wide in [false, true] {
            let Some(wine) = std::env::var_os("MAILSLOT_WINE").filter(|_| group.wide || !wide) else { continue };
            let name = format!("field_{}_{}_under_wine", group.folder, if wide { "wide" } else { "narrow" });
            trials.push(Trial::test(name, move || under_wine(group, wide, Path::new(&wine))));
        }
    }
    trials
}

fn here(group: &Group, variant: &Variant) -> Result<(), Failed> {
    let directory = Temporary::new(&format!("{}-{}", group.folder, unique()));
    std::fs::create_dir(&*directory)?;
    variant.build(group, &directory)?;
    let slots = Slots::new();
    play(group, System::Here, |program, arguments| {
        let mut command = slots.command(&variant.wrapper, &directory.join(program), arguments);
        command.current_dir(&*directory);
        Terminal::start(command, Output::Terminal)
    })
    .map_err(|error| format!("{}\n{}", error.message().unwrap_or_default(), logs(&directory)).into())
}

/// The logs of a wrapper.
fn logs(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let logs = entries.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.filter_map(|log| std::fs::read_to_string(log).ok()).collect()
}

fn under_wine(group: &Group, wide: bool, script: &Path) -> Result<(), Failed> {
    Wine::with(script, group, wide, |wine| {
        play(group, System::Wine, |program, arguments| wine.start(program, arguments))
    })?
}

/// Follows a group's script.
fn play(group: &Group, system: System, start: impl Fn(&str, &[&str]) -> io::Result<Terminal>) -> Result<(), Failed> {
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
                running.swap_remove(place).1.ends((system == System::Here).then_some(0))
            }
            Step::NotUnderWine if system == System::Wine => return Ok(()),
            Step::NotUnderWine => Ok(()),
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
