//! What mailslots do, stated once and checked against every implementation.
//!
//! A [`Case`] is one statement, the places of the fact sheet that it comes from, and the steps that show it. The steps
//! use a [`System`]: the few calls in which all implementations agree, with Win32 error codes. So the same cases
//! run against the Rust API ([`RustApi`]), against a C ABI with the Win32 names, and against the Win32 API itself.
//!
//! A test program without a harness runs them all, each as a test of its own:
//!
//! ```no_run
//! use mailslot_conformance::{Deviation, RustApi};
//!
//! const DEVIATIONS: &[Deviation] = &[];
//!
//! fn main() -> std::process::ExitCode {
//!     mailslot_conformance::main(RustApi, DEVIATIONS)
//! }
//! ```
//!
//! A system that is known to be different in a case lists it as a [`Deviation`]. The case must then fail: when it
//! begins to hold, the run fails until the entry is removed.
//!
//! `cargo run -p mailslot-conformance -- --list` prints which case states what, as Markdown. The slots that the cases
//! create carry the process id in their names, so several runs can share a machine. No network node may run on it:
//! cases about remote names expect that there is none.
//!
//! Cases have no upper time limits, and none relies on a pause being long enough. A watchdog makes a failure of a hang.
#![doc = include_str!("../left.md")]
#![forbid(unsafe_code)]

mod case;
mod cases;
mod context;
mod coverage;
mod peer;
mod runner;
mod rust_api;
mod system;

pub use case::Case;
pub use cases::all;
pub use context::{Context, Slot, Writer};
pub use coverage::markdown;
pub use peer::Peer;
pub use runner::{Deviation, HUNG_AFTER, check_deviations, judge, main, run};
pub use rust_api::RustApi;
pub use system::{ANY_SIZE, Client, Code, FOREVER, Info, NO_MESSAGE, NO_WAIT, Server, System, code};

/// The guide's programs in Rust compile: they use the same calls, and this crate is not published without the pages.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/broadcasts.md")]
mod guide {}
