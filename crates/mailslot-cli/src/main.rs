//! The `mailslot` command: a thin face on the library of the same name.

#![forbid(unsafe_code)]
// What is printed passes through `output` and `exit`, which escape it; `clippy.toml` has the calls.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

mod args;
mod commands;
mod encoding;
mod escape;
mod exec;
mod exit;
#[cfg(test)]
mod hostile;
mod output;
mod process;
#[cfg(unix)]
mod recording;
mod status;
mod sys;
mod text;

use std::process::ExitCode;

use clap::Parser;
use sys::{accounts, signals};

/// Listen to, write to and look at mailslots: named queues of whole messages between the processes of this machine.
#[derive(Parser)]
#[command(name = "mailslot", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

const AFTER_HELP: &str = r#"Names: alerts, plant/line1, //./mailslot/alerts or '\\.\mailslot\alerts'. Letter case does not count.

Exit status:
  0  done
  1  something else failed
  2  wrong usage, or not a mailslot name
  3  no such slot, or nobody on the network has or is what was asked for
  4  not allowed
  5  timed out
  6  the slot is full
  7  the message is too large
  8  the slot exists already
  9  the slot was closed while writing
  10 a confirmed message was not delivered everywhere
  11 no network node runs on this machine, or none that is in the network or domain
  130, 143  ended by SIGINT, SIGTERM

Environment:
  MAILSLOT_ROOT  directory of the slots, the same for all processes that are to meet

Examples:
  mailslot listen alerts
  mailslot send alerts "boiler 3: over pressure"
  mailslot demo"#;

fn main() -> ExitCode {
    if let Some(result) = commands::completions::answer() {
        return exit::report(result);
    }
    match Cli::try_parse() {
        Ok(cli) => exit::report(cli.command.run()),
        Err(error) => exit::report_usage(&error),
    }
}
