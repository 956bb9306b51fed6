//! The connection to Samba's nmbd, which passes the datagrams that it does not use to a node beside it.
//!
//! nmbd has UDP port 138. It keeps the datagrams for its four mailslots (browser, LAN Manager browser, and the two of
//! logons), and passes all others to each local process that is connected to its Unix socket `unexpected`; processes
//! that do not read fast enough lose some. Both sides send C structures, here those of 64-bit machines:
//!
//! ```text
//! request, 24 bytes       packet type 4 (0 name service, 1 datagram) · 4 unused · size of a mailslot's name 8 (0: all)
//!                         · transaction id 4 (-1: all) · 4 unused; then the name
//! answer, 1 byte
//! each packet, 32 bytes   size 8 · packet type 4 · 4 unused · time 8 · IPv4 address 4 · UDP port 4; then the packet
//! ```
//!
//! nmbd holds the names and answers for them; no other process gets name service packets.
//!
//! # Sources
//!
//! Samba `source3/libsmb/unexpected.c`, `source3/nmbd/nmbd_packets.c`: from 3.6 (2011) on.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

/// How long after a failure to connect again.
const RETRY: Duration = Duration::from_secs(1);
/// Bytes before each packet.
const HEADER: usize = 32;
/// The largest packet that nmbd passes on.
const MAX_PACKET: usize = 1024;
/// Bytes received from nmbd before other work is done.
const TURN: usize = 64 << 10;
const DATAGRAM: u32 = 1;

/// The connection to nmbd, which reconnects whenever it is lost.
pub(crate) struct Nmbd {
    path: PathBuf,
    connection: Option<Connection>,
    retry_at: Instant,
    /// Whether the last attempt failed, so that this is not reported again.
    is_missed: bool,
}

/// A change of the connection.
#[derive(Debug)]
pub(crate) enum Change {
    Connected,
    /// nmbd has ended, or sent something that cannot be understood.
    Lost(io::Error),
    /// It cannot be reached; reported once.
    Missed(io::Error),
}

impl Nmbd {
    pub(crate) fn new(path: &Path, now: Instant) -> Nmbd {
        Nmbd { path: path.to_owned(), connection: None, retry_at: now, is_missed: false }
    }

    /// When to call [`handle_timeout`](Nmbd::handle_timeout).
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.connection.is_none().then_some(self.retry_at)
    }

    /// Connects, if that is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Change> {
        if self.connection.is_some() || now < self.retry_at {
            return None;
        }
        self.retry_at = now + RETRY;
        match Connection::open(&self.path) {
            Ok(connection) => {
                self.connection = Some(connection);
                self.is_missed = false;
                Some(Change::Connected)
            }
            Err(_) if self.is_missed => None,
            Err(error) => {
                self.is_missed = true;
                Some(Change::Missed(error))
            }
        }
    }

    /// Readable when there is something to [`receive`](Nmbd::receive).
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.connection.as_ref().map(|connection| connection.stream.as_fd())
    }

    /// Receives the waiting datagrams: `take` gets the sender and the bytes of each.
    pub(crate) fn receive(&mut self, now: Instant, take: impl FnMut(SocketAddrV4, &[u8])) -> Option<Change> {
        let error = self.connection.as_mut()?.receive(take).err()?;
        self.connection = None;
        self.retry_at = now + RETRY;
        Some(Change::Lost(error))
    }
}

struct Connection {
    stream: UnixStream,
    unread: Vec<u8>,
    is_answered: bool,
}

impl Connection {
    /// Connects and asks for all datagrams.
    fn open(path: &Path) -> io::Result<Connection> {
        if size_of::<usize>() != 8 {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "nmbd's socket is only understood with 64 bits"));
        }
        // Non-blocking, so that a stopped nmbd with a full queue does not block the node.
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        connect(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
        let mut stream = UnixStream::from(socket);
        stream.write_all(&request())?;
        Ok(Connection { stream, unread: Vec::new(), is_answered: false })
    }

    fn receive(&mut self, mut take: impl FnMut(SocketAddrV4, &[u8])) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        let mut taken = 0;
        while taken < TURN {
            let size = match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "nmbd has closed the connection")),
                Ok(size) => size,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            taken += size;
            self.unread.extend_from_slice(&buffer[..size]);
            self.take_packets(&mut take)?;
        }
        Ok(())
    }

    /// Takes the complete packets out of `unread`; less than one remains.
    fn take_packets(&mut self, take: &mut impl FnMut(SocketAddrV4, &[u8])) -> io::Result<()> {
        let mut rest = self.unread.as_slice();
        if !self.is_answered {
            let Some((_, packets)) = rest.split_first() else { return Ok(()) };
            self.is_answered = true;
            rest = packets;
        }
        while let Some((header, packets)) = rest.split_first_chunk::<HEADER>() {
            let Header { size, kind, from } = Header::parse(header)?;
            let Some((packet, packets)) = packets.split_at_checked(size) else { break };
            if kind == DATAGRAM {
                take(from, packet);
            }
            rest = packets;
        }
        let used = self.unread.len() - rest.len();
        self.unread.drain(..used);
        Ok(())
    }
}

fn request() -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..4].copy_from_slice(&DATAGRAM.to_ne_bytes());
    bytes[16..20].copy_from_slice(&(-1i32).to_ne_bytes());
    bytes
}

struct Header {
    size: usize,
    kind: u32,
    from: SocketAddrV4,
}

impl Header {
    fn parse(bytes: &[u8; HEADER]) -> io::Result<Header> {
        let number = |at: usize| u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let size = bytes.first_chunk().map_or(0, |size| u64::from_ne_bytes(*size));
        let port = u16::try_from(number(28));
        match (usize::try_from(size), port) {
            (Ok(size), Ok(port)) if size <= MAX_PACKET => {
                let address = Ipv4Addr::new(bytes[24], bytes[25], bytes[26], bytes[27]);
                Ok(Header { size, kind: number(8), from: SocketAddrV4::new(address, port) })
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "this is not the protocol of Samba's nmbd")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u32, port: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[..8].copy_from_slice(&(data.len() as u64).to_ne_bytes());
        bytes[8..12].copy_from_slice(&kind.to_ne_bytes());
        bytes[24..28].copy_from_slice(&[192, 0, 2, 7]);
        bytes[28..32].copy_from_slice(&port.to_ne_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    /// The packets that a connection takes from `bytes` in pieces of `piece` bytes.
    fn taken(bytes: &[u8], piece: usize) -> io::Result<Vec<(SocketAddrV4, Vec<u8>)>> {
        let (stream, _other) = UnixStream::pair()?;
        let mut connection = Connection { stream, unread: Vec::new(), is_answered: false };
        let mut taken = Vec::new();
        for piece in bytes.chunks(piece) {
            connection.unread.extend_from_slice(piece);
            connection.take_packets(&mut |from, packet| taken.push((from, packet.to_vec())))?;
        }
        assert!(connection.unread.len() < HEADER + MAX_PACKET);
        Ok(taken)
    }

    #[test]
    fn datagrams_come_whole_in_whatever_pieces_they_arrive() {
        let stream = [&[0][..], &packet(1, 138, b"first"), &packet(0, 137, b"name"), &packet(1, 4000, b"")].concat();
        let from = |port| SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), port);
        for piece in [1, 7, 33, stream.len()] {
            let taken = taken(&stream, piece).expect("what nmbd says");
            assert_eq!(taken, [(from(138), b"first".to_vec()), (from(4000), Vec::new())], "{piece}");
        }
    }

    #[test]
    fn what_is_no_packet_ends_the_connection() {
        let large = [&[0][..], &packet(1, 138, &[0; MAX_PACKET + 1])].concat();
        let port = [&[0][..], &packet(1, 65_536, b"")].concat();
        for wrong in [large, port, vec![0xff; 100]] {
            assert!(taken(&wrong, 50).is_err());
        }
    }
}
