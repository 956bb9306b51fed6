//! Waiting for slots that are not there yet.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::Result;

/// Windows tells nobody that a slot appears.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// When to look again.
pub(crate) struct Appearing;

impl Appearing {
    /// There is nothing to watch.
    pub(crate) fn watch() -> Result<Appearing> {
        Ok(Appearing)
    }

    /// Waits a while; `false` if it is `deadline`. `None` is never.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<bool> {
        let left = deadline.map_or(LOOK_AGAIN, |end| end.saturating_duration_since(Instant::now()));
        thread::sleep(left.min(LOOK_AGAIN));
        Ok(!left.is_zero())
    }
}
