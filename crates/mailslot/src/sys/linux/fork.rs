//! Detecting forks.
//!
//! A page that the kernel clears in every child, however the child is made (`fork`, `_Fork`, the bare system call),
//! shows a process that it is a new one. No lock is involved: a lock that another thread of the parent holds stays held
//! in the child.

use core::marker::PhantomData;
use core::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags};

/// The first word of the page: the generation of this process, 0 while it has none. Before there is a page, [`NONE`].
static PAGE: AtomicPtr<AtomicU64> = AtomicPtr::new((&raw const NONE).cast_mut());
static NONE: AtomicU64 = AtomicU64::new(0);

/// Whether a value found in this [`fork_generation`] belongs to this process.
#[inline(always)]
pub(crate) fn is_of_this_process(generation: u64) -> bool {
    generation == known()
}

/// A number for this process that none of its ancestors has, never 0: it shows whether remembered ids and copied state
/// belong to a parent.
#[inline]
pub(crate) fn fork_generation() -> u64 {
    match known() {
        0 => begin(),
        generation => generation,
    }
}

#[inline(always)]
fn known() -> u64 {
    // SAFETY: what is stored in `PAGE` stays valid for ever, and is an atomic that all threads may use.
    unsafe { (*PAGE.load(Ordering::Acquire)).load(Ordering::Relaxed) }
}

#[cold]
fn begin() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let mut page = PAGE.load(Ordering::Acquire);
    if ptr::eq(page, &NONE) {
        page = make_page();
    }
    // SAFETY: as above.
    let word = unsafe { &*page };
    // The child continues from its parent's last number.
    let next = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    match word.compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => next,
        Err(other) => other,
    }
}

/// Makes the page, or returns the one that another thread has made meanwhile.
fn make_page() -> *mut AtomicU64 {
    // The system maps whole pages, whatever their size.
    let size = size_of::<AtomicU64>();
    let flags = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice; nothing in this process depends on it yet.
    let page = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), size, flags, MapFlags::PRIVATE) };
    // Set before the page is published: a process may fork right afterwards.
    // SAFETY: the page made above, if it was made. Nothing outside this process uses its contents.
    let _ = page.is_ok_and(|page| unsafe { rustix::mm::madvise(page, size, Advice::LinuxWipeOnFork) }.is_ok());
    let made = match page {
        Ok(page) => page.cast::<AtomicU64>(),
        // Without memory for a page, use a word that is never freed.
        Err(_) => Box::into_raw(Box::new(AtomicU64::new(0))),
    };
    if let Err(other) = PAGE.compare_exchange((&raw const NONE).cast_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        // The page made in vain is leaked: this happens at most once.
        return other;
    }
    // For systems that do not clear the page: Linux before 4.14, and emulators, even if they report success. The C
    // library does not see every fork.
    // SAFETY: the handler only touches an atomic, which is allowed between fork and exec.
    unsafe { libc::pthread_atfork(None, None, Some(begin_anew)) };
    made
}

extern "C" fn begin_anew() {
    // SAFETY: as above.
    unsafe { (*PAGE.load(Ordering::Acquire)).store(0, Ordering::Relaxed) };
}

/// A value that exists once in each process, made when it is first used there.
///
/// After a fork the parent's copy is never touched: another thread of the parent may have locked it, or been in the
/// middle of a change.
pub(crate) struct PerProcess<T> {
    current: AtomicPtr<Node<T>>,
    /// Owns the node that `current` points to.
    owned: PhantomData<T>,
}

struct Node<T> {
    generation: u64,
    value: T,
    /// The parent's node, so that leak checkers find a pointer to it.
    _parents: *mut Node<T>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> PerProcess<T> {
        PerProcess { current: AtomicPtr::new(ptr::null_mut()), owned: PhantomData }
    }

    /// This process's value, if there is one.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: a node that was stored here stays allocated until `self` is dropped.
        let node = unsafe { self.current.load(Ordering::Acquire).as_ref() }?;
        is_of_this_process(node.generation).then_some(&node.value)
    }

    /// This process's value, which `make` makes if there is none.
    pub(crate) fn get_or(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.begin(make()),
        }
    }

    #[cold]
    fn begin(&self, value: T) -> &T {
        let seen = self.current.load(Ordering::Acquire);
        // SAFETY: as in `get`. Another thread may have stored one meanwhile.
        if let Some(node) = unsafe { seen.as_ref() }
            && is_of_this_process(node.generation)
        {
            return &node.value;
        }
        let made = Box::into_raw(Box::new(Node { generation: fork_generation(), value, _parents: seen }));
        let node = match self.current.compare_exchange(seen, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => made,
            Err(other) => {
                // SAFETY: another thread was faster, so this node was never published.
                drop(unsafe { Box::from_raw(made) });
                other
            }
        };
        // SAFETY: stored by this process, so it stays allocated until `self` is dropped.
        unsafe { &(*node).value }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let node = *self.current.get_mut();
        // SAFETY: `self` is borrowed exclusively, and every stored node came from a `Box`.
        if !node.is_null() && unsafe { (*node).generation } == fork_generation() {
            // SAFETY: as above.
            drop(unsafe { Box::from_raw(node) });
        }
    }
}

// SAFETY: it owns a `T` and gives out references to it, as a `Box` does.
unsafe impl<T: Send + Sync> Sync for PerProcess<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for PerProcess<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of `find` in a child made by `fork`.
    fn in_child(fork: impl Fn() -> libc::pid_t, find: impl Fn() -> u64) -> u64 {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        match fork() {
            0 => {
                let found = find().to_ne_bytes();
                let written = rustix::io::write(&write, &found);
                // SAFETY: ends the child, which has only written.
                unsafe { libc::_exit(i32::from(written != Ok(8))) }
            }
            child => {
                let mut found = [0; 8];
                assert_eq!(rustix::io::read(&read, &mut found), Ok(8));
                // SAFETY: our own child, for which nothing has waited yet.
                assert_eq!(unsafe { libc::waitpid(child, ptr::null_mut(), 0) }, child);
                u64::from_ne_bytes(found)
            }
        }
    }

    #[test]
    fn every_child_is_another_however_it_was_made() {
        let own = fork_generation();
        assert_ne!(own, 0);
        // SAFETY: the child only makes calls that are allowed after a fork of a process with threads.
        let fork = || unsafe { libc::fork() };
        // SAFETY: as above; without flags and a stack the call is a fork that the C library does not notice.
        let bare = || unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as libc::pid_t };
        let children = [in_child(fork, fork_generation), in_child(bare, fork_generation)];
        assert!(children.iter().all(|child| *child != own && *child != 0), "{children:?} of {own}");
        let grandchild = in_child(bare, || {
            let child = fork_generation();
            u64::from(![0, own, child].contains(&in_child(bare, fork_generation)))
        });
        assert_eq!(grandchild, 1, "taken for one of its ancestors");
        assert_eq!(fork_generation(), own);
    }
}
