//! The node's interface to the modern domains of this machine: with Zenoh, or without domains in this build.
//!
//! `Modern` has `load`, `start`, `restart`, `end`, `look`, `look_at_bridges`, `as_fd`, `sessions`, `take_legacy`,
//! `take_domains`, `protects`, `status`, `bridge_status` and `members` in both.

#[cfg(feature = "zenoh")]
mod zenoh;
#[cfg(feature = "zenoh")]
pub(crate) use zenoh::Modern;

#[cfg(not(feature = "zenoh"))]
mod none;
#[cfg(not(feature = "zenoh"))]
pub(crate) use none::Modern;
