//! The modern domains of this machine, as the node sees them: at work, or left out of this build.
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
