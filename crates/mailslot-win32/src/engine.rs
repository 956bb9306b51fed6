//! The thread that waits: for messages that pending reads want, and for the ends of child processes.
//!
//! It starts with the first of them, sleeps in one `poll`, and does not exist in a forked child until that needs one.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

use crate::code::{Code, Result};
use crate::object::{Process, Slot};
use crate::per_process::PerProcess;

static ENGINE: PerProcess<Engine> = PerProcess::new();

#[derive(Default)]
struct Engine {
    watched: Mutex<Watched>,
    /// Wakes the thread, which exists if this does.
    wake: OnceLock<OwnedFd>,
    starting: Mutex<()>,
}

#[derive(Default)]
struct Watched {
    slots: Vec<WatchedSlot>,
    processes: Vec<Arc<Process>>,
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
    // The program's signal handlers are for its own threads.
    let signals = Signals::block_all();
    let thread = std::thread::Builder::new().name("mailslot-win32".to_owned()).spawn(|| run(ENGINE.get()));
    signals.restore();
    thread.map_err(|_| Code::NO_SYSTEM_RESOURCES)?;
    // Only the holder of `starting` sets it.
    let _ = engine.wake.set(wake);
    wake_up(engine);
    Ok(())
}

/// Serves the pending reads of `slot` from now on, when `descriptor` is readable. The thread must run.
pub(crate) fn watch_slot(slot: &Arc<Slot>, descriptor: Arc<OwnedFd>) {
    let engine = ENGINE.get();
    let mut watched = engine.watched();
    if !watched.slots.iter().any(|other| Arc::ptr_eq(&other.slot, slot)) {
        watched.slots.push(WatchedSlot { slot: Arc::clone(slot), descriptor });
    }
    drop(watched);
    wake_up(engine);
}

/// Lets go of a slot that closes: when this returns, the thread does not keep it alive.
pub(crate) fn forget_slot(slot: &Slot) {
    let engine = ENGINE.get();
    let forgotten = {
        let mut watched = engine.watched();
        let index = watched.slots.iter().position(|other| core::ptr::eq(&*other.slot, slot));
        index.map(|index| watched.slots.swap_remove(index))
    };
    if forgotten.is_some() {
        wake_up(engine);
    }
}

/// Notices the end of `process` when it comes.
pub(crate) fn watch_process(process: &Arc<Process>) -> Result<()> {
    started()?;
    let engine = ENGINE.get();
    engine.watched().processes.push(Arc::clone(process));
    wake_up(engine);
    Ok(())
}

fn wake_up(engine: &Engine) {
    if let Some(wake) = engine.wake.get() {
        // It fails only when the counter is at its limit, and then the thread is about to wake.
        let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
    }
}

fn run(engine: &'static Engine) {
    // Whoever starts this thread holds the lock until `wake` is there.
    drop(engine.starting.lock());
    let Some(wake) = engine.wake.get() else { return };
    loop {
        let deadline = engine.serve();
        let (slots, processes) = engine.watched().descriptors();
        sleep(wake, &slots, &processes, deadline);
        let mut count = [0; 8];
        // Nothing to read is as good.
        let _ = rustix::io::read(wake, &mut count);
    }
}

impl Engine {
    /// Serves everything that is watched, forgets what needs it no more, and returns when the next read's time is over.
    ///
    /// The lock is held meanwhile, so that [`forget_slot`] can rely on it: slots are touched in here only.
    fn serve(&self) -> Option<Instant> {
        let mut watched = self.watched();
        let next = watched.slots.iter().filter_map(|watched| watched.slot.serve()).min();
        // A read that begins now adds its slot again: it counts as pending before it asks to be watched.
        let (keep, ended) = core::mem::take(&mut watched.slots).into_iter().partition(|it| it.slot.has_pending());
        watched.slots = keep;
        watched.processes.retain(|process| !process.notice_end());
        drop(watched);
        drop::<Vec<_>>(ended);
        next
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn descriptors(&self) -> (Vec<Arc<OwnedFd>>, Vec<Arc<Process>>) {
        (self.slots.iter().map(|watched| Arc::clone(&watched.descriptor)).collect(), self.processes.clone())
    }
}

/// Sleeps until something watched may have happened.
fn sleep(wake: &OwnedFd, slots: &[Arc<OwnedFd>], processes: &[Arc<Process>], deadline: Option<Instant>) {
    let mut fds = vec![PollFd::new(wake, PollFlags::IN)];
    fds.extend(slots.iter().map(|slot| PollFd::new(&**slot, PollFlags::IN)));
    fds.extend(processes.iter().map(|process| PollFd::new(&**process, PollFlags::IN)));
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    // Rounded up, so that the deadline has passed on waking.
    let left = left.map(|left| left + Duration::from_nanos(1));
    let left = left.map(|left| Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos() as _ });
    // After an interruption or an error everything is looked at again, which is always right.
    let _ = rustix::event::poll(&mut fds, left.as_ref());
}

/// The signal mask of a thread, to be put back.
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
