//! The node of a machine on the network: it holds the machine's NetBIOS names, finds those of other machines, and
//! carries mailslot writes in both directions.
//!
//! [`mailslot_netbios`] implements the protocols of the legacy network without input or output. Around it, [`run()`]
//! runs a node with its sockets and the slots of the machine, [`config`] has its settings, and [`control`] sends
//! requests to a running node.
//!
//! | to | use |
//! |---|---|
//! | run the machine's node | [`run()`], with signals; [`Embedded`], in a thread of another program |
//! | send now and then where no node runs | `Sender`; on Unix only |
//! | ask the node, or capture its packets | [`control`], [`capture`] |
//! | monitor it with Prometheus | [`exposition`] |
//! | log its events | [`log`] |
//!
//! # Portability
//!
//! On Windows a node is in modern domains only: the ports of NetBIOS belong to the system. It serves no metrics by
//! HTTP, captures no packets, and reads its settings once.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod answers;
pub mod bridge;
#[cfg_attr(windows, allow(dead_code, reason = "a node there has no packets"))]
pub mod capture;
pub mod config;
pub mod control;
mod embedded;
mod error;
pub mod exposition;
mod io;
pub mod log;
mod metrics;
mod modern;
mod privileges;
mod routing;
mod run;
#[cfg(unix)]
mod sender;
#[cfg(unix)]
mod squatters;
mod under_way;

pub use embedded::Embedded;
pub use error::{Error, Result};
pub use run::run;
#[cfg(unix)]
pub use sender::Sender;

/// An unpredictable number, from the standard library's random hash keys.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
