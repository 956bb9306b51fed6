//! Domains from a node's view: other members open what one member seals, and nobody else can.

mod attacks;
mod batches;
mod clocks;
#[cfg(unix)]
mod directory;
#[path = "../../../../fuzz/envelope.rs"]
mod envelope;
mod identities;
mod members;
mod properties;
mod receipts;
mod requests;
mod rotation;
mod seeds;
mod vectors;

use mailslot_domain::Limits;

/// The default limits, changed by `set`.
fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}
