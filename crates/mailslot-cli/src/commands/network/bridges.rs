//! Bridges in `node status`.

use mailslot_node::bridge::{BridgeStatus, SegmentStatus};

use crate::escape::cell;

/// A bridge's part of `node status`.
pub fn text(bridge: &BridgeStatus) -> Vec<String> {
    let state = if bridge.is_ready { "" } else { ", not ready yet" };
    let mut lines = vec![format!("bridge to {}{state}", cell(&bridge.domain))];
    for (label, patterns) in [("into the domain:", &bridge.to_domain), ("into the legacy network:", &bridge.to_legacy)]
    {
        lines.extend((!patterns.is_empty()).then(|| format!("  {label} {}", patterns.join(", "))));
    }
    lines.extend(bridge.segments.iter().map(segment));
    lines.extend(super::counters(&bridge.counters));
    lines
}

fn segment(segment: &SegmentStatus) -> String {
    let SegmentStatus { interface, address, prefix, workgroup, sender, .. } = segment;
    let sender = sender.as_ref().map(|sender| format!(", {} sends", cell(sender))).unwrap_or_default();
    format!("  segment {} {address}/{prefix} {}{sender}", cell(interface), cell(workgroup))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn a_bridge_stays_in_its_lines() {
        let status = serde_json::json!({
            "domain": "PLANT", "to_domain": ["alerts"], "to_legacy": ["lamps"], "is_ready": true,
            "segments": [{
                "interface": "eth0", "address": "192.0.2.1", "prefix": 24, "workgroup": "PLANT", "sender": "SRV1",
            }],
            "counters": { "to_domain": 1 },
        });
        hostile::stays_in_its_lines(|planted| {
            let mut status = status.clone();
            hostile::plant(&mut status, planted);
            text(&serde_json::from_value(status).expect("a bridge's status"))
        });
    }
}
