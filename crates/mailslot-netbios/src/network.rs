//! Where a node is: its configuration and its interfaces.

use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_wire::name::suffix;
use mailslot_wire::name_service::{Holder, NameFlags};
use mailslot_wire::{Name, NodeType};

use crate::config::{Config, Interface, NameKind, Registrar};
use crate::counters::Drop;
use crate::packet::{Received, Service};

/// What all state machines of a node look at and none changes.
pub(super) struct Network {
    pub(super) config: Config,
    pub(super) interfaces: Vec<Interface>,
    pub(super) routes: Option<Routes>,
}

/// Tells from which of this machine's addresses the system would send to another one, if it would.
pub(super) type Routes = Box<dyn Fn(Ipv4Addr) -> Option<Ipv4Addr> + Send>;

/// How an address can be reached, as far as is known without sending anything; the best comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// It is on a subnet of this machine.
    Subnet,
    /// A router leads there.
    Routed,
    /// Nothing does.
    Nothing,
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

    /// The interface that leads to `address`: the one on whose subnet it is, or from which the system would send. Where the
    /// system sends from an address that the node does not use, the first one.
    pub(super) fn towards(&self, address: Ipv4Addr) -> Option<&Interface> {
        let mut on_subnet = self.interfaces.iter().filter(|interface| interface.contains(address));
        match (on_subnet.next(), on_subnet.next(), &self.routes) {
            (Some(only), None, _) => Some(only),
            (None, _, None) => self.interfaces.first(),
            (first, _, None) => first,
            (first, _, Some(routes)) => {
                let source = routes(address);
                let routed = self.interfaces.iter().find(|interface| source == Some(interface.address));
                routed.or(first).or(self.interfaces.first().filter(|_| source.is_some()))
            }
        }
    }

    /// How `address` can be reached.
    pub(super) fn reach(&self, address: Ipv4Addr) -> Reach {
        match self.towards(address) {
            Some(_) if self.is_local(address) => Reach::Subnet,
            Some(_) => Reach::Routed,
            None => Reach::Nothing,
        }
    }

    /// Can a node that is not this one have the address? A unique name whose holder is said to have another one is not
    /// believed to be anywhere.
    pub(super) fn is_of_another_node(&self, address: Ipv4Addr) -> bool {
        let is_own = self.has_address(address) && self.config.registrar == Registrar::Node;
        !is_own && self.is_of_a_node(address)
    }

    /// Can a node have the address, this one or another one?
    pub(super) fn is_of_a_node(&self, address: Ipv4Addr) -> bool {
        let [first, ..] = address.octets();
        let stands_for_many = address.is_broadcast()
            || address.is_multicast()
            || self.interfaces.iter().any(|interface| interface.is_of_all(address));
        let is_here_alone = address.is_loopback() && !self.is_local(address);
        first != 0 && !stands_for_many && !is_here_alone
    }

    /// Is this one of the node's addresses?
    pub(super) fn has_address(&self, address: Ipv4Addr) -> bool {
        self.interfaces.iter().any(|interface| interface.address == address)
    }

    /// Has the node itself sent what came from there?
    pub(super) fn is_own(&self, from: SocketAddrV4, service: Service) -> bool {
        let port = self.config.own_ports.of(service);
        from.port() == port && self.has_address(*from.ip())
    }

    /// Where is the sender of what came from `address` by `interface`?
    pub(super) fn place(&self, interface: &Interface, address: Ipv4Addr) -> Place {
        if self.has_address(address) && self.config.registrar == Registrar::Node {
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
        let from = *received.from.ip();
        self.is_local(from) || self.config.servers.contains(&from)
    }

    pub(super) fn is_local(&self, address: Ipv4Addr) -> bool {
        self.interfaces.iter().any(|interface| interface.contains(address))
    }

    /// Does the node use name servers?
    pub(super) fn has_servers(&self) -> bool {
        self.config.node_type != NodeType::B && !self.config.servers.is_empty()
    }

    /// Does it use them for this name? Some names are of one subnet: servers neither keep them nor know them.
    pub(super) fn has_servers_for(&self, name: &Name) -> bool {
        let is_of_subnet = name.suffix() == suffix::MASTER_BROWSER || name.as_bytes() == Name::msbrowse().as_bytes();
        self.has_servers() && !(is_of_subnet && self.broadcasts())
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
