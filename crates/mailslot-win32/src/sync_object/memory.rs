//! Where the state of an object is.

use std::os::fd::AsFd;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rustix::mm::{MapFlags, ProtFlags};

use super::state::{Initial, State};
use crate::code::{Code, Result};

/// The state, in a page of its own.
pub(super) struct Memory {
    state: NonNull<State>,
}

/// Length of a file that holds a state.
pub(super) const SIZE: usize = 4096;
const _: () = assert!(size_of::<State>() <= SIZE);

// SAFETY: all of the state may be used by several threads at once.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// For an object of this process alone: a forked child has a copy.
    pub(super) fn anonymous(initial: Initial) -> Result<Arc<Memory>> {
        let flags = MapFlags::PRIVATE;
        // SAFETY: a new mapping, wherever there is room.
        let place =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), SIZE, ProtFlags::READ | ProtFlags::WRITE, flags) }?;
        Memory::new(place, Some(initial))
    }

    /// What a file of [`SIZE`] bytes holds; it is made first if there is something that it begins with.
    pub(super) fn map(file: impl AsFd, initial: Option<Initial>) -> Result<Arc<Memory>> {
        // Whoever reads beyond the end of a file is killed.
        if rustix::fs::fstat(&file)?.st_size < SIZE as i64 {
            return Err(Code::NOT_SUPPORTED);
        }
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, wherever there is room.
        let place = unsafe { rustix::mm::mmap(ptr::null_mut(), SIZE, prot, MapFlags::SHARED, file, 0) }?;
        Memory::new(place, initial)
    }

    fn new(place: *mut core::ffi::c_void, initial: Option<Initial>) -> Result<Arc<Memory>> {
        let state = NonNull::new(place.cast::<State>()).ok_or(Code::NOT_ENOUGH_MEMORY)?;
        let memory = Arc::new(Memory { state });
        if let Some(initial) = initial {
            // SAFETY: pages that were mapped just now, of a file that nobody else uses yet.
            unsafe { State::init(state.as_ptr(), initial) }?;
        }
        memory.state().kind()?;
        Ok(memory)
    }

    pub(super) fn state(&self) -> &State {
        // SAFETY: mapped as long as `self` lives, and filled by `new`, here or in the process that made the file. All fields
        // take any bytes, and are changed through their own synchronisation only.
        unsafe { self.state.as_ref() }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: nobody else has it, and no thread of this process holds a lock in it: such a thread keeps it.
        let _ = unsafe { rustix::mm::munmap(self.state.as_ptr().cast(), SIZE) };
    }
}
