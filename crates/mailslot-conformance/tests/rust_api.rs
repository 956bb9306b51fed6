//! All cases, through the Rust API.

use std::process::ExitCode;

use mailslot_conformance::{Deviation, RustApi};

/// The library has to do everything as stated.
const DEVIATIONS: &[Deviation] = &[];

fn main() -> ExitCode {
    mailslot_conformance::main(RustApi, DEVIATIONS)
}
