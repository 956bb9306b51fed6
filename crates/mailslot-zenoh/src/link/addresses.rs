//! The addresses of this machine, for sessions that discover peers by multicast. Zenoh lists addresses once in a
//! process, so each session is given the current list when it is opened.

use std::collections::BTreeSet;
use std::net::IpAddr;

use mailslot_domain::Domain;
use mailslot_domain::settings::Settings;

use crate::sys::{InterfaceAddress, interface_addresses};

/// The addresses of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// The system does not let this process list them. Then Zenoh does it, as far as it can.
    Unknown,
    Known(Vec<InterfaceAddress>),
}

/// The addresses that a session uses, each with the index of its interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// The addresses from which it discovers peers: the first of each interface, which is also the source address of
    /// what it sends.
    pub(crate) scouting: BTreeSet<(u32, String)>,
    /// The endpoints at which it tells peers to connect.
    pub(crate) listen: BTreeSet<(u32, String)>,
}

/// The addresses of all interfaces that are up.
pub(crate) fn addresses() -> Addresses {
    interface_addresses().map_or(Addresses::Unknown, Addresses::Known)
}

impl Addresses {
    /// The addresses from which to discover peers by multicast: one of each interface that supports it, or of each that
    /// the settings name.
    pub(crate) fn scouting(&self, settings: &Settings) -> Option<Vec<String>> {
        let wanted = &settings.interfaces;
        match self {
            Addresses::Known(all) => Some(look_at(wanted, all).map(|one| one.address.to_string()).collect()),
            Addresses::Unknown => (!wanted.is_empty()).then(|| wanted.clone()),
        }
    }

    /// The interfaces of the settings that do not exist.
    pub(crate) fn missing(&self, settings: &Settings) -> Vec<String> {
        let Addresses::Known(all) = self else { return Vec::new() };
        let there = |name: &&String| all.iter().any(|one| one.address.is_ipv4() && one.is_called(name));
        settings.interfaces.iter().filter(|name| !there(name)).cloned().collect()
    }

    /// The endpoints to listen on. Where peers are told of them, an endpoint for all addresses becomes one for each
    /// address, so that they are told addresses.
    pub(crate) fn listen(&self, settings: &Settings, domain: &Domain) -> Vec<String> {
        let endpoints = settings.listen(domain);
        match self {
            Addresses::Known(all) if settings.lan(domain) => {
                endpoints.iter().flat_map(|endpoint| expand(endpoint, all)).collect()
            }
            _ => endpoints,
        }
    }

    /// What a session depends on, without noticing when there is more of it.
    pub(crate) fn places(&self, settings: &Settings, domain: &Domain) -> Places {
        let Addresses::Known(all) = self else { return Places::default() };
        if !settings.lan(domain) {
            return Places::default();
        }
        let scouting = look_at(&settings.interfaces, all).map(|one| (one.index, one.address.to_string())).collect();
        let index =
            |endpoint: &str| all.iter().find(|one| endpoint.contains(&one.address.to_string())).map(|one| one.index);
        let listen =
            self.listen(settings, domain).into_iter().filter_map(|endpoint| Some((index(&endpoint)?, endpoint)));
        Places { scouting, listen: listen.collect() }
    }
}

impl InterfaceAddress {
    /// Whether a setting's `name` means this address: it is the interface, the label, or the address itself.
    fn is_called(&self, name: &str) -> bool {
        let device = self.interface.split(':').next();
        device == Some(name) || self.interface == name || self.address.to_string() == name
    }
}

fn look_at<'a>(wanted: &'a [String], all: &'a [InterfaceAddress]) -> impl Iterator<Item = &'a InterfaceAddress> {
    let is_named = |one: &InterfaceAddress| wanted.contains(&one.address.to_string());
    let fits = move |one: &&InterfaceAddress| {
        let is_wanted = match wanted {
            // An interface without a carrier counts: when the carrier comes back, nothing visible here changes.
            [] => one.can_multicast,
            _ => wanted.iter().any(|name| one.is_called(name)),
        };
        one.address.is_ipv4() && is_wanted
    };
    let mut seen = BTreeSet::new();
    all.iter().filter(fits).filter(move |one| seen.insert(one.index) || is_named(one))
}

fn expand(endpoint: &str, all: &[InterfaceAddress]) -> Vec<String> {
    let same = || vec![endpoint.to_owned()];
    let Some((protocol, rest)) = endpoint.split_once('/') else { return same() };
    let end = rest.find(['#', '?']).unwrap_or(rest.len());
    let (address, more) = rest.split_at(end);
    let Some((host, port)) = address.rsplit_once(':') else { return same() };
    let every_family = match host {
        "0.0.0.0" => false,
        "[::]" => true,
        _ => return same(),
    };
    let interface = more.split(['#', ';', '?']).find_map(|setting| setting.strip_prefix("iface="));
    let fits = |one: &&InterfaceAddress| {
        (every_family || one.address.is_ipv4()) && interface.is_none_or(|name| one.is_called(name))
    };
    // Addresses that only this machine reaches come last, and not at all with a port of the system's choice, which
    // nobody would find.
    let (inside, outside): (Vec<_>, Vec<_>) = all.iter().filter(fits).partition(|one| one.address.is_loopback());
    let inside = inside.into_iter().filter(|_| port != "0");
    let with_port = |one: &InterfaceAddress| match one.address {
        IpAddr::V4(address) => format!("{protocol}/{address}:{port}{more}"),
        IpAddr::V6(address) => format!("{protocol}/[{address}]:{port}{more}"),
    };
    outside.into_iter().chain(inside).map(with_port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Addresses {
        let one = |interface: &str, index, address: &str, can_multicast| InterfaceAddress {
            interface: interface.to_owned(),
            index,
            address: address.parse().expect("an address"),
            can_multicast,
        };
        Addresses::Known(vec![
            one("lo", 1, "127.0.0.1", false),
            one("lo", 1, "::1", false),
            one("eth0", 2, "192.0.2.1", true),
            one("eth0:b", 2, "192.0.2.2", true),
            one("eth0", 2, "2001:db8::1", true),
            one("tun0", 3, "198.51.100.1", false),
            one("eth1:1", 4, "203.0.113.1", true),
        ])
    }

    fn settings(interfaces: &[&str], listen: &[&str]) -> Settings {
        let all = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let mut settings = Settings::default();
        (settings.lan, settings.interfaces, settings.listen) = (Some(true), all(interfaces), all(listen));
        settings
    }

    #[test]
    fn others_are_looked_for_once_on_each_interface_that_can_or_is_set() {
        for (interfaces, expected, missing) in [
            (&[][..], &["192.0.2.1", "203.0.113.1"][..], &[][..]),
            (&["eth0"], &["192.0.2.1"], &[]),
            (&["192.0.2.2"], &["192.0.2.2"], &[]),
            (&["eth0:b"], &["192.0.2.2"], &[]),
            (&["eth1", "eth0:1"], &["203.0.113.1"], &["eth0:1"]),
            (&["tun0", "eth7"], &["198.51.100.1"], &["eth7"]),
            (&["eth7"], &[], &["eth7"]),
        ] {
            let settings = settings(interfaces, &[]);
            assert_eq!(some().scouting(&settings).expect("known"), expected, "{interfaces:?}");
            assert_eq!(some().missing(&settings), missing, "{interfaces:?}");
        }
        assert_eq!(Addresses::Unknown.scouting(&settings(&[], &[])), None);
        assert_eq!(Addresses::Unknown.scouting(&settings(&["eth7"], &[])).expect("as set"), ["eth7"]);
    }

    #[test]
    fn endpoints_for_all_addresses_become_one_for_each() {
        let domain = Domain::open("PLANT").expect("valid");
        for (listen, expected) in [
            ("tcp/0.0.0.0:0", &["tcp/192.0.2.1:0", "tcp/192.0.2.2:0", "tcp/198.51.100.1:0", "tcp/203.0.113.1:0"][..]),
            ("tls/0.0.0.0:7447#iface=eth1", &["tls/203.0.113.1:7447#iface=eth1"]),
            (
                "tcp/[::]:7447#iface=eth0",
                &[
                    "tcp/192.0.2.1:7447#iface=eth0",
                    "tcp/192.0.2.2:7447#iface=eth0",
                    "tcp/[2001:db8::1]:7447#iface=eth0",
                ],
            ),
            ("tcp/0.0.0.0:7447#iface=lo", &["tcp/127.0.0.1:7447#iface=lo"]),
            ("tcp/192.0.2.9:7447", &["tcp/192.0.2.9:7447"]),
            ("tcp/hub.example:7447", &["tcp/hub.example:7447"]),
        ] {
            assert_eq!(some().listen(&settings(&[], &[listen]), &domain), expected);
            assert_eq!(Addresses::Unknown.listen(&settings(&[], &[listen]), &domain), [listen]);
        }
        // Peers are not told where a router listens.
        let mut router = settings(&[], &["tcp/0.0.0.0:7447"]);
        router.lan = None;
        assert_eq!(some().listen(&router, &domain), ["tcp/0.0.0.0:7447"]);
    }

    #[test]
    fn the_machines_own_are_found() {
        let Addresses::Known(all) = addresses() else { return };
        assert!(all.iter().any(|one| one.interface == "lo" && one.index > 0 && one.address.is_loopback()), "{all:?}");
    }
}
