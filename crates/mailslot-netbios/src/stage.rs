//! The steps on which a name is had and given up, and what is sent on each.

use std::net::Ipv4Addr;
use std::time::Instant;

use mailslot_wire::Name;
use mailslot_wire::name_service::{Claim, Holder, Packet, Rcode};

use crate::retry::Retry;

/// How long a name is to be kept by a server, and by those who ask for it: what Windows says, in seconds.
pub(super) const TTL: u32 = 300_000;

/// What a registration waits for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Stage {
    /// Broadcast claim. A negative response ends it, silence wins.
    Claim,
    /// The overwrite demand has gone out; who missed the claims may object still.
    Demand,
    /// Broadcast claim of a name that is held, because somebody says that another node has it too.
    Check,
    /// The node that had the name when it was claimed last is asked whether it has it still. On a network that loses
    /// packets a holder may miss all claims and objections of a try, and there are many tries; this one costs nobody else.
    Ask(Ipv4Addr),
    /// The server is asked for the name; by a node with several addresses, to add this one.
    Register,
    /// The server is asked to ask whoever had the name, and to forget that one if it is gone.
    Replace,
    /// The server leaves it to us to ask the presumed owner.
    Challenge(Ipv4Addr),
    /// The presumed owner is gone: the server is told so.
    Overwrite,
    /// The server is told that the name is in use still.
    Refresh,
    /// Everybody is told that the name is given up; nobody answers.
    ReleaseBroadcast,
    /// The server is told that the name is given up.
    ReleaseAtServer,
}

/// Does a server say that it could not do what it was asked? Then another one may.
pub(super) fn is_failure(rcode: Rcode) -> bool {
    matches!(rcode, Rcode::Format | Rcode::Server | Rcode::Unsupported)
}

/// Who is told, or asked, on a step.
pub(super) enum Receiver {
    /// Everybody on the subnet of the name's interface.
    Subnet,
    /// The node at this address, wherever it is.
    Node(Ipv4Addr),
}

impl Stage {
    /// How often, and how long apart, this is sent.
    pub(super) fn retry(self, id: u16, now: Instant) -> Retry {
        match self {
            Stage::Claim | Stage::Check | Stage::ReleaseBroadcast => Retry::broadcast(id, now),
            Stage::Demand => Retry::once(id, now),
            _ => Retry::unicast(id, now),
        }
    }

    /// Does a server get this, and answer it?
    pub(super) fn is_for_server(self) -> bool {
        matches!(self, Stage::Register | Stage::Replace | Stage::Overwrite | Stage::Refresh | Stage::ReleaseAtServer)
    }

    /// Whom this is sent to: nobody if it is for a server and there is none.
    pub(super) fn receiver(self, server: Option<Ipv4Addr>) -> Option<Receiver> {
        match self {
            Stage::Claim | Stage::Demand | Stage::Check | Stage::ReleaseBroadcast => Some(Receiver::Subnet),
            Stage::Ask(owner) | Stage::Challenge(owner) => Some(Receiver::Node(owner)),
            Stage::Register | Stage::Replace | Stage::Overwrite | Stage::Refresh | Stage::ReleaseAtServer => {
                server.map(Receiver::Node)
            }
        }
    }

    /// What is sent. Is this the unique name of a node with several addresses?
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
