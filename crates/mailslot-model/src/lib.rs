//! The ring protocol of the crate `mailslot`, and the uses of an entry in the handle table of `mailslot-win32`, under
//! loom: the same source files, over loom's atomics.
//!
//! `cargo test -p mailslot-model --release`
//!
//! **What it covers.** Small scenarios of two or three threads, with up to three preemptions, and the values that weak
//! memory allows an atomic load to return. A copy of a payload is reported as a race unless something orders it before
//! the next use of the same memory for a payload. So all records here have one size: payloads always lie where payloads
//! lay.
//!
//! **What it does not.** Not every interleaving: loom keeps one last access of each atomic, and where a thread loads it
//! before another loads and stores it, loom may never try the reverse. Deaths are imitated at the steps of a write, not
//! at each instruction. The lock is a stand-in. Growing and shrinking, several readers with their mutex, sleeping
//! itself and everything around the ring are left out. The fence that is a system call, and its partner that is no
//! fence, are both fences here. `mailslot-waiting` runs those under shuttle, and `mailslot-races` under
//! ThreadSanitizer.

#![cfg(test)]
#![allow(dead_code)] // Some of it is used only by the sleeping and growing around the ring.

mod handles;
#[path = "../../mailslot/src/sys/linux/ring/mod.rs"]
mod ring;
mod scenarios;
#[path = "../../mailslot-win32/src/handles/uses.rs"]
mod uses;

/// The atomics of both.
mod sync {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

/// The fences of the handle table.
mod barrier {
    use core::cell::Cell;

    use crate::sync::{Ordering, fence};

    std::thread_local! {
        /// Whether the system refuses the barrier in this scenario. Then its partner does nothing either. All threads
        /// of a scenario share this: loom runs them in one thread of the system.
        pub(crate) static REFUSES: Cell<bool> = const { Cell::new(false) };
    }

    pub(crate) fn register() -> bool {
        true
    }

    pub(crate) fn light() {
        heavy();
    }

    pub(crate) fn heavy() -> bool {
        let works = !REFUSES.get();
        if works {
            fence(Ordering::SeqCst);
        }
        works
    }
}

/// Threads have the numbers that a scenario gives them.
mod thread_pointer {
    pub(crate) const UNKNOWN: u64 = 1;
}
