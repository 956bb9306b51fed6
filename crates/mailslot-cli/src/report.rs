//! The end of the command: its message and its status.

use std::process::ExitCode;

use crate::exit::{Failure, Result, USAGE, complain, say};
use crate::output;

/// Prints a failure on standard error, and returns the exit status.
pub fn report(result: Result) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::ClosedPipe | Failure::Signal(_)) {
                complain(&failure);
            }
            ExitCode::from(failure.status())
        }
    }
}

/// Prints the argument parser's output: a help text, or an error.
pub fn report_usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let text = error.render().to_string();
        let mut lines = text.strip_prefix("error: ").unwrap_or(&text).trim_end().lines();
        complain(lines.next().unwrap_or_default());
        lines.for_each(say);
        ExitCode::from(USAGE)
    } else {
        report(output::lines(error.render().to_string().lines()))
    }
}
