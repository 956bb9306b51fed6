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

use super::interfaces::Named;
use crate::error::{Error, Result};
use crate::proto::{Cast, Ports, Received, Service, Transmit};

/// The largest UDP payload.
pub(crate) const MAX_PACKET: usize = 65_535;
/// Packets taken from one socket before the others have their turn.
const TURN: usize = 64;

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
            for (cast, address) in
                [(Cast::Unicast, named.interface.address), (Cast::Broadcast, named.interface.broadcast)]
            {
                let socket = bind(SocketAddrV4::new(address, port))?;
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
        let open = |service| bind(address).map(|socket| Bound { socket, service, cast: Cast::Unicast });
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

    /// Takes packets from the socket at `index` of [`descriptors`](Sockets::descriptors). Errors of the network, such as a
    /// refusal that an earlier packet met, are nobody's concern.
    pub(crate) fn receive(&self, index: usize, buffer: &mut [u8], mut take: impl FnMut(Received, &[u8])) {
        let Some(bound) = self.sockets.get(index) else { return };
        for _ in 0..TURN {
            match bound.socket.recv_from(buffer) {
                Ok((size, SocketAddr::V4(from))) => {
                    let received =
                        Received { interface: self.named.interface.id, from, service: bound.service, cast: bound.cast };
                    take(received, &buffer[..size]);
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    /// Sends a packet from the socket of its service that is bound to the address.
    pub(crate) fn send(&self, transmit: &Transmit) -> io::Result<()> {
        let bound = self.sockets.iter().find(|bound| bound.service == transmit.service && bound.cast == Cast::Unicast);
        let Some(bound) = bound else { return Ok(()) };
        loop {
            match bound.socket.send_to(&transmit.bytes, transmit.to) {
                Ok(_) => return Ok(()),
                // What an earlier packet met shows here once.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn bind(address: SocketAddrV4) -> Result<UdpSocket> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortInUse(address),
        io::ErrorKind::PermissionDenied => Error::PortNotAllowed(address),
        _ => Error::io(format!("bind to {address}"), source),
    };
    let socket = UdpSocket::bind(address).map_err(failed)?;
    socket.set_broadcast(true).and_then(|()| socket.set_nonblocking(true)).map_err(failed)?;
    Ok(socket)
}
