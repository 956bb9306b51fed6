//! Handle values and their objects.
//!
//! A value is an index into the table, shifted by two as on Windows, with the generation of its entry above: an entry
//! that is reused gives another value, so a closed handle differs from an open one. All values fit in 31 bits.

mod barrier;
pub(crate) mod inherited;
mod open;
pub(crate) mod own;
mod table;
mod thread_pointer;
mod uses;

use std::sync::Arc;

use crate::abi::Handle;
use crate::code::{Code, Result};
use crate::inheritance;
use crate::object::{Object, Process};
use crate::threads;

pub(crate) use open::{INHERIT, Open, PROTECT_FROM_CLOSE};
pub(crate) use table::{Held, Visit};

/// Makes a handle for `object`.
pub(crate) fn insert(object: Object, inherit: bool) -> Result<Handle> {
    inheritance::adopt_once();
    object.opened();
    let handle = match table::insert(Open::new(object, if inherit { INHERIT } else { 0 })) {
        Ok(handle) => handle,
        Err(open) => {
            open.object.closed(Handle::NULL);
            return Err(Code::NO_SYSTEM_RESOURCES);
        }
    };
    if inherit && let Err(code) = inheritance::publish() {
        close(handle)?;
        return Err(code);
    }
    Ok(handle)
}

/// The object of `handle`, kept alive until the result is dropped.
#[inline]
pub(crate) fn find(handle: Handle) -> Result<Held> {
    match table::find(handle) {
        Some(held) => Ok(held),
        None => find_inherited(handle),
    }
}

/// The object of `handle`, which may also be a pseudo handle of the running process or thread.
pub(crate) fn object(handle: Handle) -> Result<Object> {
    match handle {
        Handle::INVALID => Ok(Object::Process(Process::own())),
        Handle::CURRENT_THREAD => Ok(Object::Thread(threads::current())),
        handle => Ok(find(handle)?.object.clone()),
    }
}

#[cold]
fn find_inherited(handle: Handle) -> Result<Held> {
    inheritance::adopt_once();
    table::find(handle).ok_or(Code::INVALID_HANDLE)
}

/// Closes `handle`. Its object is dropped after its last use.
pub(crate) fn close(handle: Handle) -> Result<()> {
    // The pseudo handles of the process, the thread and the token: nothing to close.
    if [Handle::INVALID, Handle::CURRENT_THREAD, Handle::CURRENT_TOKEN].contains(&handle) {
        return Ok(());
    }
    let handle = handle.significant();
    let held = find(handle)?;
    if held.flags() & PROTECT_FROM_CLOSE != 0 || !table::close(handle) {
        return Err(Code::INVALID_HANDLE);
    }
    held.object.closed(handle);
    if held.flags() & INHERIT != 0 {
        // It is closed, whether or not children find the others.
        let _ = inheritance_changed(&held.object);
    }
    Ok(())
}

/// Changes the flags of `handle` that `mask` names.
pub(crate) fn set_flags(handle: Handle, mask: u32, flags: u32) -> Result<()> {
    let held = find(handle)?;
    held.set_flags(mask, flags);
    if mask & INHERIT != 0 { inheritance_changed(&held.object) } else { Ok(()) }
}

/// Updates the list after a handle of `object` became inheritable, or stopped being so.
fn inheritance_changed(object: &Object) -> Result<()> {
    object.set_inheritable(inherited::all().iter().any(|(_, other)| object.is(&other.object)));
    inheritance::publish()
}

/// The child process with this id, if this process has a handle of it and it has not ended.
pub(crate) fn child(id: u32) -> Option<Arc<Process>> {
    let is_it = |held: Held| held.object.process().ok().filter(|process| process.is_running_child(id)).map(Arc::clone);
    table::all().find_map(|(_, held)| is_it(held))
}
