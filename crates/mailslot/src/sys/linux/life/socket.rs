//! The bound socket by which earlier builds of version 0.2 determine whether a life has ended.
//!
//! It was never listened on; now it is the slot's door. It lives as long as any descriptor of it. A socket
//! that has ended is never bound to its file any more, but its user can hide it: by its mode, which does not show in
//! the time of its file. That time does not count, as any user who may connect may also set it to now. The socket is in
//! a separate directory below its user's, and counts if that directory has not changed since the file of the life was
//! made.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, socket_with};

use super::super::process;

/// The mode of the files of such lives.
pub(super) const MODE: u32 = 0o400;
/// The socket in a life's directory.
const NAME: &str = "life";

/// Makes the directory `home` in `dir`, with a bound socket in it, to which nobody can connect yet. Fails with
/// `ADDRINUSE` if it exists.
pub(super) fn begin(dir: BorrowedFd<'_>, home: &str) -> rustix::io::Result<OwnedFd> {
    match rustix::fs::mkdirat(dir, home, Mode::RWXU) {
        Err(Errno::EXIST) => return Err(Errno::ADDRINUSE),
        made => made?,
    }
    begin_in(dir, home).inspect_err(|_| remove(dir, home))
}

fn begin_in(dir: BorrowedFd<'_>, home: &str) -> rustix::io::Result<OwnedFd> {
    let at = rustix::fs::openat(dir, home, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    bind(&socket, &path(&at)?).map_err(|error| process::why_not_in(at.as_fd(), error))?;
    rustix::fs::chmodat(dir, home, Mode::from_raw_mode(0o755), AtFlags::empty())?;
    Ok(socket)
}

/// Gives the socket in the directory `home` in `dir` another name, `name` in `slot`.
pub(crate) fn link(dir: BorrowedFd<'_>, home: &str, slot: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
    rustix::fs::linkat(dir, format!("{home}/{NAME}").as_str(), slot, name, AtFlags::empty())
}

/// Removes the directory `home` of a life of this process.
pub(super) fn remove(dir: BorrowedFd<'_>, home: &str) {
    let _ = rustix::fs::unlinkat(dir, format!("{home}/{NAME}").as_str(), AtFlags::empty());
    let _ = rustix::fs::unlinkat(dir, home, AtFlags::REMOVEDIR);
}

/// Whether the socket in a life's directory lives, as far as this process can see.
pub(crate) fn is_living(home: &OwnedFd) -> rustix::io::Result<bool> {
    let stat = rustix::fs::statat(home, NAME, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Ok(false);
    }
    // Connecting with a socket of another type reports whether there is a socket, and never connects to it.
    let asking = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    match connect(&asking, &path(home)?).map_err(|error| process::why_not_in(home.as_fd(), error)) {
        Err(Errno::PROTOTYPE) => Ok(true),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        asked => asked.map(|()| false),
    }
}

/// Removes the socket from a life's directory.
pub(crate) fn clear(home: &OwnedFd) {
    let _ = rustix::fs::unlinkat(home, NAME, AtFlags::empty());
}

/// A path to the socket in a life's directory; a short one, as socket addresses require.
fn path(home: &OwnedFd) -> rustix::io::Result<SocketAddrUnix> {
    SocketAddrUnix::new(process::path_in(home.as_fd(), NAME))
}
