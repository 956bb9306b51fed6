//! The JSON of the commands of this folder. docs/json.md states it, and a test of the command compares the two.

use serde::Serialize;
use snapbox::{assert_data_eq, file};

use self::shape::shape;
use super::{browse, find_dc};
use mailslot_node::control::{self, HolderOf, NameAt};

#[path = "../../../tests/command/shape.rs"]
mod shape;

#[test]
fn json_of_networks() {
    let mut shapes = Shapes::default();
    shapes.add("resolve --json SRV1", HolderOf::new([192, 0, 2, 1].into()));
    shapes.add("status --json SRV1", NameAt::new("SRV1<20>"));
    shapes.add("browse --json", browse::Server::default());
    shapes.add("find-dc --json PLANT", find_dc::Found::default());
    let status = serde_json::json!({
        "version": "1", "computer": "SRV1<00>", "workgroup": "PLANT<00>", "node_type": "B", "nmbd_connected": null,
        "interfaces": [{ "name": "eth0", "address": "192.0.2.1", "prefix": 24, "broadcast": "192.0.2.255" }],
        "unused": [{ "name": "eth7", "reason": "there is no such interface", "is_fault": true }],
        "names": [{ "name": "SRV1<00>", "group": false, "interface": "eth0", "state": "held" }],
        "counters": {},
    });
    let mut status = serde_json::to_value(serde_json::from_value::<control::Status>(status).expect("a status"))
        .expect("a status is JSON");
    // They have shapes below.
    if let Some(status) = status.as_object_mut() {
        status.remove("domains");
        status.remove("bridges");
    }
    shapes.add("node status --json", status);
    assert_data_eq!(shapes.0, file!["../../../tests/snapshots/json-network.txt"].raw());
}

#[test]
fn json_of_domains() {
    let mut shapes = Shapes::default();
    let domain = serde_json::json!({
        "name": "PLANT", "sealed": true, "mode": "peer", "open": true, "peers": 1, "routers": 0, "listen": [],
        "connect": [], "computers": 2, "slots": [], "counters": {},
        "keys": [{ "fingerprint": "0123", "send_from": "2026-01-01", "accept_until": null, "in_use": true }],
    });
    let bridge = serde_json::json!({
        "domain": "PLANT", "to_domain": [], "to_legacy": [], "is_ready": true, "counters": {},
        "segments": [{
            "interface": "eth0", "address": "192.0.2.1", "prefix": 24, "workgroup": "PLANT", "sender": null,
        }],
    });
    let domain: mailslot_domain::status::Status = serde_json::from_value(domain).expect("a domain's status");
    let bridge: mailslot_node::bridge::BridgeStatus = serde_json::from_value(bridge).expect("a bridge's status");
    shapes.add("node status --json", domain);
    shapes.add("node status --json", bridge);
    let slots = std::collections::BTreeSet::from(["alerts".to_owned()]);
    shapes.add("list --domain PLANT --json", super::domains::Member { computer: "SRV1", slots: &slots });
    assert_data_eq!(shapes.0, file!["../../../tests/snapshots/json-domains.txt"].raw());
}

/// Commands and their output.
#[derive(Default)]
struct Shapes(String);

impl Shapes {
    fn add(&mut self, command: &str, value: impl Serialize) {
        let value = serde_json::to_value(value).expect("a value is JSON");
        self.0 += &format!("$ mailslot {command}\n{}\n", shape(&value));
    }
}
