//! The events of a node.

use core::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_wire::Name;
use mailslot_wire::name_service::{Entry, Holder, Rcode, Statistics};

/// Identifies a request in the event that completes it. Unique within the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u64);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The node holds the name on that interface.
    NameHeld {
        /// The name.
        name: Name,
        /// [`Interface::id`](crate::Interface::id).
        interface: u32,
    },
    /// The node does not get the name on that interface. It claims the name again from time to time; the next event
    /// about it is [`Event::NameHeld`].
    NameRefused {
        /// The name.
        name: Name,
        /// [`Interface::id`](crate::Interface::id).
        interface: u32,
        /// Why.
        by: RefusedBy,
    },
    /// The node held the name, but another node has it. The node has stopped using it, and claims it again from time to
    /// time, as after [`Event::NameRefused`].
    NameInConflict {
        /// The name.
        name: Name,
        /// [`Interface::id`](crate::Interface::id).
        interface: u32,
        /// Why.
        by: RefusedBy,
    },
    /// Two other nodes hold the same unique name. The one that answered later has been sent a name conflict demand.
    ConflictSeen {
        /// The name.
        name: Name,
        /// The address that answered first, and the one that answered later.
        holders: [Ipv4Addr; 2],
    },
    /// All names are released: completes [`Node::release_all`](crate::Node::release_all).
    Released,
    /// Completes [`Node::resolve`](crate::Node::resolve).
    Resolved {
        /// The request.
        request: RequestId,
        /// The name asked for.
        name: Name,
        /// The holders, or why there are none.
        outcome: QueryOutcome,
    },
    /// Completes [`Node::node_status`](crate::Node::node_status).
    NodeStatus {
        /// The request.
        request: RequestId,
        /// The node asked.
        address: Ipv4Addr,
        /// Its names; `None` if it did not answer.
        status: Option<NodeStatus>,
    },
    /// Completes [`Node::send_mailslot`](crate::Node::send_mailslot).
    Sent {
        /// The request.
        request: RequestId,
        /// The number of addresses to which the message was sent, where broadcast addresses and this machine count as
        /// one each. It does not show whether any node received it.
        result: Result<usize, SendError>,
    },
    /// A message for a mailslot of this machine.
    Message(Message),
    /// A node to which a message was sent reports that it does not hold the name. The cache entry of the name is
    /// removed.
    Undeliverable {
        /// The name.
        destination: Name,
        /// The node.
        address: Ipv4Addr,
    },
}

/// A message for a mailslot of this machine. Nothing about it is authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The slot's name as on the wire, without `\MAILSLOT\`. Its letter case is not significant.
    pub slot: Vec<u8>,
    /// The content.
    pub data: Vec<u8>,
    /// The sender's name, as the sender states it.
    pub source: Name,
    /// The address from which the packet came, or from which this machine would have sent it.
    pub address: SocketAddrV4,
    /// The name to which it was sent.
    pub destination: Name,
    /// The datagram's DGM_ID; copies of the datagram have the same one.
    pub datagram_id: u16,
    /// [`Interface::id`](crate::Interface::id) of the interface that received it; `None` if this node is the sender.
    pub interface: Option<u32>,
}

/// The holders of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// The holders, at least one. If one node has several addresses, the first is the one at which it answers; if it
    /// answers at none, it is the one that is reached best: on a subnet of this machine before beyond a router.
    /// 255.255.255.255 or 0.0.0.0 stands for all members of a group.
    pub holders: Vec<Holder>,
    /// The name server that answered; `None` if the holders themselves answered a broadcast.
    pub server: Option<Ipv4Addr>,
}

/// The outcome of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryOutcome {
    /// There was an answer.
    Found(Resolved),
    /// There is no such name: a name server said so, or nobody answered a broadcast.
    NotFound,
    /// No name server answered.
    NoServer,
    /// Too many queries are in progress.
    Busy,
}

/// A node's answer to a node status request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeStatus {
    /// Its names.
    pub entries: Vec<Entry>,
    /// Its MAC address and counters.
    pub statistics: Statistics,
}

/// Why the node does not have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedBy {
    /// Another node has the name.
    Node(Ipv4Addr),
    /// The name server refused it, with this code.
    Server(Ipv4Addr, Rcode),
    /// No name server answered, or none could handle the request. The node tries again.
    Silence,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The message is too long for a datagram.
    TooLong {
        /// Bytes of the message.
        size: usize,
        /// The most bytes that may be sent to a slot with that name.
        limit: usize,
    },
    /// The slot's name is empty or contains a zero byte.
    SlotName,
    /// There is no such computer or domain.
    NotFound(Name),
    /// No name server answers.
    NoServer,
    /// The node may not use the computer's name: another node has it.
    NoSourceName,
    /// There is no interface, or the name is a group that can be reached only by broadcast and this is a P node.
    Unreachable(Name),
    /// Too many messages wait for their destinations to be found.
    Busy,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::TooLong { size, limit } => {
                write!(f, "the message has {size} bytes, and {limit} may be sent to a slot with this name")
            }
            SendError::SlotName => f.write_str("the slot's name is empty or contains a zero byte"),
            SendError::NotFound(name) => write!(f, "there is no computer or domain {name}"),
            SendError::NoServer => f.write_str("no name server answers"),
            SendError::NoSourceName => f.write_str("another node has this computer's name, so it cannot send"),
            SendError::Unreachable(name) => {
                write!(
                    f,
                    "{name} cannot be reached: a group needs an interface and a node that broadcasts, not a P node"
                )
            }
            SendError::Busy => f.write_str("too many messages wait for names to be resolved"),
        }
    }
}

impl core::error::Error for SendError {}
