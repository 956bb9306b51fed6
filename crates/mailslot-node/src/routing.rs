//! Converts addresses of messages to targets in the network, and messages of the network to their origins.

use std::net::{IpAddr, Ipv4Addr};

use mailslot::{Address, NetworkOrigin};
use mailslot_wire::Name;
use mailslot_wire::name::suffix;

use mailslot_netbios::{Config, NameKind, Target};

/// The target of a message to `address`; `None` if that is only this machine, or is not a valid name in a NetBIOS
/// network.
pub(crate) fn target(address: &Address, config: &Config) -> Option<Target> {
    mailslot::network::check_legacy(address).ok()?;
    match address {
        Address::Remote { target, .. } => {
            let name = Name::new(target.as_str(), suffix::WORKSTATION).ok()?;
            name.with_scope(config.computer.scope().clone()).ok().map(Target::Name)
        }
        Address::Broadcast(_) => Some(Target::OwnDomain),
        _ => None,
    }
}

/// The origin of a message from `source` to `destination`, for the slot's reader. NetBIOS names can contain any bytes,
/// and programs display them or use them in commands, so they are converted to text without control characters.
pub(crate) fn origin(source: &Name, address: Ipv4Addr, destination: &Name, config: &Config) -> NetworkOrigin {
    let unique = |name: &Name| config.names.iter().any(|own| own.kind == NameKind::Unique && own.name == *name);
    let mut origin = NetworkOrigin::new(source.printable());
    origin.domain = (!unique(destination)).then(|| destination.printable());
    origin.address = Some(IpAddr::V4(address));
    origin
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn from(source: [u8; 16], destination: [u8; 16]) -> NetworkOrigin {
        let config = Config::new("PC", "PLANT").expect("valid names");
        let [source, destination] = [source, destination].map(Name::from_bytes);
        origin(&source, Ipv4Addr::new(192, 0, 2, 1), &destination, &config)
    }

    #[test]
    fn ordinary_names_are_as_they_are() {
        let origin = from(*b"SRV-1          \0", *b"PLANT          \0");
        assert_eq!((origin.computer.as_str(), origin.domain.as_deref()), ("SRV-1", Some("PLANT")));
    }

    #[test]
    fn different_names_do_not_become_one() {
        let escape = from(*b"A\x1b[2J          \0", [b'B'; 16]).computer;
        let spelt = from(*b"A\\x1b[2J       \0", [b'B'; 16]).computer;
        assert_eq!((escape.as_str(), spelt.as_str()), (r"A\x1b[2J", r"A\x5cx1b[2J"));
    }

    proptest! {
        #[test]
        fn no_name_brings_a_control_character_to_a_program(source: [u8; 16], destination: [u8; 16]) {
            let origin = from(source, destination);
            for text in [origin.computer, origin.domain.unwrap_or_default()] {
                prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.len() <= 60, "{:?}", text);
            }
        }
    }
}
