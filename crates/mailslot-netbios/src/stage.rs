//! The steps by which a name is acquired and released, and the packets of each.

use std::net::Ipv4Addr;
use std::time::Instant;

use mailslot_wire::Name;
use mailslot_wire::name_service::{Claim, Holder, Packet, Rcode};

use crate::retry::Retry;

/// How long servers and askers may keep a name, in seconds; Windows's value.
pub(super) const TTL: u32 = 300_000;

/// The step of a registration whose outcome is awaited.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Stage {
    /// Broadcast claim. A negative response ends it; without one the name is held.
    Claim,
    /// The overwrite demand has been sent; a holder that missed the claims may still object.
    Demand,
    /// Broadcast claim of a name that is held, because another node may have it too.
    Check,
    /// The node that had the name at the last claim is asked whether it still has it. On a network that loses packets,
    /// a holder may miss all claims of a try, or its objections may be lost, and there are many tries. The query
    /// troubles no other node.
    Ask(Ipv4Addr),
    /// The server is asked to register the name; a node with several addresses asks it to add this one.
    Register,
    /// The server is asked to challenge the former holder, and to replace it if it is gone.
    Replace,
    /// The server leaves it to this node to ask the presumed holder.
    Challenge(Ipv4Addr),
    /// The presumed holder is gone: the server is asked to overwrite the entry.
    Overwrite,
    /// The server is informed that the name is still in use.
    Refresh,
    /// The name is released by broadcast, which is not answered.
    ReleaseBroadcast,
    /// The name is released at the server.
    ReleaseAtServer,
}

/// Whether a server reports that it could not handle the request. Another server may be able to.
pub(super) fn is_failure(rcode: Rcode) -> bool {
    matches!(rcode, Rcode::Format | Rcode::Server | Rcode::Unsupported)
}

/// The receiver of a step's packets.
pub(super) enum Receiver {
    /// All nodes on the subnet of the name's interface.
    Subnet,
    /// The node at this address, on any subnet.
    Node(Ipv4Addr),
}

impl Stage {
    /// How often and at which interval the packet is sent.
    pub(super) fn retry(self, id: u16, now: Instant) -> Retry {
        match self {
            Stage::Claim | Stage::Check | Stage::ReleaseBroadcast => Retry::broadcast(id, now),
            Stage::Demand => Retry::once(id, now),
            _ => Retry::unicast(id, now),
        }
    }

    /// Whether this step's packet goes to a server, which answers it.
    pub(super) fn is_for_server(self) -> bool {
        matches!(self, Stage::Register | Stage::Replace | Stage::Overwrite | Stage::Refresh | Stage::ReleaseAtServer)
    }

    /// The receiver; `None` if it is for a server and there is none.
    pub(super) fn receiver(self, server: Option<Ipv4Addr>) -> Option<Receiver> {
        match self {
            Stage::Claim | Stage::Demand | Stage::Check | Stage::ReleaseBroadcast => Some(Receiver::Subnet),
            Stage::Ask(owner) | Stage::Challenge(owner) => Some(Receiver::Node(owner)),
            Stage::Register | Stage::Replace | Stage::Overwrite | Stage::Refresh | Stage::ReleaseAtServer => {
                server.map(Receiver::Node)
            }
        }
    }

    /// The packet to send. `is_multihomed` says that this is the unique name of a node with several addresses.
    pub(super) fn packet(self, id: u16, name: Name, holder: Holder, is_multihomed: bool) -> Packet {
        let claim = |name| Claim { name, ttl: TTL, holder };
        match self {
            Stage::Claim | Stage::Check => Packet::broadcast_registration(id, name, holder),
            Stage::Demand => Packet::broadcast_overwrite(id, name, holder),
            Stage::ReleaseBroadcast => Packet::broadcast_release(id, name, holder),
            Stage::Register if is_multihomed => Packet::server_multihomed_registration(id, claim(name)),
            Stage::Register | Stage::Replace => Packet::server_registration(id, claim(name)),
            Stage::Ask(_) | Stage::Challenge(_) => Packet::node_query(id, name),
            Stage::Overwrite => Packet::server_overwrite(id, claim(name)),
            Stage::Refresh => Packet::refresh(id, claim(name)),
            Stage::ReleaseAtServer => Packet::server_release(id, name, holder),
        }
    }
}
