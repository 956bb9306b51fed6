//! `mailslot resolve`: who has a name.

use clap::Args;

use super::holders;
use crate::exit::{Failure, Result};
use crate::output;

/// Show the addresses of a computer or group
#[derive(Args)]
#[command(
    after_help = "Asks through the network node of this machine.\n\nExamples:\n  mailslot resolve SRV1\n  mailslot resolve 'PLANT#1b'\n  mailslot resolve 'PLANT<1e>'"
)]
pub struct Resolve {
    /// The name; with a suffix in hexadecimal digits if that is not 0, or as it is printed
    name: String,

    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl Resolve {
    pub fn run(self) -> Result {
        let holders = holders(&self.name)?;
        if holders.is_empty() {
            return Err(Failure::NotOnNetwork(format!("nobody has the name {}", self.name)));
        }
        if self.json {
            return output::print_json(&holders);
        }
        let line = |group| if group { " group" } else { "" };
        output::lines(holders.iter().map(|holder| format!("{}{}", holder.address, line(holder.group))))
    }
}
