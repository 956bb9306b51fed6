//! What is known of slots and node at one moment.

use std::time::Instant;

use mailslot::SlotStatus;

use crate::exit::Result;

pub struct Snapshot {
    pub at: Instant,
    pub slots: Vec<SlotStatus>,
    /// Lines about the network node; none if no node runs.
    pub node: Vec<String>,
}

impl Snapshot {
    pub fn take() -> Result<Snapshot> {
        let slots = mailslot::list()?;
        let at = Instant::now();
        let node = node(&slots);
        Ok(Snapshot { at, slots, node })
    }
}

#[cfg(not(feature = "node"))]
fn node(_: &[SlotStatus]) -> Vec<String> {
    Vec::new()
}

#[cfg(feature = "node")]
fn node(slots: &[SlotStatus]) -> Vec<String> {
    use mailslot_node::control::{self, Answer, Request};
    use std::time::Duration;

    /// Keys are not answered meanwhile, and a node that lives answers at once.
    const PATIENCE: Duration = Duration::from_millis(250);

    // Asking takes a slot of one's own, which is not made for nothing.
    if !slots.iter().any(|slot| control::SLOT.ends_with(slot.name.as_str())) {
        return Vec::new();
    }
    match control::ask(Request::Status, PATIENCE) {
        Ok(Answer::Status(status)) => lines(&status),
        Ok(_) => Vec::new(),
        Err(error) => vec![format!("node: {error}")],
    }
}

#[cfg(feature = "node")]
fn lines(status: &mailslot_node::control::Status) -> Vec<String> {
    use crate::escape::cell;

    let mut lines = Vec::new();
    if status.netbios {
        let [computer, workgroup, kind] = [&status.computer, &status.workgroup, &status.node_type].map(cell);
        let interfaces = status.interfaces.len();
        lines.push(format!("node {computer} in {workgroup}, {kind} node, {interfaces} interfaces"));
    } else {
        lines.push(format!("node {}", cell(status.computer.split('<').next().unwrap_or_default())));
    }
    #[cfg(feature = "zenoh")]
    lines.extend(status.domains.iter().map(|domain| {
        let (name, mode) = (cell(&domain.name), cell(&domain.mode));
        let sealed = if domain.sealed { "sealed" } else { "OPEN" };
        let state = if domain.open { "" } else { ", not open yet" };
        let (computers, peers, routers) = (domain.computers, domain.peers, domain.routers);
        format!("domain {name}, {sealed}, {mode}{state}: {computers} computers, {peers} peers, {routers} routers")
    }));
    lines
}
