//! `mailslot find-dc`: asks for the domain controllers of a domain, and shows who answers.

use std::time::{Duration, Instant};

use clap::Args;
use mailslot::{MailslotOptions, Network, Origin, Timeout};
use mailslot_node::control::{Answer, Request, node_access};
use mailslot_wire::netlogon::{self, Message};
use serde::Serialize;

use super::{ask, unexpected};
use crate::args;
use crate::escape::cell;
use crate::exit::{Failure, Result};
use crate::output;

/// Find the primary domain controller of a domain by its NETLOGON mailslot
#[derive(Args)]
#[command(after_help = "Asks through the network node of this machine; the answers come to a slot of this command.")]
pub struct FindDc {
    /// The domain
    domain: String,

    /// How long to wait for an answer
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = args::duration)]
    timeout: Duration,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found {
    server: String,
    domain: String,
    address: Option<std::net::IpAddr>,
}

impl FindDc {
    pub fn run(self) -> Result {
        let name = format!(r"NET\GETDC{}", std::process::id());
        let slot = MailslotOptions::new().access(node_access()?).network(Network::Allowed).create(&name)?;
        let Answer::Status(node) = ask(Request::Status)? else {
            return Err(Failure::Unexpected("the node did not tell its status".into()));
        };
        let computer = node.computer.split('<').next().unwrap_or_default();
        let query = Message::primary_query(computer, &format!(r"\MAILSLOT\{name}"))
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        let group = format!("{}#1c", self.domain);
        let slot_name = String::from_utf8_lossy(netlogon::MAILSLOT).into_owned();
        match ask(Request::Send { group, slot: slot_name, data: query.encode() })? {
            Answer::Sent => {}
            answer => return Err(unexpected(&answer)),
        }
        let deadline = Instant::now() + self.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = match slot.receive_within(Timeout::After(left)) {
                Err(mailslot::Error::TimedOut) => {
                    return Err(Failure::NotOnNetwork(format!("no domain controller of {} answers", self.domain)));
                }
                message => message?,
            };
            // What did not come from the network, or is no answer, or one of another domain, is not shown.
            let Origin::Network(origin) = message.origin else { continue };
            if let Ok(Message::PrimaryResponse { server, domain, .. }) = Message::parse(&message.data)
                && domain.as_str().eq_ignore_ascii_case(&self.domain)
            {
                let server = String::from_utf8_lossy(server.as_bytes()).into_owned();
                return self.print(&Found { server, domain: domain.as_str().to_owned(), address: origin.address });
            }
        }
    }

    fn print(&self, found: &Found) -> Result {
        if self.json {
            return output::print_json(found);
        }
        output::line(line(found))
    }
}

fn line(found: &Found) -> String {
    let address = found.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
    format!("{}  {address}  {}", cell(&found.server), cell(&found.domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn controllers_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| {
            vec![line(&Found { server: text.to_owned(), domain: text.to_owned(), address: None })]
        });
    }
}
