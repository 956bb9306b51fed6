//! The addresses of the system's interfaces.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::Ipv4Addr;

use nix::errno::Errno;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::{SockaddrIn, SockaddrStorage};

use super::interfaces::{Address, device};
use crate::error::{Error, Result};

/// All addresses, in the system's order: an interface's main address comes before its others.
///
/// The list is read by netlink. Hardened services are often not allowed to use it; then /proc is read, which lacks
/// addresses without a subnet.
///
/// # Errors
///
/// [`Error::Io`] if neither can be read.
pub(crate) fn list() -> Result<Vec<Address>> {
    match getifaddrs() {
        Ok(addresses) => Ok(addresses.filter_map(of_entry).collect()),
        Err(Errno::EAFNOSUPPORT | Errno::EPERM | Errno::EACCES) => from_proc(),
        Err(error) => Err(error.into()),
    }
    .map_err(|error: io::Error| Error::io("list the network interfaces", error))
}

fn of_entry(entry: InterfaceAddress) -> Option<Address> {
    if !entry.flags.contains(InterfaceFlags::IFF_UP) {
        return None;
    }
    Some(Address {
        link: if_nametoindex(device(&entry.interface_name)).ok()?,
        address: ipv4(entry.address)?,
        prefix: prefix(ipv4(entry.netmask)?),
        broadcast: ipv4(entry.broadcast),
        can_broadcast: entry.flags.contains(InterfaceFlags::IFF_BROADCAST),
        is_loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
        is_running: entry.flags.contains(InterfaceFlags::IFF_RUNNING),
        name: entry.interface_name,
    })
}

fn ipv4(address: Option<SockaddrStorage>) -> Option<Ipv4Addr> {
    address?.as_sockaddr_in().map(SockaddrIn::ip)
}

fn prefix(mask: Ipv4Addr) -> u8 {
    // At most 32.
    u32::from(mask).leading_ones() as u8
}

/// The addresses according to /proc and /sys.
fn from_proc() -> io::Result<Vec<Address>> {
    let (routes, tries) = (fs::read_to_string("/proc/self/net/route")?, fs::read_to_string("/proc/self/net/fib_trie")?);
    let mut flags = HashMap::new();
    let found = on_routes(&routes, &tries).into_iter().filter_map(|(name, address, prefix)| {
        let read = |file: &str| fs::read_to_string(format!("/sys/class/net/{name}/{file}"));
        let of_device = || {
            let text = read("flags").ok()?;
            let bits = i32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()?;
            Some((InterfaceFlags::from_bits_retain(bits), if_nametoindex(name.as_str()).ok()?))
        };
        let (flags, link) = (*flags.entry(name.clone()).or_insert_with(of_device))?;
        let is_running = read("carrier").is_ok_and(|text| text.trim() == "1");
        flags.contains(InterfaceFlags::IFF_UP).then_some(Address {
            link,
            address,
            prefix,
            broadcast: None,
            can_broadcast: flags.contains(InterfaceFlags::IFF_BROADCAST),
            is_loopback: flags.contains(InterfaceFlags::IFF_LOOPBACK),
            is_running,
            name,
        })
    });
    Ok(found.collect())
}

/// The machine's addresses, each with the interface of the most specific route to it that has no gateway, from the
/// tables `route` and `fib_trie` of /proc/net.
fn on_routes(routes: &str, tries: &str) -> Vec<(String, Ipv4Addr, u8)> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::from_be).map(Ipv4Addr::from);
    let direct = |line: &str| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let [name, to, gateway, _, _, _, _, mask, ..] = *columns.as_slice() else { return None };
        let (to, gateway, mask) = (number(to)?, number(gateway)?, number(mask)?);
        (gateway.is_unspecified() && !mask.is_unspecified()).then(|| (name.to_owned(), to, mask))
    };
    let routes: Vec<(String, Ipv4Addr, Ipv4Addr)> = routes.lines().filter_map(direct).collect();
    // "|-- 10.0.0.1", and in the next line "/32 host LOCAL". Each table of routes has its own lines.
    let (mut all, mut last) = (Vec::new(), None);
    for line in tries.lines() {
        match line.trim().strip_prefix("|-- ") {
            Some(address) => last = address.parse::<Ipv4Addr>().ok(),
            None if line.contains("/32 host LOCAL") => all.extend(last.filter(|last| !all.contains(last))),
            None => {}
        }
    }
    let on_route = |address: Ipv4Addr| {
        let leads =
            |(_, to, mask): &&(String, Ipv4Addr, Ipv4Addr)| u32::from(address) & u32::from(*mask) == u32::from(*to);
        let (name, _, mask) = routes.iter().filter(leads).max_by_key(|(_, _, mask)| u32::from(*mask))?;
        Some((name.clone(), address, prefix(*mask)))
    };
    all.into_iter().filter_map(on_route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\tFE00000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
";
    const TRIES: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.0.0
        /24 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 10.0.0.0/24 2 0 2
        |-- 10.0.0.5
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
     |-- 10.9.9.9
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 172.17.0.1
        /32 host LOCAL
     |-- 192.0.2.1
        /32 host LOCAL
";

    #[test]
    fn without_netlink_addresses_are_found_on_the_smallest_route_that_needs_no_gateway() {
        let found = on_routes(ROUTES, &format!("{TRIES}{TRIES}"));
        let expected = [("eth0", [10, 0, 0, 5], 24), ("eth1", [10, 9, 9, 9], 8), ("docker0", [172, 17, 0, 1], 16)];
        assert_eq!(found, expected.map(|(name, address, prefix)| (name.to_owned(), address.into(), prefix)));
        assert_eq!(on_routes("", TRIES), []);
        assert_eq!(on_routes(ROUTES, "no such table"), []);
    }

    #[test]
    fn both_ways_to_the_systems_list_agree_on_this_machine() {
        let with_subnet = |address: &Address| !address.is_loopback && address.prefix < 31;
        let key = |address: &Address| (address.name.clone(), address.link, address.address, address.prefix);
        let by_netlink: Vec<_> = list().expect("a list").iter().filter(|it| with_subnet(it)).map(key).collect();
        let by_proc: Vec<_> =
            from_proc().expect("/proc and /sys").iter().filter(|it| with_subnet(it)).map(key).collect();
        for address in by_proc {
            assert!(by_netlink.contains(&address), "{address:?}, and not in {by_netlink:?}");
        }
    }
}
