//! The visible state of a node.

use mailslot_wire::Name;

use crate::config::NameKind;

/// A name of the node and its state on one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldName {
    /// The name.
    pub name: Name,
    /// Unique or group.
    pub kind: NameKind,
    /// [`Interface::id`](crate::Interface::id).
    pub interface: u32,
    /// The state of the name there.
    pub state: NameState,
}

/// The state of a name on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameState {
    /// The node claims it; no node has objected so far.
    Claiming,
    /// The node holds it.
    Held,
    /// The node never held it: as far as is known, another node has it.
    Refused,
    /// The node held it, and then another node was found to have it.
    Conflict,
    /// The node has released it, or is doing so.
    Released,
}

/// The sizes of the tables that packets and requests can make grow; [`Limits`](crate::limits::Limits) bounds each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sizes {
    /// Names for which a query is in progress.
    pub queries: usize,
    /// Names that are watched for a second holder; bounded like `queries`.
    pub watches: usize,
    /// Names in the cache.
    pub cached_names: usize,
    /// Node status requests in progress; bounded like `queries`.
    pub status_queries: usize,
    /// Messages waiting for their destination to be found.
    pub waiting_messages: usize,
    /// Datagrams that are remembered, to recognise copies.
    pub remembered_datagrams: usize,
    /// Sources with a message budget.
    pub message_sources: usize,
    /// Sources with an answer budget: those on the node's own subnets and name servers, and all others; each bounded
    /// like `message_sources`.
    pub answer_sources: [usize; 2],
    /// Unfinished datagrams: those from the node's own subnets and name servers, and all others.
    pub unfinished: [usize; 2],
    /// Bytes of the same.
    pub unfinished_bytes: [usize; 2],
}
