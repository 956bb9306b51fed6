//! The node of a machine on the network: it holds the machine's NetBIOS names, finds those of other machines, and
//! carries mailslot writes in both directions.
//!
//! [`mailslot_netbios`] implements the protocols of the legacy network without input or output. Around it, on Unix,
//! [`run()`] runs a node with its sockets and the slots of the machine, [`config`] has its settings, and [`control`]
//! sends requests to a running node.
//!
//! | to | use |
//! |---|---|
//! | run the machine's node | [`run()`], with signals; [`Embedded`], in a thread of another program |
//! | send now and then where no node runs | [`Sender`] |
//! | ask the node, or capture its packets | [`control`], [`capture`] |
//! | monitor it with Prometheus | [`exposition`] |
//! | log its events | [`log`] |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(unix)]
mod answers;
#[cfg(unix)]
pub mod bridge;
#[cfg(unix)]
pub mod capture;
#[cfg(unix)]
pub mod config;
#[cfg(unix)]
pub mod control;
#[cfg(unix)]
mod embedded;
#[cfg(unix)]
mod error;
#[cfg(unix)]
pub mod exposition;
#[cfg(unix)]
mod io;
#[cfg(unix)]
pub mod log;
#[cfg(unix)]
mod metrics;
#[cfg(unix)]
mod modern;
#[cfg(unix)]
mod privileges;
#[cfg(unix)]
mod routing;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod sender;
#[cfg(unix)]
mod squatters;
#[cfg(unix)]
mod under_way;

#[cfg(unix)]
pub use embedded::Embedded;
#[cfg(unix)]
pub use error::{Error, Result};
#[cfg(unix)]
pub use run::run;
#[cfg(unix)]
pub use sender::Sender;

/// An unpredictable number, from the standard library's random hash keys.
#[cfg(unix)]
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
