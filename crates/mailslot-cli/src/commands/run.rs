//! `mailslot run`: an unchanged program whose messages to other machines go to the node.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::exit::Result;

/// Run an unchanged program so that what it sends to other machines goes to the node
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Run {
    /// Let a message be as large as the domain takes, rather than 424 bytes at most, as in the legacy network
    #[arg(long)]
    any_size: bool,

    /// Append to this file which addresses the program opens, which child processes it starts, and what is not sent
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// The program, one of 64 bits
    program: OsString,

    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

const AFTER_HELP: &str = r"The program loads mailslot_redirect.dll, which is beside this command, and so do its child
processes of 64 bits. The exit status is the program's.

Examples:
  mailslot run oldalarm.exe /site:7
  mailslot run --log run.log oldalarm.exe";

impl Run {
    pub fn run(self) -> Result {
        let mut options = mailslot_redirect::Options::default();
        (options.any_size, options.log) = (self.any_size, self.log);
        match mailslot_redirect::run(&self.program, &self.arguments, &options)? {
            0 => Ok(()),
            // Codes of Windows have 32 bits, and nothing here is left to be done.
            code => std::process::exit(code.cast_signed()),
        }
    }
}
