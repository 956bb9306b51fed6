//! The node of this machine: whether it runs, its user, and whether it holds its names.

use std::collections::{BTreeMap, BTreeSet};

use mailslot::{Address, Error, SlotStatus};
use mailslot_node::control::{self, Answer, Request};

use super::finding::{Findings, names};
#[cfg(unix)]
use super::process::Privileges;
use crate::accounts;

/// The computers of a domain, and the slots of each.
pub type Members = BTreeMap<String, BTreeSet<String>>;

pub fn members(domain: &str) -> Members {
    match control::ask(Request::Members(domain.to_owned()), super::super::PATIENCE) {
        Ok(Answer::Members(members)) => members,
        _ => Members::new(),
    }
}

/// A node that runs and answers.
pub struct Running {
    pub status: control::Status,
    /// The node's process.
    pub pid: Option<u32>,
    pub uid: Option<u32>,
    /// Whether it is in a NetBIOS network.
    pub legacy: bool,
    /// The computers in its modern domains.
    pub computers: BTreeSet<String>,
}

impl Running {
    /// The node's status now.
    pub fn later(&self) -> Option<control::Status> {
        match control::ask(Request::Status, super::super::PATIENCE) {
            Ok(Answer::Status(status)) => Some(*status),
            _ => None,
        }
    }

    /// Whether this is its computer's name.
    pub fn is(&self, computer: &str) -> bool {
        self.computer().eq_ignore_ascii_case(computer)
    }

    /// The computer's name, without what NetBIOS adds to it.
    pub fn computer(&self) -> &str {
        self.status.computer_name()
    }

    /// Whether a modern domain has a computer of this name.
    pub fn knows_computer(&self, computer: &str) -> bool {
        self.computers.contains(computer)
    }
}

pub fn examine(findings: &mut Findings) -> Option<Running> {
    let Some(slot) = status_of(control::SLOT) else {
        findings.problem("node", "no network node runs on this machine, or MAILSLOT_ROOT is another one", start_it());
        return None;
    };
    match control::ask(Request::Status, super::super::PATIENCE) {
        Ok(Answer::Status(status)) => {
            let legacy = status_of(mailslot::network::SLOT).is_some();
            let computers = status.domains.iter().flat_map(|domain| members(&domain.name).into_keys()).collect();
            let node = Running { status: *status, pid: slot.pid, uid: slot.uid, legacy, computers };
            findings.ok("node", describe(&node));
            examine_version(&node, findings);
            Some(node)
        }
        Ok(other) => {
            findings.unknown("node", format!("the node answered {other:?}"), same_version());
            None
        }
        Err(error) => {
            findings.problem("node", error, "end the node's process and restart it; see its log");
            None
        }
    }
}

fn status_of(slot: &str) -> Option<SlotStatus> {
    let address = Address::parse_win32(slot).ok()?;
    match mailslot::status(address.slot()) {
        Err(Error::NotFound(_)) => None,
        status => status.ok(),
    }
}

#[cfg(windows)]
fn start_it() -> String {
    "start one: mailslot node --netbios false --slot SLOT".to_owned()
}

#[cfg(unix)]
fn start_it() -> String {
    let start = "start one: mailslot node --computer NAME --workgroup NAME";
    match Privileges::of_this_process() {
        Some(privileges) if !privileges.may_bind_low_ports() => {
            format!("{start}, as root or with CAP_NET_BIND_SERVICE; with --netbios false it needs no privilege")
        }
        _ => start.to_owned(),
    }
}

fn describe(node: &Running) -> String {
    let user = node.uid.map(|uid| format!(" as user {}", accounts::user(uid))).unwrap_or_default();
    let process = node.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
    let version = version(node);
    let netbios =
        if node.legacy { format!(", in the workgroup {}", node.status.workgroup_name()) } else { String::new() };
    format!("runs{user}{process}, {version}, as computer {}{netbios}", node.computer())
}

/// Older nodes do not report it.
fn version(node: &Running) -> &str {
    if node.status.version.is_empty() { "before 0.1" } else { &node.status.version }
}

/// Node and command must be of one version to be sure to understand each other.
fn examine_version(node: &Running, findings: &mut Findings) {
    if node.status.version != env!("CARGO_PKG_VERSION") {
        let found = format!("the node is of version {}, this command of {}", version(node), env!("CARGO_PKG_VERSION"));
        findings.unknown("version", found, same_version());
    }
}

fn same_version() -> &'static str {
    "use the node and the command of one installation, and restart the node after an update"
}

/// Checks that it holds its names in the NetBIOS network.
pub fn examine_names(node: &Running, findings: &mut Findings) {
    let lost = node.status.names.iter().filter(|name| name.state == "refused" || name.state == "conflict");
    let lost: Vec<String> = lost.map(|name| format!("{} on {} ({})", name.name, name.interface, name.state)).collect();
    if !lost.is_empty() {
        let found = format!("other machines hold names of this node: {}", names(lost.iter().map(String::as_str)));
        findings.problem("names", found, "give this computer another name: mailslot node --computer");
    } else if node.status.names.iter().any(|name| name.state == "claiming") {
        findings.unknown("names", "the node still claims its names", "look again in a few seconds");
    } else if !node.status.names.is_empty() {
        findings.ok("names", "the node holds all its names");
    }
}
