//! The ring protocol of the crate `mailslot` under loom: its very source files, over loom's atomics.
//!
//! `cargo test -p mailslot-model --release`

#![cfg(test)]
#![allow(dead_code)] // What only the sleeping and growing around the ring uses.

#[path = "../../mailslot/src/sys/linux/ring/mod.rs"]
mod ring;
mod scenarios;

/// What the ring takes its atomics from.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}
