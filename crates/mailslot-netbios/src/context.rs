//! The context of a call to one of a node's state machines.

use std::net::Ipv4Addr;
use std::time::Instant;

use crate::config::Interface;
use crate::network::Network;
use crate::outbox::Outbox;
use crate::packet::Service;

/// Passed to each state machine with each call: the time, the node's network, and the outbox for the results.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) network: &'a Network,
    pub(super) outbox: &'a mut Outbox,
}

impl Context<'_> {
    /// Broadcasts on the interface's subnet, if the interface and the node's type allow it.
    pub(super) fn broadcast(&mut self, interface: &Interface, service: Service, bytes: Vec<u8>) {
        if let Some(everybody) = self.network.broadcast_by(interface) {
            self.outbox.send(interface.id, self.network.at(everybody, service), service, bytes);
        }
    }

    /// Sends to the node at `address`, by the interface that leads there.
    pub(super) fn unicast(&mut self, address: Ipv4Addr, service: Service, bytes: Vec<u8>) {
        if let Some(interface) = self.network.towards(address) {
            self.outbox.send(interface.id, self.network.at(address, service), service, bytes);
        }
    }
}
