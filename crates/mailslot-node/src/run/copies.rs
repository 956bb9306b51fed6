//! Copies of packets for those who capture.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::capture::Sinks;
use crate::io::sockets::Sockets;
use mailslot_netbios::{Cast, Received, Transmit};

/// A packet that has come to one of the sockets.
pub(super) fn received(sinks: &mut Sinks, sockets: &Sockets, received: Received, bytes: &[u8]) {
    if sinks.is_empty() {
        return;
    }
    let own = sockets.address(received.service);
    // A broadcast of the node, which it hears itself, is there since it was sent.
    if received.from == own {
        return;
    }
    let to = match received.cast {
        Cast::Unicast => own,
        Cast::Broadcast => {
            SocketAddrV4::new(sockets.named.interface.broadcast.unwrap_or(Ipv4Addr::BROADCAST), own.port())
        }
    };
    sinks.packet(&sockets.named.name, Some(received.cast.into()), [received.from, to], bytes);
}

/// A packet that has been sent.
pub(super) fn sent(sinks: &mut Sinks, sockets: &Sockets, transmit: &Transmit) {
    if !sinks.is_empty() {
        let from = sockets.address(transmit.service);
        sinks.packet(&sockets.named.name, None, [from, transmit.to], &transmit.bytes);
    }
}

/// A packet that nmbd has handed on. Its port is known, and its address follows from who it was for.
pub(super) fn handed_on(sinks: &mut Sinks, sockets: &Sockets, port: u16, received: Received, bytes: &[u8]) {
    if sinks.is_empty() {
        return;
    }
    let interface = &sockets.named.interface;
    let address = match received.cast {
        Cast::Unicast => interface.address,
        Cast::Broadcast => interface.broadcast.unwrap_or(Ipv4Addr::BROADCAST),
    };
    let to = SocketAddrV4::new(address, port);
    sinks.packet(&sockets.named.name, Some(received.cast.into()), [received.from, to], bytes);
}
