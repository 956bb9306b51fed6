//! The `mailslot` command as its users run it: every test runs the real binary.

#[cfg(feature = "node")]
mod doctor;
mod domain;
mod encoding;
mod hostile;
mod listen;
#[cfg(feature = "node")]
mod logs;
mod look;
mod looks;
mod machine;
#[cfg(feature = "node")]
mod metrics;
mod printing;
mod readme;
mod recording;
#[cfg(unix)]
mod request;
mod send;
#[cfg(feature = "node")]
mod service;
#[cfg(feature = "node")]
mod shape;
mod shells;
#[cfg(feature = "node")]
mod snapshots;
mod terminal;
mod top;
mod tour;
mod transcripts;
mod usage;
mod watching;
