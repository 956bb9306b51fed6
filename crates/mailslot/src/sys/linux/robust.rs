//! The robust lock of a ring: a futex that the kernel releases for us if we die holding it.
//!
//! This uses the kernel's robust-futex ABI directly. C libraries keep a list of held locks per thread and register its
//! head with the kernel; besides the list, the head has one word, `list_op_pending`, for "the lock that this thread is
//! just taking or releasing". When a thread ends, however it ends, the kernel reads that word, and if the futex that it
//! points to holds the thread's id, replaces the id by a mark and wakes a waiter. A lock that is held only during one
//! call needs nothing more than that word, so no list node has to live in shared memory, and the lock's layout is the
//! kernel's, not that of a C library: programs with different C libraries can share it.

use core::cell::Cell;
use core::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};
use std::time::{Duration, Instant};

use rustix::thread::futex;

use super::fork::{fork_generation, is_of_this_process};

const WAITERS: u32 = libc::FUTEX_WAITERS;
const TID: u32 = libc::FUTEX_TID_MASK;
const OWNER_DIED: u32 = libc::FUTEX_OWNER_DIED;

/// Turns of busy waiting before a thread sleeps on the lock: somewhat longer than writing one short message.
const SPINS: u32 = if cfg!(shuttle) { 2 } else { 60 };
/// How often a sleeping waiter checks that the holder still exists.
const SLICE: Duration = Duration::from_millis(50);

/// The held lock. Dropping it releases the lock.
pub(crate) struct Guard<'a> {
    lock: &'a AtomicU32,
    pending: *mut *mut c_void,
}

/// The result of taking the lock.
pub(crate) enum Taken<'a> {
    Clean(Guard<'a>),
    /// The previous holder died: recover, then carry on.
    OwnerDied(Guard<'a>),
}

/// Why the lock could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// An existing thread has held it for longer than the caller would wait.
    Held,
    /// This thread already holds such a lock.
    Nested,
}

/// Takes the lock, waiting at most `patience`.
#[inline(always)]
pub(crate) fn lock(lock: &AtomicU32, patience: Duration) -> Result<Taken<'_>, Refused> {
    let thread = Thread::current();
    let guard = Guard::announce(lock, thread)?;
    if lock.compare_exchange(0, thread.tid, Ordering::Acquire, Ordering::Relaxed).is_ok() {
        return Ok(Taken::Clean(guard));
    }
    match lock_slowly(lock, thread.tid, patience) {
        Some(Before::Clean) => Ok(Taken::Clean(guard)),
        Some(Before::OwnerDied) => Ok(Taken::OwnerDied(guard)),
        None => {
            guard.forget();
            Err(Refused::Held)
        }
    }
}

/// Whether somebody holds the lock.
pub(crate) fn is_held(lock: &AtomicU32) -> bool {
    lock.load(Ordering::Relaxed) & TID != 0
}

/// The state in which a lock was found.
enum Before {
    Clean,
    OwnerDied,
}

/// Takes the lock after announcing it; `None` if that took too long.
#[cold]
fn lock_slowly(lock: &AtomicU32, tid: u32, patience: Duration) -> Option<Before> {
    let mut waited = None;
    let mut spins = 0;
    // Once we have slept, others may still sleep: then the lock must be taken with the mark that wakes them.
    let mut mark = 0;
    loop {
        let seen = lock.load(Ordering::Relaxed);
        if seen & TID == 0 || (waited.is_some() && holder_vanished(seen)) {
            let ours = tid | mark | (seen & WAITERS);
            if lock.compare_exchange(seen, ours, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                // What remains besides the waiters' mark is the kernel's FUTEX_OWNER_DIED, or a holder that vanished.
                return Some(if seen & !WAITERS == 0 { Before::Clean } else { Before::OwnerDied });
            }
        } else if spins < SPINS && !patience.is_zero() {
            spins += 1;
            core::hint::spin_loop();
        } else {
            let since = *waited.get_or_insert_with(Instant::now);
            let left = patience.saturating_sub(since.elapsed());
            if left.is_zero() && mark == 0 {
                return None;
            }
            mark = WAITERS;
            let marked = seen | WAITERS;
            if seen == marked || lock.compare_exchange(seen, marked, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                if left.is_zero() {
                    // We have slept, so the last holder may have woken us: the mark makes the next one wake another
                    // waiter.
                    return None;
                }
                sleep(lock, marked, SLICE.min(left));
            }
        }
    }
}

/// Whether the lock names a holder that does not exist. The kernel never leaves it so; damaged memory may.
fn holder_vanished(seen: u32) -> bool {
    let Some(holder) = rustix::process::Pid::from_raw((seen & TID) as i32) else { return true };
    rustix::process::test_kill_process(holder) == Err(rustix::io::Errno::SRCH)
}

/// Waits until `word` is woken or no longer `value`, at most `time`.
pub(crate) fn sleep(word: &AtomicU32, value: u32, time: Duration) {
    let time = rustix::fs::Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ };
    // Every outcome means "check again".
    let _ = futex::wait(word, futex::Flags::empty(), value, Some(&time));
}

/// Wakes up to `count` sleepers.
pub(crate) fn wake(word: &AtomicU32, count: u32) {
    // Fails only for addresses that are not mapped.
    let _ = futex::wake(word, futex::Flags::empty(), count);
}

impl<'a> Guard<'a> {
    /// Announces to the kernel which lock this thread is about to take.
    #[inline]
    fn announce(lock: &'a AtomicU32, thread: Thread) -> Result<Guard<'a>, Refused> {
        // SAFETY: `pending` is the `list_op_pending` word of this thread's own robust list head, which lives as long as
        // the thread; the guard is not `Send`. Only this thread and, at its death, the kernel use the word.
        unsafe {
            if !thread.pending.read_volatile().is_null() {
                return Err(Refused::Nested);
            }
            thread.pending.write_volatile(lock.as_ptr().cast::<c_void>().wrapping_byte_offset(-thread.futex_offset));
        }
        // The kernel sees this thread's stores in program order; this keeps the compiler to it.
        compiler_fence(Ordering::SeqCst);
        Ok(Guard { lock, pending: thread.pending })
    }

    /// Releases the lock in the state in which it was taken: the next holder is told that its predecessor died.
    pub(crate) fn pass_on(self) {
        self.release(OWNER_DIED);
        core::mem::forget(self);
    }

    #[inline]
    fn release(&self, state: u32) {
        if self.lock.swap(state, Ordering::Release) & WAITERS != 0 {
            wake(self.lock, 1);
        }
        self.retract();
    }

    /// Ends the announcement without having taken the lock.
    fn forget(self) {
        self.retract();
        core::mem::forget(self);
    }

    #[inline]
    fn retract(&self) {
        compiler_fence(Ordering::SeqCst);
        // SAFETY: as in `announce`.
        unsafe { self.pending.write_volatile(core::ptr::null_mut()) };
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.release(0);
    }
}

/// The kernel's data about the running thread.
#[derive(Clone, Copy)]
struct Thread {
    /// [`fork_generation`] when this was determined: a forked child has other ids.
    generation: u64,
    tid: u32,
    /// Address of `list_op_pending` in the robust list head that the C library registered.
    pending: *mut *mut c_void,
    futex_offset: isize,
}

/// `struct robust_list_head` of linux/futex.h.
#[repr(C)]
struct RobustListHead {
    list: *mut c_void,
    futex_offset: libc::c_long,
    list_op_pending: *mut c_void,
}

thread_local! {
    static CURRENT: Cell<Thread> = const { Cell::new(Thread::UNKNOWN) };
}

impl Thread {
    #[inline(always)]
    fn current() -> Thread {
        if !is_of_this_process(CURRENT.get().generation) {
            Thread::ask();
        }
        CURRENT.get()
    }

    /// No process has this generation.
    const UNKNOWN: Thread = Thread { generation: u64::MAX, tid: 0, pending: core::ptr::null_mut(), futex_offset: 0 };

    #[cold]
    fn ask() {
        let generation = fork_generation();
        let tid = rustix::thread::gettid().as_raw_pid() as u32;
        let head = robust_list_head();
        // SAFETY: `head` is this thread's registered robust list head: readable, and alive as long as the thread.
        let futex_offset = unsafe { (*head).futex_offset } as isize;
        // SAFETY: a field of the same object.
        let pending = unsafe { &raw mut (*head).list_op_pending };
        CURRENT.set(Thread { generation, tid, pending, futex_offset });
    }
}

/// The robust list head of the running thread; registers one if the C library has not done so yet.
fn robust_list_head() -> *mut RobustListHead {
    let mut head: *mut RobustListHead = core::ptr::null_mut();
    let mut size: libc::size_t = 0;
    // SAFETY: the call writes a pointer and a size to the two locals; 0 is the calling thread.
    let result = unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut size) };
    if result == 0 && !head.is_null() {
        return head;
    }
    // musl registers its head when a thread first takes a robust mutex, glibc at the thread's start. We register our
    // own only if there is none; it must outlive the thread, so it is never freed.
    let own = Box::leak(Box::new(RobustListHead {
        list: core::ptr::null_mut(),
        futex_offset: 0,
        list_op_pending: core::ptr::null_mut(),
    }));
    own.list = (&raw mut own.list).cast();
    // If the system does not return the head, as under a filter of system calls, there may be one on which the program
    // relies. Then ours is not registered, and a waiter for a dead holder finds after a while that the holder has
    // vanished.
    if result == 0 {
        // SAFETY: `own` is a valid, empty robust list head of the given size that lives for ever.
        unsafe { libc::syscall(libc::SYS_set_robust_list, &raw mut *own, size_of::<RobustListHead>()) };
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn second_lock_in_one_thread_is_refused() {
        let (a, b) = (AtomicU32::new(0), AtomicU32::new(0));
        let Ok(Taken::Clean(guard)) = lock(&a, SECOND) else { panic!("not taken") };
        assert!(matches!(lock(&b, SECOND), Err(Refused::Nested)));
        drop(guard);
        assert!(matches!(lock(&b, SECOND), Ok(Taken::Clean(_))));
    }

    #[test]
    fn thread_that_ends_with_the_lock_passes_it_on_with_the_mark() {
        let word: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
        let holder = std::thread::spawn(move || {
            let Ok(Taken::Clean(guard)) = lock(word, SECOND) else { panic!("not taken") };
            core::mem::forget(guard);
        });
        holder.join().expect("holder runs");
        assert!(matches!(lock(word, 10 * SECOND), Ok(Taken::OwnerDied(_))));
        assert_eq!(word.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_a_dead_holder_left_is_passed_on() {
        let word = AtomicU32::new(OWNER_DIED);
        let Ok(Taken::OwnerDied(guard)) = lock(&word, SECOND) else { panic!("not told") };
        guard.pass_on();
        let Ok(Taken::OwnerDied(guard)) = lock(&word, SECOND) else { panic!("not told again") };
        drop(guard);
        assert!(matches!(lock(&word, SECOND), Ok(Taken::Clean(_))));
    }

    #[test]
    fn lock_held_by_nobody_that_exists_is_taken_over() {
        let word = AtomicU32::new(TID);
        assert!(matches!(lock(&word, 10 * SECOND), Ok(Taken::OwnerDied(_))));
    }

    #[test]
    fn a_waiter_that_gives_up_leaves_the_mark_that_wakes_the_others() {
        let word: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
        // A thread that exists as long as this test runs.
        let holder = Thread::current().tid;
        loop {
            word.store(holder, Ordering::Relaxed);
            let begun = Instant::now();
            let waiter = std::thread::spawn(move || matches!(lock(word, SLICE), Err(Refused::Held)));
            let sleeps = || word.load(Ordering::Relaxed) & WAITERS != 0;
            while !sleeps() && !waiter.is_finished() {
                std::thread::yield_now();
            }
            // The lock becomes free, the waiter is woken, and before it looks another thread takes the lock, without a
            // mark.
            word.store(holder, Ordering::Relaxed);
            // The waiter may have given up before that.
            let in_time = begun.elapsed() < SLICE;
            assert!(waiter.join().expect("waiter runs"), "took a lock that was held");
            if in_time {
                return assert!(sleeps(), "whoever else sleeps is forgotten");
            }
        }
    }

    #[test]
    fn waiting_for_a_lock_ends_when_patience_does() {
        let word: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
        let _guard = lock(word, SECOND).map_err(|refused| format!("{refused:?}"));
        let other = std::thread::spawn(move || matches!(lock(word, SLICE), Err(Refused::Held)));
        assert!(other.join().expect("waiter runs"));
    }
}
