//! A node's place in the network: its configuration and its interfaces.

use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_wire::name::suffix;
use mailslot_wire::name_service::{Holder, NameFlags};
use mailslot_wire::{Name, NodeType};

use crate::config::{Config, Interface, NameKind, Registrar};
use crate::counters::DropReason;
use crate::packet::{Received, Service};

/// The part of a node that all its state machines read and none changes.
pub(super) struct Network {
    pub(super) config: Config,
    /// One for each id.
    pub(super) interfaces: Vec<Interface>,
    /// Further addresses of these interfaces.
    others: Vec<Interface>,
    route: Box<Route>,
}

/// How an address can be reached, as far as is known without sending; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// It is on a subnet of this machine.
    Subnet,
    /// Through a router.
    Routed,
    /// There is no route.
    Nothing,
}

/// Returns the address from which the system would send to another one, if there is a route.
type Route = dyn Fn(Ipv4Addr) -> Option<Ipv4Addr> + Send;

/// Where the sender of a packet is, judged by its address. See [the crate](crate) for the packets that count from each
/// place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A program of this machine.
    Here,
    /// Another node of the subnet of the receiving interface.
    Neighbour,
    /// A name server on another subnet.
    Server,
    Elsewhere,
}

impl Network {
    /// Without interfaces.
    pub(super) fn new(config: Config) -> Network {
        Network { config, interfaces: Vec::new(), others: Vec::new(), route: Box::new(|_| None) }
    }

    /// The first with each id is the interface; the following ones with that id are its further addresses.
    pub(super) fn set_interfaces(&mut self, all: Vec<Interface>) {
        self.interfaces.clear();
        self.others.clear();
        for interface in all {
            let place = if self.interface(interface.id).is_none() { &mut self.interfaces } else { &mut self.others };
            place.push(interface);
        }
    }

    pub(super) fn set_route(&mut self, route: Box<Route>) {
        self.route = route;
    }

    /// All addresses of the node.
    fn addresses(&self) -> impl DoubleEndedIterator<Item = &Interface> {
        self.interfaces.iter().chain(&self.others)
    }

    /// Whether this is one of the node's addresses.
    pub(super) fn is_own_address(&self, address: Ipv4Addr) -> bool {
        self.addresses().any(|interface| interface.address == address)
    }

    pub(super) fn interface(&self, id: u32) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.id == id)
    }

    /// The interface that leads to `address`: that of the smallest subnet that contains it, else the one from whose
    /// address the system would send, else the first, because there may be a route later.
    pub(super) fn towards(&self, address: Ipv4Addr) -> Option<&Interface> {
        // `max_by_key` returns the last of equals, and the first is wanted.
        let subnets = self.addresses().rev().filter(|interface| interface.contains(address));
        let by_route = || {
            let source = (self.route)(address)?;
            self.addresses().find(|interface| interface.address == source)
        };
        match subnets.max_by_key(|interface| interface.prefix).or_else(by_route) {
            Some(interface) => self.interface(interface.id),
            None => self.interfaces.first(),
        }
    }

    /// The name servers that `interface` leads to. A name is registered at a server only with that interface's address:
    /// it is unknown whether those who ask the server can reach addresses in other networks.
    pub(super) fn servers_by(&self, interface: &Interface) -> Vec<Ipv4Addr> {
        let leads = |server: &&Ipv4Addr| self.towards(**server).is_some_and(|by| by.id == interface.id);
        self.config.servers.iter().filter(|_| self.has_servers()).filter(leads).copied().collect()
    }

    /// How `address` can be reached.
    pub(super) fn reach(&self, address: Ipv4Addr) -> Reach {
        if self.is_local(address) {
            Reach::Subnet
        } else if (self.route)(address).is_some() {
            Reach::Routed
        } else {
            Reach::Nothing
        }
    }

    /// Whether a node other than this one can have the address. A reported holder of a unique name without such an
    /// address is ignored.
    pub(super) fn is_of_another_node(&self, address: Ipv4Addr) -> bool {
        let is_own = self.is_own_address(address) && self.config.registrar == Registrar::Node;
        !is_own && self.is_of_a_node(address)
    }

    /// Whether a node can have the address, this one or another one.
    pub(super) fn is_of_a_node(&self, address: Ipv4Addr) -> bool {
        let [first, ..] = address.octets();
        let stands_for_many =
            address.is_broadcast() || address.is_multicast() || self.addresses().any(|own| own.is_of_all(address));
        let is_here_alone = address.is_loopback() && !self.is_local(address);
        first != 0 && !stands_for_many && !is_here_alone
    }

    /// The address to which the node broadcasts by `interface`, if it does.
    pub(super) fn broadcast_by(&self, interface: &Interface) -> Option<Ipv4Addr> {
        interface.broadcast.filter(|_| self.broadcasts())
    }

    /// Whether the node itself has sent a packet with this source.
    pub(super) fn is_own(&self, from: SocketAddrV4, service: Service) -> bool {
        let port = self.config.own_ports.of(service);
        from.port() == port && self.is_own_address(*from.ip())
    }

    /// Where the sender of a packet is that came from `address` by `interface`.
    pub(super) fn place(&self, interface: &Interface, address: Ipv4Addr) -> Place {
        if self.is_own_address(address) && self.config.registrar == Registrar::Node {
            Place::Here
        } else if interface.contains(address) {
            // Another NetBIOS service of this machine is treated like the nodes of other machines.
            Place::Neighbour
        } else if self.config.servers.contains(&address) {
            Place::Server
        } else {
            Place::Elsewhere
        }
    }

    /// Checks that the sender at `address` is a neighbour, whose packets count for names of the interface's subnet.
    pub(super) fn check_neighbour(&self, interface: &Interface, address: Ipv4Addr) -> Result<(), DropReason> {
        match self.place(interface, address) {
            Place::Neighbour => Ok(()),
            Place::Here => Err(DropReason::Own),
            Place::Server | Place::Elsewhere => Err(DropReason::OtherSubnet),
        }
    }

    /// Whether the packet comes from one of the node's subnets or a name server.
    pub(super) fn is_near(&self, received: Received) -> bool {
        let from = *received.from.ip();
        self.is_local(from) || self.config.servers.contains(&from)
    }

    pub(super) fn is_local(&self, address: Ipv4Addr) -> bool {
        self.addresses().any(|interface| interface.contains(address))
    }

    /// Whether the node uses name servers.
    pub(super) fn has_servers(&self) -> bool {
        self.config.node_type != NodeType::B && !self.config.servers.is_empty()
    }

    /// Whether it uses them for this name. Servers do not keep names that belong to one subnet.
    pub(super) fn has_servers_for(&self, name: &Name) -> bool {
        !self.servers_for(name, &self.config.servers).is_empty() && self.has_servers()
    }

    /// The servers that are used for this name.
    pub(super) fn servers_for(&self, name: &Name, servers: &[Ipv4Addr]) -> Vec<Ipv4Addr> {
        let is_of_subnet = name.suffix() == suffix::MASTER_BROWSER || name.as_bytes() == Name::msbrowse().as_bytes();
        if is_of_subnet && self.broadcasts() { Vec::new() } else { servers.to_vec() }
    }

    /// Whether the node sends broadcasts and accepts them.
    pub(super) fn broadcasts(&self) -> bool {
        self.config.node_type != NodeType::P
    }

    pub(super) fn at(&self, address: Ipv4Addr, service: Service) -> SocketAddrV4 {
        SocketAddrV4::new(address, self.config.ports.of(service))
    }

    /// The name in the node's scope; unchanged if it would be too long, which the node's own names are not.
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
