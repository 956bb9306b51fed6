//! `install` puts into a prefix what pkg-config and CMake need.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::run::Slots;
use crate::toolchain::{Temporary, archive, crate_root};

/// The output of the example.
pub const PRINTED: &str = "6 bytes: hello\n";

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("pkg_config_finds_the_installed_library", pkg_config),
        Trial::test("headers_are_found_in_any_case", spellings),
        Trial::test("the_cmake_example_builds_and_runs", cmake),
        Trial::test("the_wrappers_have_a_page_with_all_their_options_which_mandoc_accepts", manual),
    ]
}

fn pkg_config() -> Result<(), Failed> {
    let installed = Installed::plain("pkg-config")?;
    for link in [&[][..], &["--static"]] {
        let mut command = Command::new("pkg-config");
        let flags =
            output(installed.pkg_config_path(&mut command).args(link).args(["--cflags", "--libs", "mailslot-win32"]))?;
        let program = installed.prefix().join("program");
        output(
            Command::new("gcc")
                .arg(crate_root().join("example/example.c"))
                .args(["-fshort-wchar", "-o"])
                .arg(&program)
                .args(flags.split_whitespace())
                .arg(format!("-Wl,-rpath,{}", installed.prefix().join("lib").display())),
        )?;
        expect(&Slots::new().run(&[], &program, &[], "")?)?;
    }
    Ok(())
}

fn spellings() -> Result<(), Failed> {
    let installed = Installed::plain("spellings")?;
    let include = installed.prefix().join("include/mailslot-win32");
    let mut source = String::from("#include <SDKDDKVer.h>\n#include <winBase.h>\n#include <WinSock.H>\n");
    let mut count = 0;
    for header in crate::headers::all()? {
        let capital = header[..1].to_uppercase() + &header[1..];
        for spelling in [header.to_uppercase(), capital, header.replace(".h", ".H"), header.clone()] {
            source.push_str(&format!("#include <{spelling}>\n"));
            count += 1;
        }
    }
    if count < 17 * 4 {
        return Err(format!("only {count} spellings").into());
    }
    let file = installed.prefix().join("spellings.cpp");
    std::fs::write(&file, source)?;
    output(Command::new("g++").arg("-fsyntax-only").arg("-I").arg(include).arg(file))?;
    Ok(())
}

fn cmake() -> Result<(), Failed> {
    let installed = Installed::plain("cmake")?;
    let build = installed.prefix().join("build");
    let configure = &mut Command::new("cmake");
    configure.arg("-S").arg(crate_root().join("example")).arg("-B").arg(&build);
    output(installed.pkg_config_path(configure))?;
    output(Command::new("cmake").arg("--build").arg(&build))?;
    expect(&Slots::new().run(&[], &build.join("example"), &[], "")?)
}

fn manual() -> Result<(), Failed> {
    let installed = Installed::plain("manual")?;
    let script = std::fs::read_to_string(crate_root().join("toolchain/mailslot-win32-cc"))?;
    // A case of the script is `--option)`, `--option=VALUE)` or several of them.
    let cases = script.lines().filter_map(|line| line.trim_start().split_once(')')).map(|(patterns, _)| patterns);
    let options = cases.flat_map(|patterns| patterns.split(" | ")).filter_map(|pattern| pattern.strip_prefix("--"));
    let taken: BTreeSet<&str> = options.map(|option| option.split('=').next().unwrap_or_default()).collect();
    // An option of the compiler, which is only passed on.
    let own: BTreeSet<&str> = taken.into_iter().filter(|option| *option != "param").collect();
    for name in ["mailslot-win32-cc", "mailslot-win32-c++"] {
        let page = installed.prefix().join(format!("share/man/man1/{name}.1"));
        let text = std::fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        let told: BTreeSet<&str> =
            text.lines().filter_map(|line| line.strip_prefix(".It Fl \\-")?.split(' ').next()).collect();
        if told != own {
            return Err(format!("{name} takes {own:?}, its page has {told:?}").into());
        }
        let mut lint = Command::new("mandoc");
        let said = output(lint.args(["-T", "lint", "-W", "warning"]).arg(&page))?;
        if !said.is_empty() {
            return Err(said.into());
        }
    }
    Ok(())
}

/// A new prefix with everything installed, removed when this is dropped.
pub struct Installed {
    prefix: PathBuf,
    _directory: Temporary,
}

impl Installed {
    pub fn plain(name: &str) -> Result<Installed, Failed> {
        let directory = Temporary::new(name);
        output(Command::new(crate_root().join("install")).arg(&*directory).arg(archive()))?;
        Ok(Installed { prefix: directory.to_owned(), _directory: directory })
    }

    /// Installed as for a package, below another directory, and then moved to its place, whose name has a space.
    pub fn staged(name: &str) -> Result<Installed, Failed> {
        let directory = Temporary::new(name);
        let stage = directory.join("a stage");
        let install = &mut Command::new(crate_root().join("install"));
        output(install.arg("/opt/old programs").arg(archive()).env("DESTDIR", &stage))?;
        let prefix = directory.join("a prefix");
        std::fs::rename(stage.join("opt/old programs"), &prefix)?;
        Ok(Installed { prefix, _directory: directory })
    }

    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Lets a command find the installed pkg-config files.
    pub fn pkg_config_path<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"))
    }
}

fn expect(printed: &str) -> Result<(), Failed> {
    if printed == PRINTED { Ok(()) } else { Err(format!("printed {printed:?}").into()) }
}

/// The output of a command, which must succeed.
pub fn output(command: &mut Command) -> Result<String, Failed> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let complaints = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}\n{complaints}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
