//! `mailslot resolve`: the holders of a name.

use clap::Args;

use super::holders;
use crate::exit::{Failure, Result};
use crate::output;

/// Show the addresses of a computer or group
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Resolve {
    /// The name; with a suffix in hexadecimal digits if that is not 0, or in its printed form
    name: String,

    /// Print one JSON object for each address, one to a line
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Asks through the network node of this machine.

Examples:
  mailslot resolve SRV1
  mailslot resolve 'PLANT#1b'
  mailslot resolve 'PLANT<1e>'"#;

impl Resolve {
    pub fn run(self) -> Result {
        let holders = holders(&self.name)?;
        if holders.is_empty() {
            return Err(Failure::NotOnNetwork(format!("nobody has the name {}", self.name)));
        }
        if self.json {
            return output::print_json_lines(&holders);
        }
        let line = |group| if group { " group" } else { "" };
        output::lines(holders.iter().map(|holder| format!("{}{}", holder.address, line(holder.group))))
    }
}
