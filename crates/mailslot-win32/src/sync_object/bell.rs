//! How processes that wait for a shared object learn that it has changed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// How one is opened: both ends at once.
pub(super) const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A FIFO. That a byte is written is the message: whoever watches for that, with `EPOLLET`, is woken by each. What is in it does
/// not matter, and nobody needs to take it out, so whoever is killed has nothing undone.
pub(super) struct Bell(pub(super) OwnedFd);

impl Bell {
    /// Only who holds the object's lock rings, and does so before the change: those who wake wait for the lock then, and if the
    /// change is never made, because this process is killed, they see that.
    pub(super) fn ring(&self) {
        // It is full after many rings. Never empty again: who has been woken, but has not looked yet, must find something.
        while rustix::io::write(&self.0, b"!") == Err(Errno::AGAIN) {
            if rustix::io::read(&self.0, &mut [0; 4096]).is_err() {
                break;
            }
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
