//! An open handle: its object and its flags.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::object::Object;

/// `HANDLE_FLAG_INHERIT`.
pub(crate) const INHERIT: u32 = 1;
/// `HANDLE_FLAG_PROTECT_FROM_CLOSE`.
pub(crate) const PROTECT_FROM_CLOSE: u32 = 2;

/// An open handle: its object and its flags.
pub(crate) struct Open {
    pub(crate) object: Object,
    flags: AtomicU32,
}

impl Open {
    pub(super) fn new(object: Object, flags: u32) -> Open {
        Open { object, flags: AtomicU32::new(flags) }
    }

    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    pub(super) fn set_flags(&self, mask: u32, flags: u32) {
        let change = |old| Some(old & !mask | flags & mask);
        // The closure never fails.
        let _ = self.flags.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }
}
