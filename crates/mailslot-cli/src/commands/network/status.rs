//! `mailslot status`: the names that another machine has.

use std::net::Ipv4Addr;

use clap::Args;
use mailslot_node::control::{Answer, NameAt, Request};

use super::{ask, holders, unexpected};
use crate::escape::cell;
use crate::exit::{Failure, Result};
use crate::output;

/// Show the NetBIOS names of a machine
#[derive(Args)]
#[command(
    after_help = "Asks through the network node of this machine.\n\nExamples:\n  mailslot status SRV1\n  mailslot status 192.0.2.7"
)]
pub struct Status {
    /// The machine's name or address
    host: String,

    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl Status {
    pub fn run(self) -> Result {
        let address = self.address()?;
        match ask(Request::NodeStatus(address))? {
            Answer::Names(names) if self.json => output::print_json(&names),
            Answer::Names(names) => output::lines(names.iter().map(line)),
            answer => Err(unexpected(&answer)),
        }
    }

    fn address(&self) -> Result<Ipv4Addr> {
        if let Ok(address) = self.host.parse() {
            return Ok(address);
        }
        match holders(&self.host)?.first() {
            Some(holder) if !holder.group => Ok(holder.address),
            Some(_) => Err(Failure::NotOnNetwork(format!("{} is a group, not a machine", self.host))),
            None => Err(Failure::NotOnNetwork(format!("nobody has the name {}", self.host))),
        }
    }
}

fn line(name: &NameAt) -> String {
    let kind = if name.group { "group" } else { "unique" };
    let state = match (name.conflict, name.active) {
        (true, _) => "conflict",
        (false, true) => "active",
        (false, false) => "inactive",
    };
    format!("{:<22} {kind:<7} {state}", cell(&name.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn names_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| {
            vec![line(&NameAt { name: text.to_owned(), group: false, active: true, conflict: false })]
        });
    }
}
