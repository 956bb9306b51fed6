//! Modern mailslot domains at work: sessions of [Zenoh](https://zenoh.io) that carry what `mailslot-domain` seals, between
//! the slots of this machine and those of others. `mailslot node` has it behind its feature `zenoh`.
//!
//! [`Domains`] is everything: it opens a session for each domain, announces the slots of this machine that are open to the
//! network, delivers what comes for them, sends what programs write to the slot of a domain
//! ([`mailslot::network`]), and answers what they ask ([`mailslot::network::routes`]). [`Settings`] say how a session is
//! made, with defaults that let nobody in who was not asked for.
//!
//! Nothing here waits for a slow receiver, but for 10 ms when the way to it becomes full (50 ms with a message that is sent in
//! fragments); and nothing that arrives makes a table grow beyond its bound.
//!
//! What happens is told by [`tracing`], in events whose targets begin with `mailslot_zenoh`.
//!
//! # Portability
//!
//! Unix only: elsewhere this crate is empty.

// `link/linger.rs` has two calls that nothing safe offers.
#![deny(unsafe_code)]
#![warn(missing_docs)]
#![cfg(unix)]

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
mod routes;
mod session;
mod state;
mod status;
mod supervise;
mod upkeep;
mod wake;
mod watch;

pub use bridge::{BridgeWants, FromDomain};
pub use domains::Domains;
pub use error::{Error, Result};
pub use link::{check, trace_layer, zenoh_config};
pub use process::own_process;

// What this crate is set to, and what it says of itself, needs no Zenoh.
pub use mailslot_domain::settings::{Meant, Mode, Settings, Tls};
pub use mailslot_domain::status::Status;
