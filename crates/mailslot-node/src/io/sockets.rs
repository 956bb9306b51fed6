//! UDP sockets: for each service, one bound to each of the node's addresses, one to each broadcast address, and one to
//! 255.255.255.255.
//!
//! On Linux a unicast datagram goes to the socket bound to that very address, and a broadcast to those bound to its
//! destination. So the socket tells how a packet was cast, and nothing of other addresses arrives. A subnet's broadcast address
//! can be that of several interfaces, and 255.255.255.255 is that of all: there the system tells by which one a packet came
//! (IP_PKTINFO). What is sent leaves from the socket of the address that speaks, a broadcast by that address's interface. There
//! is no SO_REUSEADDR: who has the ports already must be noticed.
//!
//! Where another service has the ports, there is one socket for each address and service, at any port: it sends, and gets
//! what is answered.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::stat::fstat;

use super::batch::{self, Incoming};
use super::interfaces::Named;
use crate::error::{Error, Result};
use mailslot_netbios::{Cast, Ports, Service};

/// Bytes of memory in which packets wait for the node, the system's own share included: some thousand short datagrams,
/// which bridges the tens of milliseconds that a busy machine may keep the node from running.
const DATAGRAM_BUFFER: usize = 4 << 20;
/// The same for the name service, which has few packets.
const NAME_BUFFER: usize = 1 << 20;

/// Names a socket as long as the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketId(u64);

/// Where the node receives and sends from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// These ports, which other nodes send to.
    Ports(Ports),
    /// Any ports: another service has those, or nobody sends to this node first.
    AnyPorts,
}

/// What a socket is bound to, but for the port that the system chooses.
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
    /// None yet.
    pub(crate) fn new(at: At) -> Sockets {
        Sockets { at, sockets: Vec::new(), next_id: 0 }
    }

    /// Opens the sockets of an attachment that are not there. Returns what went wrong with sockets that it can do without.
    ///
    /// # Errors
    ///
    /// - [`Error::PortInUse`] if another program has a port
    /// - [`Error::PortNotAllowed`] if this process may not have it
    /// - [`Error::Io`] if the system refuses it for another reason
    pub(crate) fn open(&mut self, named: &Named) -> Result<Vec<Error>> {
        for place in needed(self.at, named) {
            self.open_at(place)?;
        }
        let failed = wanted(self.at, named).filter_map(|place| self.open_at(place).err());
        Ok(failed.collect())
    }

    /// Closes the sockets that none of the attachments has.
    pub(crate) fn keep(&mut self, attached: &[Named]) {
        let at = self.at;
        let has = |named: &Named, place| needed(at, named).chain(wanted(at, named)).any(|other| other == place);
        self.sockets.retain(|socket| attached.iter().any(|named| has(named, socket.place)));
    }

    /// From now on sockets are opened there. Those elsewhere are closed.
    pub(crate) fn move_to(&mut self, at: At) {
        if self.at != at {
            self.at = at;
            self.sockets.clear();
        }
    }

    /// Whether the attachment could be used there. Sockets that are there already are not tried.
    ///
    /// # Errors
    ///
    /// As [`open`](Sockets::open).
    pub(crate) fn check(&self, at: At, named: &Named) -> Result<()> {
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

    /// The socket that packets of `service` are sent from, by the address `ip`.
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
    /// Takes the packets that have come, as many as there is room for: who sent each, the index of the interface that it came
    /// by, if the system tells, and the bytes, `None` if there are too many. Returns how many have come, and whether there may be
    /// more. Errors of the network, such as a refusal that an earlier packet met, are nobody's concern.
    pub(crate) fn receive(
        &self,
        incoming: &mut Incoming,
        take: impl FnMut(SocketAddrV4, Option<u32>, Option<&[u8]>),
    ) -> (usize, bool) {
        incoming.receive(&self.socket, take).unwrap_or_default()
    }

    /// Sends packets, by the interface `link` if one is given, and returns how many could not be sent.
    pub(crate) fn send(&self, link: Option<u32>, packets: &[(SocketAddrV4, &[u8])]) -> usize {
        batch::send(&self.socket, link, packets)
    }

    /// The number by which the system knows the socket.
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

/// What a node needs of an attachment: to be spoken to at its address, and to hear its broadcasts.
fn needed(at: At, named: &Named) -> impl Iterator<Item = Place> + use<> {
    let broadcast = named.interface.broadcast.filter(|_| at != At::AnyPorts);
    both(Cast::Unicast, named.interface.address).chain(broadcast.into_iter().flat_map(|ip| both(Cast::Broadcast, ip)))
}

/// What it wants besides: other addresses, and what is for everybody on whatever subnet.
fn wanted(at: At, named: &Named) -> impl Iterator<Item = Place> {
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
    // Without CAP_NET_ADMIN the system gives what net.core.rmem_max says at most. Less room is no reason not to run.
    let _ = setsockopt(&socket, sockopt::RcvBufForce, &size).or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &size));
    batch::join(&socket);
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailslot_netbios::Interface;

    fn named(octets: [u8; 4]) -> Named {
        let interface = Interface { id: 1, address: octets.into(), prefix: 32, broadcast: None };
        Named { name: "lo".to_owned(), link: 1, other_links: [].into(), interface, others: Vec::new() }
    }

    #[test]
    fn one_address_that_cannot_be_had_keeps_no_other_one_out() {
        let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        // The other port is one that the system has just given away, and may be gone by now on a busy machine.
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
        // What is there already is no other program's.
        assert!(sockets.check(at, &second).is_ok());
        let with_other = Named { others: vec![absent.interface.address], ..second };
        assert_eq!(sockets.open(&with_other).map(|failed| failed.len()).ok(), Some(2));
    }
}
