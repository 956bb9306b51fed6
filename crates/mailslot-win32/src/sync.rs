//! The atomics of the handle table, which the models of it replace by theirs.

pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
