//! The table of handles. Finding one takes no lock and two atomic operations, or for the thread that reads and writes
//! through it no locked operation.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::uses::{Uses, Way};
use super::{Open, thread_pointer};
use crate::abi::Handle;

const INDEX_BITS: u32 = 16;
const ENTRIES: usize = 1 << INDEX_BITS;
const LAST: u32 = ENTRIES as u32 - 1;
/// The position of the generation in a value.
const GENERATION: u32 = INDEX_BITS + 2;
/// Handles have 31 bits.
const GENERATIONS: u32 = 1 << (31 - GENERATION);

/// A cache line, so that users of adjacent entries do not disturb each other.
#[repr(align(64))]
struct Entry {
    uses: Uses,
    /// Index of the next free entry plus 1, while this one is free.
    next: AtomicU32,
    /// Filled while the entry is open or closing. Written only by the thread that made it open or emptying.
    open: UnsafeCell<MaybeUninit<Open>>,
}

// SAFETY: `uses` passes `open` from one thread to the next as its comment says, and `Open` itself is shareable.
unsafe impl Sync for Entry {}
const _: fn() = || {
    fn shareable<T: Send + Sync>() {}
    shareable::<Open>();
};

/// All zeros at first, so that pages without a handle that was ever open take no memory. The first and the last entry
/// are never used. The first one's handle could be 0. `enter` would take values of the last one, such as
/// `INVALID_HANDLE_VALUE`, for open handles when it is closed.
static TABLE: [Entry; ENTRIES] = [const { Entry::never_used() }; ENTRIES];
/// The free entries that were used before: index of the first plus 1, with a count of changes above, against the ABA
/// problem.
static FREE: AtomicU64 = AtomicU64::new(0);
/// The first entry that was never used.
static FRESH: AtomicU32 = AtomicU32::new(1);

/// A counted user of an entry that was open when it was counted.
pub(crate) struct Held {
    entry: &'static Entry,
}

/// A use by the owner, of an entry that may be open.
pub(crate) struct Visit {
    entry: &'static Entry,
    /// Not `Send`: it belongs to this thread.
    _here: PhantomData<*const ()>,
}

/// A use by the owner, of an entry that was open when it began.
pub(crate) struct Own(Visit);

impl Entry {
    const fn never_used() -> Entry {
        let uses = Uses {
            word: AtomicU64::new(0),
            owner: AtomicU64::new(0),
            busy: AtomicU32::new(0),
            open_as: AtomicU32::new(0),
        };
        Entry { uses, next: AtomicU32::new(0), open: UnsafeCell::new(MaybeUninit::uninit()) }
    }
}

/// Returns `open` if the table is full.
pub(super) fn insert(open: Open) -> Result<Handle, Box<Open>> {
    let Some(index) = take_free() else { return Err(Box::new(open)) };
    let generation = entry(index).uses.next_generation();
    fill(index, generation, open);
    Ok(value(index, generation))
}

/// Opens `handle`, whose value a parent process chose. Only before this process has made handles itself.
pub(super) fn insert_at(handle: Handle, open: Open) -> Result<(), Box<Open>> {
    let Some((index, generation)) = parts(handle) else { return Err(Box::new(open)) };
    let fresh = FRESH.load(Ordering::Relaxed);
    (fresh..index).for_each(give_free);
    if index >= fresh {
        FRESH.store(index + 1, Ordering::Relaxed);
    } else if !take_given(index) {
        return Err(Box::new(open));
    }
    fill(index, generation, open);
    Ok(())
}

/// Opens a free entry that this thread took.
fn fill(index: u32, generation: u32, open: Open) {
    let (entry, way) = (entry(index), open.way());
    // SAFETY: a free entry that this thread took belongs to it until it is open.
    unsafe { (*entry.open.get()).write(open) };
    entry.uses.open(generation, value(index, generation).0 as u32, way);
}

#[inline]
pub(super) fn find(handle: Handle) -> Option<Held> {
    let (entry, value) = looked_for(handle);
    let is_open = entry.uses.count(value >> GENERATION);
    let held = ManuallyDrop::new(Held { entry });
    if is_open {
        return Some(ManuallyDrop::into_inner(held));
    }
    if entry.uses.uncount() {
        entry.empty();
    }
    None
}

/// The object of `handle`, if it is open, may be used in this way, and this thread is the owner of its entry. Otherwise
/// returns the visit, whose end the caller chooses.
#[inline]
pub(super) fn find_own(handle: Handle, way: Way) -> Result<Own, Option<Visit>> {
    let (entry, value) = looked_for(handle);
    // The first and the last entry have no owner: for them, the comparison of `enter` could succeed although nothing is
    // open.
    if !entry.uses.is_owner(thread_pointer::get()) {
        return Err(None);
    }
    let visit = Visit { entry, _here: PhantomData };
    if entry.uses.enter(value, way) { Ok(Own(visit)) } else { Err(Some(visit)) }
}

/// The entry and generation of a handle. Every value has an entry; but no open entry has a generation that [`parts`]
/// refuses.
#[inline]
fn looked_for(handle: Handle) -> (&'static Entry, u32) {
    let value = handle.0 as u32;
    (&TABLE[usize::from((value >> 2) as u16)], value)
}

/// Closes an open handle. Returns whether this call closed it.
pub(super) fn close(handle: Handle) -> bool {
    let Some((index, generation)) = parts(handle) else { return false };
    let entry = entry(index);
    if !entry.uses.close(generation) {
        return false;
    }
    if entry.uses.retire() {
        entry.empty();
    }
    true
}

/// All handles that are open now.
pub(super) fn all() -> impl Iterator<Item = (Handle, Held)> {
    (0..FRESH.load(Ordering::Relaxed)).filter_map(|index| {
        let handle = value(index, entry(index).uses.generation());
        find(handle).map(|held| (handle, held))
    })
}

impl Held {
    /// Makes this thread the owner of the entry if it has none.
    pub(crate) fn own(&self) {
        self.entry.uses.give(thread_pointer::get());
    }
}

impl Deref for Held {
    type Target = Open;

    #[inline]
    fn deref(&self) -> &Open {
        // SAFETY: only made for entries that were open, and a counted user keeps it open or closing.
        unsafe { (*self.entry.open.get()).assume_init_ref() }
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        if self.entry.uses.uncount() {
            self.entry.empty();
        }
    }
}

impl Deref for Own {
    type Target = Open;

    #[inline]
    fn deref(&self) -> &Open {
        // SAFETY: as above; an owner that has entered keeps it so as well.
        unsafe { (*self.0.entry.open.get()).assume_init_ref() }
    }
}

impl Own {
    /// The visit in it, which continues.
    pub(crate) fn into_visit(self) -> Visit {
        self.0
    }
}

impl Drop for Visit {
    #[inline]
    fn drop(&mut self) {
        if self.entry.uses.leave() {
            self.entry.empty();
        }
    }
}

impl Entry {
    /// Drops the contents, if the handle is closed and there are no users.
    #[cold]
    #[inline(never)]
    fn empty(&self) {
        if !self.uses.begin_emptying() {
            return;
        }
        // SAFETY: the entry was closing, hence filled, and only one thread may empty it, when it has no users.
        let open = unsafe { (*self.open.get()).assume_init_read() };
        self.uses.emptied();
        give_free(self.index());
        drop(open);
    }

    fn index(&self) -> u32 {
        let bytes = ptr::from_ref(self).addr() - TABLE.as_ptr().addr();
        (bytes / size_of::<Entry>()) as u32
    }
}

/// The value of the handle of an entry.
fn value(index: u32, generation: u32) -> Handle {
    Handle((generation << GENERATION | index << 2) as usize)
}

/// The index and generation of a value, if it may be one of ours.
fn parts(handle: Handle) -> Option<(u32, u32)> {
    let value = handle.0 as u64;
    let index = (value >> 2) as u32 & ((1 << INDEX_BITS) - 1);
    let generation = u32::try_from(value >> GENERATION).ok()?;
    (0 < generation && generation < GENERATIONS && index != LAST).then_some((index, generation))
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
    FRESH.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |fresh| (fresh < LAST).then_some(fresh + 1)).ok()
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
    use super::super::barrier;
    use super::*;
    use crate::object::{Access, Event, Object};
    use std::sync::Arc;

    fn event() -> Open {
        Open::new(Object::Event(Arc::new(Event::new(true, false)), Access::ALL), 0)
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
    fn no_value_is_taken_for_an_open_handle_of_a_closed_entry() {
        for way in [Way::Read, Way::Write, Way::Neither] {
            let alike = Handle(0_u32.wrapping_sub(way as u32) as usize);
            let (entry, value) = looked_for(alike);
            assert_eq!(0_u32.wrapping_sub(value), way as u32);
            assert!([0, LAST].contains(&entry.index()) && parts(alike).is_none(), "{way:?}");
        }
        assert_eq!(parts(value(LAST, 1)), None);
    }

    #[test]
    fn what_is_in_use_outlives_its_handle() {
        let event = Arc::new(Event::new(true, false));
        let open = Open::new(Object::Event(Arc::clone(&event), Access::ALL), 0);
        let handle = insert(open).map_err(drop).expect("room");
        let held = find(handle).expect("open");
        close(handle);
        assert_eq!(Arc::strong_count(&event), 2);
        drop(held);
        assert_eq!(Arc::strong_count(&event), 1);
    }

    /// An event, and a handle of it that this thread owns, if the system supports owners.
    fn owned() -> (Arc<Event>, Handle) {
        let event = Arc::new(Event::new(true, false));
        let open = Open::new(Object::Event(Arc::clone(&event), Access::ALL), 0);
        let handle = insert(open).map_err(drop).expect("room");
        find(handle).expect("open").own();
        (event, handle)
    }

    #[test]
    fn only_the_owner_finds_its_own_and_only_in_its_way() {
        let (_event, handle) = owned();
        let owns = thread_pointer::get() != thread_pointer::UNKNOWN && barrier::register();
        // The same thread again, as in a signal handler.
        let own = find_own(handle, Way::Neither);
        assert_eq!((own.is_ok(), find_own(handle, Way::Neither).is_ok()), (owns, owns));
        assert!(find_own(handle, Way::Read).is_err() && find_own(handle, Way::Write).is_err());
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(matches!(find_own(handle, Way::Neither), Err(None))));
        });
        close(handle);
        assert!(find_own(handle, Way::Neither).is_err());
        drop(own);
    }

    #[test]
    fn what_its_owner_uses_outlives_its_handle() {
        let (event, handle) = owned();
        let (own, again) = (find_own(handle, Way::Neither), find_own(handle, Way::Neither));
        let used = own.is_ok();
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(close(handle)));
        });
        drop(again);
        assert_eq!(Arc::strong_count(&event), if used { 2 } else { 1 });
        drop(own);
        assert_eq!(Arc::strong_count(&event), 1);
    }

    #[test]
    fn threads_that_look_and_close_at_once_drop_each_object_once() {
        for _ in 0..if cfg!(miri) { 20 } else { 2000 } {
            let event = Arc::new(Event::new(true, false));
            let open = Open::new(Object::Event(Arc::clone(&event), Access::ALL), 0);
            let handle = insert(open).map_err(drop).expect("room");
            std::thread::scope(|scope| {
                scope.spawn(|| (0..10).filter_map(|_| find(handle).inspect(Held::own)).count());
                scope.spawn(|| (0..10).filter_map(|_| find_own(handle, Way::Neither).ok()).count());
                scope.spawn(|| close(handle));
                scope.spawn(|| (0..10).filter_map(|_| find(handle)).count());
            });
            assert_eq!(Arc::strong_count(&event), 1);
        }
    }
}
