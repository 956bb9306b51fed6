//! The ring protocol of the crate `mailslot`, and who uses an entry of the handle table of `mailslot-win32`, under loom: their very
//! source files, over loom's atomics.
//!
//! `cargo test -p mailslot-model --release`
//!
//! **What it covers.** Small scenarios of two or three threads, with up to three preemptions, and the values that weak memory
//! allows an atomic load to return. A copy of a payload that nothing orders before the next use of the same memory for a payload is
//! reported as a race; so all records here have one size, and payloads always lie where payloads lay.
//!
//! **What it does not.** Not every interleaving: of each atomic loom keeps one last access, and where a thread loads it before
//! another loads and stores it, it may never try them the other way round. Deaths are imitated at the steps of a write, not at each
//! instruction. The lock is a stand-in; growing and shrinking, several readers with their mutex, sleeping itself and all around the ring
//! are not here. The fence that is a system call, and its partner that is no fence, are two fences here. `mailslot-waiting` runs those under shuttle, and `mailslot-races` under ThreadSanitizer.

#![cfg(test)]
#![allow(dead_code)] // What only the sleeping and growing around the ring uses.

mod handles;
#[path = "../../mailslot/src/sys/linux/ring/mod.rs"]
mod ring;
mod scenarios;
#[path = "../../mailslot-win32/src/handles/uses.rs"]
mod uses;

/// What they take their atomics from.
mod sync {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

/// What the handle table takes its fences from.
mod barrier {
    use core::cell::Cell;

    use crate::sync::{Ordering, fence};

    std::thread_local! {
        /// Whether the system refuses in this scenario, whose threads are all one to it. Then its partner is nothing either.
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
