//! The state of an object, shared by all processes that have it.
//!
//! Changes need `lock`. A process killed during a change leaves every field with a valid value: each change is one
//! store, or is reported by the kernel.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, Ordering::Relaxed};

use super::robust::{Robust, Taken};
use crate::code::{Code, Result};

#[repr(C)]
pub(super) struct State {
    /// [`VERSION`]: with another version, the fields are others.
    version: AtomicU32,
    kind: AtomicU32,
    /// Held while the rest is read or changed. For an object of one process, the lock of all waits suffices.
    lock: Robust,
    /// A mutex: the lock that its holder holds.
    held: Robust,
    /// An event, a timer: 1 if signalled. A semaphore: its count. A mutex: 1 if its holder ended, until a wait has
    /// reported that. A section: its protection, which does not change.
    value: AtomicI32,
    /// The largest count of a semaphore.
    maximum: AtomicI32,
    /// Whether a wait leaves an event or a timer signalled.
    manual_reset: AtomicI32,
    /// A mutex: the process of its holder.
    holder: AtomicU32,
    /// Waits that may sleep. Those of killed processes count for ever, which only costs needless wake-ups.
    waits: AtomicU32,
    /// A timer: milliseconds between two signals, or 0.
    period_millis: AtomicU32,
    /// A timer: how many times it was set or stopped.
    settings: AtomicU32,
    /// A timer: nanoseconds of the system's monotonic clock at the next signal, or 0.
    due: AtomicI64,
}

/// Includes the C library, whose lock and layout it contains.
const VERSION: u32 = 1 | (cfg!(target_env = "musl") as u32) << 8 | (size_of::<usize>() as u32) << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event = 1,
    Mutex = 2,
    Semaphore = 3,
    Timer = 4,
    /// Shared memory, which cannot be waited for.
    Section = 5,
}

/// The initial state of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Initial {
    pub(crate) kind: Kind,
    pub(crate) value: i32,
    /// Of a semaphore.
    pub(crate) maximum: i32,
    /// Of an event or a timer.
    pub(crate) manual_reset: bool,
    /// Whether the creating thread holds a mutex.
    pub(crate) owned: bool,
    /// Bytes of a section.
    pub(crate) data: u64,
}

/// The state, with `lock` or the lock of all waits held.
pub(super) struct Locked<'a> {
    state: &'a State,
    shared: bool,
}

impl State {
    /// Fills `place`.
    ///
    /// # Safety
    ///
    /// `place` is valid for writing and aligned, and not in use.
    pub(super) unsafe fn init(place: *mut State, initial: Initial) -> Result<()> {
        // SAFETY: fields of `place`, which is as the caller promises.
        unsafe {
            Robust::init(&raw mut (*place).lock)?;
            Robust::init(&raw mut (*place).held)?;
            (&raw mut (*place).version).write(VERSION.into());
            (&raw mut (*place).kind).write((initial.kind as u32).into());
            (&raw mut (*place).value).write(initial.value.into());
            (&raw mut (*place).maximum).write(initial.maximum.into());
            (&raw mut (*place).manual_reset).write(i32::from(initial.manual_reset).into());
            (&raw mut (*place).holder).write(0.into());
            (&raw mut (*place).waits).write(0.into());
            (&raw mut (*place).period_millis).write(0.into());
            (&raw mut (*place).settings).write(0.into());
            (&raw mut (*place).due).write(0.into());
        }
        Ok(())
    }

    /// Its kind, which does not change.
    pub(super) fn kind(&self) -> Result<Kind> {
        let kinds = [Kind::Event, Kind::Mutex, Kind::Semaphore, Kind::Timer, Kind::Section];
        let kind = kinds.into_iter().find(|kind| *kind as u32 == self.kind.load(Relaxed));
        kind.filter(|_| self.version.load(Relaxed) == VERSION).ok_or(Code::NOT_SUPPORTED)
    }

    /// For an object that is not shared, the caller's lock of all waits suffices.
    pub(super) fn lock(&self, shared: bool) -> Result<Locked<'_>> {
        if shared {
            // The state after a dead holder is valid.
            self.lock.lock()?;
        }
        Ok(Locked { state: self, shared })
    }

    /// The protection of a section.
    pub(super) fn protection(&self) -> u32 {
        self.value.load(Relaxed).cast_unsigned()
    }

    /// In a forked child, for an object that is not shared: the holder of a mutex does not exist here. The caller holds
    /// the lock of all waits.
    pub(super) fn abandon(&self) -> Result<()> {
        // SAFETY: in the child's own copy, which is used under that lock alone.
        unsafe { Robust::init((&raw const self.held).cast_mut()) }?;
        if self.holder.swap(0, Relaxed) != 0 {
            self.value.store(1, Relaxed);
        }
        Ok(())
    }

    /// Counts a wait that may sleep: changes ring the bell from now on.
    pub(super) fn begin_wait(&self) {
        self.waits.fetch_add(1, Relaxed);
    }

    /// The number of a timer's current setting.
    pub(super) fn setting(&self) -> u32 {
        self.settings.load(Relaxed)
    }

    pub(super) fn end_wait(&self) {
        self.waits.fetch_sub(1, Relaxed);
    }
}

impl Locked<'_> {
    /// Whether a change must ring the bell.
    pub(super) fn is_waited_for(&self) -> bool {
        self.state.waits.load(Relaxed) > 0
    }

    /// Whether a wait of a thread that does not hold it would end at once.
    pub(super) fn is_signalled(&self) -> Result<bool> {
        if self.state.kind()? != Kind::Mutex {
            return Ok(self.state.value.load(Relaxed) > 0);
        }
        let taken = self.state.held.try_lock()?;
        if taken == Some(Taken::OwnerDied) {
            // Noted for the next holder.
            self.state.value.store(1, Relaxed);
        }
        if taken.is_some() {
            self.state.held.unlock();
        }
        Ok(taken.is_some())
    }

    /// Has the effect of a wait's end on an object that [is signalled](Locked::is_signalled). Returns whether it was
    /// abandoned.
    pub(super) fn take(&self) -> Result<bool> {
        match self.state.kind()? {
            Kind::Mutex => {
                // No other thread can take it in between, and the death of its holder has been noted.
                self.state.held.try_lock()?.ok_or(Code::NO_SYSTEM_RESOURCES)?;
                self.state.holder.store(std::process::id(), Relaxed);
                Ok(self.state.value.swap(0, Relaxed) != 0)
            }
            Kind::Semaphore => {
                self.state.value.fetch_sub(1, Relaxed);
                Ok(false)
            }
            Kind::Section => Err(Code::INVALID_HANDLE),
            Kind::Event | Kind::Timer => {
                if self.state.manual_reset.load(Relaxed) == 0 {
                    self.state.value.store(0, Relaxed);
                }
                Ok(false)
            }
        }
    }

    pub(super) fn set_event(&self, signalled: bool) {
        self.state.value.store(signalled.into(), Relaxed);
    }

    /// Adds to a semaphore. Returns its previous count.
    pub(super) fn release_semaphore(&self, count: i32) -> Result<i32> {
        let before = self.state.value.load(Relaxed);
        let after = before.checked_add(count).filter(|after| count >= 0 && *after <= self.state.maximum.load(Relaxed));
        self.state.value.store(after.ok_or(Code::TOO_MANY_POSTS)?, Relaxed);
        Ok(before)
    }

    /// Releases a mutex that this thread holds, or abandons it because the thread ends.
    pub(super) fn release_mutex(&self, abandoned: bool) {
        if abandoned {
            self.state.value.store(1, Relaxed);
        }
        self.state.holder.store(0, Relaxed);
        self.state.held.unlock();
    }

    /// The process that holds a mutex.
    pub(super) fn holder(&self) -> u32 {
        self.state.holder.load(Relaxed)
    }

    /// Sets a timer. It is not signalled until `due`. Returns the number of this setting.
    pub(super) fn set_timer(&self, due: i64, period_millis: u32) -> u32 {
        // First, because the other two fields are ignored while the timer is stopped.
        self.state.due.store(0, Relaxed);
        self.state.value.store(0, Relaxed);
        self.state.period_millis.store(period_millis, Relaxed);
        self.state.due.store(due, Relaxed);
        self.state.settings.fetch_add(1, Relaxed).wrapping_add(1)
    }

    /// Stops a timer, without changing whether it is signalled.
    pub(super) fn cancel_timer(&self) {
        self.state.settings.fetch_add(1, Relaxed);
        self.state.due.store(0, Relaxed);
    }

    /// Updates a timer to the time `now`. Returns when it will be signalled next.
    pub(super) fn pass_time(&self, now: i64) -> Option<i64> {
        let due = Some(self.state.due.load(Relaxed)).filter(|due| *due != 0)?;
        if now < due {
            return Some(due);
        }
        self.state.value.store(1, Relaxed);
        let period = i64::from(self.state.period_millis.load(Relaxed)) * 1_000_000;
        let next = if period > 0 { due + ((now - due) / period + 1) * period } else { 0 };
        self.state.due.store(next, Relaxed);
        (next != 0).then_some(next)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.shared {
            self.state.lock.unlock();
        }
    }
}
