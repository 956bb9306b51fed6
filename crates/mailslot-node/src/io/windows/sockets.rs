//! The ports of NetBIOS, which belong to the system.

use mailslot_netbios::Ports;

/// Identifies a socket: there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketId {}

/// The ports at which a node receives and from which it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Ports(Ports),
    AnyPorts,
}
