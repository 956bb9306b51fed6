//! Sends and receives many packets with one system call.

use std::io::{self, IoSlice, IoSliceMut};
use std::iter;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrIn, recvmmsg, sendmmsg, setsockopt,
    sockopt,
};

/// The most packets sent with one call.
pub(crate) const PACKETS: usize = 64;
/// The most buffers of a receiving call. Each holds one packet, or up to 128 that the system has joined.
const BUFFERS: usize = 16;
/// Buffers of a call after one that did not fill all of its buffers. The headers of all buffers are prepared for each
/// call, and where packets arrive one by one, that would be a tenth of their cost.
const FEW: usize = 4;
/// Packets of a call, after which the next one has few buffers although all of its buffers were filled.
const MANY: usize = 4 * BUFFERS;
/// Bytes of a buffer: at least as many as the system joins. Not a power of two, because then the beginnings of all
/// buffers would compete for the same few lines of the processor's cache.
const BUFFER: usize = 65_536 + 64;
/// Bytes of the largest packet that is accepted. RFC 1002 allows 548, and no sender is known to exceed twice that.
pub(crate) const MAX_PACKET: usize = 4096;

/// Lets the system join packets of one size and sender, if it can (Linux 5.0), which costs both sides far less than
/// delivery one by one. [`Incoming`] splits them.
pub(crate) fn join(socket: &UdpSocket) {
    // If this fails, packets arrive one by one.
    let _ = setsockopt(socket, sockopt::UdpGroSegment, &true);
}

/// Buffers for received packets. Only the parts that packets have filled at least once use memory.
pub(crate) struct Incoming {
    room: Vec<u8>,
    /// Buffers of the next call.
    buffers: usize,
    /// Bytes of room for the control messages of a buffer.
    control: usize,
}

impl Incoming {
    pub(crate) fn new() -> Incoming {
        Incoming { room: vec![0; BUFFERS * BUFFER], buffers: FEW, control: cmsg_space!(i32, in_pktinfo).len() }
    }

    /// Receives the packets that wait at the socket, as many as the buffers hold. `take` gets the sender of each, the
    /// index of the interface that received it if the socket reports it (IP_PKTINFO), and its bytes, `None` if there
    /// are more than [`MAX_PACKET`]. Returns how many packets there were, and whether more may wait.
    pub(crate) fn receive(
        &mut self,
        socket: &UdpSocket,
        mut take: impl FnMut(SocketAddrV4, Option<u32>, Option<&[u8]>),
    ) -> io::Result<(usize, bool)> {
        let buffers = self.buffers;
        // New headers each time: a call overwrites the size of the room for control messages with the size that it
        // used. Of the vector only the capacity counts.
        let mut headers = MultiHeaders::preallocate(buffers, Some(Vec::with_capacity(self.control)));
        let mut rooms: Vec<[IoSliceMut<'_>; 1]> =
            self.room.chunks_exact_mut(BUFFER).take(buffers).map(|room| [IoSliceMut::new(room)]).collect();
        let (mut filled, mut number) = (0, 0);
        for joined in recvmmsg(socket.as_raw_fd(), &mut headers, rooms.iter_mut(), MsgFlags::MSG_DONTWAIT, None)? {
            let is_whole = !joined.flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC);
            let (size, link) = told(&joined);
            filled += 1;
            for packet in packets(&joined, size) {
                number += 1;
                let Some(from) = joined.address else { continue };
                take(from.into(), link, Some(packet).filter(|packet| is_whole && packet.len() <= MAX_PACKET));
            }
        }
        let may_be_more = filled == buffers;
        // Joined packets are many even in few buffers. What a turn of the node goes through, from here to the slots,
        // has to fit into the processor's cache.
        if number > MANY {
            self.buffers = FEW;
        } else if may_be_more {
            self.buffers = BUFFERS;
        } else if filled < FEW {
            self.buffers = FEW;
        }
        Ok((number, may_be_more))
    }
}

/// The size of joined packets, and the index of the interface that received them.
fn told(joined: &RecvMsg<'_, '_, SockaddrIn>) -> (Option<usize>, Option<u32>) {
    let (mut size, mut link) = (None, None);
    for message in joined.cmsgs().into_iter().flatten() {
        match message {
            ControlMessageOwned::UdpGroSegments(bytes) => size = usize::try_from(bytes).ok(),
            ControlMessageOwned::Ipv4PacketInfo(info) => link = u32::try_from(info.ipi_ifindex).ok(),
            _ => {}
        }
    }
    (size, link)
}

/// The packets in a buffer, at least one: all have the given size, except that the last one may be shorter.
fn packets<'a>(joined: &'a RecvMsg<'_, '_, SockaddrIn>, size: Option<usize>) -> impl Iterator<Item = &'a [u8]> {
    let bytes = joined.iovs().next().unwrap_or_default();
    let size = size.unwrap_or(bytes.len()).clamp(1, BUFFER);
    let (first, rest) = bytes.split_at(size.min(bytes.len()));
    iter::once(first).chain(rest.chunks(size))
}

/// Sends packets from one socket, in order, by the interface `link` if one is given, else by the system's routes.
/// Returns how many the system refused.
pub(crate) fn send<'a>(
    socket: &UdpSocket,
    link: Option<u32>,
    packets: impl Iterator<Item = (SocketAddrV4, &'a [u8])>,
) -> usize {
    let (slices, addresses): (Vec<_>, Vec<_>) =
        packets.map(|(to, bytes)| ([IoSlice::new(bytes)], Some(SockaddrIn::from(to)))).unzip();
    // Without addresses: the source stays the address to which the socket is bound.
    let nowhere = in_addr { s_addr: 0 };
    let ipi_ifindex = link.and_then(|link| i32::try_from(link).ok()).unwrap_or(0);
    let by = in_pktinfo { ipi_ifindex, ipi_spec_dst: nowhere, ipi_addr: nowhere };
    let control: &[ControlMessage<'_>] = if link.is_some() { &[ControlMessage::Ipv4PacketInfo(&by)] } else { &[] };
    let mut headers = MultiHeaders::preallocate(slices.len(), link.map(|_| cmsg_space!(in_pktinfo)));
    let (mut next, mut refused) = (0, 0);
    while next < slices.len() {
        let (slices, addresses) = (&slices[next..], &addresses[next..]);
        match sendmmsg(socket.as_raw_fd(), &mut headers, slices, addresses, control, MsgFlags::empty()) {
            Ok(sent) => next += sent.count(),
            // The error of an earlier packet, reported once: try again.
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

    use nix::sys::socket::sendmsg;

    use super::*;

    const BROADCAST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

    fn socket() -> (UdpSocket, SocketAddrV4) {
        socket_at(Ipv4Addr::LOCALHOST)
    }

    fn socket_at(address: Ipv4Addr) -> (UdpSocket, SocketAddrV4) {
        let socket = UdpSocket::bind((address, 0)).expect("a free port");
        let SocketAddr::V4(address) = socket.local_addr().expect("bound") else { panic!("IPv4") };
        (socket, address)
    }

    fn send(socket: &UdpSocket, link: Option<u32>, packets: &[(SocketAddrV4, &[u8])]) -> usize {
        super::send(socket, link, packets.iter().copied())
    }

    fn received(incoming: &mut Incoming, socket: &UdpSocket) -> Vec<(SocketAddrV4, Option<Vec<u8>>)> {
        let mut packets = Vec::new();
        incoming
            .receive(socket, |from, _, bytes| packets.push((from, bytes.map(<[u8]>::to_vec))))
            .expect("packets wait");
        packets
    }

    /// Sends `bytes` with one call, as packets of `size` bytes and the rest.
    fn send_joined(socket: &UdpSocket, to: SocketAddrV4, bytes: &[u8], size: u16) {
        let (parts, size) = ([IoSlice::new(bytes)], [ControlMessage::UdpGsoSegments(&size)]);
        let sent = sendmsg(socket.as_raw_fd(), &parts, &size, MsgFlags::empty(), Some(&SockaddrIn::from(to)));
        assert_eq!(sent, Ok(bytes.len()));
    }

    /// All waiting packets, with any number of calls.
    fn all_received(socket: &UdpSocket) -> Vec<(SocketAddrV4, Option<Vec<u8>>)> {
        let mut incoming = Incoming::new();
        let mut all = Vec::new();
        while incoming.receive(socket, |from, _, bytes| all.push((from, bytes.map(<[u8]>::to_vec)))).is_ok() {}
        all
    }

    /// Sends packets of many sizes, joined and not, to a receiver that gets them joined or one by one.
    fn mixture_is_received(receiver: &UdpSocket, to: SocketAddrV4) {
        let (sender, from) = socket();
        sender.set_broadcast(true).expect("allowed");
        let bytes: Vec<u8> = (0..60_000_u32).map(|number| (number * 7 + number / 251) as u8).collect();
        let kept = |packet: &[u8]| (from, (packet.len() <= MAX_PACKET).then(|| packet.to_vec()));
        for (length, size) in [(640, 10), (234 * 64, 234), (1000, 300), (9, 9), (64, 1), (8192, 4096), (60_000, 4097)] {
            let whole = &bytes[..length];
            send_joined(&sender, to, whole, size);
            assert_eq!(send(&sender, None, &[(to, b""), (to, whole), (to, b"after")]), 0);
            let packets = whole.chunks(usize::from(size)).chain([&b""[..], whole, b"after"]);
            let expected: Vec<_> = packets.map(kept).collect();
            assert!(all_received(receiver) == expected, "{length} bytes in packets of {size}");
        }
    }

    #[test]
    fn joined_packets_come_out_one_by_one_as_they_were_sent() {
        let (receiver, to) = socket();
        join(&receiver);
        mixture_is_received(&receiver, to);
    }

    #[test]
    fn joined_packets_to_a_broadcast_address_do_so_too() {
        let (receiver, to) = socket_at(BROADCAST);
        join(&receiver);
        mixture_is_received(&receiver, to);
    }

    #[test]
    fn where_the_system_joins_nothing_they_come_as_well() {
        let (receiver, to) = socket();
        mixture_is_received(&receiver, to);
    }

    #[test]
    fn one_call_takes_more_packets_than_it_has_buffers_if_they_are_joined() {
        for address in [Ipv4Addr::LOCALHOST, BROADCAST] {
            let ((sender, _), (receiver, to)) = (socket(), socket_at(address));
            sender.set_broadcast(true).expect("allowed");
            join(&receiver);
            for _ in 0..2 * BUFFERS {
                send_joined(&sender, to, &[7; 1024], 16);
            }
            let mut incoming = Incoming::new();
            // It begins with few buffers, and stays with them.
            for _ in 0..2 * BUFFERS / FEW {
                let received = incoming.receive(&receiver, |_, _, _| {});
                assert_eq!(received.expect("packets wait"), (64 * FEW, true));
            }
            assert_eq!(incoming.receive(&receiver, |_, _, _| {}).unwrap_or_default(), (0, false));
        }
    }

    #[test]
    fn the_interface_is_told_of_and_can_be_chosen() {
        let lo = nix::net::if_::if_nametoindex("lo").expect("there is a loopback interface");
        for address in [Ipv4Addr::LOCALHOST, BROADCAST] {
            let ((sender, from), (receiver, to)) = (socket(), socket_at(address));
            sender.set_broadcast(true).expect("allowed");
            setsockopt(&receiver, sockopt::Ipv4PacketInfo, &true).expect("allowed");
            join(&receiver);
            assert_eq!(send(&sender, Some(lo), &[(to, b"a"), (to, b"b")]), 0);
            send_joined(&sender, to, &[7; 64], 16);
            // There is no interface with this index.
            assert_eq!(send(&sender, Some(i32::MAX as u32), &[(to, b"c"), (to, b"d")]), 2);
            let mut packets = Vec::new();
            while Incoming::new()
                .receive(&receiver, |from, by, bytes| packets.push((from, by, bytes.is_some())))
                .is_ok()
            {}
            assert_eq!(packets, [(from, Some(lo), true); 6]);
        }
    }

    #[test]
    fn packets_come_in_order_with_their_senders() {
        let ((one, from_one), (other, from_other), (receiver, to)) = (socket(), socket(), socket());
        let numbers: Vec<[u8; 2]> = (0..30).map(|number| [number, 7]).collect();
        let packets: Vec<_> = numbers.iter().map(|bytes| (to, bytes.as_slice())).collect();
        assert_eq!((send(&one, None, &packets), send(&other, None, &[(to, b"")])), (0, 0));
        let mut incoming = Incoming::new();
        let all: Vec<_> = [FEW, BUFFERS, 31 - FEW - BUFFERS]
            .into_iter()
            .flat_map(|number| {
                let some = received(&mut incoming, &receiver);
                assert_eq!(some.len(), number);
                some
            })
            .collect();
        let mut expected: Vec<_> = numbers.iter().map(|bytes| (from_one, Some(bytes.to_vec()))).collect();
        expected.push((from_other, Some(Vec::new())));
        assert_eq!(all, expected);
        let nothing = incoming.receive(&receiver, |_, _, _| panic!("nothing was sent")).expect_err("nothing waits");
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn packets_that_are_too_large_are_known_as_such() {
        let ((sender, from), (receiver, to)) = (socket(), socket());
        let large = vec![5; MAX_PACKET + 1];
        assert_eq!(send(&sender, None, &[(to, &large), (to, &large[1..])]), 0);
        let all = received(&mut Incoming::new(), &receiver);
        assert_eq!(all, [(from, None), (from, Some(large[1..].to_vec()))]);
    }

    #[test]
    fn what_the_system_refuses_is_counted_and_the_rest_is_sent() {
        let ((sender, from), (receiver, to)) = (socket(), socket());
        let nobody = socket().1;
        let large = vec![0; 70_000];
        assert_eq!(send(&sender, None, &[(nobody, b"a"), (to, b"b"), (to, &large), (to, b"c")]), 1);
        let all = received(&mut Incoming::new(), &receiver);
        assert_eq!(all, [(from, Some(b"b".to_vec())), (from, Some(b"c".to_vec()))]);
    }
}
