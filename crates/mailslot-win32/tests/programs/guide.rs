//! Runs the commands of the guide's page about old sources, and compares their output with the page.

use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::install::{Installed, output};
use crate::run::Slots;
use crate::toolchain::crate_root;

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("the_commands_of_the_guide_do_what_it_says", commands)]
}

/// A line `$ COMMAND` of a block is a command in the folder of the example; the lines below it, if any, are its whole
/// output. On the page, the library is in /usr/local.
fn commands() -> Result<(), Failed> {
    let installed = Installed::plain("guide")?;
    let prefix = installed.prefix().to_str().ok_or("a prefix in UTF-8")?;
    let folder = installed.prefix().join("my sources");
    output(Command::new("cp").arg("-r").arg(crate_root().join("example")).arg(&folder))?;
    let page = std::fs::read_to_string(crate_root().join("../../docs/porting.md"))?;
    let blocks: Vec<&str> = page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let mut count = 0;
    for step in blocks.iter().flat_map(|block| block.split("$ ").skip(1)) {
        let (command, expected) = step.split_once('\n').ok_or("a command without an end")?;
        let slots = Slots::new();
        let mut shell = slots.command(&[], "bash".as_ref(), &["-c", &command.replace("/usr/local", prefix)]);
        let path = format!("{prefix}/bin:{}", std::env::var("PATH")?);
        shell.current_dir(&folder).env("PATH", path).env_remove("CC").env_remove("CXX");
        shell.env("PKG_CONFIG_PATH", format!("{prefix}/lib/pkgconfig")).env("LD_LIBRARY_PATH", format!("{prefix}/lib"));
        let printed = output(&mut shell)?;
        if !expected.is_empty() && printed != expected {
            return Err(format!("{command} printed {printed:?}, not {expected:?}").into());
        }
        count += 1;
    }
    if count == 0 { Err("the page has no commands".into()) } else { Ok(()) }
}
