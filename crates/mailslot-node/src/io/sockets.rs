//! UDP sockets: for each service, one bound to each of the node's addresses, one to each broadcast address, and one to
//! 255.255.255.255.
//!
//! On Linux, a unicast datagram is delivered to the socket bound to its destination address, and a broadcast to those
//! bound to its destination. The socket therefore shows how a packet was cast, and no packet for another address
//! arrives. A subnet's broadcast address can belong to several interfaces, and 255.255.255.255 belongs to all: for
//! these the system reports the receiving interface (IP_PKTINFO). Packets are sent from the socket of the sending
//! address, broadcasts by that address's interface. SO_REUSEADDR is not set: the node must detect another program that
//! has the ports.
//!
//! Where another service has the ports, there is one socket for each address and service, at any port: it sends, and
//! receives the answers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::stat::fstat;

use super::batch;
use super::interfaces::Attachment;
use crate::error::{Error, Result};
use mailslot_netbios::{Cast, Ports, Service};

/// Bytes of the socket's receive buffer, the system's overhead included: it holds some thousand short datagrams, enough
/// for the tens of milliseconds for which a busy machine may keep the node from running.
const DATAGRAM_BUFFER: usize = 4 << 20;
/// The same for the name service, which has few packets.
const NAME_BUFFER: usize = 1 << 20;

/// Identifies a socket, uniquely while the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketId(u64);

/// The ports at which the node receives and from which it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// These ports, to which other nodes send.
    Ports(Ports),
    /// Any ports: another service has the usual ones, or no node sends to this one first.
    AnyPorts,
}

/// What a socket is bound to, except the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) ip: Ipv4Addr,
    pub(crate) service: Service,
    pub(crate) cast: Cast,
}

/// A socket at its place.
pub(crate) struct Socket {
    pub(crate) id: SocketId,
    pub(crate) place: Place,
    pub(crate) address: SocketAddrV4,
    socket: UdpSocket,
}

/// All sockets of a node.
pub(crate) struct Sockets {
    at: At,
    sockets: Vec<Socket>,
    next_id: u64,
}

impl Sockets {
    /// No sockets yet.
    pub(crate) fn new(at: At) -> Sockets {
        Sockets { at, sockets: Vec::new(), next_id: 0 }
    }

    /// Opens the sockets of an attachment that are not open yet. Returns the errors of sockets that it can do without.
    ///
    /// # Errors
    ///
    /// - [`Error::PortInUse`] if another program has a port
    /// - [`Error::PortNotAllowed`] if this process may not have it
    /// - [`Error::Io`] if the system refuses it for another reason
    pub(crate) fn open(&mut self, named: &Attachment) -> Result<Vec<Error>> {
        for place in needed(self.at, named) {
            self.open_at(place)?;
        }
        let failed = wanted(self.at, named).filter_map(|place| self.open_at(place).err());
        Ok(failed.collect())
    }

    /// Closes the sockets that none of the attachments uses.
    pub(crate) fn keep(&mut self, attached: &[Attachment]) {
        let at = self.at;
        let has = |named: &Attachment, place| needed(at, named).chain(wanted(at, named)).any(|other| other == place);
        self.sockets.retain(|socket| attached.iter().any(|named| has(named, socket.place)));
    }

    /// Opens sockets at `at` from now on, and closes those at other ports.
    pub(crate) fn move_to(&mut self, at: At) {
        if self.at != at {
            self.at = at;
            self.sockets.clear();
        }
    }

    /// Checks that the attachment could be used at `at`. Sockets that are already open there are not tried.
    ///
    /// # Errors
    ///
    /// As [`open`](Sockets::open).
    pub(crate) fn check(&self, at: At, named: &Attachment) -> Result<()> {
        let is_there = |place| at == self.at && self.at_place(place).is_some();
        let mut places = needed(at, named).filter(|place| !is_there(*place));
        places.try_for_each(|place| bind(at, place).map(drop))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Socket> {
        self.sockets.iter()
    }

    pub(crate) fn get(&self, id: SocketId) -> Option<&Socket> {
        self.sockets.iter().find(|socket| socket.id == id)
    }

    /// The socket from which packets of `service` are sent, with the address `ip`.
    pub(crate) fn sender(&self, ip: Ipv4Addr, service: Service) -> Option<&Socket> {
        self.at_place(Place { ip, service, cast: Cast::Unicast })
    }

    fn at_place(&self, place: Place) -> Option<&Socket> {
        self.sockets.iter().find(|socket| socket.place == place)
    }

    fn open_at(&mut self, place: Place) -> Result<()> {
        if self.at_place(place).is_none() {
            let (socket, address) = bind(self.at, place)?;
            self.next_id += 1;
            self.sockets.push(Socket { id: SocketId(self.next_id), place, address, socket });
        }
        Ok(())
    }
}

impl Socket {
    /// Receives waiting packets, as many as there is room for. `take` gets the sender of each, the index of the
    /// interface that received it, if the system reports it, and the bytes, `None` if there are too many. Returns how
    /// many packets there were, and whether more may wait. Errors of the network, such as a refusal of an earlier
    /// packet, are ignored.
    pub(crate) fn receive(
        &self,
        incoming: &mut batch::Incoming,
        take: impl FnMut(SocketAddrV4, Option<u32>, Option<&[u8]>),
    ) -> (usize, bool) {
        incoming.receive(&self.socket, take).unwrap_or_default()
    }

    /// Sends packets, by the interface `link` if one is given. Returns how many could not be sent.
    pub(crate) fn send<'a>(&self, link: Option<u32>, packets: impl Iterator<Item = (SocketAddrV4, &'a [u8])>) -> usize {
        batch::send(&self.socket, link, packets)
    }

    /// The socket's inode number.
    #[allow(clippy::useless_conversion, reason = "it has 32 bits on i686")]
    pub(crate) fn inode(&self) -> Option<u64> {
        fstat(&self.socket).ok().map(|stat| u64::from(stat.st_ino))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The sockets without which an attachment is useless: for unicast to its address, and for its subnet's broadcasts.
fn needed(at: At, named: &Attachment) -> impl Iterator<Item = Place> + use<> {
    let broadcast = named.interface.broadcast.filter(|_| at != At::AnyPorts);
    both(Cast::Unicast, named.interface.address).chain(broadcast.into_iter().flat_map(|ip| both(Cast::Broadcast, ip)))
}

/// The optional sockets: for its other addresses, and for 255.255.255.255.
fn wanted(at: At, named: &Attachment) -> impl Iterator<Item = Place> {
    let limited = named.interface.broadcast.map(|_| Ipv4Addr::BROADCAST).filter(|_| at != At::AnyPorts);
    let others = named.others.iter().filter(move |_| at != At::AnyPorts);
    let others = others.flat_map(|ip| both(Cast::Unicast, *ip));
    others.chain(limited.into_iter().flat_map(|ip| both(Cast::Broadcast, ip)))
}

fn both(cast: Cast, ip: Ipv4Addr) -> impl Iterator<Item = Place> {
    [Service::Name, Service::Datagram].into_iter().map(move |service| Place { ip, service, cast })
}

fn bind(at: At, place: Place) -> Result<(UdpSocket, SocketAddrV4)> {
    let port = match (at, place.service) {
        (At::Ports(ports), Service::Name) => ports.name,
        (At::Ports(ports), Service::Datagram) => ports.datagram,
        (At::AnyPorts, _) => 0,
    };
    let address = SocketAddrV4::new(place.ip, port);
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortInUse(address),
        io::ErrorKind::PermissionDenied => Error::PortNotAllowed(address),
        _ => Error::io(format!("bind to {address}"), source),
    };
    let socket = UdpSocket::bind(address).map_err(failed)?;
    let set_up = || {
        socket.set_broadcast(true)?;
        socket.set_nonblocking(true)?;
        if place.cast == Cast::Broadcast {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        match socket.local_addr()? {
            SocketAddr::V4(address) => Ok(address),
            SocketAddr::V6(_) => Ok(address),
        }
    };
    let address = set_up().map_err(failed)?;
    let size = match place.service {
        Service::Name => NAME_BUFFER,
        Service::Datagram => DATAGRAM_BUFFER,
    };
    // Without CAP_NET_ADMIN, the system limits the buffer to net.core.rmem_max. The node also runs with less.
    let _ = setsockopt(&socket, sockopt::RcvBufForce, &size).or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &size));
    batch::join(&socket);
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailslot_netbios::Interface;

    fn named(octets: [u8; 4]) -> Attachment {
        let interface = Interface { id: 1, address: octets.into(), prefix: 32, broadcast: None };
        Attachment { name: "lo".to_owned(), link: 1, other_links: [].into(), interface, others: Vec::new() }
    }

    #[test]
    fn one_address_that_cannot_be_had_keeps_no_other_one_out() {
        let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        // The other port is one that the system has just freed; on a busy machine it may be taken again.
        let other = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let at = At::Ports(Ports { name: port, datagram: other });
        let (first, second, absent) = (named([127, 0, 0, 1]), named([127, 0, 0, 2]), named([192, 0, 2, 77]));
        let mut sockets = Sockets::new(at);
        assert!(matches!(sockets.open(&first), Err(Error::PortInUse(address)) if address.port() == port));
        assert!(matches!(sockets.open(&absent), Err(Error::Io { .. })));
        assert!(sockets.open(&second).is_ok_and(|failed| failed.is_empty()));
        sockets.keep(std::slice::from_ref(&second));
        assert_eq!(sockets.all().count(), 2);
        assert!(matches!(sockets.check(at, &first), Err(Error::PortInUse(_))));
        assert!(matches!(sockets.check(at, &absent), Err(Error::Io { .. })));
        // The node's own open sockets are not another program's.
        assert!(sockets.check(at, &second).is_ok());
        let with_other = Attachment { others: vec![absent.interface.address], ..second };
        assert_eq!(sockets.open(&with_other).map(|failed| failed.len()).ok(), Some(2));
    }
}
