//! Waking a thread that waits for descriptors.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::error::{Error, Result};

/// Readable from [`wake`](Wake::wake) until [`clear`](Wake::clear).
#[derive(Debug)]
pub(crate) struct Wake(OwnedFd);

impl Wake {
    pub(crate) fn new() -> Result<Wake> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map(Wake)
            .map_err(|error| Error::io("create an event descriptor", error))
    }

    pub(crate) fn wake(&self) {
        // It fails only when the counter is at its limit, and then the descriptor is readable.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Waits until it is woken, or for `time` if that is earlier.
    pub(crate) fn wait(&self, time: Option<Duration>) {
        let timeout = time.map(|time| Timespec { tv_sec: time.as_secs() as _, tv_nsec: 0 });
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        while poll(&mut fds, timeout.as_ref()) == Err(rustix::io::Errno::INTR) {}
    }

    pub(crate) fn clear(&self) {
        // If there was nothing to read, it is clear already.
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
