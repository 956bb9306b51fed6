//! Domains as a node meets them: what one member seals, others open, and nobody else.

mod attacks;
mod batches;
mod clocks;
#[cfg(unix)]
mod directory;
#[path = "../../../../fuzz/envelope.rs"]
mod envelope;
mod members;
mod properties;
mod receipts;
mod requests;
mod rotation;
mod seeds;
mod vectors;

use mailslot_domain::Limits;

/// The usual ones but for what `set` changes.
fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}
