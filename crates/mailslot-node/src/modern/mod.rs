//! The modern domains of this machine, as the node sees them: at work, or left out of this build.
//!
//! `Modern` has `load`, `start`, `restart`, `end`, `look`, `look_at_bridges`, `as_fd`, `log_events`, `sessions`,
//! `take_legacy`, `take_domains` and `protects` in both, and with the feature `zenoh` what status and requests need.

#[cfg(feature = "zenoh")]
mod with;
#[cfg(feature = "zenoh")]
pub(crate) use with::Modern;

#[cfg(not(feature = "zenoh"))]
mod without;
#[cfg(not(feature = "zenoh"))]
pub(crate) use without::Modern;
