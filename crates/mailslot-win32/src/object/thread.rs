//! Threads of this process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use rustix::process::Pid;

use super::STILL_ACTIVE;
use crate::code::{Code, Result};
use crate::wait::Signal;

/// A thread of the program, whether this library started it or not.
pub(crate) struct Thread {
    /// Set by the thread itself, once it runs.
    id: OnceLock<Pid>,
    /// Set when it has ended.
    pub(crate) signal: Signal,
    /// Set once it may run the program's routine.
    pub(crate) resumed: Signal,
    exit_code: AtomicU32,
    priority: AtomicI32,
}

/// The nice value of each priority of Win32.
const PRIORITIES: [(i32, i32); 7] = [(-15, 19), (-2, 10), (-1, 5), (0, 0), (1, -5), (2, -10), (15, -20)];

impl Thread {
    pub(crate) fn new(suspended: bool) -> Thread {
        Thread {
            id: OnceLock::new(),
            signal: Signal::new(false),
            resumed: Signal::new(!suspended),
            exit_code: AtomicU32::new(STILL_ACTIVE),
            priority: AtomicI32::new(0),
        }
    }

    /// Notes that this is the running thread.
    pub(crate) fn runs_here(&self) {
        // Fails only if called twice, with the same id.
        let _ = self.id.set(rustix::thread::gettid());
    }

    pub(crate) fn id(&self) -> u32 {
        self.pid().as_raw_pid() as u32
    }

    fn pid(&self) -> Pid {
        // A started thread gets here at once, suspended or not.
        *self.id.wait()
    }

    pub(crate) fn exit_code(&self) -> u32 {
        self.exit_code.load(Ordering::Acquire)
    }

    /// Notes that it has ended. The last call of the thread itself.
    pub(crate) fn ended(&self, exit_code: u32) {
        self.exit_code.store(exit_code, Ordering::Release);
        self.signal.set();
    }

    /// Resumes a thread that was started suspended. Returns the previous suspend count.
    pub(crate) fn resume(&self) -> u32 {
        u32::from(self.resumed.set())
    }

    pub(crate) fn priority(&self) -> i32 {
        self.priority.load(Ordering::Relaxed)
    }

    /// Priorities are nice values, which need a privilege to lower.
    pub(crate) fn set_priority(&self, priority: i32) -> Result<()> {
        let known = PRIORITIES.into_iter().find(|(known, _)| *known == priority);
        let (_, nice) = known.ok_or(Code::INVALID_PARAMETER)?;
        if priority != self.priority() {
            // If the thread has ended, its id may be another's by now.
            if self.signal.is_set() {
                return Err(Code::ACCESS_DENIED);
            }
            rustix::process::setpriority_process(Some(self.pid()), nice)?;
            self.priority.store(priority, Ordering::Relaxed);
        }
        Ok(())
    }
}
