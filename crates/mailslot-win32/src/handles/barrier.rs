//! A pair of fences of which one costs nothing, and the other a system call.
//!
//! A thread that has done something behind [`light`] and a thread that has done something behind [`heavy`] are related as if both had
//! executed a sequentially consistent fence: the kernel has every running thread of the process execute one, and one that
//! does not run has executed it when it was switched out. Two threads behind `light` are not related at all.
//!
//! Source: membarrier(2), `MEMBARRIER_CMD_PRIVATE_EXPEDITED`.

use core::sync::atomic::{Ordering, compiler_fence};

use rustix::thread::{MembarrierCommand, membarrier};

/// Makes [`heavy`] work in this process. Returns whether it does: Linux before 4.14, emulators and filters of system calls
/// refuse.
pub(crate) fn register() -> bool {
    membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
}

#[inline(always)]
pub(crate) fn light() {
    compiler_fence(Ordering::SeqCst);
}

/// Returns false, having done nothing, if the system refuses.
#[cold]
pub(crate) fn heavy() -> bool {
    let barrier = || membarrier(MembarrierCommand::PrivateExpedited).is_ok();
    // That a forked child is registered as its parent was is what Linux does, but nothing that it promises.
    barrier() || register() && barrier()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_registered_works() {
        assert!(!super::register() || super::heavy());
    }
}
