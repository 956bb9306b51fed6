//! Taking locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it. What a thread that panicked has left behind is as good as before: nothing here is half changed while code of others runs.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
