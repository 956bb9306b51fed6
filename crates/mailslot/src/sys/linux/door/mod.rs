//! The door: how processes of other users write to a slot.
//!
//! A listening Unix socket of type `SOCK_SEQPACKET`. The kernel attests who connects, keeps each connection's messages
//! apart and in order, and makes the sender pay for the memory. A message is one packet: a byte that tells its form,
//! then the message itself ([`INLINE`]) or, for large ones, its size, with a memory file attached ([`ATTACHED`]). The
//! [preface](super::preface) of a message that has one comes right before it, wherever that is ([`PREFACED`]).

//!
//! | file | is |
//! |---|---|
//! | `visitor` | the writing side |
//! | `entrance` | the owner's side, with the descriptor that tells when there is something to read |
//! | `connections`, `connection` | who has come in, and one of them |
//! | `accounts` | what each user costs the owner, and how much each may |
//! | `packets`, `payload` | what comes, and what it means |
//! | `closing`, `acl` | two dealings with the system |

mod accounts;
mod acl;
mod closing;
mod connection;
mod connections;
mod entrance;
mod packets;
mod payload;
mod visitor;

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Gid, Mode};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

pub(crate) use self::entrance::{Entrance, LOOK_BY_ITSELF};
pub(crate) use self::visitor::Visitor;
use super::process;
use super::ring::write::Stamp;
use crate::options::Access;

/// What doors take, as the label tells it. Raised whenever a packet or a preface has a form that doors did not take before.
pub(crate) const VERSION: u32 = 1;

/// First byte of a packet that holds the message.
const INLINE: u8 = 0;
/// First byte of a packet that holds the message's size as eight little-endian bytes; the message is in the attached file.
const ATTACHED: u8 = 1;
/// Added to either form if a preface precedes the message.
const PREFACED: u8 = 2;
/// First byte of a packet that brings no message: a writer tells a tap how many it could not send, as four little-endian bytes.
const MISSED: u8 = 4;
/// Bytes of the largest message, with its preface, that travels inline. Larger ones could exceed the socket's buffer.
const MAX_INLINE: usize = 64 << 10;

/// The socket's file in the slot's directory.
const NAME: &str = "door";

/// Pending connections that the kernel keeps; it lowers this to its own limit.
const BACKLOG: i32 = 4096;

/// Where messages from the door go.
pub(crate) trait Intake {
    /// Appends a message, behind its preface unless that is empty. Does not wait for long.
    fn append(&self, stamp: Stamp, preface: &[u8], message: &[u8]) -> Appended;
    /// Whether a record of so many bytes finds room now.
    fn fits(&self, record: u64) -> bool;
    /// Bytes that strangers may add now.
    fn room(&self) -> u64;
    /// Position of the oldest unread record.
    fn head(&self) -> u64;
    /// Bytes of the largest message.
    fn max_message(&self) -> usize;
    /// Whether messages of other machines are let in.
    fn network(&self) -> bool;
    /// So many messages that its writer could not send are missing, if this is a tap. Nobody else is told so.
    fn missed(&self, count: u32);
    /// Whether anybody but the caller waits for messages.
    fn others_wait(&self) -> bool;
    /// Wakes the readers of this process that sleep.
    fn wake_sleepers(&self);
    /// Has the kernel keep these users out.
    fn turn_away(&self, users: impl Iterator<Item = u32>);
}

/// What became of a message.
pub(crate) enum Appended {
    /// It is in the ring, and its record ends at this position.
    Until(u64),
    /// It is larger than the slot takes, which its writer's library should have known. It was counted.
    TooLarge,
    /// It cannot be now, whatever the reason.
    NotNow,
    /// Nor can it be now: this process has no memory for so many bytes of it.
    NoMemory(usize),
}

/// Makes the door of a new slot in `dir`.
pub(crate) fn create(dir: BorrowedFd<'_>, access: &Access) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let door = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    bind(&door, &path(dir)?).map_err(|error| process::why_not_in(dir, error))?;
    let owner = Mode::RUSR | Mode::WUSR;
    let everyone = owner | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
    let mode = match access {
        Access::Owner => owner,
        Access::Group(gid) => {
            rustix::fs::chownat(dir, NAME, None, Some(Gid::from_raw(*gid)), AtFlags::SYMLINK_NOFOLLOW)?;
            owner | Mode::RGRP | Mode::WGRP
        }
        Access::Users(_) | Access::Everyone => everyone,
    };
    rustix::fs::chmodat(dir, NAME, mode, AtFlags::empty())?;
    if matches!(access, Access::Users(_)) {
        turn_away(dir, access, &[]);
    }
    listen(&door, BACKLOG)?;
    Ok(door)
}

/// Has the kernel turn these users away from the door in `dir`, and everybody whom `access` does not admit. Where the file
/// system has no such lists, whoever comes in is looked at.
pub(crate) fn turn_away(dir: BorrowedFd<'_>, access: &Access, users: &[u32]) {
    let (group, others, admitted) = match access {
        // Nobody else comes as far as here.
        Access::Owner => return,
        Access::Group(_) => (true, false, &[][..]),
        Access::Users(admitted) => (false, false, &admitted[..]),
        Access::Everyone => (true, true, &[][..]),
    };
    let _ = acl::List { group, others, users: admitted, turned_away: users }.put(dir, NAME);
}

/// A path to a slot's door for `bind` and `connect`, which take no directory descriptor.
fn path(slot: BorrowedFd<'_>) -> rustix::io::Result<SocketAddrUnix> {
    SocketAddrUnix::new(process::path_in(slot, NAME))
}

/// Who is at the other end of a connection: the connecting process as it was when it connected, or the process that
/// listens. The pid is 0 for a process that is not visible in this pid namespace.
fn peer(socket: BorrowedFd<'_>) -> std::io::Result<libc::ucred> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointers lead to a `ucred` and its size, both alive and writable through the call. (rustix has this
    // call, too, but its type cannot hold the pid 0.)
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, (&raw mut peer).cast(), &raw mut size)
    };
    if result == 0 { Ok(peer) } else { Err(std::io::Error::last_os_error()) }
}
