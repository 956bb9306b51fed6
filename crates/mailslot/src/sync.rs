//! The atomics of the shared memory. The crate `mailslot-model` puts loom's in their place.

pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
