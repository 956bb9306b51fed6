//! The lock of a slot: held, as an open-file-description lock, for as long as any server handle lives.
//!
//! The kernel keeps the lock with the open file, which duplicated, inherited and passed descriptors share, and lets go
//! of it when the last of them is closed, however its process ended.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

const NAME: &str = "lock";

/// Makes the lock file of a new slot and takes its lock. Others may read it, and so test the lock, but not take it.
pub(crate) fn create(slot: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(slot, NAME, flags, Mode::RUSR | Mode::WUSR)?;
    take(&fd)?;
    rustix::fs::fchmod(&fd, Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH)?;
    Ok(fd)
}

/// Opens the lock file of an existing slot for reading and testing.
pub(crate) fn open(slot: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    open_with(slot, OFlags::RDONLY)
}

/// Opens the lock file of a slot of this user, for taking the lock.
pub(crate) fn open_for_taking(slot: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    open_with(slot, OFlags::RDWR)
}

/// Takes the lock, or fails with `AGAIN` if an owner lives.
pub(crate) fn take(lock: &OwnedFd) -> rustix::io::Result<()> {
    let request = whole_file(libc::F_WRLCK);
    // SAFETY: the descriptor is open and the pointer leads to a `flock` that lives through the call.
    match unsafe { libc::fcntl(lock.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) } {
        0 => Ok(()),
        _ => Err(last_error()),
    }
}

/// Whether an owner holds the lock. Read locks, which anybody could place, do not count.
pub(crate) fn is_held(lock: &OwnedFd) -> rustix::io::Result<bool> {
    let mut request = whole_file(libc::F_RDLCK);
    // SAFETY: as in `take`; the kernel writes its answer into `request`.
    match unsafe { libc::fcntl(lock.as_raw_fd(), libc::F_OFD_GETLK, &raw mut request) } {
        0 => Ok(i32::from(request.l_type) != libc::F_UNLCK),
        _ => Err(last_error()),
    }
}

fn open_with(slot: BorrowedFd<'_>, access: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(slot, NAME, flags, Mode::empty())?;
    match FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) {
        FileType::RegularFile => Ok(fd),
        _ => Err(Errno::NOENT),
    }
}

fn whole_file(kind: i32) -> libc::flock {
    // SAFETY: `flock` is plain data; zeroes mean "from the start, to the end, no process".
    let mut request: libc::flock = unsafe { core::mem::zeroed() };
    request.l_type = kind as libc::c_short;
    request.l_whence = libc::SEEK_SET as libc::c_short;
    request
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
