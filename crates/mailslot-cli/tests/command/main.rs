//! The `mailslot` command as its users meet it: every test runs the real binary.

#[cfg(feature = "node")]
mod doctor;
#[cfg(feature = "zenoh")]
mod domain;
mod encoding;
mod hostile;
mod listen;
mod look;
mod looks;
mod machine;
#[cfg(feature = "node")]
mod metrics;
mod printing;
mod readme;
mod send;
#[cfg(feature = "node")]
mod service;
mod shells;
mod snapshots;
mod terminal;
mod tour;
mod transcripts;
mod usage;
