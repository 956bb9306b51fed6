//! The state of slots and node at one moment.

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

    /// Short, because keys wait meanwhile, and a working node answers at once.
    const PATIENCE: Duration = Duration::from_millis(250);

    // Without its slot, the node does not run: skip the request, which would create a slot for the answer.
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
        let interfaces = match status.interfaces.len() {
            1 => "1 interface".to_owned(),
            number => format!("{number} interfaces"),
        };
        lines.push(format!("node {computer} in {workgroup}, {kind} node, {interfaces}"));
    } else {
        lines.push(format!("node {}", cell(status.computer_name())));
    }
    lines.extend(status.domains.iter().map(|domain| {
        let (name, mode) = (cell(&domain.name), cell(&domain.mode));
        let sealed = if domain.sealed { "sealed" } else { "OPEN" };
        let state = if domain.open { "" } else { ", not open yet" };
        let computers = domain.computers.map(|number| format!("{number} computers, ")).unwrap_or_default();
        let (peers, routers) = (domain.peers, domain.routers);
        format!("domain {name}, {sealed}, {mode}{state}: {computers}{peers} peers, {routers} routers")
    }));
    lines
}

#[cfg(all(test, feature = "node"))]
mod tests {
    use super::*;
    use crate::hostile;

    fn status(netbios: bool) -> serde_json::Value {
        serde_json::json!({
            "computer": "SRV1<00>", "workgroup": "PLANT<00>", "netbios": netbios, "node_type": "B",
            "nmbd_connected": null,
            "interfaces": [{ "name": "eth0", "address": "192.0.2.1", "prefix": 24, "broadcast": null }],
            "names": [], "counters": {},
            "domains": [{
                "name": "PLANT", "sealed": true, "mode": "peer", "open": true, "peers": 2, "routers": 0, "listen": [],
                "connect": [], "computers": 3, "slots": [], "keys": [], "counters": {},
            }],
        })
    }

    #[test]
    fn a_node_has_a_line_and_so_has_each_of_its_domains() {
        let text = |netbios| lines(&serde_json::from_value(status(netbios)).expect("a status"));
        assert_eq!(text(true)[0], "node SRV1<00> in PLANT<00>, B node, 1 interface");
        assert_eq!(text(false)[0], "node SRV1");
        assert_eq!(text(true)[1], "domain PLANT, sealed, peer: 3 computers, 2 peers, 0 routers");
    }

    #[test]
    fn whatever_a_node_says_of_itself_stays_in_its_cells() {
        hostile::stays_in_its_cells(|planted| {
            let mut status = status(true);
            hostile::plant(&mut status, planted);
            lines(&serde_json::from_value(status).expect("a status"))
        });
    }
}
