//! The handles that the program got for mailslots elsewhere.
//!
//! The program closes them as it likes, and then the system gives their values to other objects. So each entry has a
//! duplicate of its handle, and counts only while the program's handle is of the same object.

use std::collections::BTreeMap;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use windows_sys::Win32::Foundation::{
    CompareObjectHandles, DUPLICATE_SAME_ACCESS, DuplicateHandle, GetHandleInformation, HANDLE, HANDLE_FLAG_INHERIT,
};
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_UNKNOWN, GetFileType};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::inlet::{Destination, Inlet};

/// What is known of a handle.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) destination: Arc<Destination>,
    /// Whose slot the handle is of, if it is one of this process.
    pub(super) inlet: Option<Arc<Inlet>>,
    /// Whether a write is complete when it returns.
    pub(super) synchronous: bool,
}

struct Entry {
    found: Found,
    duplicate: OwnedHandle,
}

struct Table {
    entries: BTreeMap<usize, Entry>,
    /// The number of entries at which those of closed handles are removed.
    full: usize,
}

static TABLE: RwLock<Table> = RwLock::new(Table { entries: BTreeMap::new(), full: FEW });
/// Whether there has been an entry. Most writes of most programs cost no more than to read this.
static USED: AtomicBool = AtomicBool::new(false);
/// So many entries of closed handles cost nothing worth looking for.
const FEW: usize = 16;

/// What is known of a handle that the program writes to.
pub(super) fn find(handle: HANDLE) -> Option<Found> {
    if !USED.load(Ordering::Acquire) {
        return None;
    }
    let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    let entry = table.entries.get(&handle.addr())?;
    is_same(handle, &entry.duplicate).then(|| entry.found.clone())
}

/// The handles that child processes inherit, as a text for [`inherit`]; empty if there are none.
pub(super) fn to_inherit() -> String {
    let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = String::new();
    for (value, Entry { found, duplicate }) in &table.entries {
        let handle = std::ptr::without_provenance_mut(*value);
        if is_same(handle, duplicate) && is_inheritable(handle) {
            let (address, synchronous) = (found.destination.address().to_string(), u8::from(found.synchronous));
            // A name may have any character but NUL.
            text += &format!("{value} {synchronous} {} {address}", address.len());
        }
    }
    text
}

/// Remembers the handles that this process has inherited.
pub(super) fn inherit(mut text: &str) {
    while let Some((handle, found, rest)) = first_inherited(text) {
        text = rest;
        // The parent may have let only others be inherited, and another object may have the value here. What is written
        // to a handle that is not remembered reaches the parent's slot, if it is that one's.
        if may_be_of_mailslot(handle) {
            let _ = insert(handle, found);
        }
    }
}

fn first_inherited(text: &str) -> Option<(HANDLE, Found, &str)> {
    let (value, rest) = text.split_once(' ')?;
    let (synchronous, rest) = rest.split_once(' ')?;
    let (length, rest) = rest.split_once(' ')?;
    let (address, rest) = rest.split_at_checked(length.parse().ok()?)?;
    let destination = Arc::new(Destination::new(address.parse().ok()?));
    let handle = std::ptr::without_provenance_mut(value.parse().ok()?);
    Some((handle, Found { destination, inlet: None, synchronous: synchronous == "1" }, rest))
}

/// Remembers a handle that the program gets.
pub(super) fn insert(handle: HANDLE, found: Found) -> io::Result<()> {
    let entry = Entry { found, duplicate: duplicate(handle)? };
    let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
    table.entries.insert(handle.addr(), entry);
    if table.entries.len() >= table.full {
        table.entries.retain(|handle, entry| is_same(std::ptr::without_provenance_mut(*handle), &entry.duplicate));
        table.full = FEW.max(2 * table.entries.len());
    }
    USED.store(true, Ordering::Release);
    Ok(())
}

fn is_same(handle: HANDLE, duplicate: &OwnedHandle) -> bool {
    // SAFETY: the call only compares; it fails if the program has closed its handle.
    unsafe { CompareObjectHandles(handle, duplicate.as_raw_handle()) != 0 }
}

/// Whether the handle is of no file, pipe, socket or console.
fn may_be_of_mailslot(handle: HANDLE) -> bool {
    // SAFETY: the call fails if the handle is not open, and then returns the same as for a mailslot.
    unsafe { GetFileType(handle) == FILE_TYPE_UNKNOWN }
}

fn is_inheritable(handle: HANDLE) -> bool {
    let mut flags = 0;
    // SAFETY: the call fails if the handle is not open; the output is a local of this function.
    unsafe { GetHandleInformation(handle, &mut flags) != 0 && flags & HANDLE_FLAG_INHERIT != 0 }
}

fn duplicate(handle: HANDLE) -> io::Result<OwnedHandle> {
    let mut duplicate = null_mut();
    // SAFETY: the call fails if the handle is not open; the output is a local of this function.
    let done = unsafe {
        let process = GetCurrentProcess();
        DuplicateHandle(process, handle, process, &mut duplicate, 0, 0, DUPLICATE_SAME_ACCESS)
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just made this handle for us, and nothing else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(duplicate) })
}
