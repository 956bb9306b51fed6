//! When a wait is over.

use std::time::{Duration, Instant};

use crate::options::Timeout;

/// The end of a wait; none if it has no end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    pub(super) fn after(timeout: Timeout) -> Deadline {
        match timeout {
            Timeout::Zero => Deadline(Some(Instant::now())),
            Timeout::After(time) => Deadline(Instant::now().checked_add(time)),
            Timeout::Forever => Deadline(None),
        }
    }

    pub(super) fn is_over(self) -> bool {
        self.timeout() == Timeout::Zero
    }

    /// What is left, as a timeout that begins now.
    pub(super) fn timeout(self) -> Timeout {
        match self.0.map(|end| end.saturating_duration_since(Instant::now())) {
            None => Timeout::Forever,
            Some(Duration::ZERO) => Timeout::Zero,
            Some(left) => Timeout::After(left),
        }
    }
}
