//! The handle table in threads.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::yield_now;

use crate::abi::Handle;
use crate::at_once;
use crate::table::{close, find, find_own, insert};
use crate::uses::Way;

const ROUNDS: u64 = 20_000;

/// What a handle stands for, here: memory of its own, which its end gives back.
pub(crate) struct Open {
    value: Box<UnsafeCell<u64>>,
}

// SAFETY: written by its maker before anybody else knows it, and in its end, and else only read.
unsafe impl Sync for Open {}

impl Open {
    /// What the table asks for.
    pub(crate) fn way(&self) -> Way {
        Way::Read
    }

    fn value(&self) -> u64 {
        // SAFETY: see above.
        unsafe { *self.value.get() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        *self.value.get_mut() = u64::MAX;
    }
}

/// One makes handles and closes them, and others find them and use what they find. That they know a handle's value
/// orders nothing: only the table does.
pub(crate) fn closing() {
    let (known, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let make = || make_and_close(&known, &done);
    let look = || {
        until(&done, || {
            if let Some(open) = find(Handle(known.load(Relaxed))) {
                use_it(&open);
            }
        })
    };
    at_once(&[&make, &look, &look]);
}

/// One of the others becomes the owner of what they find, and the other one a counted user.
pub(crate) fn closing_owned() {
    let (known, done, owned) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
    let make = || make_and_close(&known, &done);
    let own = || {
        until(&done, || {
            let handle = Handle(known.load(Relaxed));
            if let Ok(open) = find_own(handle, Way::Read) {
                owned.fetch_add(1, Relaxed);
                use_it(&open);
            } else if let Some(held) = find(handle) {
                held.own();
            }
        })
    };
    at_once(&[&make, &own, &own]);
    assert!(!crate::barrier::register() || owned.load(Relaxed) > 0, "nobody was an owner");
}

fn make_and_close(known: &AtomicUsize, done: &AtomicBool) {
    for round in 0..ROUNDS {
        let handle = insert(Open { value: Box::new(UnsafeCell::new(round)) }).map_err(drop).expect("room");
        known.store(handle.0, Relaxed);
        yield_now();
        assert!(close(handle));
        assert!(find(handle).is_none());
    }
    done.store(true, Relaxed);
}

fn until(done: &AtomicBool, act: impl Fn()) {
    while !done.load(Relaxed) {
        act();
    }
}

fn use_it(open: &Open) {
    let value = open.value();
    yield_now();
    assert!(value < ROUNDS && open.value() == value);
}
