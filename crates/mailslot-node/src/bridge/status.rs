//! The state and counters of a bridge.

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
    /// Whether it carries messages: not before other bridges know of it.
    pub is_ready: bool,
    pub segments: Vec<SegmentStatus>,
    /// All counters, by their labels.
    pub counters: BTreeMap<String, u64>,
}

/// A segment of the legacy network to which a bridge is attached.
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
