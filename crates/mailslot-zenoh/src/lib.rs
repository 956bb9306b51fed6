//! Modern mailslot domains at work: [Zenoh](https://zenoh.io) sessions that carry what `mailslot-domain` seals between
//! the slots of this machine and those of others. `mailslot node` uses this crate with its feature `zenoh`.
//!
//! [`Domains`] is the entry: it opens a session for each domain, announces the slots of this machine that are open to
//! the network, delivers messages to them, sends what programs write to the slot of a domain ([`mailslot::network`]),
//! and answers their questions ([`mailslot::network::routes`]). [`Settings`] say how a session is made; the defaults
//! let nobody in.
//!
//! A send waits for a slow receiver for at most 10 ms when the queue to it becomes full, or 50 ms with a message that
//! is sent in fragments. Nothing that arrives makes a table grow beyond its bound.
//!
//! Events are reported by [`tracing`], with targets that begin with `mailslot_zenoh`.
//!
//! # Portability
//!
//! On Windows nobody reports slots that come and go: [`Domains::open_slots`] says which are looked for, every second.
//! There Zenoh lists the addresses of the machine once, and its sockets linger when they are closed.

// `link/linger.rs` makes two calls for which there is no safe wrapper.
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod announcing;
mod bridge;
mod certificates;
mod clock;
mod confirming;
mod counters;
mod domains;
mod ending;
mod error;
mod known;
mod link;
mod lock;
mod looking;
mod member;
mod outgoing;
mod places;
mod presences;
mod process;
mod replying;
mod requesting;
mod retry;
mod routes;
mod session;
mod state;
mod status;
mod supervise;
mod survey;
mod sys;
mod upkeep;

pub use bridge::{BridgeWants, FromDomain};
pub use domains::Domains;
pub use error::{Error, Result};
pub use link::{check, trace_layer, zenoh_config};
pub use process::own_process;

// Settings and status need no Zenoh, so they are in `mailslot-domain`.
pub use mailslot_domain::settings::{Meant, Mode, Settings, Tls};
pub use mailslot_domain::status::Status;
