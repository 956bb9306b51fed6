//! `mailslot doctor`: why messages arrive, or why they do not.

mod counters;
mod destination;
mod domain;
mod finding;
#[cfg(unix)]
mod firewall;
#[cfg(unix)]
mod interfaces;
mod node;
#[cfg(unix)]
mod ports;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod root;
mod sending;
mod session;
mod slot;

use clap::Args;
use mailslot::Address;
use mailslot_node::control;

use self::destination::Way;
use self::finding::Findings;
use crate::exit::Result;

/// Explain why messages to an address arrive, or why they do not
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Doctor {
    /// The destination of a message; without it, everything that the network needs is checked
    address: Option<String>,

    /// Print one JSON object for each finding, one to a line
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Each line is ok, problem or unknown, what was checked, what was found, and what to do about it. The status is 1 if there is a problem. Faults from before that no longer occur are not problems. Nothing is sent to the slots of other machines; in modern domains, their nodes are asked for receipts. Root sees more: which process has a port, and what a firewall drops.

Examples:
  mailslot doctor
  mailslot doctor '\\PLANT\mailslot\alerts'
  mailslot doctor --json | jq -r 'select(.state == "problem").remedy'"#;

impl Doctor {
    pub fn run(self) -> Result {
        let mut findings = Findings::default();
        #[cfg(unix)]
        root::examine(&mut findings);
        match &self.address {
            None => examine_network(None, &mut findings),
            Some(text) => {
                if let Some(address) = destination::parse(text, &mut findings) {
                    examine(&address, &mut findings);
                }
            }
        }
        findings.report(self.json)
    }
}

fn examine(address: &Address, findings: &mut Findings) {
    if address.is_here() {
        slot::examine(address.slot(), findings);
    } else {
        examine_network(Some(address), findings);
    }
}

/// Checks what messages to `address` need; without an address, what any message may need.
fn examine_network(address: Option<&Address>, findings: &mut Findings) {
    let node = node::examine(findings);
    let way = address.map(|address| destination::way(address, node.as_ref(), findings));
    if let Some(address) = address {
        slot::examine_own(address, node.as_ref(), findings);
    }
    domain::examine(address, way.as_ref(), node.as_ref(), findings);
    if matches!(way, None | Some(Way::Legacy | Way::Nowhere)) {
        examine_legacy(address, node.as_ref(), findings);
    }
    #[cfg(unix)]
    firewall::examine(&firewall::wanted(way.as_ref(), node.as_ref()), findings);
}

fn examine_legacy(address: Option<&Address>, node: Option<&node::Running>, findings: &mut Findings) {
    #[cfg(unix)]
    if node.is_none_or(|node| node.legacy) {
        interfaces::examine(node, findings);
        ports::examine(node, findings);
    }
    if let Some(node) = node.filter(|node| node.legacy) {
        node::examine_names(node, findings);
        let taken = |status: &control::Status| status.counters.get("outgoing").copied();
        sending::examine("NetBIOS network", mailslot::network::SLOT, node, taken, findings);
        if let Some(address) = address {
            destination::examine_holders(address, findings);
        }
        let later = node.later().map(|status| status.counters).unwrap_or_default();
        counters::examine("", &node.status.counters, &later, &counters::LEGACY, findings);
    }
}
