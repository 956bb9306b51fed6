//! The identity of the running thread, in one instruction.

/// The result of [`get`] where there is no such instruction: it identifies no thread.
pub(crate) const UNKNOWN: u64 = 1;

/// The thread pointer, which the C library sets when a thread begins. No two living threads have the same one; a new
/// thread may have that of one that has ended.
#[inline(always)]
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64", not(miri)))]
pub(crate) fn get() -> u64 {
    let pointer: u64;
    // SAFETY: reads the word at the thread pointer, which by the ABI (System V, x86-64, thread-local storage) is the
    // thread pointer itself. It is readable and never changes in the life of a thread.
    unsafe {
        core::arch::asm!("mov {}, fs:[0]", out(reg) pointer, options(pure, readonly, nostack, preserves_flags));
    }
    pointer
}

/// See the function for x86-64.
#[inline(always)]
#[cfg(all(target_arch = "aarch64", target_pointer_width = "64", not(miri)))]
pub(crate) fn get() -> u64 {
    let pointer: u64;
    // SAFETY: reads a register that every program may read, and that never changes in the life of a thread.
    unsafe {
        core::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(pure, nomem, nostack, preserves_flags));
    }
    pointer
}

#[inline(always)]
#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64")), not(target_pointer_width = "64")))]
pub(crate) fn get() -> u64 {
    UNKNOWN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_live_at_once_differ() {
        let (own, all_are_there) = (get(), std::sync::Barrier::new(4));
        let look = || {
            let first = get();
            all_are_there.wait();
            (first == get()).then_some(first)
        };
        let others: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(look)).collect();
            threads.into_iter().map(|thread| thread.join().expect("runs").expect("always the same")).collect()
        });
        let mut all = [vec![own], others].concat();
        if own != UNKNOWN {
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 5);
            assert!(!all.contains(&0) && !all.contains(&UNKNOWN));
        }
    }
}
