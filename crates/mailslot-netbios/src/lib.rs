//! The legacy network of mailslots, NetBIOS over UDP, as state machines: no socket, no clock, no thread. A simulation
//! can therefore run hundreds of nodes in one process. `mailslot-node` adds the sockets.
//!
//! A [`Node`] is fed with packets ([`Node::handle_packet`]) and time ([`Node::handle_timeout`]). After each call, and
//! after each request, take the packets to send ([`Node::poll_transmit`]) and the events ([`Node::poll_event`]) until
//! both return `None`. Call `handle_timeout` again at the time that [`Node::poll_timeout`] returns.
//!
//! ```
//! use std::time::Instant;
//! use mailslot_netbios::{Config, Event, Interface, Node, Target};
//!
//! let mut now = Instant::now();
//! let interface = Interface {
//!     id: 2,
//!     address: "192.0.2.7".parse()?,
//!     prefix: 24,
//!     broadcast: Some("192.0.2.255".parse()?),
//! };
//! let mut node = Node::new(Config::new("SRV1", "PLANT")?, vec![interface], now, 1);
//! while let Some(transmit) = node.poll_transmit() {
//!     assert_eq!(transmit.to, "192.0.2.255:137".parse()?); // a claim: send it by interface 2
//! }
//! while let Some(deadline) = node.poll_timeout() {
//!     now = deadline; // nobody objects
//!     node.handle_timeout(now);
//!     if matches!(node.poll_event(), Some(Event::NameHeld { .. })) {
//!         break;
//!     }
//! }
//! node.send_mailslot(now, Target::OwnDomain, b"alerts", b"door 2 opened")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! Every table and every queue has a fixed bound ([`limits`]), whatever packets arrive, and everything that is refused
//! is counted under its reason ([`Counters`]). Responses are never answered, nor are packets from the node's own
//! addresses and ports. Each answer is taken from a budget per source and a total one; the budget of the node's own
//! subnets cannot be used up from elsewhere.
//!
//! # Whose word counts
//!
//! Nothing here is authenticated. But a source address on another subnet can be distinguished from a neighbour's, and
//! only neighbours make claims, objections and answers to broadcasts:
//!
//! | packet | counts if it comes from |
//! |---|---|
//! | registration, refresh, overwrite demand; objection to one | the subnet of the interface that it came by |
//! | release of a name | the same subnet, and the address that releases the name |
//! | name conflict demand | the same subnet, or a name server of the configuration |
//! | answer to a broadcast query | the subnet of the interface that it came by |
//! | answer to a query to one node or server, WACK | the address that was asked |
//! | query | anywhere; broadcast queries, queries for `*` and node status requests: the node's subnets |
//! | message | anywhere; if it comes from that subnet in a name of this node, the node checks that name |
//!
//! Claims, refreshes and releases of neighbours add nothing to the cache. They only remove entries that they
//! contradict, so that the node asks again. Addresses in answers that no other node can have are ignored: 0.0.0.0,
//! those of this machine, and those that stand for many nodes.
//!
//! The node loses a name only to an objection to one of its own claims, checks or refreshes. It claims lost names again
//! from time to time, and has them again when no node objects any more.
//!
//! # Where it runs
//!
//! Wherever the standard library exists. The crate calls no operating system, takes the time from its caller, and has
//! no features. It knows the system's routing from [`Node::set_route`].
//!
//! # Sources
//!
//! RFC 1001, RFC 1002; MS-NBTE; MS-MAIL; MS-BRWS on the names of browsers. Where these leave something open, the crate
//! does as nmbd does.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod answer_budget;
mod cache;
mod config;
mod context;
mod counters;
mod duplicates;
mod event;
mod holders;
mod incoming;
mod keyed;
pub mod limits;
mod names;
mod network;
mod node;
mod outbox;
mod outgoing;
mod packet;
mod query;
mod reassembly;
mod reclaim;
mod registration;
mod resolver;
mod retry;
mod stage;
mod state;
mod status;

pub use config::{Config, ConfigError, Interface, NameKind, Ports, RegisteredName, Registrar};
pub use counters::{Counters, DropReason};
pub use event::{Event, Message, NodeStatus, QueryOutcome, RefusedBy, RequestId, Resolved, SendError};
pub use node::Node;
pub use outgoing::{BRIDGE, Target};
pub use packet::{Cast, Received, Service, Transmit};
pub use state::{HeldName, NameState, Sizes};

#[cfg(test)]
mod tests;
