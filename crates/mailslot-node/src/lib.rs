//! The presence of one machine on the network: it holds the machine's NetBIOS names, finds those of others, and carries
//! mailslot writes in both directions.
//!
//! [`mailslot_netbios`] decides what the legacy network is told and touches nothing. Around it, on Unix: [`run()`] is a
//! node at work, with its sockets and the slots of the machine, [`config`] its settings, and [`control`] asks one that runs.
//!
//! | to | use |
//! |---|---|
//! | be the machine's node | [`run()`], with signals; [`Embedded`], in a thread of another program |
//! | send now and then where no node runs | [`Sender`] |
//! | ask the node, or see its packets | [`control`], [`capture`] |
//! | watch it with Prometheus | [`exposition`] |
//! | write what happens | [`log`] |

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

/// Something that nobody predicts: the standard library's hash keys are that.
#[cfg(unix)]
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
