//! The table of handles. Finding one takes two atomic operations and no lock.
//!
//! Each entry has one word: a count of those who use the entry, its generation, and its state.
//!
//! - *open*: the handle is open, and counts as one user.
//! - *closing*: the handle is closed, and others still use what it stood for.
//! - *free*: nothing is in the entry.
//!
//! Whoever looks for a handle first adds itself to the count and then looks at the state, so an open entry cannot go
//! while it is looked at. A look at an entry that is not open takes itself back. Whoever brings the count of a closing
//! entry to nothing and then swaps the word to *emptying* drops what was in it: only one can.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::Open;
use crate::abi::Handle;

const INDEX_BITS: u32 = 16;
const ENTRIES: usize = 1 << INDEX_BITS;
const GENERATIONS: u64 = 1 << 13;

const ONE_USER: u64 = 1;
const USERS: u64 = 0xFFFF_FFFF;
const GENERATION: u64 = (GENERATIONS - 1) << 32;
const OPEN: u64 = 1 << 62;
const CLOSING: u64 = 1 << 63;
const EMPTYING: u64 = OPEN | CLOSING;
/// What is above the users.
const UPPER: u32 = 32;

/// A cache line, so that users of neighbours do not disturb each other.
#[repr(align(64))]
struct Entry {
    /// Users in the lower half, then the generation; the two highest bits are the state.
    word: AtomicU64,
    /// Index of the next free entry plus 1, while this one is free.
    next: AtomicU32,
    /// Filled while the word says open or closing. Written only by who made the entry open or emptying.
    open: UnsafeCell<MaybeUninit<Open>>,
}

// SAFETY: the word hands `open` from one thread to the next as its comment tells, and `Open` itself is shareable.
unsafe impl Sync for Entry {}
const _: fn() = || {
    fn shareable<T: Send + Sync>() {}
    shareable::<Open>();
};

/// All zeros at first, so that pages without a handle that was ever open take no memory.
static TABLE: [Entry; ENTRIES] = [const { Entry::never_used() }; ENTRIES];
/// The free entries that were used before: index of the first plus 1, with a count of changes above, so that an entry
/// that left and came back is noticed.
static FREE: AtomicU64 = AtomicU64::new(0);
/// Entries that were never used begin here.
static FRESH: AtomicU32 = AtomicU32::new(1);

/// Something that is counted among the users of an entry.
pub(crate) struct User {
    entry: &'static Entry,
}

/// A user of an entry that was open when it came.
pub(crate) struct Held(User);

impl Entry {
    const fn never_used() -> Entry {
        Entry { word: AtomicU64::new(0), next: AtomicU32::new(0), open: UnsafeCell::new(MaybeUninit::uninit()) }
    }
}

/// Returns `open` if the table is full.
pub(super) fn insert(open: Open) -> Result<Handle, Box<Open>> {
    let Some(index) = take_free() else { return Err(Box::new(open)) };
    let entry = entry(index);
    // SAFETY: a free entry that this thread took is nobody else's until its word says open.
    unsafe { (*entry.open.get()).write(open) };
    let change = |word: u64| Some(((word & USERS) + ONE_USER) | next_generation(word) | OPEN);
    // Release: `find` sees what was written above. The closure never refuses.
    let old = entry.word.fetch_update(Ordering::Release, Ordering::Relaxed, change).unwrap_or_else(|word| word);
    Ok(value(index, next_generation(old)))
}

/// Makes `handle` open although this process did not choose its value. Only for values of a parent process, before this
/// process has handles of its own.
pub(super) fn insert_at(handle: Handle, open: Open) -> Result<(), Box<Open>> {
    let Some((index, generation)) = parts(handle) else { return Err(Box::new(open)) };
    let fresh = FRESH.load(Ordering::Relaxed);
    (fresh..index).for_each(give_free);
    if index >= fresh {
        FRESH.store(index + 1, Ordering::Relaxed);
    } else if !take_given(index) {
        return Err(Box::new(open));
    }
    let entry = entry(index);
    // SAFETY: as in `insert`.
    unsafe { (*entry.open.get()).write(open) };
    let change = |word: u64| Some(((word & USERS) + ONE_USER) | generation | OPEN);
    // Release: as in `insert`.
    let _ = entry.word.fetch_update(Ordering::Release, Ordering::Relaxed, change);
    Ok(())
}

#[inline]
pub(super) fn find(handle: Handle) -> Option<Held> {
    look(handle).ok()
}

/// Like [`find`]. Where nothing is open it gives back the user that it was counted as, and the caller chooses when that goes.
#[inline]
pub(super) fn look(handle: Handle) -> Result<Held, User> {
    // Only this much of it counts. Whatever it is, there is an entry; but none that is open has a generation that `parts`
    // refuses.
    let value = handle.0 as u32;
    let entry = &TABLE[usize::from((value >> 2) as u16)];
    // Acquire: pairs with the release in `insert`, so that the object is seen whole.
    let word = entry.word.fetch_add(ONE_USER, Ordering::Acquire);
    let user = User { entry };
    let is_open = (word >> UPPER) as u32 == (OPEN >> UPPER) as u32 | value >> (INDEX_BITS + 2);
    if is_open { Ok(Held(user)) } else { Err(user) }
}

/// Closes an open handle. Returns whether it was this call that closed it.
pub(super) fn close(handle: Handle) -> bool {
    let Some((index, generation)) = parts(handle) else { return false };
    let entry = entry(index);
    let change = |word: u64| (word & !USERS == OPEN | generation).then_some(word & !OPEN | CLOSING);
    if entry.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, change).is_err() {
        return false;
    }
    // The handle itself was a user.
    drop(User { entry });
    true
}

/// Everything that is open now.
pub(super) fn all() -> impl Iterator<Item = (Handle, Held)> {
    (0..FRESH.load(Ordering::Relaxed)).filter_map(|index| {
        let word = entry(index).word.load(Ordering::Relaxed);
        let handle = value(index, word & GENERATION);
        find(handle).map(|held| (handle, held))
    })
}

impl Deref for Held {
    type Target = Open;

    #[inline]
    fn deref(&self) -> &Open {
        // SAFETY: only made for entries that were open, and being one of its users keeps it open or closing.
        unsafe { (*self.0.entry.open.get()).assume_init_ref() }
    }
}

impl Held {
    /// A user all the same.
    pub(crate) fn into_user(self) -> User {
        self.0
    }
}

impl Drop for User {
    #[inline]
    fn drop(&mut self) {
        // Release: what was done with the object comes before its end. As a signed number the word of a closed handle is
        // negative; the comparison is one that needs no more than the subtraction.
        if self.entry.word.fetch_sub(ONE_USER, Ordering::Release).cast_signed() <= 0 {
            self.entry.empty();
        }
    }
}

impl Entry {
    /// Drops what was in it, if its handle is closed and nobody uses it any more.
    #[cold]
    fn empty(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & USERS != 0 || word & EMPTYING != CLOSING {
            return;
        }
        // Acquire: pairs with the releases of all former users. If somebody looks at this moment, that look will be the
        // last one and come here.
        let emptying = word | EMPTYING;
        if self.word.compare_exchange(word, emptying, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return;
        }
        // SAFETY: the entry was closing, hence filled, and only one thread can have made it emptying.
        let open = unsafe { (*self.open.get()).assume_init_read() };
        self.word.fetch_and(!EMPTYING, Ordering::Release);
        give_free(self.index());
        drop(open);
    }

    fn index(&self) -> u32 {
        let bytes = ptr::from_ref(self).addr() - TABLE.as_ptr().addr();
        (bytes / size_of::<Entry>()) as u32
    }
}

/// Value of the handle of an entry.
fn value(index: u32, generation: u64) -> Handle {
    Handle((generation >> 32 << (INDEX_BITS + 2)) as usize | (index as usize) << 2)
}

/// Index and generation of a value that may be one of ours.
fn parts(handle: Handle) -> Option<(u32, u64)> {
    let value = handle.0 as u64;
    // The two lowest bits of a handle are the program's to use, as on Windows.
    let index = (value >> 2) as u32 & ((1 << INDEX_BITS) - 1);
    let generation = value >> (INDEX_BITS + 2);
    (0 < generation && generation < GENERATIONS).then_some((index, generation << 32))
}

/// The generation after that of `word`, which is never 0.
fn next_generation(word: u64) -> u64 {
    let generation = (word & GENERATION) >> 32;
    ((generation + 1) % GENERATIONS).max(1) << 32
}

fn entry(index: u32) -> &'static Entry {
    &TABLE[index as usize]
}

fn take_free() -> Option<u32> {
    let mut free = FREE.load(Ordering::Acquire);
    while let Some(index) = (free as u32).checked_sub(1) {
        let next = entry(index).next.load(Ordering::Relaxed);
        let changed = (free >> 32).wrapping_add(1) << 32 | u64::from(next);
        match FREE.compare_exchange_weak(free, changed, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => return Some(index),
            Err(now) => free = now,
        }
    }
    let limit = ENTRIES as u32;
    FRESH.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |fresh| (fresh < limit).then_some(fresh + 1)).ok()
}

fn give_free(index: u32) {
    let entry = entry(index);
    let mut free = FREE.load(Ordering::Relaxed);
    loop {
        entry.next.store(free as u32, Ordering::Relaxed);
        let changed = (free >> 32).wrapping_add(1) << 32 | u64::from(index + 1);
        // Release: pairs with the acquire in `take_free`, which reads `next`.
        match FREE.compare_exchange_weak(free, changed, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => free = now,
        }
    }
}

/// Takes one particular free entry.
fn take_given(index: u32) -> bool {
    let mut others = Vec::new();
    let found = loop {
        let Some(free) = (FREE.load(Ordering::Relaxed) as u32 != 0).then(take_free).flatten() else { break false };
        if free == index {
            break true;
        }
        others.push(free);
    };
    others.into_iter().for_each(give_free);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Access, Event, Object};
    use std::sync::Arc;

    fn event() -> Open {
        Open { object: Object::Event(Arc::new(Event::new(true, false)), Access::ALL), flags: AtomicU32::new(0) }
    }

    #[test]
    fn closed_handles_and_garbage_are_not_found() {
        let handle = insert(event()).map_err(drop).expect("room");
        assert!(find(handle).is_some());
        assert!(close(handle));
        assert!(find(handle).is_none());
        assert!(!close(handle));
        let again = insert(event()).map_err(drop).expect("room");
        assert_ne!(handle, again);
        assert!(find(handle).is_none());
        close(again);
        for garbage in [0, 1, 4, 0x1234_5678, usize::MAX, usize::MAX - 1, 1 << 40, (1 << 31) - 4] {
            assert!(find(Handle(garbage)).is_none(), "{garbage:#x}");
        }
    }

    #[test]
    fn what_is_in_use_outlives_its_handle() {
        let event = Arc::new(Event::new(true, false));
        let open = Open { object: Object::Event(Arc::clone(&event), Access::ALL), flags: AtomicU32::new(0) };
        let handle = insert(open).map_err(drop).expect("room");
        let held = find(handle).expect("open");
        close(handle);
        assert_eq!(Arc::strong_count(&event), 2);
        drop(held);
        assert_eq!(Arc::strong_count(&event), 1);
    }

    #[test]
    fn threads_that_look_and_close_at_once_drop_each_object_once() {
        for _ in 0..if cfg!(miri) { 20 } else { 2000 } {
            let event = Arc::new(Event::new(true, false));
            let open = Open { object: Object::Event(Arc::clone(&event), Access::ALL), flags: AtomicU32::new(0) };
            let handle = insert(open).map_err(drop).expect("room");
            std::thread::scope(|scope| {
                scope.spawn(|| (0..10).filter_map(|_| find(handle)).count());
                scope.spawn(|| close(handle));
                scope.spawn(|| (0..10).filter_map(|_| find(handle)).count());
            });
            assert_eq!(Arc::strong_count(&event), 1);
        }
    }
}
