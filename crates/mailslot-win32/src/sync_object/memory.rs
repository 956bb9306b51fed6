//! Where the state of an object is.

use std::os::fd::AsFd;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use super::state::{Initial, Locked, State};
use crate::code::{Code, Result};

/// The state, in a page of its own.
pub(super) struct Memory {
    state: NonNull<State>,
    /// The process that has it, unless it is shared: a forked child has a copy, and none of its threads what those of the parent had.
    generation: Option<AtomicU64>,
}

/// Length of a file that holds a state.
pub(super) const SIZE: usize = 4096;
const _: () = assert!(size_of::<State>() <= SIZE);

/// Where the data of a section begin in its file: at a page, whatever size pages have.
pub(super) const DATA: u64 = 65536;

/// Gives a file of the directory, which is empty, the memory for a state, and for data if there are any. All of it now: where there
/// is none left, it would be missed only when it is used, and kill the process.
pub(super) fn allot(file: impl AsFd, data: u64) -> Result<()> {
    let flags = FallocateFlags::empty();
    rustix::fs::fallocate(&file, flags, 0, SIZE as u64)?;
    if data > 0 {
        check_size(data)?;
        rustix::fs::fallocate(&file, flags, DATA, data).map_err(|error| match error {
            Errno::NOSPC => Code::COMMITMENT_LIMIT,
            error => error.into(),
        })?;
    }
    Ok(())
}

/// The same for a memory file, which has no limit that it could meet: the system finds the memory when it is used, as it does for a
/// program's own.
pub(super) fn lengthen(file: impl AsFd, data: u64) -> Result<()> {
    check_size(data)?;
    let length = if data > 0 { DATA + data } else { SIZE as u64 };
    Ok(rustix::fs::ftruncate(file, length)?)
}

/// The machine has so much memory. Without this look an absurd size would take all of it before it failed.
fn check_size(data: u64) -> Result<()> {
    let pages = |what| {
        // SAFETY: takes any number.
        u64::try_from(unsafe { libc::sysconf(what) }).unwrap_or(0)
    };
    let whole = pages(libc::_SC_PHYS_PAGES).saturating_mul(pages(libc::_SC_PAGESIZE));
    if data < whole { Ok(()) } else { Err(Code::COMMITMENT_LIMIT) }
}

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
        Memory::new(place, Some(initial), Some(mailslot::fork_generation()))
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
        Memory::new(place, initial, None)
    }

    fn new(place: *mut core::ffi::c_void, initial: Option<Initial>, generation: Option<u64>) -> Result<Arc<Memory>> {
        let state = NonNull::new(place.cast::<State>()).ok_or(Code::NOT_ENOUGH_MEMORY)?;
        let memory = Arc::new(Memory { state, generation: generation.map(AtomicU64::new) });
        if let Some(initial) = initial {
            // SAFETY: pages that were mapped just now, of a file that nobody else uses yet.
            unsafe { State::init(state.as_ptr(), initial) }?;
        }
        memory.state().kind()?;
        Ok(memory)
    }

    /// Keeps others from changing the state. What is not shared is locked by the lock of all waits, which the caller has.
    pub(super) fn lock(&self) -> Result<Locked<'_>> {
        let Some(of) = &self.generation else { return self.state().lock(true) };
        let generation = mailslot::fork_generation();
        if of.swap(generation, Ordering::Relaxed) != generation {
            self.state().abandon()?;
        }
        self.state().lock(false)
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
