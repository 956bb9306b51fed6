//! The semantics of mailslots, stated once and checked against every implementation.
//!
//! A [`Case`] is one statement, its sources in the fact sheet, and the steps that check it. The steps use a [`System`]:
//! the few calls in which all implementations agree, with Win32 error codes. So the same cases run against the Rust API
//! ([`RustApi`]), against a C ABI with the Win32 names, and against the Win32 API itself.
//!
//! A test program without a harness runs all of them, each as a separate test:
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
//! A system that is known to differ in a case lists it as a [`Deviation`]. The case must then fail: if it passes, the
//! run fails until the entry is removed.
//!
//! `cargo run -p mailslot-conformance -- --list` prints the cases by their statements, as Markdown. The names of the
//! slots contain the process id, so several runs can share a machine. No network node may run there: cases about remote
//! names expect none.
//!
//! Cases have no upper time limits, and none relies on a pause being long enough. A watchdog turns a hang into a
//! failure.
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

/// Compiles the guide's programs in Rust. Here because they use the same calls, and because this crate is not published
/// and so never lacks the pages.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/broadcasts.md")]
mod guide {}
