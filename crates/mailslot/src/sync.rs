//! The atomics of the shared memory. The crate `mailslot-model` replaces them with loom's.

// If the system itself has mailslots, there is no shared memory.
#[cfg_attr(windows, expect(unused_imports))]
pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
