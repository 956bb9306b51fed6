//! Processes: children, and the own one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, Signal as PosixSignal, WaitId, WaitIdOptions, WaitIdStatus};

use crate::code::{Code, Result};
use crate::per_process::PerProcess;
use crate::wait::Signal;

/// Exit code of a process that runs.
pub(crate) const STILL_ACTIVE: u32 = 259;

/// A child process that this library started, or the process itself.
pub(crate) struct Process {
    pid: Pid,
    /// Set when it has ended.
    pub(crate) signal: Signal,
    exit_code: AtomicU32,
    fate: Mutex<Fate>,
}

/// What is known about the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Running,
    /// Told to end with this exit code.
    Terminated(u32),
    /// Its id may belong to another process by now.
    Reaped,
}

impl Process {
    /// A child that has just been started. A thread of its own waits for its end: that works on every kernel, and a
    /// program that starts hundreds of children at once is not what this is for.
    pub(crate) fn watch(pid: Pid) -> Result<Arc<Process>> {
        let process = Arc::new(Process {
            pid,
            signal: Signal::new(false),
            exit_code: AtomicU32::new(STILL_ACTIVE),
            fate: Mutex::new(Fate::Running),
        });
        let watched = Arc::clone(&process);
        crate::engine::spawn("mailslot-child", move || watched.wait())?;
        Ok(process)
    }

    /// The process that this runs in.
    pub(crate) fn own() -> Arc<Process> {
        static OWN: PerProcess<OnceLock<Arc<Process>>> = PerProcess::new();
        let make = || {
            Arc::new(Process {
                pid: rustix::process::getpid(),
                signal: Signal::new(false),
                exit_code: AtomicU32::new(STILL_ACTIVE),
                fate: Mutex::new(Fate::Running),
            })
        };
        Arc::clone(OWN.get().get_or_init(make))
    }

    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_pid() as u32
    }

    pub(crate) fn exit_code(&self) -> u32 {
        self.exit_code.load(Ordering::Acquire)
    }

    pub(crate) fn terminate(&self, exit_code: u32) -> Result<()> {
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        if *fate != Fate::Running {
            return Err(Code::ACCESS_DENIED);
        }
        // Not reaped while the lock is held, so the id is still the child's.
        rustix::process::kill_process(self.pid, PosixSignal::KILL)?;
        *fate = Fate::Terminated(exit_code);
        Ok(())
    }

    fn wait(&self) {
        // The end is noticed first and reaped under the lock.
        let noticed = wait_for(self.pid, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let status = noticed.and_then(|_| wait_for(self.pid, WaitIdOptions::EXITED));
        let code = match (status.as_ref().and_then(WaitIdStatus::exit_status), *fate) {
            (Some(code), _) => code as u32,
            (None, Fate::Terminated(code)) => code,
            // As shells tell it. A program that has asked the system itself, or told it to keep no exit codes, gets 0.
            (None, _) => status.and_then(|status| status.terminating_signal()).map_or(0, |signal| 128 + signal as u32),
        };
        *fate = Fate::Reaped;
        drop(fate);
        self.exit_code.store(code, Ordering::Release);
        self.signal.set();
    }
}

fn wait_for(pid: Pid, options: WaitIdOptions) -> Option<WaitIdStatus> {
    loop {
        match rustix::process::waitid(WaitId::Pid(pid), options) {
            Err(Errno::INTR) => {}
            Ok(status) => return status,
            Err(_) => return None,
        }
    }
}
