//! The progress of a write.

use crate::error::Error;

/// Windows delivers each message to one slot, so a write is done or has not begun.
#[derive(Debug, Default)]
pub(crate) struct Progress;

impl Progress {
    /// The error of the last try.
    pub(crate) fn end(self, error: Error) -> Error {
        error
    }
}
