//! Descriptors that forked children give up.
//!
//! A slot lives as long as descriptors of it, and a child has a copy of each. What nobody has passed to the child, it cannot read, so
//! it must not keep alive what its parent leaves: writers would be told that their messages are written. In the child each
//! such descriptor becomes one of nothing, under the same number, for whoever holds it there may still close it.
//!
//! The C library tells of forks; a child that is made in its place, by the bare system call, keeps the copies until it ends or
//! runs another program.

use core::cell::UnsafeCell;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

static PRIVATE: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// Held by a thread that forks: the list is whole then, and not locked by anybody else, in the child as well.
static FORKING: Forking = Forking(UnsafeCell::new(None));

struct Forking(UnsafeCell<Option<MutexGuard<'static, Vec<RawFd>>>>);

// SAFETY: used by the handlers below alone, and there by whoever has locked the list.
unsafe impl Sync for Forking {}

/// Keeps this descriptor from children. To be taken back before it is closed.
pub(crate) fn keep(fd: BorrowedFd<'_>) {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    // Not with the list locked: the C library may hold a lock of its own while it calls these.
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handlers do what is allowed between fork and exec. Without memory for them children have copies.
        unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    }
    list().push(fd.as_raw_fd());
}

/// Lets children have this descriptor again, as before it is closed or passed on.
pub(crate) fn release(fd: BorrowedFd<'_>) {
    let mut list = list();
    if let Some(at) = list.iter().position(|private| *private == fd.as_raw_fd()) {
        list.swap_remove(at);
    }
}

fn list() -> MutexGuard<'static, Vec<RawFd>> {
    PRIVATE.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn before() {
    let list = list();
    // SAFETY: this thread has locked the list.
    unsafe { *FORKING.0.get() = Some(list) };
}

extern "C" fn in_parent() {
    // SAFETY: this thread has locked the list, in `before`.
    drop(unsafe { (*FORKING.0.get()).take() });
}

extern "C" fn in_child() {
    // SAFETY: the only thread of the child is the one that has locked the list, in `before`.
    let Some(mut list) = (unsafe { (*FORKING.0.get()).take() }) else { return };
    if let Some(first) = list.first() {
        // SAFETY: calls that are allowed between fork and exec, with numbers of descriptors that are open, and of which only copies in
        // the child are replaced. The list keeps its memory.
        unsafe {
            let mut nothing = libc::eventfd(0, libc::EFD_CLOEXEC);
            if nothing < 0 {
                // None was left: so there is one now, under this number.
                libc::close(*first);
                nothing = libc::eventfd(0, libc::EFD_CLOEXEC);
            }
            for fd in list.iter().filter(|fd| **fd != nothing) {
                libc::dup3(nothing, *fd, libc::O_CLOEXEC);
            }
            if !list.contains(&nothing) {
                libc::close(nothing);
            }
        }
    }
    list.clear();
}
