//! The interfaces that NetBIOS can use.

use std::net::Ipv4Addr;

use mailslot_node::control::Unused;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrIn;

use super::finding::{Findings, names};
use super::node::Running;

/// An interface with an IPv4 address.
struct Interface {
    name: String,
    address: Ipv4Addr,
    broadcasts: bool,
    /// Whether it has a broadcast address that was set explicitly, or a subnet that has none.
    has_address: bool,
}

pub fn examine(node: Option<&Running>, findings: &mut Findings) {
    let all: Vec<Interface> = match getifaddrs() {
        Ok(addresses) => addresses.filter_map(interface).collect(),
        Err(error) => return findings.unknown("interfaces", format!("cannot be listed: {error}"), "ask again as root"),
    };
    let (usable, silent): (Vec<_>, Vec<_>) = all.iter().partition(|interface| interface.broadcasts);
    match node.filter(|node| !node.status.interfaces.is_empty()) {
        Some(node) => {
            let used: Vec<String> = node
                .status
                .interfaces
                .iter()
                .map(|used| format!("{} {}/{}", used.name, used.address, used.prefix))
                .collect();
            findings.ok("interfaces", format!("the node uses {}", names(used.iter().map(String::as_str))));
        }
        None if usable.is_empty() => findings.problem(
            "interfaces",
            "NetBIOS needs an interface that is up, can broadcast and has an IPv4 address, and there is none",
            "bring an interface up, or use modern domains alone: mailslot node --netbios false",
        ),
        None if node.is_some() => findings.problem(
            "interfaces",
            "the node uses none of this machine's interfaces",
            "check its settings for interfaces and exclude",
        ),
        None => findings.ok("interfaces", format!("a node can use {}", list(&usable))),
    }
    let unused = node.map(|node| node.status.unused.as_slice()).unwrap_or_default();
    for Unused { name, reason, .. } in unused.iter().filter(|unused| unused.is_fault) {
        let remedy = "bring it up, free its ports, or change the node's settings for interfaces and exclude";
        findings.problem("interfaces", format!("the node does not use {name}: {reason}"), remedy);
    }
    let is_used = |address| node.is_some_and(|node| node.status.interfaces.iter().any(|used| used.address == address));
    let silent: Vec<_> = silent.into_iter().filter(|interface| !is_used(interface.address)).collect();
    if !silent.is_empty() {
        let found = format!("NetBIOS does not use {}, which cannot broadcast", list(&silent));
        findings.unknown("interfaces", found, "machines behind it need a WINS server (--wins) or a modern domain");
    }
    let without: Vec<_> = usable.into_iter().filter(|interface| !interface.has_address).collect();
    if !without.is_empty() {
        let found = format!("no broadcast address is set on {}, so the subnet's last one is used", list(&without));
        // `ip address change` does not set it on an existing address.
        let remedy = "if others use another one, delete and add the address: ip address delete ..., ip address add ... \
                      broadcast +";
        findings.unknown("interfaces", found, remedy);
    }
}

/// `None` for loopback, and for an interface that is down.
fn interface(entry: InterfaceAddress) -> Option<Interface> {
    if !entry.flags.contains(InterfaceFlags::IFF_UP) || entry.flags.contains(InterfaceFlags::IFF_LOOPBACK) {
        return None;
    }
    let address = entry.address?.as_sockaddr_in().map(SockaddrIn::ip)?;
    let broadcasts = entry.flags.contains(InterfaceFlags::IFF_BROADCAST);
    let set = entry.broadcast.and_then(|address| address.as_sockaddr_in().map(SockaddrIn::ip));
    // Without a broadcast address, the system returns the interface's address, or 0.0.0.0.
    let mask = entry.netmask.and_then(|mask| mask.as_sockaddr_in().map(SockaddrIn::ip));
    let has_subnet = mask.is_none_or(|mask| u32::from(mask).count_ones() < 31);
    let has_address = !has_subnet || set.is_some_and(|set| set != address && !set.is_unspecified());
    Some(Interface { name: entry.interface_name, address, broadcasts, has_address })
}

fn list(interfaces: &[&Interface]) -> String {
    let all: Vec<String> =
        interfaces.iter().map(|interface| format!("{} ({})", interface.name, interface.address)).collect();
    names(all.iter().map(String::as_str))
}
