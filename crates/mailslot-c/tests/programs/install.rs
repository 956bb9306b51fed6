//! `install` puts into a prefix what pkg-config, CMake and man need.

use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::behaviour::prints;
use crate::toolchain::{Temporary, archive, crate_root};

const PROGRAM: &str = "#include <mailslot.h>\n#include <stdio.h>\n\
    int main(void) { mailslot_writer *writer; printf(\"%d\\n\", mailslot_open(NULL, &writer)); return 0; }\n";

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("pkg_config_finds_the_installed_library", pkg_config),
        Trial::test("cmake_finds_the_installed_library", cmake),
        Trial::test("every_function_has_its_page_which_mandoc_accepts", manual),
    ]
}

/// Installed as a package is made, and then moved to a directory with a space in its name.
fn installed(name: &str) -> Result<(Temporary, PathBuf), Failed> {
    let directory = Temporary::new(name);
    let (stage, prefix) = (directory.join("stage"), directory.join("a prefix"));
    let mut install = Command::new(crate_root().join("install"));
    prints(install.arg("/usr").arg(archive()).env("DESTDIR", &stage), "")?;
    std::fs::rename(stage.join("usr"), &prefix)?;
    std::fs::write(directory.join("program.c"), PROGRAM)?;
    Ok((directory, prefix))
}

fn cmake() -> Result<(), Failed> {
    let (directory, prefix) = installed("cmake")?;
    let version = env!("CARGO_PKG_VERSION");
    let series: Vec<&str> = version.split('.').take(2).collect();
    let project = |wanted: &str| {
        format!(
            "cmake_minimum_required(VERSION 3.10)\nproject(program C)\nfind_package(mailslot {wanted} REQUIRED)\n\
             foreach(kind mailslot static)\n  add_executable(with_${{kind}} program.c)\n  \
             target_link_libraries(with_${{kind}} PRIVATE mailslot::${{kind}})\nendforeach()\n"
        )
    };
    let configure = |wanted: &str, build: &str| {
        std::fs::write(directory.join("CMakeLists.txt"), project(wanted))?;
        let mut cmake = Command::new("cmake");
        cmake.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())).args(["-S", ".", "-B", build]);
        cmake.current_dir(&*directory).output()
    };
    for wanted in [version, &series.join(".")] {
        let done = configure(wanted, "build")?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        let built = Command::new("cmake").args(["--build", "build"]).current_dir(&*directory).output()?;
        if !built.status.success() {
            return Err(String::from_utf8_lossy(&built.stdout).into_owned().into());
        }
        for program in ["with_mailslot", "with_static"] {
            prints(&mut Command::new(directory.join("build").join(program)), "87\n")?;
        }
    }
    for other in ["99.0", "0.99"] {
        if configure(other, "other")?.status.success() {
            return Err(format!("version {version} was accepted as {other}").into());
        }
    }
    Ok(())
}

fn manual() -> Result<(), Failed> {
    let (_directory, prefix) = installed("manual")?;
    let pages = prefix.join("share/man/man3");
    let abi = std::fs::read_to_string(crate_root().join("abi"))?;
    for function in abi.lines().filter_map(|line| line.split_once("@@")).map(|(function, _)| function) {
        let page = pages.join(format!("{function}.3"));
        let text = std::fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        for wanted in [format!(".Fo {function}\n"), format!(".Fn {function}\n")] {
            if !text.contains(&wanted) {
                return Err(format!("{}: no {wanted:?}", page.display()).into());
            }
        }
        // The declaration is that of the header, except for line breaks.
        let synopsis = declaration(&text, function);
        let header = std::fs::read_to_string(crate_root().join("include/mailslot.h"))?;
        let words = header.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.contains(&synopsis) {
            return Err(format!("{}: {synopsis:?} is not in the header", page.display()).into());
        }
    }
    let mut lint = Command::new("mandoc");
    lint.args(["-T", "lint", "-W", "warning"]);
    for page in std::fs::read_dir(crate_root().join("man"))? {
        lint.arg(page?.path());
    }
    prints(&mut lint, "")
}

/// A page's declaration of a function, as C code.
fn declaration(page: &str, function: &str) -> String {
    let (before, after) = page.split_once(&format!(".Fo {function}\n")).unwrap_or_default();
    let kind = before.lines().last().unwrap_or_default().trim_start_matches(".Ft ").trim_matches('"');
    let arguments = after.lines().take_while(|line| *line != ".Fc");
    let arguments: Vec<&str> = arguments.map(|line| line.trim_start_matches(".Fa ").trim_matches('"')).collect();
    let space = if kind.ends_with('*') { "" } else { " " };
    format!("{kind}{space}{function}({});", arguments.join(", "))
}

fn pkg_config() -> Result<(), Failed> {
    let (directory, prefix) = installed("pkg-config")?;
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
