//! What the state machines of a node work with.

use std::net::Ipv4Addr;
use std::time::Instant;

use crate::config::Interface;
use crate::network::Network;
use crate::outbox::Outbox;
use crate::packet::Service;

/// What each state machine is given with each call: the time, where the node is, and where to put what comes of it.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) network: &'a Network,
    pub(super) outbox: &'a mut Outbox,
}

impl Context<'_> {
    /// Sends to everybody on the interface's subnet, if that can be done.
    pub(super) fn broadcast(&mut self, interface: &Interface, service: Service, bytes: Vec<u8>) {
        if let Some(everybody) = self.network.broadcast_by(interface) {
            self.outbox.send(interface.id, self.network.at(everybody, service), service, bytes);
        }
    }

    /// Sends to the node at `address`, by whichever interface leads there.
    pub(super) fn unicast(&mut self, address: Ipv4Addr, service: Service, bytes: Vec<u8>) {
        if let Some(interface) = self.network.towards(address) {
            self.outbox.send(interface.id, self.network.at(address, service), service, bytes);
        }
    }
}
