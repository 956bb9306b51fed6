//! Views: the mappings of sections in this process.

use core::ffi::c_void;
use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use crate::code::{Code, Result};
use crate::per_process::PerProcess;
use crate::sync_object::SyncObject;

/// `PAGE_READWRITE`: the only protection with which a section may be changed.
pub(crate) const READ_WRITE: u32 = 0x4;

/// The kind of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    Read,
    Write,
    /// Changes are seen by this process alone.
    Copy,
}

struct View {
    size: usize,
    /// It lives as long as the view.
    _section: Arc<SyncObject>,
}

/// Views by their first bytes. A forked child keeps its parent's views until its end, and cannot unmap them.
static VIEWS: PerProcess<Mutex<BTreeMap<usize, View>>> = PerProcess::new();

fn views() -> MutexGuard<'static, BTreeMap<usize, View>> {
    VIEWS.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Maps `size` bytes of a section from `offset` on, or up to its end if `size` is 0.
///
/// # Errors
///
/// - `ERROR_MAPPED_ALIGNMENT` if `offset` is not at a page
/// - `ERROR_ACCESS_DENIED` if that exceeds the section, or the section may not be changed
pub(crate) fn map(section: &Arc<SyncObject>, sight: Sight, offset: u64, size: usize) -> Result<*mut c_void> {
    let (file, begin, length) = section.data()?;
    let page = page_size() as u64;
    if !offset.is_multiple_of(page) {
        return Err(Code::MAPPED_ALIGNMENT);
    }
    // A section ends with a whole page.
    let rest = length.next_multiple_of(page).checked_sub(offset).filter(|rest| *rest > 0);
    let rest = usize::try_from(rest.ok_or(Code::ACCESS_DENIED)?).map_err(|_| Code::NOT_ENOUGH_MEMORY)?;
    let size = if size == 0 { rest } else { size };
    if size > rest || sight == Sight::Write && section.protection() != READ_WRITE {
        return Err(Code::ACCESS_DENIED);
    }
    let (prot, flags) = match sight {
        Sight::Read => (ProtFlags::READ, MapFlags::SHARED),
        Sight::Write => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED),
        Sight::Copy => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE),
    };
    let mut views = views();
    // SAFETY: a new mapping, wherever there is room, which only the program uses.
    let place = unsafe { rustix::mm::mmap(ptr::null_mut(), size, prot, flags, file, begin + offset) };
    let place = place.map_err(|error| if error == Errno::NOMEM { Code::NOT_ENOUGH_MEMORY } else { error.into() })?;
    views.insert(place.addr(), View { size, _section: Arc::clone(section) });
    Ok(place)
}

/// Views begin at multiples of it.
pub(crate) fn page_size() -> usize {
    // SAFETY: takes any number, and knows this one.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Unmaps the view that begins here.
///
/// # Errors
///
/// `ERROR_INVALID_ADDRESS` if none does
pub(crate) fn unmap(place: *mut c_void) -> Result<()> {
    let mut views = views();
    let view = views.remove(&place.addr()).ok_or(Code::INVALID_ADDRESS)?;
    // SAFETY: a mapping of this size that `map` made here, and that was in the table until now. The program promises
    // that it no longer uses it.
    unsafe { rustix::mm::munmap(place, view.size) }?;
    // Unlocks first, because dropping the section may take a while.
    drop(views);
    Ok(())
}

/// Whether all of these bytes are in one view.
pub(crate) fn has(place: *const c_void, size: usize) -> bool {
    let before = views().range(..=place.addr()).next_back().map(|(begin, view)| (*begin, view.size));
    before.is_some_and(|(begin, length)| place.addr() - begin < length && size <= length - (place.addr() - begin))
}
