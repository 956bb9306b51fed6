//! The lock and the condition variable of all waits of the process, and signals, which change under that lock.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::code::Result;
use crate::per_process::PerProcess;

pub(super) static DISPATCHER: PerProcess<Dispatcher> = PerProcess::new();

#[derive(Default)]
pub(super) struct Dispatcher {
    sleepers: Mutex<Sleepers>,
    pub(super) changed: Condvar,
    /// Threads in [`wait`](super::wait): if there are none, a signal wakes no thread.
    pub(super) waiting: AtomicUsize,
}

/// The eventfds of waits that sleep on descriptors, for objects shared with other processes.
pub(super) type Sleepers = Vec<Arc<OwnedFd>>;

/// Whether an object is signalled.
#[derive(Debug)]
pub(crate) struct Signal {
    set: AtomicBool,
    /// Whether a wait resets the signal.
    taken_by_wait: bool,
}

impl Signal {
    pub(crate) fn new(set: bool) -> Signal {
        Signal { set: AtomicBool::new(set), taken_by_wait: false }
    }

    /// A signal that ends one wait only.
    pub(crate) fn auto_reset(set: bool) -> Signal {
        Signal { set: AtomicBool::new(set), taken_by_wait: true }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Sets it. Returns whether it was not set before.
    pub(crate) fn set(&self) -> bool {
        let dispatcher = DISPATCHER.get();
        let sleepers = dispatcher.sleepers();
        let was_set = self.set.swap(true, Ordering::Release);
        dispatcher.tell(&sleepers);
        !was_set
    }

    pub(crate) fn reset(&self) {
        self.set.store(false, Ordering::Release);
    }

    /// Under the lock.
    pub(super) fn take(&self) {
        if self.taken_by_wait {
            self.reset();
        }
    }
}

/// Wakes threads that wait alertably, because a completion routine became due.
pub(super) fn routine_due() {
    let dispatcher = DISPATCHER.get();
    dispatcher.tell(&dispatcher.sleepers());
}

/// Changes an object while no wait of this process reads it, and wakes the waits that it may concern.
pub(crate) fn change<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    let dispatcher = DISPATCHER.get();
    let sleepers = dispatcher.sleepers();
    let result = body();
    dispatcher.tell(&sleepers);
    result
}

impl Dispatcher {
    pub(super) fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the waits that a change may concern.
    fn tell(&self, sleepers: &Sleepers) {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.changed.notify_all();
        for sleeper in sleepers {
            // Fails only if the counter is at its limit, when the thread is about to wake anyway.
            let _ = rustix::io::write(sleeper, &1u64.to_ne_bytes());
        }
    }
}
