//! The lock of a slot: held, as an open-file-description lock, for as long as any server handle lives.
//!
//! The kernel keeps the lock with the open file, which duplicated, inherited and passed descriptors share, and lets go
//! of it when the last of them is closed, however its process ended.
//!
//! The ring's file carries a second lock, which owners share, for their friends: those open that file anyway, so to ask
//! for its lock costs them a fraction of opening another file. A mapping keeps an open file as a descriptor does, hence
//! [`Hold`] takes no descriptor.

use core::ffi::c_void;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};

use super::ring::layout::HEADER_SIZE;
use super::robust::fork_generation;

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
    place(lock, libc::F_WRLCK)
}

/// Whether an owner holds the lock. Read locks, which anybody could place, do not count.
pub(crate) fn is_held(lock: &OwnedFd) -> rustix::io::Result<bool> {
    conflicts(lock, libc::F_RDLCK)
}

/// Whether some owner has a [`Hold`] on the ring in `file`, which is open for reading and writing. If none has, an owner
/// may live all the same: one that inherited the slot and has not looked at it yet, or is of another version.
pub(crate) fn is_ring_held(file: &OwnedFd) -> rustix::io::Result<bool> {
    conflicts(file, libc::F_WRLCK)
}

/// The lock on a ring's file that tells its friends that an owner lives. Owners share it. It lasts until this is dropped
/// or the process ends; children do not inherit it.
pub(crate) struct Hold {
    page: *mut c_void,
    /// [`fork_generation`] of the process that has the mapping.
    generation: u64,
}

// SAFETY: the page is never accessed, and unmapped once; nothing about that is bound to a thread.
unsafe impl Send for Hold {}
// SAFETY: as above; `&Hold` gives no access to anything.
unsafe impl Sync for Hold {}

const HOLD_SIZE: usize = HEADER_SIZE as usize;

impl Hold {
    /// `ring` must have been opened for this alone: the lock belongs to what was opened, and a child would inherit any
    /// other use of it.
    pub(crate) fn new(ring: OwnedFd) -> rustix::io::Result<Hold> {
        place(&ring, libc::F_RDLCK)?;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing in this process depends on it yet.
        let page = unsafe {
            rustix::mm::mmap(core::ptr::null_mut(), HOLD_SIZE, ProtFlags::empty(), MapFlags::SHARED, &ring, 0)
        }?;
        let hold = Hold { page, generation: fork_generation() };
        // SAFETY: the mapping made above, which nobody accesses.
        unsafe { rustix::mm::madvise(page, HOLD_SIZE, Advice::LinuxDontFork) }?;
        Ok(hold)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // A child has no such mapping, and may have something else at the address.
        if self.generation == fork_generation() {
            // SAFETY: our own mapping, which nobody accesses. It cannot fail for a range that `mmap` returned.
            let _ = unsafe { rustix::mm::munmap(self.page, HOLD_SIZE) };
        }
    }
}

fn place(file: &OwnedFd, kind: i32) -> rustix::io::Result<()> {
    let request = whole_file(kind);
    // SAFETY: the descriptor is open and the pointer leads to a `flock` that lives through the call.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) } {
        0 => Ok(()),
        _ => Err(last_error()),
    }
}

/// Whether a lock of this kind could not be had.
fn conflicts(file: &OwnedFd, kind: i32) -> rustix::io::Result<bool> {
    let mut request = whole_file(kind);
    // SAFETY: as in `place`; the kernel writes its answer into `request`.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut request) } {
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
