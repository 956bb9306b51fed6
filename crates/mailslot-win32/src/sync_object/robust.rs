//! A lock in memory that processes share, which the kernel gives back when its holder ends, however that happens.
//!
//! It is the C library's: unlike a lock that is only held for one call, a mutex of the program is held for any time, and must
//! stand in the list of such locks that the C library keeps for each thread.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use crate::code::{Code, Result};

#[repr(transparent)]
pub(super) struct Robust(UnsafeCell<libc::pthread_mutex_t>);

/// What an attempt to take the lock came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Clean,
    /// The holder before ended without giving it back. That is told once.
    OwnerDied,
}

// SAFETY: threads, of any process, use it through the C library alone, which synchronises them.
unsafe impl Sync for Robust {}
// SAFETY: as above. Memory in which it is locked stays where it is.
unsafe impl Send for Robust {}

impl Robust {
    /// Makes a lock at `place`, for all processes that share the memory.
    ///
    /// # Safety
    ///
    /// `place` is valid for writing, and nobody uses the lock yet.
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

    /// Takes the lock, which nobody holds for longer than a few instructions.
    pub(super) fn lock(&self) -> Result<Taken> {
        // SAFETY: `init` has made it, and it stays where it is.
        let result = unsafe { libc::pthread_mutex_lock(self.0.get()) };
        self.taken(result)?.ok_or(Code::NO_SYSTEM_RESOURCES)
    }

    /// Takes the lock if nobody has it.
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

    /// Gives the lock back. Only the thread that has it may.
    pub(super) fn unlock(&self) {
        // SAFETY: as in `lock`; the C library itself finds out who holds it.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }
}
