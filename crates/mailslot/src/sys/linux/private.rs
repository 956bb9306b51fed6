//! Descriptors that forked children close.
//!
//! A slot lives as long as its descriptors, and a child has a copy of each. A child cannot read a slot that was not
//! passed to it, so it must not keep alive a slot that its parent closes: writers would be told that their messages are
//! written. In the child each such descriptor is replaced by an unrelated one with the same number, as code in the
//! child may still close it.
//!
//! The C library calls the handlers at a fork; a child that is made by the bare system call keeps the copies until it
//! ends or runs another program.

use core::cell::UnsafeCell;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

static PRIVATE: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// Holds the lock of a thread that forks: then the list is consistent, and locked by nobody else, in the child as well.
static FORKING: Forking = Forking(UnsafeCell::new(None));

struct Forking(UnsafeCell<Option<MutexGuard<'static, Vec<RawFd>>>>);

// SAFETY: used only by the handlers below, in the thread that has locked the list.
unsafe impl Sync for Forking {}

/// Keeps this descriptor from children. Call `release` before it is closed.
pub(crate) fn keep(fd: BorrowedFd<'_>) {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    // Called without the list locked: the C library may hold an internal lock while it calls the handlers.
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handlers do what is allowed between fork and exec. If there is no memory to register them,
        // children have copies.
        unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    }
    list().push(fd.as_raw_fd());
}

/// Lets children have this descriptor again; called before it is closed or passed on.
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
    // SAFETY: this thread locked the list in `before`.
    drop(unsafe { (*FORKING.0.get()).take() });
}

extern "C" fn in_child() {
    // SAFETY: the only thread of the child is the one that locked the list in `before`.
    let Some(mut list) = (unsafe { (*FORKING.0.get()).take() }) else { return };
    if let Some(first) = list.first() {
        // SAFETY: these calls are allowed between fork and exec. The numbers are those of open descriptors, and only
        // copies in the child are replaced. The list keeps its memory.
        unsafe {
            let mut nothing = libc::eventfd(0, libc::EFD_CLOEXEC);
            if nothing < 0 {
                // No descriptor was left: closing this one makes room for the new one.
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
