//! What a bridge is and has counted.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// A bridge between the legacy network and one domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct BridgeStatus {
    pub domain: String,
    /// Patterns of the slots that are carried into the domain.
    pub to_domain: Vec<String>,
    /// Patterns of the slots that are carried into the legacy network.
    pub to_legacy: Vec<String>,
    /// Whether it carries: not before others know of it.
    pub is_ready: bool,
    pub segments: Vec<SegmentStatus>,
    /// Everything that was counted, by its label.
    pub counters: BTreeMap<String, u64>,
}

/// A segment of the legacy network that a bridge is attached to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct SegmentStatus {
    pub interface: String,
    pub address: Ipv4Addr,
    pub prefix: u8,
    pub workgroup: String,
    /// The computer that carries into it; `None` if this one carries nothing into the legacy network.
    pub sender: Option<String>,
}
