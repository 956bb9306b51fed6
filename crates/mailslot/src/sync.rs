//! The atomics of the shared memory. The crate `mailslot-model` puts loom's in their place.

// Where the system has mailslots itself, there is no shared memory.
#[cfg_attr(windows, expect(unused_imports))]
pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
