//! Processes: children, this one, and those whose handles were inherited.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, FdFlags};
use rustix::process::{Pid, PidfdFlags, Signal as PosixSignal, WaitId, WaitIdOptions, WaitIdStatus};

use crate::code::{Code, Result};
use crate::per_process::PerProcess;
use crate::wait::Signal;

/// Exit code of a process that runs.
pub(crate) const STILL_ACTIVE: u32 = 259;

pub(crate) struct Process {
    pid: Pid,
    /// Set when it has ended.
    pub(crate) signal: Signal,
    exit_code: AtomicU32,
    fate: Mutex<Fate>,
    /// Identifies it even after its id was reused. Made when a child process may inherit the handle.
    descriptor: OnceLock<OwnedFd>,
}

/// The end of a process, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Running,
    /// Terminated by this process, with this exit code.
    Terminated(u32),
    /// Its id may belong to another process by now.
    Reaped,
    /// Only its parent learns how it ends.
    Foreign,
}

impl Process {
    /// A child that has just been started. A separate thread waits for its end: that works on every kernel, and is
    /// acceptable unless a program starts hundreds of children at once.
    pub(crate) fn watch(pid: Pid) -> Result<Arc<Process>> {
        let process = Arc::new(Process::new(pid, Fate::Running));
        let watched = Arc::clone(&process);
        crate::engine::spawn("mailslot-child", move || watched.wait())?;
        Ok(process)
    }

    /// The running process.
    pub(crate) fn own() -> Arc<Process> {
        static OWN: PerProcess<OnceLock<Arc<Process>>> = PerProcess::new();
        let make = || Arc::new(Process::new(rustix::process::getpid(), Fate::Running));
        Arc::clone(OWN.get().get_or_init(make))
    }

    /// A process whose handle was inherited.
    pub(crate) fn inherit(pid: Pid, descriptor: OwnedFd) -> Result<Arc<Process>> {
        rustix::io::fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
        let process = Arc::new(Process::new(pid, Fate::Foreign));
        let watched = Arc::clone(&process);
        let descriptor = process.descriptor.get_or_init(|| descriptor).try_clone()?;
        crate::engine::spawn("mailslot-process", move || watched.wait_for_end(&descriptor))?;
        Ok(process)
    }

    /// Any process, of any user.
    ///
    /// # Errors
    ///
    /// - `ERROR_INVALID_PARAMETER` if there is none of this number
    /// - `ERROR_CALL_NOT_IMPLEMENTED` before Linux 5.3
    pub(crate) fn open(id: u32) -> Result<Arc<Process>> {
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(Code::INVALID_PARAMETER)?;
        match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(descriptor) => Process::inherit(pid, descriptor),
            Err(Errno::SRCH | Errno::INVAL) => Err(Code::INVALID_PARAMETER),
            Err(Errno::NOSYS) => Err(Code::CALL_NOT_IMPLEMENTED),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether this is the running child with that id, so that the id is still its.
    pub(crate) fn is_running_child(&self, id: u32) -> bool {
        let fate = *self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        self.id() == id && matches!(fate, Fate::Running | Fate::Terminated(_))
    }

    fn new(pid: Pid, fate: Fate) -> Process {
        Process {
            pid,
            signal: Signal::new(false),
            exit_code: AtomicU32::new(STILL_ACTIVE),
            fate: Mutex::new(fate),
            descriptor: OnceLock::new(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_pid() as u32
    }

    pub(crate) fn exit_code(&self) -> Result<u32> {
        let foreign = *self.fate.lock().unwrap_or_else(PoisonError::into_inner) == Fate::Foreign;
        if foreign && self.signal.is_set() {
            return Err(Code::NOT_SUPPORTED);
        }
        Ok(self.exit_code.load(Ordering::Acquire))
    }

    pub(crate) fn terminate(&self, exit_code: u32) -> Result<()> {
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        match (*fate, self.descriptor.get()) {
            (Fate::Running, _) => {
                // Not reaped while the lock is held, so the id is still the child's.
                rustix::process::kill_process(self.pid, PosixSignal::KILL)?;
                *fate = Fate::Terminated(exit_code);
                Ok(())
            }
            (Fate::Foreign, Some(descriptor)) if !self.signal.is_set() => {
                Ok(rustix::process::pidfd_send_signal(descriptor, PosixSignal::KILL)?)
            }
            _ => Err(Code::ACCESS_DENIED),
        }
    }

    /// The id and a descriptor, for child processes that inherit it. `None` if it has ended, or the kernel has no
    /// pidfds.
    pub(crate) fn inheritance(&self) -> Option<(i32, RawFd)> {
        if self.descriptor.get().is_none() {
            let fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
            // Not reaped while the lock is held.
            let descriptor = match *fate {
                Fate::Running | Fate::Terminated(_) => {
                    rustix::process::pidfd_open(self.pid, PidfdFlags::empty()).ok()?
                }
                Fate::Reaped | Fate::Foreign => return None,
            };
            self.descriptor.get_or_init(|| descriptor);
        }
        self.descriptor.get().map(|descriptor| (self.pid.as_raw_pid(), descriptor.as_raw_fd()))
    }

    /// Lets the descriptor survive `exec`, or not.
    pub(crate) fn set_inheritable(&self, inheritable: bool) {
        let flags = if inheritable { FdFlags::empty() } else { FdFlags::CLOEXEC };
        if let Some(descriptor) = self.descriptor.get() {
            // It cannot fail for an open descriptor.
            let _ = rustix::io::fcntl_setfd(descriptor, flags);
        }
    }

    fn wait(&self) {
        // The end is noticed first and reaped under the lock.
        let noticed = wait_for(self.pid, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let status = noticed.and_then(|_| wait_for(self.pid, WaitIdOptions::EXITED));
        let code = match (status.as_ref().and_then(WaitIdStatus::exit_status), *fate) {
            (Some(code), _) => code as u32,
            (None, Fate::Terminated(code)) => code,
            // As in shells. 0 if the program has waited for the child itself, or has set SIGCHLD to be ignored.
            (None, _) => status.and_then(|status| status.terminating_signal()).map_or(0, |signal| 128 + signal as u32),
        };
        *fate = Fate::Reaped;
        drop(fate);
        self.exit_code.store(code, Ordering::Release);
        self.signal.set();
    }

    fn wait_for_end(&self, descriptor: &OwnedFd) {
        let mut fds = [PollFd::new(descriptor, PollFlags::IN)];
        while rustix::event::poll(&mut fds, None) == Err(Errno::INTR) {}
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
