//! Closing what other users have made.
//!
//! The last close of a descriptor can wait: for a socket that lingers, or a file system in user space, as long as whoever made
//! it likes. Closing a connection in which such descriptors are under way is the same. So these are closed in threads of
//! their own, which there are only while there is something to close.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::fork::PerProcess;

/// Threads at a time. What waits behind them costs its descriptors, so whoever sends such things is shut out.
const THREADS: usize = 16;

#[derive(Default)]
struct Closing {
    waiting: Vec<OwnedFd>,
    threads: usize,
}

/// The threads are those of one process.
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
        // Without a thread it stays open until the next time.
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

/// The program's signals are for the program's threads.
fn block_signals() {
    // SAFETY: `sigset_t` is plain data, which `sigfillset` initialises; the pointers lead to it.
    unsafe {
        let mut all = core::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, core::ptr::null_mut());
    }
}
