//! Compiling C and C++ programs against the headers and the library.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::LIBRARY;

/// How a program is compiled and linked.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    pub compiler: &'static str,
    pub standard: &'static str,
    pub link: Link,
    pub flags: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Static,
    Shared,
}

impl Build {
    pub const fn c(standard: &'static str, link: Link) -> Build {
        Build { compiler: "gcc", standard, link, flags: &[] }
    }

    pub const fn cpp(standard: &'static str, link: Link) -> Build {
        Build { compiler: "g++", standard, link, flags: &[] }
    }

    pub const fn with(self, flags: &'static [&'static str]) -> Build {
        Build { flags, ..self }
    }

    /// Compiles `source`, a path below this folder, without a warning.
    pub fn compile(self, source: &str) -> Result<Temporary, String> {
        self.compile_file(&crate_root().join("tests/programs").join(source))
    }

    /// Compiles a source that a test wrote, without a warning.
    pub fn compile_text(self, source: &str) -> Result<Temporary, String> {
        self.compile_file(&self.file(source)?)
    }

    /// Checks that a source of a test compiles without a warning, without output.
    pub fn read_text(self, source: &str) -> Result<(), String> {
        let file = self.file(source)?;
        let mut command = self.command(&file);
        succeeds(command.arg("-fsyntax-only"))
    }

    fn file(self, source: &str) -> Result<Temporary, String> {
        let extension = if self.compiler == "gcc" { "c" } else { "cpp" };
        let file = Temporary::new(&format!("source-{}.{extension}", unique()));
        std::fs::write(&*file, source).map_err(|error| error.to_string())?;
        Ok(file)
    }

    fn command(self, source: &Path) -> Command {
        let mut command = Command::new(self.compiler);
        command
            .arg(format!("-std={}", self.standard))
            .args(["-Wall", "-Wextra", "-Werror", "-g"])
            .args(self.flags)
            .arg("-I")
            .arg(crate_root().join("include"))
            .arg(source);
        command
    }

    fn compile_file(self, source: &Path) -> Result<Temporary, String> {
        let name = source.file_name().unwrap_or_default().to_string_lossy().replace('.', "-");
        let program = Temporary::new(&format!("{name}-{}", unique()));
        let libraries = libraries();
        let mut command = self.command(source);
        command
            // The following files are not in the language that `flags` may name.
            .args(["-x", "none", "-o"])
            .arg(&*program);
        match self.link {
            Link::Static => command.arg(libraries.join(format!("lib{LIBRARY}.a"))).args(["-lpthread", "-ldl", "-lm"]),
            Link::Shared => command
                .arg("-L")
                .arg(&libraries)
                .arg(format!("-l{LIBRARY}"))
                .arg(format!("-Wl,-rpath,{}", libraries.display())),
        };
        succeeds(&mut command).map(|()| program)
    }
}

/// Runs a compiler, which must succeed without output.
pub fn succeeds(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?} does not start: {error}"))?;
    if !output.status.success() || !output.stderr.is_empty() {
        return Err(format!("{command:?}\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(())
}

/// A number that is different for each call.
pub fn unique() -> u32 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    COUNTER.fetch_add(1, Ordering::Relaxed)
}

/// A file or directory that is removed when this is dropped, because the programs are large.
pub struct Temporary(PathBuf);

impl Temporary {
    pub fn new(name: &str) -> Temporary {
        Temporary(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id())))
    }
}

impl Deref for Temporary {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // One of the two always fails, or both if nothing was made.
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The prefix of the tests, and the static library that was installed there.
static INSTALLED: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();

/// Installs the library for the tests, until the result is dropped.
pub fn install() -> Result<Temporary, String> {
    let archive = build(env!("CARGO_PKG_NAME"))?;
    let prefix = Temporary::new("installed");
    succeeds(Command::new(crate_root().join("install")).arg(&*prefix).arg(&archive))?;
    INSTALLED.get_or_init(|| (prefix.to_owned(), archive));
    Ok(prefix)
}

/// Where the installed libraries are.
pub fn libraries() -> PathBuf {
    INSTALLED.get().expect("`main` has installed them").0.join("lib")
}

/// Where the static library is.
pub fn archive() -> PathBuf {
    INSTALLED.get().expect("`main` has installed it").1.clone()
}

/// Builds the library and the programs of a package as for users, and returns their directory. `cargo test` alone does
/// not build them there.
pub fn build(package: &str) -> Result<PathBuf, String> {
    cargo(&["build", "--quiet", "--package", package])
}

/// An example of a package.
pub fn build_example(package: &str, example: &str) -> Result<PathBuf, String> {
    let directory = cargo(&["build", "--quiet", "--package", package, "--example", example])?;
    Ok(directory.join("examples").join(example))
}

/// Runs cargo with the profile of this test program, and tells where it has put things.
fn cargo(arguments: &[&str]) -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    // TARGET/PROFILE/deps/PROGRAM
    let mut directories = program.ancestors().skip(2);
    let (Some(profile), Some(target)) = (directories.next(), directories.next()) else {
        return Err(format!("{} is not where cargo puts tests", program.display()));
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).arg("--target-dir").arg(target).current_dir(crate_root());
    match profile.file_name() {
        Some(name) if name != "debug" => cargo.arg("--profile").arg(name),
        _ => &mut cargo,
    };
    // That it warns, or waits for another cargo, is said and no failure.
    let output = cargo.output().map_err(|error| format!("{cargo:?} does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("{cargo:?}\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(profile.to_owned())
}
