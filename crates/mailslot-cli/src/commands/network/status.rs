//! `mailslot status`: the names that another machine has.

use std::net::Ipv4Addr;

use clap::Args;
use mailslot_node::control::{Answer, NameAt, Request};

use super::{ask, holders, unexpected};
use crate::escape::cell;
use crate::exit::{Failure, Result};
use crate::output;
use crate::table::{Align, Table};

/// Show the NetBIOS names of a machine
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Status {
    /// The machine's name or address
    host: String,

    /// Print one JSON object for each name, one to a line
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Asks through the network node of this machine.

Examples:
  mailslot status SRV1
  mailslot status 192.0.2.7"#;

impl Status {
    pub fn run(self) -> Result {
        let address = self.address()?;
        match ask(Request::NodeStatus(address))? {
            Answer::Names(names) if self.json => output::print_json_lines(&names),
            Answer::Names(names) => output::lines(table(&names).lines()),
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

fn table(names: &[NameAt]) -> Table {
    let mut table = Table::new([Align::Left; 3]);
    for name in names {
        let kind = if name.group { "group" } else { "unique" };
        let state = match (name.conflict, name.active) {
            (true, _) => "conflict",
            (false, true) => "active",
            (false, false) => "inactive",
        };
        table.row([cell(&name.name), kind.to_owned(), state.to_owned()]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn names_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| table(&[NameAt::new(text)]).lines());
    }
}
