//! Child processes that run this command.

use std::ffi::OsStr;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::exit::{Failure, Result};

/// A child that runs this command with other arguments. Dropping it kills the child.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it with the standard streams of `configure`.
    pub fn start<A: AsRef<OsStr>>(args: &[A], configure: impl FnOnce(&mut Command)) -> Result<Process> {
        let failure = |source: io::Error| Failure::io("start another process of this command", source);
        let mut command = Command::new(std::env::current_exe().map_err(failure)?);
        command.args(args).stdin(Stdio::null());
        configure(&mut command);
        command.spawn().map(|child| Process { child }).map_err(failure)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().map_err(|source| Failure::io("wait for a process", source))
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill().map_err(|source| Failure::io("kill a process", source))?;
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
