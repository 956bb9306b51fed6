//! The door: how processes of other users write to a slot.
//!
//! A listening Unix socket of type `SOCK_SEQPACKET`. The kernel attests the identity of each writer, keeps each
//! connection's messages apart and in order, and charges their memory to the sender. A message is one packet: a byte
//! for its form, then the message itself ([`INLINE`]) or, for large ones, its size, with a memory file attached
//! ([`ATTACHED`]). The [preface](super::preface) of a message that has one comes right before the message, in the
//! packet or the file ([`PREFACED`]).

//!
//! | file | is |
//! |---|---|
//! | `writer` | the writing side |
//! | `entrance` | the owner's side, with the descriptor that reports when there is something to read |
//! | `connections`, `connection` | all accepted writers, and one of them |
//! | `accounts` | what each user costs the owner, and how much each may |
//! | `packets`, `payload` | packets, and the messages in them |
//! | `closing`, `acl` | closing foreign descriptors, and access control lists |

mod accounts;
mod acl;
mod closing;
mod connection;
mod connections;
mod entrance;
mod packets;
mod payload;
mod writer;

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{AtFlags, Gid, Mode};
use rustix::net::{SocketAddrUnix, listen};

pub(crate) use self::entrance::{Entrance, LOOK_BY_ITSELF};
pub(crate) use self::writer::Writer;
use super::process;
use super::ring::layout::Stamp;
use crate::options::Access;

/// The protocol version of doors, as in the label. Incremented whenever a packet or a preface gets a form that doors
/// did not accept before.
pub(crate) const VERSION: u32 = 1;

/// The first byte of a packet that holds the message.
const INLINE: u8 = 0;
/// The first byte of a packet that holds the message's size as eight little-endian bytes; the message is in the
/// attached file.
const ATTACHED: u8 = 1;
/// Added to either form if a preface precedes the message.
const PREFACED: u8 = 2;
/// The first byte of a packet without a message: it reports to a tap how many messages the writer could not send, as
/// four little-endian bytes.
const MISSED: u8 = 4;
/// Bytes of the largest message, with its preface, that is sent inline. Larger ones could exceed the socket's buffer.
const MAX_INLINE: usize = 64 << 10;

/// The socket's file in the slot's directory.
pub(crate) const NAME: &str = "door";

/// Pending connections that the kernel keeps; it lowers this to its own limit.
const BACKLOG: i32 = 4096;

/// Where messages from the door go.
pub(crate) trait Intake {
    /// Appends a message, behind its preface unless that is empty. Does not wait for long.
    fn append(&self, stamp: Stamp, preface: &[u8], message: &[u8]) -> Appended;
    /// Whether a record of `record` bytes fits now.
    fn fits(&self, record: u64) -> bool;
    /// Bytes that strangers may add now.
    fn room(&self) -> u64;
    /// Position of the oldest unread record.
    fn head(&self) -> u64;
    /// Bytes of the largest message.
    fn max_message(&self) -> usize;
    /// Whether messages of other machines are accepted.
    fn network(&self) -> bool;
    /// Records, if this is a tap, that `count` messages are missing that their writer could not send.
    fn missed(&self, count: u32);
    /// Whether anybody except the caller waits for messages.
    fn others_wait(&self) -> bool;
    /// Wakes the readers of this process that sleep.
    fn wake_sleepers(&self);
    /// Makes the kernel refuse these users.
    fn turn_away(&self, users: impl Iterator<Item = u32>);
}

/// The outcome for a message.
pub(crate) enum Appended {
    /// It is in the ring, and its record ends at this position.
    Until(u64),
    /// It is larger than the slot accepts, which its writer's library should have checked. It was counted.
    TooLarge,
    /// It cannot be appended now, for whatever reason.
    NotNow,
    /// It cannot be appended now, as this process has no memory for this many bytes of it.
    NoMemory(usize),
}

/// Makes a socket, which is bound to [`NAME`] in `dir`, the door of the slot there.
pub(crate) fn open_to(dir: BorrowedFd<'_>, door: BorrowedFd<'_>, access: &Access) -> rustix::io::Result<()> {
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
    listen(door, BACKLOG)
}

/// Makes the kernel refuse these users at the door in `dir`, and all users whom `access` does not admit. If the file
/// system does not support access control lists, each accepted user is checked instead.
pub(crate) fn turn_away(dir: BorrowedFd<'_>, access: &Access, users: &[u32]) {
    let (group, others, admitted) = match access {
        // The door's mode already refuses all others.
        Access::Owner => return,
        Access::Group(_) => (true, false, &[][..]),
        Access::Users(admitted) => (false, false, &admitted[..]),
        Access::Everyone => (true, true, &[][..]),
    };
    let _ = acl::List { group, others, users: admitted, turned_away: users }.put(dir, NAME);
}

/// A path to a slot's door for `connect`, which accepts no directory descriptor.
fn path(slot: BorrowedFd<'_>) -> rustix::io::Result<SocketAddrUnix> {
    SocketAddrUnix::new(process::path_in(slot, NAME))
}

/// The process at the other end of a connection: the connecting one as it was when it connected, or the listening one.
/// The pid is 0 for a process that is not visible in this pid namespace.
fn peer(socket: BorrowedFd<'_>) -> std::io::Result<libc::ucred> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointers are to a `ucred` and its size, both alive and writable through the call. (rustix has this
    // call, too, but its type cannot hold the pid 0.)
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, (&raw mut peer).cast(), &raw mut size)
    };
    if result == 0 { Ok(peer) } else { Err(std::io::Error::last_os_error()) }
}
