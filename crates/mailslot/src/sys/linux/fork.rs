//! What a fork changes.
//!
//! A page that the kernel empties in every child, however that is made (`fork`, `_Fork`, the bare system call), tells a process
//! that it is another one than before. No lock is involved: one that another thread of the parent holds, stays held in the child.

use core::marker::PhantomData;
use core::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags};

/// The first word of the page: the generation of this process, 0 as long as it has none. Until there is a page, [`NONE`].
static PAGE: AtomicPtr<AtomicU64> = AtomicPtr::new((&raw const NONE).cast_mut());
static NONE: AtomicU64 = AtomicU64::new(0);

/// Whether what was found out in this [`fork_generation`] is of this process.
#[inline(always)]
pub(crate) fn is_of_this_process(generation: u64) -> bool {
    generation == known()
}

/// A number for this process that none of its ancestors has, never 0: lets ids that were remembered, and state that was copied, be
/// recognised as a parent's.
#[inline]
pub(crate) fn fork_generation() -> u64 {
    match known() {
        0 => begin(),
        generation => generation,
    }
}

#[inline(always)]
fn known() -> u64 {
    // SAFETY: what is put there stays for ever, and is an atomic that all threads may use.
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
    // The child goes on counting from its parent's last.
    let next = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    match word.compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => next,
        Err(other) => other,
    }
}

/// Makes the page, or finds the one that another thread has made meanwhile.
fn make_page() -> *mut AtomicU64 {
    // The system takes whole pages, whatever their size is.
    let size = size_of::<AtomicU64>();
    let flags = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice; nothing in this process depends on it yet.
    let page = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), size, flags, MapFlags::PRIVATE) };
    // Before anybody sees it: who forks then may have begun already.
    // SAFETY: the page made above, if it is one. Its contents are of use to nobody but this process.
    let _ = page.is_ok_and(|page| unsafe { rustix::mm::madvise(page, size, Advice::LinuxWipeOnFork) }.is_ok());
    let made = match page {
        Ok(page) => page.cast::<AtomicU64>(),
        // Without memory a word that lives for ever has to do.
        Err(_) => Box::into_raw(Box::new(AtomicU64::new(0))),
    };
    if let Err(other) = PAGE.compare_exchange((&raw const NONE).cast_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        // What was made in vain is left: it happens once, if at all.
        return other;
    }
    // For what does not empty it: Linux before 4.14, and emulators, which may say that they do. The C library does not know of every
    // fork.
    // SAFETY: the handler only touches an atomic, which is allowed between fork and exec.
    unsafe { libc::pthread_atfork(None, None, Some(begin_anew)) };
    made
}

extern "C" fn begin_anew() {
    // SAFETY: as above.
    unsafe { (*PAGE.load(Ordering::Acquire)).store(0, Ordering::Relaxed) };
}

/// A value that every process has for itself, made when it is first used there.
///
/// After a fork the parent's copy is left alone for ever: another thread of the parent may have locked it, or been in the middle of a
/// change.
pub(crate) struct PerProcess<T> {
    current: AtomicPtr<Node<T>>,
    /// Owns what it leads to.
    owned: PhantomData<T>,
}

struct Node<T> {
    generation: u64,
    value: T,
    /// The parent's, for tools that look for memory that nothing leads to.
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
                // SAFETY: another thread was faster, so nobody else knows this node.
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
        // SAFETY: nobody else has `self`, and every node that was stored came from a `Box`.
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

    /// What a forked child, made by `fork`, finds.
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
                // SAFETY: our own child, which nobody has waited for.
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
