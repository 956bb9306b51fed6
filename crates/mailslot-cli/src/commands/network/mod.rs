//! The commands of the network: the node, and those that ask it.

pub mod bridges;
#[cfg(unix)]
pub mod browse;
#[cfg(unix)]
pub mod capture;
pub mod doctor;
pub mod domains;
#[cfg(unix)]
pub mod embedded;
#[cfg(unix)]
pub mod find_dc;
pub mod node;
#[cfg(unix)]
pub mod resolve;
mod settings;
#[cfg(all(test, unix))]
mod shapes;
#[cfg(unix)]
pub mod status;

use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(unix)]
use mailslot_node::config;
use mailslot_node::control::{self, Answer, Request};
#[cfg(unix)]
use mailslot_node::control::{HolderOf, Members};
#[cfg(unix)]
use mailslot_wire::Name;

use crate::escape::cell;
use crate::exit::{Failure, Result};

/// Longer than a node takes until a query times out.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the node of this machine.
fn ask(request: Request) -> Result<Answer> {
    Ok(control::ask(request, PATIENCE)?)
}

/// The failure for an answer to another request.
fn unexpected(answer: &Answer) -> Failure {
    Failure::Unexpected(format!("the node answered {answer:?}"))
}

/// The node's status, if it is in a NetBIOS network.
#[cfg(unix)]
fn legacy_node() -> Result<control::Status> {
    match ask(Request::Status)? {
        Answer::Status(status) if status.netbios => Ok(*status),
        Answer::Status(_) => Err(Failure::NoNetbios),
        answer => Err(unexpected(&answer)),
    }
}

/// The holders of a name, given as a user writes it or as it is printed.
#[cfg(unix)]
fn holders(name: &str) -> Result<Vec<HolderOf>> {
    let found = |name: &str| match ask(Request::Resolve(name.to_owned()))? {
        Answer::Holders(holders) => Ok(holders),
        answer => Err(unexpected(&answer)),
    };
    let mut holders = found(name)?;
    // A printed name has a letter case that counts. Nearly all names are in capitals, and some nodes ignore case, so
    // capitals are tried as well.
    let capitals = name.to_ascii_uppercase();
    if name.contains('>') && capitals != name && !name.contains('\\') {
        let more = found(&capitals)?.into_iter().filter(|holder| !holders.contains(holder)).collect::<Vec<_>>();
        holders.extend(more);
    }
    Ok(holders)
}

/// Writes a message to a mailslot of a group's members.
#[cfg(unix)]
fn send(to: Members, group: &Name, slot: &[u8], data: Vec<u8>) -> Result {
    let slot = String::from_utf8_lossy(slot).into_owned();
    match ask(Request::Send { to, group: group.to_string(), slot, data })? {
        Answer::Sent => Ok(()),
        answer => Err(unexpected(&answer)),
    }
}

/// A name; a suffix in the text is allowed.
#[cfg(unix)]
fn name(text: &str) -> Result<Name> {
    Ok(config::name(text)?)
}

/// The text of a name for a message.
#[cfg(unix)]
fn text(name: &Name) -> String {
    String::from_utf8_lossy(name.text()).into_owned()
}

/// A line for each counter that is not 0.
fn counters(counters: &BTreeMap<String, u64>) -> impl Iterator<Item = String> {
    let counted = counters.iter().filter(|(_, count)| **count > 0);
    counted.map(|(label, count)| format!("  {:<26}{count:>12}", cell(label)))
}
