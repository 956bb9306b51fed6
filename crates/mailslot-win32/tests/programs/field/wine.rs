//! Runs the programs under Wine.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::build::for_windows;
use super::scripts::Group;
use super::terminal::{Output, Terminal};

/// One group after the other, in one directory: Wine's server opens the files, in its mount namespace.
pub struct Wine<'a> {
    /// A script with the command `run PROGRAM ARGUMENT...`.
    script: &'a Path,
    directory: PathBuf,
}

impl Wine<'_> {
    /// Builds a group, and calls `body` while no other group runs.
    pub fn with<T>(script: &Path, group: &Group, wide: bool, body: impl FnOnce(&Wine) -> T) -> Result<T, String> {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let wine = Wine { script, directory: Path::new(env!("CARGO_TARGET_TMPDIR")).join("under-wine") };
        wine.sweep().map_err(|error| error.to_string())?;
        for_windows(group, wide, &wine.directory)?;
        Ok(body(&wine))
    }

    pub fn start(&self, program: &str, arguments: &[&str]) -> io::Result<Terminal> {
        let mut command = Command::new("timeout");
        command
            .args(["-k", "5", "60"])
            .arg(self.script)
            .arg("run")
            .arg(self.directory.join(format!("{program}.exe")))
            .args(arguments)
            // Wine's console needs a library outside its folders.
            .env("WINEPATH", r"Z:\usr\x86_64-w64-mingw32\lib")
            .env("XDG_RUNTIME_DIR", "/tmp");
        Terminal::start(command, Output::Pipe)
    }

    /// Removes the files of another group.
    fn sweep(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.directory)?;
        for file in std::fs::read_dir(&self.directory)? {
            std::fs::remove_file(file?.path())?;
        }
        Ok(())
    }
}
