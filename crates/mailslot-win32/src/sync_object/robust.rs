//! A lock in shared memory, which the kernel releases when its holder ends in any way.
//!
//! It is the C library's. A mutex of the program is held for any time, unlike a lock for one call, so it must be in the
//! list of robust locks that the C library keeps for each thread.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use crate::code::{Code, Result};

#[repr(transparent)]
pub(super) struct Robust(UnsafeCell<libc::pthread_mutex_t>);

/// The result of taking the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Clean,
    /// The previous holder ended without releasing it. Reported once.
    OwnerDied,
}

// SAFETY: threads, of any process, use it through the C library alone, which synchronises them.
unsafe impl Sync for Robust {}
// SAFETY: as above. Memory in which it is locked does not move.
unsafe impl Send for Robust {}

impl Robust {
    /// Initialises a lock at `place`, for all processes that share the memory.
    ///
    /// # Safety
    ///
    /// `place` is valid for writing, and the lock is not in use.
    pub(super) unsafe fn init(place: *mut Robust) -> Result<()> {
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: `attributes` is a local that the first call initialises, and `place` is as the caller promises.
        let results = unsafe {
            [
                libc::pthread_mutexattr_init(attributes),
                libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED),
                libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST),
                libc::pthread_mutex_init(place.cast(), attributes),
                libc::pthread_mutexattr_destroy(attributes),
            ]
        };
        if results == [0; 5] { Ok(()) } else { Err(Code::NO_SYSTEM_RESOURCES) }
    }

    /// Takes the lock, whose holders keep it for a few instructions only.
    pub(super) fn lock(&self) -> Result<Taken> {
        // SAFETY: `init` has made it, and it stays where it is.
        let result = unsafe { libc::pthread_mutex_lock(self.0.get()) };
        self.taken(result)?.ok_or(Code::NO_SYSTEM_RESOURCES)
    }

    /// Takes the lock if it is free.
    pub(super) fn try_lock(&self) -> Result<Option<Taken>> {
        // SAFETY: as in `lock`.
        let result = unsafe { libc::pthread_mutex_trylock(self.0.get()) };
        self.taken(result)
    }

    fn taken(&self, result: i32) -> Result<Option<Taken>> {
        match result {
            0 => Ok(Some(Taken::Clean)),
            libc::EOWNERDEAD => {
                // SAFETY: this thread holds it now, in the state in which the dead holder left it.
                unsafe { libc::pthread_mutex_consistent(self.0.get()) };
                Ok(Some(Taken::OwnerDied))
            }
            libc::EBUSY => Ok(None),
            // The memory is damaged, or a limit of the system is reached.
            _ => Err(Code::NO_SYSTEM_RESOURCES),
        }
    }

    /// Releases the lock. Only its holder may.
    pub(super) fn unlock(&self) {
        // SAFETY: as in `lock`; the C library itself finds out who holds it.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }
}
