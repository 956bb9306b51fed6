//! Waiting for slots that do not exist yet.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::Result;

/// How often to look again: Windows does not notify of new slots.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Decides when to look again.
pub(crate) struct Appearing;

impl Appearing {
    /// There is nothing to watch.
    pub(crate) fn watch() -> Result<Appearing> {
        Ok(Appearing)
    }

    /// Waits a while; `false` once `deadline` has passed. `None` means no deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<bool> {
        let left = deadline.map_or(LOOK_AGAIN, |end| end.saturating_duration_since(Instant::now()));
        thread::sleep(left.min(LOOK_AGAIN));
        Ok(!left.is_zero())
    }
}
