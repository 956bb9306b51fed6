//! Compiling C and C++ programs against the headers and the library.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

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

    /// Lets the compiler read a source that a test wrote, without a warning, and make nothing of it.
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
            // What follows is not in the language that `flags` may have named.
            .args(["-x", "none", "-o"])
            .arg(&*program);
        match self.link {
            Link::Static => command.arg(libraries.join("libmailslot_win32.a")).args(["-lpthread", "-ldl", "-lm"]),
            Link::Shared => command
                .arg("-L")
                .arg(&libraries)
                .arg("-lmailslot_win32")
                .arg(format!("-Wl,-rpath,{}", libraries.display())),
        };
        succeeds(&mut command).map(|()| program)
    }
}

/// Runs a compiler, which must have nothing to say.
fn succeeds(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?} does not start: {error}"))?;
    if !output.status.success() || !output.stderr.is_empty() {
        return Err(format!("{command:?}\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(())
}

/// A number that no other call got.
pub fn unique() -> u32 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    COUNTER.fetch_add(1, Ordering::Relaxed)
}

/// A file or directory that is removed with this value: the programs are large.
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
        // One of them fails, and so may the other if nothing was made.
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo has put the two libraries: beside this test program.
pub fn libraries() -> PathBuf {
    let program = std::env::current_exe().expect("the path of the test program");
    program.parent().expect("it is in a directory").to_owned()
}
