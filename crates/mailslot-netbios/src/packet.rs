//! Received packets and packets to send.

use std::net::SocketAddrV4;

/// Which of the two services a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// UDP port 137.
    Name,
    /// UDP port 138.
    Datagram,
}

/// The kind of address to which a packet was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cast {
    /// This machine's address.
    Unicast,
    /// A broadcast address.
    Broadcast,
}

/// How a packet was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// [`Interface::id`](crate::Interface::id).
    pub interface: u32,
    /// The UDP source.
    pub from: SocketAddrV4,
    /// The service whose port received it.
    pub service: Service,
    /// The kind of address to which it was sent.
    pub cast: Cast,
}

/// A packet to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// [`Interface::id`](crate::Interface::id): send from this interface's address. A broadcast must also be sent by
    /// this interface.
    pub interface: u32,
    /// The UDP destination.
    pub to: SocketAddrV4,
    /// The service from whose port to send it.
    pub service: Service,
    /// The UDP payload.
    pub bytes: Vec<u8>,
}
