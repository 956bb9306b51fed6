//! Slots of this machine: the destination of a message, or one of many if it is for all machines.

use mailslot::{Access, Address, Error, MailslotWriter, Network, SlotName, SlotStatus};

use super::finding::{Findings, count};
use super::node::Running;
use crate::accounts;

/// Checks the slot that a message goes to.
pub fn examine(name: &SlotName, findings: &mut Findings) {
    let slot = match mailslot::status(name) {
        Ok(slot) => slot,
        Err(Error::NotFound(_)) => {
            let remedy = format!("start its reader: mailslot listen '{name}'; MAILSLOT_ROOT must be the same for both");
            return findings.problem("slot", format!("this machine has no slot {name}"), remedy);
        }
        Err(error) => return findings.unknown("slot", error, "ask again as the slot's owner or as root"),
    };
    findings.ok("slot", format!("this machine has it{}", owner(&slot)));
    match MailslotWriter::open(name.clone()) {
        Ok(writer) => findings
            .ok("access", format!("this user may write to it, messages of up to {} bytes", writer.max_message_size())),
        Err(Error::NotAllowed(_)) => {
            findings.problem("access", "this user may not write to it", "its owner decides: mailslot listen --access");
        }
        Err(error) => findings.problem("access", error, "check the slot: mailslot info"),
    }
    examine_room(&slot, findings);
}

/// Checks the slot of this machine that messages to `address` are also for.
pub fn examine_own(address: &Address, node: Option<&Running>, findings: &mut Findings) {
    let one_computer_elsewhere =
        |target: &str| node.is_some_and(|node| node.knows_computer(target) && !node.is(target));
    let is_for_us = match address {
        Address::Remote { target, .. } => !one_computer_elsewhere(target.as_str()),
        _ => true,
    };
    let Ok(slot) = mailslot::status(address.slot()) else { return };
    if !is_for_us {
        return;
    }
    match slot.network {
        Some(Network::Allowed) => {
            findings.ok("own slot", format!("the slot here is open to the network{}", owner(&slot)));
        }
        // On Windows, where slots do not say so.
        None => findings.unknown(
            "own slot",
            format!("only the settings of the node say whether the slot {} here is open to the network", slot.name),
            "name it there: mailslot node --slot",
        ),
        _ => findings.problem(
            "own slot",
            format!("the slot {} here is not open to the network, so no message from there reaches it", slot.name),
            "its creator opens it: mailslot listen --network, or Network::Allowed in the library",
        ),
    }
    if let Some(node) = node {
        examine_node_access(&slot, node, findings);
    }
    examine_room(&slot, findings);
}

/// Checks that the node's user may write to the slot.
fn examine_node_access(slot: &SlotStatus, node: &Running, findings: &mut Findings) {
    let (Some(owner), Some(access), Some(user)) = (slot.uid, &slot.access, node.uid) else { return };
    let may = match access {
        Access::Everyone => true,
        Access::Users(users) => user == owner || users.contains(&user),
        Access::Owner => user == owner,
        // The node's groups are not known.
        _ => return,
    };
    if !may && user != 0 {
        findings.problem(
            "own slot",
            format!("the node's user {} may not write to it", accounts::user(user)),
            format!("give the user access: mailslot listen --access users:{}", accounts::user(user)),
        );
    }
}

fn examine_room(slot: &SlotStatus, findings: &mut Findings) {
    let Some(counts) = &slot.info else { return };
    let Some(statistics) = &counts.statistics else { return };
    if statistics.refused_full > 0 {
        let refused = count(statistics.refused_full, "message");
        let found = format!("{refused} found it full; {} wait to be read", counts.count);
        findings.unknown("room", found, "read faster, or give it more room: mailslot listen --capacity");
    }
    if statistics.refused_too_large > 0 {
        let refused = count(statistics.refused_too_large, "message");
        findings.unknown("room", format!("{refused} were larger than it accepts"), "mailslot listen --max-size");
    }
}

fn owner(slot: &SlotStatus) -> String {
    let user = slot.uid.map(|uid| format!(", owned by {}", accounts::user(uid))).unwrap_or_default();
    let process = slot.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
    user + &process
}
