//! Packets on their way in and out.

use std::net::SocketAddrV4;

/// Which of the two services a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// UDP port 137.
    Name,
    /// UDP port 138.
    Datagram,
}

/// What a packet was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cast {
    /// This machine's address.
    Unicast,
    /// A broadcast address.
    Broadcast,
}

/// How a packet came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// [`Interface::id`](crate::Interface::id).
    pub interface: u32,
    /// The UDP source.
    pub from: SocketAddrV4,
    /// The service whose port it came to.
    pub service: Service,
    /// What it was sent to.
    pub cast: Cast,
}

/// A packet to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// [`Interface::id`](crate::Interface::id): send from this interface's address. A broadcast must leave by it.
    pub interface: u32,
    /// The UDP destination.
    pub to: SocketAddrV4,
    /// The service whose port it must come from.
    pub service: Service,
    /// The UDP payload.
    pub bytes: Vec<u8>,
}
