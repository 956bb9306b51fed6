//! Waiting for objects.
//!
//! One lock and one condition variable serve all waits of the process: so a wait for several objects is a plain loop,
//! and takes effect atomically, as Win32 promises. Reads come here only if they pend or a thread waits for their slot.
//!
//! A wait for objects shared with other processes also takes their locks for that, and sleeps on descriptors instead of
//! the condition variable.

pub(crate) mod apc;
mod attempt;
mod poller;

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::code::Result;
use crate::per_process::PerProcess;
use crate::sync_object::SyncObject;
use poller::Poller;

static DISPATCHER: PerProcess<Dispatcher> = PerProcess::new();

#[derive(Default)]
struct Dispatcher {
    sleepers: Mutex<Sleepers>,
    changed: Condvar,
    /// Threads in [`wait`]: if there are none, a signal wakes no thread.
    waiting: AtomicUsize,
}

/// The eventfds of waits that sleep on descriptors, for objects shared with other processes.
type Sleepers = Vec<Arc<OwnedFd>>;

/// An object of a wait.
#[derive(Clone, Copy)]
pub(crate) enum Waitable<'a> {
    Signal(&'a Signal),
    Object(&'a SyncObject),
}

/// Whether an object is signalled.
#[derive(Debug)]
pub(crate) struct Signal {
    set: AtomicBool,
    /// Whether a wait resets the signal.
    taken_by_wait: bool,
}

/// The result of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The object of this index is signalled, or all are.
    Signalled(usize),
    /// The same, and the holder of a mutex has ended without releasing it.
    Abandoned(usize),
    /// A completion routine of this thread is due.
    RoutineDue,
    TimedOut,
}

/// The condition of a wait.
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
    fn take(&self) {
        if self.taken_by_wait {
            self.reset();
        }
    }
}

impl<'a> Waitable<'a> {
    fn object(&self) -> Option<&'a SyncObject> {
        match self {
            Waitable::Signal(_) => None,
            Waitable::Object(object) => Some(object),
        }
    }

    fn bell(&self) -> Option<BorrowedFd<'a>> {
        self.object().and_then(SyncObject::bell)
    }
}

/// Wakes threads that wait alertably, because a completion routine became due.
pub(crate) fn routine_due() {
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

/// Waits until one or all of `objects` are signalled. `None` waits without limit. An alertable wait also ends when a
/// completion routine is due in this thread; the caller runs it.
pub(crate) fn wait(
    objects: &[Waitable<'_>],
    until: Until,
    timeout: Option<Duration>,
    alertable: bool,
) -> Result<Ended> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let dispatcher = DISPATCHER.get();
    let mut registered: Option<Registered<'_>> = None;
    let mut sleepers = dispatcher.sleepers();
    loop {
        let timer = alertable.then(apc::timer::pass_time).flatten();
        if alertable && apc::is_due() {
            return Ok(Ended::RoutineDue);
        }
        let look = attempt::attempt(objects, until)?;
        if let Some(ended) = look.ended {
            return Ok(ended);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(Ended::TimedOut);
        }
        let next = look.next.into_iter().chain(timer).min();
        let next = next.map(|next| Duration::from_nanos((next - clock::monotonic()).max(1) as u64));
        let time = left.into_iter().chain(next).min();
        sleepers = match (&mut registered, time) {
            (None, _) => {
                // Unlocked first: a change before the sleep is seen in the next turn.
                drop(sleepers);
                registered = Some(Registered::new(objects)?);
                dispatcher.sleepers()
            }
            (Some(Registered { poller: Some(poller), .. }), time) => {
                drop(sleepers);
                if !poller.watch(&look.holders) {
                    poller.sleep(time);
                }
                dispatcher.sleepers()
            }
            (Some(_), None) => dispatcher.changed.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            (Some(_), Some(time)) => {
                dispatcher.changed.wait_timeout(sleepers, time).unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}

/// Waits for one signal, however long that takes.
pub(crate) fn wait_for_signal(signal: &Signal) {
    // Fails for shared objects only.
    let _ = wait(&[Waitable::Signal(signal)], Until::Any, None, false);
}

impl Dispatcher {
    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
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

/// Registers a wait for notifications, as long as it lasts.
struct Registered<'a> {
    objects: &'a [Waitable<'a>],
    /// For objects shared with other processes.
    poller: Option<Poller>,
}

impl<'a> Registered<'a> {
    fn new(objects: &'a [Waitable<'a>]) -> Result<Registered<'a>> {
        let shared = objects.iter().any(|object| object.bell().is_some());
        let poller = shared.then(|| Poller::new(objects)).transpose()?;
        let dispatcher = DISPATCHER.get();
        let mut sleepers = dispatcher.sleepers();
        sleepers.extend(poller.as_ref().map(Poller::wake));
        dispatcher.waiting.fetch_add(1, Ordering::Relaxed);
        objects.iter().filter_map(Waitable::object).for_each(SyncObject::begin_wait);
        Ok(Registered { objects, poller })
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let dispatcher = DISPATCHER.get();
        let mut sleepers = dispatcher.sleepers();
        if let Some(poller) = &self.poller {
            let wake = poller.wake();
            sleepers.retain(|other| !Arc::ptr_eq(&wake, other));
        }
        dispatcher.waiting.fetch_sub(1, Ordering::Relaxed);
        self.objects.iter().filter_map(Waitable::object).for_each(SyncObject::end_wait);
    }
}
