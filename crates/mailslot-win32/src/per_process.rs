//! State that starts fresh in a forked child: locks that other threads of the parent may have held, the thread that
//! waits for messages, pending reads of the parent.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use mailslot::fork_generation;

/// A value for each process, made at its first use.
///
/// After a fork, the parent's value is never touched: it may be locked, or half changed.
pub(crate) struct PerProcess<T> {
    current: AtomicPtr<Node<T>>,
}

struct Node<T> {
    generation: u64,
    value: T,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> PerProcess<T> {
        PerProcess { current: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl<T: Default> PerProcess<T> {
    pub(crate) fn get(&self) -> &T {
        let generation = fork_generation();
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: a node that was stored here stays allocated until `self` is dropped.
        match unsafe { current.as_ref() } {
            Some(node) if node.generation == generation => &node.value,
            _ => self.begin(current, generation),
        }
    }

    #[cold]
    fn begin(&self, seen: *mut Node<T>, generation: u64) -> &T {
        let node = Box::into_raw(Box::new(Node { generation, value: T::default() }));
        match self.current.compare_exchange(seen, node, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: stored now, so it stays allocated until `self` is dropped.
            Ok(_) => unsafe { &(*node).value },
            Err(_) => {
                // SAFETY: another thread was faster, so this node is not shared.
                drop(unsafe { Box::from_raw(node) });
                self.get()
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let node = *self.current.get_mut();
        if node.is_null() {
            return;
        }
        // SAFETY: `self` is exclusive, and every stored node came from a `Box`.
        let node = unsafe { Box::from_raw(node) };
        if node.generation != fork_generation() {
            core::mem::forget(node);
        }
    }
}
