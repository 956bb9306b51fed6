//! The mutexes that the running thread holds.

use core::cell::RefCell;
use core::mem::ManuallyDrop;
use std::sync::Arc;

use super::SyncObject;
use super::bell::Bell;
use super::memory::Memory;

/// A mutex that this thread holds. Keeps the memory, which the kernel reads if the thread ends, and the bell.
struct Held {
    id: Id,
    memory: Arc<Memory>,
    bell: Option<Arc<Bell>>,
    /// How many times the thread has taken it.
    times: u32,
}

/// The identity of an object, of which this process may have several handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) device: u64,
    pub(super) inode: u64,
}

struct List {
    /// The process that holds them: a forked child holds none.
    generation: u64,
    /// Not dropped automatically: [`abandon_all`] must find it.
    held: ManuallyDrop<Vec<Held>>,
}

thread_local! {
    static LIST: RefCell<List> = const { RefCell::new(List { generation: 0, held: ManuallyDrop::new(Vec::new()) }) };
}

/// Whether this thread holds it.
pub(super) fn has(id: Id) -> bool {
    with(|held| held.iter().any(|held| held.id == id))
}

/// Notes that this thread has taken it, for the first time or again.
pub(super) fn add(object: &SyncObject) {
    // The end of the thread abandons it.
    crate::threads::notice_end();
    with(|list| match list.iter_mut().find(|held| held.id == object.id) {
        Some(held) => held.times += 1,
        None => {
            list.push(Held { id: object.id, memory: Arc::clone(&object.memory), bell: object.bell.clone(), times: 1 })
        }
    });
}

/// The result of releasing it once.
pub(super) enum Released {
    /// This thread does not hold it.
    NotHeld,
    /// This thread still holds it.
    Once,
    /// Release it in this memory.
    Free(Arc<Memory>),
}

/// Releases it once for this thread.
pub(super) fn remove(id: Id) -> Released {
    with(|list| {
        let Some(index) = list.iter().position(|held| held.id == id) else { return Released::NotHeld };
        list[index].times -= 1;
        if list[index].times > 0 { Released::Once } else { Released::Free(list.swap_remove(index).memory) }
    })
}

/// Abandons all mutexes of the thread, which ends.
pub(crate) fn abandon_all() {
    for held in with(core::mem::take) {
        let changed = crate::wait::change(|| {
            let locked = held.memory.lock()?;
            if let Some(bell) = held.bell.as_ref().filter(|_| locked.is_waited_for()) {
                bell.ring();
            }
            locked.release_mutex(true);
            Ok(())
        });
        // On failure the kernel reports it.
        let _ = changed;
    }
}

fn with<T>(body: impl FnOnce(&mut Vec<Held>) -> T) -> T {
    LIST.with(|list| {
        let mut list = list.borrow_mut();
        let generation = mailslot::fork_generation();
        if list.generation != generation {
            list.generation = generation;
            // The list of the parent, whose mutexes this process does not hold.
            list.held = ManuallyDrop::new(Vec::new());
        }
        body(&mut list.held)
    })
}
