//! Bridges between the legacy network and modern domains. Messages are selected by slot, separately for each direction.
//!
//! There are no loops, because no message is carried twice: a message that a bridge sends into a legacy network has a
//! source name with a special suffix, one that a bridge sends into a domain is marked as legacy, and bridges carry
//! neither. There are no duplicates, because copies of one legacy message have the same id, and only one bridge sends
//! on each segment.

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
