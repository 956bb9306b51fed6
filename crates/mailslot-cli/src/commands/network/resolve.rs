//! `mailslot resolve`: who has a name.

use clap::Args;
use mailslot_node::control::{Answer, Request};

use super::{ask, unexpected};
use crate::exit::{Failure, Result};
use crate::output;

/// Show the addresses of a computer or group
#[derive(Args)]
#[command(
    after_help = "Asks through the network node of this machine.\n\nExamples:\n  mailslot resolve SRV1\n  mailslot resolve 'PLANT#1b'"
)]
pub struct Resolve {
    /// The name; with a suffix in hexadecimal digits if that is not 0
    name: String,

    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl Resolve {
    pub fn run(self) -> Result {
        match ask(Request::Resolve(self.name.clone()))? {
            Answer::Holders(holders) if holders.is_empty() => {
                Err(Failure::NotOnNetwork(format!("nobody has the name {}", self.name)))
            }
            Answer::Holders(holders) if self.json => output::print_json(&holders),
            Answer::Holders(holders) => {
                let line = |group| if group { " group" } else { "" };
                output::lines(holders.iter().map(|holder| format!("{}{}", holder.address, line(holder.group))))
            }
            answer => Err(unexpected(&answer)),
        }
    }
}
