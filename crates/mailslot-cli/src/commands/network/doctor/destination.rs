//! The address: its kind, and the way of messages to it.

use mailslot::network::ask_routes;
use mailslot::network::routes::{Answer, Question};
use mailslot::{Address, MailslotWriter};
use mailslot_node::control::{self, Request};

use super::finding::{Findings, names};
use super::node::Running;

/// The way of messages to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The modern domain of this name.
    Modern(String),
    Legacy,
    Nowhere,
}

pub fn parse(text: &str, findings: &mut Findings) -> Option<Address> {
    match text.parse::<Address>() {
        Ok(address) => {
            findings.ok("name", format!("{address}: {}", kind(&address)));
            Some(address)
        }
        Err(error) => {
            let remedy = concat!(
                r"write \\COMPUTER\mailslot\SLOT, \\DOMAIN\mailslot\SLOT, \\*\mailslot\SLOT, ",
                "or the name of a slot here"
            );
            findings.problem("name", error, remedy);
            None
        }
    }
}

fn kind(address: &Address) -> &'static str {
    match address {
        Address::Local(_) => "a slot of this machine",
        Address::Remote { .. } => "that slot of one computer, or of all machines of a domain",
        Address::Broadcast(_) => "that slot of all machines of this machine's domain",
        _ => "a form that this command does not know",
    }
}

/// The way of messages to `address`, and their largest size.
pub fn way(address: &Address, node: Option<&Running>, findings: &mut Findings) -> Way {
    let way = match ask_routes(&Question::Route(address.clone())) {
        Ok(Some(Answer::Route { slot, .. })) => {
            let domain = slot.as_str().rsplit('\\').next().unwrap_or_default().to_owned();
            findings.ok("way", format!("goes to the modern domain {domain}"));
            Way::Modern(domain)
        }
        Ok(answer) => other_way(address, node, answer.is_some(), findings),
        Err(error) => {
            findings.unknown("way", error, "check that the node still works: mailslot node status");
            Way::Nowhere
        }
    };
    if way != Way::Nowhere {
        match MailslotWriter::open(address.clone()) {
            Ok(writer) => {
                let limit = format!("messages of up to {} bytes can be sent there", writer.max_message_size());
                let less = if way == Way::Legacy { "" } else { ", if the receiving slot accepts them" };
                findings.ok("size", limit + less);
            }
            Err(error) => findings.problem("open", error, "choose names that can travel in this network"),
        }
    }
    way
}

/// The way to an address that is in no modern domain, or in none that the node knows.
fn other_way(address: &Address, node: Option<&Running>, modern: bool, findings: &mut Findings) -> Way {
    let target = match address {
        Address::Remote { target, .. } => target.as_str(),
        _ => "this machine's own domain",
    };
    if node.is_some_and(|node| node.legacy) {
        let but = if modern { format!("; no modern domain here has or is {target}") } else { String::new() };
        findings.ok("way", format!("goes to the NetBIOS network{but}"));
        return Way::Legacy;
    }
    if node.is_some() {
        let found =
            format!("the node is in no NetBIOS network, and {target} is no modern domain or computer that it knows");
        let remedy = "get the domain's file (mailslot domain join FILE), see that the computer's node runs (mailslot \
                      list --domain NAME), or start the node without --netbios false";
        findings.problem("way", found, remedy);
    }
    Way::Nowhere
}

/// The holders of the name in the NetBIOS network.
pub fn examine_holders(address: &Address, findings: &mut Findings) {
    let Address::Remote { target, .. } = address else { return };
    match control::ask(Request::Resolve(target.to_string()), super::super::PATIENCE) {
        Ok(control::Answer::Holders(holders)) if !holders.is_empty() => {
            let kind = if holders[0].group { "a group" } else { "a computer" };
            let addresses: Vec<String> = holders.iter().map(|holder| holder.address.to_string()).collect();
            findings.ok("target", format!("{target} is {kind} at {}", names(addresses.iter().map(String::as_str))));
        }
        Ok(control::Answer::Holders(_)) => {
            let remedy =
                "check that it is on and in this subnet; for other subnets, all machines need a WINS server (--wins)";
            findings.problem("target", format!("nobody in the NetBIOS network has the name {target}"), remedy);
        }
        Ok(_) => {}
        Err(error) => findings.unknown("target", error, "check the node: mailslot node status"),
    }
}
