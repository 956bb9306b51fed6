//! Chooses the addresses that a node uses, and their roles.
//!
//! Linux accepts any set of addresses. What matters here is the segment: the machines that receive each other's
//! broadcasts. Addresses of one subnet are on one segment, whatever their interfaces, and the node is attached to it
//! once: two holders of a name would be a conflict to other nodes. The node therefore sends from one of the addresses,
//! and only recognises the others as its own.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use crate::config;
use mailslot_netbios::Interface;

/// An IPv4 address of an interface that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The interface's name, or the address's label, such as eth0:1. `link` is the interface's index.
    pub(crate) name: String,
    pub(crate) link: u32,
    pub(crate) address: Ipv4Addr,
    /// Bits of the address that identify the subnet.
    pub(crate) prefix: u8,
    /// As the system reports it; on point-to-point links this is the peer's address.
    pub(crate) broadcast: Option<Ipv4Addr>,
    pub(crate) can_broadcast: bool,
    pub(crate) is_loopback: bool,
    /// Whether it has a carrier.
    pub(crate) is_running: bool,
}

impl Address {
    /// The interface's name, without the label of the address.
    pub(crate) fn device(&self) -> &str {
        device(&self.name)
    }
}

/// Names of interfaces have no colon.
pub(super) fn device(label: &str) -> &str {
    label.split(':').next().unwrap_or_default()
}

/// An attachment to a segment. Its name is that of the system's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) name: String,
    /// The index of the interface by which the node sends and receives broadcasts.
    pub(crate) link: u32,
    /// Indexes of further interfaces in the subnet. Broadcasts that they receive arrive by `link` as well.
    pub(crate) other_links: BTreeSet<u32>,
    pub(crate) interface: Interface,
    /// Further addresses of this machine in the subnet.
    pub(crate) others: Vec<Ipv4Addr>,
}

/// An interface or address that the node does not use although it exists, or that the settings name and does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// The interface's name, or its address if the settings name that.
    pub(crate) name: String,
    pub(crate) reason: String,
    /// Whether the settings want it to be used.
    pub(crate) is_fault: bool,
}

/// The result of the choice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) used: Vec<Attachment>,
    pub(crate) left_out: Vec<LeftOut>,
}

impl Attachment {
    /// The interfaces in the form of the protocol, first that of the sending address.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = Interface> {
        let others = self.others.iter().map(|other| Interface { address: *other, ..self.interface });
        std::iter::once(self.interface).chain(others)
    }

    /// Whether both are the same attachment to the protocol, so that names registered for one hold for the other.
    pub(crate) fn is_same(&self, other: &Attachment) -> bool {
        let of = |named: &Attachment| (named.link, Interface { id: 0, ..named.interface });
        of(self) == of(other)
    }

    /// Whether `address` is one of the node's addresses here.
    pub(crate) fn has(&self, address: Ipv4Addr) -> bool {
        self.interface.address == address || self.others.contains(&address)
    }
}

/// The form of the log and of the status: `10.0.0.1/24`.
impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.interface.address, self.interface.prefix)
    }
}

/// Chooses among the system's addresses, in the system's order. All ids are 0.
pub(crate) fn choose(addresses: &[Address], settings: &config::Settings) -> Choice {
    let mut choice = Choice::default();
    let mut wanted: Vec<&Address> = Vec::new();
    for address in addresses {
        if !is_usable(address, settings, &mut choice.left_out) {
            continue;
        }
        // If an address is both a machine's and a broadcast address, the first one set has effect in the system.
        let first = wanted
            .iter()
            .find(|earlier| earlier.address == address.address || broadcast(earlier) == Some(address.address));
        match first {
            Some(earlier) if earlier.address != address.address => {
                choice.left_out.push(stands_for_all(address, earlier));
            }
            _ => wanted.push(address),
        }
    }
    let is_own = |all: Ipv4Addr| wanted.iter().any(|own| own.address == all);
    let (subnets, single): (Vec<&Address>, Vec<&Address>) =
        wanted.iter().copied().partition(|address| broadcast(address).is_some_and(|all| !is_own(all)));
    for address in &subnets {
        if !choice.used.iter().any(|named| is_segment_of(named, address)) {
            choice.used.push(speaker(address, &subnets));
        }
    }
    // A single address, such as a virtual one that moves between machines, belongs to the subnet that contains it.
    for address in single {
        let around = choice.used.iter_mut().filter(|named| named.interface.contains(address.address));
        match around.max_by_key(|named| named.interface.prefix) {
            Some(named) if named.has(address.address) => {}
            Some(named) => named.others.push(address.address),
            None => choice.used.push(alone(address)),
        }
    }
    for name in &settings.interfaces {
        if !addresses.iter().any(|address| is_meant(address, name)) {
            let reason = "there is no interface of this name or address that is up and has an IPv4 address".to_owned();
            choice.left_out.push(LeftOut { name: name.clone(), reason, is_fault: true });
        }
    }
    choice
}

/// The interfaces that could be used but are not wanted: nmbd also passes on what they receive.
pub(crate) fn unwanted(addresses: &[Address], settings: &config::Settings) -> Vec<Interface> {
    let unwanted = |address: &&Address| !is_wanted(address, settings);
    addresses.iter().filter(unwanted).map(|address| attachment(address).interface).collect()
}

/// Whether the address is wanted and can be used. If it is wanted but cannot be used, adds the reason to `left_out`.
fn is_usable(address: &Address, settings: &config::Settings, left_out: &mut Vec<LeftOut>) -> bool {
    if !is_wanted(address, settings) {
        return false;
    }
    let is_named = settings.interfaces.iter().any(|name| is_meant(address, name));
    let reason = if address.is_loopback {
        if !is_named {
            return false;
        }
        "it is the loopback interface, which leads to no other machine"
    } else if !address.can_broadcast && !is_named {
        // As in nmbd: names are seldom wanted on a tunnel.
        "it cannot broadcast: name it in `interfaces` to use it for unicast and name servers"
    } else {
        return true;
    };
    let left = LeftOut { name: address.name.clone(), reason: reason.to_owned(), is_fault: is_named };
    if !left_out.contains(&left) {
        left_out.push(left);
    }
    false
}

fn is_wanted(address: &Address, settings: &config::Settings) -> bool {
    let matches = |name: &String| is_meant(address, name);
    (settings.interfaces.is_empty() || settings.interfaces.iter().any(matches)) && !settings.exclude.iter().any(matches)
}

/// Whether a setting's `name` means this address: by its interface, its label, or the address itself.
fn is_meant(address: &Address, name: &str) -> bool {
    name == address.device() || name == address.name || name.parse() == Ok(address.address)
}

/// The attachment to the segment of `first`. Its sending address is the first one whose interface has a carrier.
fn speaker(first: &Address, subnets: &[&Address]) -> Attachment {
    let segment = attachment(first);
    let (mut all, mut links) = (Vec::new(), BTreeSet::new());
    for address in subnets.iter().filter(|address| is_segment_of(&segment, address)) {
        all.push(*address);
        links.insert(address.link);
    }
    let speaker = all.iter().find(|address| address.is_running).copied().unwrap_or(first);
    links.remove(&speaker.link);
    let mut named = Attachment { other_links: links, ..attachment(speaker) };
    for Address { address, .. } in all {
        if !named.has(*address) {
            named.others.push(*address);
        }
    }
    named
}

fn stands_for_all(address: &Address, of: &Address) -> LeftOut {
    let Address { name, address, .. } = address;
    let reason = format!("{address} is the broadcast address of {}, {}/{}", of.name, of.address, of.prefix);
    LeftOut { name: name.clone(), reason, is_fault: true }
}

fn is_segment_of(named: &Attachment, address: &Address) -> bool {
    named.interface.prefix == address.prefix && named.interface.contains(address.address)
}

/// An address without broadcasts.
fn alone(address: &Address) -> Attachment {
    let named = attachment(address);
    Attachment { interface: Interface { broadcast: None, ..named.interface }, ..named }
}

fn attachment(address: &Address) -> Attachment {
    let Address { name, link, address: own, prefix, .. } = address;
    let interface = Interface { id: 0, address: *own, prefix: *prefix, broadcast: broadcast(address) };
    Attachment { name: name.clone(), link: *link, other_links: BTreeSet::new(), interface, others: Vec::new() }
}

/// The subnet's last address, or its first one if that is set, as on very old networks. Any other value is ignored: it
/// may be the peer's address. Two addresses form no subnet with broadcasts (RFC 3021).
fn broadcast(address: &Address) -> Option<Ipv4Addr> {
    if !address.can_broadcast || address.prefix > 30 {
        return None;
    }
    let hosts = u32::MAX >> address.prefix;
    let (first, last) = (u32::from(address.address) & !hosts, u32::from(address.address) | hosts);
    let is_first = address.broadcast.map(u32::from) == Some(first) && address.broadcast != Some(address.address);
    let broadcast = Ipv4Addr::from(if is_first { first } else { last });
    // Linux lets a machine have the broadcast address as its own.
    Some(broadcast).filter(|broadcast| *broadcast != address.address)
}

#[cfg(test)]
mod tests;
