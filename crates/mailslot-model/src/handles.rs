//! Small scenarios of one entry of the handle table.
//!
//! A use reads the entry's contents, and emptying writes them, so loom reports an entry that is emptied before its last
//! use.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::barrier::REFUSES;
use crate::scenarios::model;
use crate::sync::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{AtomicU32, AtomicU64};
use crate::uses::{Uses, Way};

const OWNER: u64 = 64;
const OTHER: u64 = 128;
const HANDLE: u32 = 1 << 18 | 1 << 2;

/// Two threads that want to be the owner while the handle is closed.
const AT_ONCE: &[fn(&Entry)] = &[Entry::close, |entry| entry.count_and_own(OWNER), |entry| entry.count_and_own(OTHER)];

struct Entry {
    uses: Uses,
    /// Whether it is there.
    filled: UnsafeCell<bool>,
    emptied: AtomicU32,
}

// SAFETY: loom reports uses of `filled` at the same time.
unsafe impl Sync for Entry {}
// SAFETY: as above.
unsafe impl Send for Entry {}

impl Entry {
    /// With an open handle, and the owner if there is one.
    fn open(owner: Option<u64>) -> Arc<Entry> {
        let uses = Uses {
            word: AtomicU64::new(0),
            owner: AtomicU64::new(owner.unwrap_or(0)),
            busy: AtomicU32::new(0),
            open_as: AtomicU32::new(0),
        };
        let entry = Entry { uses, filled: UnsafeCell::new(true), emptied: AtomicU32::new(0) };
        entry.uses.open(1, HANDLE, Way::Read);
        Arc::new(entry)
    }

    fn use_it(&self) {
        // SAFETY: loom looks for a write at the same time.
        self.filled.with(|filled| assert!(unsafe { *filled }, "used after its end"));
    }

    fn empty(&self) {
        if self.uses.begin_emptying() {
            // SAFETY: loom looks for another use at the same time.
            self.filled.with_mut(|filled| assert!(core::mem::take(unsafe { &mut *filled }), "ended twice"));
            self.uses.emptied();
            // Release: as the list of free entries does.
            self.emptied.fetch_add(1, Release);
        }
    }

    /// Uses it as the owner, if it is open. Returns whether it was.
    fn own(&self) -> bool {
        let open = self.uses.enter(HANDLE, Way::Read);
        if open {
            self.use_it();
        }
        if self.uses.leave() {
            self.empty();
        }
        open
    }

    /// Uses it as another thread, which then wants to be the owner.
    fn count(&self, thread: Option<u64>) {
        if self.uses.count(1) {
            self.use_it();
            thread.into_iter().for_each(|thread| self.uses.give(thread));
        }
        if self.uses.uncount() {
            self.empty();
        }
    }

    /// Uses it as another thread, and then as the owner if it became that.
    fn count_and_own(&self, thread: u64) {
        self.count(Some(thread));
        if self.uses.is_owner(thread) {
            self.own();
        }
    }

    fn close(&self) {
        if self.uses.close(1) && self.uses.retire() {
            self.empty();
        }
    }
}

/// Does all acts at once. The entry must be empty afterwards, unless the system refused to say whether the owner was
/// using it.
fn all_at_once(owner: Option<u64>, acts: &'static [fn(&Entry)]) {
    model(move || {
        let entry = Entry::open(owner);
        let (first, others) = acts.split_first().expect("an act");
        let threads: Vec<_> = others
            .iter()
            .map(|act| {
                let entry = entry.clone();
                thread::spawn(move || act(&entry))
            })
            .collect();
        first(&entry);
        threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
        let emptied = entry.emptied.load(Relaxed);
        assert!(emptied == 1 || emptied == 0 && REFUSES.get(), "{emptied}");
    });
}

#[test]
fn handle_that_is_closed_while_its_owner_uses_it_ends_once_and_after_that() {
    all_at_once(
        Some(OWNER),
        &[Entry::close, |entry| {
            while entry.own() {
                thread::yield_now();
            }
        }],
    );
}

#[test]
fn handle_that_is_closed_while_owner_and_another_use_it_ends_once_and_after_them() {
    all_at_once(Some(OWNER), &[Entry::close, |entry| _ = entry.own(), |entry| entry.count(None)]);
}

#[test]
fn handle_that_two_close_while_its_owner_uses_it_ends_once() {
    all_at_once(Some(OWNER), &[Entry::close, |entry| _ = entry.own(), Entry::close]);
}

#[test]
fn handle_that_is_closed_while_it_gets_an_owner_ends_once_and_after_its_uses() {
    all_at_once(None, AT_ONCE);
}

#[test]
fn handle_that_gets_an_owner_does_not_end_before_its_uses_if_the_system_refuses() {
    REFUSES.set(true);
    all_at_once(None, AT_ONCE);
}

#[test]
fn value_of_the_next_handle_is_not_taken_for_that_of_the_last() {
    model(|| {
        let entry = Entry::open(Some(OWNER));
        let owner = {
            let entry = entry.clone();
            thread::spawn(move || entry.own())
        };
        entry.close();
        // If the owner was using it, the entry may become free later; it is not opened before. Acquire: as the list of
        // free entries does.
        if entry.emptied.load(Acquire) == 1 {
            // SAFETY: loom looks for another use at the same time: the entry is free, and only this thread fills it.
            entry.filled.with_mut(|filled| unsafe { *filled = true });
            entry.uses.open(2, 2 << 18 | 1 << 2, Way::Read);
        }
        owner.join().expect("no assertion fails");
    });
}
