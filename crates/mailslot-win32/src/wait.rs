//! Waiting for objects.
//!
//! One lock and one condition serve all waits of the process: a wait for several objects is then a plain loop, and takes
//! effect at one instant, as Win32 promises. Reads do not come here unless they pend or somebody waits for their slot.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::apc;
use crate::per_process::PerProcess;

static DISPATCHER: PerProcess<Dispatcher> = PerProcess::new();

#[derive(Default)]
struct Dispatcher {
    lock: Mutex<()>,
    changed: Condvar,
    /// Threads in [`wait`]: while there are none, a signal wakes nobody.
    waiting: AtomicUsize,
}

/// Whether an object is signalled.
#[derive(Debug)]
pub(crate) struct Signal {
    set: AtomicBool,
    /// Whether one wait takes the signal away.
    taken_by_wait: bool,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The object of this index is signalled, or all are.
    Signalled(usize),
    /// A completion routine of this thread is due.
    RoutineDue,
    TimedOut,
}

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Any,
    All,
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

    /// Returns whether it was not set before.
    pub(crate) fn set(&self) -> bool {
        let dispatcher = DISPATCHER.get();
        let _lock = dispatcher.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let was_set = self.set.swap(true, Ordering::Release);
        if dispatcher.waiting.load(Ordering::Relaxed) > 0 {
            dispatcher.changed.notify_all();
        }
        !was_set
    }

    pub(crate) fn reset(&self) {
        self.set.store(false, Ordering::Release);
    }

    /// Under the lock.
    fn take(&self) {
        if self.taken_by_wait {
            self.reset();
        }
    }
}

/// Wakes threads that wait alertably, because a completion routine became due.
pub(crate) fn routine_due() {
    let dispatcher = DISPATCHER.get();
    let _lock = dispatcher.lock.lock().unwrap_or_else(PoisonError::into_inner);
    dispatcher.changed.notify_all();
}

/// Waits until one or all of `signals` are set. `None` waits for ever. An alertable wait also ends when a completion
/// routine is due in this thread; the caller runs it.
pub(crate) fn wait(signals: &[&Signal], until: Until, timeout: Option<Duration>, alertable: bool) -> Ended {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let dispatcher = DISPATCHER.get();
    let mut lock = dispatcher.lock.lock().unwrap_or_else(PoisonError::into_inner);
    dispatcher.waiting.fetch_add(1, Ordering::Relaxed);
    let ended = loop {
        if alertable && apc::is_due() {
            break Ended::RoutineDue;
        }
        if let Some(index) = satisfied(signals, until) {
            break Ended::Signalled(index);
        }
        lock = match deadline {
            None => dispatcher.changed.wait(lock).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break Ended::TimedOut;
                }
                dispatcher.changed.wait_timeout(lock, left).unwrap_or_else(PoisonError::into_inner).0
            }
        };
    };
    dispatcher.waiting.fetch_sub(1, Ordering::Relaxed);
    ended
}

/// Takes the signals that end the wait, if there are enough.
fn satisfied(signals: &[&Signal], until: Until) -> Option<usize> {
    match until {
        Until::Any => {
            let index = signals.iter().position(|signal| signal.is_set())?;
            signals[index].take();
            Some(index)
        }
        Until::All => {
            let all = !signals.is_empty() && signals.iter().all(|signal| signal.is_set());
            all.then(|| signals.iter().for_each(|signal| signal.take()))?;
            Some(0)
        }
    }
}
