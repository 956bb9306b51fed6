//! Bridges: what `node status` shows of them.

use mailslot_node::bridge::{BridgeStatus, SegmentStatus};

use crate::output;

/// A bridge's part of `node status`.
pub fn text(bridge: &BridgeStatus) -> Vec<String> {
    let state = if bridge.is_ready { "" } else { ", not ready yet" };
    let mut lines = vec![format!("bridge to {}{state}", bridge.domain)];
    for (label, patterns) in [("into the domain:", &bridge.to_domain), ("into the legacy network:", &bridge.to_legacy)]
    {
        let patterns: Vec<String> = patterns.iter().map(|pattern| output::escape(pattern)).collect();
        lines.extend((!patterns.is_empty()).then(|| format!("  {label} {}", patterns.join(", "))));
    }
    lines.extend(bridge.segments.iter().map(segment));
    lines.extend(super::node::counters(&bridge.counters));
    lines
}

fn segment(segment: &SegmentStatus) -> String {
    let SegmentStatus { interface, address, prefix, workgroup, sender } = segment;
    let sender = sender.as_ref().map(|sender| format!(", {sender} sends")).unwrap_or_default();
    format!("  segment {} {address}/{prefix} {workgroup}{sender}", output::escape(interface))
}
