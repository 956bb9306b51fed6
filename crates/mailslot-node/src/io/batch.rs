//! Many packets with one system call.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg};

/// Packets of one call. Also what is taken from one socket before the others have their turn.
pub(crate) const PACKETS: usize = 64;
/// Bytes of the largest packet that is taken. RFC 1002 allows 548, and nobody is known to send more than twice that. No
/// power of two: the beginnings of all packets would compete for the same few lines of the processor's cache.
pub(crate) const MAX_PACKET: usize = 4096 + 64;

/// Room for packets that come in.
pub(crate) struct Incoming {
    headers: MultiHeaders<SockaddrIn>,
    room: Vec<u8>,
}

impl Incoming {
    pub(crate) fn new() -> Incoming {
        Incoming { headers: MultiHeaders::preallocate(PACKETS, None), room: vec![0; PACKETS * MAX_PACKET] }
    }

    /// Takes what waits at the socket, at most [`PACKETS`]: who sent each packet, and its bytes, `None` if there are more
    /// than [`MAX_PACKET`].
    pub(crate) fn receive(
        &mut self,
        socket: &UdpSocket,
        mut take: impl FnMut(SocketAddrV4, Option<&[u8]>),
    ) -> io::Result<()> {
        let mut rooms: Vec<[IoSliceMut<'_>; 1]> =
            self.room.chunks_exact_mut(MAX_PACKET).map(|room| [IoSliceMut::new(room)]).collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        for packet in recvmmsg(socket.as_raw_fd(), &mut self.headers, rooms.iter_mut(), flags, None)? {
            let Some(from) = packet.address else { continue };
            let is_whole = !packet.flags.contains(MsgFlags::MSG_TRUNC);
            let bytes = packet.iovs().next().unwrap_or_default();
            take(from.into(), is_whole.then_some(bytes));
        }
        Ok(())
    }
}

/// Sends packets from one socket, in their order, and returns how many the system has refused.
pub(crate) fn send(socket: &UdpSocket, packets: &[(SocketAddrV4, &[u8])]) -> usize {
    let slices: Vec<[IoSlice<'_>; 1]> = packets.iter().map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
    let addresses: Vec<Option<SockaddrIn>> = packets.iter().map(|(to, _)| Some(SockaddrIn::from(*to))).collect();
    let mut headers = MultiHeaders::preallocate(packets.len(), None);
    let (mut next, mut refused) = (0, 0);
    while next < packets.len() {
        let (slices, addresses) = (&slices[next..], &addresses[next..]);
        match sendmmsg(socket.as_raw_fd(), &mut headers, slices, addresses, [], MsgFlags::empty()) {
            Ok(sent) => next += sent.count(),
            // What an earlier packet met shows here once.
            Err(Errno::ECONNREFUSED | Errno::EINTR) => {}
            Err(_) => {
                refused += 1;
                next += 1;
            }
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn socket() -> (UdpSocket, SocketAddrV4) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let SocketAddr::V4(address) = socket.local_addr().expect("bound") else { panic!("IPv4") };
        (socket, address)
    }

    fn received(incoming: &mut Incoming, socket: &UdpSocket) -> Vec<(SocketAddrV4, Option<Vec<u8>>)> {
        let mut packets = Vec::new();
        incoming.receive(socket, |from, bytes| packets.push((from, bytes.map(<[u8]>::to_vec)))).expect("packets wait");
        packets
    }

    #[test]
    fn packets_come_in_order_with_their_senders() {
        let ((one, from_one), (other, from_other), (receiver, to)) = (socket(), socket(), socket());
        let numbers: Vec<[u8; 2]> = (0..100).map(|number| [number, 7]).collect();
        let packets: Vec<_> = numbers.iter().map(|bytes| (to, bytes.as_slice())).collect();
        assert_eq!((send(&one, &packets), send(&other, &[(to, b"")])), (0, 0));
        let mut incoming = Incoming::new();
        let first = received(&mut incoming, &receiver);
        assert_eq!(first.len(), PACKETS);
        let all = [first, received(&mut incoming, &receiver)].concat();
        let mut expected: Vec<_> = numbers.iter().map(|bytes| (from_one, Some(bytes.to_vec()))).collect();
        expected.push((from_other, Some(Vec::new())));
        assert_eq!(all, expected);
        let nothing = incoming.receive(&receiver, |_, _| panic!("nothing was sent")).expect_err("nothing waits");
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn packets_that_are_too_large_are_known_as_such() {
        let ((sender, from), (receiver, to)) = (socket(), socket());
        let large = vec![5; MAX_PACKET + 1];
        assert_eq!(send(&sender, &[(to, &large), (to, &large[1..])]), 0);
        let all = received(&mut Incoming::new(), &receiver);
        assert_eq!(all, [(from, None), (from, Some(large[1..].to_vec()))]);
    }

    #[test]
    fn what_the_system_refuses_is_counted_and_the_rest_is_sent() {
        let ((sender, from), (receiver, to)) = (socket(), socket());
        let nobody = socket().1;
        let large = vec![0; 70_000];
        assert_eq!(send(&sender, &[(nobody, b"a"), (to, b"b"), (to, &large), (to, b"c")]), 1);
        let all = received(&mut Incoming::new(), &receiver);
        assert_eq!(all, [(from, Some(b"b".to_vec())), (from, Some(b"c".to_vec()))]);
    }
}
