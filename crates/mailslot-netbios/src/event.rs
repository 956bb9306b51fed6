//! What a node tells.

use core::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_wire::Name;
use mailslot_wire::name_service::{Entry, Holder, Rcode, Statistics};

/// Names a request to a node in the event that ends it. Unique within the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u64);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The name is the node's on that interface.
    NameHeld {
        /// The name.
        name: Name,
        /// [`Interface::id`](crate::Interface::id).
        interface: u32,
    },
    /// The name is not the node's on that interface. The node claims it again from time to time, and tells no more of that
    /// until it has the name.
    NameRefused {
        /// The name.
        name: Name,
        /// [`Interface::id`](crate::Interface::id).
        interface: u32,
        /// Why.
        by: RefusedBy,
    },
    /// The node held the name and now finds that another node has it: it has stopped using it, and claims it again from time
    /// to time, as with [`Event::NameRefused`].
    NameInConflict {
        /// The name.
        name: Name,
        /// [`Interface::id`](crate::Interface::id).
        interface: u32,
        /// Who says so.
        by: RefusedBy,
    },
    /// Two nodes hold a unique name of somebody else. The later one to answer has been told.
    ConflictSeen {
        /// The name.
        name: Name,
        /// Who answered first, and who later.
        holders: [Ipv4Addr; 2],
    },
    /// All names are released: the end of [`Node::release_all`](crate::Node::release_all).
    Released,
    /// The end of [`Node::resolve`](crate::Node::resolve).
    Resolved {
        /// The request.
        request: RequestId,
        /// The name asked for.
        name: Name,
        /// Who holds it.
        outcome: Outcome<Resolved>,
    },
    /// The end of [`Node::node_status`](crate::Node::node_status).
    NodeStatus {
        /// The request.
        request: RequestId,
        /// The node asked.
        address: Ipv4Addr,
        /// Its names; `None` if it did not answer.
        status: Option<NodeStatus>,
    },
    /// The end of [`Node::send_mailslot`](crate::Node::send_mailslot).
    Sent {
        /// The request.
        request: RequestId,
        /// To how many addresses the message went, broadcast addresses and this machine counted as one each; not
        /// whether anybody received it.
        result: Result<usize, SendError>,
    },
    /// A message for a mailslot of this machine.
    Message(Message),
    /// A node that was sent a message says that it has no such name. What was known about the name is forgotten.
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
    /// The slot's name as on the wire, without `\MAILSLOT\`; its letter case does not count.
    pub slot: Vec<u8>,
    /// What was written.
    pub data: Vec<u8>,
    /// The name that the sender gives.
    pub source: Name,
    /// Where the packet came from, or where this machine would have sent it from.
    pub address: SocketAddrV4,
    /// The name that it was sent to.
    pub destination: Name,
    /// The datagram's DGM_ID, which copies of it share.
    pub datagram_id: u16,
    /// [`Interface::id`](crate::Interface::id) of the one that it came by; `None` if this node is the sender.
    pub interface: Option<u32>,
}

impl Message {
    /// A message of another machine, of a datagram with the id 0 that came by interface 0: for tests of what handles messages.
    pub fn new(slot: Vec<u8>, data: Vec<u8>, source: Name, address: SocketAddrV4, destination: Name) -> Message {
        Message { slot, data, source, address, destination, datagram_id: 0, interface: Some(0) }
    }
}

/// Who holds a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// The holders, at least one. Of a node with several addresses, the first is the one at which it answers, or else where
    /// it can be reached best: on a subnet of this machine, or beyond a router. 255.255.255.255 or 0.0.0.0 stands for all members
    /// of a group.
    pub holders: Vec<Holder>,
    /// The name server that says so; `None` if the holders themselves answered a broadcast.
    pub server: Option<Ipv4Addr>,
}

/// What became of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// It was answered.
    Found(T),
    /// There is no such name: a name server said so, or nobody answered a broadcast.
    NotFound,
    /// No name server answered.
    NoServer,
    /// There are too many queries under way.
    Busy,
}

/// What a node tells about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeStatus {
    /// Its names.
    pub entries: Vec<Entry>,
    /// Its MAC address and counters.
    pub statistics: Statistics,
}

/// Who keeps the node from having a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedBy {
    /// Another node has the name.
    Node(Ipv4Addr),
    /// The name server says so.
    Server(Ipv4Addr, Rcode),
    /// No name server answered, or none could do it. The node tries again.
    Silence,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The message is longer than a datagram may be.
    TooLong {
        /// Bytes of the message.
        size: usize,
        /// The most that may be sent to a slot with that name.
        limit: usize,
    },
    /// The slot's name is empty or has a zero byte in it.
    SlotName,
    /// There is no such computer or domain.
    NotFound(Name),
    /// The name server that must know does not answer.
    NoServer,
    /// The node may not use its computer name: another node has it.
    NoSourceName,
    /// There is no interface, or the name is a group that can be reached by broadcast alone and this is a P node.
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
            SendError::SlotName => f.write_str("the slot's name is empty or has a zero byte in it"),
            SendError::NotFound(name) => write!(f, "there is no computer or domain {name}"),
            SendError::NoServer => f.write_str("no name server answers"),
            SendError::NoSourceName => f.write_str("another node has this computer's name, so it cannot send"),
            SendError::Unreachable(name) => {
                write!(
                    f,
                    "{name} cannot be reached: a group needs an interface and a node that broadcasts, not a P node"
                )
            }
            SendError::Busy => f.write_str("too many messages wait for their destinations to be found"),
        }
    }
}

impl core::error::Error for SendError {}
