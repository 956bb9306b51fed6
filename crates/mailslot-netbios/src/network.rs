//! Where a node is: its configuration and its interfaces.

use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_wire::name_service::{Holder, NameFlags};
use mailslot_wire::{Name, NodeType};

use crate::config::{Config, Interface, NameKind, Registrar};
use crate::counters::Drop;
use crate::packet::{Received, Service};

/// What all state machines of a node look at and none changes.
pub(super) struct Network {
    pub(super) config: Config,
    pub(super) interfaces: Vec<Interface>,
}

/// Where the sender of a packet is, as far as its address tells. See [the crate](crate) for what counts from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A program of this machine.
    Here,
    /// Another node of the subnet of the interface that the packet came by.
    Neighbour,
    /// A name server on another subnet.
    Server,
    Elsewhere,
}

impl Network {
    pub(super) fn interface(&self, id: u32) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.id == id)
    }

    /// The interface on whose subnet `address` is, else the first one: the system routes from there.
    pub(super) fn towards(&self, address: Ipv4Addr) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.contains(address)).or(self.interfaces.first())
    }

    /// Has the node itself sent what came from there?
    pub(super) fn is_own(&self, from: SocketAddrV4, service: Service) -> bool {
        let port = self.config.own_ports.of(service);
        from.port() == port && self.interfaces.iter().any(|interface| interface.address == *from.ip())
    }

    /// Where is the sender of what came from `address` by `interface`?
    pub(super) fn place(&self, interface: &Interface, address: Ipv4Addr) -> Place {
        let is_own = self.interfaces.iter().any(|interface| interface.address == address);
        if is_own && self.config.registrar == Registrar::Node {
            Place::Here
        } else if interface.contains(address) {
            // The other NetBIOS service of this machine, if there is one, is a node like those of other machines.
            Place::Neighbour
        } else if self.config.servers.contains(&address) {
            Place::Server
        } else {
            Place::Elsewhere
        }
    }

    /// Is this said by somebody whose word counts about names of the interface's subnet?
    pub(super) fn check_neighbour(&self, interface: &Interface, address: Ipv4Addr) -> Result<(), Drop> {
        match self.place(interface, address) {
            Place::Neighbour => Ok(()),
            Place::Here => Err(Drop::Own),
            Place::Server | Place::Elsewhere => Err(Drop::OtherSubnet),
        }
    }

    /// Does it come from an own subnet or a name server?
    pub(super) fn is_near(&self, received: Received) -> bool {
        let near = |interface| self.place(interface, *received.from.ip()) != Place::Elsewhere;
        self.interface(received.interface).is_some_and(near)
    }

    pub(super) fn is_local(&self, address: Ipv4Addr) -> bool {
        self.interfaces.iter().any(|interface| interface.contains(address))
    }

    /// Does the node use name servers?
    pub(super) fn has_servers(&self) -> bool {
        self.config.node_type != NodeType::B && !self.config.servers.is_empty()
    }

    /// Does the node heed broadcasts, and make some?
    pub(super) fn broadcasts(&self) -> bool {
        self.config.node_type != NodeType::P
    }

    pub(super) fn at(&self, address: Ipv4Addr, service: Service) -> SocketAddrV4 {
        SocketAddrV4::new(address, self.config.ports.of(service))
    }

    /// The name in the node's scope; itself if it is too long for that, which the node's own names are not.
    pub(super) fn in_scope(&self, name: Name) -> Name {
        name.clone().with_scope(self.config.computer.scope().clone()).unwrap_or(name)
    }

    /// The node as the holder of a name.
    pub(super) fn holder(&self, kind: NameKind, interface: &Interface) -> Holder {
        let flags = match kind {
            NameKind::Unique => NameFlags::unique(self.config.node_type),
            NameKind::Group => NameFlags::group(self.config.node_type),
        };
        Holder { flags, address: interface.address }
    }
}
