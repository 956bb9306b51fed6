//! What an object is at one moment: the part that all processes which have it share.
//!
//! Whoever changes it holds `lock`. One who is killed in between leaves every field with a value that it may have: each change
//! that others could see halfway is one store, or told by the kernel.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, Ordering::Relaxed};

use super::robust::{Robust, Taken};
use crate::code::{Code, Result};

#[repr(C)]
pub(super) struct State {
    /// [`VERSION`]: who has another one knows other fields.
    version: AtomicU32,
    kind: AtomicU32,
    /// Held while the rest is looked at or changed. For an object of one process, the lock of all waits does as well.
    lock: Robust,
    /// A mutex: held by the thread that has it, as long as it has it.
    held: Robust,
    /// An event, a timer: 1 if signalled. A semaphore: its count. A mutex: 1 if its holder ended, and nobody knows yet. A section:
    /// how it is protected, which does not change.
    value: AtomicI32,
    /// Most that a semaphore's count may be.
    maximum: AtomicI32,
    /// Whether a wait leaves an event or a timer signalled.
    manual_reset: AtomicI32,
    /// A mutex: process of the thread that has it.
    holder: AtomicU32,
    /// Waits that may sleep. Those of killed processes count for ever, which only costs.
    waits: AtomicU32,
    /// A timer: milliseconds between two signals, or 0.
    period: AtomicU32,
    /// A timer: how often it was set or stopped.
    settings: AtomicU32,
    /// A timer: nanoseconds of the system's monotonic clock at the next signal, or 0.
    due: AtomicI64,
}

/// The lock in it is the C library's, and so is its layout.
const VERSION: u32 = 1 | (cfg!(target_env = "musl") as u32) << 8 | (size_of::<usize>() as u32) << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event = 1,
    Mutex = 2,
    Semaphore = 3,
    Timer = 4,
    /// Memory that processes share: nothing to wait for.
    Section = 5,
}

/// How an object begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Initial {
    pub(crate) kind: Kind,
    pub(crate) value: i32,
    /// Of a semaphore.
    pub(crate) maximum: i32,
    /// Of an event or a timer.
    pub(crate) manual_reset: bool,
    /// Whether the thread that creates a mutex has it.
    pub(crate) owned: bool,
    /// Bytes of a section.
    pub(crate) data: u64,
}

/// Holding `lock`, or the lock of all waits.
pub(super) struct Locked<'a> {
    state: &'a State,
    shared: bool,
}

impl State {
    /// Fills `place`.
    ///
    /// # Safety
    ///
    /// `place` is valid for writing and aligned, and nobody uses it yet.
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
            (&raw mut (*place).period).write(0.into());
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

    /// Who holds the lock of all waits needs no other for an object that is not shared with another process.
    pub(super) fn lock(&self, shared: bool) -> Result<Locked<'_>> {
        if shared {
            // What a dead holder left is as good as any other state.
            self.lock.lock()?;
        }
        Ok(Locked { state: self, shared })
    }

    /// How a section is protected.
    pub(super) fn protection(&self) -> u32 {
        self.value.load(Relaxed).cast_unsigned()
    }

    /// In a forked child, of an object of its own: who had a mutex does not exist here. The caller holds the lock of all waits.
    pub(super) fn abandon(&self) -> Result<()> {
        // SAFETY: in the child's own copy, which is used under that lock alone.
        unsafe { Robust::init((&raw const self.held).cast_mut()) }?;
        if self.holder.swap(0, Relaxed) != 0 {
            self.value.store(1, Relaxed);
        }
        Ok(())
    }

    /// A wait begins that may sleep: changes are told from now on.
    pub(super) fn begin_wait(&self) {
        self.waits.fetch_add(1, Relaxed);
    }

    /// Which setting of a timer the current one is.
    pub(super) fn setting(&self) -> u32 {
        self.settings.load(Relaxed)
    }

    pub(super) fn end_wait(&self) {
        self.waits.fetch_sub(1, Relaxed);
    }
}

impl Locked<'_> {
    /// Whether a change must be told.
    pub(super) fn is_waited_for(&self) -> bool {
        self.state.waits.load(Relaxed) > 0
    }

    /// Whether a wait of a thread that does not have it already would end at once.
    pub(super) fn is_signalled(&self) -> Result<bool> {
        if self.state.kind()? != Kind::Mutex {
            return Ok(self.state.value.load(Relaxed) > 0);
        }
        let taken = self.state.held.try_lock()?;
        if taken == Some(Taken::OwnerDied) {
            // For whoever takes it.
            self.state.value.store(1, Relaxed);
        }
        if taken.is_some() {
            self.state.held.unlock();
        }
        Ok(taken.is_some())
    }

    /// Does what the end of a wait does to an object that [is signalled](Locked::is_signalled). Returns whether it was abandoned.
    pub(super) fn take(&self) -> Result<bool> {
        match self.state.kind()? {
            Kind::Mutex => {
                // Nobody else comes between, and that its holder died has been noted.
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

    /// Adds to a semaphore. Returns what it was before.
    pub(super) fn release_semaphore(&self, count: i32) -> Result<i32> {
        let before = self.state.value.load(Relaxed);
        let after = before.checked_add(count).filter(|after| count >= 0 && *after <= self.state.maximum.load(Relaxed));
        self.state.value.store(after.ok_or(Code::TOO_MANY_POSTS)?, Relaxed);
        Ok(before)
    }

    /// Gives back a mutex that this thread has, or leaves it behind because the thread ends.
    pub(super) fn release_mutex(&self, abandoned: bool) {
        if abandoned {
            self.state.value.store(1, Relaxed);
        }
        self.state.holder.store(0, Relaxed);
        self.state.held.unlock();
    }

    /// The process that has a mutex.
    pub(super) fn holder(&self) -> u32 {
        self.state.holder.load(Relaxed)
    }

    /// Sets a timer. It is not signalled until `due`. Returns which setting this is.
    pub(super) fn set_timer(&self, due: i64, period: u32) -> u32 {
        // First: a timer that is not running has nothing that the other two could spoil.
        self.state.due.store(0, Relaxed);
        self.state.value.store(0, Relaxed);
        self.state.period.store(period, Relaxed);
        self.state.due.store(due, Relaxed);
        self.state.settings.fetch_add(1, Relaxed).wrapping_add(1)
    }

    /// Stops a timer, which stays as signalled as it is.
    pub(super) fn cancel_timer(&self) {
        self.state.settings.fetch_add(1, Relaxed);
        self.state.due.store(0, Relaxed);
    }

    /// Lets time pass for a timer. Returns when it will be signalled next.
    pub(super) fn pass_time(&self, now: i64) -> Option<i64> {
        let due = Some(self.state.due.load(Relaxed)).filter(|due| *due != 0)?;
        if now < due {
            return Some(due);
        }
        self.state.value.store(1, Relaxed);
        let period = i64::from(self.state.period.load(Relaxed)) * 1_000_000;
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
