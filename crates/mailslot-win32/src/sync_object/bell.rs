//! How processes that wait for a shared object learn that it has changed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;

/// How one is opened: both ends at once.
pub(super) const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A FIFO. That a byte is written is the message: whoever watches for that, with `EPOLLET`, is woken by each. What is in it does
/// not matter, and nobody needs to take it out, so whoever is killed has nothing undone.
pub(super) struct Bell(pub(super) OwnedFd);

impl Bell {
    /// Only who holds the object's lock rings.
    pub(super) fn ring(&self) {
        // Into an empty one: some kernels tell only of the first byte. It is not full either, then.
        let mut bytes = [0; 16];
        while rustix::io::read(&self.0, &mut bytes).is_ok_and(|count| count > 0) {}
        let _ = rustix::io::write(&self.0, b"!");
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
