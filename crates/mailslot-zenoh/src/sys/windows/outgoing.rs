//! A slot that is read in a task.

use std::time::Duration;

use mailslot::{Error, Mailslot, Origin, Result};
use tokio::task::{block_in_place, yield_now};

/// How long a read may block the task, which ends only between reads.
const TURN: Duration = Duration::from_millis(100);

/// A slot whose reads block the thread of the task: tokio cannot wait for a mailslot of Windows. Meanwhile the
/// runtime's other tasks run in other threads.
pub(crate) struct AsyncMailslot {
    slot: Mailslot,
}

impl AsyncMailslot {
    pub(crate) fn new(slot: Mailslot) -> Result<AsyncMailslot> {
        Ok(AsyncMailslot { slot })
    }

    pub(crate) fn get_ref(&self) -> &Mailslot {
        &self.slot
    }

    /// Calls `each` with up to `max` messages, once there is one, and returns how many there were.
    pub(crate) async fn read_batch_in_place(&self, max: usize, mut each: impl FnMut(&[u8], Origin)) -> Result<usize> {
        loop {
            match block_in_place(|| self.slot.read_batch_in_place_within(max, TURN, &mut each)) {
                Err(Error::TimedOut) => yield_now().await,
                read => return read,
            }
        }
    }
}
