//! From addresses of messages to those of the network, and from messages of the network to their origins.

use std::net::IpAddr;

use mailslot::{Address, NetworkOrigin};
use mailslot_wire::Name;
use mailslot_wire::name::suffix;

use crate::proto::{Config, Message, NameKind, Target};

/// Whom a message to `address` is for; `None` if that is this machine alone, or a name that no NetBIOS network has.
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

/// Where a message comes from, for the reader of the slot that it is for.
pub(crate) fn origin(message: &Message, config: &Config) -> NetworkOrigin {
    let unique = |name: &Name| config.names.iter().any(|own| own.kind == NameKind::Unique && own.name == *name);
    let text = |name: &Name| String::from_utf8_lossy(name.text()).into_owned();
    NetworkOrigin {
        computer: text(&message.source),
        domain: (!unique(&message.destination)).then(|| text(&message.destination)),
        address: Some(IpAddr::V4(*message.address.ip())),
        authenticated: false,
    }
}
