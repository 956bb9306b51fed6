//! All cases, through the Rust API.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use mailslot_conformance::RustApi;

#[cfg(windows)]
mod wine;
#[cfg(windows)]
use wine::DEVIATIONS;

/// No deviations where the library implements slots itself.
#[cfg(not(windows))]
const DEVIATIONS: &[mailslot_conformance::Deviation] = &[];

fn main() -> ExitCode {
    mailslot_conformance::main(RustApi, DEVIATIONS)
}
