//! Locks of open file descriptions (fcntl(2), `F_OFD_SETLK`): shared by duplicates, inherited and passed descriptors
//! and mappings of what was opened, and released by the kernel with the last of them.

use core::ffi::c_void;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};

use super::fork::{fork_generation, is_of_this_process};

/// Whether somebody else has a write lock on the file, which is open in any mode.
pub(crate) fn has_write_lock(file: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    conflicts(file, libc::F_RDLCK)
}

/// Whether somebody else has any lock on the file.
pub(crate) fn has_lock(file: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    conflicts(file, libc::F_WRLCK)
}

fn conflicts(file: BorrowedFd<'_>, kind: i32) -> rustix::io::Result<bool> {
    let mut request = whole_file(kind);
    // SAFETY: the descriptor is open, and the pointer is to a `flock` that lives through the call, into which the
    // kernel writes its answer.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut request) } {
        0 => Ok(i32::from(request.l_type) != libc::F_UNLCK),
        _ => Err(last_error()),
    }
}

/// Gets a write lock on a file, which must be open for writing.
///
/// # Errors
///
/// `AGAIN` or `ACCES` if somebody has a lock on it.
pub(crate) fn write_lock(file: BorrowedFd<'_>) -> rustix::io::Result<()> {
    set(file, libc::F_WRLCK)
}

fn set(file: BorrowedFd<'_>, kind: i32) -> rustix::io::Result<()> {
    let request = whole_file(kind);
    // SAFETY: the descriptor is open and the pointer is to a `flock` that lives through the call.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) } {
        0 => Ok(()),
        _ => Err(last_error()),
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

/// What forked children do with a [`ReadLock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Children {
    /// They have it, too.
    Inherit,
    DoNot,
}

/// A read lock on a file, which several may have. It lasts until this is dropped or the process ends, and takes no
/// descriptor: a mapping keeps the file open as a descriptor does.
pub(crate) struct ReadLock {
    page: *mut c_void,
    /// [`fork_generation`] of the process that has the mapping; `None` if its children have it as well.
    generation: Option<u64>,
}

// SAFETY: the page is never accessed, and unmapped once; nothing about that is bound to a thread.
unsafe impl Send for ReadLock {}
// SAFETY: as above; `&ReadLock` gives no access to anything.
unsafe impl Sync for ReadLock {}

/// Bytes of the mapping, which the kernel rounds up to a page. The file may be shorter.
const MAPPED: usize = 1;

impl ReadLock {
    /// `file` must be open for reading, and have been opened for this alone: the lock belongs to what was opened, and a
    /// child would inherit any other use of it.
    ///
    /// # Errors
    ///
    /// `AGAIN` or `ACCES` if somebody has a write lock on it.
    pub(crate) fn new(file: OwnedFd, children: Children) -> rustix::io::Result<ReadLock> {
        set(file.as_fd(), libc::F_RDLCK)?;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing in this process depends on it yet.
        let page =
            unsafe { rustix::mm::mmap(core::ptr::null_mut(), MAPPED, ProtFlags::empty(), MapFlags::SHARED, &file, 0) }?;
        let generation = (children == Children::DoNot).then(fork_generation);
        let lock = ReadLock { page, generation };
        if children == Children::DoNot {
            // SAFETY: the mapping made above, which nobody accesses.
            unsafe { rustix::mm::madvise(page, MAPPED, Advice::LinuxDontFork) }?;
        }
        Ok(lock)
    }
}

impl Drop for ReadLock {
    fn drop(&mut self) {
        // A child that has no such mapping may have something else at the address.
        if self.generation.is_none_or(is_of_this_process) {
            // SAFETY: our own mapping, which nobody accesses. It cannot fail for a range that `mmap` returned.
            let _ = unsafe { rustix::mm::munmap(self.page, MAPPED) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{Mode, OFlags};

    fn memory() -> impl Fn() -> OwnedFd {
        let memory = rustix::fs::memfd_create("file", rustix::fs::MemfdFlags::CLOEXEC).expect("memory");
        let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
        move || {
            let _kept = &memory;
            rustix::fs::open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).expect("it is open")
        }
    }

    fn child_that_waits() -> libc::pid_t {
        // SAFETY: the child only waits for a signal, which is allowed after a fork of a process with threads.
        let child = unsafe { libc::fork() };
        if child == 0 {
            loop {
                // SAFETY: no arguments.
                unsafe { libc::pause() };
            }
        }
        child
    }

    fn end(child: libc::pid_t) {
        // SAFETY: our own child, for which nothing has waited yet.
        unsafe {
            libc::kill(child, libc::SIGKILL);
            libc::waitpid(child, core::ptr::null_mut(), 0);
        }
    }

    #[test]
    fn a_read_lock_ends_with_its_owner_whatever_children_do() {
        let open = memory();
        let seen = open();
        assert_eq!(has_lock(seen.as_fd()), Ok(false));
        let first = ReadLock::new(open(), Children::DoNot).expect("lock and mapping");
        let second = ReadLock::new(open(), Children::DoNot).expect("several may have it");
        assert_eq!(has_lock(seen.as_fd()), Ok(true));
        assert_eq!(has_write_lock(seen.as_fd()), Ok(false), "these are read locks");
        let child = child_that_waits();
        drop(first);
        assert_eq!(has_lock(seen.as_fd()), Ok(true));
        drop(second);
        assert_eq!(has_lock(seen.as_fd()), Ok(false));
        end(child);
    }

    #[test]
    fn children_keep_a_lock_that_they_inherit() {
        let open = memory();
        let lock = ReadLock::new(open(), Children::Inherit).expect("lock and mapping");
        let child = child_that_waits();
        drop(lock);
        assert!(super::write_lock(open().as_fd()).is_err(), "the child has it");
        end(child);
        super::write_lock(open().as_fd()).expect("it has ended");
    }

    #[test]
    fn a_write_lock_is_that_of_every_descriptor() {
        let open = memory();
        let (owner, seen) = (open(), open());
        super::write_lock(owner.as_fd()).expect("nobody has it");
        assert_eq!(has_write_lock(owner.as_fd()), Ok(false), "one's own does not count");
        assert_eq!(has_write_lock(seen.as_fd()), Ok(true));
        assert!(ReadLock::new(open(), Children::Inherit).is_err());
        let duplicate = rustix::io::fcntl_dupfd_cloexec(&owner, 3).expect("a duplicate");
        drop(owner);
        assert_eq!(has_write_lock(seen.as_fd()), Ok(true));
        drop(duplicate);
        assert_eq!(has_write_lock(seen.as_fd()), Ok(false));
    }
}
