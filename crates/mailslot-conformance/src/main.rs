//! Prints the cases by their statements: `cargo run -p mailslot-conformance -- --list`.
#![forbid(unsafe_code)]

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("--list") {
        eprintln!("mailslot-conformance: the cases run as tests: cargo test -p mailslot-conformance");
        eprintln!("usage: mailslot-conformance --list    (prints the cases by their statements, as Markdown)");
        return ExitCode::from(2);
    }
    match std::io::stdout().write_all(mailslot_conformance::markdown().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mailslot-conformance: {error}");
            ExitCode::FAILURE
        }
    }
}
