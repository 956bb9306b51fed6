//! The door: how processes of other users write to a slot.
//!
//! A listening Unix socket of type `SOCK_SEQPACKET`. The kernel attests who connects, keeps each connection's messages
//! apart and in order, and makes the sender pay for the memory. A message is one packet: a byte that tells its form,
//! then the message itself ([`INLINE`]) or, for large ones, its size, with a memory file attached ([`ATTACHED`]). The origin
//! of a message of another machine comes right before it, wherever that is ([`FROM_NETWORK`]).

mod keeper;
mod packets;
mod visitor;

pub(crate) use keeper::{BELL_KEY, DOOR_KEY, Door, Intake};
pub(crate) use visitor::Visitor;

/// First byte of a packet that holds the message.
const INLINE: u8 = 0;
/// First byte of a packet that holds the message's size as eight little-endian bytes; the message is in the attached file.
const ATTACHED: u8 = 1;
/// Added to either form if an origin precedes the message.
const FROM_NETWORK: u8 = 2;
/// Bytes of the largest message, with its origin, that travels inline. Larger ones could exceed the socket's buffer.
const MAX_INLINE: usize = 64 << 10;

/// The socket's file in the slot's directory.
const NAME: &str = "door";

/// A path to a slot's door for `bind` and `connect`, which take no directory descriptor.
fn path(slot: std::os::fd::BorrowedFd<'_>) -> rustix::io::Result<rustix::net::SocketAddrUnix> {
    use std::os::fd::AsRawFd;
    rustix::net::SocketAddrUnix::new(format!("/proc/self/fd/{}/{NAME}", slot.as_raw_fd()))
}

/// Who is at the other end of a connection: the connecting process as it was when it connected, or the process that
/// listens. The pid is 0 for a process that is not visible in this pid namespace.
fn peer(socket: std::os::fd::BorrowedFd<'_>) -> std::io::Result<libc::ucred> {
    use std::os::fd::AsRawFd;
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointers lead to a `ucred` and its size, both alive and writable through the call. (rustix has this
    // call, too, but its type cannot hold the pid 0.)
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, (&raw mut peer).cast(), &raw mut size)
    };
    if result == 0 { Ok(peer) } else { Err(std::io::Error::last_os_error()) }
}
