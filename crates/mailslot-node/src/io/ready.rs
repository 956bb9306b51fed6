//! Waiting for several descriptors at once.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Error, Result};

/// Which of the descriptors are readable.
pub(crate) fn ready<'a>(fds: impl Iterator<Item = BorrowedFd<'a>>, timeout: Option<&Timespec>) -> Result<Vec<bool>> {
    let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
    match poll(&mut fds, timeout) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(Error::io("wait for packets", error)),
    }
    Ok(fds.iter().map(|fd| !fd.revents().is_empty()).collect())
}
