//! Closing descriptors that other users have made.
//!
//! The last close of a descriptor can block for as long as its maker likes: if it is a socket that lingers, or a file
//! of a file system in user space. So can closing a connection in which such descriptors are in transit. So they are
//! closed in separate threads, which exist only while there is something to close.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::fork::PerProcess;

/// The most threads at a time. Descriptors that wait for a thread stay open, so users who send such things are shut
/// out.
const THREADS: usize = 16;

#[derive(Default)]
struct Closing {
    waiting: Vec<OwnedFd>,
    threads: usize,
}

/// Threads exist in one process only.
static CLOSING: PerProcess<Mutex<Closing>> = PerProcess::new();

fn closing() -> MutexGuard<'static, Closing> {
    CLOSING.get_or(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes `fd` without waiting.
pub(super) fn close(fd: OwnedFd) {
    let mut closing = closing();
    closing.waiting.push(fd);
    if closing.threads < THREADS {
        let thread = std::thread::Builder::new().name("mailslot-close".to_owned()).stack_size(64 << 10);
        // Without a thread the descriptor stays open until the next call.
        closing.threads += usize::from(thread.spawn(work).is_ok());
    }
}

fn work() {
    block_signals();
    loop {
        let fd = {
            let mut closing = closing();
            let fd = closing.waiting.pop();
            if fd.is_none() {
                closing.threads -= 1;
                return;
            }
            fd
        };
        drop(fd);
    }
}

/// Blocks all signals, which are for the program's own threads.
fn block_signals() {
    // SAFETY: `sigset_t` is plain data that `sigfillset` initialises; the pointer is to this local.
    unsafe {
        let mut all = core::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, core::ptr::null_mut());
    }
}
