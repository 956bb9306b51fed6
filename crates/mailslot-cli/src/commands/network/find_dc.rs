//! `mailslot find-dc`: asks for the domain controllers of a domain, and shows the first that answers.

use std::time::{Duration, Instant};

use clap::Args;
use mailslot::{MailslotOptions, Network, Origin, Quoted, Timeout};
use mailslot_node::control::{Members, node_access};
use mailslot_wire::name::suffix;
use mailslot_wire::netlogon::{self, Message, Response, Version};
use mailslot_wire::{DnsName, Name};
use serde::Serialize;

use super::{holders, legacy_node, name, send, text};
use crate::args;
use crate::escape::cell;
use crate::exit::{self, Failure, Result};
use crate::output;
use crate::progress::Progress;

/// Find the primary domain controller of a domain by its NETLOGON mailslot
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct FindDc {
    /// The domain: its NetBIOS name, or its DNS name, whose first label is then taken as the NetBIOS name
    domain: String,

    /// How long to wait for an answer
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = args::duration)]
    timeout: Duration,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Asks through the network node of this machine: by broadcast, and each controller that its WINS server lists for the domain, in any subnet. The answers arrive in a slot of this command. The name of an Active Directory domain is compared with that in each answer; controllers of Windows NT and nmbd send none.

Examples:
  mailslot find-dc PLANT
  mailslot find-dc plant.example.com"#;

#[derive(Default, Serialize)]
pub(super) struct Found {
    server: String,
    domain: String,
    address: Option<std::net::IpAddr>,
}

/// The domain that is looked for.
struct Domain {
    name: Name,
    dns: Option<DnsName>,
}

impl FindDc {
    pub fn run(self) -> Result {
        let domain = Domain::parse(&self.domain)?;
        let node = legacy_node()?;
        let reply = format!(r"NET\GETDC{}", std::process::id());
        let slot = MailslotOptions::new().access(node_access()?).network(Network::Allowed).create(&reply)?;
        let question = domain
            .question(&text(&name(&node.computer)?), &format!(r"\MAILSLOT\{reply}"))
            .map_err(|error| Failure::Unexpected(error.to_string()))?
            .encode();
        let near = send(Members::Near, &domain.name, netlogon::MAILSLOT, question.clone());
        if holders(&domain.name.to_string())?.iter().any(|holder| holder.server.is_some()) {
            send(Members::Known, &domain.name, netlogon::MAILSLOT, question)?;
        } else {
            near?;
            let why = if node.node_type == "B" { "the node uses no WINS server" } else { "no WINS server knows one" };
            exit::complain(format_args!(
                "asked for controllers of {} by broadcast only, which routers do not forward: {why}",
                self.domain
            ));
        }
        let deadline = Instant::now() + self.timeout;
        let _progress = Progress::start("waiting for an answer", self.timeout);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = match slot.receive_within(Timeout::After(left)) {
                Err(mailslot::Error::TimedOut) => {
                    return Err(Failure::NotOnNetwork(format!("no domain controller of {} answers", self.domain)));
                }
                message => message?,
            };
            // Ignores messages that are not from the network, not an answer, or of another domain.
            let Origin::Network(origin) = message.origin else { continue };
            if let Ok(message) = Message::parse(&message.data)
                && let Some((server, domain)) = domain.answer(message)
            {
                return self.print(&Found { server, domain, address: origin.address });
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

impl Domain {
    fn parse(text: &str) -> Result<Domain> {
        let controllers = |name: Name| name.with_suffix(suffix::DOMAIN_CONTROLLERS);
        if text.contains(['<', '#']) || !text.contains('.') {
            return Ok(Domain { name: controllers(name(text)?), dns: None });
        }
        let wrong = |error| mailslot_node::Error::Settings(format!("domain {}: {error}", Quoted(text)));
        let dns = DnsName::new(text.trim_end_matches('.')).map_err(wrong)?;
        // Cut at 15 characters, as systems derive a domain's NetBIOS name.
        let label: String = text.split('.').next().unwrap_or_default().chars().take(15).collect();
        Ok(Domain { name: controllers(Name::new(&label, 0).map_err(wrong)?), dns: Some(dns) })
    }

    /// A DNS name needs the later request: the primary query has no field for it.
    fn question(&self, computer: &str, reply: &str) -> mailslot_wire::Result<Message> {
        match self.dns {
            None => Message::primary_query(computer, reply),
            Some(_) => {
                let version = Version::NT4 | Version::NT5 | Version::EX | Version::PRIMARY;
                Message::sam_logon_request(computer, reply, version)
            }
        }
    }

    /// The controller and its domain, if this is an answer from this domain.
    fn answer(&self, message: Message) -> Option<(String, String)> {
        let own = text(&self.name);
        let is_own = |domain: &str| domain.eq_ignore_ascii_case(&own);
        let plain = |server: &str| server.trim_start_matches('\\').to_owned();
        match message {
            Message::PrimaryResponse { server, domain, .. } if is_own(domain.as_str()) => {
                Some((server.to_string(), domain.to_string()))
            }
            Message::SamLogonResponse(Response { server, domain, directory, .. }) => match (directory, &self.dns) {
                (Some(directory), Some(dns)) if directory.domain == *dns => {
                    Some((plain(server.as_str()), directory.domain.to_string()))
                }
                (None, _) if is_own(domain.as_str()) => Some((plain(server.as_str()), domain.to_string())),
                _ => None,
            },
            Message::SamLogonResponseEx(response) if self.dns.as_ref().is_some_and(|dns| response.domain == *dns) => {
                Some((response.netbios_host.to_string(), response.domain.to_string()))
            }
            _ => None,
        }
    }
}

fn line(found: &Found) -> String {
    let address = found.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
    format!("{}  {address}  {}", cell(&found.server), cell(&found.domain))
}

#[cfg(test)]
mod tests {
    use mailslot_wire::WideText;

    use super::*;
    use crate::hostile;

    #[test]
    fn domains_are_named_as_in_netbios_or_in_the_dns() {
        for (text, name, dns) in [
            ("plant", "PLANT<1c>", None),
            ("PLANT<00>", "PLANT<1c>", None),
            ("plant#1b", "PLANT<1c>", None),
            ("plant.example.com", "PLANT<1c>", Some("plant.example.com")),
            ("Plant.Example.com.", "PLANT<1c>", Some("plant.example.com")),
            ("a-very-long-label.example", "A-VERY-LONG-LAB<1c>", Some("a-very-long-label.example")),
        ] {
            let domain = Domain::parse(text).expect(text);
            let dns = dns.map(|dns| DnsName::new(dns).expect("labels"));
            assert_eq!((domain.name.to_string().as_str(), domain.dns), (name, dns), "{text}");
        }
        for text in ["", ".example", "plant..example", "sixteen-letters-", "é.example"] {
            assert!(Domain::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn answers_of_other_domains_are_none() {
        let netlogon_text = |text: &str| WideText::new(text).expect("no NUL");
        let response = |server: &str, domain: &str| {
            Message::SamLogonResponse(Response {
                outcome: netlogon::Outcome::Available,
                server: netlogon_text(server),
                user: netlogon_text(""),
                domain: netlogon_text(domain),
                directory: None,
                version: Version::NT4,
            })
        };
        let plant = Domain::parse("plant.example").expect("labels");
        let found = Some(("SRV1".to_owned(), "Plant".to_owned()));
        assert_eq!(plant.answer(response(r"\\SRV1", "Plant")), found);
        assert_eq!(plant.answer(response(r"\\SRV1", "OTHER")), None);
    }

    #[test]
    fn controllers_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| {
            vec![line(&Found { server: text.to_owned(), domain: text.to_owned(), address: None })]
        });
    }
}
