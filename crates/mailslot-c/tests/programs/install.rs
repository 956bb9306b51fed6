//! What `install` puts into a prefix is what pkg-config needs.

use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::behaviour::prints;
use crate::toolchain::{Temporary, archive, crate_root};

const PROGRAM: &str = "#include <mailslot.h>\n#include <stdio.h>\n\
    int main(void) { mailslot_writer *writer; printf(\"%d\\n\", mailslot_open(NULL, &writer)); return 0; }\n";

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("pkg_config_finds_the_installed_library", pkg_config)]
}

/// Installed as a package is made, and then moved to a directory with a space in its name.
fn pkg_config() -> Result<(), Failed> {
    let directory = Temporary::new("pkg-config");
    let (stage, prefix) = (directory.join("stage"), directory.join("a prefix"));
    let mut install = Command::new(crate_root().join("install"));
    prints(install.arg("/usr").arg(archive()).env("DESTDIR", &stage), "")?;
    std::fs::rename(stage.join("usr"), &prefix)?;
    std::fs::write(directory.join("program.c"), PROGRAM)?;
    for link in ["", "--static"] {
        // pkg-config quotes what has a space for a shell.
        let script = format!("eval gcc program.c $(pkg-config --cflags --libs {link} mailslot) -o program");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(&*directory).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
        prints(&mut shell, "")?;
        prints(Command::new(directory.join("program")).env("LD_LIBRARY_PATH", prefix.join("lib")), "87\n")?;
    }
    Ok(())
}
