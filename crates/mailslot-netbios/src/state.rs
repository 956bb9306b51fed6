//! What can be seen of a node.

use mailslot_wire::Name;

use crate::config::NameKind;

/// A name of the node and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldName {
    /// The name.
    pub name: Name,
    /// Unique or group.
    pub kind: NameKind,
    /// [`Interface::id`](crate::Interface::id).
    pub interface: u32,
    /// How it stands there.
    pub state: NameState,
}

/// How a name stands on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameState {
    /// Nobody has objected so far.
    Claiming,
    /// It is the node's.
    Held,
    /// It was never the node's: another one has it, as far as is known.
    Refused,
    /// It was the node's, and then another one was found to have it, as far as is known.
    Conflict,
    /// The node is giving it up, or has done so.
    Released,
}

/// How many entries the tables hold that packets and requests can make grow; [`Limits`](crate::limits::Limits) bounds
/// each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sizes {
    /// Names being looked for.
    pub queries: usize,
    /// Names looked out for a second holder of; bounded like `queries`.
    pub watches: usize,
    /// Names in the cache.
    pub cached_names: usize,
    /// Node status requests under way; bounded like `queries`.
    pub status_queries: usize,
    /// Messages waiting for their destination to be found.
    pub waiting_messages: usize,
    /// Datagrams that are remembered, to know their copies.
    pub remembered_datagrams: usize,
    /// Sources with a budget of messages.
    pub message_sources: usize,
    /// Sources with a budget of answers: of own subnets and name servers, and all others; each bounded like `message_sources`.
    pub answer_sources: [usize; 2],
    /// Unfinished datagrams of own subnets, and of others.
    pub unfinished: [usize; 2],
    /// Bytes of them.
    pub unfinished_bytes: [usize; 2],
}
