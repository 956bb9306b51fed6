//! The network interfaces that a node uses.

use std::net::Ipv4Addr;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;

use crate::config::Settings;
use crate::error::{Error, Result};
use mailslot_netbios::Interface;

/// An interface and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) interface: Interface,
}

/// The interfaces that are up, can broadcast, have an IPv4 address, and are wanted. One with several addresses is several
/// interfaces, told apart by their number.
pub(crate) fn list(settings: &Settings) -> Result<Vec<Named>> {
    let mut found: Vec<Named> = all()?.filter(|named| is_wanted(named, settings)).collect();
    for index in 0..found.len() {
        let id = found[index].interface.id;
        let earlier = found[..index].iter().filter(|named| named.interface.id & INDEX == id).count();
        found[index].interface.id = id | (earlier as u32) << ADDRESS_SHIFT;
    }
    Ok(found)
}

/// Those that would do but are not wanted.
pub(crate) fn unwanted(settings: &Settings) -> Result<Vec<Interface>> {
    Ok(all()?.filter(|named| !is_wanted(named, settings)).map(|named| named.interface).collect())
}

fn all() -> Result<impl Iterator<Item = Named>> {
    let addresses = getifaddrs().map_err(|error| Error::io("list the network interfaces", error))?;
    Ok(addresses.filter_map(named))
}

/// The system's index of an interface takes the lower bits of the protocol's number for it, and which of the interface's
/// addresses it is, the upper ones.
const ADDRESS_SHIFT: u32 = 24;
const INDEX: u32 = (1 << ADDRESS_SHIFT) - 1;

fn named(entry: InterfaceAddress) -> Option<Named> {
    let wanted = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_BROADCAST;
    if !entry.flags.contains(wanted) || entry.flags.contains(InterfaceFlags::IFF_LOOPBACK) {
        return None;
    }
    let address = ipv4(entry.address)?;
    let mask = u32::from(ipv4(entry.netmask)?);
    // An address that was given no broadcast address has itself there.
    let told = ipv4(entry.broadcast).filter(|broadcast| *broadcast != address);
    let broadcast = told.unwrap_or_else(|| Ipv4Addr::from(u32::from(address) | !mask));
    let id = if_nametoindex(entry.interface_name.as_str()).ok()? & INDEX;
    let interface = Interface { id, address, prefix: mask.count_ones() as u8, broadcast: Some(broadcast) };
    Some(Named { name: entry.interface_name, interface })
}

fn ipv4(address: Option<SockaddrStorage>) -> Option<Ipv4Addr> {
    address?.as_sockaddr_in().map(nix::sys::socket::SockaddrIn::ip)
}

fn is_wanted(named: &Named, settings: &Settings) -> bool {
    let matches = |wanted: &String| *wanted == named.name || wanted.parse() == Ok(named.interface.address);
    (settings.interfaces.is_empty() || settings.interfaces.iter().any(matches)) && !settings.exclude.iter().any(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_chosen_by_name_or_address() {
        let interface = Interface {
            id: 2,
            address: Ipv4Addr::new(192, 0, 2, 7),
            prefix: 24,
            broadcast: Some(Ipv4Addr::new(192, 0, 2, 255)),
        };
        let named = Named { name: "eth0".to_owned(), interface };
        let settings = |interfaces: &[&str], exclude: &[&str]| Settings {
            interfaces: interfaces.iter().map(|text| (*text).to_owned()).collect(),
            exclude: exclude.iter().map(|text| (*text).to_owned()).collect(),
            ..Settings::default()
        };
        for (interfaces, exclude, wanted) in [
            (&[][..], &[][..], true),
            (&["eth0"], &[], true),
            (&["192.0.2.7"], &[], true),
            (&["eth1"], &[], false),
            (&[], &["192.0.2.7"], false),
            (&["eth0"], &["eth0"], false),
        ] {
            assert_eq!(is_wanted(&named, &settings(interfaces, exclude)), wanted, "{interfaces:?} {exclude:?}");
        }
    }
}
