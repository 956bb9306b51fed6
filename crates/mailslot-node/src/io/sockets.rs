//! UDP sockets: for each interface and service, one bound to the address and one to the broadcast address.
//!
//! On Linux a unicast datagram goes to the socket bound to that very address, and one to the subnet's broadcast address to
//! those bound to it. So the socket tells how a packet was cast and by which interface, and nothing else arrives: not what
//! is for other interfaces, nor what is for 255.255.255.255, which nobody uses here. All that is sent leaves from the
//! socket of the address. There is no SO_REUSEADDR: who has the ports already must be noticed.
//!
//! Where another service has the ports, there is one socket for each interface and service, at any port: it sends, and gets
//! what is answered.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::stat::fstat;

use super::batch::{self, Incoming};
use super::interfaces::Named;
use crate::error::{Error, Result};
use mailslot_netbios::{Cast, Ports, Received, Service, Transmit};

/// Bytes of memory in which packets wait for the node, the system's own share included: some thousand short datagrams,
/// which bridges the tens of milliseconds that a busy machine may keep the node from running.
const DATAGRAM_BUFFER: usize = 4 << 20;
/// The same for the name service, which has few packets.
const NAME_BUFFER: usize = 1 << 20;

/// The sockets of one interface.
pub(crate) struct Sockets {
    pub(crate) named: Named,
    sockets: Vec<Bound>,
}

struct Bound {
    socket: UdpSocket,
    service: Service,
    cast: Cast,
}

impl Sockets {
    /// # Errors
    ///
    /// - `PortInUse` if another program has a port
    /// - `PortNotAllowed` if this process may not have it
    pub(crate) fn open(named: Named, ports: Ports) -> Result<Sockets> {
        let mut sockets = Vec::new();
        for (service, port) in [(Service::Name, ports.name), (Service::Datagram, ports.datagram)] {
            let everybody = named.interface.broadcast.map(|address| (Cast::Broadcast, address));
            for (cast, address) in [(Cast::Unicast, named.interface.address)].into_iter().chain(everybody) {
                let socket = bind(SocketAddrV4::new(address, port), service)?;
                sockets.push(Bound { socket, service, cast });
            }
        }
        Ok(Sockets { named, sockets })
    }

    /// Sockets at any ports, for requests and messages and what is answered to them.
    ///
    /// # Errors
    ///
    /// `Io` if the system refuses one.
    pub(crate) fn open_anywhere(named: Named) -> Result<Sockets> {
        let address = SocketAddrV4::new(named.interface.address, 0);
        let open = |service| bind(address, service).map(|socket| Bound { socket, service, cast: Cast::Unicast });
        Ok(Sockets { named, sockets: vec![open(Service::Name)?, open(Service::Datagram)?] })
    }

    /// The address that packets of `service` are sent from.
    pub(crate) fn address(&self, service: Service) -> SocketAddrV4 {
        let bound = self.sockets.iter().find(|bound| bound.service == service && bound.cast == Cast::Unicast);
        match bound.map(|bound| bound.socket.local_addr()) {
            Some(Ok(SocketAddr::V4(address))) => address,
            _ => SocketAddrV4::new(self.named.interface.address, 0),
        }
    }

    /// Is this the address of one of the sockets?
    pub(crate) fn sends_from(&self, address: SocketAddrV4) -> bool {
        let own = |service| self.address(service) == address;
        address.ip() == &self.named.interface.address && (own(Service::Datagram) || own(Service::Name))
    }

    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets.iter().map(|bound| bound.socket.as_fd())
    }

    /// The numbers by which the system knows the sockets.
    #[allow(clippy::useless_conversion, reason = "it has 32 bits on i686")]
    pub(crate) fn inodes(&self) -> impl Iterator<Item = u64> {
        self.sockets.iter().filter_map(|bound| fstat(&bound.socket).ok()).map(|stat| u64::from(stat.st_ino))
    }

    /// Takes packets from the socket at `index` of [`descriptors`](Sockets::descriptors); `None` stands for one that is too
    /// large. Returns how many have come. Errors of the network, such as a refusal that an earlier packet met, are nobody's
    /// concern.
    pub(crate) fn receive(
        &self,
        index: usize,
        incoming: &mut Incoming,
        mut take: impl FnMut(Received, Option<&[u8]>),
    ) -> usize {
        let Some(Bound { socket, service, cast }) = self.sockets.get(index) else { return 0 };
        let (interface, service, cast) = (self.named.interface.id, *service, *cast);
        let take = |from, bytes: Option<&[u8]>| take(Received { interface, from, service, cast }, bytes);
        incoming.receive(socket, take).unwrap_or(0)
    }

    /// Sends packets from the socket of `service` that is bound to the address, and returns how many could not be sent.
    pub(crate) fn send(&self, service: Service, packets: &[&Transmit]) -> usize {
        let is_sender = |bound: &&Bound| bound.service == service && bound.cast == Cast::Unicast;
        let Some(bound) = self.sockets.iter().find(is_sender) else { return packets.len() };
        let packets: Vec<_> = packets.iter().map(|packet| (packet.to, packet.bytes.as_slice())).collect();
        batch::send(&bound.socket, &packets)
    }
}

fn bind(address: SocketAddrV4, service: Service) -> Result<UdpSocket> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortInUse(address),
        io::ErrorKind::PermissionDenied => Error::PortNotAllowed(address),
        _ => Error::io(format!("bind to {address}"), source),
    };
    let socket = UdpSocket::bind(address).map_err(failed)?;
    socket.set_broadcast(true).and_then(|()| socket.set_nonblocking(true)).map_err(failed)?;
    let size = match service {
        Service::Name => NAME_BUFFER,
        Service::Datagram => DATAGRAM_BUFFER,
    };
    // Without CAP_NET_ADMIN the system gives what net.core.rmem_max says at most. Less room is no reason not to run.
    let _ = setsockopt(&socket, sockopt::RcvBufForce, &size).or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &size));
    batch::join(&socket);
    Ok(socket)
}
