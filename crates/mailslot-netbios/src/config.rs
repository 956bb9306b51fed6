//! What a node is and where.

use std::net::Ipv4Addr;

use mailslot_wire::name::suffix;
use mailslot_wire::smb::Style;
use mailslot_wire::{DnsName, Name, NodeType, Result};

use crate::limits::Limits;
use crate::packet::Service;

/// What a node is: its names, how it registers and finds names, and what it allows itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The computer's name: suffix 0, in the node's scope.
    pub computer: Name,
    /// The workgroup or domain: suffix 0, in the node's scope.
    pub workgroup: Name,
    /// All names that the node registers. A datagram for another name is not for this node.
    pub names: Vec<RegisteredName>,
    /// Who registers and defends them.
    pub registrar: Registrar,
    /// How names are registered and found. Without `servers` this must be `B`.
    pub node_type: NodeType,
    /// The WINS servers, primary first; the next one is asked when one is silent.
    pub servers: Vec<Ipv4Addr>,
    /// Whose form of mailslot write the node sends.
    pub style: Style,
    /// The longest IP packet that the node sends in one piece; datagrams beyond it leave in fragments, as RFC 1002 wants
    /// it at 576. Neither Samba nor Windows puts fragments together, so `None`, never, is the default.
    pub max_datagram_length: Option<usize>,
    /// The ports of other nodes: 137 and 138, but in tests.
    pub ports: Ports,
    /// The ports that the node's own packets come from: packets from an own address and such a port are ignored. The
    /// same, unless another NetBIOS service on this machine has them. 0 is no port: the caller then keeps own packets away.
    pub own_ports: Ports,
    /// The MAC address that node status answers tell, or zeros.
    pub unit_id: [u8; 6],
    /// Bounds of tables and rates.
    pub limits: Limits,
}

/// A name that the node registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredName {
    /// The name.
    pub name: Name,
    /// Do all members of a group have it, or this node alone?
    pub kind: NameKind,
}

/// Who claims the node's names, defends and releases them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registrar {
    /// The node.
    #[default]
    Node,
    /// Another NetBIOS service of this machine that has the ports. The node takes the names for held, says nothing about
    /// them, and sends nobody a datagram back: it cannot know whether the other service wanted it.
    OtherService,
}

/// How many nodes may hold a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// One.
    Unique,
    /// Any number.
    Group,
}

/// The UDP ports of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The name service: 137.
    pub name: u16,
    /// The datagram service: 138.
    pub datagram: u16,
}

/// A network interface with an IPv4 address. One with several addresses is several of these with one `id`: names are
/// registered for the first of them, which everything is sent from, and the others are known as the node's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What packets that come and go by it are labelled with: the system's index, or any other number.
    pub id: u32,
    /// The node's address there.
    pub address: Ipv4Addr,
    /// Bits of the address that name the subnet: 0 to 32.
    pub prefix: u8,
    /// The subnet's broadcast address. `None` where nothing can be broadcast, as on a link between two machines or with a
    /// prefix of 32 bits: nobody there hears the node's claims, and only name servers find others.
    pub broadcast: Option<Ipv4Addr>,
}

impl Config {
    /// A B node that registers what a receiver of mailslots needs, `computer<00>` and the group `workgroup<00>`, and
    /// `computer<20>`, which tools like nbtscan look for. In the empty scope.
    ///
    /// # Errors
    ///
    /// [`Error::Name`](mailslot_wire::Error::Name) if one of the names has not 1 to 15 characters, all in ASCII.
    ///
    /// # Sources
    ///
    /// MS-MAIL section 3.2.3.
    pub fn new(computer: &str, workgroup: &str) -> Result<Config> {
        let computer = Name::new(computer, suffix::WORKSTATION)?;
        let workgroup = Name::new(workgroup, suffix::WORKSTATION)?;
        let names = vec![
            RegisteredName::unique(computer.clone()),
            RegisteredName::unique(computer.clone().with_suffix(suffix::SERVER)),
            RegisteredName::group(workgroup.clone()),
        ];
        Ok(Config {
            computer,
            workgroup,
            names,
            registrar: Registrar::Node,
            node_type: NodeType::B,
            servers: Vec::new(),
            style: Style::Windows,
            max_datagram_length: None,
            ports: Ports::default(),
            own_ports: Ports::default(),
            unit_id: [0; 6],
            limits: Limits::default(),
        })
    }

    /// The same node with WINS servers. An H node, as Windows does it; set `node_type` for another one.
    ///
    /// # Sources
    ///
    /// MS-NBTE on the default type.
    pub fn with_servers(self, servers: Vec<Ipv4Addr>) -> Config {
        let node_type = if servers.is_empty() { NodeType::B } else { NodeType::H };
        Config { servers, node_type, ..self }
    }

    /// The same node with all its names in `scope`.
    ///
    /// # Errors
    ///
    /// [`Error::Name`](mailslot_wire::Error::Name) if the encoded names would have more than 255 bytes.
    pub fn with_scope(mut self, scope: &DnsName) -> Result<Config> {
        self.computer = self.computer.with_scope(scope.clone())?;
        self.workgroup = self.workgroup.with_scope(scope.clone())?;
        for registered in &mut self.names {
            registered.name = registered.name.clone().with_scope(scope.clone())?;
        }
        Ok(self)
    }
}

impl RegisteredName {
    /// A name of this node alone.
    pub fn unique(name: Name) -> RegisteredName {
        RegisteredName { name, kind: NameKind::Unique }
    }

    /// A name that all members of a group have.
    pub fn group(name: Name) -> RegisteredName {
        RegisteredName { name, kind: NameKind::Group }
    }
}

impl Interface {
    /// Is `address` on this interface's subnet?
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let bits = u32::from(self.prefix.min(32));
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        (u32::from(self.address) ^ u32::from(address)) & mask == 0
    }

    /// Can another node have this address, as far as can be seen from here? Not if it stands for none, for all, for several or
    /// for this machine.
    pub(super) fn is_of_a_node(&self, address: Ipv4Addr) -> bool {
        let [first, ..] = address.octets();
        let is_here_alone = address.is_loopback() && !self.contains(address);
        let stands_for_many = address.is_broadcast() || address.is_multicast() || Some(address) == self.broadcast;
        first != 0 && !is_here_alone && !stands_for_many
    }
}

impl Ports {
    pub(super) fn of(self, service: Service) -> u16 {
        match service {
            Service::Name => self.name,
            Service::Datagram => self.datagram,
        }
    }
}

impl Default for Ports {
    fn default() -> Ports {
        Ports { name: 137, datagram: 138 }
    }
}
