//! A pair of fences: one costs nothing, and the other a system call.
//!
//! A thread after [`light`] and a thread after [`heavy`] are ordered as if both had executed a sequentially consistent
//! fence: the kernel makes every running thread of the process execute one, and a thread that does not run executed one
//! when it was switched out. Two threads after `light` are not ordered.
//!
//! Source: membarrier(2), `MEMBARRIER_CMD_PRIVATE_EXPEDITED`.

use core::sync::atomic::{Ordering, compiler_fence};

use rustix::thread::{MembarrierCommand, membarrier};

/// Makes [`heavy`] work in this process. Returns whether it does: Linux before 4.14, emulators and filters of system
/// calls refuse it.
pub(crate) fn register() -> bool {
    membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
}

#[inline(always)]
pub(crate) fn light() {
    compiler_fence(Ordering::SeqCst);
}

/// Returns false, without a fence, if the system refuses it.
#[cold]
pub(crate) fn heavy() -> bool {
    let barrier = || membarrier(MembarrierCommand::PrivateExpedited).is_ok();
    // Linux keeps the registration in a forked child, but does not promise that.
    barrier() || register() && barrier()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_registered_works() {
        assert!(!super::register() || super::heavy());
    }
}
