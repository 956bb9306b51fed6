//! Waking a thread that waits.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::lock::lock;

/// Set from [`wake`](Wake::wake) until [`clear`](Wake::clear).
#[derive(Debug, Default)]
pub(crate) struct Wake {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Wake {
    pub(crate) fn new() -> Result<Wake> {
        Ok(Wake::default())
    }

    pub(crate) fn wake(&self) {
        *lock(&self.is_set) = true;
        self.changed.notify_all();
    }

    /// Waits until it is woken, or for `time` if that is earlier.
    pub(crate) fn wait(&self, time: Option<Duration>) {
        let is_set = lock(&self.is_set);
        match time {
            None => drop(self.changed.wait_while(is_set, |is_set| !*is_set).unwrap_or_else(PoisonError::into_inner)),
            Some(time) => {
                let waited = self.changed.wait_timeout_while(is_set, time, |is_set| !*is_set);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    pub(crate) fn clear(&self) {
        *lock(&self.is_set) = false;
    }
}
