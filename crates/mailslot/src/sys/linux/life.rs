//! How to determine whether a slot has an owner.
//!
//! **For everybody: a bound socket.** Each slot has one, which is never listened on. It lives as long as any descriptor
//! of it, and duplicated, inherited and passed handles share it; the kernel ends it with the last one, however its
//! process ended. Unlike a lock, nobody else can hold it, and it cannot be held *again*: a socket that has ended is
//! never bound to its file any more. So a slot that was once seen dead stays dead, and may be removed without a lock.
//!
//! The time since when it has lived is that of a file in the root, whose name contains its user and its slot (see
//! [`claim`](super::root)), and which only its user can change. The socket's time does not count: any user who may
//! check whether a socket lives may also set its times to now. The socket is in a separate directory below its user's,
//! and counts if that directory has not changed since.
//!
//! **For friends: a lock on the ring.** Same-user writers open the ring's file anyway, so testing its lock costs them a
//! fraction of a look at the socket. Owners share that lock. A mapping keeps a file open as a descriptor does, hence
//! [`Hold`] needs no descriptor.

use core::ffi::c_void;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, socket_with};

use super::fork::{fork_generation, is_of_this_process};
use super::process::{self, tells_nothing_of};
use super::ring::layout::HEADER_SIZE;

/// When the kernel last recorded a change of a file: its creation, a new name, other permissions. Nothing sets it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Since(i128);

impl Since {
    pub(crate) fn of(stat: &rustix::fs::Stat) -> Since {
        Since(i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec))
    }
}

impl core::fmt::Display for Since {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// The state of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// A life of user `uid` that has not ended.
    Living {
        uid: u32,
        since: Since,
    },
    /// A life of which this process cannot determine whether it has ended.
    Unseen {
        uid: u32,
        since: Since,
    },
    /// Anything else: a life that has ended, for good, or something that is no life.
    Dead {
        uid: u32,
    },
}

/// The socket in a life's directory.
const SOCKET: &str = "life";

/// Begins a life whose file is `file` in `dir`, and whose socket is in the new directory `home` there. Fails with
/// `ADDRINUSE` if either exists.
pub(crate) fn begin(dir: BorrowedFd<'_>, file: &str, home: &str) -> rustix::io::Result<OwnedFd> {
    match rustix::fs::mkdirat(dir, home, Mode::RWXU) {
        Err(Errno::EXIST) => return Err(Errno::ADDRINUSE),
        made => made?,
    }
    begin_at(dir, file, home).inspect_err(|_| remove_home(dir, home))
}

/// Removes the directory `home` of a life of this process.
pub(crate) fn remove_home(dir: BorrowedFd<'_>, home: &str) {
    let _ = rustix::fs::unlinkat(dir, format!("{home}/{SOCKET}").as_str(), AtFlags::empty());
    let _ = rustix::fs::unlinkat(dir, home, AtFlags::REMOVEDIR);
}

fn begin_at(dir: BorrowedFd<'_>, file: &str, home: &str) -> rustix::io::Result<OwnedFd> {
    let at = rustix::fs::openat(dir, home, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &path(&at)?).map_err(|error| process::why_not_in(at.as_fd(), error))?;
    // Every user who may write to it may check it, and may set its times to now, which is why its times do not count.
    rustix::fs::chmodat(&at, SOCKET, Mode::from_raw_mode(0o666), AtFlags::empty())?;
    rustix::fs::chmodat(dir, home, Mode::from_raw_mode(0o755), AtFlags::empty())?;
    // Made last, so that the socket has not changed since.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(dir, file, flags, Mode::RUSR) {
        Err(Errno::EXIST) => Err(Errno::ADDRINUSE),
        made => made.map(|_| socket),
    }
}

/// Looks for the life whose file is `file` in `dir`, and whose directory `home` opens, without following links or
/// mounts.
///
/// # Errors
///
/// If that cannot be determined: this process has no descriptor left, too little memory, or is not allowed to check a
/// life of its user.
pub(crate) fn look(
    dir: BorrowedFd<'_>,
    file: &str,
    home: impl FnOnce() -> rustix::io::Result<OwnedFd>,
) -> rustix::io::Result<Found> {
    let stat = match rustix::fs::statat(dir, file, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        // The owner of the file does not matter: only the owner of the directory can keep this process from reading its
        // entries.
        Err(error) if tells_nothing_of(process::uid(), error) => return Err(error),
        Err(_) => return Ok(Found::Nothing),
    };
    let (uid, since) = (stat.st_uid, Since::of(&stat));
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(Found::Dead { uid });
    }
    match home() {
        Ok(home) => match ask(&home) {
            Err(error) if tells_nothing_of(uid, error) => Err(error),
            asked => {
                // Checked afterwards: if unchanged now, it was unchanged when the socket was checked.
                let stat = rustix::fs::fstat(&home)?;
                let unchanged = Since::of(&stat) <= since && stat.st_uid == uid && stat.st_mode & 0o022 == 0;
                Ok(match asked {
                    Ok(()) if unchanged => Found::Living { uid, since },
                    // The socket's mode may change without changing anything else.
                    Err(Errno::ACCESS | Errno::PERM) if unchanged => Found::Unseen { uid, since },
                    _ => Found::Dead { uid },
                })
            }
        },
        Err(Errno::NOENT) => Ok(Found::Dead { uid }),
        Err(error) if tells_nothing_of(uid, error) => Err(error),
        Err(_) => Ok(Found::Unseen { uid, since }),
    }
}

/// Checks whether the socket in a life's directory lives.
pub(crate) fn ask(home: &OwnedFd) -> rustix::io::Result<()> {
    let stat = rustix::fs::statat(home, SOCKET, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Err(Errno::NOTSOCK);
    }
    // Connecting with a socket of another type reports whether there is a socket, and never connects to it.
    let asking = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    match connect(&asking, &path(home)?) {
        Err(Errno::PROTOTYPE) => Ok(()),
        asked => asked.map_err(|error| process::why_not_in(home.as_fd(), error)),
    }
}

/// Removes the socket from a life's directory.
pub(crate) fn clear(home: &OwnedFd) {
    let _ = rustix::fs::unlinkat(home, SOCKET, AtFlags::empty());
}

/// A path to the socket in a life's directory; a short one, as socket addresses require.
fn path(home: &OwnedFd) -> rustix::io::Result<SocketAddrUnix> {
    SocketAddrUnix::new(process::path_in(home.as_fd(), SOCKET))
}

/// Whether some owner has a [`Hold`] on the ring in `file`, which is open for reading and writing. If none has, an
/// owner may live nevertheless: one that inherited the slot and has not used it yet, or is of another version.
pub(crate) fn is_ring_held(file: &OwnedFd) -> rustix::io::Result<bool> {
    let mut request = whole_file(libc::F_WRLCK);
    // SAFETY: the descriptor is open, and the pointer is to a `flock` that lives through the call, into which the
    // kernel writes its answer.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut request) } {
        0 => Ok(i32::from(request.l_type) != libc::F_UNLCK),
        _ => Err(last_error()),
    }
}

/// The lock on a ring's file that shows friends that an owner lives. Owners share it. It lasts until this is dropped or
/// the process ends; children do not inherit it.
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
    /// `ring` must have been opened for this alone: the lock belongs to the open file description, and a child would
    /// inherit any other use of it.
    pub(crate) fn new(ring: OwnedFd) -> rustix::io::Result<Hold> {
        let request = whole_file(libc::F_RDLCK);
        // SAFETY: the descriptor is open and the pointer is to a `flock` that lives through the call.
        if unsafe { libc::fcntl(ring.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) } != 0 {
            return Err(last_error());
        }
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
        if is_of_this_process(self.generation) {
            // SAFETY: our own mapping, which nobody accesses. It cannot fail for a range that `mmap` returned.
            let _ = unsafe { rustix::mm::munmap(self.page, HOLD_SIZE) };
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hold_ends_with_its_owner_whatever_children_do() {
        let memory = rustix::fs::memfd_create("ring", rustix::fs::MemfdFlags::CLOEXEC).expect("memory");
        let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
        let open = || rustix::fs::open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).expect("it is open");
        let seen_by_friends = open();
        assert_eq!(is_ring_held(&seen_by_friends), Ok(false));
        let hold = Hold::new(open()).expect("lock and mapping");
        let second = Hold::new(open()).expect("owners share it");
        assert_eq!(is_ring_held(&seen_by_friends), Ok(true));
        // SAFETY: the child only waits for a signal, which is allowed after a fork of a process with threads.
        let child = unsafe { libc::fork() };
        if child == 0 {
            loop {
                // SAFETY: no arguments.
                unsafe { libc::pause() };
            }
        }
        drop(hold);
        assert_eq!(is_ring_held(&seen_by_friends), Ok(true));
        drop(second);
        assert_eq!(is_ring_held(&seen_by_friends), Ok(false));
        // SAFETY: our own child, for which nothing has waited yet.
        unsafe {
            libc::kill(child, libc::SIGKILL);
            libc::waitpid(child, core::ptr::null_mut(), 0);
        }
    }
}
