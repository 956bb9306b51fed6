//! The mutexes that the running thread has.

use core::cell::RefCell;
use core::mem::ManuallyDrop;
use std::sync::Arc;

use super::SyncObject;
use super::bell::Bell;
use super::memory::Memory;

/// A mutex that this thread has. It keeps the memory, which the kernel looks at should the thread end, and what tells others.
struct Held {
    id: Id,
    memory: Arc<Memory>,
    bell: Option<Arc<Bell>>,
    /// How often the thread has taken it.
    times: u32,
}

/// Which object, of all that this process has: it may have one under several handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) device: u64,
    pub(super) inode: u64,
}

struct List {
    /// The process that has them: a forked child has none.
    generation: u64,
    /// Not dropped by itself: [`abandon_all`] must find it.
    held: ManuallyDrop<Vec<Held>>,
}

thread_local! {
    static LIST: RefCell<List> = const { RefCell::new(List { generation: 0, held: ManuallyDrop::new(Vec::new()) }) };
}

/// Whether this thread has it.
pub(super) fn has(id: Id) -> bool {
    with(|held| held.iter().any(|held| held.id == id))
}

/// This thread has taken it, once more or now.
pub(super) fn add(object: &SyncObject) {
    // Which abandons it.
    crate::threads::notice_end();
    with(|list| match list.iter_mut().find(|held| held.id == object.id) {
        Some(held) => held.times += 1,
        None => {
            list.push(Held { id: object.id, memory: Arc::clone(&object.memory), bell: object.bell.clone(), times: 1 })
        }
    });
}

/// What giving it back once means.
pub(super) enum Released {
    /// It was not this thread's.
    NotHeld,
    /// This thread still has it.
    Once,
    /// It is free if this memory says so.
    Free(Arc<Memory>),
}

/// This thread gives it back once.
pub(super) fn remove(id: Id) -> Released {
    with(|list| {
        let Some(index) = list.iter().position(|held| held.id == id) else { return Released::NotHeld };
        list[index].times -= 1;
        if list[index].times > 0 { Released::Once } else { Released::Free(list.swap_remove(index).memory) }
    })
}

/// The thread ends: what it has is abandoned.
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
        // The kernel tells it, then.
        let _ = changed;
    }
}

fn with<T>(body: impl FnOnce(&mut Vec<Held>) -> T) -> T {
    LIST.with(|list| {
        let mut list = list.borrow_mut();
        let generation = mailslot::fork_generation();
        if list.generation != generation {
            list.generation = generation;
            // The parent's, which are not this process's to give back.
            list.held = ManuallyDrop::new(Vec::new());
        }
        body(&mut list.held)
    })
}
