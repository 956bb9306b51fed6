//! The end of the command: what is said, and the status.

use std::process::ExitCode;

use crate::exit::{Failure, Result, USAGE, complain, say};
use crate::output;

/// Says on standard error what went wrong, and returns the status to exit with.
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

/// Prints what the argument parser has to say: a help text, or what was wrong.
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
