//! When a read that has found no message ends.

use std::time::{Duration, Instant};

use crate::options::Timeout;

/// The end of a read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deadline {
    /// When the slot's read timeout is over, which the system enforces.
    OfSlot,
    /// At this time; `None` if it never ends, or ends after the latest time that can be represented.
    At(Option<Instant>),
}

impl Deadline {
    /// `None` is the slot's read timeout.
    pub(super) fn after(timeout: Option<Timeout>) -> Deadline {
        match timeout {
            None => Deadline::OfSlot,
            Some(timeout) => Deadline::At(timeout.deadline()),
        }
    }

    /// Whether this time has come.
    pub(super) fn is_over(self) -> bool {
        self.left() == Timeout::Zero
    }

    /// Whether to continue a read that the system has ended for lack of messages.
    pub(super) fn outlasts_slot(self) -> bool {
        matches!(self, Deadline::At(_)) && !self.is_over()
    }

    /// The time left to wait.
    pub(super) fn left(self) -> Timeout {
        match self {
            Deadline::OfSlot | Deadline::At(None) => Timeout::Forever,
            Deadline::At(Some(end)) => match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Timeout::Zero,
                left => Timeout::After(left),
            },
        }
    }
}
