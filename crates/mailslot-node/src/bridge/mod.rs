//! Bridges between the legacy network and modern domains. Messages go by slot, and each direction has its own slots.
//!
//! Nothing goes round in circles, because nothing is carried twice: what a bridge sends into a legacy network comes from a
//! name with a suffix of its own, and no bridge takes it; what a bridge sends into a domain says that it comes from a legacy
//! network, and no bridge takes that either. Nothing doubles, because copies of one legacy message have the same id, and of
//! several bridges only one sends on a segment.

#[cfg(feature = "zenoh")]
mod bridges;
#[cfg(feature = "zenoh")]
mod election;
mod pattern;
#[cfg(feature = "zenoh")]
mod rules;
mod settings;
mod status;

#[cfg(feature = "zenoh")]
pub(crate) use bridges::{Attached, Bridges};
pub use pattern::Pattern;
pub use settings::{Rates, Settings, domain_pattern};
pub use status::{BridgeStatus, SegmentStatus};
