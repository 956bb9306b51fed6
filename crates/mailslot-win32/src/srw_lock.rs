//! Slim locks, in the one word that a program keeps for each: zero when it is free.

use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use crate::futex;

/// `SRWLOCK`.
#[repr(C)]
pub(crate) struct SrwLock {
    /// Readers above the two marks.
    word: AtomicU32,
}

/// A writer holds it.
const WRITER: u32 = 1;
/// A thread sleeps. Set only while a reader or a writer holds the lock, which then wakes all.
const SLEEPERS: u32 = 2;
const READER: u32 = 4;

impl SrwLock {
    pub(crate) fn acquire_exclusive(&self) {
        self.acquire(WRITER, |seen| seen == 0);
    }

    pub(crate) fn try_acquire_exclusive(&self) -> bool {
        self.word.compare_exchange(0, WRITER, Acquire, Relaxed).is_ok()
    }

    pub(crate) fn release_exclusive(&self) {
        if self.word.swap(0, Release) & SLEEPERS != 0 {
            futex::wake_all(&self.word);
        }
    }

    /// New readers let sleepers go first, or a writer among them might wait for ever.
    pub(crate) fn acquire_shared(&self) {
        self.acquire(READER, |seen| seen & (WRITER | SLEEPERS) == 0);
    }

    pub(crate) fn try_acquire_shared(&self) -> bool {
        let add = |seen: u32| (seen & (WRITER | SLEEPERS) == 0).then(|| seen + READER);
        self.word.fetch_update(Acquire, Relaxed, add).is_ok()
    }

    pub(crate) fn release_shared(&self) {
        let left = self.word.fetch_sub(READER, Release) - READER;
        // The last reader. No thread can have taken it in between: they all sleep.
        if left == SLEEPERS && self.word.compare_exchange(SLEEPERS, 0, Relaxed, Relaxed).is_ok() {
            futex::wake_all(&self.word);
        }
    }

    fn acquire(&self, change: u32, is_free: impl Fn(u32) -> bool) {
        loop {
            let seen = self.word.load(Relaxed);
            if is_free(seen) {
                if self.word.compare_exchange_weak(seen, seen + change, Acquire, Relaxed).is_ok() {
                    return;
                }
            } else if seen & SLEEPERS != 0
                || self.word.compare_exchange_weak(seen, seen | SLEEPERS, Relaxed, Relaxed).is_ok()
            {
                futex::wait(&self.word, seen | SLEEPERS, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::UnsafeCell;

    struct Counter(SrwLock, UnsafeCell<[u64; 2]>);

    // SAFETY: the lock guards the cell.
    unsafe impl Sync for Counter {}

    #[test]
    fn writers_are_alone_and_readers_see_whole_changes() {
        let counter = Counter(SrwLock { word: AtomicU32::new(0) }, UnsafeCell::new([0; 2]));
        let counter = &counter;
        const TURNS: u64 = if cfg!(miri) { 20 } else { 2000 };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(move || {
                    for _ in 0..TURNS {
                        counter.0.acquire_exclusive();
                        // SAFETY: exclusively locked.
                        unsafe { (*counter.1.get()).iter_mut().for_each(|count| *count += 1) };
                        counter.0.release_exclusive();
                    }
                });
                scope.spawn(move || {
                    for _ in 0..TURNS {
                        counter.0.acquire_shared();
                        // SAFETY: locked, and only read.
                        let [one, other] = unsafe { *counter.1.get() };
                        counter.0.release_shared();
                        assert_eq!(one, other);
                    }
                });
            }
        });
        // SAFETY: all threads have ended.
        assert_eq!(unsafe { *counter.1.get() }, [3 * TURNS; 2]);
        assert_eq!(counter.0.word.load(Relaxed), 0);
    }
}
