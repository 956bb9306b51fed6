//! What `install` puts into a prefix is what pkg-config and CMake need.

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::run::Slots;
use crate::toolchain::{Temporary, crate_root, libraries};

const PRINTED: &str = "6 bytes: hello\n";

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("pkg_config_finds_the_installed_library", pkg_config),
        Trial::test("headers_are_found_in_any_case", spellings),
        Trial::test("the_cmake_example_builds_and_runs", cmake),
    ]
}

fn pkg_config() -> Result<(), Failed> {
    let prefix = installed("pkg-config")?;
    for link in [&[][..], &["--static"]] {
        let flags = output(pkg_config_path(&mut Command::new("pkg-config"), &prefix).args(link).args([
            "--cflags",
            "--libs",
            "mailslot-win32",
        ]))?;
        let program = prefix.join("program");
        output(
            Command::new("gcc")
                .arg(crate_root().join("example/example.c"))
                .args(["-fshort-wchar", "-o"])
                .arg(&program)
                .args(flags.split_whitespace())
                .arg(format!("-Wl,-rpath,{}", prefix.join("lib").display())),
        )?;
        expect(&Slots::new().run(&[], &program, &[], "")?)?;
    }
    Ok(())
}

fn spellings() -> Result<(), Failed> {
    let prefix = installed("spellings")?;
    let include = prefix.join("include/mailslot-win32");
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
    let file = prefix.join("spellings.cpp");
    std::fs::write(&file, source)?;
    output(Command::new("g++").arg("-fsyntax-only").arg("-I").arg(include).arg(file))?;
    Ok(())
}

fn cmake() -> Result<(), Failed> {
    let prefix = installed("cmake")?;
    let build = prefix.join("build");
    let configure = &mut Command::new("cmake");
    configure.arg("-S").arg(crate_root().join("example")).arg("-B").arg(&build);
    output(pkg_config_path(configure, &prefix))?;
    output(Command::new("cmake").arg("--build").arg(&build))?;
    expect(&Slots::new().run(&[], &build.join("example"), &[], "")?)
}

/// A fresh prefix with everything installed.
fn installed(name: &str) -> Result<Temporary, Failed> {
    let prefix = Temporary::new(name);
    output(Command::new(crate_root().join("install")).arg(&*prefix).arg(libraries()))?;
    Ok(prefix)
}

fn pkg_config_path<'a>(command: &'a mut Command, prefix: &Path) -> &'a mut Command {
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
}

fn expect(printed: &str) -> Result<(), Failed> {
    if printed == PRINTED { Ok(()) } else { Err(format!("printed {printed:?}").into()) }
}

fn output(command: &mut Command) -> Result<String, Failed> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let complaints = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}\n{complaints}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
