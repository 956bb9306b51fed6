//! The memory of an object's state.

use std::os::fd::AsFd;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use super::state::{Initial, Locked, State};
use crate::code::{Code, Result};

/// The state, in a separate page.
pub(super) struct Memory {
    state: NonNull<State>,
    /// The process that owns it, unless it is shared: a forked child has a copy, whose mutexes its threads do not hold.
    generation: Option<AtomicU64>,
}

/// Length of a file that holds a state.
pub(super) const SIZE: usize = 4096;
const _: () = assert!(size_of::<State>() <= SIZE);

/// The position of a section's data in its file: at a page, for every page size.
pub(super) const DATA: u64 = 65536;

/// Allocates memory for a state, and for data if there are any, to an empty file of the directory. All of it now: if
/// memory is short, a later access would kill the process.
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

/// The same for a memory file, which has no limit: the system allocates the memory on use, like a program's.
pub(super) fn lengthen(file: impl AsFd, data: u64) -> Result<()> {
    check_size(data)?;
    let length = if data > 0 { DATA + data } else { SIZE as u64 };
    Ok(rustix::fs::ftruncate(file, length)?)
}

/// Checks that the machine has as much memory. Otherwise an absurd size would take all memory before it failed.
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
    /// For an object that is not shared: a forked child has a copy.
    pub(super) fn anonymous(initial: Initial) -> Result<Arc<Memory>> {
        let flags = MapFlags::PRIVATE;
        // SAFETY: a new mapping, wherever there is room.
        let place =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), SIZE, ProtFlags::READ | ProtFlags::WRITE, flags) }?;
        Memory::new(place, Some(initial), Some(mailslot::fork_generation()))
    }

    /// Maps the state in a file of [`SIZE`] bytes, after initialising it with `initial` if that is given.
    pub(super) fn map(file: impl AsFd, initial: Option<Initial>) -> Result<Arc<Memory>> {
        // An access beyond the end of a file kills the process.
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
            // SAFETY: pages that were mapped just now, of a file that is not shared yet.
            unsafe { State::init(state.as_ptr(), initial) }?;
        }
        memory.state().kind()?;
        Ok(memory)
    }

    /// Locks the state. One that is not shared is protected by the lock of all waits, which the caller holds.
    pub(super) fn lock(&self) -> Result<Locked<'_>> {
        let Some(of) = &self.generation else { return self.state().lock(true) };
        let generation = mailslot::fork_generation();
        if of.swap(generation, Ordering::Relaxed) != generation {
            self.state().abandon()?;
        }
        self.state().lock(false)
    }

    pub(super) fn state(&self) -> &State {
        // SAFETY: mapped as long as `self` lives, and filled by `new`, here or in the process that made the file. All
        // fields take any bytes, and are changed through their own synchronisation only.
        unsafe { self.state.as_ref() }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: no one else uses it, and no thread of this process holds a lock in it: such a thread would keep it
        // alive.
        let _ = unsafe { rustix::mm::munmap(self.state.as_ptr().cast(), SIZE) };
    }
}
