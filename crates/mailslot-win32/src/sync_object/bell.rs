//! Notifies processes that wait for a shared object of its changes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// The flags of opening one: both ends at once.
pub(super) const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A FIFO. The write of a byte is the notification: it wakes each process that watches with `EPOLLET`. The bytes
/// themselves do not matter and need not be read, so a killed process leaves nothing undone.
pub(super) struct Bell(pub(super) OwnedFd);

impl Bell {
    /// Call this with the object's lock held, before the change: woken processes then wait for the lock, and if the
    /// change is never made, because this process is killed, they see that.
    pub(super) fn ring(&self) {
        // Full after many rings. Never emptied completely: a process that was woken, but has not looked yet, must find
        // a byte.
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
