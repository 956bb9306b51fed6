//! Compiles a group's sources, here and for Windows.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::scripts::{Group, Language};
use crate::run::VALGRIND;
use crate::toolchain::{crate_root, libraries, succeeds};

/// A way to build a group here, and to run it.
pub struct Variant {
    pub name: String,
    /// `gcc`, `g++`, or the one of the source's language.
    compiler: Option<&'static str>,
    /// In UTF-16, if the group's sources support that.
    wide: bool,
    flags: Vec<&'static str>,
    /// Runs the programs, if it is not empty.
    pub wrapper: Vec<&'static str>,
}

/// Its output must not go to the terminal.
const WITH_CHILDREN: [&str; 2] = ["--trace-children=yes", "--log-file=valgrind.%p.log"];
const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

impl Variant {
    /// Both compilers, each width, optimised and not; and tools that find hidden mistakes.
    pub fn all() -> Vec<Variant> {
        let mut variants = Vec::new();
        for (compiler, language) in [("gcc", "c"), ("g++", "cpp")] {
            for (wide, width) in [(false, "narrow"), (true, "wide")] {
                // Fills uninitialised variables with a pattern, such as the upper half of a handle.
                for (level, flags) in [("o0", vec!["-O0", "-ftrivial-auto-var-init=pattern"]), ("o2", vec!["-O2"])] {
                    let name = format!("{width}_{language}_{level}");
                    variants.push(Variant { name, compiler: Some(compiler), wide, flags, wrapper: Vec::new() });
                }
            }
        }
        let (name, flags) = ("under_valgrind".to_owned(), vec!["-O0", "-g"]);
        variants.push(Variant {
            name,
            compiler: None,
            wide: true,
            flags,
            wrapper: [VALGRIND, &WITH_CHILDREN].concat(),
        });
        let (name, flags) = ("with_sanitizers".to_owned(), [&["-O2", "-g"][..], &SANITIZERS].concat());
        variants.push(Variant { name, compiler: None, wide: false, flags, wrapper: Vec::new() });
        variants
    }

    /// Whether it is useful for a group: others would repeat one, or need C. The areas test the library within one
    /// process under valgrind; the sanitizers test the programs' use of its headers.
    pub fn suits(&self, group: &Group) -> bool {
        match self.compiler {
            None if !self.wrapper.is_empty() => starts_children(group),
            None => true,
            Some(_) if self.wide && !group.wide => false,
            Some(compiler) => match group.language {
                Language::C => compiler == "gcc",
                Language::Cpp => compiler == "g++",
                Language::Both => true,
            },
        }
    }

    /// Builds a program of the same name from each of the group's sources, each with one command line.
    pub fn build(&self, group: &Group, directory: &Path) -> Result<(), String> {
        let own = if group.language == Language::Cpp { "g++" } else { "gcc" };
        let wrapper = if self.compiler.unwrap_or(own) == "g++" { "mailslot-win32-c++" } else { "mailslot-win32-cc" };
        for source in sources(group) {
            let mut command = Command::new(libraries().join("../bin").join(wrapper));
            command
                .env_remove("CC")
                .env_remove("CXX")
                .arg(if self.wide && group.wide { "--wide" } else { "--narrow" })
                .args(&self.flags)
                .arg("-w")
                .arg(&source)
                .arg("-o")
                .arg(directory.join(source.file_stem().unwrap_or_default()));
            succeeds(&mut command)?;
        }
        Ok(())
    }
}

/// Builds the same programs with MinGW, unbuffered as on a console, because Wine's output goes to a pipe.
pub fn for_windows(group: &Group, wide: bool, directory: &Path) -> Result<(), String> {
    for source in sources(group) {
        let mut flags = Vec::new();
        if wide {
            flags.extend(["-DUNICODE", "-D_UNICODE"]);
            let text = std::fs::read_to_string(&source).map_err(|error| error.to_string())?;
            flags.extend(text.contains("_tmain").then_some("-municode"));
        }
        let mut program = source.file_stem().unwrap_or_default().to_owned();
        program.push(".exe");
        let mut command = mingw(group.language);
        command.args(flags).arg(&source).arg(folder("windows").join("unbuffered.c"));
        succeeds(command.arg("-o").arg(directory.join(program)))?;
    }
    Ok(())
}

fn mingw(language: Language) -> Command {
    let (compiler, source) = if language == Language::Cpp { ("g++", "c++") } else { ("gcc", "c") };
    let mut command = Command::new(format!("x86_64-w64-mingw32-{compiler}"));
    command
        // MinGW's printf supports Windows' formats only in part, and Wine uses the upper half of a handle.
        .args(["-O2", "-w", "-static", "-D__USE_MINGW_ANSI_STDIO=0", "-D_CRT_NON_CONFORMING_SWPRINTFS"])
        .args(["-ftrivial-auto-var-init=zero", "-x", source, "-I"])
        .arg(folder("windows"));
    command
}

fn folder(name: &str) -> PathBuf {
    crate_root().join("tests/programs/field").join(name)
}

fn starts_children(group: &Group) -> bool {
    let texts = sources(group).into_iter().map(|source| std::fs::read_to_string(source).expect("a text"));
    texts.into_iter().any(|text| text.contains("CreateProcess"))
}

fn sources(group: &Group) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(group.folder)).expect("the group has a folder");
    let files = entries.map(|entry| entry.expect("the folder can be read").path());
    files.filter(|file| file.extension().is_some_and(|extension| extension != "h")).collect()
}
