//! `recvmmsg` and `sendmmsg` with everything prepared beforehand: the least work that a program can do for its
//! datagrams.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use crate::Result;

/// Datagrams of one call; the node has 16 buffers, each for one or for joined ones.
pub(super) const BATCH: usize = 64;
const ROOM: usize = 2048 + 64;
/// Bytes for datagrams that the system has joined.
const ROOM_JOINED: usize = 65_536 + 64;
/// Memory for datagrams that wait, as in the node.
const BUFFER: usize = 4 << 20;

/// Room for [`BATCH`] datagrams.
pub(super) struct Batch {
    headers: Vec<libc::mmsghdr>,
    /// One for each of `headers`, which point here. Neither this nor `room` may be resized.
    _parts: Vec<libc::iovec>,
    room: Vec<u8>,
    size: usize,
}

impl Batch {
    /// Room for receiving [`BATCH`] datagrams.
    pub(super) fn incoming() -> Batch {
        Batch::new(vec![0; BATCH * ROOM], ROOM)
    }

    /// Room for receiving [`BATCH`] pieces of joined datagrams (UDP generic receive offload), which this turns on.
    pub(super) fn incoming_joined(socket: &UdpSocket) -> Result<Batch> {
        set_option(socket, libc::UDP_GRO, 1)?;
        Ok(Batch::new(vec![0; BATCH * ROOM_JOINED], ROOM_JOINED))
    }

    /// `BATCH` copies of a datagram, for sending.
    pub(super) fn outgoing(datagram: &[u8]) -> Batch {
        Batch::new(datagram.repeat(BATCH), datagram.len())
    }

    fn new(mut room: Vec<u8>, size: usize) -> Batch {
        let part = |bytes: &mut [u8]| libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: size };
        let mut parts: Vec<libc::iovec> = room.chunks_exact_mut(size).map(part).collect();
        let header = |part: &mut libc::iovec| {
            // SAFETY: `mmsghdr` is plain data, for which zeros are valid.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header
        };
        let headers = parts.iter_mut().map(header).collect();
        Batch { headers, _parts: parts, room, size }
    }

    /// The datagrams' places.
    pub(super) fn places(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.room.chunks_exact_mut(self.size)
    }

    /// Receives waiting datagrams, or waits for the first one, up to the socket's timeout: `None` after that.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> Result<Option<usize>> {
        let (count, flags) = (self.headers.len() as u32, libc::MSG_WAITFORONE);
        let (socket, headers) = (socket.as_raw_fd(), self.headers.as_mut_ptr());
        // SAFETY: the headers point to `parts`, and those to disjoint pieces of `room`, which all live in `self`, are
        // not otherwise used during the call, and have the lengths that they say.
        let received = unsafe { libc::recvmmsg(socket, headers, count, flags, ptr::null_mut()) };
        match usize::try_from(received) {
            Ok(received) => Ok(Some(received)),
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                error => Err(error.into()),
            },
        }
    }

    /// The datagram at `index` of the last call.
    pub(super) fn datagram(&self, index: usize) -> &[u8] {
        let size = self.headers[index].msg_len as usize;
        &self.room[index * self.size..][..size.min(self.size)]
    }

    /// Sends the first `count` datagrams in one piece, which the system splits at the destination. Needs [`segment`].
    pub(super) fn send_joined(&mut self, socket: &UdpSocket, count: usize) -> Result<usize> {
        let size = count * self.size;
        socket.send(&self.room[..size])?;
        Ok(count)
    }

    /// Sends the first `count` datagrams to the socket's peer, and returns how many the system accepted.
    pub(super) fn send(&mut self, socket: &UdpSocket, count: usize) -> Result<usize> {
        let count = count.min(self.headers.len()) as u32;
        // SAFETY: as in `receive`; the bytes are only read.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, 0) };
        Ok(usize::try_from(sent).map_err(|_| io::Error::last_os_error())?)
    }
}

/// Gives the socket the buffer size of the node's sockets.
pub(super) fn enlarge(socket: &UdpSocket) -> Result<()> {
    Ok(rustix::net::sockopt::set_socket_recv_buffer_size_force(socket.as_fd(), BUFFER)?)
}

/// Lets the system split sent data into datagrams of `size` bytes.
pub(super) fn segment(socket: &UdpSocket, size: usize) -> Result<()> {
    set_option(socket, libc::UDP_SEGMENT, size.try_into()?)
}

fn set_option(socket: &UdpSocket, option: libc::c_int, value: libc::c_int) -> Result<()> {
    // SAFETY: the option is an integer, and pointer and length are those of one.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_UDP,
            option,
            ptr::from_ref(&value).cast(),
            size_of_val(&value) as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error().into()) }
}
