//! The thread that waits for messages for pending reads.
//!
//! It starts with the first pending read, sleeps in one `poll`, and does not exist in a forked child until that needs
//! it.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

use crate::code::{Code, Result};
use crate::object::Slot;
use crate::per_process::PerProcess;

static ENGINE: PerProcess<Engine> = PerProcess::new();

#[derive(Default)]
struct Engine {
    watched: Mutex<Vec<WatchedSlot>>,
    /// Wakes the thread. Set once the thread exists.
    wake: OnceLock<OwnedFd>,
    starting: Mutex<()>,
}

struct WatchedSlot {
    slot: Arc<Slot>,
    descriptor: Arc<OwnedFd>,
}

/// Makes sure that the thread runs.
pub(crate) fn started() -> Result<()> {
    let engine = ENGINE.get();
    if engine.wake.get().is_some() {
        return Ok(());
    }
    let _starting = engine.starting.lock().unwrap_or_else(PoisonError::into_inner);
    if engine.wake.get().is_some() {
        return Ok(());
    }
    let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    spawn("mailslot-reads", || run(ENGINE.get()))?;
    // Only the holder of `starting` sets it.
    let _ = engine.wake.set(wake);
    wake_up(engine);
    Ok(())
}

/// Serves the pending reads of `slot` from now on, when `descriptor` is readable. The thread must run.
pub(crate) fn watch_slot(slot: &Arc<Slot>, descriptor: Arc<OwnedFd>) {
    let engine = ENGINE.get();
    let mut watched = engine.watched();
    if !watched.iter().any(|other| Arc::ptr_eq(&other.slot, slot)) {
        watched.push(WatchedSlot { slot: Arc::clone(slot), descriptor });
    }
    drop(watched);
    wake_up(engine);
}

/// Releases a slot that closes: when this returns, the thread does not keep it alive.
pub(crate) fn forget_slot(slot: &Slot) {
    let engine = ENGINE.get();
    let forgotten = {
        let mut watched = engine.watched();
        let index = watched.iter().position(|other| core::ptr::eq(&*other.slot, slot));
        index.map(|index| watched.swap_remove(index))
    };
    if forgotten.is_some() {
        wake_up(engine);
    }
}

/// Starts a thread in which none of the program's signal handlers runs.
pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let signals = Signals::block_all();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    signals.restore();
    thread.map(drop).map_err(|_| Code::NO_SYSTEM_RESOURCES)
}

fn wake_up(engine: &Engine) {
    if let Some(wake) = engine.wake.get() {
        // Fails only if the counter is at its limit, when the thread is about to wake anyway.
        let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
    }
}

fn run(engine: &'static Engine) {
    // The starter of this thread holds the lock until `wake` is set.
    drop(engine.starting.lock());
    let Some(wake) = engine.wake.get() else { return };
    loop {
        let deadline = engine.serve();
        let slots: Vec<_> = engine.watched().iter().map(|watched| Arc::clone(&watched.descriptor)).collect();
        sleep(wake, &slots, deadline);
        let mut count = [0; 8];
        // Fails if there is nothing to read.
        let _ = rustix::io::read(wake, &mut count);
    }
}

impl Engine {
    /// Serves all watched slots, removes those without pending reads, and returns the next read's deadline.
    ///
    /// The lock is held meanwhile, on which [`forget_slot`] relies: slots are used only in here.
    fn serve(&self) -> Option<Instant> {
        let mut watched = self.watched();
        let next = watched.iter().filter_map(|watched| watched.slot.serve()).min();
        // A read that begins now adds its slot again: it counts as pending before it asks to be watched.
        watched.retain(|watched| watched.slot.has_pending());
        next
    }

    fn watched(&self) -> MutexGuard<'_, Vec<WatchedSlot>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sleeps until an event on a watched descriptor, or the deadline.
fn sleep(wake: &OwnedFd, slots: &[Arc<OwnedFd>], deadline: Option<Instant>) {
    let mut fds = vec![PollFd::new(wake, PollFlags::IN)];
    fds.extend(slots.iter().map(|slot| PollFd::new(&**slot, PollFlags::IN)));
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    // Rounded up, so that the deadline has passed on waking.
    let left = left.map(|left| left + Duration::from_nanos(1));
    let left = left.map(|left| Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos() as _ });
    // After an interruption or an error, all slots are checked again, which is always correct.
    let _ = rustix::event::poll(&mut fds, left.as_ref());
}

/// The signal mask of a thread, to be restored.
struct Signals(libc::sigset_t);

impl Signals {
    fn block_all() -> Signals {
        // SAFETY: `sigset_t` is plain data that the calls initialise; all pointers are to these locals.
        unsafe {
            let mut all = core::mem::zeroed();
            let mut before = core::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Signals(before)
        }
    }

    fn restore(self) {
        // SAFETY: the mask is one that the system gave us.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, core::ptr::null_mut()) };
    }
}
