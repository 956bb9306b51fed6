//! Child processes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, PidfdFlags, Signal as PosixSignal, WaitId, WaitIdOptions};

use crate::code::{Code, Result};
use crate::wait::Signal;

/// Exit code of a process that runs.
pub(crate) const STILL_ACTIVE: u32 = 259;
/// What no process can be told to exit with: nobody has terminated it.
const NOT_TERMINATED: u32 = STILL_ACTIVE;

/// A child process that this library started.
pub(crate) struct Process {
    pid: Pid,
    descriptor: OwnedFd,
    /// Set when it has ended.
    pub(crate) signal: Signal,
    exit_code: AtomicU32,
    terminated_with: AtomicU32,
}

impl Process {
    pub(crate) fn of_child(pid: Pid) -> Result<Process> {
        let descriptor = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        Ok(Process {
            pid,
            descriptor,
            signal: Signal::new(false),
            exit_code: AtomicU32::new(STILL_ACTIVE),
            terminated_with: AtomicU32::new(NOT_TERMINATED),
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_pid() as u32
    }

    pub(crate) fn exit_code(&self) -> u32 {
        self.exit_code.load(Ordering::Acquire)
    }

    pub(crate) fn terminate(&self, exit_code: u32) -> Result<()> {
        if self.signal.is_set() {
            return Err(Code::ACCESS_DENIED);
        }
        self.terminated_with.store(exit_code, Ordering::Relaxed);
        Ok(rustix::process::pidfd_send_signal(&self.descriptor, PosixSignal::KILL)?)
    }

    /// Takes notice of the end of the process, if it has come. Returns whether it has.
    pub(crate) fn notice_end(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let code = match rustix::process::waitid(WaitId::PidFd(self.descriptor.as_fd()), options) {
            Ok(None) => return false,
            Ok(Some(status)) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => code as u32,
                (None, Some(signal)) => match self.terminated_with.load(Ordering::Relaxed) {
                    // As shells tell it.
                    NOT_TERMINATED => 128 + signal as u32,
                    code => code,
                },
                (None, None) => return false,
            },
            Err(rustix::io::Errno::INTR) => return false,
            // The program has asked the system itself, or told it not to keep exit codes.
            Err(_) => 0,
        };
        self.exit_code.store(code, Ordering::Release);
        self.signal.set();
        true
    }
}

/// Readable when the process has ended.
impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
