//! The bell: a named pipe that wakes sleeping readers.
//!
//! Why a pipe besides the door: it wakes every process that reads the slot (a connection would wake only the process
//! that accepted it), it costs the owner no descriptor per writer, opening it for writing proves that an owner lives,
//! and polling it notifies a writer when the last owner is gone.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

pub(crate) const NAME: &str = "bell";

/// Makes the bell of a new slot and opens its reading side.
pub(crate) fn create(slot: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    rustix::fs::mknodat(slot, NAME, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    hear(slot)
}

/// Opens the reading side, for reading and writing, so that the pipe never reports "no more writers".
pub(crate) fn hear(slot: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(slot, NAME, flags, Mode::empty())
}

/// Opens the writing side; `Ok(None)` if no process has the reading side open: the owner is gone.
pub(crate) fn open(slot: BorrowedFd<'_>) -> rustix::io::Result<Option<OwnedFd>> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(slot, NAME, flags, Mode::empty()) {
        Ok(fd) if FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) == FileType::Fifo => Ok(Some(fd)),
        Ok(_) | Err(Errno::NXIO | Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Wakes the readers. A full pipe is a success: they have been woken already. So is a pipe without readers.
///
/// # Errors
///
/// If the system has no memory: then the readers sleep on.
pub(crate) fn ring(bell: BorrowedFd<'_>) -> rustix::io::Result<()> {
    // Writing to a pipe without readers raises SIGPIPE, which by default ends a C program; pipes have no flag against
    // it.
    let quiet = NoSigpipe::begin();
    let result = loop {
        match rustix::io::write(bell, &[0]) {
            Err(Errno::INTR) => {}
            written => break written,
        }
    };
    quiet.end(result == Err(Errno::PIPE));
    match result {
        Ok(_) | Err(Errno::AGAIN | Errno::PIPE) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Blocks SIGPIPE in this thread for a moment.
struct NoSigpipe {
    sigpipe: libc::sigset_t,
    before: libc::sigset_t,
}

impl NoSigpipe {
    fn begin() -> NoSigpipe {
        // SAFETY: `sigset_t` is plain data that `sigemptyset` initialises; all pointers are to these locals.
        unsafe {
            let mut sigpipe = core::mem::zeroed();
            let mut before = core::mem::zeroed();
            libc::sigemptyset(&raw mut sigpipe);
            libc::sigaddset(&raw mut sigpipe, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const sigpipe, &raw mut before);
            NoSigpipe { sigpipe, before }
        }
    }

    /// Discards the signal if one was `raised` while blocked here, and restores the thread's signal mask.
    fn end(self, raised: bool) {
        // SAFETY: as in `begin`.
        unsafe {
            let blocked_before = libc::sigismember(&raw const self.before, libc::SIGPIPE) == 1;
            if raised && !blocked_before {
                let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
                libc::sigtimedwait(&raw const self.sigpipe, core::ptr::null_mut(), &raw const now);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, core::ptr::null_mut());
        }
    }
}

/// Discards all rings in the pipe.
pub(crate) fn drain(bell: BorrowedFd<'_>) {
    let mut rings = [0; 512];
    while matches!(rustix::io::read(bell, &mut rings), Ok(n) if n == rings.len()) {}
}

/// Whether some process still has the reading side open.
pub(crate) fn heard(bell: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::new(&bell, PollFlags::empty())];
    match poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(_) => !fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
        Err(_) => true,
    }
}
