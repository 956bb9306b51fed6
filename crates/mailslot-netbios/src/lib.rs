//! The legacy network of mailslots, NetBIOS over UDP, as state machines: no socket, no clock, no thread. A simulation can
//! therefore run hundreds of nodes in one process, and `mailslot-node` is this with sockets.
//!
//! A [`Node`] is fed with packets ([`Node::handle_packet`]) and time ([`Node::handle_timeout`]). After each call, and
//! after each request, take out what it wants sent ([`Node::poll_transmit`]) and what it has to tell
//! ([`Node::poll_event`]) until both return `None`, and call `handle_timeout` again when [`Node::poll_timeout`] says.
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
//! Whatever packets come, every table has a fixed bound ([`limits`]), every queue too, and whatever is refused is
//! counted under its reason ([`Counters`]). No response is ever answered, nothing is answered that comes from one of the
//! node's own addresses, and what is answered comes out of a budget per source and in total, with one for the node's own subnets
//! that nobody elsewhere can use up.
//!
//! # Whose word counts
//!
//! Nothing here is authenticated, but a source address on another subnet can be told from a neighbour's, and claims, objections
//! and answers to broadcasts are made among neighbours:
//!
//! | packet | counts if it comes from |
//! |---|---|
//! | registration, refresh, overwrite demand; objection to one | the subnet of the interface that it came by |
//! | release of a name | the same, and the address that gives the name up |
//! | name conflict demand | the same subnet, or a name server of the configuration |
//! | answer to a broadcast query | the subnet of the interface that it came by |
//! | answer to a question to one node or server, WACK | the address that was asked |
//! | query | anywhere; a broadcast one, one for `*` and a node status request: the node's subnets |
//! | message | anywhere; one in a name of this node has it check that name, if it comes from that subnet |
//!
//! What neighbours claim, refresh or release makes nothing known. It only makes the node forget what it contradicts, and ask.
//! Of what is answered, addresses that no other node can have are not believed: 0.0.0.0, those of this machine, and those that
//! stand for many.
//!
//! A name is lost to an objection alone, to a claim, a check or a refresh of the node's own; and what is lost is claimed again
//! from time to time, so that a name is the node's again when nobody objects any more.
//!
//! # Where it runs
//!
//! Wherever there is the standard library: it uses nothing of an operating system, and of time only what it is given. It has no
//! features. Of the system's routing it knows what [`Node::set_route`] tells.
//!
//! # Sources
//!
//! RFC 1001, RFC 1002; MS-NBTE; MS-MAIL; MS-BRWS on the names that browsers hear. Where these leave something open, what nmbd
//! does.

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
pub use counters::{Counters, Drop};
pub use event::{Event, Message, NodeStatus, Outcome, RefusedBy, RequestId, Resolved, SendError};
pub use node::Node;
pub use outgoing::{BRIDGE, Target};
pub use packet::{Cast, Received, Service, Transmit};
pub use state::{HeldName, NameState, Sizes};

#[cfg(test)]
mod tests;
